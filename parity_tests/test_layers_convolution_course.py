"""What convolution layers are, without Keras's help, and the sizes that the course gives."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import array, filled, hold, normal

import numpynn
from numpynn import layers
from numpynn.autograd import vjp


def one_filter(kernel: Any, **options: Any) -> Any:
    """A Conv1D of one given filter, without bias."""
    layer = layers.Conv1D(1, len(kernel), use_bias=False, dtype="float64", **options)
    layer.build((None, None, 1))
    layer.set_weights([np.reshape(kernel, (-1, 1, 1))])
    return lambda x: array(layer(np.reshape(x, (1, -1, 1)).astype("float64")))[0, :, 0]


def test_a_convolution_layer_correlates() -> None:
    """y_i = Σ_j w_j x_{i+j-1}: to convolve as mathematics does, flip the kernel."""
    x, w = normal(0, 9), normal(1, 3)
    expected = [w @ x[i : i + 3] for i in range(7)]
    np.testing.assert_allclose(one_filter(w)(x), expected, rtol=1e-12)
    np.testing.assert_allclose(one_filter(w[::-1])(x), np.convolve(x, w, "valid"), rtol=1e-12)


SERIES = [3, 1, 2, 4, 1, 1, 3, 1, 2, 1, 4, 3, 3, 2]
AVERAGES = [2.00, 2.33, 2.33, 2.00, 1.67, 1.67, 2.00, 1.33, 2.33, 2.67, 3.33, 2.67]


def test_the_moving_average_of_the_book() -> None:
    average = one_filter([1 / 3] * 3)
    np.testing.assert_allclose(average(SERIES), AVERAGES, atol=0.005)
    wide = average(np.pad(SERIES, 2))
    np.testing.assert_allclose(wide, [1.00, 1.33, *AVERAGES, 1.67, 0.67], atol=0.005)
    same = one_filter([1 / 3] * 3, padding="same")(SERIES)
    np.testing.assert_allclose(same, wide[1:-1])


@given(x=filled((1, 8, 2)), dilation=st.integers(1, 3), step=st.integers(0, 7))
def test_causal_outputs_do_not_depend_on_later_inputs(x: Any, dilation: int, step: int) -> None:
    layer = layers.Conv1D(3, 3, padding="causal", dilation_rate=dilation, dtype="float64")
    y = array(layer(x))
    changed = x.copy()
    changed[:, step:] += 1.0
    np.testing.assert_array_equal(array(layer(changed))[:, :step], y[:, :step])
    assert not np.array_equal(array(layer(changed))[:, step], y[:, step])


@pytest.mark.parametrize("rank", [1, 2])
@given(seed=st.integers(0, 99), multiplier=st.integers(1, 3), stride=st.integers(1, 2))
def test_separable_is_depthwise_then_pointwise(
    rank: int, seed: int, multiplier: int, stride: int
) -> None:
    x = normal(seed, 2, *[6] * rank, 3)
    options = {"depth_multiplier": multiplier, "strides": stride, "dtype": "float64"}
    whole = getattr(layers, f"SeparableConv{rank}D")(4, 3, **options)
    first = getattr(layers, f"DepthwiseConv{rank}D")(3, use_bias=False, **options)
    second = getattr(layers, f"Conv{rank}D")(4, 1, dtype="float64")
    expected = array(second(first(x)))
    whole.build(x.shape)
    whole.set_weights([*first.get_weights(), *second.get_weights()])
    hold(whole(x), expected, 1e-12)


@given(
    seed=st.integers(0, 99), stride=st.integers(1, 3), padding=st.sampled_from(["valid", "same"])
)
def test_a_transposed_layer_is_the_gradient_of_the_layer_with_its_kernel(
    seed: int, stride: int, padding: str
) -> None:
    y = normal(seed, 2, 3, 4, 3)
    options = {"use_bias": False, "padding": padding, "dtype": "float64"}
    back = layers.Conv2DTranspose(2, 3, stride, **options)
    x = array(back(y))
    there = layers.Conv2D(3, 3, stride, **options)
    there.build(x.shape)
    there.set_weights(back.get_weights())
    pulled = vjp(there, x)[1](y)
    hold(x, pulled, 1e-12)


# -- sizes and counts of the course ----------------------------------------------------------------


def test_filters_of_one_row_have_as_many_weights_as_places() -> None:
    x = np.zeros((1, 9, 1), "float32")
    for stride, length in ((1, 7), (2, 4)):
        layer = layers.Conv1D(1, 3, stride, use_bias=False)
        assert layer(x).shape == (1, length, 1) and layer.count_params() == 3
    assert layers.Conv1D(2, 4)(x).shape == (1, 6, 2)


def test_sizes_of_images() -> None:
    assert layers.Conv2D(1, 3)(np.zeros((1, 5, 5, 1))).shape == (1, 3, 3, 1)
    padded = layers.ZeroPadding2D(1)(np.zeros((1, 5, 5, 3)))
    assert layers.Conv2D(2, 3, strides=2)(padded).shape == (1, 3, 3, 2)


def test_two_layers_of_width_3_see_5_places() -> None:
    x = np.zeros((1, 5, 1), "float32")
    model = numpynn.Sequential([layers.Conv1D(1, 3, use_bias=False) for _ in range(2)])
    gradient = vjp(model, x)[1](np.ones((1, 1, 1), "float32"))
    assert model(x).shape == (1, 1, 1) and np.all(array(gradient) != 0)


@pytest.mark.parametrize("library", [numpynn, keras], ids=["ours", "Keras's"])
def test_networks_of_the_course_have_its_sizes_and_counts(library: Any) -> None:
    k = library.layers
    digits = library.Sequential(
        [
            library.Input((28, 28, 1)),
            k.Conv2D(32, 5, padding="same", activation="relu"),
            k.MaxPool2D(),
            k.Conv2D(64, (5, 5), padding="same", activation="relu"),
            k.MaxPool2D(),
            k.Flatten(),
            k.Dense(1024, activation="relu"),
            k.Dropout(0.5),
            k.Dense(10, activation="softmax"),
        ]
    )
    assert [layer.output.shape[1:] for layer in digits.layers[:5]] == [
        *((28, 28, 32), (14, 14, 32), (14, 14, 64), (7, 7, 64), (3136,))
    ]
    assert [layer.count_params() for layer in digits.layers if layer.weights] == [
        *(832, 51_264, 3_212_288, 10_250)
    ]
    assert digits.count_params() == 3_274_634
    motions = library.Sequential(
        [
            library.Input((128, 9)),
            k.Conv1D(64, 3, activation="relu"),
            k.Dropout(0.5),
            k.MaxPooling1D(2),
            k.Flatten(),
            k.Dense(100, activation="relu"),
            k.Dense(6, activation="softmax"),
        ]
    )
    assert [layer.output.shape[1:] for layer in motions.layers[:4]] == [
        *((126, 64), (126, 64), (63, 64), (4032,))
    ]
    assert [layer.count_params() for layer in motions.layers if layer.weights] == [
        *(1792, 403_300, 606)
    ]
    assert motions.count_params() == 405_698
