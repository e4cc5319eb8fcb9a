"""Models: layers put together, and the loop that trains them."""

from numpynn.models.functional import Functional
from numpynn.models.model import Model
from numpynn.models.sequential import Sequential

__all__ = ["Functional", "Model", "Sequential"]
