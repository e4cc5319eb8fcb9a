"""pad_sequences and timeseries_dataset_from_array against Keras."""

from __future__ import annotations

import warnings
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import array, both_float_types, hold, normal, on_both

import numpynn
from numpynn.utils import pad_sequences, timeseries_dataset_from_array

# -- padding ---------------------------------------------------------------------------------------

lists = st.lists(st.lists(st.integers(-5, 99), max_size=6), min_size=1, max_size=5)
where = st.sampled_from(["pre", "post"])


def same(sequences: Any, **options: Any) -> None:
    ours, theirs = (
        pad_sequences(sequences, **options),
        keras.utils.pad_sequences(sequences, **options),
    )
    assert ours.dtype == theirs.dtype
    np.testing.assert_array_equal(ours, theirs)


@given(
    sequences=lists,
    maxlen=st.none() | st.integers(1, 8),
    dtype=st.sampled_from(["int32", "float32", "float64", "int64"]),
    padding=where,
    truncating=where,
    value=st.sampled_from([0.0, 7, -1.5]),
)
def test_padding_matches_keras(sequences: Any, **options: Any) -> None:
    same(sequences, **options)
    same([np.array(s, "float32") + 0.75 for s in sequences], **options)


@given(
    lengths=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    step=hnp.array_shapes(min_dims=0, max_dims=2, max_side=3),
    padding=where,
    truncating=where,
)
def test_padding_of_steps_with_features_matches_keras(
    lengths: Any, step: Any, padding: str, truncating: str
) -> None:
    sequences = [normal(i, n, *step) for i, n in enumerate(lengths)]
    for maxlen in (None, 2):
        same(sequences, maxlen=maxlen, dtype="float64", padding=padding, truncating=truncating)
        rows = [s.tolist() for s in sequences]
        same(rows, maxlen=maxlen, dtype="float64", padding=padding, truncating=truncating)


def test_padding_of_text_matches_keras() -> None:
    words = [["a"], ["b", "long"], []]
    same(words, dtype=object, value="<pad>")
    same(words, dtype="<U9", value="<pad>", padding="post")
    same([(1, 2), range(3)], maxlen=4)
    same([], maxlen=3)


def test_padding_to_nothing_leaves_nothing() -> None:
    """Keras cuts off all but the last zero steps, and finds that this is everything."""
    for side in ("pre", "post"):
        assert pad_sequences([[1, 2], [3]], maxlen=0, truncating=side).shape == (2, 0)


@pytest.mark.parametrize(
    ("sequences", "options", "match"),
    [
        (5, {}, "list of sequences"),
        ([1, 2], {}, "number 0 is 1|non-iterable: 1"),
        ([[1], 2], {}, "number 1 is 2|non-iterable: 2"),
        ([], {}, "empty"),
        ([[1, 2]], {"padding": "middle"}, "middle"),
        ([[1, 2]], {"truncating": "middle"}, "middle"),
        ([[[1, 2]], [[1]]], {}, "shape"),
        ([[1]], {"value": "text"}, "object"),
        ([["word"]], {}, "word"),
    ],
)
def test_what_cannot_be_padded_is_a_value_error(sequences: Any, options: Any, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        pad_sequences(sequences, **options)
    with pytest.raises(ValueError):
        keras.utils.pad_sequences(sequences, **options)


# -- windows ---------------------------------------------------------------------------------------


def batches(dataset: Any) -> list[Any]:
    return [
        [array(part) for part in (batch if isinstance(batch, tuple) else (batch,))]
        for batch in dataset
    ]


@st.composite
def series(draw: Any) -> dict[str, Any]:
    """Every argument but those of the shuffle."""
    steps = draw(st.integers(2, 30))
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
    dtype = draw(st.sampled_from(["float32", "float64", "int32", "int64"]))
    start = draw(st.none() | st.integers(0, steps - 1))
    end = draw(st.none() | st.integers((start or 0) + 1, steps)) if steps > 1 else None
    end = None if end == steps else end
    options = {
        "sequence_length": draw(st.integers(1, 6)),
        "sequence_stride": draw(st.integers(1, steps - 1)),
        "sampling_rate": draw(st.integers(1, min(3, steps - 1))),
        "batch_size": draw(st.sampled_from([None, 1, 3, 128])),
        "start_index": start,
        "end_index": end,
    }
    targets = None
    if draw(st.booleans()):
        extra = draw(st.integers(0, 3))
        targets = normal(1, steps + extra, *draw(st.sampled_from([(), (2,)])))
    return {"data": (10 * normal(0, steps, *shape)).astype(dtype), "targets": targets, **options}


@given(arguments=series())
def test_windows_match_keras(arguments: dict[str, Any]) -> None:
    ours = timeseries_dataset_from_array(**arguments)
    theirs = keras.utils.timeseries_dataset_from_array(**arguments)
    found, expected = batches(ours), batches(theirs)
    assert len(found) == len(expected) == len(ours)
    assert (
        isinstance(next(iter(ours), ()), tuple) == (arguments["targets"] is not None) or not found
    )
    for a, b in zip(found, expected, strict=True):
        for part, other in zip(a, b, strict=True):
            assert part.dtype == other.dtype
            np.testing.assert_array_equal(part, other)
    for a, b in zip(batches(ours), found, strict=True):  # again and again
        hold(a, b, 0.0)


def test_the_windows_of_keras_own_example() -> None:
    dataset = timeseries_dataset_from_array(
        np.arange(99), None, sequence_length=10, sampling_rate=2, sequence_stride=3
    )
    [[windows]] = batches(dataset)
    assert windows[0].tolist() == list(range(0, 20, 2))
    assert windows[1].tolist() == list(range(3, 22, 2))
    assert windows[-1].tolist() == list(range(78, 97, 2))


def test_windows_of_python_lists() -> None:
    found = [
        batches(library.utils.timeseries_dataset_from_array([1.0, 2.0, 3.0], [0, 1], 2))
        for library in (numpynn, keras)
    ]
    assert [part.dtype for part in found[0][0]] == [part.dtype for part in found[1][0]]
    hold(found[0], found[1], 0.0)


@given(seed=st.integers(0, 99), batch_size=st.sampled_from([None, 4]))
def test_shuffled_windows_keep_their_targets_and_change_order(seed: int, batch_size: Any) -> None:
    data = np.arange(40)

    def orders(seed: int | None) -> list[list[int]]:
        dataset = timeseries_dataset_from_array(
            data, 10 * data, 3, batch_size=batch_size, shuffle=True, seed=seed
        )
        passes = []
        for _ in range(2):
            found = batches(dataset)
            for windows, targets in found:
                np.testing.assert_array_equal(targets, 10 * windows[..., 0])
                np.testing.assert_array_equal(windows[..., 2] - windows[..., 0], 0 * targets + 2)
            passes.append(np.concatenate([np.ravel(w[..., 0]) for w, _ in found]).tolist())
        return passes

    first, second = orders(seed)
    assert sorted(first) == sorted(second) == list(range(38)) and first != second
    assert orders(seed) == [first, second]
    assert orders(seed + 1) != [first, second]
    numpynn.utils.set_random_seed(seed)
    drawn = orders(None)
    numpynn.utils.set_random_seed(seed)
    assert orders(None) == drawn


def test_both_formats_are_the_same() -> None:
    datasets = [
        timeseries_dataset_from_array(np.arange(9.0), None, 3, format=name)
        for name in ("tf", "grain")
    ]
    hold(batches(datasets[0]), batches(datasets[1]), 0.0)


BAD: list[dict[str, Any]] = [
    {"start_index": -1},
    {"start_index": 10},
    {"end_index": -1},
    {"end_index": 10},
    {"start_index": 4, "end_index": 4},
    {"sampling_rate": 0},
    {"sampling_rate": 10},
    {"sequence_stride": 0},
    {"sequence_stride": 10},
    {"format": "zip"},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_numbers_out_of_range_are_value_errors_as_in_keras(bad: dict[str, Any]) -> None:
    name = list(bad)[-1]
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match=name):
            library.utils.timeseries_dataset_from_array(np.arange(10.0), None, 3, **bad)


def test_lengths_must_be_positive_and_targets_enough() -> None:
    for bad in ({"sequence_length": 0}, {"sequence_length": 2, "batch_size": 0}):
        with pytest.raises(ValueError, match=list(bad)[-1]):
            timeseries_dataset_from_array(np.arange(10.0), None, **bad)
    with pytest.raises(ValueError, match="From step 5 on there are 1 targets; window 4 needs"):
        timeseries_dataset_from_array(np.arange(10.0), np.arange(6.0), 1, start_index=5)


def test_fit_evaluate_and_predict_take_windows_as_in_keras() -> None:
    data, kernel = normal(0, 60, 2), normal(1, 8, 1)

    def program(library: Any) -> Any:
        dataset = library.utils.timeseries_dataset_from_array(
            data[:-4], data[4:, :1], 4, batch_size=8, end_index=50
        )
        inputs = library.utils.timeseries_dataset_from_array(data, None, 4, batch_size=16)
        k = library.layers
        model = library.Sequential([library.Input((4, 2)), k.Flatten(), k.Dense(1)])
        model.set_weights([kernel, np.zeros(1)])
        model.compile("adam", "mse", jit_compile=False)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            history = model.fit(
                dataset, epochs=3, validation_data=dataset, verbose=0, shuffle=False
            )
        return [
            history.history["loss"],
            history.history["val_loss"],
            model.evaluate(dataset, verbose=0),
            model.predict(inputs, verbose=0),
        ]

    with both_float_types("float64"):
        ours, theirs = on_both(program)
    hold(ours, theirs, 1e-10)


def test_the_older_names_are_there() -> None:
    from numpynn import preprocessing

    assert preprocessing.sequence.pad_sequences is pad_sequences
    assert preprocessing.timeseries_dataset_from_array is timeseries_dataset_from_array
    assert numpynn.preprocessing is preprocessing
