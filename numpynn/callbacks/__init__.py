"""What happens beside training: hooks before and after every batch, epoch and run.

    base.py             Callback, CallbackList, History
    progress.py         ProgbarLogger
    monitor.py          what the callbacks share that follow one figure
    stopping.py         EarlyStopping, TerminateOnNaN
    learning_rate.py    LearningRateScheduler, ReduceLROnPlateau
    checkpoints.py      ModelCheckpoint, SwapEMAWeights
    backup.py           BackupAndRestore
    logs.py             CSVLogger, RemoteMonitor, LambdaCallback
    tensorboard.py      TensorBoard, and the files it writes in event_files.py

Keras's OrbaxCheckpoint is not here: it writes through JAX's orbax. ModelCheckpoint takes its place.
"""

from __future__ import annotations

from typing import Any

from numpynn.callbacks.backup import BackupAndRestore
from numpynn.callbacks.base import Callback, CallbackList, History
from numpynn.callbacks.checkpoints import ModelCheckpoint, SwapEMAWeights
from numpynn.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from numpynn.callbacks.logs import CSVLogger, LambdaCallback, RemoteMonitor
from numpynn.callbacks.progress import ProgbarLogger
from numpynn.callbacks.stopping import EarlyStopping, TerminateOnNaN
from numpynn.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]


def __getattr__(name: str) -> Any:
    if name == "OrbaxCheckpoint":
        raise AttributeError(
            "numpynn has no OrbaxCheckpoint: orbax writes JAX's checkpoints. Use ModelCheckpoint, "
            "or BackupAndRestore for runs that may be interrupted."
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
