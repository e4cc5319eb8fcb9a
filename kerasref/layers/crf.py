"""A linear-chain conditional random field."""

from __future__ import annotations

import keras
from keras import ops
from keras.src.backend import get_keras_mask
from keras.src.losses.loss import reduce_weighted_values

from numpynn.typing import Array


@keras.saving.register_keras_serializable("numpynn")
class CRF(keras.layers.Layer):
    """Hands its input (B, T, K) on, and holds the scores of a chain of K tags."""

    def __init__(
        self,
        use_boundary: bool = True,
        transitions_initializer: Array = "glorot_uniform",
        boundary_initializer: Array = "zeros",
        transitions_regularizer: Array = None,
        boundary_regularizer: Array = None,
        transitions_constraint: Array = None,
        boundary_constraint: Array = None,
        **kwargs: Array,
    ) -> None:
        super().__init__(**kwargs)
        self.use_boundary = use_boundary
        self.transitions_initializer = keras.initializers.get(transitions_initializer)
        self.boundary_initializer = keras.initializers.get(boundary_initializer)
        self.transitions_regularizer = keras.regularizers.get(transitions_regularizer)
        self.boundary_regularizer = keras.regularizers.get(boundary_regularizer)
        self.transitions_constraint = keras.constraints.get(transitions_constraint)
        self.boundary_constraint = keras.constraints.get(boundary_constraint)
        self.supports_masking = True

    def build(self, inputs_shape: Array, tags_shape: Array = None) -> None:
        tags = inputs_shape[-1]
        self.transitions = self.add_weight(
            shape=(tags, tags),
            initializer=self.transitions_initializer,
            regularizer=self.transitions_regularizer,
            constraint=self.transitions_constraint,
            name="transitions",
        )
        self.start_scores = self.end_scores = None
        if self.use_boundary:
            self.start_scores, self.end_scores = (
                self.add_weight(
                    shape=(tags,),
                    initializer=self.boundary_initializer,
                    regularizer=self.boundary_regularizer,
                    constraint=self.boundary_constraint,
                    name=name,
                )
                for name in ("start_scores", "end_scores")
            )

    def call(self, inputs: Array, tags: Array = None, mask: Array = None) -> Array:
        if tags is not None:
            self.add_loss(ops.mean(self.negative_log_likelihood(tags, inputs, mask)))
        return inputs

    def compute_output_shape(self, inputs_shape: Array, tags_shape: Array = None) -> Array:
        return inputs_shape

    def scores(self) -> tuple[Array, Array, Array]:
        """Of transitions, of the first tag, of the last."""
        transitions = ops.convert_to_tensor(self.transitions)
        if self.start_scores is None:
            zeros = ops.zeros_like(transitions[0])
            return transitions, zeros, zeros
        start, end = map(ops.convert_to_tensor, (self.start_scores, self.end_scores))
        return transitions, start, end

    def mask_of(self, emissions: Array, mask: Array) -> Array:
        """The steps that count, as booleans (B, T)."""
        if mask is None:
            mask = get_keras_mask(emissions)  # JAX's arrays have no attributes of one's own
        if mask is None:
            mask = ops.ones(ops.shape(emissions)[:2])
        return ops.cast(mask, "bool")

    def along(self, emissions: Array, mask: Array, arriving: Array) -> tuple[Array, Array]:
        """The forward algorithm; `arriving` turns (B, K, K) into (B, K).

        Returns α and whether there was a step yet, before the first step and after each.
        """
        transitions, start, _ = self.scores()

        def step(carried: Array, now: Array) -> Array:
            alpha, begun = carried
            emission, here = now
            here = ops.expand_dims(here, 1)
            reached = arriving(ops.expand_dims(alpha, 2) + transitions)
            new = emission + ops.where(begun, reached, start)
            carried = (ops.where(here, new, alpha), ops.logical_or(begun, here))
            return carried, carried  # what `scan` keeps must be like what it carries

        first = (ops.zeros_like(emissions[:, 0]), ops.zeros_like(mask[:, :1]))
        steps = (ops.moveaxis(emissions, 1, 0), ops.moveaxis(mask, 1, 0))
        _, kept = ops.scan(step, first, steps)
        alphas, begun = (
            ops.concatenate([ops.expand_dims(a, 0), b], axis=0)
            for a, b in zip(first, kept, strict=True)
        )
        return alphas, begun

    def log_partition(self, emissions: Array, mask: Array = None) -> Array:
        """log Z (B,)."""
        mask = self.mask_of(emissions, mask)
        alphas, begun = self.along(emissions, mask, lambda scores: ops.logsumexp(scores, axis=1))
        total = ops.logsumexp(alphas[-1] + self.scores()[2], axis=1)
        return ops.where(begun[-1, :, 0], total, ops.zeros_like(total))

    def score(self, tags: Array, emissions: Array, mask: Array = None) -> Array:
        """The score of a path (B,), by one-hot vectors."""
        mask = self.mask_of(emissions, mask)
        transitions, start, end = self.scores()
        tags = ops.cast(tags, "int32")
        tags = ops.where(mask, tags[..., 0] if len(tags.shape) == 3 else tags, 0)
        one_hot = ops.one_hot(tags, transitions.shape[0], dtype=emissions.dtype)
        one_hot = one_hot * ops.expand_dims(ops.cast(mask, emissions.dtype), -1)

        def step(carried: Array, now: Array) -> Array:
            before, begun, total = carried
            emission, chosen = now
            here = ops.sum(chosen, axis=1, keepdims=True)
            arrived = ops.matmul(before, transitions) + (1 - begun) * start
            total = total + ops.sum(chosen * (emission + arrived), axis=1)
            before = here * chosen + (1 - here) * before
            carried = (before, ops.maximum(begun, here), total)
            return carried, carried

        nothing = ops.zeros_like(emissions[:, 0])
        first = (nothing, nothing[:, :1], nothing[:, 0])
        steps = (ops.moveaxis(emissions, 1, 0), ops.moveaxis(one_hot, 1, 0))
        (last, _, total), _ = ops.scan(step, first, steps)
        return total + ops.sum(last * end, axis=1)

    def negative_log_likelihood(self, tags: Array, emissions: Array, mask: Array = None) -> Array:
        """-log p(tags | x)  (B,)."""
        return self.log_partition(emissions, mask) - self.score(tags, emissions, mask)

    def decode(self, emissions: Array, mask: Array = None) -> Array:
        """The most probable tags (B, T); 0 where the mask is False."""
        mask = self.mask_of(emissions, mask)
        transitions, _, end = self.scores()
        alphas, begun = self.along(emissions, mask, lambda scores: ops.max(scores, axis=1))
        pointers = ops.argmax(ops.expand_dims(alphas[:-1], 3) + transitions, axis=2)
        moves = ops.logical_and(ops.expand_dims(ops.moveaxis(mask, 1, 0), 2), begun[:-1])
        pointers = ops.where(moves, ops.cast(pointers, "int32"), -1)
        last = ops.cast(ops.argmax(alphas[-1] + end, axis=1), "int32")

        def step(tag: Array, pointer: Array) -> Array:
            before = ops.take_along_axis(pointer, ops.expand_dims(tag, 1), axis=1)[:, 0]
            return ops.where(before < 0, tag, before), tag

        _, tags = ops.scan(step, last, pointers, reverse=True)
        return ops.where(mask, ops.moveaxis(tags, 0, 1), 0)

    def loss(self, **options: Array) -> Array:
        """The loss for `compile`."""
        return CRFLoss(self, **options)

    def get_config(self) -> dict[str, Array]:
        names = ("initializer", "regularizer", "constraint")
        families = (keras.initializers, keras.regularizers, keras.constraints)
        return {
            **super().get_config(),
            "use_boundary": self.use_boundary,
            **{
                f"{part}_{name}": family.serialize(getattr(self, f"{part}_{name}"))
                for name, family in zip(names, families, strict=True)
                for part in ("transitions", "boundary")
            },
        }


class CRFLoss(keras.losses.Loss):
    """-log p(y_true | y_pred) of each sequence, whose mask is in the values already."""

    def __init__(self, crf: CRF, name: str = "crf_loss", **options: Array) -> None:
        super().__init__(name=name, **options)
        self.crf = crf

    def call(self, y_true: Array, y_pred: Array) -> Array:
        return self.crf.negative_log_likelihood(y_true, y_pred)

    def __call__(self, y_true: Array, y_pred: Array, sample_weight: Array = None) -> Array:
        losses = self.call(ops.convert_to_tensor(y_true), y_pred)
        return reduce_weighted_values(
            losses, sample_weight=sample_weight, reduction=self.reduction, dtype=self.dtype
        )
