"""Forms of waves by stacked cells, simple and LSTM (chapters 8 and 9)."""

from keras import Input, Model, layers

from numpynn.typing import Array


def model() -> Array:
    x = Input((16, 2))
    cells = layers.StackedRNNCells([layers.SimpleRNNCell(24), layers.SimpleRNNCell(128)])
    simple = layers.RNN(cells, name="stacked_simple")(x)
    lstm = layers.RNN([layers.LSTMCell(128) for _ in range(2)], name="stacked_lstm")(x)
    outputs = {
        "simple": layers.Dense(3, activation="softmax", name="simple")(simple),
        "lstm": layers.Dense(3, activation="softmax", name="lstm")(lstm),
    }
    model = Model(x, outputs)
    model.compile(
        "adam",
        {"simple": "sparse_categorical_crossentropy", "lstm": "sparse_categorical_crossentropy"},
        metrics={"simple": ["accuracy"], "lstm": ["accuracy"]},
    )
    return model
