"""Three kinds of iris from four measurements (chapter 3).

With the book's learning rate, 0.001, 150 epochs often do not suffice (`iris_mlp_as_printed`).
"""

from keras import Input, Sequential, layers, optimizers

from numpynn.typing import Array


def model(learning_rate: float = 0.01) -> Array:
    model = Sequential(
        [
            Input((4,)),
            layers.Dense(10, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizer=optimizers.Adam(learning_rate),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model
