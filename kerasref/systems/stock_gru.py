"""Tomorrow's price of a share from the sixty before, by three GRUs (chapter 8)."""

from keras import Input, Sequential, layers

from numpynn.typing import Array


def model() -> Array:
    model = Sequential(
        [
            Input((60, 1)),
            layers.GRU(50, return_sequences=True),
            layers.Dropout(0.2),
            layers.GRU(50, return_sequences=True),
            layers.Dropout(0.2),
            layers.GRU(50),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model
