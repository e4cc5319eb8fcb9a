"""Three kinds of iris as the book prints it (chapter 3): Adam at its default learning rate."""

from kerasref.systems import iris_mlp
from numpynn.typing import Array


def model() -> Array:
    return iris_mlp.model(learning_rate=0.001)
