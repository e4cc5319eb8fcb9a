"""Convolution layers against Keras: values, gradients, shapes and training runs."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conv_cases import conv_of_keras, depthwise_of_keras, separable_of_keras, transpose_of_keras
from factory import REAL
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    normal,
)

import numpynn
from kerasref.compare import TrainingRun
from numpynn import activations, layers
from numpynn.systems import Split

KINDS = [
    *("Conv1D", "Conv2D", "Conv3D", "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"),
    *("DepthwiseConv1D", "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D"),
]

each_kind = pytest.mark.parametrize("kind", KINDS)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


def rank_of(kind: str) -> int:
    return int(kind[kind.index("D") - 1]) if kind[0] != "D" else int(kind[-2])


def arguments(kind: str, filters: int, **options: Any) -> dict[str, Any]:
    """What a layer of this kind is made with."""
    return options if kind.startswith("Depthwise") else {"filters": filters, **options}


# -- values and gradients --------------------------------------------------------------------------

numbers = st.integers(1, 3)


@st.composite
def cases(draw: Any, kind: str) -> tuple[dict[str, Any], Any]:
    """Options of a layer, and an input that its kernel fits into."""
    rank, transposed = rank_of(kind), kind.endswith("Transpose")
    each = st.tuples(*[numbers] * rank)
    options: dict[str, Any] = {
        "kernel_size": draw(st.one_of(numbers, each)),
        "padding": draw(st.sampled_from(["valid", "same"] + ["causal"] * (kind == "Conv1D"))),
        "data_format": draw(st.sampled_from(["channels_last", "channels_first"])),
        "activation": draw(st.sampled_from([None, "relu", "tanh"])),
        "use_bias": draw(st.booleans()),
    }
    steps = draw(st.sampled_from(["strides", "dilation_rate", "both"]))
    if steps == "both" and kind.startswith(("Depthwise", "Separable")):
        options |= {"strides": draw(numbers), "dilation_rate": draw(numbers)}
    else:
        options["dilation_rate" if steps == "dilation_rate" else "strides"] = draw(
            st.one_of(numbers, each)
        )
    groups = draw(st.sampled_from([1, 1, 2])) if kind in ("Conv1D", "Conv2D", "Conv3D") else 1
    if groups > 1:
        options["groups"] = groups
    if kind.startswith(("Depthwise", "Separable")):
        options["depth_multiplier"] = draw(numbers)
    if transposed and draw(st.booleans()):
        options |= draw(output_paddings(rank, options))
    options = arguments(kind, groups * draw(st.integers(1, 2)), **options)
    return options, draw(inputs(rank, options, transposed, groups * draw(st.integers(1, 2))))


@st.composite
def output_paddings(draw: Any, rank: int, options: dict[str, Any]) -> dict[str, Any]:
    """An output_padding with which a convolution of the output gives the input, if there is one."""
    found = []
    for s, span in zip(np.broadcast_to(options.get("strides", 1), rank), spans(rank, options)):
        odd = span % 2 if options["padding"] == "same" else 1
        choices = range(1 - odd, min(s - odd, s - 1) + 1)
        if not choices:
            return {}
        found.append(draw(st.sampled_from(choices)))
    return {"output_padding": found}


def spans(rank: int, options: dict[str, Any]) -> Any:
    """Over how many places the kernel reaches on each axis."""
    sizes = np.broadcast_to(options["kernel_size"], rank)
    return (sizes - 1) * np.broadcast_to(options.get("dilation_rate", 1), rank) + 1


def inputs(
    rank: int, options: dict[str, Any], transposed: bool, channels: int
) -> st.SearchStrategy[Any]:
    least = 1 if transposed or options["padding"] != "valid" else spans(rank, options)
    lengths = [st.integers(int(n), int(n) + 3) for n in np.broadcast_to(least, rank)]

    def shape(drawn: tuple[int, ...]) -> tuple[int, ...]:
        if options["data_format"] == "channels_last":
            return (2, *drawn, channels)
        return (2, channels, *drawn)

    return st.tuples(*lengths).flatmap(lambda drawn: REAL.arrays(shape(drawn)))


def in_keras(layer: Any, shape: tuple[int, ...], dtype: str) -> Any:
    """What computes a Keras layer: itself in float32, and its formula in float64.

    Many of TensorFlow's CPU kernels have no float64; `conv_cases` has it for all options. And where
    the channels come first, Keras adds the bias to the last axis if there are as many places.
    """
    function = next(f for name, f in OF_KERAS.items() if name in type(layer).__name__)

    def formula(x: Any) -> Any:
        kernels = [w.value for w in layer.weights if "kernel" in w.path]
        extra = {"output_padding": layer.output_padding} if hasattr(layer, "output_padding") else {}
        y = function(
            x,
            *kernels,
            strides=layer.strides,
            padding=layer.padding,
            data_format=layer.data_format,
            dilation_rate=layer.dilation_rate,
            **extra,
        )
        if layer.use_bias:
            last = layer.data_format == "channels_last"
            y += tf.reshape(layer.bias, (-1,) if last else (-1, *(1,) * layer.rank))
        return layer.activation(y)

    _, filters, *lengths = layer.compute_output_shape(shape)
    first = layer.data_format == "channels_first"
    misplaced = first and layer.use_bias and lengths[-1] == filters > 1
    return formula if dtype == "float64" or misplaced else layer


OF_KERAS = {
    "Transpose": transpose_of_keras,
    "Depthwise": depthwise_of_keras,
    "Separable": separable_of_keras,
    "Conv": conv_of_keras,
}


def agree(kind: str, options: dict[str, Any], x: Any, dtype: str) -> None:
    """Hold values, all gradients, shapes and names of a layer, with the same drawn weights."""
    made = [getattr(library.layers, kind)(**options) for library in (numpynn, keras)]
    x = x.astype(dtype)
    for layer in made:
        layer.build(x.shape)
        layer.set_weights(moderate_weights(layer))
    ours, theirs = made
    value, gradients = derived(numpynn, ours, [x], ours.trainable_variables)
    compute = in_keras(theirs, x.shape, dtype)
    expected, expected_gradients = derived(keras, compute, [x], theirs.trainable_variables)
    assert value.dtype == expected.dtype == np.dtype(dtype)
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])
    names = [[w.path.split("/")[-1] for w in layer.weights] for layer in made]
    assert names[0] == names[1]
    same_shapes(ours, theirs, x.shape)
    assert ours.compute_output_shape(x.shape) == value.shape


def moderate_weights(layer: Any) -> list[Any]:
    """Numbers with which sums stay where the slope of tanh keeps its digits in float32."""
    return [
        normal(i, *w.shape) / (2 * math.sqrt(math.prod(w.shape[:-1])))
        for i, w in enumerate(layer.weights)
    ]


def same_shapes(ours: Any, theirs: Any, shape: tuple[int, ...]) -> None:
    """Hold the output shapes of a known shape, of an open batch, and of open sizes."""
    first = 1 if ours.data_format == "channels_last" else 2
    open_sizes = tuple(None if first <= i < first + ours.rank else n for i, n in enumerate(shape))
    for known in (shape, (None, *shape[1:]), (None, *open_sizes[1:])):
        expected = tuple(theirs.compute_output_shape(known))
        assert ours.compute_output_shape(known) == expected
        assert ours(numpynn.Input(batch_shape=known)).shape == expected


@each_kind
@each_float_type
@settings(max_examples=settings.default.max_examples // 2)
@given(data=st.data())
def test_layers_match_keras(kind: str, dtype: str, data: Any) -> None:
    options, x = data.draw(cases(kind))
    with both_float_types(dtype):
        agree(kind, options, x, dtype)


def test_the_bias_belongs_to_the_channels_where_they_come_first() -> None:
    """Keras adds it to the last axis here, which has as many places as there are filters."""
    layer = layers.Conv2D(2, 1, data_format="channels_first", bias_initializer=filled_bias)
    y = array(layer(np.zeros((1, 1, 3, 2), "float32")))
    np.testing.assert_array_equal(y[0, :, 0, 0], [1.0, 2.0])
    assert np.all(y == y[:, :, :1, :1])


def filled_bias(shape: Any, dtype: Any = None) -> Any:
    """1, 2, 3 …"""
    return np.arange(1, shape[0] + 1, dtype=dtype)


@each_kind
def test_an_empty_batch_has_an_empty_output(kind: str) -> None:
    layer = getattr(layers, kind)(**arguments(kind, 3, kernel_size=2))
    x = np.zeros((0, *[4] * rank_of(kind), 2), "float32")
    assert array(layer(x)).shape == (0, *layer.compute_output_shape(x.shape)[1:])


@given(x=filled((2, 5, 4, 2)), padding=st.sampled_from(["valid", "same"]))
def test_relu_in_one_with_the_sum_is_relu_after_it(x: Any, padding: str) -> None:
    weights = [normal(0, 2, 3, 2, 3), normal(1, 3)]
    found = []
    for activation in (activations.relu, lambda y: activations.relu(y)):
        with both_float_types("float64"):
            layer = layers.Conv2D(3, (2, 3), padding=padding, activation=activation)
            layer.build(x.shape)
        layer.set_weights(weights)
        found.append(derived(numpynn, layer, [x], layer.trainable_variables))
    hold(*found, 1e-12)


# -- training --------------------------------------------------------------------------------------


def network(library: Any, rank: int) -> Any:
    """Every layer of one rank, with penalties, constraints and activations."""
    k = library.layers
    model = [library.Input((*[7, 5, 4][:rank], 2))]
    options = {"padding": "same", "activation": "relu"}
    model += [
        getattr(k, f"Conv{rank}D")(4, 2, groups=2, kernel_regularizer="l2", **options),
        getattr(k, f"Conv{rank}DTranspose")(3, 2, 2, activity_regularizer="l2", **options),
        getattr(k, f"Conv{rank}D")(3, 3, 2, kernel_constraint="unit_norm", activation="tanh"),
    ]
    if rank < 3:
        model += [
            getattr(k, f"DepthwiseConv{rank}D")(2, depth_multiplier=2, **options),
            getattr(k, f"SeparableConv{rank}D")(
                4, 2, dilation_rate=2, pointwise_constraint="max_norm", **options
            ),
        ]
    return library.Sequential([*model, k.Flatten(), k.Dense(2)])


@each_float_type
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_training_runs_match_keras(rank: int, dtype: str) -> None:
    x, y = normal(0, 20, *[7, 5, 4][:rank], 2), normal(1, 20, 2)
    with both_float_types(dtype):
        models = [network(library, rank) for library in (numpynn, keras)]
        for library, model in zip((numpynn, keras), models, strict=True):
            model.set_weights([normal(i, *w.shape) / 2 for i, w in enumerate(model.weights)])
            model.compile(library.optimizers.SGD(0.002, momentum=0.9), "mse")  # none diverges
        ours, theirs = models
        run = TrainingRun(ours, theirs, Split(x, y, x, y), 8, dtype)
        assert run.compare_gradients(batches=1) <= BARS[dtype]["gradient"]
        assert max(run.step() for _ in range(20)) <= BARS[dtype]["loss"]
    hold(ours.get_weights(), theirs.get_weights(), BARS[dtype]["weights"], "weights")
