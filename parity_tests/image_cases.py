"""What the tests of `ops.image` share: drawn images, and one program on both libraries.

Keras's functions see float64 images in float64 here, by the repairs of `kerasref.backend`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
from factory import Call
from hypothesis import strategies as st
from pairs import BARS, derived, hold, hold_gradients

import numpynn
from kerasref.backend import repair_float64

repair_float64()

FORMATS = ("channels_last", "channels_first")


def fractions(shape: Any, low: float, high: float, parts: int = 64) -> st.SearchStrategy[Any]:
    """float64 arrays of multiples of 1 / parts.

    Sums and products of a few are exact in float32 as well, so that both float types see the same
    side of every discontinuity, and ties are drawn, too.
    """
    whole = st.integers(round(low * parts), round(high * parts))
    return hnp.arrays(np.int64, shape, elements=whole).map(lambda k: k / parts)


@st.composite
def image_shapes(
    draw: Any,
    data_format: str,
    channels: Sequence[int] = (1, 2, 3),
    least: int = 1,
    most: int = 6,
    batch_only: bool = False,
) -> tuple[int, ...]:
    """Shapes of one image, or of a batch of one or two."""
    sizes = [draw(st.integers(least, most)), draw(st.integers(least, most))]
    depth = draw(st.sampled_from(channels))
    shape = (*sizes, depth) if data_format == "channels_last" else (depth, *sizes)
    batch = draw(st.integers(1 if batch_only else 0, 2))
    return (batch, *shape) if batch else shape


@st.composite
def image_calls(
    draw: Any,
    options: dict[str, Any] | None = None,
    low: float = -1.0,
    high: float = 1.0,
    formats: Sequence[str] = FORMATS,
    **shapes: Any,
) -> Call:
    """Calls with images as the one array, `data_format` and options, each a strategy or a value."""
    data_format = draw(st.sampled_from(formats))
    x = draw(fractions(draw(image_shapes(data_format, **shapes)), low, high, 128))
    keywords = {"data_format": data_format}
    for name, option in (options or {}).items():
        keywords[name] = draw(option) if isinstance(option, st.SearchStrategy) else option
    return Call([x], keywords, draw(st.integers(0, 2**20)))


def sizes_of(images: Any, data_format: str) -> tuple[int, int]:
    """Height and width."""
    height, width = images.shape[-3:-1] if data_format == "channels_last" else images.shape[-2:]
    return height, width


def hold_both(
    compute: Callable[..., Any], arrays: Sequence[Any], dtype: str, gradients: bool = True
) -> None:
    """Hold the values, the dtype and each gradient of `compute(library, *arrays)`.

    gradients: False where TensorFlow has none, or another than that of the formula.
    """
    inputs = [a.astype(dtype) for a in arrays]
    if not gradients:
        value, expected = (np.asarray(compute(library, *inputs)) for library in (numpynn, keras))
        assert value.dtype == expected.dtype == dtype
        hold(value, expected, BARS[dtype]["forward"])
        return
    (value, found), (expected, wanted) = (
        derived(library, partial(compute, library), inputs) for library in (numpynn, keras)
    )
    assert {part.dtype.name for part in (value, expected, *found)} == {dtype}
    hold(value, expected, BARS[dtype]["forward"])
    for one, other in zip(found, wanted, strict=True):
        hold_gradients([one], [other], BARS[dtype]["gradient"])


def same_values(compute: Callable[[Any], Any]) -> Any:
    """Hold the values and the dtype of `compute(library)`, exactly; returns them."""
    ours, theirs = (np.asarray(compute(library)) for library in (numpynn, keras))
    assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
    np.testing.assert_array_equal(ours, theirs)
    return ours
