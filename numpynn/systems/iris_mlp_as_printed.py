"""Three kinds of iris as the book prints it: Adam at its default learning rate, 0.001.

150 epochs are 600 steps of at most 0.001 each in every weight: often too few.
Source: course book, chapter 3.
"""

from __future__ import annotations

from numpynn import Sequential
from numpynn.systems import iris_mlp
from numpynn.systems.iris_mlp import BATCH_SIZE, EPOCHS, METRIC, data

__all__ = ["BATCH_SIZE", "EPOCHS", "METRIC", "data", "model"]

CHAPTER = "3"
TASK = "three kinds of iris, the printed recipe"


def model() -> Sequential:
    return iris_mlp.model(learning_rate=0.001)
