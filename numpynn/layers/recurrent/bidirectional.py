"""Bidirectional: one recurrent layer reads forwards, another one backwards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from numpynn.autograd.structure import leaves
from numpynn.layers.base import Layer
from numpynn.layers.recurrent.rnn import SequenceLayer
from numpynn.ops.dtypes import in_dtype
from numpynn.saving.registration import CustomObjectScope
from numpynn.saving.serialization import (
    deserialize_keras_object,
    object_sharing_scope,
    serialize_keras_object,
)
from numpynn.typing import Array

MERGE_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(SequenceLayer):
    """Two recurrent layers, of which one begins at the end; their outputs are put together.

    x (B, T, D)   y (B, T, 2U) or (B, T, U), with return_sequences; else (B, 2U) or (B, U)

    layer: its configuration makes the forward layer anew, and the backward one, unless that is
    given as backward_layer. Both give zeros at masked steps of a sequence of outputs.
    merge_mode: "concat", "sum", "ave" (the mean), "mul" (the product), or None for both by
    themselves. With return_sequences the two outputs of a step stand together; without, the
    last ones that each computed: of the last step and of the first.
    The states, in initial_state and after the output, are those of the forward layer and then those
    of the backward one.
    Raises ValueError for layers that are none or do not go together, for unknown modes, and for
    `weights`, which Keras takes and ignores.
    Source: Schuster and Paliwal 1997, Bidirectional recurrent neural networks.
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        if not isinstance(layer, Layer):
            raise ValueError(f"Bidirectional wraps a recurrent layer; got {layer!r}.")
        if backward_layer is not None and not isinstance(backward_layer, Layer):
            raise ValueError(f"`backward_layer` must be a recurrent layer; got {backward_layer!r}.")
        if merge_mode not in MERGE_MODES:
            raise ValueError(f"`merge_mode` must be one of {MERGE_MODES}; got {merge_mode!r}.")
        if weights:
            raise ValueError("Bidirectional ignores `weights`, as in Keras; use set_weights().")
        super().__init__(**kwargs)
        self.forward_layer = _made_anew(layer, "forward_")
        if backward_layer is None:
            backward_layer = _made_anew(layer, "backward_", go_backwards=True)
        self.backward_layer = backward_layer
        self._require_a_pair()
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(layer, "use_cudnn"):  # which is in no configuration
                one.use_cudnn = layer.use_cudnn
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self.merge_mode = merge_mode
        self.stateful = self.forward_layer.stateful
        self.return_sequences = self.forward_layer.return_sequences
        self.return_state = self.forward_layer.return_state
        self.supports_masking = True
        self.input_spec = self.forward_layer.input_spec

    def _require_a_pair(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                "One layer of a Bidirectional must go backwards and the other one not; both have "
                f"go_backwards={forward.go_backwards}."
            )
        for name in ("stateful", "return_sequences", "return_state"):
            ours, theirs = getattr(forward, name), getattr(backward, name)
            if ours != theirs:
                raise ValueError(
                    f"Both layers of a Bidirectional must have the same `{name}`; the forward one "
                    f"has {ours}, the backward one {theirs}."
                )

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)

    def call(
        self,
        sequences: Array,
        initial_state: Any = None,
        mask: Array | None = None,
        training: Any = None,
    ) -> Any:
        layers = (self.forward_layer, self.backward_layer)
        halves: list[Any] = [None, None]
        if initial_state is not None:
            half = len(initial_state) // 2
            halves = [list(initial_state[:half]), list(initial_state[half:])]
        results, states = [], []
        for layer, state in zip(layers, halves, strict=True):
            given = {"initial_state": state, "mask": mask, "training": training}
            result = layer(sequences, **{k: v for k, v in given.items() if v is not None})
            if self.return_state:
                result, *last = result
                states.extend(last)
            results.append(in_dtype(result, self._dtype))
        output = self._merged(*results)
        if not self.return_state:
            return output
        return (*output, *states) if self.merge_mode is None else (output, *states)

    def _merged(self, forward: Array, backward: Array) -> Any:
        if self.return_sequences:
            backward = np.flip(backward, axis=1)  # in the order of time again
        if self.merge_mode == "concat":
            return np.concatenate([forward, backward], axis=-1)
        if self.merge_mode == "sum":
            return forward + backward
        if self.merge_mode == "ave":
            return (forward + backward) / 2
        if self.merge_mode == "mul":
            return forward * backward
        return forward, backward

    def reset_state(self) -> None:
        """Begin with zeros again. Raises AttributeError unless stateful."""
        if not self.stateful:
            raise AttributeError(f"Layer '{self.name}' is not stateful: it keeps no states.")
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    @property
    def states(self) -> Any:
        """What stateful layers keep, the forward one's first; else None."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        states: tuple[Any, ...] = ()
        if self.return_state:
            shape, *last = shape
            states = (*last, *last)
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        if self.merge_mode is None:
            return (shape, shape, *states)
        return (shape, *states) if self.return_state else shape

    def compute_mask(self, _: Any, mask: Any) -> Any:
        mask = leaves(mask)[0] if self.return_sequences else None
        masks = (mask, mask) if self.merge_mode is None else (mask,)
        if self.return_state:
            return (*masks, *(None for _ in self.forward_layer.state_size * 2))
        return masks if self.merge_mode is None else mask

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "merge_mode": self.merge_mode,
            "layer": serialize_keras_object(self.forward_layer),
            "backward_layer": serialize_keras_object(self.backward_layer),
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None
    ) -> Bidirectional:
        layers = ("layer", "backward_layer")
        made = {
            name: deserialize_keras_object(config[name], custom_objects)
            for name in layers
            if config.get(name) is not None
        }
        return cls(**{**config, **made})


def _made_anew(layer: Layer, prefix: str, **changes: Any) -> Any:
    """A layer of the same configuration, without weights yet.

    Scopes of their own, since all this may happen while a file is read.
    """
    with object_sharing_scope():
        config = serialize_keras_object(layer)
    config.pop("build_config", None)
    config["config"].update(changes, name=prefix + layer.name.removeprefix(prefix))
    own_classes = {type(part).__name__: type(part) for part in layer._flatten_layers()}
    with object_sharing_scope(), CustomObjectScope(own_classes):
        return deserialize_keras_object(config)
