"""What happens in training, written down for TensorBoard: the iris network with a log.

    numpynn train tensorboard-log        writes logs/tensorboard-log/train and …/validation
    tensorboard --logdir logs            shows them at http://localhost:6006

The callback writes every figure at the end of an epoch, those on the training data and those on the
fifth of the samples held out to one file each, in the event format that TensorBoard reads: records
of length, checksum, content, checksum. `numpynn compare tensorboard-log --train` also writes what
Keras sees, to logs/tensorboard-log-of-keras, and TensorBoard lays the curves over one another.

Source: notes on callbacks in Keras.
"""

from __future__ import annotations

from typing import Any

from numpynn.callbacks import Callback, TensorBoard
from numpynn.systems import Split
from numpynn.systems.iris_mlp import BATCH_SIZE, METRIC, data, model

__all__ = ["BATCH_SIZE", "METRIC", "data", "model"]

CHAPTER = "callbacks"
TASK = "a log for TensorBoard"
EPOCHS = 60

FOLDER = "logs/tensorboard-log"


def fit_arguments(split: Split) -> dict[str, Any]:
    return {"validation_split": 0.2}


def callbacks(folder: str = FOLDER) -> list[Callback]:
    return [TensorBoard(folder, histogram_freq=0, embeddings_freq=0, update_freq="epoch")]
