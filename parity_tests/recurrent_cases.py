"""What tests of recurrent layers share: what is drawn, and layers of both sides held together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
from hypothesis import strategies as st
from pairs import BARS, array, derived, filled, hold, hold_gradients, normal

import numpynn
from numpynn.autograd.structure import leaves, map_structure

KINDS = ("SimpleRNN", "LSTM", "GRU")


@st.composite
def sequences(draw: Any, most_steps: int = 4) -> Any:
    """A batch of sequences (B, T, D)."""
    shape = (draw(st.integers(1, 3)), draw(st.integers(1, most_steps)), draw(st.integers(1, 3)))
    return draw(filled(shape, -2.0, 2.0))


@st.composite
def masks(draw: Any, x: Any) -> Any:
    """None, padding on the right, or holes anywhere; rows may be masked wholly."""
    batch, steps = x.shape[:2]
    kind = draw(st.sampled_from(["none", "padding", "holes"]))
    if kind == "none":
        return None
    if kind == "holes":
        return draw(hnp.arrays(bool, (batch, steps)))
    lengths = draw(hnp.arrays(int, (batch,), elements=st.integers(0, steps)))
    return np.arange(steps) < lengths[:, None]


@st.composite
def masked_sequences(draw: Any, most_steps: int = 4) -> tuple[Any, Any]:
    """Sequences and a mask for them."""
    x = draw(sequences(most_steps))
    return x, draw(masks(x))


def states_for(layer: Any, batch_size: int, seed: int) -> list[Any]:
    """Initial states of any nesting, as flat arrays."""
    zeros = [array(part) for part in leaves(_as_lists(layer.get_initial_state(batch_size)))]
    return [normal(seed + i, *part.shape) / 2 for i, part in enumerate(zeros)]


def pair(make: Callable[[Any], Any], shape: Sequence[int], seed: int = 0) -> tuple[Any, Any]:
    """The layers of both libraries, built for a shape, with the same weights."""
    made = [make(library) for library in (numpynn, keras)]
    for layer in made:
        layer.build(tuple(shape))
        layer.set_weights([normal(seed + i, *w.shape) / 2 for i, w in enumerate(layer.weights)])
    assert [w.name for w in made[0].weights] == [w.name for w in made[1].weights]
    return made[0], made[1]


def flat(library: Any, outputs: Any) -> Any:
    """All outputs as one vector, so that one cotangent reaches each number."""
    ops = library.ops
    return ops.concatenate([ops.reshape(part, (-1,)) for part in leaves(_as_lists(outputs))])


def hold_layers(
    ours: Any, theirs: Any, x: Any, dtype: str, states: Sequence[Any] | None = None, **call: Any
) -> None:
    """Hold all outputs, and the gradients of the input, the initial states and every weight.

    states: flat, in the order of the layer's; none to begin with its own.
    """
    inputs = [a.astype(dtype) for a in (x, *(states or ()))]
    results = []
    for library, layer in ((numpynn, ours), (keras, theirs)):

        def compute(x: Any, *given: Any, library: Any = library, layer: Any = layer) -> Any:
            begin = {"initial_state": _nested_like(layer, given)} if given else {}
            return flat(library, layer(x, **begin, **call))

        results.append(derived(library, compute, inputs, layer.trainable_variables))
    (values, gradients), (expected, expected_gradients) = results
    assert values.dtype == expected.dtype == np.dtype(dtype)
    assert all(g.dtype == np.dtype(dtype) for g in gradients)
    hold(values, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


def _nested_like(layer: Any, states: Sequence[Any]) -> Any:
    remaining = iter(states)
    size = getattr(layer, "state_size", None)  # a Bidirectional has none: its states are a list
    return list(states) if size is None else _filled_in(size, layer, remaining)


def _filled_in(sizes: Any, layer: Any, remaining: Any) -> Any:
    """The states in the nesting that stacked cells have; otherwise a list."""
    if type(getattr(layer, "cell", None)).__name__ == "StackedRNNCells":
        return [
            [next(remaining) for _ in (size if isinstance(size, (list, tuple)) else [size])]
            for size in sizes
        ]
    return map_structure(lambda _: next(remaining), list(sizes))


def _as_lists(outputs: Any) -> Any:
    """TensorFlow's own kinds of lists as Python's."""
    if isinstance(outputs, (list, tuple)):
        return [_as_lists(part) for part in outputs]
    return outputs
