"""What the tests of layers for images share: the same draws on both sides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from hypothesis import strategies as st
from pairs import BARS, array, both_float_types, derived, filled, hold, hold_gradients

import numpynn
from kerasref.backend import inject

FORMATS = ("channels_last", "channels_first")
formats = st.sampled_from(FORMATS)
sides = st.integers(1, 6)
seeds = st.integers(0, 2**20)


@st.composite
def images(draw: Any, low: float = -3.0, high: float = 3.0, depth: int | None = None) -> Any:
    """(data_format, x): a batch or one image, with a fixed number of channels or any."""
    data_format, height, width = draw(formats), draw(sides), draw(sides)
    channels = depth or draw(st.integers(1, 3))
    one = (height, width, channels)
    one = one if data_format == "channels_last" else (channels, height, width)
    batch = draw(st.sampled_from([(), (1,), (3,)]))
    return data_format, draw(filled((*batch, *one), low, high))


def make_pair(make: Callable[[Any], Any], count: int, seed: int) -> tuple[Any, Any]:
    """The layer of numpynn and Keras's, which draw the same numbers for up to `count` images.

    Keras's is a twin of it: Keras's code with the numbers from outside.
    """
    ours, theirs = make(numpynn), make(keras)
    injected = inject(theirs, count)
    drawn = injected.draw(np.random.default_rng(seed), count)
    injected.assign(drawn)
    injected.give(ours, drawn)
    return ours, theirs


def agree_on_images(
    make: Callable[[Any], Any],
    x: Any,
    dtype: str,
    seed: int,
    *,
    training: bool = True,
    gradient: bool = True,
    exact_gradient: bool = True,
) -> None:
    """Hold value and gradient of both sides' layers, which draw the same numbers.

    gradient: Keras has one. exact_gradient: it is the derivative in float32 too; otherwise ours is
    held against the one in float64.
    """
    results = {}
    for computed in (dtype, "float64"):
        with both_float_types(computed):
            pair = make_pair(make, len(x) if x.ndim == 4 else 1, seed)
            given = x.astype(computed)
            results[computed] = [
                derived(library, lambda x, layer=layer: layer(x, training=training), [given])
                if gradient
                else (array(layer(given, training=training)), [])
                for library, layer in zip((numpynn, keras), pair, strict=True)
            ]
        if exact_gradient:
            break
    (value, gradients), (expected, expected_gradients) = results[dtype]
    assert value.dtype == expected.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    if not exact_gradient:
        expected_gradients = results["float64"][1][1]
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])


def agree_on_data(make: Callable[[Any], Any], data: Any, seed: int, **call: Any) -> None:
    """Hold everything that comes of one call, a dict or an array, with its dtypes, in float32."""
    shape = np.shape(data["images"] if isinstance(data, dict) else data)
    with both_float_types("float32"):
        ours, theirs = make_pair(make, shape[0] if len(shape) == 4 else 1, seed)
        found = ours(data, **call)
        expected = theirs(dict(data) if isinstance(data, dict) else data, **call)
    if not isinstance(data, dict):
        found, expected = {"images": found}, {"images": expected}
    assert found.keys() == expected.keys()
    for name, value in found.items():
        theirs_of_name = array(expected[name])
        assert value.dtype == theirs_of_name.dtype, name
        assert value.shape == theirs_of_name.shape, name
        hold(value, theirs_of_name, BARS["float32"]["forward"], name)
