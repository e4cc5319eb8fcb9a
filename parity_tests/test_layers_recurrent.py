"""Recurrent layers: values and all gradients against Keras, for drawn options, masks, states."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from factory import same_kind
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, array, both_float_types, derived, hold, normal, on_both
from recurrent_cases import (
    KINDS,
    flat,
    hold_layers,
    masked_sequences,
    pair,
    sequences,
    states_for,
)

import numpynn
from kerasref.backend import inject

each_kind = pytest.mark.parametrize("kind", KINDS)
each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

ACTIVATIONS = ["tanh", "tanh", "relu", None, "elu"]  # the first three have a fused form


@st.composite
def options(draw: Any, kind: str) -> dict[str, Any]:
    """Arguments of a layer that change what it computes."""
    found = {
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
        "zero_output_for_mask": draw(st.booleans()),
    }
    # Unrolled and backwards, Keras puts the zeros of masked steps in the other order.
    unrolls = not (found["go_backwards"] and found["zero_output_for_mask"])
    found["unroll"] = unrolls and draw(st.booleans())
    if kind != "SimpleRNN":
        gate = st.sampled_from(["sigmoid", "sigmoid", "hard_sigmoid"])
        found["recurrent_activation"] = draw(gate)
        found["implementation"] = draw(st.sampled_from([1, 2]))
    if kind == "GRU":
        found["reset_after"] = draw(st.booleans())
    return found


# -- whole sequences -------------------------------------------------------------------------------


@each_float_type
@each_kind
@given(data=st.data(), drawn=masked_sequences(), units=st.integers(1, 3), begins=st.booleans())
@settings(max_examples=15)
def test_a_layer_matches_keras(
    dtype: str, kind: str, data: Any, drawn: tuple[Any, Any], units: int, begins: bool
) -> None:
    x, mask = drawn
    chosen = data.draw(options(kind))
    with both_float_types(dtype):
        ours, theirs = pair(
            lambda library: getattr(library.layers, kind)(units, return_state=True, **chosen),
            x.shape,
            seed=units,
        )
        states = states_for(ours, len(x), 7) if begins else None
        hold_layers(ours, theirs, x, dtype, states, mask=mask)


@each_kind
@given(drawn=masked_sequences(), go_backwards=st.booleans(), zeros=st.booleans())
def test_the_fused_form_equals_the_loop_over_the_cell(
    kind: str, drawn: tuple[Any, Any], go_backwards: bool, zeros: bool
) -> None:
    """Which a reader studies, and which NumPy's rules differentiate."""
    x, mask = drawn
    with both_float_types("float64"):
        fused = getattr(numpynn.layers, kind)(3, bias_initializer="random_normal")
        fused.build(x.shape)
        assert fused.has_fused_form()
        for name in ("return_sequences", "return_state"):
            setattr(fused, name, True)
        fused.go_backwards, fused.zero_output_for_mask = go_backwards, zeros
        loop = numpynn.layers.RNN(fused.cell, True, True, go_backwards, zero_output_for_mask=zeros)
        states = states_for(fused, len(x), 3)
        results = [
            derived(
                numpynn,
                lambda x, *s, layer=layer: flat(numpynn, layer(x, initial_state=s, mask=mask)),
                [x, *states],
                fused.trainable_variables,
            )
            for layer in (fused, loop)
        ]
    hold(*results, 1e-11)


@each_kind
@pytest.mark.parametrize("size", [30.0, 1e6, 1e30])
def test_large_numbers_saturate_as_in_keras(kind: str, size: float) -> None:
    x = normal(0, 3, 4, 2) * size
    for dtype in FLOAT_TYPES:
        with both_float_types(dtype):
            ours, theirs = pair(
                lambda library: getattr(library.layers, kind)(3, return_sequences=True), x.shape
            )
            values = [array(layer(x.astype(dtype))) for layer in (ours, theirs)]
            hold(*values, BARS[dtype]["forward"])


@each_kind
@pytest.mark.parametrize("special", [np.inf, -np.inf, np.nan])
def test_nan_and_infinity_stand_where_keras_has_them(kind: str, special: float) -> None:
    x = normal(0, 3, 4, 2).astype("float32")
    x[1, 2, 0] = special
    ours, theirs = pair(
        lambda library: getattr(library.layers, kind)(3, return_sequences=True), x.shape
    )
    same_kind(array(ours(x)), array(theirs(x)), "values")
    assert np.isfinite(array(ours(x))[[0, 2]]).all() and np.isfinite(array(ours(x))[1, :2]).all()


# -- one step --------------------------------------------------------------------------------------


@each_float_type
@each_kind
@given(data=st.data(), x=sequences(1), units=st.integers(1, 3))
@settings(max_examples=8)
def test_a_cell_matches_keras(dtype: str, kind: str, data: Any, x: Any, units: int) -> None:
    chosen = data.draw(options(kind))
    chosen = {
        name: value
        for name, value in chosen.items()
        if name not in ("return_sequences", "go_backwards", "zero_output_for_mask", "unroll")
    }
    x = x[:, 0]
    with both_float_types(dtype):
        ours, theirs = pair(
            lambda library: getattr(library.layers, kind + "Cell")(units, **chosen), x.shape
        )
        states = [a.astype(dtype) for a in states_for(ours, len(x), 5)]
        results = [
            derived(
                library,
                lambda x, *s, layer=layer, library=library: flat(library, layer(x, list(s))),
                [x.astype(dtype), *states],
                layer.trainable_variables,
            )
            for library, layer in ((numpynn, ours), (keras, theirs))
        ]
    (values, gradients), (expected, expected_gradients) = results
    hold(values, expected, BARS[dtype]["forward"])
    hold(gradients, expected_gradients, BARS[dtype]["gradient"])


@pytest.mark.parametrize("kind", ["SimpleRNN", "GRU"])
def test_a_cell_of_one_state_takes_it_without_a_list(kind: str) -> None:
    x, h = normal(0, 2, 3).astype("float32"), normal(1, 2, 2).astype("float32")
    for layer in pair(lambda library: getattr(library.layers, kind + "Cell")(2), x.shape):
        y, state = layer(x, h)
        listed, (in_list,) = layer(x, [h])
        hold([y, state, listed], [array(in_list)] * 3, 1e-7)


# -- stacked cells ---------------------------------------------------------------------------------

STACKS = [("LSTM", "GRU"), ("GRU", "SimpleRNN", "LSTM"), ("SimpleRNN", "SimpleRNN")]


@each_float_type
@given(
    drawn=masked_sequences(3),
    stack=st.sampled_from(STACKS),
    return_sequences=st.booleans(),
    go_backwards=st.booleans(),
    begins=st.booleans(),
)
@settings(max_examples=10)
def test_stacked_cells_match_keras(
    dtype: str,
    drawn: tuple[Any, Any],
    stack: tuple[str, ...],
    return_sequences: bool,
    go_backwards: bool,
    begins: bool,
) -> None:
    x, mask = drawn

    def make(library: Any) -> Any:
        cells = [getattr(library.layers, f"{kind}Cell")(n + 2) for n, kind in enumerate(stack)]
        return library.layers.RNN(cells, return_sequences, True, go_backwards)

    with both_float_types(dtype):
        ours, theirs = pair(make, x.shape)
        states = states_for(ours, len(x), 3) if begins else None
        hold_layers(ours, theirs, x, dtype, states, mask=mask)


# -- dropout, with the same masks ------------------------------------------------------------------


@each_float_type
@each_kind
@given(
    drawn=masked_sequences(3),
    rates=st.sampled_from([(0.5, 0.0), (0.0, 0.25), (0.25, 0.5), (1.0, 0.0), (0.5, 1.0)]),
    implementation=st.sampled_from([1, 2]),
    reset_after=st.booleans(),
    seed=st.integers(0, 99),
)
@example(
    drawn=(normal(0, 2, 3, 2), None), rates=(0.5, 0.5), implementation=1, reset_after=False, seed=0
)
@settings(max_examples=8)
def test_dropout_matches_keras_with_the_same_masks(
    dtype: str,
    kind: str,
    drawn: tuple[Any, Any],
    rates: tuple[float, float],
    implementation: int,
    reset_after: bool,
    seed: int,
) -> None:
    x, mask = drawn
    chosen = {"dropout": rates[0], "recurrent_dropout": rates[1], "return_sequences": True}
    if kind != "SimpleRNN":
        # Keras looks for a GPU's kernel, and breaks off there where a gate has its own mask.
        chosen |= {"implementation": implementation, "use_cudnn": False}
    if kind == "GRU":
        chosen["reset_after"] = reset_after

    with both_float_types(dtype):
        ours, theirs = pair(
            lambda library: library.Sequential(
                [library.Input(x.shape[1:]), getattr(library.layers, kind)(3, **chosen)]
            ),
            (None, *x.shape[1:]),
        )
        injected = inject(theirs, len(x))
        numbers = injected.draw(np.random.default_rng(seed), len(x))
        injected.assign(numbers)
        injected.give(ours, numbers)
        hold_layers(ours.layers[0], theirs.layers[0], x, dtype, mask=mask, training=True)


@each_kind
def test_cells_without_dropout_ask_for_no_masks(kind: str) -> None:
    """They have a random generator in both libraries, which stays as it is."""

    def program(library: Any) -> Any:
        k = library.layers
        inner = getattr(k, kind)(2, return_sequences=True)
        both = k.Bidirectional(getattr(k, kind)(2, recurrent_dropout=0.5))
        return library.Sequential([library.Input((3, 2)), inner, k.Dropout(0.5), both])

    ours, theirs = on_both(program)
    ours.set_weights(theirs.get_weights())
    x = normal(0, 4, 3, 2).astype("float32")
    injected = inject(theirs, 4)
    numbers = injected.draw(np.random.default_rng(0), 4)
    gates = {"SimpleRNN": 1, "LSTM": 4, "GRU": 3}[kind]
    assert [drawn.shape for drawn in numbers] == [(4, 3, 2), *[(4, 2 * gates)] * 2]
    injected.assign(numbers)
    injected.give(ours, numbers)
    hold(ours(x, training=True), array(theirs(x, training=True)), 1e-5)


@each_kind
def test_a_dropout_mask_serves_all_steps_of_one_call_and_no_other(kind: str) -> None:
    drawn = []
    layer = getattr(numpynn.layers, kind)(3, dropout=0.5, recurrent_dropout=0.5)
    draw = layer.cell.keep_mask
    layer.cell.__dict__["keep_mask"] = lambda values, part: drawn.append(part) or draw(values, part)
    x = normal(0, 2, 5, 3)
    for calls in (1, 2):
        layer(x, training=True)
        assert drawn == ["dropout", "recurrent_dropout"] * calls
    layer(x)
    assert len(drawn) == 4


@pytest.mark.parametrize("implementation", [1, 2])
def test_how_many_masks_are_drawn(implementation: int) -> None:
    for kind, gates in (("LSTM", 4), ("GRU", 3)):
        cell = getattr(numpynn.layers, f"{kind}Cell")(2, dropout=0.5, implementation=implementation)
        theirs = getattr(keras.layers, f"{kind}Cell")(2, dropout=0.5, implementation=implementation)
        for layer in (cell, theirs):
            found = layer.get_dropout_mask(np.ones((3, 5), "float32"))
            assert isinstance(found, list) == (implementation == 1)
            assert len(found) == (gates if implementation == 1 else 3)
            assert array(found[0]).shape == ((3, 5) if implementation == 1 else (5,))


@each_kind
def test_dropout_drops_its_share_and_keeps_the_mean(kind: str) -> None:
    cell = getattr(numpynn.layers, f"{kind}Cell")(2, dropout=0.2, recurrent_dropout=0.5, seed=1)
    ones = np.ones((300, 300), "float32")
    for factors, rate in (
        (cell.get_dropout_mask(ones), 0.2),
        (cell.get_recurrent_dropout_mask(ones), 0.5),
    ):
        each = factors if isinstance(factors, list) else [factors]
        for mask in each:
            assert abs(np.mean(mask == 0) - rate) < 0.02
            assert np.all((mask == 0) | np.isclose(mask, 1 / (1 - rate)))
        assert len(each) == 1 or not np.array_equal(each[0], each[1])
