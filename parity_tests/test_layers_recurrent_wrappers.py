"""Bidirectional, TimeDistributed and cells of one's own: values and gradients against Keras."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, agree, array, both_float_types, filled, hold, normal
from recurrent_cases import KINDS, hold_layers, masked_sequences, masks, pair, sequences

import numpynn
from numpynn import layers

each_kind = pytest.mark.parametrize("kind", KINDS)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)


# -- Bidirectional ---------------------------------------------------------------------------------


@each_float_type
@given(
    drawn=masked_sequences(3),
    kind=st.sampled_from(KINDS),
    merge_mode=st.sampled_from(["concat", "sum", "ave", "mul", None]),
    return_sequences=st.booleans(),
    begins=st.booleans(),
)
@settings(max_examples=15)
def test_bidirectional_matches_keras(
    dtype: str,
    drawn: tuple[Any, Any],
    kind: str,
    merge_mode: str | None,
    return_sequences: bool,
    begins: bool,
) -> None:
    x, mask = drawn

    def make(library: Any) -> Any:
        layer = getattr(library.layers, kind)(2, return_sequences=return_sequences)
        layer.return_state = True  # in its configuration, from which both are made
        return library.layers.Bidirectional(layer, merge_mode)

    with both_float_types(dtype):
        ours, theirs = pair(make, x.shape)
        count = 4 if kind == "LSTM" else 2
        states = [normal(i, len(x), 2) / 2 for i in range(count)] if begins else None
        hold_layers(ours, theirs, x, dtype, states, mask=mask)


@given(drawn=masked_sequences(3), return_sequences=st.booleans())
@settings(max_examples=6)
def test_a_backward_layer_of_another_kind_matches_keras(
    drawn: tuple[Any, Any], return_sequences: bool
) -> None:
    x, mask = drawn

    def make(library: Any) -> Any:
        k = library.layers
        backward = k.GRU(3, go_backwards=True, return_sequences=return_sequences)
        return k.Bidirectional(
            k.LSTM(2, return_sequences=return_sequences), backward_layer=backward
        )

    with both_float_types("float64"):
        hold_layers(*pair(make, x.shape), x, "float64", mask=mask)


@each_kind
@given(drawn=masked_sequences(4), return_sequences=st.booleans())
@settings(max_examples=10)
def test_bidirectional_is_two_layers(
    kind: str, drawn: tuple[Any, Any], return_sequences: bool
) -> None:
    """One reads forwards, and the other backwards, as far as the mask lets them."""
    x, mask = drawn
    both = layers.Bidirectional(getattr(layers, kind)(2, return_sequences=return_sequences))
    both.build(x.shape)
    parts = []
    for backwards, cell in ((False, both.forward_layer.cell), (True, both.backward_layer.cell)):
        alone = layers.RNN(
            cell, return_sequences, go_backwards=backwards, zero_output_for_mask=return_sequences
        )
        y = array(alone(x, mask=mask))
        parts.append(y[:, ::-1] if backwards and return_sequences else y)
    hold(both(x, mask=mask), np.concatenate(parts, axis=-1), 1e-6)


def test_padding_on_the_right_does_not_reach_what_is_read_backwards() -> None:
    x, mask = normal(0, 2, 5, 3), np.arange(5) < 3
    layer = layers.Bidirectional(layers.LSTM(2, return_sequences=True))
    short = array(layer(x[:, :3]))
    y = array(layer(x, mask=np.stack([mask, mask])))
    hold(y[:, :3], short, 1e-6)
    assert np.all(y[:, 3:] == 0) and not np.allclose(array(layer(x))[:, :3], short)


# -- TimeDistributed -------------------------------------------------------------------------------


@each_float_type
@given(x=filled(hnp.array_shapes(min_dims=3, max_dims=4, max_side=3)), bias=st.booleans())
@settings(max_examples=10)
def test_time_distributed_dense_matches_keras_and_is_dense(dtype: str, x: Any, bias: bool) -> None:
    with both_float_types(dtype):
        ours, _ = agree(
            lambda library: library.layers.TimeDistributed(
                library.layers.Dense(2, "tanh", use_bias=bias)
            ),
            [x],
            dtype,
        )
        hold(ours(x), ours.layer(x), BARS[dtype]["forward"])


def inner_layers(library: Any) -> dict[str, Any]:
    k = library.layers
    return {
        "conv": k.Conv1D(3, 2, padding="same", activation="relu"),
        "pool": k.GlobalAveragePooling1D(),
        "flatten": k.Flatten(),
        "recurrent": k.GRU(2, return_sequences=True),
        "model": library.Sequential([k.Dense(3, "tanh"), k.LSTM(2)]),
        "twice": k.TimeDistributed(k.Dense(2)),
        "statistics": k.BatchNormalization(),
    }


@pytest.mark.parametrize("inner", inner_layers(numpynn))
def test_time_distributed_matches_keras_around_other_layers(inner: str) -> None:
    x = normal(0, 3, 2, 4, 3)
    with both_float_types("float64"):
        ours, theirs = pair(
            lambda library: library.layers.TimeDistributed(inner_layers(library)[inner]), x.shape
        )
        hold_layers(ours, theirs, x, "float64", training=True)
        hold(ours.get_weights(), theirs.get_weights(), 1e-12)  # running statistics too
    for shape in (x.shape, (None, None, *x.shape[2:])):
        assert ours.compute_output_shape(shape) == theirs.compute_output_shape(shape)


def test_time_distributed_sees_one_step_where_samples_are_mixed() -> None:
    """By an activation, or by a class, of one's own; layers that keep them apart see all steps."""

    class Centred(layers.Dense):
        def call(self, inputs: Any, training: Any = None) -> Any:
            y = super().call(inputs)
            return y - np.mean(y, axis=0)

    x = normal(0, 2, 3, 4)
    for inner, counts in (
        (layers.Dense(2, lambda y: y - np.mean(y, axis=0)), 3),
        (Centred(2), 3),
        (layers.Dense(2), 1),
    ):
        each = layers.TimeDistributed(inner)
        each.build(x.shape)
        call, seen = inner.call, []
        inner.__dict__["call"] = lambda x, call=call, seen=seen, **k: seen.append(x) or call(x, **k)
        y = each(x)
        assert len(seen) == counts
        hold(y, np.stack([array(call(x[:, t].astype("float32"))) for t in range(3)], 1), 1e-6)


@given(x=filled((2, 3, 2, 2)), mask=hnp.arrays(bool, (2, 3, 2)))
@settings(max_examples=5)
def test_time_distributed_hands_each_step_its_mask(x: Any, mask: Any) -> None:
    with both_float_types("float64"):
        ours, theirs = pair(
            lambda library: library.layers.TimeDistributed(library.layers.SimpleRNN(2)), x.shape
        )
        hold_layers(ours, theirs, x, "float64", mask=mask)


# -- cells of one's own ----------------------------------------------------------------------------


def minimal_cell(library: Any) -> Any:
    """h' = x W + h R, as in the course."""

    class MinimalRNNCell(library.layers.Layer):  # type: ignore[misc]
        def __init__(self, units: int, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units = units
            self.state_size = units

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((input_shape[-1], self.units), "uniform", name="kernel")
            self.recurrent_kernel = self.add_weight(
                (self.units, self.units), "uniform", name="recurrent_kernel"
            )
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            h = library.ops.matmul(inputs, self.kernel)
            output = h + library.ops.matmul(states[0], self.recurrent_kernel)
            return output, [output]

        def get_config(self) -> Any:
            return {**super().get_config(), "units": self.units}

    return MinimalRNNCell


def summing_cell(library: Any) -> Any:
    """Two states of different sizes, an output of a third, states before the first step of ones."""

    class SummingCell(library.layers.Layer):  # type: ignore[misc]
        state_size = (2, 3)
        output_size = 4

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((input_shape[-1] + 5, 4), name="kernel")
            self.built = True

        def get_initial_state(self, batch_size: Any = None) -> Any:
            return [library.ops.ones((batch_size, size), self.compute_dtype) for size in (2, 3)]

        def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
            joined = library.ops.concatenate([inputs, *states], axis=-1)
            output = library.ops.tanh(library.ops.matmul(joined, self.kernel))
            output = output * 2 if training else output
            return output, [states[0] + output[:, :2], output[:, 1:]]

    return SummingCell


@each_float_type
@given(drawn=masked_sequences(3), return_sequences=st.booleans(), go_backwards=st.booleans())
@settings(max_examples=6)
def test_rnn_around_cells_of_ones_own_matches_keras(
    dtype: str, drawn: tuple[Any, Any], return_sequences: bool, go_backwards: bool
) -> None:
    x, mask = drawn
    for make in (
        lambda library: minimal_cell(library)(2),
        lambda library: summing_cell(library)(),
        lambda library: library.layers.StackedRNNCells(
            [minimal_cell(library)(2), summing_cell(library)()]
        ),
    ):
        with both_float_types(dtype):
            ours, theirs = pair(
                lambda library, make=make: library.layers.RNN(
                    make(library), return_sequences, True, go_backwards
                ),
                x.shape,
            )
            hold_layers(ours, theirs, x, dtype, mask=mask, training=return_sequences)


def test_a_bidirectional_layer_makes_a_cell_of_ones_own_anew() -> None:
    x = normal(0, 2, 3, 2)
    with both_float_types("float64"):
        ours, theirs = pair(
            lambda library: (
                library.layers.Bidirectional(library.layers.RNN(minimal_cell(library)(2)))
                if library is numpynn
                else keras.layers.Bidirectional(_registered(minimal_cell(keras)))
            ),
            x.shape,
        )
        hold_layers(ours, theirs, x, "float64")
    assert ours.forward_layer.cell is not ours.backward_layer.cell


def _registered(cell: Any) -> Any:
    """Keras finds a class inside of a function only where it is registered."""
    keras.saving.register_keras_serializable("tests")(cell)
    return keras.layers.RNN(cell(2))


class Doubling:
    """A cell that is no layer:  y = h' = 2 h + x."""

    state_size = 2

    def call(self, inputs: Any, states: Any) -> Any:
        output = 2 * states[0] + inputs
        return output, [output]


@given(x=sequences(4).filter(lambda x: x.shape[2] == 2))
@settings(max_examples=5)
def test_a_cell_may_be_any_object(x: Any) -> None:
    expected = np.zeros((len(x), 2))
    for t in range(x.shape[1]):
        expected = 2 * expected + x[:, t]
    for cell in (Doubling(), [Doubling()]):
        hold(layers.RNN(cell)(x), expected, 1e-5)
    hold(keras.layers.RNN([Doubling()])(x.astype("float32")), expected, 1e-5)


@given(data=st.data(), x=sequences(4))
@settings(max_examples=10)
def test_a_masked_step_changes_nothing(data: Any, x: Any) -> None:
    """What is masked may be anything, and the rest is what remains without it."""
    mask = data.draw(masks(x).filter(lambda m: m is not None))
    layer = layers.RNN([layers.LSTMCell(2), layers.GRUCell(3)])
    other = np.where(mask[..., None], x, 100.0)
    hold(layer(other, mask=mask), array(layer(x, mask=mask)), 0.0)
    for row, counts in zip(x, mask, strict=True):
        if counts.any():
            alone = array(layer(row[None], mask=counts[None]))
            hold(alone, array(layer(row[counts][None])), 1e-6)
