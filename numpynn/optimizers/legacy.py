"""The names of Keras 2's optimizers, which Keras 3 keeps only to say that they are gone."""

from __future__ import annotations

from typing import Any


class LegacyOptimizer:
    """Raises ImportError when it is made."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ImportError(
            "`optimizers.legacy` is not supported in Keras 3, nor here. The optimizers of the same "
            "names in `optimizers` take their place."
        )


Adagrad = Adam = Ftrl = Optimizer = RMSprop = SGD = LegacyOptimizer
