"""Layers that join several inputs into one: sums, extremes, joints, dot products.

    Add()([x, y])    add([x, y])    the same, as a layer and as a function

All but Concatenate and Dot work element by element. Inputs of lower rank get axes of length 1 after
the batch axis, then NumPy's broadcasting applies: (B, D) counts as (B, 1, D) beside (B, T, D).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from numpynn import ops
from numpynn.autograd.tensor import Tensor
from numpynn.layers.base import Layer
from numpynn.ops.dtypes import aligned
from numpynn.typing import Array

Shape = tuple[int | None, ...]


class Merge(Layer):
    """What these layers share: a list of inputs, their common shape, their common mask.

    Raises ValueError for anything but a list of inputs, and for shapes that do not fit.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._rank_differs = False

    def build(self, input_shape: Any) -> None:
        shapes = self._listed(input_shape)
        self.compute_output_shape(shapes)
        self._rank_differs = len({len(shape) for shape in shapes}) > 1

    def call(self, inputs: Sequence[Array]) -> Array:
        if not isinstance(inputs, (list, tuple)):
            self._refuse("a list of inputs", f"a {type(inputs).__name__}")
        dtype = inputs[0].dtype
        if any(x.dtype is not dtype for x in inputs):
            inputs = aligned(*inputs)
        if self._rank_differs:
            rank = max(x.ndim for x in inputs)
            inputs = [x if x.ndim == rank else _with_rank(x, rank) for x in inputs]
        return self.merge(inputs)

    def merge(self, inputs: Sequence[Array]) -> Array:
        """The formula, for inputs of one rank and dtype."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not implement `merge()`.")

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = self._listed(input_shape)
        batch_sizes = {shape[0] for shape in shapes if shape} - {None}
        if len(batch_sizes) > 1:
            self._refuse("inputs of one batch size", f"the shapes {shapes}")
        batch = batch_sizes.pop() if batch_sizes else None
        return (batch, *reduce(self._broadcast, (shape[1:] for shape in shapes)))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """What one of the masks keeps; None unless every input has a mask."""
        masks = self._masks(inputs, mask)
        if masks is None or any(m is None for m in masks):
            return None
        return reduce(np.logical_or, masks)

    def _masks(self, inputs: Any, mask: Any) -> Any:
        if mask is None:
            return None
        if not (isinstance(inputs, (list, tuple)) and isinstance(mask, (list, tuple))):
            self._refuse("lists of inputs and of masks", f"the mask {mask!r}")
        if len(mask) != len(inputs):
            self._refuse("a mask for each input", f"{len(mask)} masks for {len(inputs)} inputs")
        return mask

    def _listed(self, input_shape: Any) -> list[Shape]:
        shapes = input_shape if isinstance(input_shape, (list, tuple)) else ()
        if not shapes or not all(isinstance(shape, (list, tuple)) for shape in shapes):
            self._refuse("a list of inputs", f"the shape {input_shape}")
        return [tuple(shape) for shape in shapes]

    def _broadcast(self, a: Shape, b: Shape) -> Shape:
        """The shape of a result of two shapes without the batch axis, None where unknown."""
        if len(a) < len(b):
            a, b = b, a
        joint = list(a[: len(a) - len(b)])
        for m, n in zip(a[len(a) - len(b) :], b, strict=True):
            if m != n and None not in (m, n) and 1 not in (m, n):
                self._refuse("shapes that broadcast", f"samples of shapes {a} and {b}")
            joint.append(None if m is None or n is None else n if m == 1 else m)
        return tuple(joint)

    def _refuse(self, expected: str, found: str) -> None:
        kind = type(self).__name__
        raise ValueError(f"{kind} layer '{self.name}' expects {expected}; got {found}.")


# -- element by element ----------------------------------------------------------------------------


class Add(Merge):
    """The sum:  y = x₁ + x₂ + …"""

    def merge(self, inputs: Sequence[Array]) -> Array:
        return reduce(operator.add, inputs)


class Subtract(Merge):
    """The difference of two inputs:  y = x₁ - x₂"""

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        if len(input_shape) != 2:
            self._refuse("exactly 2 inputs", f"the shapes {input_shape}")

    def merge(self, inputs: Sequence[Array]) -> Array:
        minuend, subtrahend = inputs
        return minuend - subtrahend


class Average(Merge):
    """The mean of n inputs:  y = (x₁ + x₂ + …) / n.  Masks do not change n."""

    def merge(self, inputs: Sequence[Array]) -> Array:
        return reduce(operator.add, inputs) / len(inputs)


class Multiply(Merge):
    """The product:  y = x₁ · x₂ · …

    What an input's mask excludes counts as 1; where all masks exclude it, the product is 0.
    """

    def merge(self, inputs: Sequence[Array]) -> Array:
        masks = [_mask_of(x) for x in inputs]
        factors = [
            x if mask is None else np.where(mask, x, 1)
            for x, mask in zip(inputs, masks, strict=True)
        ]
        product = reduce(operator.mul, factors)
        if any(mask is None for mask in masks):
            return product
        return np.where(reduce(np.logical_or, masks), product, 0)


class Maximum(Merge):
    """The largest, element by element; a tie's gradient goes to the first of the inputs.

    What an input's mask excludes does not count.
    """

    def merge(self, inputs: Sequence[Array]) -> Array:
        return _extreme(np.maximum, inputs)


class Minimum(Merge):
    """The smallest, element by element; a tie's gradient goes to the first of the inputs.

    What an input's mask excludes does not count.
    """

    def merge(self, inputs: Sequence[Array]) -> Array:
        return _extreme(np.minimum, inputs)


def _extreme(choose: Callable[[Array, Array], Array], inputs: Sequence[Array]) -> Array:
    """The chosen of all inputs: a masked value gives way to that of the others."""
    best, best_mask = inputs[0], _mask_of(inputs[0])
    for x in inputs[1:]:
        mask = _mask_of(x)
        if mask is not None:
            x = np.where(mask, x, best)
        if best_mask is not None:
            best = np.where(best_mask, best, x)
        best = choose(best, x)
        best_mask = None if mask is None or best_mask is None else np.logical_or(best_mask, mask)
    return best


def _with_rank(x: Array, rank: int) -> Array:
    """`x` with axes of length 1 after the batch axis."""
    batch, *sample = x.shape
    return x.reshape((batch, *[1] * (rank - x.ndim), *sample))


def _mask_of(x: Array) -> Any:
    """The mask that an input carries, in the input's shape; None without one."""
    mask = x.mask if isinstance(x, Tensor) else None
    return None if mask is None else np.broadcast_to(np.expand_dims(mask, -1), x.shape)


# -- along an axis ---------------------------------------------------------------------------------


class Concatenate(Merge):
    """One input after the other along `axis`; their other sizes are equal."""

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        shapes = self._listed(input_shape)
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes) or not -rank <= self.axis < rank:
            self._refuse(f"inputs of one rank with an axis {self.axis}", f"the shapes {shapes}")
        for axis in set(range(rank)) - {self.axis % rank}:
            if len({shape[axis] for shape in shapes} - {None}) > 1:
                self._refuse(f"equal sizes along axis {axis}", f"the shapes {shapes}")

    def merge(self, inputs: Sequence[Array]) -> Array:
        return np.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape: Any) -> Any:
        shapes = self._listed(input_shape)
        joint = list(shapes[0])
        sizes = [shape[self.axis] for shape in shapes]
        joint[self.axis] = None if None in sizes else sum(n for n in sizes if n is not None)
        return tuple(joint)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks joined as the inputs are; a step counts where one of its features does."""
        masks = self._masks(inputs, mask)
        if masks is None or all(m is None for m in masks):
            return None
        kept = []
        for x, m in zip(inputs, masks, strict=True):
            if m is None:
                m = np.ones(x.shape, bool)
            elif m.ndim < x.ndim:
                m = np.logical_or(np.expand_dims(m, -1), np.zeros(x.shape, bool))
            kept.append(m)
        return np.any(np.concatenate(kept, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


class Dot(Merge):
    """Dot products of two inputs, sample by sample:  y_b… = Σ_k x_b…k… z_b…k…

    axes: the axis of x and the axis of z that k runs over, or one number for both; not the batch.
    normalize: both at length 1 along it first, which gives the cosine of the angle between them.
    x (B, …, n, …)   z (B, …, n, …)   y (B, rest of x, rest of z), with (B, 1) where nothing is left
    Raises TypeError or ValueError for axes that are not such numbers, ValueError for unequal sizes.
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise TypeError(f"`axes` of Dot must be a number or two numbers; got {axes!r}.")
        if not isinstance(axes, int) and [type(axis) for axis in axes] != [int, int]:
            raise ValueError(f"`axes` of Dot must be a number or two numbers; got {axes!r}.")
        self.axes = axes
        self.normalize = normalize

    def build(self, input_shape: Any) -> None:
        x, z = self._two(input_shape)
        if min(len(x), len(z)) < 2:
            self._refuse("inputs of rank 2 or more", f"the shapes {x} and {z}")
        of_x, of_z = self._positive_axes(len(x), len(z))
        if of_x == 0 or of_z == 0:
            self._refuse("axes other than the batch axis 0", f"axes={self.axes}")
        if x[of_x] != z[of_z] and x[of_x] is not None and z[of_z] is not None:
            self._refuse(
                f"equal sizes along axis {of_x} of the first and {of_z} of the second input",
                f"the shapes {x} and {z}",
            )

    def call(self, inputs: Sequence[Array]) -> Array:
        x, z = aligned(*inputs)
        if len(x) != len(z):
            self._refuse("inputs of one batch size", f"the shapes {x.shape} and {z.shape}")
        of_x, of_z = self._positive_axes(x.ndim, z.ndim)
        if self.normalize:
            x, z = ops.normalize(x, axis=of_x), ops.normalize(z, axis=of_z)
        return _batch_dot(x, z, of_x, of_z)

    def compute_output_shape(self, input_shape: Any) -> Any:
        x, z = self._two(input_shape)
        of_x, of_z = self._positive_axes(len(x), len(z))
        rest = [*x[:of_x], *x[of_x + 1 :], *z[1:of_z], *z[of_z + 1 :]]
        return tuple(rest) if len(rest) > 1 else (*rest, 1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: a sum over steps has none."""
        return None

    def _two(self, input_shape: Any) -> list[Shape]:
        shapes = self._listed(input_shape)
        if len(shapes) != 2:
            self._refuse("a list of 2 inputs", f"the shapes {shapes}")
        return shapes

    def _positive_axes(self, *ranks: int) -> list[int]:
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        for axis, rank in zip(axes, ranks, strict=True):
            if not -rank <= axis < rank:
                raise np.exceptions.AxisError(
                    f"Dot layer '{self.name}' has no axis {axis} in an input of rank {rank}."
                )
        return [axis % rank for axis, rank in zip(axes, ranks, strict=True)]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _batch_dot(x: Array, z: Array, of_x: int, of_z: int) -> Array:
    """One matrix product a sample, k running along the rows of x and the columns of z."""
    rest_of_x = [axis for axis in range(1, x.ndim) if axis != of_x]
    rest_of_z = [axis for axis in range(1, z.ndim) if axis != of_z]
    batch, n = x.shape[0], x.shape[of_x]
    rows = [x.shape[axis] for axis in rest_of_x]
    columns = [z.shape[axis] for axis in rest_of_z]
    x = _arranged(x, (0, *rest_of_x, of_x), (batch, math.prod(rows), n))
    z = _arranged(z, (0, of_z, *rest_of_z), (batch, n, math.prod(columns)))
    return np.reshape(x @ z, (batch, *rows, *columns) if rows or columns else (batch, 1))


def _arranged(x: Array, axes: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """`x` with its axes in this order, then in this shape."""
    if axes != tuple(range(x.ndim)):
        x = x.transpose(axes)
    return x if x.shape == shape else x.reshape(shape)


# -- as functions ----------------------------------------------------------------------------------


def add(inputs: Sequence[Array], **kwargs: Any) -> Array:
    """The sum of the inputs: `Add`."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Array], **kwargs: Any) -> Array:
    """The difference of two inputs: `Subtract`."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Array], **kwargs: Any) -> Array:
    """The product of the inputs: `Multiply`."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Array], **kwargs: Any) -> Array:
    """The mean of the inputs: `Average`."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Array], **kwargs: Any) -> Array:
    """The largest of the inputs, element by element: `Maximum`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Array], **kwargs: Any) -> Array:
    """The smallest of the inputs, element by element: `Minimum`."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Array], axis: int = -1, **kwargs: Any) -> Array:
    """One input after the other along `axis`: `Concatenate`."""
    return Concatenate(axis=axis, **kwargs)(inputs)


def dot(inputs: Sequence[Array], axes: int | Sequence[int] = -1, **kwargs: Any) -> Array:
    """The dot products of two inputs along `axes`: `Dot`."""
    return Dot(axes=axes, **kwargs)(inputs)
