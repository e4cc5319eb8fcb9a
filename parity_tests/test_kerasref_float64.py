"""float64 means float64: each repair of Keras against the formula in NumPy."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest
from keras import initializers, layers, losses, ops, optimizers, regularizers
from keras.optimizers import schedules

from kerasref.backend import float_type, value_and_gradients
from numpynn.typing import Array

EXACT = 1e-14


def relative_error(a: Array, b: Array) -> float:
    a, b = ops.convert_to_numpy(a), np.asarray(b)
    assert a.shape == b.shape
    return float(np.max(np.abs(a - b)) / max(1, np.max(np.abs(b))))


def is_exact(a: Array, b: Array) -> bool:
    return ops.convert_to_numpy(a).dtype == np.float64 and relative_error(a, b) < EXACT


@pytest.fixture
def float64() -> Iterator[None]:
    with float_type("float64"):
        yield


V = np.random.default_rng(4).normal(size=(7, 5)) * 2


def test_the_float_type_holds_for_layers_and_only_within_its_scope() -> None:
    with float_type("float32"):
        with float_type("float64"):
            assert layers.Dense(1).compute_dtype == keras.config.floatx() == "float64"
        assert layers.Dense(1).compute_dtype == keras.config.floatx() == "float32"


def test_python_floats_become_float64(float64: None) -> None:
    assert is_exact(ops.cast(0.9, "float64"), 0.9)
    assert is_exact(ops.cast([0.1, 2], "float64"), [0.1, 2])
    assert is_exact(ops.convert_to_tensor(0.1), 0.1)
    assert is_exact(ops.convert_to_tensor([[0.1], [0.2]]), [[0.1], [0.2]])
    assert is_exact(ops.log(2.0), np.log(2))


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos3", "lanczos5", "area"])
@pytest.mark.parametrize("antialias", [False, True])
def test_resized_images_keep_their_digits(
    interpolation: str, antialias: bool, float64: None
) -> None:
    x = np.random.default_rng(0).normal(size=(2, 4, 7, 3))
    ramp = np.arange(6.0).reshape(1, 1, 6, 1)

    def resized(images: Array, size: tuple[int, int]) -> Array:
        return ops.convert_to_numpy(ops.image.resize(images, size, interpolation, antialias))

    y = resized(x, (9, 5))
    assert y.dtype == np.float64 and np.max(np.abs(y - y.astype("float32"))) > 0
    close = resized(x.astype("float32"), (9, 5))
    assert relative_error(y, close) < 2e-6  # TensorFlow's own, in float32
    assert is_exact(resized(x[:, :1] * 0 + 0.1, (3, 4)), np.full((2, 3, 4, 3), 0.1))
    if interpolation == "bilinear" and not antialias:
        between = np.clip(np.arange(18) / 3 - 1 / 3, 0, 5).reshape(1, 1, 18, 1)
        assert is_exact(resized(ramp, (1, 18)), between)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("fill_mode", ["constant", "nearest", "reflect", "wrap"])
def test_transformed_images_keep_their_digits(
    fill_mode: str, interpolation: str, float64: None
) -> None:
    random = np.random.default_rng(0)
    x, transforms = random.normal(size=(4, 5, 7, 2)), random.normal(size=(4, 8))
    transforms[:, 6:] /= 50  # a little perspective
    transforms[:, [2, 5]] *= 10  # far beyond the image

    def seen(images: Array, transforms: Array, fill_value: float = 0.0) -> Array:
        return ops.image.affine_transform(
            images, transforms, interpolation, fill_mode, fill_value, data_format="channels_last"
        )

    y = ops.convert_to_numpy(seen(x, transforms, 0.1))
    assert y.dtype == np.float64
    assert relative_error(y, seen(x.astype("float32"), transforms, 0.1)) < 2e-5  # TensorFlow's own
    assert is_exact(seen(x[0], transforms[0], 0.1), y[0])
    assert is_exact(seen(x, transforms[0], 0.1)[0], y[0])
    first = ops.image.affine_transform(
        x.transpose(0, 3, 1, 2), transforms, interpolation, fill_mode, 0.1, "channels_first"
    )
    assert is_exact(ops.transpose(first, (0, 2, 3, 1)), y)
    if interpolation == "bilinear":
        moved = [1, 0, 0.1, 0, 1, 0, 0, 0]
        expected = 0.9 * x[:, :, :-1] + 0.1 * x[:, :, 1:]
        assert is_exact(seen(x, np.array(moved))[:, :, :-1], expected)
    weights = random.normal(size=x.shape)
    value, [gradient] = value_and_gradients(lambda x: ops.sum(weights * seen(x, transforms)), [x])
    assert is_exact(np.sum(gradient * x), value)  # linear in x, so this is its derivative


def test_images_in_perspective_keep_their_digits(float64: None) -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 5, 7, 3))
    start = np.array([[0, 0], [0, 4], [6, 0], [6, 4]]) + random.normal(size=(2, 4, 2)) / 4
    end = start + random.normal(size=(2, 4, 2)) / 4

    def seen(images: Array, data_format: str = "channels_last") -> Array:
        return ops.image.perspective_transform(images, start, end, data_format=data_format)

    y = ops.convert_to_numpy(seen(x))
    assert y.dtype == np.float64
    assert relative_error(y, seen(x.astype("float32"))) < 2e-5  # TensorFlow's own
    first = seen(x.transpose(0, 3, 1, 2), "channels_first")
    assert is_exact(ops.transpose(first, (0, 2, 3, 1)), y)
    corners = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    moved = ops.image.perspective_transform(x, corners + [0.1, 0], corners)
    assert is_exact(moved[:, :, :-1], 0.9 * x[:, :, :-1] + 0.1 * x[:, :, 1:])


def test_what_is_asked_for_in_float32_or_integers_stays_so(float64: None) -> None:
    assert keras.backend.standardize_dtype(ops.convert_to_tensor(0.1, "float32").dtype) == "float32"
    assert keras.backend.standardize_dtype(ops.cast(0.1, "float32").dtype) == "float32"
    assert keras.backend.is_int_dtype(ops.convert_to_tensor([1, 2]).dtype)
    x = ops.convert_to_tensor(V, dtype="float32")
    for activation in (ops.gelu, ops.leaky_relu):
        assert keras.backend.standardize_dtype(activation(x).dtype) == "float32"


def test_promotion_keeps_float64(float64: None) -> None:
    x = ops.convert_to_tensor(V, dtype="float64")
    assert is_exact(ops.add(x, x), V + V)
    assert is_exact(ops.multiply(x, 0.1), V * 0.1)


def logcosh(x: Array) -> Array:
    return np.log(np.cosh(x))


erf = np.vectorize(math.erf)

FUNCTIONS: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "gelu": (
        lambda x: ops.gelu(x, approximate=False),
        lambda x: x / 2 * (1 + erf(x / math.sqrt(2))),
    ),
    "approximate gelu": (
        lambda x: ops.gelu(x, approximate=True),
        lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    ),
    "leaky_relu": (
        lambda x: ops.leaky_relu(x, negative_slope=0.3),
        lambda x: np.where(x > 0, x, 0.3 * x),
    ),
    "relu with a threshold": (
        lambda x: keras.activations.relu(x, threshold=0.1, max_value=0.7),
        lambda x: np.where(x > 0.1, np.minimum(x, 0.7), 0),
    ),
    "log_cosh": (
        lambda x: losses.log_cosh(ops.zeros_like(x), x),
        lambda x: logcosh(x).mean(-1),
    ),
    "squared logarithmic error": (
        lambda x: losses.mean_squared_logarithmic_error(ops.zeros_like(x), ops.abs(x)),
        lambda x: np.mean((np.log(abs(x) + 1) - np.log(1 + 1e-7)) ** 2, -1),
    ),
    "logaddexp2": (lambda x: ops.logaddexp2(x, 0.3), lambda x: np.logaddexp2(x, 0.3)),
    "l1": (lambda x: regularizers.L1(0.01)(x), lambda x: 0.01 * np.sum(abs(x))),
    "l2": (lambda x: regularizers.L2(0.01)(x), lambda x: 0.01 * np.sum(x * x)),
    "l1 and l2": (
        lambda x: regularizers.L1L2(0.01, 0.02)(x),
        lambda x: 0.01 * np.sum(abs(x)) + 0.02 * np.sum(x * x),
    ),
    "orthogonal": (
        lambda x: regularizers.OrthogonalRegularizer(0.01)(x),
        lambda x: 0.01 * np.sum(np.triu(abs(cosines_of_rows(x)), 1)) / 21,  # 21 pairs of 7 rows
    ),
    "rescaling": (lambda x: layers.Rescaling(1 / 255, 0.1)(x), lambda x: x / 255 + 0.1),
    "constant": (
        lambda x: initializers.Constant(0.1)(x.shape) + x,
        lambda x: 0.1 + x,
    ),
}


def cosines_of_rows(x: Array) -> Array:
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    return unit @ unit.T


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_exact_in_float64(name: str, float64: None) -> None:
    function, formula = FUNCTIONS[name]
    assert is_exact(function(ops.convert_to_tensor(V, dtype="float64")), formula(V))


@pytest.mark.parametrize("function", [ops.gelu, ops.leaky_relu, ops.logaddexp2])
def test_repaired_functions_have_the_derivatives_of_the_original(
    function: Callable[..., Array], float64: None
) -> None:
    others = (0.3,) if function is ops.logaddexp2 else ()
    x = np.append(V, 0.0)
    [exact] = value_and_gradients(lambda x: ops.sum(function(x, *others)), [x])[1]
    [rounded] = value_and_gradients(lambda x: ops.sum(function(x, *others)), [x.astype("float32")])[
        1
    ]
    assert relative_error(rounded, exact) < 1e-5


def test_attention_scales_in_float64(float64: None) -> None:
    if keras.backend.backend() == "jax":
        pytest.skip("JAX computes the softmax within attention in float32")
    q, k, v = np.random.default_rng(5).normal(size=(3, 2, 4, 1, 3))
    weights = np.exp(np.einsum("btnh,bsnh->bts", q, k) / math.sqrt(3))
    weights /= weights.sum(-1, keepdims=True)
    expected = np.einsum("bts,bsnh->btnh", weights, v)
    assert is_exact(ops.dot_product_attention(q, k, v), expected)


SCHEDULES: dict[str, tuple[Callable[[int], Array], Callable[[int], float]]] = {
    "exponential": (schedules.ExponentialDecay(0.1, 10, 0.9), lambda t: 0.1 * 0.9 ** (t / 10)),
    "inverse time": (schedules.InverseTimeDecay(0.1, 10, 0.3), lambda t: 0.1 / (1 + 0.3 * t / 10)),
    "polynomial": (
        schedules.PolynomialDecay(0.1, 10, 0.001, power=0.7),
        lambda t: 0.099 * (1 - min(t, 10) / 10) ** 0.7 + 0.001,
    ),
    "cosine": (
        schedules.CosineDecay(0.1, 10, alpha=0.05),
        lambda t: 0.1 * (0.95 * (1 + math.cos(math.pi * min(t, 10) / 10)) / 2 + 0.05),
    ),
    "steps": (
        schedules.PiecewiseConstantDecay([2, 6], [0.1, 0.03, 0.01]),
        lambda t: 0.1 if t <= 2 else 0.03 if t <= 6 else 0.01,
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_are_exact_in_float64(name: str, float64: None) -> None:
    schedule, formula = SCHEDULES[name]
    for t in range(13):
        assert is_exact(schedule(t), formula(t))


# Each optimizer's update of the weights w by the gradient g at step t = 1, 2, ...; m remembers


def momentum(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["v"] = 0.9 * m["v"] - 0.1 * g
    return w + m["v"]


def nesterov(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["v"] = 0.9 * m["v"] - 0.1 * g
    return w + 0.9 * m["v"] - 0.1 * g


def adam(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["m"] = m["m"] + (g - m["m"]) * (1 - 0.9)
    m["v"] = m["v"] + (g * g - m["v"]) * (1 - 0.999)
    rate = 0.1 * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate * m["m"] / (np.sqrt(m["v"]) + 1e-7)


def adamw(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    return adam(w - w * 0.004 * 0.1, g, t, m)


def adamax(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["m"] = m["m"] + (g - m["m"]) * (1 - 0.9)
    m["u"] = np.maximum(0.999 * m["u"], abs(g))
    return w - 0.1 * m["m"] / ((1 - 0.9**t) * (m["u"] + 1e-7))


def nadam(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    def u(t: int) -> float:
        return 0.9 * (1 - 0.5 * 0.96**t)

    product = math.prod(u(i) for i in range(1, t + 1))
    m["m"] = m["m"] + (g - m["m"]) * (1 - 0.9)
    m["v"] = m["v"] + (g * g - m["v"]) * (1 - 0.999)
    ahead = u(t + 1) * m["m"] / (1 - product * u(t + 1)) + (1 - u(t)) * g / (1 - product)
    return w - 0.1 * ahead / (np.sqrt(m["v"] / (1 - 0.999**t)) + 1e-7)


def adagrad(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["a"] = m["a"] + g * g
    return w - 0.1 * g / np.sqrt(0.1 + m["a"] + 1e-7)


def adadelta(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["a"] = 0.95 * m["a"] + 0.05 * g * g
    step = -np.sqrt(m["d"] + 1e-7) / np.sqrt(m["a"] + 1e-7) * g
    m["d"] = 0.95 * m["d"] + 0.05 * step * step
    return w + 0.1 * step


def rmsprop(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["v"] = 0.9 * m["v"] + 0.1 * g * g
    return w - 0.1 * g / np.sqrt(m["v"] + 1e-7)


def centered_rmsprop(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["v"] = 0.9 * m["v"] + 0.1 * g * g
    m["a"] = 0.9 * m["a"] + 0.1 * g
    m["m"] = 0.8 * m["m"] + 0.1 * g / np.sqrt(m["v"] - m["a"] ** 2 + 1e-7)
    return w - m["m"]


def ftrl(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    before, after = np.sqrt(0.1 + m["n"]), np.sqrt(0.1 + m["n"] + g * g)
    m["n"] = m["n"] + g * g
    m["z"] = m["z"] + g - (after - before) / 0.1 * w
    return (np.clip(m["z"], -0.01, 0.01) - m["z"]) / (after / 0.1 + 2 * 0.02)


def lion(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    step = np.sign(0.9 * m["m"] + (1 - 0.9) * g)
    m["m"] = 0.99 * m["m"] + (1 - 0.99) * g
    return w - 0.1 * step


def lamb(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    m["m"] = m["m"] + (g - m["m"]) * (1 - 0.9)
    m["v"] = m["v"] + (g * g - m["v"]) * (1 - 0.999)
    step = m["m"] / (1 - 0.9**t) / (np.sqrt(m["v"] / (1 - 0.999**t)) + 1e-7)
    return w - 0.1 * np.linalg.norm(w) / np.linalg.norm(step) * step


def adafactor(w: Array, g: Array, t: int, m: dict[str, Array]) -> Array:
    decay, squares = 1 - t**-0.8, g * g + 1e-30
    m["r"] = decay * m["r"] + (1 - decay) * squares.mean(1, keepdims=True)
    m["c"] = decay * m["c"] + (1 - decay) * squares.mean(0, keepdims=True)
    step = g / np.sqrt(m["r"] / m["r"].mean() * m["c"])
    step = step / max(1, math.sqrt(np.mean(step**2)))
    size = max(1e-3, math.sqrt(np.mean(w**2))) * min(0.1, 1 / math.sqrt(t))
    return w - size * step


OPTIMIZERS: dict[str, tuple[Callable[[], Array], Callable[..., Array]]] = {
    "SGD": (lambda: optimizers.SGD(0.1), lambda w, g, t, m: w - 0.1 * g),
    "momentum": (lambda: optimizers.SGD(0.1, momentum=0.9), momentum),
    "Nesterov": (lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True), nesterov),
    "decay": (
        lambda: optimizers.SGD(0.1, weight_decay=0.3),
        lambda w, g, t, m: w - w * 0.3 * 0.1 - 0.1 * g,
    ),
    "clipping": (
        lambda: optimizers.SGD(0.1, clipnorm=0.3),
        lambda w, g, t, m: w - 0.1 * g * 0.3 / max(0.3, np.linalg.norm(g)),
    ),
    "Adam": (lambda: optimizers.Adam(0.1), adam),
    "AdamW": (lambda: optimizers.AdamW(0.1), adamw),
    "Adamax": (lambda: optimizers.Adamax(0.1), adamax),
    "Nadam": (lambda: optimizers.Nadam(0.1), nadam),
    "Adagrad": (lambda: optimizers.Adagrad(0.1), adagrad),
    "Adadelta": (lambda: optimizers.Adadelta(0.1), adadelta),
    "RMSprop": (lambda: optimizers.RMSprop(0.1), rmsprop),
    "centered RMSprop": (
        lambda: optimizers.RMSprop(0.1, momentum=0.8, centered=True),
        centered_rmsprop,
    ),
    "Ftrl": (
        lambda: optimizers.Ftrl(
            0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02
        ),
        ftrl,
    ),
    "Lion": (lambda: optimizers.Lion(0.1), lion),
    "Lamb": (lambda: optimizers.Lamb(0.1), lamb),
    "Adafactor": (lambda: optimizers.Adafactor(0.1), adafactor),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_are_exact_in_float64(name: str, float64: None) -> None:
    make, update = OPTIMIZERS[name]
    optimizer, variable, w = make(), keras.Variable(V, dtype="float64"), V
    memory: dict[str, Array] = defaultdict(float)  # type: ignore[arg-type]
    generator = np.random.default_rng(6)
    for t in range(1, 21):
        gradient = generator.normal(size=V.shape)
        optimizer.apply([ops.convert_to_tensor(gradient, dtype="float64")], [variable])
        w = update(w, gradient, t, memory)
    assert relative_error(variable, w) < 1e-13


def test_the_repair_leaves_float32_as_it_was_to_the_bit() -> None:
    program = """
import hashlib, numpy, keras
from keras import layers
from kerasref.backend import float_type

def train():
    keras.utils.set_random_seed(1)
    x = numpy.random.default_rng(0).normal(size=(8, 5)).astype("float32")
    kwargs = {"kernel_regularizer": "l2"}
    model = keras.Sequential([keras.Input((5,)), layers.Dense(4, "gelu", **kwargs),
        layers.Dropout(0.3), layers.Dense(4, "leaky_relu"), layers.Dense(3, "softmax")])
    rate = keras.optimizers.schedules.ExponentialDecay(0.01, 3, 0.9)
    model.compile(keras.optimizers.Nadam(rate), "log_cosh")
    for _ in range(3):
        model.train_on_batch(x, x[:, :3])
    bits = b"".join(weight.numpy().tobytes() for weight in model.weights)
    return hashlib.sha256(bits).hexdigest()

before = train()
for _ in range(2):
    with float_type("float64"):
        assert train() != before
print(before == train())
"""
    finished = subprocess.run(
        [sys.executable, "-c", program], env=os.environ, capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "True"
