"""`ops.image`: names, arguments, bad input, images without values yet, files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pairs import hold, normal

import numpynn
from numpynn.ops import image

NAMES = sorted(name for name in dir(keras.ops.image) if not name.startswith("_"))


def test_every_name_of_keras_is_here_and_no_other() -> None:
    ours = {name for name, f in vars(image).items() if inspect.isfunction(f)}
    assert ours == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_keras_names_and_defaults(name: str) -> None:
    ours, theirs = (
        inspect.signature(getattr(space, name)).parameters for space in (image, keras.ops.image)
    )
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in theirs.values()
    ]


# -- bad input -------------------------------------------------------------------------------------

X = normal(0, 2, 4, 5, 3).astype("float32")
IDENTITY = np.array([1.0, 0, 0, 0, 1, 0, 0, 0])
POINTS = np.array([[0.0, 0], [4, 0], [0, 3], [4, 3]])
ONE, TWO = np.ones(1), np.ones(2)
Program = Callable[[Any], Any]

# Refused by both libraries with the same type of error.
REFUSED: dict[str, tuple[type[Exception], Program]] = {
    "resize: rank": (ValueError, lambda o: o.resize(X[0, 0], (2, 2))),
    "resize: one size": (ValueError, lambda o: o.resize(X, (2,))),
    "resize: a number as size": (TypeError, lambda o: o.resize(X, 3)),
    "resize: nothing": (ValueError, lambda o: o.resize(X, (0, 2))),
    "resize: half a pixel": (ValueError, lambda o: o.resize(X, (2.5, 2))),
    "resize: interpolation": (ValueError, lambda o: o.resize(X, (2, 2), "cubic")),
    "resize: fill mode": (ValueError, lambda o: o.resize(X, (2, 2), fill_mode="nearest")),
    "resize: crop and pad": (
        ValueError,
        lambda o: o.resize(X, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
    ),
    "resize: data format": (ValueError, lambda o: o.resize(X, (2, 2), data_format="last")),
    "crop: nothing given": (ValueError, lambda o: o.crop_images(X)),
    "crop: three given": (ValueError, lambda o: o.crop_images(X, 1, 1, 1, 1, 2)),
    "crop: negative": (ValueError, lambda o: o.crop_images(X, -1, 1, 1, 1)),
    "crop: too much": (ValueError, lambda o: o.crop_images(X, 3, 1, 2, 1)),
    "crop: rank": (ValueError, lambda o: o.crop_images(X[0, 0], 1, 1, 1, 1)),
    "pad: nothing given": (ValueError, lambda o: o.pad_images(X)),
    "pad: three given": (ValueError, lambda o: o.pad_images(X, 1, 1, 1, 1, 9)),
    "pad: negative": (ValueError, lambda o: o.pad_images(X, 1, -1, 1, 1)),
    "pad: larger than the target": (
        ValueError,
        lambda o: o.pad_images(X, 1, 1, target_height=3, target_width=9),
    ),
    "pad: rank": (ValueError, lambda o: o.pad_images(X[None], 1, 1, 1, 1)),
    "affine: rank": (ValueError, lambda o: o.affine_transform(X[0, 0], IDENTITY)),
    "affine: transform": (ValueError, lambda o: o.affine_transform(X, IDENTITY[None, None])),
    "affine: interpolation": (ValueError, lambda o: o.affine_transform(X, IDENTITY, "bicubic")),
    "affine: fill mode": (
        ValueError,
        lambda o: o.affine_transform(X, IDENTITY, fill_mode="mirror"),
    ),
    "perspective: rank": (ValueError, lambda o: o.perspective_transform(X[0, 0], POINTS, POINTS)),
    "perspective: points": (
        ValueError,
        lambda o: o.perspective_transform(X, POINTS[:3], POINTS[:3]),
    ),
    "perspective: two shapes": (
        ValueError,
        lambda o: o.perspective_transform(X, POINTS, POINTS[None]),
    ),
    "perspective: interpolation": (
        ValueError,
        lambda o: o.perspective_transform(X, POINTS, POINTS, "cubic"),
    ),
    "map: no axis of numbers": (ValueError, lambda o: o.map_coordinates(ONE, ONE, 1)),
    "map: numbers a place": (ValueError, lambda o: o.map_coordinates(ONE, np.ones((2, 1)), 1)),
    "map: order": (NotImplementedError, lambda o: o.map_coordinates(ONE, ONE[None], 2)),
    "elastic: rank": (ValueError, lambda o: o.elastic_transform(X[0, 0])),
    "elastic: interpolation": (ValueError, lambda o: o.elastic_transform(X, interpolation="cubic")),
    "elastic: fill mode": (ValueError, lambda o: o.elastic_transform(X, fill_mode="mirror")),
    "grey: rank": (ValueError, lambda o: o.rgb_to_grayscale(X[0, 0])),
    "grey: two channels": (ValueError, lambda o: o.rgb_to_grayscale(X[..., :2])),
    "hsv: rank": (ValueError, lambda o: o.rgb_to_hsv(X[0, 0])),
    "hsv: integers": (ValueError, lambda o: o.rgb_to_hsv(X.astype(int))),
    "rgb: rank": (ValueError, lambda o: o.hsv_to_rgb(X[0, 0])),
    "rgb: integers": (ValueError, lambda o: o.hsv_to_rgb(X.astype("uint8"))),
    "blur: rank": (ValueError, lambda o: o.gaussian_blur(X[0, 0])),
    "sobel: data format": (ValueError, lambda o: o.sobel_edges(X, "last")),
    "ssim: rank": (ValueError, lambda o: o.ssim(X[0, 0], X)),
    "patches: size": (TypeError, lambda o: o.extract_patches(X, 2.0)),
    "patches: one size": (ValueError, lambda o: o.extract_patches(X, (2,))),
    "patches: rank": (ValueError, lambda o: o.extract_patches(X[0, 0], 2)),
    "boxes: two sizes": (TypeError, lambda o: o.extract_patches_3d(X[None], (2, 2))),
    "scale: method": (
        ValueError,
        lambda o: o.scale_and_translate(X, X.shape, ONE, ONE, [1], "triangle"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_raises_keras_error(name: str) -> None:
    error, program = REFUSED[name]
    for library in (numpynn, keras):
        with pytest.raises(error):
            program(library.ops.image)


# Where Keras fails in TensorFlow, by an error of its own.
REFUSED_AT_ONCE: dict[str, tuple[str, Program]] = {
    "crop: larger": ("negative", lambda o: o.crop_images(X, 0, 0, 0, target_width=9)),
    "crop: beyond": ("negative", lambda o: o.crop_images(X, 0, 0, target_height=9, target_width=1)),
    "affine: seven numbers": ("shape", lambda o: o.affine_transform(X, IDENTITY[:7])),
    "affine: three for two": ("2 images", lambda o: o.affine_transform(X, np.ones((3, 8)))),
    "perspective: points on a line": (
        "Singular",
        lambda o: o.perspective_transform(X, POINTS * 0, POINTS * 0),
    ),
    "map: fill mode": (
        "mirror",
        lambda o: o.map_coordinates(ONE, ONE[None], 1, "periodic"),
    ),
    "elastic: integers": ("floats", lambda o: o.elastic_transform(X.astype(int))),
    "hsv: two channels": ("3 channels", lambda o: o.rgb_to_hsv(X[..., :2])),
    "blur: integers": ("floats", lambda o: o.gaussian_blur(X.astype(int))),
    "blur: one size": ("kernel_size", lambda o: o.gaussian_blur(X, (3,))),
    "sobel: one image": ("batch", lambda o: o.sobel_edges(X[0])),
    "sobel: one row": ("2 x 2", lambda o: o.sobel_edges(X[:, :1])),
    "ssim: two shapes": ("one shape", lambda o: o.ssim(X, X[:1])),
    "ssim: small": ("11 pixels", lambda o: o.ssim(X, X)),
    "patches: padding": ("padding", lambda o: o.extract_patches(X, 2, padding="full")),
    "boxes: strides": ("strides", lambda o: o.extract_patches_3d(X[None], 2, (1, 2))),
    "scale: numbers": (
        "for each",
        lambda o: o.scale_and_translate(X, X.shape, ONE, ONE, [1, 2], "cubic"),
    ),
}


@pytest.mark.parametrize("name", REFUSED_AT_ONCE)
def test_bad_input_that_keras_passes_on_is_a_value_error(name: str) -> None:
    words, program = REFUSED_AT_ONCE[name]
    with pytest.raises(ValueError, match=words):
        program(image)
    with pytest.raises(Exception):  # noqa: B017 - of TensorFlow, or a slip on the way there
        program(keras.ops.image)


def test_patches_larger_than_the_image_are_refused() -> None:
    """Keras's convolution gives back the image in float32, and fails in float64."""
    with pytest.raises(ValueError, match="empty"):
        image.extract_patches(X, 7)


def test_lists_are_images_too() -> None:
    """Keras asks them for their shape."""
    row = [[[1.0], [3.0]]]
    assert image.resize(row, (1, 3)).ravel().tolist() == [1.0, 2.0, 3.0]
    moved = image.affine_transform(row, [1, 0, 0.5, 0, 1, 0, 0, 0], fill_mode="nearest")
    assert moved.ravel().tolist() == [2.0, 3.0]
    assert moved.dtype == np.float32


# -- symbolic images, and files --------------------------------------------------------------------


def graph(library: Any) -> Any:
    """Most functions, one after the other, on images of unknown size where they may be."""
    ops = library.ops
    x = library.Input((None, None, 3), batch_size=2)
    y = ops.image.resize(x, (8, 9), "bicubic", antialias=True)
    y = ops.image.hsv_to_rgb(ops.image.rgb_to_hsv(y))
    y = ops.image.gaussian_blur(y, (3, 3), (0.5, 1.0))
    y = ops.image.affine_transform(y, IDENTITY.astype("float32") * 0.75, fill_mode="reflect")
    y = ops.image.crop_images(y, 1, 0, target_height=6, target_width=6)
    y = ops.image.pad_images(y, 1, 1, 1, 1)
    grey = ops.image.rgb_to_grayscale(y)
    edges = ops.image.sobel_edges(grey)
    blocks = ops.depth_to_space(ops.space_to_depth(grey, 2), 2)
    patches = ops.image.extract_patches(blocks, 4)
    columns = ops.unfold(ops.transpose(y, (0, 3, 1, 2)), 2, stride=2)
    folded = ops.fold(columns, (8, 8), 2, stride=2)
    alike = ops.image.ssim(y, y, filter_size=3)
    return library.Model(x, [edges, patches, folded, alike])


def test_graphs_have_keras_shapes() -> None:
    ours, theirs = graph(numpynn), graph(keras)
    assert [y.shape for y in ours.outputs] == [y.shape for y in theirs.outputs]
    x = np.abs(normal(1, 2, 6, 7, 3)).astype("float32")
    hold(list(ours(x)), [np.asarray(y) for y in theirs(x)], 1e-5)


@pytest.mark.parametrize("writer", [numpynn, keras], ids=["numpynn", "keras"])
def test_graphs_are_saved_and_loaded_by_both(writer: Any, tmp_path: Path) -> None:
    reader = keras if writer is numpynn else numpynn
    model, path = graph(writer), tmp_path / "images.keras"
    model.save(path)
    x = np.abs(normal(1, 2, 6, 7, 3)).astype("float32")
    again = reader.saving.load_model(path)
    hold([np.asarray(y) for y in again(x)], [np.asarray(y) for y in model(x)], 1e-5)
