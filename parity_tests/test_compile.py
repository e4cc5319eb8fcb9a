"""compile: losses, weights and metrics for several outputs, in every nesting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
from compiled_runs import (
    CLASSES,
    FORMS,
    KINDS,
    SAMPLES,
    SPARSE,
    VALUES,
    WEIGHTS,
    functional,
    hold_runs,
    run,
    single,
    subclassed,
)
from hypothesis import given
from hypothesis import strategies as st
from pairs import both_float_types

import numpynn


@pytest.fixture(autouse=True)
def in_float64() -> Iterator[None]:
    with both_float_types("float64"):
        yield


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
