"""What the cells of SimpleRNN, LSTM and GRU share.

A cell has G blocks of units, one for each gate and one for the news, side by side in its weights:

    kernel W (D, G U)     recurrent_kernel R (U, G U)     bias b (G U,)
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from numpynn import activations, constraints, initializers, random, regularizers
from numpynn.layers.base import Layer
from numpynn.layers.recurrent.dropout import DropoutRNNCell
from numpynn.typing import Array
from numpynn.utils import arguments
from numpynn.variables import Variable

_FAMILIES: dict[str, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
}


class WeightedCell(DropoutRNNCell, Layer):
    """A cell with a kernel for the inputs, one for the state, and a bias.

    weights: initializers, regularizers and constraints by name, `kernel_initializer` and so on.
    functions: activations by name. implementation: 2 multiplies with the blocks of a kernel at
    once; with 1 each block has a dropout mask of its own, and so it does with recurrent_dropout.
    Raises ValueError for units that are no whole number above 0, and for unknown names.
    """

    blocks: ClassVar[int]

    activation: Any
    recurrent_activation: Any
    bias_initializer: Any

    def __init__(
        self,
        units: int,
        functions: dict[str, Any],
        use_bias: bool,
        weights: dict[str, Any],
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        implementation: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = arguments.whole_number(units, "units")
        self.use_bias = use_bias
        for name, value in functions.items():
            setattr(self, name, activations.get(value))
        for name, value in weights.items():
            setattr(self, name, _FAMILIES[name.rpartition("_")[2]].get(value))
        self._functions, self._settings = tuple(functions), tuple(weights)
        self.dropout = min(1.0, max(0.0, dropout))
        self.recurrent_dropout = min(1.0, max(0.0, recurrent_dropout))
        self.implementation = 1 if self.recurrent_dropout else implementation
        if self.implementation == 1 and self.blocks > 1:
            self.dropout_mask_count = self.blocks
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size: Any = self.units
        self.output_size = self.units

    # -- for subclasses -------------------------------------------------------------------------

    def drops(self, rate: float) -> bool:
        """Whether a rate of dropout has an effect. In Keras's LSTM and GRU 1 has none."""
        return 0 < rate < 1

    def add_bias(self) -> Variable:
        """The bias, one number for each column of the kernel."""
        return self.add_of_kind("bias", "bias", (self.blocks * self.units,))

    def settings(self) -> dict[str, Any]:
        """The arguments that make an equal cell, but for those of every layer."""
        found = {
            "units": self.units,
            "use_bias": self.use_bias,
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }
        for name in self._functions:
            found[name] = activations.serialize(getattr(self, name))
        for name in self._settings:
            found[name] = _FAMILIES[name.rpartition("_")[2]].serialize(getattr(self, name))
        return found

    # -- the same for all -----------------------------------------------------------------------

    def add_of_kind(
        self, kind: str, name: str, shape: tuple[int, ...], initializer: Any = None
    ) -> Variable:
        """A weight with the initializer, the regularizer and the constraint of its kind."""
        return self.add_weight(
            shape,
            initializer or getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            name=name,
        )

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        if not features:
            raise ValueError(
                f"{type(self).__name__} '{self.name}' needs to know how many features its input "
                f"has, one at least; got the shape {tuple(input_shape)}."
            )
        columns = self.blocks * self.units
        self.kernel = self.add_of_kind("kernel", "kernel", (features, columns))
        recurrent_shape = (self.units, columns)
        self.recurrent_kernel = self.add_of_kind("recurrent", "recurrent_kernel", recurrent_shape)
        self.bias: Any = self.add_bias() if self.use_bias else None

    def of_inputs(self, inputs: Array, training: bool) -> list[Array]:
        """x W, block by block, of the inputs that dropout leaves."""
        masks = None
        if training and self.drops(self.dropout):
            masks = self.get_dropout_mask(inputs)
        return self._products(inputs, self.kernel, masks)

    def of_state(self, h: Array, training: bool, blocks: int | None = None) -> list[Array]:
        """h R, block by block, of the state that dropout leaves; or the first blocks of it."""
        kernel: Any = self.recurrent_kernel
        if blocks is not None:
            kernel = kernel[:, : blocks * self.units]
        return self._products(h, kernel, self.state_masks(h, training))

    def state_masks(self, h: Array, training: bool) -> Any:
        """Factors of recurrent dropout: None, one array, or a list with one for each block."""
        if not (training and self.drops(self.recurrent_dropout)):
            return None
        return self.get_recurrent_dropout_mask(h)

    def _products(self, values: Array, kernel: Array, masks: Any) -> list[Array]:
        blocks = kernel.shape[1] // self.units
        if isinstance(masks, list):
            pairs = zip(masks[:blocks], np.split(kernel, blocks, axis=1), strict=True)
            return [np.matmul(values * mask, part) for mask, part in pairs]
        products = np.matmul(values if masks is None else values * masks, kernel)
        return list(np.split(products, blocks, axis=-1))

    def get_initial_state(self, batch_size: int | None = None) -> list[Array]:
        """Zeros for each state."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [np.zeros((batch_size or 0, size), self._dtype) for size in sizes]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.settings()}
