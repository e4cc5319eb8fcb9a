"""A run that is killed (SIGKILL) and started again ends bit-identical to one that was not."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from callback_runs import run
from hypothesis import example, given
from hypothesis import strategies as st
from networks import TARGETS, X, network, pair
from pairs import hold
from resumed_run import BATCHES, EPOCHS

import numpynn

PROGRAM = Path(__file__).with_name("resumed_run.py")


class Runs:
    """The program that runs training in new processes."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, folder: Path, **options: Any) -> int:
        """The exit status of a run, which leaves `result.npz` in the folder if it ends well."""
        given = {"backup": str(folder / "backup"), "result": str(folder / "result.npz"), **options}
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps(given), file=self.process.stdin, flush=True)
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    found = Runs()
    yield found
    found.process.communicate()


def result(folder: Path) -> dict[str, Any]:
    with np.load(folder / "result.npz") as found:
        return dict(found)


@pytest.fixture(scope="module")
def uninterrupted(runs: Runs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert runs.start(folder) == 0
    assert not (folder / "backup").exists()
    return result(folder)


def hold_result(folder: Path, uninterrupted: dict[str, Any]) -> None:
    """The same weights, state and streams, bit by bit; of the history the remaining epochs."""
    found = result(folder)
    remaining = list(found.pop("epochs"))
    expected = {name: value for name, value in uninterrupted.items() if name != "epochs"}
    history = json.loads(str(found.pop("history")))
    whole = json.loads(str(expected.pop("history")))
    assert remaining == list(range(EPOCHS))[EPOCHS - len(remaining) :]
    for name, values in history.items():
        assert values == whole[name][EPOCHS - len(remaining) :], name
    assert history or not remaining
    assert found.keys() == expected.keys()
    for name, value in found.items():
        assert value.tobytes() == expected[name].tobytes(), name


epochs = st.integers(0, EPOCHS - 1)
kills = st.one_of(
    st.tuples(st.sampled_from(["on_epoch_begin", "on_epoch_end"]), epochs),
    st.tuples(st.just("on_train_batch_end"), epochs, st.integers(0, BATCHES - 1)),
    st.tuples(st.just("on_test_batch_end"), epochs, st.just(0)),
).map(lambda point: {"kill": point})
renamings = st.integers(0, 24).map(lambda number: {"renaming": number})  # while a backup is written
BETWEEN, WITHIN = {"kill": ("on_epoch_begin", 2)}, {"kill": ("on_train_batch_end", 1, 3)}


@given(
    deaths=st.lists(st.one_of(kills, renamings), min_size=1, max_size=4),
    place=st.sampled_from([0, 2]),
    options=st.fixed_dictionaries(
        {},
        optional={
            "save_freq": st.sampled_from(["epoch", 1, 2, 3, BATCHES, BATCHES + 2]),
            "double_checkpoint": st.booleans(),
        },
    ),
)
@example([BETWEEN], 0, {})
@example([WITHIN], 0, {})
@example([BETWEEN, WITHIN], 2, {"save_freq": 1})
@example([WITHIN], 2, {"save_freq": BATCHES})
def test_a_run_that_is_killed_ends_as_if_nothing_had_happened(
    runs: Runs,
    uninterrupted: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    deaths: list[dict[str, Any]],
    place: int,
    options: dict[str, Any],
) -> None:
    """Killed in or between epochs and while a backup is written, again and again."""
    folder = tmp_path_factory.mktemp("run")
    statuses = [runs.start(folder, place=place, options=options, **death) for death in deaths]
    assert set(statuses) <= {0, -signal.SIGKILL}
    if 0 in statuses:
        assert statuses[0] == -signal.SIGKILL or "renaming" in deaths[0]
        return  # some run came to its end before it was killed; the next began anew
    assert runs.start(folder, options=options) == 0
    hold_result(folder, uninterrupted)


def test_new_interpreters_go_on_too(uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    for death in (BETWEEN, None):
        other = Runs()
        other.start(tmp_path, **(death or {}))
        other.process.communicate()
    hold_result(tmp_path, uninterrupted)


def test_with_numpy_alone(runs: Runs, uninterrupted: dict[str, Any], tmp_path: Path) -> None:
    assert runs.start(tmp_path, without_h5py=True, **WITHIN) == -signal.SIGKILL
    assert (tmp_path / "backup" / "latest.weights.npz").exists()
    assert runs.start(tmp_path, without_h5py=True) == 0
    hold_result(tmp_path, uninterrupted)


def test_the_backup_before_the_last_takes_over_where_that_is_damaged(
    runs: Runs, uninterrupted: dict[str, Any], tmp_path: Path
) -> None:
    options = {"double_checkpoint": True}
    assert runs.start(tmp_path, options=options, **BETWEEN) == -signal.SIGKILL
    weights = tmp_path / "backup" / "latest.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert runs.start(tmp_path, options=options) == 0
    assert list(result(tmp_path)["epochs"]) == [1, 2, 3]
    hold_result(tmp_path, uninterrupted)


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    model = network(numpynn)
    interrupt(numpynn, model, tmp_path)
    weights = tmp_path / "latest.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-100])
    before = model.get_weights()
    with pytest.raises(OSError, match="damaged"):
        go_on(numpynn, model, tmp_path)
    hold(model.get_weights(), before, 0)


# -- against Keras ---------------------------------------------------------------------------------


def interrupt(library: Any, model: Any, folder: Path, **options: Any) -> None:
    """Train for two epochs of four, backing up, until a callback raises."""

    class Interruption(library.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        go_on(library, model, folder, Interruption(), **options)


def go_on(library: Any, model: Any, folder: Path, *callbacks: Any, **options: Any) -> Any:
    backup = library.callbacks.BackupAndRestore(folder, **options)
    return model.fit(
        X,
        TARGETS["regression"],
        epochs=4,
        shuffle=False,
        verbose=0,
        callbacks=[backup, *callbacks],
    )


@pytest.mark.parametrize("double", [False, True])
@pytest.mark.parametrize("order", [(numpynn, keras), (keras, numpynn)], ids=["ours", "Keras's"])
def test_a_backup_of_one_library_goes_on_in_the_other(
    order: Any, double: bool, tmp_path: Path
) -> None:
    first, second = order
    whole, begun, resumed = (dict(zip((numpynn, keras), pair(adam), strict=True)) for _ in range(3))
    for models in (whole, begun):
        models[first].set_weights(whole[keras].get_weights())
    expected = go_on(first, whole[first], tmp_path / "whole")
    interrupt(first, begun[first], tmp_path / "backup", double_checkpoint=double)
    found = go_on(second, resumed[second], tmp_path / "backup", double_checkpoint=double)
    assert found.epoch == [2, 3]
    hold(found.history["loss"], expected.history["loss"][2:], 1e-5)
    hold(resumed[second].get_weights(), whole[first].get_weights(), 1e-4)


def adam(library: Any) -> Any:
    return network(library, optimizer=library.optimizers.Adam(0.01))


def test_a_finished_run_leaves_nothing_behind(tmp_path: Path) -> None:
    for library, model in zip((numpynn, keras), pair(network), strict=True):
        go_on(library, model, tmp_path / library.__name__)
        assert not (tmp_path / library.__name__).exists()
        go_on(library, model, tmp_path / library.__name__, delete_checkpoint=False)
        assert (tmp_path / library.__name__ / "training_metadata.json").exists()


def test_a_model_that_went_on_once_begins_anew_the_next_time(tmp_path: Path) -> None:
    """In Keras it does not: a second `fit` begins where the first one was restored."""
    model = network(numpynn)
    interrupt(numpynn, model, tmp_path)
    assert go_on(numpynn, model, tmp_path).epoch == [2, 3]
    assert go_on(numpynn, model, tmp_path).epoch == [0, 1, 2, 3]


def test_what_keras_refuses_is_refused(tmp_path: Path) -> None:
    for library in (numpynn, keras):
        make = library.callbacks.BackupAndRestore
        with pytest.raises(ValueError, match="backup_dir"):
            make("")
        with pytest.raises(ValueError, match="save_freq"):
            make(tmp_path, save_freq="batch")
        with pytest.raises(ValueError, match="built"):
            unbuilt = library.Sequential([library.layers.Dense(1)])
            run(library, make(tmp_path), [{"loss": 1.0}], model=Wrapped(unbuilt))


class Wrapped:
    """A model with room for what a run without `fit` notes."""

    def __init__(self, model: Any) -> None:
        self.name, self.built, self.optimizer = model.name, model.built, None
