"""ConvLSTM1D, 2D and 3D against Keras: values, all gradients, masks, states, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import (
    FLOAT_TYPES,
    array,
    both_float_types,
    hold,
    normal,
    on_both,
    same_configs,
)
from recurrent_cases import hold_layers, masks, pair

import numpynn
from numpynn import layers

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
each_rank = pytest.mark.parametrize("rank", [1, 2, 3])


def made(library: Any, rank: int, *args: Any, **options: Any) -> Any:
    return getattr(library.layers, f"ConvLSTM{rank}D")(*args, **options)


@st.composite
def films(draw: Any, rank: int) -> tuple[Any, Any, dict[str, Any], bool]:
    """Sequences of images, a mask, options, and whether there are initial states."""
    kernel = draw(st.integers(1, 3))
    lengths = [draw(st.integers(3, 4)) for _ in range(rank)]
    batch, steps, channels = (draw(st.integers(1, n)) for n in (2, 3, 2))
    x = normal(draw(st.integers(0, 99)), batch, steps, *lengths, channels)
    options = {
        "filters": draw(st.integers(1, 2)),
        "kernel_size": kernel,
        "padding": draw(st.sampled_from(["valid", "same"])),
        **draw(st.sampled_from([{}, {"strides": 2}, {"dilation_rate": min(2, 4 - kernel)}])),
        **draw(st.sampled_from([{}, {"activation": "linear", "recurrent_activation": "tanh"}])),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "return_state": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
        "zero_output_for_mask": draw(st.booleans()),
    }
    return x, draw(masks(x)), options, draw(st.booleans())


@each_float_type
@each_rank
@given(data=st.data())
def test_conv_lstm_matches_keras(rank: int, dtype: str, data: Any) -> None:
    x, mask, options, with_states = data.draw(films(rank))
    with both_float_types(dtype):
        ours, theirs = pair(lambda library: made(library, rank, **options), x.shape)
        states = None
        if with_states:
            shape = ours.cell.get_initial_state(len(x))[0].shape
            states = [normal(5, *shape) / 2, normal(6, *shape) / 2]
            ours.state_size = theirs.state_size = [0, 0]  # as many as the test is to nest
        hold_layers(ours, theirs, x, dtype, states, mask=mask)


@each_float_type
@given(data=st.data())
def test_channels_may_come_first(dtype: str, data: Any) -> None:
    """Keras's convolutions on the CPU want them last, so the same data are given so."""
    x, mask, options, _ = data.draw(films(2))
    options = {**options, "return_state": False}
    with both_float_types(dtype):
        first = made(numpynn, 2, **options, data_format="channels_first")
        last = made(keras, 2, **options)
        turned = np.moveaxis(x, -1, 2)
        for layer, shape in ((first, turned.shape), (last, x.shape)):
            layer.build(shape)
            layer.set_weights([normal(i, *w.shape) / 2 for i, w in enumerate(layer.weights)])
        y = array(first(turned.astype(dtype), mask=mask))
        expected = array(last(x.astype(dtype), mask=mask))
        hold(np.moveaxis(y, -3, -1), expected, 1e-12 if dtype == "float64" else 1e-5)
        assert first.compute_output_shape(turned.shape) == y.shape


@pytest.mark.parametrize("rates", [(0.4, 0.0), (0.0, 0.3), (0.5, 0.5), (1.0, 1.0)])
def test_dropout_with_the_same_masks_matches_keras(rates: tuple[float, float]) -> None:
    x, random = normal(0, 2, 3, 4, 3, 2), np.random.default_rng(1)
    drawn = {
        "dropout": random.random((4, 2, 4, 3, 2)) >= rates[0],
        "recurrent_dropout": random.random((4, 2, 3, 2, 2)) >= rates[1],
    }
    with both_float_types("float64"):
        ours, theirs = pair(
            lambda library: made(library, 2, 2, 2, dropout=rates[0], recurrent_dropout=rates[1]),
            x.shape,
        )
        ours.cell.keep_mask = lambda values, part: drawn[part]

        def factors(part: str, rate: float) -> Any:
            return lambda step: list(keras.ops.convert_to_tensor(drawn[part] / (1 - rate or 1)))

        theirs.cell.get_dropout_mask = factors("dropout", rates[0])
        theirs.cell.get_recurrent_dropout_mask = factors("recurrent_dropout", rates[1])
        hold_layers(ours, theirs, x, "float64", training=True)
        hold_layers(ours, theirs, x, "float64", training=False)
        assert ours.cell._dropout_mask is None  # so that the next sequence draws anew


def test_states_are_kept_from_batch_to_batch_as_in_keras() -> None:
    x = normal(0, 2, 6, 4, 2)

    def program(library: Any) -> Any:
        whole = made(library, 1, 3, 2, padding="same", return_sequences=True)
        kept = made(library, 1, 3, 2, padding="same", return_sequences=True, stateful=True)
        for layer in (whole, kept):
            layer.build((2, 3, 4, 2))
            layer.set_weights([normal(i, *w.shape) for i, w in enumerate(layer.weights)])
        parts = [array(kept(x[:, :3])), array(kept(x[:, 3:]))]
        kept.reset_state()
        return array(whole(x)), np.concatenate(parts, axis=1), array(kept(x[:, :3]))

    with both_float_types("float64"):
        (whole, parts, again), theirs = on_both(program)
    hold(parts, whole, 1e-12)
    hold(again, whole[:, :3], 1e-12)
    hold([whole, parts, again], theirs, 1e-12)


def test_a_conv_lstm_of_single_places_is_an_lstm() -> None:
    x = normal(0, 3, 5, 4)
    ours = layers.LSTM(2, return_sequences=True, dtype="float64")
    conv = layers.ConvLSTM1D(2, 1, return_sequences=True, dtype="float64")
    expected = ours(x)
    conv.build((3, 5, 1, 4))
    kernel, recurrent_kernel, bias = ours.get_weights()
    conv.set_weights([kernel[None], recurrent_kernel[None], bias])
    hold(conv(x[:, :, None]).numpy()[:, :, 0], expected, 1e-12)


# -- configurations, shapes, files, errors ---------------------------------------------------------

EVERY: dict[str, Any] = {
    "strides": 2,
    "padding": "SAME",
    "data_format": "channels_first",
    "activation": "relu",
    "recurrent_activation": "hard_sigmoid",
    "use_bias": False,
    "kernel_initializer": "he_normal",
    "recurrent_initializer": "zeros",
    "bias_initializer": "ones",
    "unit_forget_bias": False,
    "kernel_regularizer": "l2",
    "recurrent_regularizer": "l2",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "kernel_constraint": "max_norm",
    "recurrent_constraint": "unit_norm",
    "bias_constraint": "non_neg",
    "dropout": 0.25,
    "recurrent_dropout": 0.5,
    "seed": 3,
    "return_sequences": True,
    "return_state": True,
    "go_backwards": True,
    "stateful": True,
    "unroll": True,
    "zero_output_for_mask": True,
    "name": "film",
    "trainable": False,
}


def test_configurations_match_keras() -> None:
    same_configs(
        *[
            lambda library, rank=rank, options=options: made(library, rank, 2, 3, **options)
            for rank in (1, 2, 3)
            for options in ({}, EVERY, {"dilation_rate": [2] * rank})
        ],
        lambda library: library.layers.ConvLSTM2D(2, (1, 3), dilation_rate=(1, 2)),
    )


def test_weights_begin_as_keras_ones() -> None:
    def program(library: Any) -> Any:
        layer = made(library, 2, 3, (2, 1))
        layer.build((None, None, 4, 4, 2))
        kernel, recurrent_kernel, bias = layer.get_weights()
        return [w.path for w in layer.weights], kernel.shape, recurrent_kernel.shape, bias.tolist()

    ours, theirs = on_both(program)
    assert ours == theirs and ours[3] == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]


@each_rank
def test_shapes_and_masks_in_a_graph_are_keras(rank: int) -> None:
    def program(library: Any) -> Any:
        x = library.Input((None, *(5,) * rank, 2))
        found = []
        for options in (
            {},
            {"return_sequences": True, "strides": 2},
            {"return_sequences": True, "return_state": True, "padding": "same"},
        ):
            outputs = made(library, rank, 3, 2, **options)(x)
            outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
            found.append([tuple(y.shape) for y in outputs])
        return found

    ours, theirs = on_both(program)
    assert ours == theirs


def film_network(library: Any) -> Any:
    k = library.layers
    x = library.Input((3, 6, 6, 1))
    y = k.ConvLSTM2D(3, 3, padding="same", return_sequences=True, recurrent_dropout=0.1)(x)
    y = k.ConvLSTM2D(2, 2, strides=2, activation="relu")(y)
    z = k.ConvLSTM1D(2, 3, go_backwards=True)(k.Reshape((3, 6, 6))(x))
    volume = k.ConvLSTM3D(1, 2)(k.Reshape((3, 3, 2, 3, 2))(x))
    flat = [k.Flatten()(part) for part in (y, z, volume)]
    return library.Model(x, k.Dense(1)(k.Concatenate()(flat)))


def test_a_network_of_all_goes_to_keras_and_back(tmp_path: Path) -> None:
    x = normal(0, 2, 3, 6, 6, 1).astype("float32")
    theirs = film_network(keras)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = array(theirs(x))
    hold(loaded(x), expected, 1e-5)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    hold(again(x), expected, 0.0)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"filters": 0}, "filters"),
        ({"kernel_size": 0}, "kernel_size"),
        ({"kernel_size": (1, 2, 3)}, "kernel_size"),
        ({"padding": "causal"}, "padding"),
        ({"padding": "some"}, "padding"),
        ({"data_format": "channels_middle"}, "data_format"),
        ({"strides": 2, "dilation_rate": 2}, "strides"),
    ],
)
def test_misuse_is_a_value_error(options: dict[str, Any], match: str) -> None:
    given_options = {"filters": 2, "kernel_size": 2, **options}
    with pytest.raises(ValueError, match=match):
        layers.ConvLSTM2D(**given_options)
    if match != "filters":  # which Keras finds out later
        with pytest.raises(ValueError):
            keras.layers.ConvLSTM2D(**given_options)


def test_inputs_that_do_not_fit_are_value_errors_as_in_keras() -> None:
    for library in (numpynn, keras):
        for shape in ((2, 3, 4, 1), (2, 3, 4, 4, 4, 1)):
            with pytest.raises(ValueError):
                made(library, 2, 1, 2)(np.zeros(shape))
        for steps in ((None, None, 4, 1), (None, 4, 4, None)):
            with pytest.raises(ValueError):
                made(library, 2, 1, 2)(library.Input(steps))
    with pytest.raises(ValueError, match="fit into the input"):
        layers.ConvLSTM2D(1, 5)(np.zeros((1, 2, 4, 4, 1)))
    with pytest.raises(ValueError, match="batch size"):
        layers.ConvLSTM2D(1, 2, stateful=True)(numpynn.Input((2, 4, 4, 1)))
