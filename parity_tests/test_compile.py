"""compile: losses, weights and metrics for several outputs, in every nesting; its configuration."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairs import both_float_types, hold, normal

import numpynn
from kerasref.bridge import copy_weights

SAMPLES = 7
X, VALUES = normal(0, SAMPLES, 3), normal(1, SAMPLES, 1)
CLASSES = np.arange(SAMPLES) % 3
WEIGHTS = np.linspace(0, 2, SAMPLES), np.linspace(1, 3, SAMPLES)
SPARSE = "sparse_categorical_crossentropy"
FORMS: dict[str, Callable[[Any, Any], Any]] = {
    "list": lambda a, b: [a, b],
    "tuple": lambda a, b: (a, b),
    "dict": lambda a, b: {"z": a, "a": b},  # not in the order of the alphabet
    "nested": lambda a, b: {"q": [a, b], "a": b},
    "nested list": lambda a, b: [a, {"a": a, "q": b}],  # in it: TensorFlow would sort the losses
    "one": lambda a, b: [a],
}


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


def functional(library: Any, form: str) -> Any:
    x = library.Input((3,), name="x")
    values = library.layers.Dense(1, name="zeta")(x)
    classes = library.layers.Dense(3, activation="softmax", name="alpha")(x)
    return library.Model(x, FORMS[form](values, classes))


def subclassed(library: Any, form: str) -> Any:
    class Two(library.Model):
        def __init__(self) -> None:
            super().__init__()
            self.values = library.layers.Dense(1)
            self.classes = library.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return FORMS[form](self.values(x), self.classes(x))

    model = Two()
    model(X[:1])
    return model


KINDS = {"functional": functional, "subclassed": subclassed}


def single(library: Any, form: str) -> Any:
    """One output, a tensor."""
    return library.Sequential([library.Input((3,)), library.layers.Dense(1)])


def run(library: Any, model: Any, compiled: dict[str, Any], fitted: dict[str, Any]) -> list[Any]:
    """What fit and evaluate report, with their names in their order, and the weights."""
    model.compile("sgd", run_eagerly=True, **compiled)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some weights get no gradient
        history = model.fit(X, **fitted, batch_size=4, epochs=2, shuffle=False, verbose=0).history
    measured = model.evaluate(X, **fitted, batch_size=SAMPLES, verbose=0)
    names = [list(history), model.metrics_names, type(measured)]
    return [names, history, measured, model.get_weights()]


def hold_runs(
    make: Callable[[Any], Any], compiled: dict[str, Any], fitted: dict[str, Any]
) -> list[str]:
    """Hold a model's runs in both libraries equal; returns the names in the logs."""
    models = make(numpynn), make(keras)
    copy_weights(models[1], models[0])
    ours, theirs = (
        run(library, model, compiled, fitted)
        for library, model in zip((numpynn, keras), models, strict=True)
    )
    assert ours[0] == theirs[0]
    hold(ours[1:], theirs[1:], 1e-10)
    names: list[str] = ours[0][0]
    return names


# -- every nesting ---------------------------------------------------------------------------------

LOSSES = st.sampled_from(["mse", "mae"]), st.sampled_from([SPARSE, "crossentropy"])
METRICS = (
    st.sampled_from([None, "mae", ["mae", "mse"], ["mae", "mae"]]),
    st.sampled_from([None, ["accuracy"], ["acc", SPARSE]]),
)


def of_both(form: str, parts: tuple[Any, Any]) -> Any:
    return st.tuples(*parts).map(lambda pair: FORMS[form](*pair))


@st.composite
def two_outputs(draw: Any) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """The form of the outputs, the arguments of compile, and those of fit."""
    form = draw(st.sampled_from([form for form in FORMS if form != "one"]))
    flat = form in ("list", "tuple", "dict")
    compiled = {"loss": draw(of_both(form, LOSSES))}
    if flat and draw(st.booleans()):  # one has none
        compiled["loss"] = draw(
            st.sampled_from([FORMS[form]("mse", None), FORMS[form](None, SPARSE)])
        )
    if draw(st.booleans()):
        factors = st.sampled_from([0.5, 1.0, 3.0])
        compiled["loss_weights"] = draw(of_both(form, (factors, factors)))
    for argument in ("metrics", "weighted_metrics"):
        if draw(st.booleans()):
            compiled[argument] = draw(of_both(form, METRICS))
    fitted: dict[str, Any] = {"y": FORMS[form](VALUES, CLASSES)}
    if flat and draw(st.booleans()):
        fitted["sample_weight"] = draw(st.sampled_from([WEIGHTS[0], FORMS[form](*WEIGHTS)]))
    return form, compiled, fitted


@given(st.sampled_from(sorted(KINDS)), two_outputs())
def test_losses_and_metrics_of_two_outputs_are_keras(
    kind: str, drawn: tuple[str, dict[str, Any], dict[str, Any]]
) -> None:
    form, compiled, fitted = drawn
    hold_runs(lambda library: KINDS[kind](library, form), compiled, fitted)


# name: the model, its form, arguments of compile, targets, and some of the names that logs have
FITTING: dict[str, tuple[Any, str, dict[str, Any], Any, set[str]]] = {
    "losses by name": (
        functional,
        "list",
        {"loss": {"alpha": SPARSE, "zeta": "mse"}, "loss_weights": {"alpha": 2.0, "zeta": 0.5}},
        [VALUES, CLASSES],
        {"alpha_loss", "zeta_loss"},
    ),
    "targets by name": (
        functional,
        "list",
        {"loss": ["mse", SPARSE], "metrics": {"alpha": "accuracy"}},
        {"zeta": VALUES, "alpha": CLASSES},
        {"alpha_accuracy", "zeta_loss"},
    ),
    "a list for a dict": (functional, "dict", {"loss": [SPARSE, "mse"]}, [CLASSES, VALUES], set()),
    "a list for a tuple": (
        functional,
        "tuple",
        {"loss": ["mse", SPARSE]},
        [VALUES, CLASSES],
        set(),
    ),
    "one loss for all": (
        functional,
        "list",
        {"loss": "mse", "metrics": ["mae", ["mae", "mse"]]},
        [VALUES, np.eye(3)[CLASSES]],
        {"alpha_mse", "zeta_mae"},
    ),
    "losses alike share a name": (
        subclassed,
        "list",
        {"loss": "mse", "metrics": ["mae", "mae"], "weighted_metrics": ["mae", "mae"]},
        [VALUES, np.eye(3)[CLASSES]],
        {"mse_loss", "mae_1", "weighted_mae", "weighted_mae_1"},
    ),
    "a loss for one of two": (subclassed, "dict", {"loss": {"z": "mse"}}, {"z": VALUES}, {"loss"}),
    "a target for the only loss": (functional, "list", {"loss": ["mse", None]}, VALUES, {"loss"}),
    "targets for the only loss": (functional, "list", {"loss": ["mse", None]}, [VALUES], {"loss"}),
    "flat losses for a nesting": (
        subclassed,
        "nested",
        {"loss": [SPARSE, "mse", SPARSE]},
        {"q": [VALUES, CLASSES], "a": CLASSES},
        {"a_loss", "q/mse_loss"},
    ),
    "one loss for a nesting": (
        subclassed,
        "nested list",
        {"loss": "mse", "metrics": ["mae", {"q": ["mse"], "a": "mae"}]},
        [VALUES, {"q": np.eye(3)[CLASSES], "a": VALUES}],
        {"1/a_loss", "mse_loss", "mae_1"},
    ),
    "a list of one": (subclassed, "one", {"loss": "mse", "metrics": ["mae"]}, VALUES, {"mae"}),
    "lists of one": (subclassed, "one", {"loss": ["mse"], "metrics": ["mae"]}, [VALUES], {"mae"}),
    "one output, a list": (single, "", {"loss": ["mse"], "loss_weights": [0.5]}, VALUES, {"loss"}),
    "one output, a weight": (single, "", {"loss": "mse", "loss_weights": 0.5}, VALUES, {"loss"}),
    "one output, a list of targets": (
        single,
        "",
        {"loss": "mse", "metrics": [["mae", "mse"]]},
        [VALUES],
        {"mae", "mse"},
    ),
    "one output, several losses": (  # the first counts, the others' means stay 0
        single,
        "",
        {"loss": ["mse", "mae"], "loss_weights": [0.5, 2.0], "metrics": {"any": "mae"}},
        VALUES,
        {"mse_loss", "mae_loss", "mae"},
    ),
}


@pytest.mark.parametrize("case", FITTING)
def test_arguments_that_fit_the_outputs_are_understood(case: str) -> None:
    kind, form, compiled, y, names = FITTING[case]
    assert names <= set(hold_runs(lambda library: kind(library, form), compiled, {"y": y}))


# -- losses and metrics of one's own ---------------------------------------------------------------


def per_sample(library: Any) -> Any:
    def cubed_error(y_true: Any, y_pred: Any) -> Any:
        return library.ops.mean(library.ops.abs(y_true - y_pred) ** 3, -1)

    return cubed_error


def scalar(library: Any) -> Any:
    def overall_error(y_true: Any, y_pred: Any) -> Any:
        return library.ops.mean(library.ops.abs(y_true - y_pred))

    return overall_error


def scalar_class(library: Any) -> Any:
    class Overall(library.losses.Loss):
        def call(self, y_true: Any, y_pred: Any) -> Any:
            return library.ops.mean(library.ops.abs(y_true - y_pred))

    return Overall()


OWN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "functions": (per_sample, per_sample),
    "scalars": (scalar, scalar),
    "a Loss": (scalar_class, lambda k: k.losses.MeanAbsoluteError()),
    "a lambda": (lambda k: lambda t, p: k.ops.mean(k.ops.square(t - p), -1), lambda k: "mae"),
    "classes": (lambda k: k.losses.MeanSquaredError, lambda k: k.metrics.MeanAbsoluteError),
    "no reduction": (lambda k: k.losses.MeanSquaredError(reduction=None), lambda k: "mae"),
    "a sum": (lambda k: k.losses.MeanSquaredError(reduction="sum"), lambda k: "mae"),
}


@pytest.mark.parametrize("case", OWN)
@pytest.mark.parametrize("form", ["single", "list"])
def test_losses_and_metrics_of_ones_own_are_keras(case: str, form: str) -> None:
    loss, metric = OWN[case]
    results = []
    models = [
        single(library, "") if form == "single" else functional(library, "list")
        for library in (numpynn, keras)
    ]
    copy_weights(models[1], models[0])
    for library, model in zip((numpynn, keras), models, strict=True):
        y: Any = VALUES if form == "single" else [VALUES, np.eye(3)[CLASSES]]
        given_loss = loss(library) if form == "single" else [loss(library), "mse"]
        metrics = [metric(library)] if form == "single" else [[metric(library)], None]
        results.append(run(library, model, {"loss": given_loss, "metrics": metrics}, {"y": y}))
    assert results[0][0] == results[1][0]
    hold(results[0][1:], results[1][1:], 1e-10)


def test_metrics_that_layers_hold_are_listed_as_in_keras() -> None:
    def make(library: Any) -> Any:
        class Inner(library.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.size = library.metrics.Mean(name="inner")

            def call(self, x: Any) -> Any:
                self.size.update_state(library.ops.mean(x))
                return x

        class Outer(library.layers.Layer):
            def __init__(self) -> None:
                super().__init__()
                self.inner = Inner()
                self.size = library.metrics.Mean(name="outer")

            def call(self, x: Any) -> Any:
                self.size.update_state(library.ops.mean(x) + 1)
                return self.inner(x)

        return library.Sequential([library.Input((3,)), Outer(), library.layers.Dense(1)])

    hold_runs(make, {"loss": "mse", "metrics": ["mae"]}, {"y": VALUES})


# -- what does not fit -----------------------------------------------------------------------------

# name: the model, its form, arguments of compile, of fit, and words that the error must have
WRONG: dict[str, tuple[Any, str, dict[str, Any], dict[str, Any], list[str]]] = {
    "loss for no output": (
        functional,
        "dict",
        {"loss": {"a": SPARSE, "other": "mse"}},
        {"y": {"z": VALUES, "a": CLASSES}},
        ["loss", "other"],
    ),
    "loss for some outputs of a list": (
        functional,
        "list",
        {"loss": {"alpha": SPARSE}},
        {"y": [VALUES, CLASSES]},
        ["zeta", "alpha"],
    ),
    "too many losses": (
        functional,
        "list",
        {"loss": ["mse", SPARSE, "mse"]},
        {"y": [VALUES, CLASSES]},
        ["loss", "2"],
    ),
    "too few loss weights": (
        functional,
        "list",
        {"loss": ["mse", SPARSE], "loss_weights": [1.0]},
        {"y": [VALUES, CLASSES]},
        ["loss_weights", "2 losses", "1 weights"],
    ),
    "a word for loss weights": (
        functional,
        "list",
        {"loss": ["mse", SPARSE], "loss_weights": "both"},
        {"y": [VALUES, CLASSES]},
        ["loss_weights", "both"],
    ),
    "too many targets": (
        functional,
        "list",
        {"loss": ["mse", SPARSE]},
        {"y": [VALUES, CLASSES, VALUES]},
        ["targets", "outputs"],
    ),
    "one target for two losses": (
        functional,
        "list",
        {"loss": ["mse", SPARSE]},
        {"y": VALUES},
        ["targets", "outputs"],
    ),
    "two targets for one output": (
        single,
        "",
        {"loss": "mse"},
        {"y": [VALUES, VALUES]},
        ["targets", "outputs"],
    ),
    "metrics for no output": (
        functional,
        "dict",
        {"loss": "mse", "metrics": {"other": ["mae"]}},
        {"y": {"z": VALUES, "a": np.eye(3)[CLASSES]}},
        ["metrics", "other"],
    ),
    "metrics for other outputs": (
        functional,
        "list",
        {"loss": "mse", "weighted_metrics": ["mae", "mae", "mae"]},
        {"y": [VALUES, np.eye(3)[CLASSES]]},
        ["weighted_metrics", "zeta"],
    ),
    "metrics of another nesting": (
        functional,
        "nested",
        {"loss": "mse", "metrics": ["mae"]},
        {"y": {"q": [VALUES, np.eye(3)[CLASSES]], "a": np.eye(3)[CLASSES]}},
        ["metrics", "nested"],
    ),
    "no metric": (single, "", {"loss": "mse", "metrics": [None]}, {"y": VALUES}, ["None"]),
    "weights of another nesting": (
        functional,
        "list",
        {"loss": ["mse", SPARSE]},
        {"y": [VALUES, CLASSES], "sample_weight": {"zeta": WEIGHTS[0], "alpha": WEIGHTS[1]}},
        ["sample_weight", "nesting"],
    ),
    "wide weights for several outputs": (
        functional,
        "dict",
        {"loss": {"z": "mse", "a": SPARSE}},
        {"y": {"z": VALUES, "a": CLASSES}, "sample_weight": np.ones((SAMPLES, 2))},
        ["sample_weight", f"({SAMPLES}, 2)"],
    ),
    "class weights for several outputs": (
        functional,
        "list",
        {"loss": ["mse", SPARSE]},
        {"y": [VALUES, CLASSES], "class_weight": {0: 1.0}},
        ["class_weight", "single output"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_has_keras_type_and_says_why(case: str) -> None:
    kind, form, compiled, fitted, words = WRONG[case]
    errors: list[Exception] = []
    for library in (numpynn, keras):
        with pytest.raises((ValueError, KeyError)) as caught:
            run(library, kind(library, form), compiled, fitted)
        errors.append(caught.value)
    assert type(errors[0]) is type(errors[1])
    assert all(word in str(errors[0]) for word in words), str(errors[0])


@pytest.mark.parametrize(
    ("form", "compiled", "y"),
    [
        ("list", {"loss": {"a": "mse", "b": SPARSE}}, [VALUES, CLASSES]),
        ("list", {"loss": ["mse", SPARSE]}, {"a": VALUES, "b": CLASSES}),
        ("one", {"loss": "mse"}, {"a": VALUES}),
    ],
)
def test_names_where_outputs_have_none_are_a_value_error(form: str, compiled: Any, y: Any) -> None:
    """Keras crashes with a TypeError about None."""
    with pytest.raises(ValueError, match="nested|names"):
        run(numpynn, subclassed(numpynn, form), compiled, {"y": y})


# -- configuration ---------------------------------------------------------------------------------


def compilations(library: Any) -> Iterator[dict[str, Any]]:
    yield {}
    yield {"optimizer": "adam", "loss": "mse", "metrics": ["mae", library.metrics.AUC(name="auc")]}
    yield {
        "optimizer": library.optimizers.SGD(0.5, momentum=0.25, name="sgd"),
        "loss": {"a": library.losses.MeanAbsoluteError(reduction="sum"), "b": SPARSE},
        "loss_weights": {"a": 0.5, "b": 2.0},
        "metrics": {"a": ["mae"], "b": None},
        "weighted_metrics": [["mse"], "accuracy"],
        "run_eagerly": True,
        "steps_per_execution": 3,
        "jit_compile": False,
    }


@pytest.mark.parametrize("number", range(3))
def test_the_compile_configuration_is_keras_and_comes_back(number: int) -> None:
    configurations = []
    for library in (numpynn, keras):
        library.utils.clear_session()  # names begin anew
        model = single(library, "")
        assert model.get_compile_config() == {}
        model.compile(**list(compilations(library))[number])
        configurations.append(model.get_compile_config())
    ours, theirs = (json.loads(json.dumps(found)) for found in configurations)
    for config in (ours, theirs):
        config["optimizer"]["config"]["learning_rate"] = float(
            np.float32(config["optimizer"]["config"]["learning_rate"])
        )
    assert ours == theirs
    for config in configurations:
        numpynn.utils.clear_session()
        again = single(numpynn, "")
        again.compile_from_config(json.loads(json.dumps(config)))
        found = json.loads(json.dumps(again.get_compile_config()))
        found["optimizer"]["config"]["learning_rate"] = ours["optimizer"]["config"]["learning_rate"]
        assert found == ours
        assert again.optimizer.built


def test_a_compile_of_ones_own_is_not_guessed_at() -> None:
    class Own(numpynn.Sequential):
        def compile(self, *args: Any, **kwargs: Any) -> None:
            super().compile(*args, **kwargs)

    model = Own([numpynn.layers.Dense(1)])
    with pytest.warns(UserWarning, match="own `compile"):
        model.compile_from_config({"optimizer": "adam"})
    assert not model.compiled


def test_what_is_set_and_what_warns() -> None:
    for library in (numpynn, keras):
        model = single(library, "")
        assert not model.compiled
        with pytest.warns(UserWarning, match="jit_compile"):
            model.compile(run_eagerly=True, jit_compile=True, steps_per_execution=4)
        assert (model.run_eagerly, model.jit_compile, model.steps_per_execution) == (True, False, 4)
        assert model.compiled and model.loss is None
        assert not model.stop_training
