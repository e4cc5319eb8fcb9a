"""Models: layers put together, and the loop that trains them."""

from numpynn.models.cloning import clone_model
from numpynn.models.functional import Functional
from numpynn.models.model import Model
from numpynn.models.sequential import Sequential
from numpynn.saving.models import load_model, model_from_json, save_model

__all__ = [
    "Functional",
    "Model",
    "Sequential",
    "clone_model",
    "load_model",
    "model_from_json",
    "save_model",
]
