"""What NumPy's functions do with Tensors: each is differentiated, gives values, or is refused."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest
from autograd_cases import CASES
from factory import array, error

from numpynn.autograd import Tensor, define, grad
from numpynn.autograd.rules import COMPOSED, PLAIN, REFUSED, RULES, why_refused
from numpynn.autograd.structure import leaves

NAMESPACES = [np, np.linalg, np.fft, np.emath, np.lib, np.lib.stride_tricks, np.lib.array_utils]
NAMESPACES += [np.strings, np.char, np.rec]


def public_functions() -> dict[Any, str]:
    """Every function of NumPy's namespaces that asks its arguments what to do, by its name."""
    found: dict[Any, str] = {}
    for module in NAMESPACES:
        for name in sorted(vars(module) | {name: None for name in dir(module)}):
            function = None if name.startswith("_") else getattr(module, name)
            if isinstance(function, np.ufunc) or hasattr(function, "_implementation"):
                found.setdefault(function, f"{module.__name__}.{name}")
    return found


def tensor(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


def matrix() -> Tensor:
    return Tensor(np.arange(1.0, 7.0).reshape(2, 3), requires_grad=True)


# -- the three lists -------------------------------------------------------------------------------


def test_every_public_function_is_in_exactly_one_list() -> None:
    functions = public_functions()
    assert len(functions) > 350
    for function, name in functions.items():
        differentiated = (function in RULES) + (function in COMPOSED)
        lists = differentiated + (function in PLAIN) + (why_refused(function) is not None)
        assert lists == 1, f"{name} is in {lists} lists"


def test_lists_hold_functions_of_numpy_only() -> None:
    functions = public_functions()
    for function in [*COMPOSED, *PLAIN, *REFUSED]:
        assert function in functions, function
    ours = [f for f in RULES if f not in functions]
    assert all(f is operator.getitem or f.__module__.startswith("numpynn") for f in ours)


def test_every_differentiated_function_is_tested() -> None:
    tested = {case.function for case in CASES}
    functions = public_functions()
    untested = [functions[f] for f in [*RULES, *COMPOSED] if f in functions and f not in tested]
    assert not untested


def test_formulas_name_their_arguments_as_numpy_does() -> None:
    for function, composition in COMPOSED.items():
        if not isinstance(function, np.ufunc) and function is not np.pad:  # which takes **kwargs
            strange = set(composition.signature.ours) - set(composition.signature.theirs)
            assert not strange, f"{function}: {strange}"


def test_rules_name_their_keywords_as_numpy_does() -> None:
    functions = public_functions()
    for function, rule in RULES.items():
        if function in functions and not isinstance(function, np.ufunc):
            keywords = list(rule.signature.ours)[len(rule.vjps) :]
            assert set(keywords) <= set(rule.signature.theirs), function


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "refused",
    [
        lambda t: np.put(t, [0], 1.0),
        lambda t: np.copyto(np.zeros(3), t),
        lambda t: np.fill_diagonal(t, 1.0),
        lambda t: np.put_along_axis(t, np.array([0]), 1.0, 0),
        lambda t: np.putmask(t, t > 0, 0.0),
        lambda t: np.place(t, t > 0, [0.0]),
        lambda t: np.fft.fft(t),
        lambda t: np.linalg.eig(t),
        lambda t: np.roots(t),
        lambda t: np.i0(t),
        lambda t: np.piecewise(t, [t > 1], [1.0, 2.0]),
        lambda t: np.apply_along_axis(np.sum, 0, t),
        lambda t: np.nextafter(t, 1.0),
        lambda t: np.strings.upper(t),
    ],
)
def test_refused_functions_say_how_to_add_a_rule(refused: Any) -> None:
    with pytest.raises(TypeError, match=r"np\..* has no derivative rule.*autograd\.define"):
        refused(tensor(1.0, 2.0, 3.0))


def test_functions_of_others_are_refused_until_they_have_a_rule() -> None:
    special = pytest.importorskip("scipy.special")
    t = tensor(0.5, -1.0)
    with pytest.raises(TypeError, match="erf has no derivative rule"):
        special.erf(t)
    define(special.erf, lambda g, y, x: g * (2.0 / np.sqrt(np.pi)) * np.exp(-x * x))
    try:
        gradient = grad(lambda x: np.sum(special.erf(x)))(t)
        assert error(array(gradient), 2.0 / np.sqrt(np.pi) * np.exp(-(t.numpy() ** 2))) < 1e-15
    finally:
        del RULES[special.erf]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("dtype", lambda t: np.sum(t, dtype=np.float32)),
        ("initial", lambda t: np.sum(t, initial=3.0)),
        ("initial", lambda t: np.max(t, initial=3.0)),
        ("where", lambda t: np.max(t, where=t > 1, initial=0.0)),
        ("where", lambda t: np.prod(t, where=t > 1)),
        ("out", lambda t: np.sum(t, out=np.array(0.0))),
        ("out", lambda t: np.sum(t, 0, None, np.zeros(3))),
        ("out", lambda t: np.tanh(t, out=np.zeros((2, 3)))),
        ("out", lambda t: np.tanh(t, np.zeros((2, 3)))),
        ("where", lambda t: np.tanh(t, where=t > 1)),
        ("where", lambda t: np.add(t, t, where=np.zeros((2, 3), bool))),
        ("dtype", lambda t: np.add(t, t, dtype=np.float32)),
        ("casting", lambda t: np.add(t, t, casting="unsafe")),
        ("out", lambda t: np.matmul(t, t.T, out=np.zeros((2, 2)))),
        ("axes", lambda t: np.matmul(t, t.T, axes=[(0, 1), (0, 1), (0, 1)])),
        ("order", lambda t: np.reshape(t, (3, 2), order="F")),
        ("order", lambda t: np.ravel(t, "F")),
        ("order", lambda t: np.ravel(t, order="A")),
        ("mean", lambda t: np.var(t, mean=2.0)),
        ("out", lambda t: np.clip(t, 0.0, 1.0, out=np.zeros((2, 3)))),
        ("out", lambda t: np.concatenate([t, t], out=np.zeros((4, 3)))),
        ("dtype", lambda t: np.concatenate([t, t], dtype=np.float32)),
        ("out", lambda t: np.take(t, [0], 0, np.zeros((1, 3)))),
        ("out", lambda t: np.round(t, 1, np.zeros((2, 3)))),
        ("out", lambda t: np.floor(t, out=np.zeros((2, 3)))),
        ("copy", lambda t: np.nan_to_num(t, copy=False)),
        ("kind", lambda t: np.partition(t, 1, kind="other")),
        ("method", lambda t: np.quantile(t, 0.5, method="lower")),
        ("weights", lambda t: np.quantile(t, 0.5, weights=t, method="inverted_cdf")),
        ("overwrite_input", lambda t: np.median(t, overwrite_input=True)),
        ("period", lambda t: np.interp(t, [0.0, 1.0], [0.0, 1.0], period=2.0)),
        ("fweights", lambda t: np.cov(t, fweights=[1, 2, 1])),
        ("axis", lambda t: np.unique(t, axis=0)),
        ("mode", lambda t: np.choose(np.array([0]), [t], mode="clip")),
        ("stat_length", lambda t: np.pad(t, 1, "mean", stat_length=1)),
        ("sparse", lambda t: np.meshgrid(t[0], t[1], sparse=True)),
        ("axisa", lambda t: np.cross(t, t, axisa=0)),
        ("hermitian", lambda t: np.linalg.pinv(t, hermitian=True)),
        ("dtype", lambda t: np.einsum("ij->i", t, dtype=np.float32)),
        ("initial", lambda t: np.add.reduce(t, initial=3.0)),
        ("dtype", lambda t: np.add.accumulate(t, dtype=np.float32)),
    ],
)
def test_keywords_without_a_derivative_are_refused_by_name(name: str, call: Any) -> None:
    with pytest.raises(TypeError, match=name):
        call(matrix())


def test_methods_of_ufuncs_without_a_derivative_are_refused() -> None:
    t = tensor(1.0, 2.0)
    for refused in (
        lambda: np.add.at(t, [0], 1.0),
        lambda: np.add.at(np.zeros(2), [0, 1], t),
        lambda: np.add.reduceat(t, [0]),
        lambda: np.subtract.reduce(t),
        lambda: np.divide.accumulate(t),
    ):
        with pytest.raises(TypeError, match="does not take Tensors"):
            refused()


def test_complex_results_are_refused_where_they_would_be_differentiated() -> None:
    t = tensor(1.0, 2.0)
    with pytest.raises(TypeError, match="real"):
        np.sum(np.real(t * 1j * 1j)).backward()
    with pytest.raises(TypeError, match="imag"):
        np.sum(np.imag(np.multiply(t, 1j))).backward()
    for call in (np.emath.sqrt, np.emath.log, np.emath.arcsin):
        with pytest.raises(TypeError, match="complex"):
            call(-2.0 * t)
    for call in (np.angle, np.real_if_close):
        with pytest.raises(TypeError, match="complex"):
            call(t + 1j)


# -- every way to say it ---------------------------------------------------------------------------

X = np.random.default_rng(0).normal(size=(2, 3, 4))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.sum(x, 0, None, None, True),
        lambda x: np.sum(a=x, axis=(0, 1)),
        lambda x: np.sum(x, axis=-1, dtype=None, out=None, where=True),
        lambda x: np.sum(x, np.int64(1)),
        lambda x: np.mean(x, 0, None, None, True),
        lambda x: np.mean(x, axis=(0, 2), keepdims=np._NoValue),
        lambda x: np.std(x, 0, None, None, 1),
        lambda x: np.std(x, ddof=1, keepdims=True),
        lambda x: np.var(x, axis=1, correction=1),
        lambda x: np.var(x, (0, 2), where=x > 0),
        lambda x: np.max(x, 1, None, True),
        lambda x: np.prod(x, 1, None, None, True),
        lambda x: np.cumsum(x),
        lambda x: np.cumsum(x, 1),
        lambda x: np.clip(x, -0.5, 0.5),
        lambda x: np.clip(x, None, 0.5),
        lambda x: np.clip(x, a_min=-0.5, a_max=None),
        lambda x: np.clip(x, min=-0.5),
        lambda x: np.clip(x, min=-0.5, max=0.5),
        lambda x: np.concatenate((x, x), 1),
        lambda x: np.concatenate([x, x], axis=None),
        lambda x: np.concatenate([x, x], axis=-1, casting="same_kind"),
        lambda x: np.stack([x, x], -1),
        lambda x: np.stack(arrays=(x, x), axis=1),
        lambda x: np.stack(x),
        lambda x: np.concatenate(x),
        lambda x: np.take(x, 1, 2),
        lambda x: np.take(x, [0, 1], axis=1, mode="clip"),
        lambda x: np.take(x, [0, 5], 1, None, "wrap"),
        lambda x: np.reshape(x, (4, 6)),
        lambda x: np.reshape(x, shape=(4, -1), order="C"),
        lambda x: np.reshape(x, 24),
        lambda x: np.transpose(x),
        lambda x: np.transpose(x, (1, -1, 0)),
        lambda x: np.moveaxis(x, 0, -1),
        lambda x: np.moveaxis(x, source=0, destination=1),
        lambda x: np.swapaxes(x, axis1=0, axis2=2),
        lambda x: np.expand_dims(x, axis=(0, 2)),
        lambda x: np.squeeze(x[:1]),
        lambda x: np.squeeze(x[:1], axis=0),
        lambda x: np.round(x, 1),
        lambda x: np.round(x, decimals=2),
        lambda x: np.round(a=x),
        lambda x: np.roll(x, (1, 2), (0, 1)),
        lambda x: np.flip(x, (0, 1)),
        lambda x: np.tensordot(x, x, ([0, 1], [0, 1])),
        lambda x: np.tensordot(x, x, axes=3),
        lambda x: np.linalg.norm(x, None, 1, True),
        lambda x: np.linalg.norm(x, axis=(0, 1), ord="fro"),
        lambda x: np.where(x > 0, x, 0.0),
        lambda x: np.where(x > 0, 1.0, x),
        lambda x: np.repeat(x, 2, 1),
        lambda x: np.repeat(x, repeats=[1, 2], axis=0),
        lambda x: np.pad(x, 1, "edge"),
        lambda x: np.pad(x, ((0, 0), (1, 0), (0, 2)), mode="constant", constant_values=2.0),
        lambda x: np.sort(x, axis=1, kind="stable"),
        lambda x: np.sort(x, None),
        lambda x: np.median(x, 1, None, False, True),
        lambda x: np.quantile(x, 0.25, 1),
        lambda x: np.quantile(x, q=np.array([[0.1, 0.9]]), axis=(0, 2), keepdims=True),
        lambda x: np.average(x, 1, [1.0, 2.0, 3.0]),
        lambda x: np.average(x, weights=np.abs(x), axis=0),
        lambda x: np.diagonal(x, 1, 1, 2),
        lambda x: np.trace(x, axis1=1, axis2=2),
        lambda x: np.tril(x, -1),
        lambda x: np.cross(x[..., :3], x[..., 1:]),
        lambda x: np.nan_to_num(x, nan=1.0),
        lambda x: np.diff(x, 2, 1),
        lambda x: np.unwrap(3.0 * x, axis=1),
        lambda x: np.einsum("abc,abd->cd", x, x, optimize=True, order="K"),
        lambda x: np.add.reduce(x),
        lambda x: np.add.reduce(x, (0, 1)),
        lambda x: np.add.reduce(x, axis=None),
        lambda x: np.maximum.reduce(x, axis=1, keepdims=True),
        lambda x: np.minimum.reduce(x, -1),
        lambda x: np.multiply.reduce(x, axis=1),
        lambda x: np.logaddexp.reduce(x, axis=(0, 1), keepdims=True),
        lambda x: np.add.accumulate(x, 1),
        lambda x: np.multiply.accumulate(x, axis=-1),
        lambda x: np.maximum.accumulate(x, axis=2),
        lambda x: np.minimum.accumulate(x),
        lambda x: np.subtract.outer(x[0], x[1]),
        lambda x: np.multiply.outer(2.0, x),
        lambda x: np.logical_and.reduce(x > 0),
    ],
)
def test_tensors_take_what_arrays_take(call: Any) -> None:
    x = Tensor(X, requires_grad=True)
    found = call(x)
    assert error(array(found), np.asarray(call(X))) <= 1e-14
    if isinstance(found, Tensor) and found.node is not None:
        np.sum(found * found).backward()
        assert x.grad is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda x: abs(x),
        lambda x: -x,
        lambda x: +x,
        lambda x: x // 0.3,
        lambda x: 2.0 // x,
        lambda x: x % 0.3,
        lambda x: 2.0 % x,
        lambda x: divmod(x, 0.3),
        lambda x: divmod(2.0, x),
        lambda x: np.full(4, 2.0) // x,
        lambda x: 2.0**x,
        lambda x: abs(x) ** [1, 2, 0, 3],
        lambda x: x * [1, 2, 3, 4],
        lambda x: [1, 2, 3, 4] / x,
        lambda x: np.power(abs(x), [1, 2, 0, 3]),
        lambda x: np.arctan2([1, 2, 3, 4], x),
        lambda x: (x > 0) & (x < 1),
        lambda x: (x > 0) | (x < 1),
        lambda x: x == X[0, 0, 0],
        lambda x: x != x,
        lambda x: x.all(),
        lambda x: (x > 9).any(),
        lambda x: x.argmax(),
        lambda x: x.argsort(axis=1),
        lambda x: x.clip(-1.0, 1.0),
        lambda x: x.clip(max=0.5),
        lambda x: x.copy(),
        lambda x: x.cumsum(axis=1),
        lambda x: x.diagonal(),
        lambda x: x[0].dot(x[1].T),
        lambda x: x.flatten(),
        lambda x: x.max(axis=1),
        lambda x: x.mean(0),
        lambda x: x.min(),
        lambda x: x.nonzero(),
        lambda x: x.prod(axis=0),
        lambda x: x.ravel(),
        lambda x: x.repeat(2, axis=0),
        lambda x: x.round(1),
        lambda x: x[:1].squeeze(),
        lambda x: x.std(axis=2, ddof=1),
        lambda x: x.sum(axis=(0, 1), keepdims=True),
        lambda x: x.swapaxes(0, 1),
        lambda x: x.take([0, 1], axis=2),
        lambda x: x.trace(),
        lambda x: x.var(),
        lambda x: x.reshape(6, 4),
        lambda x: x.reshape((6, -1)),
        lambda x: x.transpose(),
        lambda x: x.transpose(2, 0, 1),
        lambda x: x.transpose((2, 0, 1)),
        lambda x: x.T,
        lambda x: x.mT,
        lambda x: x.real,
        lambda x: x.imag,
        lambda x: x.conj(),
        lambda x: x.tolist(),
        lambda x: x[0, 0, 0].item(),
        lambda x: len(x),
        lambda x: [part for part in x],
        lambda x: X[0, 0, 0] in x,
        lambda x: f"{x[0, 0, 0]:.3f}",
    ],
)
def test_methods_and_operators_are_those_of_an_array(call: Any) -> None:
    found, expected = leaves(call(Tensor(X, requires_grad=True))), leaves(call(X))
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        assert a == b if isinstance(b, str) else error(array(a), np.asarray(b)) <= 1e-14


def test_floor_division_carries_no_gradient() -> None:
    t = tensor(5.0, 7.0)
    np.sum(t // 2.0 + t).backward()
    assert t.grad.tolist() == [1.0, 1.0]


def test_plain_functions_give_plain_values() -> None:
    t = matrix()
    assert np.shape(t) == (2, 3) and np.ndim(t) == 2 and np.size(t) == 6
    for call in (
        lambda x: np.argmax(x, axis=1),
        lambda x: np.argsort(x),
        lambda x: np.searchsorted(np.ravel(x), 2.5),
        lambda x: np.count_nonzero(x > 2),
        lambda x: np.isfinite(x),
        lambda x: np.greater(x, 2.0),
        lambda x: np.zeros_like(x),
        lambda x: np.full_like(x, 3.0),
        lambda x: np.array_equal(x, x),
        lambda x: np.allclose(x, x),
        lambda x: np.isin(x, [1.0, 2.0]),
        lambda x: np.linalg.matrix_rank(x),
        lambda x: np.histogram(x, 3)[0],
        lambda x: np.where(x > 2)[0],
        lambda x: np.result_type(x, np.float32),
    ):
        found, expected = call(t), call(t.numpy())
        assert not isinstance(found, Tensor)
        assert np.array_equal(found, expected)
    assert np.array_repr(t) == np.array_repr(t.numpy())


def test_a_tensor_as_like_makes_arrays_of_its_kind() -> None:
    t = matrix()
    for create in (
        lambda: np.eye(3, like=t),
        lambda: np.arange(4, like=t),
        lambda: np.zeros((2, 2), like=t),
        lambda: np.asarray([1.0], like=t),
    ):
        assert type(create()) is np.ndarray
