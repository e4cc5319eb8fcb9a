"""Merging, shape, noise and activation layers elsewhere: in files, and on foreign arrays."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pairs import array, normal, on_both
from standin import StandIn

import numpynn
from numpynn import layers
from numpynn.autograd import vjp


def network(library: Any) -> Any:
    """Every layer of these families once."""
    k = library.layers
    sequence, image = library.Input((4, 3), name="sequence"), library.Input((4, 4, 2), name="image")
    x = k.Masking(mask_value=1.0)(sequence)
    x = k.PReLU(alpha_initializer="ones", shared_axes=[1])(x)
    x = k.Add()([x, k.GaussianNoise(0.1)(x), k.LeakyReLU(0.1)(x)])
    x = k.Average()([x, k.GaussianDropout(0.1)(x)])
    x = k.Maximum()([x, k.AlphaDropout(0.1)(k.ELU(0.5)(x))])
    x = k.Minimum()([x, k.SpatialDropout1D(0.1)(k.ReLU(6.0)(x))])
    x = k.Subtract()([k.Identity()(x), k.Multiply()([x, x])])
    x = k.ActivityRegularization(0.1)(x)
    y = k.Cropping1D(1)(k.ZeroPadding1D(1)(k.UpSampling1D(2)(x)))  # (8, 3)
    y = k.Dot(axes=(1, 2))([y, k.Permute((2, 1))(y)])  # (3, 3)
    z = k.UpSampling2D(2, interpolation="bilinear")(k.ZeroPadding2D((1, 0))(image))
    z = k.SpatialDropout2D(0.1)(k.Cropping2D(((1, 0), (0, 2)))(z))
    z = k.Dense(3)(k.Flatten()(z))
    y = k.Concatenate(axis=1)([y, k.RepeatVector(2)(z)])
    return library.Model([sequence, image], k.Dense(2, activation="tanh")(y))


INPUTS = [normal(0, 5, 4, 3).astype("float32"), normal(1, 5, 4, 4, 2).astype("float32")]


def test_a_network_of_all_these_layers_goes_to_keras_and_back(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Cropping and its like lose masks, and Keras says so
        ours, theirs = on_both(network)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = array(theirs(INPUTS))
    np.testing.assert_allclose(array(loaded(INPUTS)), expected, rtol=1e-5, atol=1e-6)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(array(again(INPUTS)), expected)
    assert [type(layer).__name__ for layer in again.layers] == [
        type(layer).__name__ for layer in theirs.layers
    ]
    assert [w.shape for w in ours.weights] == [tuple(w.shape) for w in theirs.weights]


@pytest.mark.parametrize("library", [numpynn, keras], ids=["ours", "Keras's"])
def test_a_file_with_a_python_lambda_is_loaded_only_on_request(
    library: Any, tmp_path: Path
) -> None:
    inputs = library.Input((3,))
    outputs = library.layers.Lambda(lambda x: x**2 + 1.0)(inputs)
    library.Model(inputs, outputs).save(tmp_path / "model.keras")
    x = normal(0, 2, 3).astype("float32")
    for loading in (numpynn, keras):
        with pytest.raises(ValueError, match="safe_mode=False"):
            loading.saving.load_model(tmp_path / "model.keras")
        loaded = loading.saving.load_model(tmp_path / "model.keras", safe_mode=False)
        np.testing.assert_allclose(array(loaded(x)), x**2 + 1, rtol=1e-6)


A, B, ROW, IMAGE = normal(0, 2, 4, 3), normal(1, 2, 4, 3), normal(2, 2, 3), normal(3, 2, 3, 3, 2)
ON_FOREIGN_ARRAYS: dict[str, tuple[Any, Any]] = {
    "Add": (lambda: layers.Add(), [A, ROW]),
    "Average": (lambda: layers.Average(), [A, B]),
    "Multiply": (lambda: layers.Multiply(), [A, B]),
    "Maximum": (lambda: layers.Maximum(), [A, B]),
    "Concatenate": (lambda: layers.Concatenate(axis=1), [A, B]),
    "Dot": (lambda: layers.Dot((1, -2), normalize=True), [A, B]),
    "Permute": (lambda: layers.Permute((2, 1)), A),
    "RepeatVector": (lambda: layers.RepeatVector(3), ROW),
    "Cropping2D": (lambda: layers.Cropping2D(1), IMAGE),
    "ZeroPadding2D": (lambda: layers.ZeroPadding2D(1), IMAGE),
    "UpSampling2D": (lambda: layers.UpSampling2D(2), IMAGE),
    "bilinear": (lambda: layers.UpSampling2D(2, interpolation="bilinear"), IMAGE),
    "bicubic": (lambda: layers.UpSampling2D(2, "channels_first", "bicubic"), IMAGE),
    "ReLU": (lambda: layers.ReLU(6.0, 0.1, 0.5), A),
    "LeakyReLU": (lambda: layers.LeakyReLU(), A),
    "ELU": (lambda: layers.ELU(), A),
    "PReLU": (lambda: layers.PReLU("ones"), A),
    "Masking": (lambda: layers.Masking(), A),
    "ActivityRegularization": (lambda: layers.ActivityRegularization(0.1, 0.2), A),
}


@pytest.mark.parametrize("case", ON_FOREIGN_ARRAYS)
def test_layers_run_on_foreign_arrays(case: str) -> None:
    """On arrays of another library that has NumPy's protocols, forwards and backwards."""
    make, inputs = ON_FOREIGN_ARRAYS[case]
    several = isinstance(inputs, list)
    layer = make()

    def run(wrapped: Any) -> list[Any]:
        x = [wrapped(a.astype("float32")) for a in (inputs if several else [inputs])]
        y, pull = vjp(lambda *x: layer(list(x) if several else x[0]), *x)
        return [y.array, *(gradient.array for gradient in pull(y.array))]

    expected = run(lambda x: x)
    for weight in layer.weights:
        weight.array = StandIn(weight.array.copy())
    for found, wanted in zip(run(StandIn), expected, strict=True):
        assert isinstance(found, StandIn)
        np.testing.assert_allclose(found.revealed(), wanted, rtol=1e-5, atol=1e-6)
