"""What `compile` was given, resolved at the first batch, once outputs and targets are known."""

from numpynn.models.compiled.losses import CompileLoss
from numpynn.models.compiled.metrics import CompileMetrics, figure, figures_of

__all__ = ["CompileLoss", "CompileMetrics", "figure", "figures_of"]
