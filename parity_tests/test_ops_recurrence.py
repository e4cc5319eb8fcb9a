"""The fused recurrent networks equal their loops over time, however the work is cut."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from factory import array
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import normal, shared_among

from numpynn.autograd import vjp
from numpynn.ops.nn.recurrence import gru, lstm, simple_rnn, walk

KINDS: dict[str, tuple[Any, int, int, dict[str, Any]]] = {
    "simple tanh": (simple_rnn, 1, 1, {"activation": "tanh"}),
    "simple relu": (simple_rnn, 1, 1, {"activation": "relu"}),
    "simple linear": (simple_rnn, 1, 1, {"activation": "linear"}),
    "lstm": (lstm, 4, 2, {}),
    "gru": (gru, 3, 1, {"reset_after": True}),
    "gru, reset before": (gru, 3, 1, {"reset_after": False}),
}
BARS = {"float64": (1e-12, 1e-10), "float32": (1e-5, 1e-4)}


def weights(kind: str, seed: int, features: int, units: int, biased: bool) -> list[Any]:
    _, blocks, _, options = KINDS[kind]
    width = blocks * units
    found = [normal(seed, features, width), normal(seed + 1, units, width)]
    if biased:
        two = options.get("reset_after", False)
        found.append(normal(seed + 2, *((2, width) if two else (width,))))
    return [0.5 * w for w in found]


@st.composite
def cases(draw: Any) -> dict[str, Any]:
    batch, steps, features, units = (draw(st.integers(1, most)) for most in (5, 7, 3, 4))
    masks = st.lists(st.booleans(), min_size=batch * steps, max_size=batch * steps)
    mask = draw(st.none() | masks)
    return {
        "sizes": (batch, steps, features, units),
        "mask": None if mask is None else np.reshape(mask, (batch, steps)),
        "zero_output": draw(st.booleans()),
        "biased": draw(st.booleans()),
        "rows": draw(st.sampled_from((1, 6, 1024))),
        "threads": draw(st.integers(1, 3)),
        "seed": draw(st.integers(0, 1000)),
    }


@pytest.mark.parametrize("dtype", BARS)
@pytest.mark.parametrize("kind", KINDS)
@given(case=cases())
@example(
    case={
        "sizes": (2, 3, 1, 2),
        "mask": np.array([[False, True, False], [False, False, False]]),
        "zero_output": False,
        "biased": True,
        "rows": 1,
        "threads": 2,
        "seed": 0,
    }
)
def test_fused_equals_the_loop(kind: str, dtype: str, case: dict[str, Any]) -> None:
    primitive, _, states, options = KINDS[kind]
    batch, steps, features, units = case["sizes"]
    seed = case["seed"]
    arrays = [normal(seed + 10, batch, steps, features)]
    arrays += [normal(seed + 11 + n, batch, units) for n in range(states)]
    arrays += weights(kind, seed, features, units, case["biased"])
    arrays = [a.astype(dtype) for a in arrays]
    options = {**options, "mask": case["mask"], "zero_output": case["zero_output"]}
    cotangent = normal(seed + 20, batch, steps + states, units).astype(dtype)
    cotangent /= np.maximum(1.0, np.sqrt(steps))  # gradients of about 1, as the bars mean them
    found = []
    with (
        patch.object(walk, "ROWS", case["rows"]),
        shared_among(case["threads"]),
    ):
        for form in (primitive, primitive.plain):
            y, pull = vjp(lambda *a, form=form: form(*a, **options), *arrays)
            found.append([array(y), *(array(g) for g in pull(cotangent))])
    for number, (ours, plain) in enumerate(zip(*found, strict=True)):
        assert ours.shape == plain.shape
        assert ours.dtype == dtype
        error = np.max(np.abs(ours - plain)) / max(1.0, np.max(np.abs(plain)))
        assert error <= BARS[dtype][number > 0], (kind, number, error)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_step_changes_nothing(kind: str) -> None:
    """A sequence with hidden steps in it ends as the sequence without them."""
    primitive, _, states, options = KINDS[kind]
    x, first = normal(0, 2, 6, 3), [normal(1 + n, 2, 4) for n in range(states)]
    kernels = weights(kind, 5, 3, 4, True)
    mask = np.array([True, False, True, True, False, True])
    whole = primitive(x, *first, *kernels, **options, mask=np.stack([mask, mask]))
    short = primitive(x[:, mask], *first, *kernels, **options)
    np.testing.assert_allclose(whole[:, -states:], short[:, -states:], rtol=1e-13)


def test_another_activation_is_refused() -> None:
    kernels = weights("simple tanh", 0, 3, 4, True)
    with pytest.raises(ValueError, match="tanh, relu, linear"):
        simple_rnn(normal(0, 2, 6, 3), normal(1, 2, 4), *kernels, activation="gelu")
