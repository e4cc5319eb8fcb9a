"""BackupAndRestore: a run that was killed goes on where it was, to the last bit.

    backup_dir/latest.weights.h5         weights, the optimizer's state, the learning rate
    backup_dir/training_metadata.json    where the run was, the random streams, and which weights
                                         belong to it, by their checksum

The two change as one. New weights get a name of their own first; the new metadata, which replaces
the old at one moment, names their checksum; then they take their place. Whenever the process dies,
the metadata and some file of weights fit each other.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from numpynn import random
from numpynn.callbacks.base import Callback, Logs
from numpynn.callbacks.checkpoints import BatchCount
from numpynn.saving.archive import written_whole


class BackupAndRestore(Callback):
    """Backs training up after every epoch, or every `save_freq` batches; the next `fit` goes on.

    A run that died, by whatever means, is repeated with the same program: model, data, arguments.
    `fit` then begins at the backup and ends with the same weights, bit by bit, as without the
    interruption: where `set_random_seed` made the run repeatable, an epoch is one pass over arrays,
    and other callbacks remember nothing of their own. With NumPy alone the weights are `.npz`.
    backup_dir: for this callback alone. double_checkpoint: keep the backup before the last, too,
    for the case that the last cannot be read. delete_checkpoint: remove all when training ends.
    Raises ValueError for an empty backup_dir, other frequencies, and a model that is not built;
    OSError where a backup is damaged.
    """

    def __init__(
        self,
        backup_dir: str | os.PathLike[str],
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError(f"`backup_dir` must name a folder; got {backup_dir!r}.")
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._count = BatchCount(save_freq)
        self._epoch = 0
        self._streams: list[Any] = []  # at the beginning of the epoch
        self._postponed = False  # a backup that is due after the last batch of an epoch
        self._within: dict[str, Any] | None = None  # the backup that this epoch goes on from
        folder = Path(backup_dir)
        ending = "weights.h5" if importlib.util.find_spec("h5py") else "weights.npz"
        self._weights = folder / f"latest.{ending}"
        self._new_weights = folder / f"next.{ending}"
        self._old_weights = folder / f"latest.{ending}.bkp"
        self._metadata = folder / "training_metadata.json"
        self._old_metadata = folder / "training_metadata.json.bkp"

    # -- hooks ----------------------------------------------------------------------------------

    def on_train_begin(self, logs: Logs = None) -> None:
        if not self.model.built:
            raise ValueError(
                f"BackupAndRestore needs a model that is built before fit(); '{self.model.name}' "
                "is not: call it on a batch of data, or build() it."
            )
        metadata = self._load()
        # `fit` begins where these two say, and forgets them when it ends.
        self.model._initial_epoch = metadata.get("epoch")
        self.model._initial_batch = metadata.get("batches")
        self._within = metadata if metadata.get("batches") else None
        if "streams_of_epoch" in metadata:
            _set_streams(self.model, metadata["streams_of_epoch"])

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch
        self._streams = _streams(self.model)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        backup, self._within = self._within, None
        if backup is not None and batch == backup["batches"]:
            # What other callbacks did at the beginning of the epoch, they did before the backup.
            self._load()
            _set_streams(self.model, backup["streams"])
            _set_figures(self.model, backup["figures"])

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._count.due(batch):
            self._postponed = batch + 1 == self.params["steps"]
            if not self._postponed:
                self._save(self._epoch, batch, batch + 1)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch" or self._postponed:
            self._postponed = False
            self._streams = _streams(self.model)
            self._save(epoch + 1, 0, 0)

    def on_train_end(self, logs: Logs = None) -> None:
        if self.delete_checkpoint and os.path.isdir(self.backup_dir):
            shutil.rmtree(self.backup_dir)

    # -- files ----------------------------------------------------------------------------------

    def _save(self, epoch: int, batch: int, batches: int) -> None:
        """Back up. The run goes on in `epoch`, of which `batches` are done; Keras reads `batch`."""
        os.makedirs(self.backup_dir, exist_ok=True)
        self.model.save_weights(self._new_weights, overwrite=True)
        metadata = {
            "epoch": epoch,
            "batch": batch,
            "batches": batches,
            "weights": _checksum(self._new_weights),
            "streams_of_epoch": self._streams,
            "streams": _streams(self.model),
            "figures": _figures(self.model) if batches else [],
        }
        if self.double_checkpoint:
            _copy(self._metadata, self._old_metadata)
        with written_whole(self._metadata) as temporary:
            temporary.write_text(json.dumps(metadata))
        if self.double_checkpoint and self._weights.exists():
            os.replace(self._weights, self._old_weights)
        os.replace(self._new_weights, self._weights)

    def _load(self) -> dict[str, Any]:
        """Give the model the last weights that can be read; returns their metadata, {} if none."""
        failure: Exception | None = None
        for metadata, weights in self._backups():
            self._put_in_place(weights)
            if self.model.optimizer is not None and not self.model.optimizer.built:
                self.model.optimizer.build(self.model.trainable_variables)
            try:
                self.model.load_weights(self._weights)
            except (OSError, ValueError) as error:
                failure = failure or error
                continue
            if metadata == _read_json(self._old_metadata):
                _copy(self._old_metadata, self._metadata)
            return metadata
        if failure is not None:
            raise failure
        if self._metadata.exists():
            raise OSError(
                f"The backup in {self.backup_dir!r} is damaged: none of its weights are those that "
                f"'{self._metadata.name}' speaks of. Remove the folder to begin anew."
            )
        return {}

    def _backups(self) -> Iterator[tuple[dict[str, Any], Path]]:
        """The metadata and the weights that belong to them, the latest first.

        Keras writes no checksums: there the names tell what belongs together.
        """
        pairs = [(self._metadata, self._weights), (self._old_metadata, self._old_weights)]
        for path, namesake in pairs:
            metadata = _read_json(path)
            if "weights" in metadata:
                for weights in (self._weights, self._new_weights, self._old_weights):
                    if weights.exists() and _checksum(weights) == metadata["weights"]:
                        yield metadata, weights
            elif namesake.exists():
                yield metadata, namesake

    def _put_in_place(self, weights: Path) -> None:
        if weights == self._new_weights:  # the last step of `_save`, which did not come to it
            os.replace(weights, self._weights)
        elif weights == self._old_weights:
            _copy(weights, self._weights)


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        with written_whole(target) as temporary:
            shutil.copy(source, temporary)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a file; {} where there is none, or no whole one."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


# -- what is beside the weights --------------------------------------------------------------------


def _generators(model: Any) -> list[np.random.Generator]:
    """The generator of this run, and those of the model's layers, in the layers' order."""
    held = [seed for layer in model._flatten_layers() for seed in layer._held(random.SeedGenerator)]
    return [random.generator(), *(seed.generator for seed in dict.fromkeys(held))]


def _streams(model: Any) -> list[Any]:
    """Where the random streams are."""
    return [generator.bit_generator.state for generator in _generators(model)]


def _set_streams(model: Any, states: list[Any]) -> None:
    generators = _generators(model)
    if len(generators) != len(states):
        raise ValueError(
            f"The backup is of a model with {len(states) - 1} random layers; "
            f"'{model.name}' has {len(generators) - 1}."
        )
    for generator, state in zip(generators, states, strict=True):
        generator.bit_generator.state = state


def _figures(model: Any) -> list[Any]:
    """The running means of the epoch so far, as their sums and counts."""
    return [v.numpy().tolist() for metric in model.metrics for v in metric.variables]


def _set_figures(model: Any, values: list[Any]) -> None:
    variables = [v for metric in model.metrics for v in metric.variables]
    if len(variables) != len(values):
        raise ValueError(
            f"The backup is of a model whose metrics have {len(values)} variables; those of "
            f"'{model.name}' have {len(variables)}."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(np.asarray(value, variable.dtype))
