"""float64 means float64.

Keras 3.15 in float64 mode rounds some numbers through float32, which costs eight of sixteen digits.
`numpynn` does not imitate that; here it is repaired, so that both sides can be compared to the last
digits.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import keras

from kerasref.backend.repeated_rows import sum_repeated_rows
from numpynn.typing import Array

Function: TypeAlias = Callable[..., Array]


@contextmanager
def float_type(dtype: str) -> Iterator[None]:
    """Within this scope Keras makes its models and computes in `dtype`, and float64 means float64.

    `keras.config.set_floatx` alone is not enough: layers keep the type that the first layer of the
    process was made in, and JAX makes a float32 of every float64 unless told otherwise.
    """
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    sum_repeated_rows()
    if dtype == "float64":
        repair_float64()
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        with _jax_64_bits(dtype == "float64"):
            yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


@functools.cache
def repair_float64() -> None:
    """Repair, for the rest of the process, the places where Keras rounds float64 through float32.

    What computes in float32 keeps its results to the bit. Calling it again does nothing. Out of
    reach are the softmax of attention on JAX and CTC on TensorFlow, which have no float64 inside.
    """
    if keras.backend.backend() == "tensorflow":
        _repair_tensorflow_constants()
        _repair_tensorflow_functions()
        _repair_tensorflow_images()
        _repair_tensorflow_transforms()
    else:
        _repair_promotion()


@contextmanager
def _jax_64_bits(enabled: bool) -> Iterator[None]:
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", enabled)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", before)


def _repair_tensorflow_constants() -> None:
    """TensorFlow makes a float32 of every Python float, and only then the float64 asked for.

    This is the fault behind nearly all of Keras's: the betas of Adam, Adamax, Nadam, Lion, Lamb and
    Adafactor, SGD's momentum, weight decay, the first accumulator of Adagrad and Ftrl, schedules,
    the factors of regularizers, `Constant` and the bounds of uniform initializers, relu's threshold
    and maximum, log 2 in `log_cosh`, the epsilon of the logarithmic error, MultiHeadAttention's
    scale.
    """
    import tensorflow as tf

    original_cast, original_convert = tf.cast, tf.convert_to_tensor

    def cast(x: Array, dtype: Array, name: str | None = None) -> Array:
        # cast(0.9, "float64") was 0.899999976158142
        if _is_python_floats(x) and tf.as_dtype(dtype) == tf.float64:
            return tf.constant(x, tf.float64, name=name)
        return original_cast(x, dtype, name=name)

    def convert_to_tensor(value: Array, dtype: Array = None, *rest: Array, **named: Array) -> Array:
        # Where no dtype is asked for, a Python float is a float32 even when floatx() says float64.
        if dtype is None and _is_python_floats(value) and keras.config.floatx() == "float64":
            dtype = tf.float64
        return original_convert(value, dtype, *rest, **named)

    tf.cast, tf.convert_to_tensor = cast, convert_to_tensor


def _is_python_floats(x: Array) -> bool:
    """Whether x is a Python float, or a list of Python numbers with a float among them."""
    if not isinstance(x, float | list | tuple):
        return False
    numbers = keras.tree.flatten(x)
    return all(type(n) in (int, float) for n in numbers) and float in map(type, numbers)


def _repair_tensorflow_functions() -> None:
    """Four functions round constants of their own, where a repaired `cast` does not reach."""
    import tensorflow as tf
    from keras.src.backend.tensorflow import nn, numpy

    attention = nn.dot_product_attention

    def gelu(x: Array, approximate: bool = True) -> Array:
        # TensorFlow keeps 1 / sqrt(2) and 0.044715 in float32.
        if approximate:
            return 0.5 * x * (1 + tf.tanh(0.7978845608028654 * (x + 0.044715 * x**3)))
        return 0.5 * x * tf.math.erfc(-0.7071067811865476 * x)

    def leaky_relu(x: Array, negative_slope: float = 0.2) -> Array:
        # The slope is a float32 attribute of TensorFlow's operation.
        return tf.where(x > 0, x, negative_slope * x)

    def logaddexp2(x1: Array, x2: Array) -> Array:
        # Keras takes log 2 in float32.
        log2 = math.log(2)
        x2 = keras.ops.cast(x2, x1.dtype)  # before the product, which would round it otherwise
        return numpy.logaddexp(x1 * log2, x2 * log2) / log2

    def dot_product_attention(query: Array, *others: Array, **named: Array) -> Array:
        # Keras takes the root of the head size in float32.
        if named.get("scale") is None:
            named["scale"] = query.shape[-1] ** -0.5
        return attention(query, *others, **named)

    for module, repaired in (
        (nn, gelu),
        (nn, leaky_relu),
        (nn, dot_product_attention),
        (numpy, logaddexp2),
    ):
        original = getattr(module, repaired.__name__)
        setattr(module, repaired.__name__, _only_in_float64(repaired, original))


def _repair_tensorflow_images() -> None:
    """TensorFlow interpolates between pixels in float32, whatever the images are."""
    import tensorflow as tf

    original = tf.image.resize
    interpolations = ("bilinear", "bicubic", "lanczos3", "lanczos5", "area")

    def resize(images: Array, size: Array, method: str, antialias: bool = False) -> Array:
        if images.dtype != tf.float64 or method not in interpolations:
            return original(images, size, method=method, antialias=antialias)
        (height, width), (new_height, new_width) = images.shape[-3:-1], size
        rows = tf.constant(_pixel_weights(height, new_height, method, antialias), tf.float64)
        columns = tf.constant(_pixel_weights(width, new_width, method, antialias), tf.float64)
        return tf.einsum("...hwc,yh,xw->...yxc", images, rows, columns)

    tf.image.resize = resize


def _pixel_weights(n: int, m: int, method: str, antialias: bool) -> list[list[float]]:
    """The weight of each of n pixels in each of m. TensorFlow has the cubic spline in a table."""
    if method == "area":  # how much of the pixel falls on what becomes one
        ends = [place * n / m for place in range(m + 1)]
        return [
            [max(min(end, i + 1) - max(start, i), 0) / (end - start) for i in range(n)]
            for start, end in itertools.pairwise(ends)
        ]
    table = 1024 if method == "bicubic" and not antialias else 0
    stretch = max(n / m, 1.0) if antialias else 1.0

    def weight(distance: float) -> float:
        d = abs(distance) / stretch
        if method == "bilinear":
            return max(1 - d, 0)
        if method == "bicubic":
            if d < 1:
                return 1.5 * d**3 - 2.5 * d**2 + 1
            return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0
        radius = 3 if method == "lanczos3" else 5
        if d == 0 or d >= radius:
            return float(d == 0)
        a = math.pi * d
        return radius * math.sin(a) * math.sin(a / radius) / a**2

    rows = []
    for place in range(m):
        center = (place + 0.5) * n / m - 0.5
        if table:
            center = round(center * table) / table
        row = [weight(center - pixel) for pixel in range(n)]
        rows.append([share / sum(row) for share in row])
    return rows


def _repair_tensorflow_transforms() -> None:
    """TensorFlow computes places between pixels in float32, and rounds the transform to it.

    Its gradient puts the cotangent through the inverse transform, which is near the derivative but
    is not it; here it is.
    """
    import tensorflow as tf
    from keras.src.backend.tensorflow import image

    original = image.affine_transform

    def affine_transform(
        images: Array,
        transform: Array,
        interpolation: str = "bilinear",
        fill_mode: str = "constant",
        fill_value: float = 0,
        data_format: str | None = None,
    ) -> Array:
        images = tf.convert_to_tensor(images)
        known = interpolation in ("nearest", "bilinear") and fill_mode in _FOLDS
        if images.dtype != tf.float64 or not known or len(images.shape) not in (3, 4):
            return original(images, transform, interpolation, fill_mode, fill_value, data_format)
        batch = images if len(images.shape) == 4 else images[None]
        channels_first = (data_format or keras.config.image_data_format()) == "channels_first"
        batch = tf.transpose(batch, (0, 2, 3, 1)) if channels_first else batch
        rows = tf.reshape(tf.cast(transform, tf.float64), (-1, 8))
        seen = _projected(batch, rows, interpolation, fill_mode, fill_value)
        seen = tf.transpose(seen, (0, 3, 1, 2)) if channels_first else seen
        return tf.ensure_shape(seen if len(images.shape) == 4 else seen[0], images.shape)

    original_perspective = image.perspective_transform

    def perspective_transform(
        images: Array,
        start_points: Array,
        end_points: Array,
        interpolation: str = "bilinear",
        fill_value: float = 0,
        data_format: str | None = None,
    ) -> Array:
        # Keras solves for the transform in float32.
        images = tf.convert_to_tensor(images)
        if images.dtype != tf.float64:
            return original_perspective(
                images, start_points, end_points, interpolation, fill_value, data_format
            )
        start, end = (
            tf.reshape(tf.cast(points, tf.float64), (-1, 4, 2))
            for points in (start_points, end_points)
        )
        transform = image.compute_homography_matrix(start, end)
        return image.affine_transform(
            images, transform, interpolation, "constant", fill_value, data_format
        )

    image.affine_transform = affine_transform
    image.perspective_transform = perspective_transform


def _projected(
    batch: Array, rows: Array, interpolation: str, fill_mode: str, fill_value: float
) -> Array:
    """What TensorFlow's ImageProjectiveTransformV3 makes of images (B, H, W, D), in float64."""
    import tensorflow as tf

    height, width, depth = batch.shape[1:]
    y, x = (
        tf.cast(tf.reshape(places, (1, -1)), tf.float64)
        for places in tf.meshgrid(tf.range(height), tf.range(width), indexing="ij")
    )
    a0, a1, a2, b0, b1, b2, c0, c1 = tf.split(rows, 8, axis=1)
    k = c0 * x + c1 * y + 1
    fold, outside = _FOLDS[fill_mode], tf.constant(-2.0, tf.float64)
    column = tf.where(k == 0, outside, fold((a0 * x + a1 * y + a2) / k, width))
    row = tf.where(k == 0, outside, fold((b0 * x + b1 * y + b2) / k, height))
    pixels = tf.reshape(batch, (-1, height * width, depth))
    everywhere = tf.zeros((tf.shape(batch)[0], 1), tf.int64)  # one transform may serve all images

    def read(row: Array, column: Array) -> Array:
        inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
        place = tf.where(inside, row * width + column, tf.zeros_like(row))
        found = tf.gather(pixels, tf.cast(place, tf.int64) + everywhere, batch_dims=1)
        return tf.where(inside[..., None], found, tf.cast(fill_value, tf.float64))

    if interpolation == "nearest":
        found = read(*(tf.sign(p) * tf.floor(tf.abs(p) + 0.5) for p in (row, column)))
    else:
        top, left = tf.floor(row), tf.floor(column)
        down, right = (row - top)[..., None], (column - left)[..., None]
        above = (1 - right) * read(top, left) + right * read(top, left + 1)
        below = (1 - right) * read(top + 1, left) + right * read(top + 1, left + 1)
        found = (1 - down) * above + down * below
    return tf.reshape(found, tf.shape(batch))


def _reflected(place: Array, n: int) -> Array:
    import tensorflow as tf

    behind = tf.math.floormod(place, 2.0 * n)
    return tf.clip_by_value(tf.where(behind < n, behind, 2 * n - 1 - behind), 0, n - 1)


def _wrapped(place: Array, n: int) -> Array:
    import tensorflow as tf

    last = max(n - 1, 1)  # it counts the repetitions of all but one pixel, and moves by all
    before = place + n * (tf.floor(-place / last) + 1)
    behind = place - n * tf.floor(place / last)
    place = tf.where(place < 0, before, tf.where(place > last, behind, place))
    return tf.clip_by_value(place, 0, n - 1)


def _held(place: Array, n: int) -> Array:
    import tensorflow as tf

    return tf.clip_by_value(place, 0, n - 1)


# Where a place outside of n pixels lies among them.
_FOLDS: dict[str, Function] = {
    "constant": lambda place, n: place,
    "nearest": _held,
    "reflect": _reflected,
    "wrap": _wrapped,
}


def _only_in_float64(repaired: Function, original: Function) -> Function:
    """The repaired function where its first argument is float64, else the original."""

    @functools.wraps(original)
    def function(x: Array, *others: Array, **named: Array) -> Array:
        x = keras.ops.convert_to_tensor(x)
        is_float64 = keras.backend.standardize_dtype(x.dtype) == "float64"
        return (repaired if is_float64 else original)(x, *others, **named)

    return function


def _repair_promotion() -> None:
    """On JAX and PyTorch, Keras's promotion table turns float64 results into float32.

    Then `ops.add(x, y)` of two float64 arrays is a float32 array. Where floatx() is float32 that
    stays so.
    """
    from keras.src.backend.common import dtypes

    class Promotion(dict[str, str]):
        def get(self, dtype: str, default: Array = None) -> Array:
            if dtype == "float64" and keras.config.floatx() == "float64":
                return "float64"
            return super().get(dtype, default)

    dtypes.BIT64_TO_BIT32_DTYPE = Promotion(dtypes.BIT64_TO_BIT32_DTYPE)
