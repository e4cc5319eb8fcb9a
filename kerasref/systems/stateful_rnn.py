"""Long streams in chunks, the state kept from chunk to chunk (chapter 8)."""

from keras import Input, Sequential, layers, optimizers
from keras.callbacks import Callback

from numpynn.typing import Array


class ResetStates(Callback):
    def on_epoch_begin(self, epoch: int, logs: Array = None) -> None:
        self.model.layers[0].reset_state()

    def on_train_end(self, logs: Array = None) -> None:
        self.model.layers[0].reset_state()


def callbacks() -> list[Array]:
    return [ResetStates()]


def model() -> Array:
    model = Sequential(
        [
            Input(batch_shape=(32, 10, 1)),
            layers.LSTM(8, return_sequences=True, stateful=True),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model
