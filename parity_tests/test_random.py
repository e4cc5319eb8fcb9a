"""Random numbers: the distributions, seeds and streams, repeatable runs, one-hot vectors."""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import array, hold, labels, normal
from scipy import stats

import numpynn
from numpynn import random, utils

SHAPE = (100, 200)

DISTRIBUTIONS: dict[str, tuple[Callable[..., Any], Any]] = {
    "normal": (lambda **k: random.normal(SHAPE, 1.0, 2.0, **k), stats.norm(1, 2)),
    "truncated": (
        lambda **k: random.truncated_normal(SHAPE, 1.0, 2.0, **k),
        stats.truncnorm(-2, 2, 1, 2),
    ),
    "uniform": (lambda **k: random.uniform(SHAPE, -1.0, 4.0, **k), stats.uniform(-1, 5)),
    "gamma": (lambda **k: random.gamma(SHAPE, 2.5, **k), stats.gamma(2.5)),
    "beta": (lambda **k: random.beta(SHAPE, 2.0, 3.0, **k), stats.beta(2, 3)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_values_have_their_distribution(name: str) -> None:
    draw, expected = DISTRIBUTIONS[name]
    values = array(draw(dtype="float64", seed=5))
    assert values.shape == SHAPE and values.dtype == np.float64
    assert stats.kstest(values.ravel(), expected.cdf).pvalue > 1e-3
    assert array(draw(seed=5)).dtype == np.float32


def test_whole_numbers_have_their_bounds() -> None:
    drawn = array(random.randint((10000,), -2, 3, seed=1))
    assert drawn.dtype == np.int32 and set(drawn) == {-2, -1, 0, 1, 2}
    assert stats.chisquare(np.bincount(drawn + 2)).pvalue > 1e-3
    assert array(random.uniform((50,), 0, 3, dtype="int64", seed=1)).dtype == np.int64
    counts = array(random.binomial((5000,), 10, 0.3, seed=2))
    assert abs(counts.mean() - 3) < 5 * math.sqrt(2.1 / 5000)


def test_categorical_draws_with_the_softmax_of_its_logits() -> None:
    probabilities = np.array([[0.1, 0.6, 0.3], [0.8, 0.1, 0.1]])
    drawn = array(random.categorical(np.log(probabilities), 5000, seed=3))
    assert drawn.shape == (2, 5000) and drawn.dtype == np.int32
    for row, expected in zip(drawn, probabilities, strict=True):
        assert stats.chisquare(np.bincount(row, minlength=3), expected * 5000).pvalue > 1e-3
    with pytest.raises(ValueError, match="batch, classes"):
        random.categorical(np.zeros(3), 5)


@given(n=st.integers(1, 20), axis=st.integers(0, 1), seed=st.integers(0, 99))
def test_shuffle_permutes_along_one_axis(n: int, axis: int, seed: int) -> None:
    x = np.arange(2.0 * n).reshape((n, 2) if axis == 0 else (2, n))
    shuffled = array(random.shuffle(x, axis, seed))
    moved, original = np.moveaxis(shuffled, axis, 0), np.moveaxis(x, axis, 0)
    assert sorted(map(tuple, moved)) == sorted(map(tuple, original))


def test_dropout_keeps_the_mean_and_its_share() -> None:
    y = array(random.dropout(np.ones(SHAPE), 0.3, seed=1))
    assert set(np.unique(y)) == {0.0, 1 / 0.7}
    assert abs(np.mean(y == 0) - 0.3) < 5 * math.sqrt(0.21 / y.size)
    rows = array(random.dropout(np.ones(SHAPE), 0.5, noise_shape=(None, 1), seed=1))
    assert np.all(rows == rows[:, :1]) and len(np.unique(rows)) == 2


# -- seeds and streams -----------------------------------------------------------------------------


@pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
def test_seeds_streams_and_none(library: Any) -> None:
    def draw(seed: Any = None) -> list[float]:
        return array(library.random.normal((4,), seed=seed)).tolist()

    assert draw(3) == draw(3) != draw(4)
    assert draw() != draw()
    a, b = library.random.SeedGenerator(3), library.random.SeedGenerator(3)
    first, second = draw(a), draw(a)
    assert first != second and [draw(b), draw(b)] == [first, second]
    assert draw(library.random.SeedGenerator()) != draw(library.random.SeedGenerator())
    for bad in ("3", 3.5):
        with pytest.raises(ValueError):
            library.random.SeedGenerator(bad)


def test_set_random_seed_repeats_everything() -> None:
    import random as python_random

    def draws() -> list[Any]:
        utils.set_random_seed(12)
        dropout = numpynn.layers.Dropout(0.5)
        return [
            array(random.normal((3,))).tolist(),
            array(dropout(np.ones((2, 5)), training=True)).tolist(),
            numpynn.initializers.GlorotUniform()((2, 2)).tolist(),
            np.random.rand(),  # noqa: NPY002 - the old stream is seeded too
            python_random.random(),
        ]

    first = draws()
    assert draws() == first
    utils.set_random_seed(13)
    assert array(random.normal((3,))).tolist() != first[0]


def train(epochs: int = 3) -> list[Any]:
    """A run with shuffling, dropout and random weights."""
    utils.set_random_seed(5)
    model = numpynn.Sequential(
        [
            numpynn.Input((6,)),
            numpynn.layers.Dense(50, activation="tanh"),
            numpynn.layers.Dropout(0.3),
            numpynn.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = normal(0, 90, 6), np.arange(90) % 3
    history = model.fit(x, y, batch_size=16, epochs=epochs, validation_split=0.2, verbose=0)
    return [*model.get_weights(), *history.history.values(), model.predict(x, verbose=0)]


def test_the_same_seed_trains_bit_for_bit_alike() -> None:
    for a, b in zip(train(), train(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_threads_and_tasks_have_streams_of_their_own() -> None:
    alone = train(1)
    results: list[Any] = [None, None]

    def run(i: int) -> None:
        results[i] = train(1)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def tasks() -> list[Any]:
        async def one() -> Any:
            utils.set_random_seed(5)
            first = array(random.normal((2,)))
            await asyncio.sleep(0)
            return [first, array(random.normal((2,)))]

        return await asyncio.gather(one(), one())

    for result in results:
        hold(result, alone, 0)
    hold(*asyncio.run(tasks()), 0)


@pytest.mark.parametrize("bad", [-1, 2**32, "1", 1.5, None])
def test_seeds_that_are_none_are_refused(bad: Any) -> None:
    with pytest.raises(ValueError, match="seed"):
        utils.set_random_seed(bad)


# -- utils -----------------------------------------------------------------------------------------


@given(st.data(), st.sampled_from([(4,), (4, 1), (2, 3), (2, 3, 1), (1,), ()]), st.booleans())
def test_to_categorical_matches_keras(data: Any, shape: tuple[int, ...], told: bool) -> None:
    x = data.draw(labels(shape, 5))
    found = utils.to_categorical(x, 5 if told else None)
    expected = keras.utils.to_categorical(x, 5 if told else None)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("bad", [[0, 3], [-1, 2]])
def test_to_categorical_names_the_class_that_is_out_of_range(bad: list[int]) -> None:
    with pytest.raises(ValueError, match=r"class (3|-1) at position .* 0 … 2"):
        utils.to_categorical(bad, 3)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_normalize_matches_keras(axis: int, order: int) -> None:
    x = normal(0, 3, 4)
    x[1] = 0
    x[:, 2] = 0
    hold(utils.normalize(x, axis, order), keras.utils.normalize(x, axis or -2, order), 1e-12)
