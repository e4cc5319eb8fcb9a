"""The whole test of a function, made from its name and its domain.

    check(np.tanh, tf.tanh, elementwise(REAL))
    check(np.matmul, tf.matmul, shaped("(n,k),(k,m)", REAL))
    check(np.sum, tf.reduce_sum, reduction(REAL))

draws calls with Hypothesis and holds, for each of them:

1. the values of the Tensor form against NumPy's own (where `function` takes arrays) and against
   `reference`, which is TensorFlow's or Keras's function of the same arguments;
2. the first derivatives (`vjp` with drawn cotangents) against `tf.GradientTape`, and `jvp` against
   differences of the values;
3. `vᵀ(J u) = (vᵀJ) u`: both ways of differentiating agree;
4. the second derivatives (of the gradient in a drawn direction) against two nested tapes and
   against differences of the first derivatives;
5. all of it again in float32, against the float64 results of the same inputs (drawn numbers are
   float32 numbers, so both see the same), with no float64 anywhere in the recorded graph.

An error is `max|a - b| / max(1, max|b|)`, and the cotangents are scaled by a power of two that
brings the largest gradient to about 1, since the formula is absolute below 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis.extra.numpy as hnp
import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from numpynn.autograd import Tensor, grad, jvp, vjp
from numpynn.autograd.structure import leaves
from numpynn.autograd.tape import reachable

# The bars of float64 and float32, for values and for gradients; differences are less exact.
BARS = {"float64": (1e-12, 1e-10), "float32": (1e-5, 1e-4)}
DIFFERENCE_BAR = 1e-8
STEP = 2.0**-12  # of the differences, which are exact up to its fourth power


# -- what is drawn ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Domain:
    """Where a function is well conditioned: numbers in `low … high`.

    avoid: kinks and poles; no number comes closer to one than `margin`.
    distinct: no two numbers of an array are closer than `margin`, for extremes and sorting.
    """

    low: float = -2.0
    high: float = 2.0
    avoid: tuple[float, ...] = ()
    margin: float = 0.05
    distinct: bool = False

    def arrays(self, shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
        """float64 arrays of `shape` whose numbers are float32 numbers too."""
        steps = int((self.high - self.low) / (self.margin if self.distinct else 2.0**-7))
        whole = hnp.arrays(np.int64, shape, elements=st.integers(0, steps), unique=self.distinct)
        return whole.map(lambda k: self._placed(self.low + (self.high - self.low) * k / steps))

    def _placed(self, x: Any) -> Any:
        for pole in self.avoid:
            side = np.where(x >= pole, 1.0, -1.0) * self.margin
            moved = x + side if self.distinct else pole + side  # what differs stays different
            x = np.where(self.distinct | (np.abs(x - pole) < self.margin), moved, x)
        return np.asarray(x, dtype=np.float32).astype(np.float64)


REAL = Domain()
POSITIVE = Domain(0.2, 3.0)
NONZERO = Domain(-2.0, 2.0, avoid=(0.0,), margin=0.2)
UNIT = Domain(-0.9, 0.9)  # inside (-1, 1)
DISTINCT = Domain(-3.0, 3.0, avoid=(0.0,), margin=0.05, distinct=True)


@dataclass
class Call:
    """One drawn call: the arrays that are differentiated, keywords, and a seed for directions."""

    arrays: list[Any]
    keywords: dict[str, Any] = field(default_factory=dict)
    seed: int = 0


Shapes = st.SearchStrategy[Sequence[tuple[int, ...]]]


@st.composite
def calls(
    draw: Any,
    shapes: Shapes,
    *domains: Domain,
    keywords: Callable[[Any, Any], dict[str, Any]] | None = None,
    **fixed: Any,
) -> Call:
    """Calls with arrays of drawn shapes, each from its domain (the last one serves the rest).

    keywords: `(draw, shapes) -> dict`, for what depends on the shapes. fixed: keywords, or
    strategies of them.
    """
    drawn = draw(shapes)
    arrays = [
        draw(domains[min(i, len(domains) - 1)].arrays(shape)) for i, shape in enumerate(drawn)
    ]
    given = keywords(draw, drawn) if keywords is not None else {}
    for name, value in fixed.items():
        given[name] = draw(value) if isinstance(value, st.SearchStrategy) else value
    return Call(arrays, given, draw(st.integers(0, 2**20)))


def shape(min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4) -> Shapes:
    """One array of any shape."""
    any_shape = hnp.array_shapes(
        min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side
    )
    return any_shape.map(lambda s: (s,))


def elementwise(*domains: Domain, **fixed: Any) -> st.SearchStrategy[Call]:
    """One array for each domain, of shapes that broadcast."""
    if len(domains) == 1:
        return calls(shape(), *domains, **fixed)
    together = hnp.mutually_broadcastable_shapes(num_shapes=len(domains), max_dims=3, max_side=3)
    return calls(together.map(lambda drawn: drawn.input_shapes), *domains, **fixed)


def reduction(
    domain: Domain,
    *,
    several: bool = True,
    everything: bool = True,
    keepdims: bool = True,
    min_side: int = 1,
    **fixed: Any,
) -> st.SearchStrategy[Call]:
    """One array and `axis` (a number; a tuple if `several`; None if `everything`), `keepdims`."""

    def drawn(draw: Any, shapes: Any) -> dict[str, Any]:
        ndim = len(shapes[0])
        choices = [st.integers(-ndim, ndim - 1)]
        if several:
            axes = st.sets(st.integers(0, ndim - 1), min_size=1).map(lambda a: tuple(sorted(a)))
            choices.append(axes)
        if everything:
            choices.append(st.none())
        keywords = {"axis": draw(st.one_of(choices))}
        return keywords | {"keepdims": draw(st.booleans())} if keepdims else keywords

    return calls(shape(1, min_side=min_side), domain, keywords=drawn, **fixed)


def shaped(
    signature: str, *domains: Domain, loops: int = 1, **fixed: Any
) -> st.SearchStrategy[Call]:
    """Arrays of shapes like `(n,k),(k,m)`, with up to `loops` broadcast axes before."""
    together = hnp.mutually_broadcastable_shapes(
        signature=signature + "->()", max_dims=loops, min_side=1, max_side=4
    )
    return calls(together.map(lambda drawn: drawn.input_shapes), *domains, **fixed)


def sized(*shapes: tuple[int, ...]) -> Shapes:
    """These shapes and no others."""
    return st.just(shapes)


# -- what is held ----------------------------------------------------------------------------------


def check(
    function: Callable[..., Any],
    reference: Callable[..., Any] | None,
    drawn: st.SearchStrategy[Call],
    *,
    numpy: bool = True,
    second: bool = True,
    float32: bool = True,
    values: bool = True,
    examples: int | None = None,
    bar: float = 1.0,
) -> None:
    """Hold `function` on Tensors against NumPy, TensorFlow and differences; see the module.

    function: takes arrays or Tensors and keywords; returns one array, or several in a nesting.
    reference: the same on TensorFlow tensors and the same keywords; None where there is none.
    drawn: a strategy of calls in the well-conditioned domain: `elementwise`, `reduction`, `shaped`.
    numpy: `function` on plain arrays is an independent truth (it is NumPy's own).
    second: hold second derivatives too. float32: `function` keeps float32.
    values: compare values with the reference (False: gradients only, as for eigenvector signs).
    examples: how many calls are drawn, by default half of the profile's.
    bar: a factor on all bars, for functions whose conditioning their domain cannot bound.
    Raises AssertionError with the call that fails.
    """
    number = examples or max(3, settings.default.max_examples // 2)

    @settings(max_examples=number)
    @given(drawn)
    def holds(call: Call) -> None:
        verify(
            function,
            reference,
            call,
            numpy=numpy,
            second=second,
            float32=float32,
            values=values,
            bar=bar,
        )

    holds()


def verify(
    function: Callable[..., Any],
    reference: Callable[..., Any] | None,
    call: Call,
    *,
    numpy: bool = True,
    second: bool = True,
    float32: bool = True,
    values: bool = True,
    bar: float = 1.0,
) -> None:
    """Hold one call; the arguments are those of `check`."""

    def f(*arrays: Any) -> list[Any]:
        return leaves(function(*arrays, **call.keywords))

    ours = Derivatives(f, call, "float64", second)
    if numpy:
        same(
            ours.values,
            arrays_of(f(*call.arrays)),
            BARS["float64"][0] * bar,
            "values against NumPy",
        )
    against_differences(f, ours, call, second, bar)
    if reference is not None:
        theirs = by_tensorflow(reference, ours, call, second)
        if values:
            same(ours.values, theirs.values, BARS["float64"][0] * bar, "values against TensorFlow")
        same(ours.first, theirs.first, BARS["float64"][1] * bar, "gradients against TensorFlow")
        if second:
            same(ours.second, theirs.second, BARS["float64"][1] * bar, "second derivatives")
    if float32:
        single = Derivatives(f, call, "float32", second, ours)
        same(single.values, ours.values, BARS["float32"][0] * bar, "float32 values")
        same(single.first, ours.first, BARS["float32"][1] * bar, "float32 gradients")
        if second:
            same(single.second, ours.second, BARS["float32"][1] * bar, "float32 second derivatives")


class Derivatives:
    """Values, `vᵀJ`, `J u` and the second derivatives of one call in one dtype.

    `v` (for each output) and `u` (for each input) are drawn from the call's seed; `v` is scaled so
    that the largest gradient is about 1, `u` so that the largest second derivative is at most that.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        call: Call,
        dtype: str,
        second: bool,
        directions: Derivatives | None = None,
    ) -> None:
        self.arrays = [a.astype(dtype) for a in call.arrays]
        self.numbers = tuple(range(len(self.arrays)))
        y, self.pull = vjp(f, *self.arrays)
        self.values = arrays_of(y)
        if directions is None:
            random = np.random.default_rng(call.seed)
            self.v = [drawn_like(random, part) for part in self.values]
            self.u = [drawn_like(random, part) for part in self.arrays]
            self.v = rescaled(self.v, arrays_of(self.pull(self.v)), 8)
        else:
            self.v = [v.astype(dtype) for v in directions.v]
            self.u = [u.astype(dtype) for u in directions.u]
        self.first = arrays_of(self.pull(self.v))
        if dtype == "float32":
            self.refuse_float64(f)
        if second:
            self.second = self.of_gradient(f)
            if directions is None:
                self.u = rescaled(self.u, self.second, 0)
                self.second = self.of_gradient(f)

    def of_gradient(self, f: Callable[..., Any]) -> list[Any]:
        """The gradient of `u · (vᵀJ)`: the Hessian of `v · f` times `u`."""

        def along(*arrays: Any) -> Any:
            _, pull = vjp(f, *arrays)
            gradients = pull(self.v)
            return sum(np.sum(part * u) for part, u in zip(gradients, self.u, strict=True))

        return arrays_of(grad(along, self.numbers)(*self.arrays))

    def refuse_float64(self, f: Callable[..., Any]) -> None:
        """Fail if anything that is recorded on the way to the gradients is float64."""
        x = [Tensor(a, requires_grad=True) for a in self.arrays]
        outputs = f(*x)
        for part, v in zip(outputs, self.v, strict=True):
            if isinstance(part, Tensor) and part.node is not None:
                part.backward(v, retain_graph=True, create_graph=True)
        found = [part for part in [*outputs, *(leaf.grad for leaf in x)] if part is not None]
        for part in found:
            assert array(part).dtype != np.float64, "a result of float32 inputs is float64"
        roots = [part.node for part in found if isinstance(part, Tensor) and part.node is not None]
        for node in reachable(roots):
            if node.parents:
                where = getattr(node.rule.function, "__name__", node.rule.function)
                assert node.output.dtype != np.float64, f"float64 recorded by {where}"


def against_differences(
    f: Callable[..., Any], ours: Derivatives, call: Call, second: bool, bar: float
) -> None:
    """`J u` and the second derivatives against differences; `vᵀ(J u)` against `(vᵀJ) u`."""
    largest = max((float(np.max(np.abs(u), initial=0.0)) for u in ours.u), default=0.0) or 1.0
    u = [part / largest for part in ours.u]
    changes = arrays_of(jvp(f, call.arrays, u)[1])
    moved = differences(lambda *x: arrays_of(f(*x)), call.arrays, u)
    same(changes, moved, DIFFERENCE_BAR * bar, "jvp against differences")
    there = sum(float(np.sum(v * part)) for v, part in zip(ours.v, changes, strict=True))
    back = sum(float(np.sum(part * d)) for part, d in zip(ours.first, u, strict=True))
    size = sum(float(np.sum(np.abs(part * d))) for part, d in zip(ours.first, u, strict=True))
    assert abs(there - back) <= BARS["float64"][1] * bar * max(1.0, size), "jvp against vjp"
    if second:

        def gradient(*x: Any) -> list[Any]:
            _, pull = vjp(f, *x)
            return arrays_of(pull(ours.v))

        turned = [part * largest for part in differences(gradient, call.arrays, u)]
        same(ours.second, turned, DIFFERENCE_BAR * bar, "second derivatives against differences")


def differences(f: Callable[..., list[Any]], x: Sequence[Any], u: Sequence[Any]) -> list[Any]:
    """The derivative of `f` at `x` along `u`, from four values: exact up to STEP⁴."""

    def at(t: float) -> list[Any]:
        moved = [a + t * STEP * d for a, d in zip(x, u, strict=True)]
        return [part.astype(np.float64) for part in f(*moved)]

    return [
        (8.0 * (p1 - m1) - (p2 - m2)) / (12.0 * STEP)
        for p1, m1, p2, m2 in zip(at(1.0), at(-1.0), at(2.0), at(-2.0), strict=True)
    ]


@dataclass
class Reference:
    """What TensorFlow found."""

    values: list[Any]
    first: list[Any]
    second: list[Any]


def by_tensorflow(
    reference: Callable[..., Any], ours: Derivatives, call: Call, second: bool
) -> Reference:
    """Values, gradients and second derivatives of the same call, with the same directions."""
    x = [tf.constant(a) for a in call.arrays]
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = [
                tf.convert_to_tensor(part)
                for part in tf.nest.flatten(reference(*x, **call.keywords))
            ]
            total = tf.add_n(
                [
                    tf.reduce_sum(part * tf.constant(v, part.dtype))
                    for part, v in zip(y, ours.v, strict=True)
                    if part.dtype.is_floating
                ]
            )
        first = inner.gradient(total, x, unconnected_gradients="zero")
        first = [tf.convert_to_tensor(part) for part in first]
        along = tf.add_n([tf.reduce_sum(g * u) for g, u in zip(first, ours.u, strict=True)])
    turned = outer.gradient(along, x, unconnected_gradients="zero") if second else []
    return Reference(
        [part.numpy() for part in y],
        [part.numpy() for part in first],
        [tf.convert_to_tensor(part).numpy() for part in turned],
    )


# -- inf, nan, huge and tiny numbers ---------------------------------------------------------------

SPECIAL = np.array(
    [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30, -1e-30, 1e300, -1e300]
)


def check_special(
    function: Callable[..., Any],
    reference: Callable[..., Any] | None,
    *arrays: Any,
    gradients: bool = True,
) -> None:
    """Hold the positions of NaN and of each infinity against NumPy and TensorFlow.

    arrays: as many as the function takes; SPECIAL, one after the other, if none is given.
    """
    inputs = list(arrays) or [SPECIAL]
    with np.errstate(all="ignore"):
        y, pull = vjp(function, *inputs)
        ours = array(y)
        same_kind(ours, np.asarray(function(*inputs)), "values against NumPy")
        gradient = [array(part) for part in pull(np.ones_like(ours))]
    if reference is None:
        return
    x = [tf.constant(a) for a in inputs]
    with tf.GradientTape() as tape:
        tape.watch(x)
        theirs = reference(*x)
    same_kind(ours, theirs.numpy(), "values against TensorFlow")
    if gradients:
        found = tape.gradient(theirs, x, unconnected_gradients="zero")
        for mine, other in zip(gradient, found, strict=True):
            same_kind(mine, other.numpy(), "gradients against TensorFlow")


def same_kind(a: Any, b: Any, what: str) -> None:
    """Fail unless NaN, +Inf and -Inf stand at the same places."""

    def kind(x: Any) -> Any:
        return np.where(np.isnan(x), 2, np.where(np.isinf(x), np.sign(x), 0))

    np.testing.assert_array_equal(kind(a), kind(b), err_msg=what)


# -- helpers ---------------------------------------------------------------------------------------


def error(a: Any, b: Any) -> float:
    """max|a - b| / max(1, max|b|); infinite where only one side is NaN or infinite."""
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return math.inf
    if not a.size:
        return 0.0
    if a.dtype.kind in "bui" and b.dtype.kind in "bui":
        return 0.0 if np.array_equal(a, b) else math.inf
    a, b = a.astype(np.float64), b.astype(np.float64)
    finite = np.isfinite(b)
    if (
        not np.array_equal(a[~finite], b[~finite], equal_nan=True)
        or not np.isfinite(a[finite]).all()
    ):
        return math.inf
    largest = np.max(np.abs(b[finite]), initial=0.0)
    return float(np.max(np.abs(a[finite] - b[finite]), initial=0.0) / max(1.0, largest))


def same(ours: Sequence[Any], theirs: Sequence[Any], bar: float, what: str) -> None:
    """Fail unless each array of one list is within `bar` of the other's."""
    assert len(ours) == len(theirs), f"{what}: {len(ours)} results against {len(theirs)}"
    for i, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        found = error(a, b)
        assert found <= bar, f"{what}, number {i}: error {found:.2e} over {bar:.0e}\n{a}\n{b}"


def array(value: Any) -> Any:
    """The array of a Tensor, of a TensorFlow tensor, of a number."""
    return np.asarray(value.numpy() if hasattr(value, "numpy") else value)


def arrays_of(parts: Sequence[Any]) -> list[Any]:
    """The arrays of several results."""
    return [array(part) for part in parts]


def drawn_like(random: np.random.Generator, like: Any) -> Any:
    """A direction of the shape of `like`, in float32 numbers; zeros for what is not a float."""
    if like.dtype.kind != "f":
        return np.zeros(like.shape)
    return np.round(random.uniform(-1.0, 1.0, like.shape), 3).astype(np.float32).astype(np.float64)


def rescaled(directions: list[Any], found: list[Any], most: int) -> list[Any]:
    """`directions`, times the power of two that brings the largest of `found` to about 1.

    It is at most 2^most, or what is 0 but for rounding would become 1.
    """
    largest = max((float(np.max(np.abs(part), initial=0.0)) for part in found), default=0.0)
    if not 0.0 < largest < math.inf:
        return directions
    return [part * 2.0 ** min(most, -round(math.log2(largest))) for part in directions]
