"""Models: layers put together, and the loop that trains them."""

from numpynn.models.sequential import Model, Sequential

__all__ = ["Model", "Sequential"]
