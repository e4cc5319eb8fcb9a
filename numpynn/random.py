"""Random numbers, with Keras's names.

One `numpy.random.Generator` serves a run: `utils.set_random_seed(s)` makes everything after it
repeatable, bit by bit. A `SeedGenerator` is a stream of its own, for a layer that draws in every
call. The current generator belongs to the thread or async task.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any, TypeAlias
from weakref import WeakSet

import numpy as np

from numpynn import config
from numpynn.autograd.primitive import REPLAYED
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.typing import Array

_current: ContextVar[np.random.Generator | None] = ContextVar("numpynn_generator", default=None)


def generator() -> np.random.Generator:
    """The generator of this thread or task, from fresh entropy unless it was seeded."""
    found = _current.get()
    if found is None:
        found = np.random.default_rng()
        _current.set(found)
    return found


def seed_everything(seed: int) -> None:
    """Start the current generator from `seed`."""
    _current.set(np.random.default_rng(seed))


class SeedGenerator:
    """A stream of random numbers of its own: what stateful layers hold.

    seed: an integer, or None to draw one from the current generator.
    Raises ValueError for seeds that are not integers.
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if kwargs:
            raise ValueError(f"SeedGenerator takes no arguments {sorted(kwargs)}.")
        if seed is None:
            seed = int(generator().integers(2**31 - 1))
        if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
            raise ValueError(f"The seed must be an integer or None; got {seed!r}.")
        self.initial_seed = int(seed)
        self.name = name or "seed_generator"
        self.generator = np.random.default_rng(self.initial_seed)
        _alive.add(self)

    def next(self) -> int:
        """A new integer seed."""
        return int(self.generator.integers(2**31 - 1))

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.initial_seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)


_alive: WeakSet[SeedGenerator] = WeakSet()
Seed: TypeAlias = int | SeedGenerator | None


def generator_of(seed: Seed) -> np.random.Generator:
    """An integer seed draws the same numbers every time; None goes on with the current stream."""
    if seed is None:
        return generator()
    if isinstance(seed, SeedGenerator):
        return seed.generator
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return np.random.default_rng(int(seed))
    raise ValueError(f"`seed` must be an integer, a SeedGenerator or None; got {seed!r}.")


def _saved_states() -> Callable[[], None]:
    """The states of all streams; calling the result returns to them."""
    generators = [generator(), *(stream.generator for stream in _alive)]
    states = [g.bit_generator.state for g in generators]

    def restore() -> None:
        for g, state in zip(generators, states, strict=True):
            g.bit_generator.state = state

    return restore


REPLAYED.append(_saved_states)  # a checkpoint computed twice draws the same numbers twice


def _result(values: Any, dtype: Any) -> Tensor:
    return tensor_of(np.asarray(values, dtype=dtype or config.floatx()), None)


def _shape(shape: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in shape)


def normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Draws from N(mean, stddev²)."""
    return _result(generator_of(seed).normal(mean, stddev, _shape(shape)), dtype)


def truncated_normal(
    shape: Sequence[int],
    mean: float = 0.0,
    stddev: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Draws from N(mean, stddev²), drawn again where more than two `stddev` from the mean."""
    rng = generator_of(seed)
    values = np.asarray(rng.standard_normal(_shape(shape)))
    while (far := np.absolute(values) > 2.0).any():
        values[far] = rng.standard_normal(int(far.sum()))
    return _result(mean + stddev * values, dtype)


def uniform(
    shape: Sequence[int],
    minval: float = 0.0,
    maxval: float = 1.0,
    dtype: Any = None,
    seed: Seed = None,
) -> Tensor:
    """Draws from [minval, maxval); whole numbers for an integer dtype."""
    if dtype is not None and np.dtype(dtype).kind in "iu":
        return randint(shape, int(minval), int(maxval), dtype, seed)
    return _result(generator_of(seed).uniform(minval, maxval, _shape(shape)), dtype)


def randint(
    shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None
) -> Tensor:
    """Whole numbers from minval to maxval - 1."""
    return _result(generator_of(seed).integers(minval, maxval, _shape(shape)), dtype)


def categorical(logits: Array, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Classes drawn with probabilities softmax(logits). logits (B, C), result (B, num_samples).

    The Gumbel trick: argmax of `logits - log(-log u)`.
    """
    scores = logits.array if isinstance(logits, Tensor) else np.asarray(logits)
    if scores.ndim != 2:
        raise ValueError(f"`logits` must have shape (batch, classes); got {scores.shape}.")
    noise = generator_of(seed).gumbel(size=(scores.shape[0], num_samples, scores.shape[1]))
    return _result(np.argmax(scores[:, None, :] + noise, axis=-1), dtype)


def gamma(shape: Sequence[int], alpha: float, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draws from the gamma distribution of shape `alpha` and scale 1."""
    return _result(generator_of(seed).gamma(alpha, size=_shape(shape)), dtype)


def beta(
    shape: Sequence[int], alpha: float, beta: float, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """Draws from the beta distribution."""
    return _result(generator_of(seed).beta(alpha, beta, _shape(shape)), dtype)


def binomial(
    shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Seed = None
) -> Tensor:
    """How many of `counts` trials succeed."""
    return _result(generator_of(seed).binomial(counts, probabilities, _shape(shape)), dtype)


def shuffle(x: Array, axis: int = 0, seed: Seed = None) -> Any:
    """`x` in a random order along `axis`."""
    order = generator_of(seed).permutation(x.shape[axis])
    return np.take(x, order, axis=axis)


def keep_mask(shape: Sequence[int], rate: float, dtype: Any, seed: Seed = None) -> Array:
    """What dropout multiplies with: 0 with probability `rate`, else 1/(1 - rate)."""
    if rate >= 1.0:
        return np.zeros(shape, dtype)
    shape, generator = _shape(shape), generator_of(seed)
    share = float(rate) * 2**16
    if share.is_integer():  # 16 bits say it exactly: 0.27 ms for 258,048 where floats take 0.46
        drawn: Array = np.frombuffer(generator.bytes(2 * math.prod(shape)), np.uint16)
        kept = (drawn >= int(share)).reshape(shape)
    else:
        kept = generator.random(shape, dtype=np.float32) >= rate
    return kept * np.dtype(dtype).type(1.0 / (1.0 - rate))


def dropout(inputs: Array, rate: float, noise_shape: Any = None, seed: Seed = None) -> Any:
    """`inputs` with a share `rate` of the values set to 0, the rest scaled by 1/(1 - rate)."""
    shape = inputs.shape if noise_shape is None else noise_shape
    shape = tuple(n if m is None else m for n, m in zip(inputs.shape, shape, strict=True))
    return inputs * keep_mask(shape, rate, inputs.dtype, seed)
