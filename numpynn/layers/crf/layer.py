"""CRF: the layer that holds a chain's scores, and the loss that trains it and what is before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from numpynn import constraints, initializers, regularizers
from numpynn.autograd.tensor import Tensor, tensor_of, unwrapped
from numpynn.autograd.transforms import vjp
from numpynn.layers.base import InputSpec, Layer
from numpynn.layers.crf.partition import log_partition, path_score
from numpynn.layers.crf.viterbi import best_path
from numpynn.losses import Loss
from numpynn.saving.registration import register_keras_serializable
from numpynn.typing import Array


@register_keras_serializable("numpynn")
class CRF(Layer):
    """Tags that depend on their neighbours:  p(y | x) = exp(s(y) - log Z), `partition.py` has both.

    x (B, T, K), a score for each of K tags at each step, such as a Dense(K) gives; y the same: the
    layer hands its input on and holds what else a path's score needs,

    transitions A (K, K)    of tag i followed by tag j
    start_scores a, end_scores b (K,)    of the first and the last tag, unless use_boundary is False

        crf = CRF()
        model = Sequential([Embedding(V, 64, mask_zero=True), LSTM(…), Dense(K), crf])
        model.compile("adam", loss=crf.loss())
        tags = crf.decode(model(x))

    Called with `tags`, it adds the mean of -log p(tags | x) to the model's losses instead. Steps
    that the mask leaves out are as if they were not there.
    Raises ValueError for other shapes, and for tags outside 0 … K - 1 at steps that count.
    Source: Lafferty, McCallum and Pereira 2001; Lample et al. 2016. Keras has none.
    """

    def __init__(
        self,
        use_boundary: bool = True,
        transitions_initializer: Any = "glorot_uniform",
        boundary_initializer: Any = "zeros",
        transitions_regularizer: Any = None,
        boundary_regularizer: Any = None,
        transitions_constraint: Any = None,
        boundary_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_boundary = use_boundary
        self.transitions_initializer = initializers.get(transitions_initializer)
        self.boundary_initializer = initializers.get(boundary_initializer)
        self.transitions_regularizer = regularizers.get(transitions_regularizer)
        self.boundary_regularizer = regularizers.get(boundary_regularizer)
        self.transitions_constraint = constraints.get(transitions_constraint)
        self.boundary_constraint = constraints.get(boundary_constraint)
        self.supports_masking = True
        self.input_spec = InputSpec(ndim=3)

    def build(self, inputs_shape: Any, tags_shape: Any = None) -> None:
        tags = inputs_shape[-1]
        if tags is None:
            raise ValueError(f"CRF layer '{self.name}' needs to know how many tags there are.")
        self.transitions = self.add_weight(
            (tags, tags),
            self.transitions_initializer,
            regularizer=self.transitions_regularizer,
            constraint=self.transitions_constraint,
            name="transitions",
        )
        self.start_scores = self.end_scores = None
        if self.use_boundary:
            self.start_scores = self._boundary(tags, "start_scores")
            self.end_scores = self._boundary(tags, "end_scores")
        self.input_spec = InputSpec(ndim=3, axes={-1: tags})

    def _boundary(self, tags: int, name: str) -> Any:
        return self.add_weight(
            (tags,),
            self.boundary_initializer,
            regularizer=self.boundary_regularizer,
            constraint=self.boundary_constraint,
            name=name,
        )

    def call(self, inputs: Array, tags: Any = None, mask: Any = None) -> Array:
        if tags is not None:
            self.add_loss(np.mean(self.negative_log_likelihood(tags, inputs, mask)))
        return inputs

    def compute_output_shape(self, inputs_shape: Any, tags_shape: Any = None) -> Any:
        return inputs_shape

    # -- what a chain can be asked --------------------------------------------------------------

    def log_partition(self, emissions: Array, mask: Any = None) -> Array:
        """log Z (B,). The mask is the one that the emissions carry, unless given; so below."""
        mask = self._mask_of(emissions, mask)
        return log_partition(emissions, *self._scores(), mask)

    def score(self, tags: Any, emissions: Array, mask: Any = None) -> Array:
        """s(y) (B,) of tags (B, T) or (B, T, 1)."""
        mask = self._mask_of(emissions, mask)
        return path_score(emissions, *self._scores(), self._checked(tags, mask), mask)

    def negative_log_likelihood(self, tags: Any, emissions: Array, mask: Any = None) -> Array:
        """-log p(tags | x) = log Z - s(tags)  (B,)."""
        return self.log_partition(emissions, mask) - self.score(tags, emissions, mask)

    def marginals(self, emissions: Array, mask: Any = None) -> Array:
        """How probable each tag is at each step (B, T, K); zeros where the mask is False."""
        mask = self._mask_of(emissions, mask)
        scores = unwrapped(self._scores())
        total, pull = vjp(lambda e: log_partition(e, *scores, mask), unwrapped(emissions))
        return pull(np.ones_like(total))[0]

    def decode(self, emissions: Array, mask: Any = None) -> Array:
        """The most probable tags (B, T); 0 where the mask is False."""
        mask = self._mask_of(emissions, mask)
        transitions, start, end = unwrapped(self._scores())
        return tensor_of(best_path(unwrapped(emissions), transitions, start, end, mask), None)

    def loss(self, **options: Any) -> CRFLoss:
        """-log p(tags | x) as a loss for `compile`; options: `reduction`, `name` …"""
        return CRFLoss(self, **options)

    def _scores(self) -> tuple[Array, Array, Array]:
        if self.start_scores is None:
            zeros = np.zeros_like(self.transitions.array[0])
            return self.transitions, zeros, zeros
        return self.transitions, self.start_scores, self.end_scores

    def _mask_of(self, emissions: Array, mask: Any) -> Array:
        """The steps that count, as booleans (B, T)."""
        shape = tuple(emissions.shape[:2])
        if mask is None and isinstance(emissions, Tensor):
            mask = emissions.mask
        if mask is None:
            return np.ones(shape, bool, like=unwrapped(emissions))
        mask = unwrapped(mask)
        if mask.shape != shape:
            raise ValueError(
                f"The mask of CRF layer '{self.name}' must have the shape (batch, steps) = {shape};"
                f" got {mask.shape}."
            )
        return mask.astype(bool)

    def _checked(self, tags: Any, mask: Array) -> Array:
        """Tags (B, T) as whole numbers. Raises ValueError for one outside the range."""
        tags = unwrapped(tags)
        if not hasattr(tags, "__array_function__"):
            tags = np.asarray(tags, like=mask)
        if tags.ndim == 3 and tags.shape[-1] == 1:
            tags = tags[..., 0]
        if tags.shape != mask.shape:
            raise ValueError(
                f"CRF layer '{self.name}' takes a tag for each step, {mask.shape}; got "
                f"{tags.shape}."
            )
        tags, number = tags.astype(np.intp), self.transitions.shape[0]
        wrong = np.nonzero(mask & ((tags < 0) | (tags >= number)))
        if len(wrong[0]):
            place = tuple(int(i[0]) for i in wrong)
            raise ValueError(
                f"CRF layer '{self.name}' knows the tags 0 to {number - 1}; got {tags[place]} at "
                f"position {place}."
            )
        return tags

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "use_boundary": self.use_boundary,
            "transitions_initializer": initializers.serialize(self.transitions_initializer),
            "boundary_initializer": initializers.serialize(self.boundary_initializer),
            "transitions_regularizer": regularizers.serialize(self.transitions_regularizer),
            "boundary_regularizer": regularizers.serialize(self.boundary_regularizer),
            "transitions_constraint": constraints.serialize(self.transitions_constraint),
            "boundary_constraint": constraints.serialize(self.boundary_constraint),
        }


class CRFLoss(Loss):
    """-log p(y_true | y_pred) of each sequence, by a CRF layer that gave y_pred.

    Sample weights are one a sequence. It belongs to its layer, so it is in no file: compile anew
    after loading.
    """

    def __init__(
        self,
        crf: CRF,
        name: str | None = "crf_loss",
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name, reduction, dtype)
        self.crf = crf

    def call(self, y_true: Any, y_pred: Any) -> Array:
        return self.crf.negative_log_likelihood(y_true, y_pred)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss. The mask of the steps is in the values already."""
        losses = self._cast(self.call(y_true, y_pred))
        if sample_weight is None:
            return self._reduced(losses, None)
        return self._weighted(losses, sample_weight, None)
