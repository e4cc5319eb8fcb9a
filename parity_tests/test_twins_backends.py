"""The layers that Keras lacks run on each library that Keras runs on: this file, as a program."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

MASK = np.array([[1, 1, 1, 0, 0], [1, 0, 1, 1, 0], [0, 0, 0, 0, 0]], bool)


@pytest.mark.thorough
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_the_twins_agree_on_every_backend(backend: str) -> None:
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    command = [sys.executable, __file__]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def close(theirs: Any, ours: Any) -> None:
    """Values of a Keras back-end and of numpynn, within the bar of float32."""
    import keras

    theirs = keras.ops.convert_to_numpy(theirs)
    np.testing.assert_allclose(np.asarray(ours), theirs, rtol=1e-5, atol=1e-5)


def main() -> None:
    import keras

    import kerasref.layers as theirs
    import numpynn
    from kerasref.backend.repeated_rows import sum_repeated_rows
    from numpynn import layers as ours
    from numpynn.ops.sequences import reverse_sequence

    sum_repeated_rows()
    random = np.random.default_rng(0)
    x = random.normal(size=(3, 5, 4)).astype("float32")
    e, mask = (keras.ops.convert_to_tensor(value) for value in (x, MASK))
    for kind in ("MaskedMeanPooling", "MaskedMaxPooling"):
        close(getattr(theirs, kind)()(e, mask=mask), getattr(ours, kind)()(x, mask=MASK))
    close(theirs.reverse_sequence(e, [3, 0, 5]), reverse_sequence(x, [3, 0, 5]))
    for kind in ("MinimalRNNCell", "PeepholeLSTMCell", "CoupledLSTMCell"):
        their_layer = keras.layers.RNN(getattr(theirs, kind)(3))
        our_layer = numpynn.layers.RNN(getattr(ours, kind)(3))
        for layer in (their_layer, our_layer):
            layer.build((None, 5, 4))
        our_layer.set_weights(their_layer.get_weights())
        close(their_layer(e, mask=mask), our_layer(x, mask=MASK))
    ids = random.integers(0, 6, (8, 5))
    models = []
    for library, crf in ((keras, theirs.CRF()), (numpynn, ours.CRF())):
        k = library.layers
        embedding = k.Embedding(6, 3, mask_zero=True)
        inputs = library.Input((5,), dtype="int32")
        model = library.Sequential([inputs, embedding, k.Dense(4), crf])
        model.compile("adam", crf.loss())
        models.append(model)
    models[1].set_weights(models[0].get_weights())
    for _ in range(3):
        losses = [float(model.train_on_batch(ids, ids % 4)) for model in models]
        assert abs(losses[0] - losses[1]) < 1e-4, losses
    decoded = [model.layers[-1].decode(model(ids)) for model in models]
    close(*decoded)


if __name__ == "__main__":
    main()
