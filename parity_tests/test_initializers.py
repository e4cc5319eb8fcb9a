"""Initializers: distributions of the random ones, formulas of the others against Keras."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, array, both_float_types, hold, normal, numbers
from scipy import stats

import numpynn
from numpynn import initializers

SHAPE = (60, 50, 20)  # fan_in 3000, fan_out 1200


def cut_normal(stddev: float) -> Any:
    return stats.truncnorm(-2, 2, scale=stddev)


def uniform(limit: float) -> Any:
    return stats.uniform(-limit, 2 * limit)


FANS = {"in": 60 * 50, "out": 60 * 20, "average": (60 * 50 + 60 * 20) / 2}
ROOT = 0.87962566103423978  # the standard deviation of a normal distribution cut at two of its own
DISTRIBUTIONS: dict[str, tuple[Callable[[int], Any], Any]] = {
    "normal": (lambda s: initializers.RandomNormal(0.3, 0.2, seed=s), stats.norm(0.3, 0.2)),
    "truncated": (lambda s: initializers.TruncatedNormal(stddev=0.7, seed=s), cut_normal(0.7)),
    "uniform": (lambda s: initializers.RandomUniform(-1, 3, seed=s), stats.uniform(-1, 4)),
    "Glorot uniform": (initializers.GlorotUniform, uniform(math.sqrt(3 / FANS["average"]))),
    "Glorot normal": (
        initializers.GlorotNormal,
        cut_normal(math.sqrt(1 / FANS["average"]) / ROOT),
    ),
    "He uniform": (initializers.HeUniform, uniform(math.sqrt(6 / FANS["in"]))),
    "He normal": (initializers.HeNormal, cut_normal(math.sqrt(2 / FANS["in"]) / ROOT)),
    "LeCun uniform": (initializers.LecunUniform, uniform(math.sqrt(3 / FANS["in"]))),
    "LeCun normal": (initializers.LecunNormal, cut_normal(math.sqrt(1 / FANS["in"]) / ROOT)),
    "scaled": (
        lambda s: initializers.VarianceScaling(3.0, "fan_out", "untruncated_normal", seed=s),
        stats.norm(0, math.sqrt(3 / FANS["out"])),
    ),
    "scaled and cut": (
        lambda s: initializers.VarianceScaling(0.5, "fan_avg", "normal", seed=s),
        cut_normal(math.sqrt(0.5 / FANS["average"]) / ROOT),
    ),
    "other axes": (
        lambda s: initializers.HeUniform(s, input_axes=(2,), output_axes=(0, 1)),
        uniform(math.sqrt(6 / 20)),
    ),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_values_have_the_distribution_of_the_formula(name: str) -> None:
    make, expected = DISTRIBUTIONS[name]
    with both_float_types("float64"):
        values = make(11)(SHAPE)
    assert values.shape == SHAPE and values.dtype == np.float64
    low, high = expected.support()
    assert values.min() >= low and values.max() <= high
    n, spread = values.size, expected.std()
    assert abs(values.mean() - expected.mean()) < 5 * spread / math.sqrt(n)
    assert abs(values.std() / spread - 1) < 0.02
    assert stats.kstest(values.ravel(), expected.cdf).pvalue > 1e-3


KERAS_NAMES = {
    "glorot_uniform": "GlorotUniform",
    "glorot_normal": "GlorotNormal",
    "he_uniform": "HeUniform",
    "he_normal": "HeNormal",
    "lecun_uniform": "LecunUniform",
    "lecun_normal": "LecunNormal",
    "random_normal": "RandomNormal",
    "random_uniform": "RandomUniform",
    "truncated_normal": "TruncatedNormal",
}


@pytest.mark.parametrize("name", KERAS_NAMES)
def test_spread_and_bounds_are_keras_for_other_shapes(name: str) -> None:
    for shape in [(40,), (300, 30), (3, 3, 8, 16)]:
        ours = getattr(initializers, KERAS_NAMES[name])(seed=1)(shape)
        theirs = array(getattr(keras.initializers, KERAS_NAMES[name])(seed=1)(shape))
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        noise = 4 / math.sqrt(2 * ours.size)
        assert abs(ours.std() / theirs.std() - 1) < 2 * noise
        if "uniform" in name or "truncated" in name:
            assert abs(np.abs(ours).max() / np.abs(theirs).max() - 1) < 0.3


def test_an_empty_shape_has_fans_of_1() -> None:
    assert np.shape(initializers.GlorotUniform(seed=0)(())) == ()
    assert initializers.compute_fans((5,)) == (5, 5)
    assert initializers.compute_fans((2, 3, 4, 5)) == (24, 30)


# -- seeds -----------------------------------------------------------------------------------------

RANDOM = [
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "GlorotUniform",
    "HeNormal",
    "Orthogonal",
]


@pytest.mark.parametrize("name", RANDOM)
def test_seeds_mean_what_they_mean_in_keras(name: str) -> None:
    for library in (numpynn, keras):
        make = getattr(library.initializers, name)
        a, b = make(seed=5), make(seed=5)
        assert np.array_equal(array(a((3, 4))), array(b((3, 4))))
        assert np.array_equal(array(a((3, 4))), array(a((3, 4))))  # at every call
        free = make()
        assert np.array_equal(array(free((3, 4))), array(free((3, 4))))
        assert not np.array_equal(array(free((3, 4))), array(make()((3, 4))))
        stream = make(seed=library.random.SeedGenerator(7))
        assert not np.array_equal(array(stream((3, 4))), array(stream((3, 4))))


def test_set_random_seed_makes_weights_repeatable() -> None:
    drawn = []
    for _ in range(2):
        numpynn.utils.set_random_seed(3)
        layers = [numpynn.layers.Dense(4, bias_initializer="random_normal") for _ in range(2)]
        for layer in layers:
            layer.build((None, 3))
        drawn.append([w for layer in layers for w in layer.get_weights()])
    hold(drawn[0], drawn[1], 0)
    assert not np.array_equal(drawn[0][0], drawn[0][2])


# -- formulas --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOAT_TYPES)
@given(shape=hnp.array_shapes(min_dims=0, max_dims=3), value=numbers())
def test_constants_match_keras(dtype: str, shape: tuple[int, ...], value: float) -> None:
    with both_float_types(dtype):
        for make in (
            lambda i: i.Zeros(),
            lambda i: i.Ones(),
            lambda i: i.Constant(value),
            lambda i: i.Constant(),
        ):
            ours = make(initializers)(shape)
            assert ours.dtype == np.dtype(dtype)
            hold(ours, make(keras.initializers)(shape), 0)


@given(rows=st.integers(1, 5), columns=st.integers(1, 5), gain=numbers())
def test_identity_matches_keras(rows: int, columns: int, gain: float) -> None:
    hold(
        initializers.Identity(gain)((rows, columns)),
        keras.initializers.Identity(gain)((rows, columns)),
        0,
    )


def test_constant_takes_an_array_of_the_shape() -> None:
    value = normal(0, 2, 3)
    hold(initializers.Constant(value)((2, 3)), value.astype("float32"), 0)
    for library, tensor in ((numpynn, numpynn.Tensor), (keras, keras.ops.convert_to_tensor)):
        for given_value in (value, tensor(value)):
            made = library.initializers.get(given_value)
            hold(made((2, 3)), value.astype("float32"), 0)
            with pytest.raises(ValueError, match="shape"):
                made((2, 4))
        hold(library.initializers.get(np.float64(3.0))(()), np.float32(3.0), 0)


@given(
    shape=hnp.array_shapes(min_dims=2, max_dims=4, max_side=5),
    gain=st.sampled_from([1.0, 0.5, 3.0]),
    seed=st.integers(0, 99),
)
def test_orthogonal_has_orthonormal_rows_or_columns(
    shape: tuple[int, ...], gain: float, seed: int
) -> None:
    q = initializers.Orthogonal(gain, seed)(shape, "float64").reshape(-1, shape[-1])
    rows, columns = q.shape
    product = q @ q.T if rows < columns else q.T @ q
    np.testing.assert_allclose(product, gain**2 * np.eye(len(product)), atol=1e-12)


def test_orthogonal_is_uniform_over_signs() -> None:
    q = np.array([initializers.Orthogonal(seed=s)((2, 2), "float64") for s in range(400)])
    assert abs(np.mean(q > 0) - 0.5) < 0.05 and abs(np.mean(np.linalg.det(q) > 0) - 0.5) < 0.1


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("window", [None, "hann", "hamming", "blackman", "bartlett", "boxcar"])
@pytest.mark.parametrize("scaling", [None, "density", "spectrum"])
@pytest.mark.parametrize("periodic", [False, True])
def test_stft_matches_keras(
    side: str, window: str | None, scaling: str | None, periodic: bool
) -> None:
    with both_float_types("float64"):
        for shape in [(16, 1, 9), (10, 1, 17)]:
            arguments = (side, window, scaling, periodic)
            ours = initializers.STFT(*arguments)(shape)
            theirs = keras.initializers.STFT(*arguments)(shape, dtype="float64")
            hold(ours, theirs, 1e-12)


def test_stft_takes_the_values_of_a_window() -> None:
    window = np.linspace(0.1, 1, 8)
    with both_float_types("float64"):
        hold(
            initializers.STFT(window=window)((8, 1, 5)),
            keras.initializers.STFT(window=window)((8, 1, 5), dtype="float64"),
            1e-12,
        )
    with pytest.raises(ValueError, match=r"\(9,\).*\(8,\)"):
        initializers.STFT(window=window)((9, 1, 5))


# -- names and configurations ----------------------------------------------------------------------

NAMES = [*KERAS_NAMES, *KERAS_NAMES.values(), "zeros", "Ones", "zero", "one"]
NAMES += ["identity", "IdentityInitializer", "orthogonal", "OrthogonalInitializer", "normal"]
NAMES += ["uniform", "variance_scaling", "VarianceScaling", "STFTInitializer", "STFT", "stft"]
NAMES += ["ones", "Zeros", "Identity", "Orthogonal"]


@pytest.mark.parametrize("name", NAMES)
def test_initializers_are_found_by_their_names(name: str) -> None:
    assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__


PUBLIC = [name for name in dir(keras.initializers) if not name.startswith("_")]


@pytest.mark.parametrize("name", PUBLIC)
def test_arguments_and_defaults_are_keras(name: str) -> None:
    ours, theirs = (
        inspect.signature(getattr(library.initializers, name)).parameters
        for library in (numpynn, keras)
    )
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]


SCALED = {"seed": 4, "input_axes": (0,), "output_axes": (1, 2)}
OPTIONS: dict[str, dict[str, Any]] = {
    "Zeros": {},
    "Ones": {},
    "Constant": {"value": np.arange(3.0)},
    "Identity": {},  # whose gain Keras forgets
    "STFT": {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True},
    "RandomNormal": {"mean": 1.0, "stddev": 0.2, "seed": 4},
    "TruncatedNormal": {"mean": 1.0, "stddev": 0.2, "seed": 4},
    "RandomUniform": {"minval": 1.0, "maxval": 2.0, "seed": 4},
    "Orthogonal": {"gain": 2.0, "seed": 4},
    "VarianceScaling": {"scale": 2.0, "mode": "fan_out", "distribution": "normal", **SCALED},
    **dict.fromkeys(["GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal"], SCALED),
    **dict.fromkeys(["LecunUniform", "LecunNormal"], SCALED),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_configurations_are_keras_and_make_equal_initializers(name: str) -> None:
    for options in ({}, OPTIONS[name]):
        made, theirs = (getattr(i, name)(**options) for i in (initializers, keras.initializers))
        written = keras.initializers.serialize(theirs)
        assert made.get_config() == theirs.get_config()
        assert initializers.serialize(made) == written
        for again in (
            made.clone(),
            initializers.deserialize(written),
            initializers.get(initializers.serialize(made)),
            type(made).from_config(theirs.get_config()),
        ):
            assert type(again) is type(made) and again.get_config() == made.get_config()


def test_the_gain_of_the_identity_is_not_forgotten() -> None:
    made = initializers.Identity(2.0)
    assert keras.initializers.Identity(2.0).get_config() == {}
    assert made.get_config() == {"gain": 2.0} and made.clone().gain == 2.0
    assert keras.initializers.deserialize(initializers.serialize(made)).gain == 2.0


def test_constant_is_found_by_its_name() -> None:
    assert initializers.get("constant")(()) == initializers.get({"class_name": "Constant"})(()) == 0


def test_a_seed_generator_is_written_down_too() -> None:
    made = initializers.GlorotUniform(numpynn.random.SeedGenerator(5))
    written = made.get_config()["seed"]
    assert (written["module"], written["class_name"]) == ("keras.random", "SeedGenerator")
    again = made.clone()
    assert isinstance(again.seed, numpynn.random.SeedGenerator)
    np.testing.assert_array_equal(again((2, 3)), made((2, 3)))
    theirs = keras.initializers.GlorotUniform(keras.random.SeedGenerator(5)).get_config()
    assert initializers.GlorotUniform.from_config(theirs).seed.initial_seed == 5


def test_a_copy_without_a_seed_draws_other_values() -> None:
    for library in (numpynn, keras):
        made = library.initializers.HeNormal()
        assert made.get_config()["seed"] is None
        assert not np.array_equal(array(made((3, 4))), array(made.clone()((3, 4))))


@pytest.mark.parametrize("seed", ["4", 2.5, [1]])
def test_seeds_that_are_none_are_refused(seed: Any) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="seed"):
            library.initializers.RandomNormal(seed=seed)


@pytest.mark.parametrize("wrong", ["glorot", "", 3, 2.5, ["zeros"], {"class_name": "Nil"}])
def test_what_is_no_initializer_is_refused(wrong: Any) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            library.initializers.get(wrong)


@pytest.mark.parametrize("name", ["Zeros", "Ones", "Constant", "Identity", "GlorotUniform"])
def test_dtypes_are_keras(name: str) -> None:
    """Python's `float` is float32 in Keras; what is no dtype is refused."""
    ours, theirs = (getattr(i, name)() for i in (initializers, keras.initializers))
    for dtype in (None, "float16", "float64", float, np.float32):
        assert ours((2, 2), dtype).dtype == array(theirs((2, 2), dtype)).dtype
    with pytest.raises(ValueError, match="dtype"):
        ours((2, 2), "float33")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("VarianceScaling", {"scale": 0.0}),
        ("VarianceScaling", {"mode": "fan"}),
        ("VarianceScaling", {"distribution": "gamma"}),
        ("STFT", {"side": "left"}),
        ("STFT", {"scaling": "length"}),
        ("STFT", {"window": "door"}),
    ],
)
def test_options_that_are_none_are_refused(name: str, options: dict[str, Any]) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            getattr(library.initializers, name)(**options)


@pytest.mark.parametrize(
    ("name", "shape"), [("Identity", (3,)), ("Identity", (2, 2, 2)), ("Orthogonal", (3,))]
)
def test_shapes_that_are_no_matrix_are_refused(name: str, shape: tuple[int, ...]) -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="two|2D"):
            getattr(library.initializers, name)()(shape)


def test_functions_are_initializers_too() -> None:
    layer = numpynn.layers.Dense(2, kernel_initializer=lambda shape, dtype: np.full(shape, 3.0))
    layer.build((None, 2))
    np.testing.assert_array_equal(layer.kernel, np.full((2, 2), 3.0))


def test_an_initializer_of_ones_own() -> None:
    class Diagonal(numpynn.Initializer):
        def __call__(self, shape: Any, dtype: Any = None) -> Any:
            return np.eye(*shape, dtype=dtype) * 2

    layer = numpynn.layers.Dense(2, kernel_initializer=Diagonal())
    layer.build((None, 2))
    np.testing.assert_array_equal(layer.kernel, 2 * np.eye(2))
