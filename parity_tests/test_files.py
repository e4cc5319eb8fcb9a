"""Files: what Keras saves we load, what we save Keras loads, and what is saved is never lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from graphs import build, data, plans
from hypothesis import given, settings
from pairs import BARS, array, both_float_types, hold

import numpynn
from kerasref.bridge import copy_weights
from numpynn.autograd.structure import leaves, map_structure
from numpynn.saving import models as files

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 4)).astype("float32")
Y = RNG.normal(size=(12, 2)).astype("float32")


def network(library: Any, optimizer: Any = "adam") -> Any:
    library.utils.clear_session(free_memory=False)
    model = library.Sequential(
        [
            library.Input((4,)),
            library.layers.Dense(5, "tanh"),
            library.layers.BatchNormalization(),
            library.layers.Dense(2),
        ]
    )
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def trained(library: Any, steps: int = 3, optimizer: Any = "adam") -> Any:
    model = network(library, optimizer)
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return model


def saved_by(library: Any, model: Any, path: Path) -> Path:
    model.save(path)
    return path


# -- both ways -------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(plans())
def test_drawn_models_go_from_keras_to_numpynn_and_back(plan: Any) -> None:
    with both_float_types("float32"):
        model = build(keras, plan)
        x = map_structure(lambda a: a.astype("float32"), data(plan))
        expected = [array(part) for part in leaves(model.predict(x, verbose=0))]
        with tempfile.TemporaryDirectory() as folder:
            model.save(f"{folder}/theirs.keras")
            ours = numpynn.models.load_model(f"{folder}/theirs.keras")
            hold(ours.predict(x, verbose=0), expected, BARS["float32"]["forward"])
            ours.save(f"{folder}/ours.keras")
            again = keras.models.load_model(f"{folder}/ours.keras")
        for a, b in zip(leaves(again.predict(x, verbose=0)), expected, strict=True):
            np.testing.assert_array_equal(a, b)


OPTIMIZERS = {
    "SGD": {"momentum": 0.9, "nesterov": True},
    "Adam": {"amsgrad": True},
    "AdamW": {"weight_decay": 0.01},
    "Adamax": {},
    "Nadam": {},
    "Adagrad": {},
    "Adadelta": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Ftrl": {},
    "Lion": {},
    "Adafactor": {},
    "Lamb": {},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_in_the_other_library(name: str, tmp_path: Path) -> None:
    with both_float_types("float64"):
        for giver, taker in ((keras, numpynn), (numpynn, keras)):
            optimizer = getattr(giver.optimizers, name)(learning_rate=0.01, **OPTIMIZERS[name])
            model = trained(giver, 3, optimizer)
            model.save(tmp_path / "model.keras")
            other = taker.models.load_model(tmp_path / "model.keras")
            assert int(array(other.optimizer.iterations)) == 3
            for _ in range(10):
                a, b = model.train_on_batch(X, Y), other.train_on_batch(X, Y)
                hold(b, a, BARS["float64"]["loss"])
            hold(other.get_weights(), model.get_weights(), BARS["float64"]["weights"])


def test_weights_alone_go_both_ways(tmp_path: Path) -> None:
    theirs, ours = trained(keras), trained(numpynn)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    ours.load_weights(tmp_path / "theirs.weights.h5")
    hold(ours.get_weights(), theirs.get_weights(), 0.0)
    ours = trained(numpynn, 5)
    ours.save_weights(tmp_path / "ours.weights.h5")
    theirs.load_weights(tmp_path / "ours.weights.h5")
    hold(theirs.get_weights(), ours.get_weights(), 0.0)


@pytest.mark.parametrize("suffix", [".weights.h5", ".npz", ".keras"])
def test_weights_come_back_with_the_optimizer(suffix: str, tmp_path: Path) -> None:
    model, fresh = trained(numpynn), network(numpynn)
    fresh.optimizer.build(fresh.trainable_variables)
    path = tmp_path / f"w{suffix}"
    (model.save if suffix == ".keras" else model.save_weights)(path)
    fresh.load_weights(path)
    for _ in range(3):
        assert model.train_on_batch(X, Y) == fresh.train_on_batch(X, Y)
    hold(fresh.get_weights(), model.get_weights(), 0.0)


def test_models_are_saved_with_numpy_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    model = trained(numpynn)
    with pytest.raises(ImportError, match=r"numpynn\[files\]"):
        model.save(tmp_path / "a.keras")
    assert not list(tmp_path.iterdir())
    model.save(tmp_path / "a.keras", weights_format="npz")
    again = numpynn.models.load_model(tmp_path / "a.keras")
    assert again.train_on_batch(X, Y) == model.train_on_batch(X, Y)


def test_models_of_text_keep_their_vocabulary(tmp_path: Path) -> None:
    words = np.array([["a"], ["c"], ["b"]], object)

    def program(library: Any) -> Any:
        x = library.Input((1,), dtype="string", name="word")
        lookup = library.layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
        return library.Model(x, library.layers.Dense(2)(lookup(x)))

    expected = []
    for giver, taker in ((keras, numpynn), (numpynn, keras)):
        model = program(giver)
        model.save(tmp_path / "text.keras")
        again = taker.models.load_model(tmp_path / "text.keras")
        for one in (model, again):
            given = words if "numpynn" in type(one).__module__ else tf.constant(words)
            expected.append(array(one(given)))
        hold(expected[-1], expected[-2], 1e-6)


def test_folders_hold_the_same_members(tmp_path: Path) -> None:
    model = trained(numpynn)
    model.save(tmp_path / "folder", zipped=False)
    assert sorted(p.name for p in (tmp_path / "folder").iterdir()) == [
        "config.json",
        "metadata.json",
        "model.weights.h5",
    ]
    for library in (numpynn, keras):
        again = library.models.load_model(tmp_path / "folder")
        hold(again.predict(X, verbose=0), model.predict(X, verbose=0), 1e-5)


def test_json_makes_an_equal_model() -> None:
    model = network(numpynn)
    again = numpynn.models.model_from_json(model.to_json(indent=1))
    again.set_weights(model.get_weights())
    hold(again.predict(X, verbose=0), model.predict(X, verbose=0), 0.0)
    theirs = keras.models.model_from_json(model.to_json())
    assert [layer.name for layer in theirs.layers] == [layer.name for layer in model.layers]


# -- classes of one's own --------------------------------------------------------------------------


def scaled(library: Any) -> Any:
    class Scaled(library.layers.Layer):  # type: ignore[name-defined,misc]
        """A layer with a sub-layer, a weight, and no get_config of its own."""

        def __init__(self, units: int, factor: float = 1.0, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.units, self.factor = units, factor
            self.inner = library.layers.Dense(units, name="inner")
            self.more = [library.layers.Dense(units, name=n) for n in ("one", "two")]

        def build(self, input_shape: Any) -> None:
            self.bias = self.add_weight((self.units,), "ones", name="bias")
            self.inner.build(input_shape)
            for layer in self.more:
                layer.build(input_shape)

        def call(self, x: Any) -> Any:
            return self.factor * (self.inner(x) + self.more[0](x) * self.more[1](x)) + self.bias

    return Scaled


def with_scaled(library: Any, kind: Any) -> Any:
    x = library.Input((4,))
    return library.Model(x, library.layers.Dense(2)(kind(3, factor=0.5)(x)))


def test_own_layers_go_both_ways_by_custom_objects(tmp_path: Path) -> None:
    kinds = {library: scaled(library) for library in (keras, numpynn)}
    for giver, taker in ((keras, numpynn), (numpynn, keras)):
        model = with_scaled(giver, kinds[giver])
        model.save(tmp_path / "own.keras")
        again = taker.models.load_model(tmp_path / "own.keras", {"Scaled": kinds[taker]})
        hold(again.predict(X, verbose=0), model.predict(X, verbose=0), 1e-5)
        assert again.layers[1].get_config()["factor"] == 0.5
        with taker.saving.custom_object_scope({"Scaled": kinds[taker]}):
            taker.models.load_model(tmp_path / "own.keras")
        with pytest.raises(TypeError, match="Scaled"):
            taker.models.load_model(tmp_path / "own.keras")


def test_registered_classes_are_found(tmp_path: Path) -> None:
    register = numpynn.saving.register_keras_serializable
    kind = register(package="shop")(scaled(numpynn))
    assert numpynn.saving.get_registered_name(kind) == "shop>Scaled"
    assert numpynn.saving.get_registered_object("shop>Scaled") is kind
    try:
        model = with_scaled(numpynn, kind)
        model.save(tmp_path / "own.keras")
        again = numpynn.models.load_model(tmp_path / "own.keras")
        assert type(again.layers[1]) is kind
    finally:
        del numpynn.saving.get_custom_objects()["shop>Scaled"]


def test_subclassed_models_come_back(tmp_path: Path) -> None:
    def program(library: Any) -> Any:
        class Net(library.Model):  # type: ignore[name-defined,misc]
            def __init__(self, units: int, **kwargs: Any) -> None:
                super().__init__(**kwargs)
                self.units = units
                self.one = library.layers.Dense(units, "relu")
                self.two = library.layers.Dense(2)

            def call(self, x: Any) -> Any:
                return self.two(self.one(x))

            def get_config(self) -> dict[str, Any]:
                return {**super().get_config(), "units": self.units}

        return Net

    kinds = {library: program(library) for library in (keras, numpynn)}
    for giver, taker in ((keras, numpynn), (numpynn, keras)):
        model = kinds[giver](3)
        model.compile("sgd", "mse")
        model.train_on_batch(X, Y)
        model.save(tmp_path / "net.keras")
        again = taker.models.load_model(tmp_path / "net.keras", {"Net": kinds[taker]})
        hold(again.predict(X, verbose=0), model.predict(X, verbose=0), 1e-5)
        model.save_weights(tmp_path / "net.weights.h5")
        fresh = kinds[taker](3)
        fresh(X)
        fresh.load_weights(tmp_path / "net.weights.h5")
        hold(fresh.predict(X, verbose=0), model.predict(X, verbose=0), 1e-5)


def test_own_losses_and_metrics_are_named(tmp_path: Path) -> None:
    def cube(y_true: Any, y_pred: Any) -> Any:
        return numpynn.ops.mean(numpynn.ops.abs(y_true - y_pred) ** 3, axis=-1)

    model = network(numpynn)
    model.compile("adam", cube, metrics=[cube])
    expected = model.train_on_batch(X, Y)
    model.save(tmp_path / "m.keras")
    again = numpynn.models.load_model(tmp_path / "m.keras", {"cube": cube})
    assert again.test_on_batch(X, Y) == model.test_on_batch(X, Y)
    assert len(expected) == 2
    with pytest.raises((TypeError, ValueError), match="cube"):
        numpynn.models.load_model(tmp_path / "m.keras")
    plain = numpynn.models.load_model(tmp_path / "m.keras", compile=False)
    assert not plain.compiled


def test_a_layer_with_other_arguments_says_what_it_lacks() -> None:
    class Odd(numpynn.layers.Layer):
        def __init__(self, function: Any) -> None:
            super().__init__()

    with pytest.raises(NotImplementedError, match=r"get_config.*function"):
        Odd(np.sin).get_config()


# -- nothing is lost -------------------------------------------------------------------------------


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.keras"
    model = trained(numpynn)
    model.save(path)
    before = path.read_bytes()

    def fails(self: Any, store: Any) -> None:
        store["0"] = np.ones(3)
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(numpynn.layers.BatchNormalization, "save_own_variables", fails)
    for save in (model.save, lambda p: model.save_weights(str(p).replace(".keras", ".npz"))):
        with pytest.raises(RuntimeError, match="full"):
            save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


KILLED = """
import sys, numpy as np, numpynn as nn
model = nn.Sequential([nn.Input((300,)), nn.layers.Dense(300), nn.layers.Dense(300)])
print("ready", flush=True)
for number in range(10_000):
    model.set_weights([np.full_like(w, number) for w in model.get_weights()])
    model.save(sys.argv[1])
    model.save_weights(sys.argv[2])
"""


def test_killed_while_saving_leaves_whole_files(tmp_path: Path) -> None:
    model_path, weights_path = tmp_path / "m.keras", tmp_path / "m.weights.h5"
    for pause in (0.05, 0.13, 0.21):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(model_path), str(weights_path)],
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        assert process.stdout is not None
        process.stdout.readline()
        deadline = time.monotonic() + 60
        while not weights_path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
        process.wait()
        model = numpynn.models.load_model(model_path)
        model.load_weights(weights_path)
        for weight in model.get_weights():
            assert (weight == weight.flat[0]).all()


@pytest.mark.parametrize("suffix", [".weights.h5", ".npz"])
def test_weights_that_do_not_fit_change_nothing(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"w{suffix}"
    other = numpynn.Sequential([numpynn.Input((4,)), *(numpynn.layers.Dense(n) for n in (5, 3, 2))])
    other.save_weights(path)
    model = trained(numpynn)
    weights, state = model.get_weights(), [v.numpy() for v in model.optimizer.variables]
    with pytest.raises(ValueError, match=r"does not fit.*file holds"):
        model.load_weights(path)
    hold(model.get_weights(), weights, 0.0)
    hold([v.numpy() for v in model.optimizer.variables], state, 0.0)
    with pytest.warns(UserWarning, match="does not fit"):
        model.load_weights(path, skip_mismatch=True)
    hold(model.layers[0].kernel.numpy(), other.layers[0].kernel.numpy(), 0.0)
    hold(model.layers[1].get_weights(), weights[2:6], 0.0)


def test_another_optimizer_state_is_reported(tmp_path: Path) -> None:
    trained(numpynn, optimizer="adam").save_weights(tmp_path / "w.weights.h5")
    for library in (keras, numpynn):
        model = trained(library, optimizer="sgd")
        state = [array(v) for v in model.optimizer.variables]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.load_weights(tmp_path / "w.weights.h5")
        assert any("optimizer" in str(w.message).lower() for w in caught)
        hold([array(v) for v in model.optimizer.variables], state, 0.0)


def test_what_has_no_weights_yet_says_so(tmp_path: Path) -> None:
    for library in (keras, numpynn):
        model = library.Sequential([library.layers.Dense(2)])
        with pytest.raises(ValueError, match=r"built|build"):
            model.save_weights(tmp_path / "w.weights.h5")
        with pytest.raises(ValueError, match=r"built|build"):
            model.load_weights(tmp_path / "w.weights.h5")


@pytest.mark.parametrize("name", ["m.txt", "m", "m.h5"])
def test_other_suffixes_are_refused(name: str, tmp_path: Path) -> None:
    model = network(numpynn)
    for use in (model.save, model.save_weights, numpynn.models.load_model):
        with pytest.raises(ValueError, match=r"\.keras|\.weights\.h5"):
            use(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.keras"):
        numpynn.models.load_model(tmp_path / "none.keras")
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        network(numpynn).load_weights(tmp_path / "none.npz")


def test_overwriting_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, path = network(numpynn), tmp_path / "m.keras"
    model.save(path, overwrite=False)
    before = path.read_bytes()
    for answer, written in (("n", False), ("y", True)):
        monkeypatch.setattr("builtins.input", lambda text, answer=answer: answer)
        time.sleep(0.01)
        model.layers[0].kernel.assign_add(np.ones_like(model.layers[0].kernel.numpy()))
        model.save(path, overwrite=False)
        assert (path.read_bytes() != before) is written


def test_the_paths_in_a_file_are_keras(tmp_path: Path) -> None:
    import h5py

    def program(library: Any) -> Any:
        library.utils.clear_session(free_memory=False)
        x = library.Input((4,), name="x")
        h = with_scaled(library, scaled(library))(x)
        inner = library.Sequential([library.layers.Dense(3), library.layers.Dropout(0.1)])
        model = library.Model(x, inner(h))
        model.compile("adam", "mse")
        model.train_on_batch(X, np.ones((12, 3)))
        return model

    names = []
    for number, library in enumerate((keras, numpynn)):
        path = tmp_path / f"{number}.weights.h5"
        program(library).save_weights(path)
        with h5py.File(path) as file:
            found: dict[str, Any] = {}
            file.visititems(lambda n, o, found=found: found.update({n: getattr(o, "shape", None)}))
        names.append(found)
    assert names[0] == names[1]


def test_saved_objects_names_each_once() -> None:
    model = with_scaled(numpynn, scaled(numpynn))
    paths = dict(files.saved_objects(model))
    assert list(paths) == [
        "",
        "layers/input_layer",
        "layers/scaled",
        "layers/scaled/inner",
        "layers/scaled/more/dense",
        "layers/scaled/more/dense_1",
        "layers/dense",
    ]


def test_copied_and_saved_weights_are_the_same_thing(tmp_path: Path) -> None:
    theirs, ours = trained(keras), network(numpynn)
    theirs.save_weights(tmp_path / "w.weights.h5")
    ours.load_weights(tmp_path / "w.weights.h5")
    copied = network(numpynn)
    copy_weights(theirs, copied)
    hold(ours.get_weights(), copied.get_weights(), 0.0)


def test_frozen_layers_stay_frozen_and_the_optimizer_goes_on(tmp_path: Path) -> None:
    def program(library: Any) -> Any:
        base = library.Sequential([library.Input((4,)), library.layers.Dense(3)], name="base")
        base.trainable = False
        x = library.Input((4,))
        half = library.layers.Dense(3, name="half", trainable=False)(base(x))
        model = library.Model(x, library.layers.Dense(2)(half), trainable=True)
        model.compile("adam", "mse")
        model.train_on_batch(X, Y)
        return model

    for giver, taker in ((keras, numpynn), (numpynn, keras), (numpynn, numpynn)):
        model = program(giver)
        model.save(tmp_path / "frozen.keras")
        again = taker.models.load_model(tmp_path / "frozen.keras")
        assert again.layers[0].trainable and not again.get_layer("half").trainable
        assert len(again.trainable_weights) == 2
        assert int(array(again.optimizer.iterations)) == 1
        hold(again.train_on_batch(X, Y), model.train_on_batch(X, Y), 1e-5)


def test_graphs_with_a_step_of_their_own_come_back(tmp_path: Path) -> None:
    def program(library: Any) -> Any:
        class Net(library.Model):  # type: ignore[name-defined,misc]
            def predict_step(self, data: Any) -> Any:
                return super().predict_step(data) + 1.0

        x = library.Input((4,))
        return Net, Net(x, library.layers.Dense(2)(x))

    made = {library: program(library) for library in (keras, numpynn)}
    for giver, taker in ((keras, numpynn), (numpynn, keras)):
        model = made[giver][1]
        model.save(tmp_path / "net.keras")
        again = taker.models.load_model(tmp_path / "net.keras", {"Net": made[taker][0]})
        hold(again.predict(X, verbose=0), model.predict(X, verbose=0), 1e-6)


def test_model_makes_functional_models_of_configurations() -> None:
    for library in (keras, numpynn):
        model = with_scaled(library, scaled(library))
        config = model.get_config()
        again = library.Model.from_config(config, custom_objects={"Scaled": type(model.layers[1])})
        assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
