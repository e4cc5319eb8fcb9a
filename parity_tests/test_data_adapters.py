"""What fit takes as data: the same batches, hooks, histories and weights as in Keras."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from batch_sources import SIZE, WEIGHTS, Y, batches, drawn, model_of, numbered
from networks import X, hold_recorders, pair, recorder
from pairs import both_float_types, hold

import numpynn
from numpynn.models.data import batches_of


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


def dataset(batch: int = SIZE, known: bool = True) -> Any:
    found = tf.data.Dataset.from_tensor_slices((X, Y)).batch(batch)
    return found if known else found.filter(lambda x, y: True)


# name: the data, by library, and other arguments of fit
SOURCES: dict[str, tuple[Callable[[Any], Any], dict[str, Any]]] = {
    "a generator": (lambda k: batches(), {"epochs": 3}),
    "a generator of one batch": (lambda k: batches(1), {"epochs": 2}),
    "a generator of weights": (lambda k: batches(4, parts=3), {}),
    "a generator in steps": (lambda k: batches(6), {"steps_per_epoch": 2, "epochs": 3}),
    "a generator that ends early": (lambda k: batches(5), {"steps_per_epoch": 2, "epochs": 4}),
    "a generator of many sizes": (lambda k: ((X[:n], Y[:n]) for n in (3, 7, 1)), {}),
    "a PyDataset": (numbered, {"epochs": 2}),
    "a PyDataset of weights": (lambda k: numbered(k, parts=3), {"epochs": 2}),
    "a PyDataset in steps": (numbered, {"epochs": 3, "steps_per_epoch": 3}),
    "a short PyDataset": (numbered, {"epochs": 2, "steps_per_epoch": 8}),
    "an endless PyDataset": (lambda k: numbered(k, None), {"epochs": 2, "steps_per_epoch": 3}),
    "classes of a PyDataset": (numbered, {"class_weight": {0: 2.0, 1: 0.5, -1: 0.0}}),
    "a PyDataset with workers": (lambda k: numbered(k, workers=3), {"epochs": 2}),
    "a tf.data.Dataset": (lambda k: dataset(), {"epochs": 2}),
    "a tf.data.Dataset of unknown size": (lambda k: dataset(known=False), {"epochs": 2}),
    "a long tf.data.Dataset": (lambda k: dataset().repeat(), {"epochs": 2, "steps_per_epoch": 6}),
    "tensors": (lambda k: tf.constant(X), {"y": tf.constant(Y), "epochs": 2}),
    "lists of arrays": (lambda k: [X], {"y": [Y], "sample_weight": [WEIGHTS]}),
    "dicts of arrays": (lambda k: {"input": X}, {"y": Y}),
    "arrays in steps": (lambda k: X, {"y": Y, "batch_size": 4, "steps_per_epoch": 4, "epochs": 4}),
    "arrays in too many steps": (lambda k: X, {"y": Y, "steps_per_epoch": 9, "batch_size": 8}),
}
VALIDATION: dict[str, Callable[[Any], Any]] = {
    "arrays": lambda k: (X, Y, WEIGHTS),
    "a generator": lambda k: batches(3),
    "a PyDataset": numbered,
    "a tf.data.Dataset": lambda k: dataset(),
}


def fitted(library: Any, model: Any, data: Any, options: dict[str, Any]) -> list[Any]:
    """Everything that a run can be compared by."""
    record = recorder(library)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(data, **{"shuffle": False, "verbose": 0, **options}, callbacks=[record])
    ended = sum("data" in str(warning.message) for warning in caught)
    return [record, history.epoch, list(history.history), ended, history.history]


@pytest.mark.parametrize("source", SOURCES)
def test_all_kinds_of_data_train_as_in_keras(source: str) -> None:
    make, options = SOURCES[source]
    models = pair(model_of)
    ours, theirs = (
        fitted(library, model, make(library), options)
        for library, model in zip((numpynn, keras), models, strict=True)
    )
    hold_recorders(ours[0], theirs[0])
    assert ours[1:4] == theirs[1:4]
    hold(ours[4], theirs[4], 1e-10)
    hold(models[0].get_weights(), models[1].get_weights(), 1e-8)


@pytest.mark.parametrize("steps", [None, 2])
@pytest.mark.parametrize("source", VALIDATION)
def test_all_kinds_of_data_validate_as_in_keras(source: str, steps: int | None) -> None:
    models, runs = pair(model_of), []
    for library, model in zip((numpynn, keras), models, strict=True):
        options = {
            "y": Y,
            "epochs": 2,
            "batch_size": 9,
            "validation_data": VALIDATION[source](library),
            "validation_steps": steps,
        }
        runs.append(fitted(library, model, X, options))
    hold_recorders(runs[0][0], runs[1][0])
    assert runs[0][1:4] == runs[1][1:4]
    hold(runs[0][4], runs[1][4], 1e-10)


@pytest.mark.parametrize("source", ["a generator", "a PyDataset", "a tf.data.Dataset"])
def test_all_kinds_of_data_are_evaluated_and_predicted_as_in_keras(source: str) -> None:
    make, _ = SOURCES[source]
    results = []
    for library, model in zip((numpynn, keras), pair(model_of), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            found = [model.evaluate(make(library), verbose=0)]
            found.append(model.evaluate(make(library), steps=2, verbose=0))
            found.append(model.predict(make(library), verbose=0))
            found.append(model.predict(make(library), steps=2, verbose=0))
        results.append(found)
    hold(*results, 1e-10)


@pytest.mark.parametrize("steps", [None, 3])
def test_a_py_dataset_is_told_of_the_epochs_as_in_keras(steps: int | None) -> None:
    asked = []
    for library, model in zip((numpynn, keras), pair(model_of), strict=True):
        data = numbered(library)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            fitted(library, model, data, {"epochs": 2, "steps_per_epoch": steps})
        asked.append([event for event in data.asked if isinstance(event, str)])
    assert asked[0] == asked[1]


# -- what only the batches show --------------------------------------------------------------------


def test_shuffling_within_batches_keeps_the_batches() -> None:
    [epoch] = drawn(X, y=Y, batch_size=8, shuffle="batch")
    for start, batch in zip((0, 8, 16), epoch, strict=True):
        expected = X[start : start + 8]
        assert not np.array_equal(batch, expected)
        np.testing.assert_array_equal(np.sort(batch, axis=0), np.sort(expected, axis=0))


@pytest.mark.parametrize("features", [1, 2000])  # many batches at a time, and one
@pytest.mark.parametrize("batch_size", [1, 4, 23, 30])
def test_targets_and_weights_stay_with_their_samples(features: int, batch_size: int) -> None:
    x = np.repeat(np.arange(23.0)[:, None], features, axis=1)
    y, weights = {"a": np.arange(23), "b": [np.arange(23) + 0.5]}, np.arange(23) * 2
    source = batches_of(x, y, weights, batch_size=batch_size, shuffle=True)
    seen = []
    for batch, targets, weight in source.batches():
        numbers = batch[:, 0]
        np.testing.assert_array_equal(targets["a"], numbers)
        np.testing.assert_array_equal(targets["b"][0], numbers + 0.5)
        np.testing.assert_array_equal(weight["a"], numbers * 2)
        seen += numbers.tolist()
    assert seen != sorted(seen) and sorted(seen) == list(range(23))
    assert source.size == -(-23 // batch_size)


class Frame:
    """As much of a pandas DataFrame, or Series, as data need."""

    def __init__(self, values: Any) -> None:
        self.values = values
        self.ndim = values.ndim
        self.iloc = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.values, dtype)

    def to_numpy(self) -> Any:
        return self.values


class Foreign:
    """Another library's tensor."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self.values, dtype)


def test_data_frames_series_and_foreign_tensors_are_arrays() -> None:
    model = model_of(numpynn)
    expected = model.evaluate(X, Y, sample_weight=WEIGHTS, verbose=0)
    for kind in (Frame, Foreign, numpynn.Tensor):
        found = model.evaluate(kind(X), kind(Y), sample_weight=kind(WEIGHTS), verbose=0)
        assert found == expected
    assert [x.shape for x in drawn(Frame(Y[:, 0]), batch_size=23)[0]] == [(1,)]


class Loader:
    """A data loader: it has a length, and yields lists of foreign tensors."""

    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Iterator[Any]:
        for batch in batches():
            yield [Foreign(part) for part in batch]


@pytest.mark.parametrize(
    ("make", "size"),
    [
        (Loader, 5),
        (lambda: iter(list(batches())), None),
        (lambda: zip(*zip(*batches(), strict=True), strict=True), None),
        (lambda: (batch for batch in batches()), None),
    ],
)
def test_whatever_yields_batches_is_data(make: Callable[[], Any], size: int | None) -> None:
    model, expected = pair(model_of)[0], model_of(numpynn)
    expected.set_weights(model.get_weights())
    assert batches_of(make()).size == size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = model.fit(make(), shuffle=False, verbose=0).history
        assert found == expected.fit(X, Y, SIZE, shuffle=False, verbose=0).history
    weighted = model.fit(Loader(), class_weight={0: 0.0}, shuffle=False, verbose=0).history
    assert weighted["loss"] < found["loss"]


def test_text_is_data_for_inputs_alone() -> None:
    words = np.array([["a"], ["b"]])
    [batch] = batches_of(words).batches()
    np.testing.assert_array_equal(batch, words)
    with pytest.raises(ValueError, match="`y` must hold numbers"):
        batches_of(X[:2], words)


# -- what does not fit -----------------------------------------------------------------------------

# name: arguments of fit, by library, and words that the error must have
WRONG: dict[str, tuple[Callable[[Any], dict[str, Any]], list[str]]] = {
    "an empty generator": (lambda k: {"x": batches(0)}, ["at least one batch"]),
    "a generator of lists": (lambda k: {"x": ([X, Y] for _ in range(2))}, ["tuples", "list"]),
    "a generator of arrays": (lambda k: {"x": (X for _ in range(2))}, ["tuples", "ndarray"]),
    "a generator of four": (lambda k: {"x": ((X,) * 4 for _ in range(2))}, ["4 parts"]),
    "a generator of numbers": (lambda k: {"x": ((1.0, 2.0) for _ in range(2))}, ["x", "float"]),
    "a generator of lists of numbers": (
        lambda k: {"x": (([[1.0, 2.0, 3.0]], [[1.0]]) for _ in range(2))},
        ["x", "np.array"],
    ),
    "a generator and targets": (lambda k: {"x": batches(), "y": Y}, ["generator", "`y`"]),
    "a generator and weights": (
        lambda k: {"x": batches(), "sample_weight": WEIGHTS},
        ["generator", "`sample_weight`"],
    ),
    "classes of a generator": (
        lambda k: {"x": batches(), "class_weight": {0: 1.0}},
        ["class_weight", "generator"],
    ),
    "a split of a generator": (
        lambda k: {"x": batches(), "validation_split": 0.5},
        ["x", "generator"],
    ),
    "a PyDataset and targets": (lambda k: {"x": numbered(k), "y": Y}, ["PyDataset", "`y`"]),
    "an empty PyDataset": (lambda k: {"x": numbered(k, 0)}, ["PyDataset", "0"]),
    "classes and weights of a PyDataset": (
        lambda k: {"x": numbered(k, parts=3), "class_weight": {0: 1.0}},
        ["class_weight", "sample weights"],
    ),
    "classes of three axes": (
        lambda k: {"x": X, "y": Y, "class_weight": {0: 1.0}, "sample_weight": WEIGHTS},
        ["class_weight", "sample_weight"],
    ),
    "a tf.data.Dataset and targets": (lambda k: {"x": dataset(), "y": Y}, ["Dataset", "`y`"]),
    "a set": (lambda k: {"x": object(), "y": Y}, ["`x`", "object"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_data_has_keras_type_and_says_why(case: str) -> None:
    make, words = WRONG[case]
    errors = []
    for library in (numpynn, keras):
        model = model_of(library)
        with warnings.catch_warnings(), pytest.raises(ValueError) as caught:
            warnings.simplefilter("ignore")
            model.fit(**make(library), verbose=0)
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert all(word in str(errors[0]) for word in words), str(errors[0])


def test_orders_that_are_not_ours_to_change_warn_as_in_keras() -> None:
    for source in (lambda k: batches(), lambda k: dataset(), lambda k: numbered(k, None)):
        for library in (numpynn, keras):
            model = model_of(library)
            with pytest.warns(UserWarning, match="shuffle=True"):
                model.fit(source(library), steps_per_epoch=1, verbose=0)
