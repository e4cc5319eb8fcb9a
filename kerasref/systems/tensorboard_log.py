"""A log for TensorBoard (callbacks): the iris network, its figures written at every epoch's end."""

from keras.callbacks import TensorBoard

from kerasref.systems.iris_mlp import model
from numpynn.typing import Array

__all__ = ["model"]

FOLDER = "logs/tensorboard-log-of-keras"


def callbacks(folder: str = FOLDER) -> list[Array]:
    return [TensorBoard(folder, histogram_freq=0, embeddings_freq=0, update_freq="epoch")]
