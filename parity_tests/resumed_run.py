"""A training run in a process of its own, which is killed on the way or reports how it ended.

python resumed_run.py '{"backup": FOLDER, "result": FILE, …}'
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from typing import Any

import numpy as np

import numpynn as keras

EPOCHS, BATCHES, BATCH_SIZE = 4, 5, 6


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(keras.callbacks.Callback):
    """Kills the process in a hook: ("on_epoch_end", epoch), or with the batch as third."""

    def __init__(self, point: list[Any]) -> None:
        super().__init__()
        self.point = tuple(point)
        self.epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.epoch = epoch
        self._check("on_epoch_begin", epoch)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._check("on_train_batch_end", self.epoch, batch)

    def on_test_batch_end(self, batch: int, logs: Any = None) -> None:
        self._check("on_test_batch_end", self.epoch, batch)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._check("on_epoch_end", epoch)

    def _check(self, *here: Any) -> None:
        if here == self.point:
            die()


def kill_at_renaming(number: int) -> None:
    """Kill the process when it gives a file its name for the n-th time: just before and after."""
    rename, calls = os.replace, iter(range(10**6))

    def replace(source: Any, target: Any) -> None:
        call = next(calls)
        if call == number // 2 and number % 2 == 0:
            die()
        rename(source, target)
        if call == number // 2:
            die()

    os.replace = replace


def network() -> Any:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(6, activation="tanh"),
            layers.Dropout(0.5),
            layers.GaussianNoise(0.1, seed=3),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def main(options: dict[str, Any]) -> None:
    if options.get("without_h5py"):
        sys.modules["h5py"] = None  # type: ignore[assignment]
    keras.utils.set_random_seed(1)
    rows = BATCHES * BATCH_SIZE - 2
    data = np.random.default_rng(0)
    x, y = data.normal(size=(rows, 3)), data.integers(3, size=rows)
    callbacks: list[Any] = [
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        keras.callbacks.BackupAndRestore(options["backup"], **options.get("options", {})),
    ]
    if "kill" in options:
        callbacks.insert(options.get("place", 2), Killer(options["kill"]))
    if "renaming" in options:
        kill_at_renaming(options["renaming"])
    model = network()
    history = model.fit(
        x,
        y,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        validation_data=(x[:9], y[:9]),
        verbose=0,
        callbacks=callbacks,
    )
    np.savez(
        options["result"],
        history=json.dumps(history.history),
        epochs=history.epoch,
        draw=keras.random.uniform((3,)),
        **{f"weight_{i}": w for i, w in enumerate(model.get_weights())},
        **{f"state_{i}": v.numpy() for i, v in enumerate(model.optimizer.variables)},
    )


def status_of(options: dict[str, Any]) -> int:
    """Run in a new process: 0 where it ended well, minus the signal where it was killed."""
    process = os.fork()
    if process == 0:
        status = 1
        try:
            main(options)
            status = 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


if __name__ == "__main__":
    network()  # imports what the runs need
    os.fsync = lambda file: None  # only the process dies, not the machine
    for line in sys.stdin:
        print(status_of(json.loads(line)), flush=True)
