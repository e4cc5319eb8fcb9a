"""PyDataset: its order, its workers, its options."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from batch_sources import X, Y, drawn, model_of, numbered
from pairs import array, both_float_types, hold

import numpynn
from numpynn import config
from numpynn.models.data import batches_of


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


def test_a_py_dataset_is_shuffled_batch_by_batch() -> None:
    first, second = drawn(numbered(numpynn), epochs=2, shuffle=True)
    order = [
        [int(np.flatnonzero(X[:, 0] == x[0, 0])[0]) for x in epoch] for epoch in (first, second)
    ]
    assert sorted(order[0]) == sorted(order[1]) == [0, 5, 10, 15, 20]
    numpynn.utils.set_random_seed(3)
    again = drawn(numbered(numpynn), shuffle=True)
    numpynn.utils.set_random_seed(3)
    hold(drawn(numbered(numpynn), shuffle=True), again, 0)


def test_workers_make_batches_ahead_in_their_order_with_the_settings_of_the_run() -> None:
    threads, settings = set(), set()

    class Slow(numpynn.utils.PyDataset):
        def __len__(self) -> int:
            return 12

        def __getitem__(self, index: int) -> Any:
            time.sleep(0.02 if index % 3 == 0 else 0.0)
            threads.add(threading.get_ident())
            settings.add(config.floatx())
            return (np.full((2, 1), float(index)),)

    [epoch] = drawn(Slow(workers=4, max_queue_size=6))
    assert [x[0] for x in epoch] == [float(n) for n in range(12)]
    assert len(threads) > 1 and threading.get_ident() not in threads
    assert settings == {"float64"}


def test_workers_look_no_further_ahead_than_the_queue_and_end_with_the_run() -> None:
    asked: list[int] = []

    class Endless(numpynn.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index: int) -> Any:
            asked.append(index)
            return X[:2], Y[:2]

    before = threading.active_count()
    model = model_of(numpynn)
    model.fit(Endless(workers=2, max_queue_size=3), steps_per_epoch=4, shuffle=False, verbose=0)
    assert max(asked) <= 4 + 3
    assert threading.active_count() == before


def test_an_error_in_a_worker_arrives_and_what_was_learnt_stays() -> None:
    class Failing(numpynn.utils.PyDataset):
        def __len__(self) -> int:
            return 5

        def __getitem__(self, index: int) -> Any:
            if index == 3:
                raise OSError("the file is gone")
            return X[:4], Y[:4]

    model = model_of(numpynn)
    with pytest.raises(OSError, match="the file is gone"):
        model.fit(Failing(workers=2), shuffle=False, verbose=0)
    assert int(model.optimizer.iterations) == 3
    model.fit(X, Y, verbose=0)


def test_batches_that_are_none_are_left_out_by_workers() -> None:
    class Sparse(numpynn.utils.PyDataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> Any:
            return None if index % 2 else (np.full((1, 1), float(index)),)

    taken = batches_of(Sparse(workers=2)).batches()
    assert [array(x)[0, 0] for (x,) in taken] == [0.0, 2.0]


def test_options_of_a_py_dataset_are_keras() -> None:
    for library in (numpynn, keras):
        made = library.utils.Sequence(workers=2, use_multiprocessing=True, max_queue_size=4)
        assert isinstance(made, library.utils.PyDataset)
        assert (made.workers, made.use_multiprocessing, made.max_queue_size) == (2, True, 4)
        made.workers, made.use_multiprocessing, made.max_queue_size = 1, False, 10
        assert (made.workers, made.use_multiprocessing, made.max_queue_size) == (1, False, 10)
        for call in (lambda: made[0], lambda: made.num_batches):  # noqa: B023
            with pytest.raises(NotImplementedError):
                call()

        class Forgetful(library.utils.PyDataset):
            def __init__(self) -> None:
                """Without super().__init__()."""

        with pytest.warns(UserWarning, match="super"):
            assert Forgetful().workers == 1
        assert next(iter(numbered(library))) is not None
        assert len(list(numbered(library))) == 5
