"""One or many in, one or many out: five forms of recurrence (chapter 8)."""

from keras import Input, Model, layers, optimizers

from numpynn.typing import Array


def model() -> Array:
    one, many = Input((4,), name="one"), Input((None, 4), name="many")
    counted = layers.SimpleRNN(32, return_sequences=True)(layers.RepeatVector(6)(one))
    every = layers.SimpleRNN(32, return_sequences=True)(many)
    last = layers.LSTM(32)(many)
    read = layers.LSTM(32)(many)
    told = layers.LSTM(32, return_sequences=True)(layers.RepeatVector(3)(read))
    outputs = {
        "one_to_one": layers.Dense(4, activation="softmax", name="one_to_one")(one),
        "one_to_many": layers.Dense(4, activation="softmax", name="one_to_many")(counted),
        "many_to_one": layers.Dense(4, activation="softmax", name="many_to_one")(last),
        "many_to_many": layers.Dense(4, activation="softmax", name="many_to_many")(every),
        "encoder_decoder": layers.Dense(4, activation="softmax", name="encoder_decoder")(told),
    }
    model = Model({"one": one, "many": many}, outputs)
    model.compile(
        optimizers.Adam(0.01),
        {name: "sparse_categorical_crossentropy" for name in outputs},
        metrics={name: ["accuracy"] for name in outputs},
    )
    return model
