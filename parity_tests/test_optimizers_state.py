"""The state of optimizers: as variables, given from one library to the other, never torn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from optimizer_runs import KINDS, Run, both, hold_runs, hold_state
from pairs import array, both_float_types, hold, normal

import numpynn
from numpynn import Variable, optimizers

LIBRARIES = pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
FULL = {"use_ema": True, "gradient_accumulation_steps": 2, "weight_decay": 0.01}
SHAPES = [(3, 2), (), (4,), (2, 3, 2)]


def saved(optimizer: Any) -> dict[str, Any]:
    store: dict[str, Any] = {}
    optimizer.save_own_variables(store)
    return store


@pytest.mark.parametrize("direction", ["to Keras", "from Keras"])
@pytest.mark.parametrize("kind", KINDS)
def test_training_goes_on_in_the_other_library(kind: str, direction: str) -> None:
    """Three steps on one side; weights and state to the other side; three more on both."""
    runs = both(kind, FULL, SHAPES, "float32", 3)
    before, after = runs if direction == "to Keras" else runs[::-1]
    for _ in range(3):
        before.step()
    after.optimizer.build(after.variables)
    for variable, other in zip(after.variables, before.variables):
        variable.assign(array(other))
    store = saved(before.optimizer)
    assert list(store) == [str(i) for i in range(len(before.optimizer.variables))]
    after.optimizer.load_own_variables(store)
    hold_runs(*runs, 1e-7)
    after.random = np.random.default_rng(4)
    before.random = np.random.default_rng(4)
    for _ in range(3):
        before.step(), after.step()
    hold_runs(*runs, 1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_resumed_run_is_the_uninterrupted_one_to_the_bit(kind: str) -> None:
    def run() -> Run:
        return Run(numpynn, kind, FULL, SHAPES, "float32", 8)

    whole, first, second = run(), run(), run()
    for _ in range(7):
        whole.step()
    for _ in range(3):
        first.step()
    second.optimizer.build(second.variables)
    second.optimizer.load_own_variables(saved(first.optimizer))
    for variable, other in zip(second.variables, first.variables):
        variable.assign(other)
    second.random = first.random
    for _ in range(4):
        second.step()
    hold(second.variables, whole.variables, 0)
    hold(second.optimizer.variables, whole.optimizer.variables, 0)


def test_the_state_without_a_number_for_the_learning_rate() -> None:
    """A schedule is no variable; one that takes the place of a number removes it."""
    for rate in ("schedule", "function"):
        ours, theirs = both("Adam", {"learning_rate": rate}, SHAPES, "float32", 0)
        ours.step(), theirs.step()
        hold_state(ours.optimizer, theirs.optimizer, 1e-6)
    ours, theirs = both("Adam", {}, SHAPES, "float32", 0)
    for run in (ours, theirs):
        run.step()
        run.optimizer.learning_rate = run.library.optimizers.schedules.CosineDecay(0.1, 4)
        run.step()
    hold_runs(ours, theirs, 1e-6)


@pytest.mark.parametrize("kind", ["Adam", "Lamb"])
def test_variables_of_the_state_can_be_assigned(kind: str) -> None:
    ours, theirs = both(kind, {}, [(3,), (2, 2)], "float32", 0)
    for run in (ours, theirs):
        run.step()
        for i, variable in enumerate(run.optimizer.variables):
            if i > 1:
                variable.assign(np.abs(normal(i, *variable.shape)))
                variable.assign_add(np.full(tuple(variable.shape), 0.5, "float32"))
        run.optimizer.iterations.assign(41)
        run.optimizer.learning_rate.assign(0.5)
        run.step()
    hold_runs(ours, theirs, 1e-5)


@pytest.mark.parametrize("kind", ["Adam", "Lamb"])
def test_what_was_read_from_the_state_stays(kind: str) -> None:
    run = Run(numpynn, kind, {}, [(3,), (2, 2)], "float32", 0)
    run.step()
    held = [variable.value for variable in run.optimizer.variables]
    before = [np.array(value.numpy()) for value in held]
    run.step()
    hold(held, before, 0)
    assert not np.array_equal(run.optimizer.variables[2], before[2])


def test_paths_name_the_optimizer_and_the_variable() -> None:
    def program(library: Any) -> list[str]:
        library.utils.clear_session()
        model = library.Sequential([library.Input((3,)), library.layers.Dense(2, name="first")])
        optimizer = library.optimizers.Adam(use_ema=True)
        optimizer.build(model.trainable_variables)
        return [variable.path for variable in optimizer.variables]

    assert program(numpynn) == program(keras)


# -- states that do not fit ------------------------------------------------------------------------


@LIBRARIES
def test_a_state_of_another_number_of_variables_is_skipped_with_a_warning(library: Any) -> None:
    run = Run(library, "Adam", {}, [(3,)], "float32", 0)
    run.step()
    before = [array(v).copy() for v in run.optimizer.variables]
    with pytest.warns(UserWarning, match="Skipping"):
        run.optimizer.load_own_variables({str(i): np.zeros(()) for i in range(3)})
    hold(list(run.optimizer.variables), before, 0)
    unbuilt = library.optimizers.Adam()
    with pytest.warns(UserWarning, match="Skipping"):
        unbuilt.load_own_variables(saved(run.optimizer))
    assert int(array(unbuilt.iterations)) == 0


WRONG: dict[str, tuple[type[Exception], Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "shape": (ValueError, lambda store: {**store, "3": np.zeros((7, 7), "float32")}),
    "shape that would broadcast": (ValueError, lambda store: {**store, "3": np.zeros((1,), "f4")}),
    "names": (KeyError, lambda store: {f"v{name}": value for name, value in store.items()}),
}


@pytest.mark.parametrize("what", WRONG)
@LIBRARIES
def test_states_that_do_not_fit_are_refused(library: Any, what: str) -> None:
    run = Run(library, "Adam", {}, [(3,), (2,)], "float32", 0)
    run.step()
    error, change = WRONG[what]
    before = [array(v).copy() for v in run.optimizer.variables]
    store = {name: value + 1 for name, value in saved(run.optimizer).items()}
    with pytest.raises(error):
        run.optimizer.load_own_variables(change(store))
    if library is numpynn:  # Keras has assigned the first ones
        hold(list(run.optimizer.variables), before, 0)


@LIBRARIES
def test_set_weights_sets_all_or_raises(library: Any) -> None:
    run = Run(library, "Adam", {}, [(3,), (2,)], "float32", 0)
    with pytest.raises(ValueError, match="built|build"):
        run.optimizer.set_weights([])
    run.step()
    values = [array(v) + 1 for v in run.optimizer.variables]
    run.optimizer.set_weights(values)
    hold(list(run.optimizer.variables), values, 0)
    with pytest.raises(ValueError):
        run.optimizer.set_weights([value + 1 for value in values[:3]] + [np.zeros(9)])
    if library is numpynn:
        hold(list(run.optimizer.variables), values, 0)


# -- variables as views of one vector --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop with momentum", "Muon"])
def test_assignments_between_steps_count(kind: str) -> None:
    with both_float_types("float64"):
        ours, theirs = both(kind, {}, [(2, 3), (), (4,)], "float64", 2)
        for t in range(12):
            for run in (ours, theirs):
                run.step()
                if t % 3 == 1:
                    run.variables[t % 2].assign(normal(t, *run.variables[t % 2].shape))
                    run.variables[2].assign_add(np.ones(4))
            hold(ours.variables, theirs.variables, 1e-12)
        hold_runs(ours, theirs, 1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_variables_stay_views_of_the_vector_while_nobody_holds_their_values(dtype: str) -> None:
    run = Run(numpynn, "Adam", {}, [(2, 3), (4,), (), (0, 2)], dtype, 0)
    run.step()
    [group] = run.optimizer._groups
    memory = group.values
    for _ in range(3):
        run.step()
        run.variables[0].assign(np.zeros((2, 3)))
    assert group.values is memory
    assert all(np.shares_memory(v.array, memory) for v in run.variables[:3])


@pytest.mark.parametrize("dtype", ["float16", "float64"])
@pytest.mark.parametrize("hold_on", [lambda v: v.value, lambda v: v.array, lambda v: v.array[:1]])
def test_values_that_were_read_before_an_update_stay(
    hold_on: Callable[[Any], Any], dtype: str
) -> None:
    run = Run(numpynn, "SGD", {}, [(2, 3), (4,)], dtype, 0)
    run.step()
    held = hold_on(run.variables[0])
    before = np.array(array(held))
    run.step()
    np.testing.assert_array_equal(array(held), before)
    assert not np.array_equal(array(run.variables[0])[: len(before)], before)


def test_numpy_gives_a_copy() -> None:
    run = Run(numpynn, "SGD", {}, [(3,)], "float64", 0)
    run.step()
    copied = run.variables[0].numpy()
    copied[:] = 7
    assert not np.any(run.variables[0].array == 7)


def test_one_variable_may_have_two_optimizers() -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(3)), library.Variable(np.full(2, 2.0))]
        first, second = library.optimizers.SGD(0.1), library.optimizers.Adam(0.1)
        for t in range(6):
            optimizer, mine = ((first, w), (second, w[:1]))[t % 2]
            optimizer.apply([normal(t, *v.shape) for v in mine], mine)
        return w

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


# -- an update never changes a graph that was recorded before it -----------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam", "Lamb"])
def test_gradients_after_an_update_are_those_of_the_old_values(kind: str) -> None:
    """A persistent tape, an update, and the gradient again: equal to TensorFlow's."""
    x = normal(5, 4, 3)

    def program(library: Any, tape_class: Any) -> Any:
        w = library.Variable(normal(0, 3, 2), name="w")
        b = library.Variable(normal(1, 2), name="b")
        optimizer = KINDS[kind](library.optimizers, {})
        sources = [w, b] if library is numpynn else [w.value, b.value]
        with tape_class(persistent=True) as tape:
            y = library.ops.matmul(x, w) + b
            loss = library.ops.sum(y * y * y)
        results = [tape.gradient(loss, sources)]
        optimizer.apply(results[0], [w, b])
        results.append(tape.gradient(loss, sources))
        w.assign(w * 3.0)
        results.append(tape.gradient(loss, sources))
        return [*results, [w, b]]

    with both_float_types("float64"):
        found = program(numpynn, numpynn.GradientTape)
        hold(found, program(keras, tf.GradientTape), 1e-10)
    hold(found[1], found[0], 0)
    hold(found[2], found[0], 0)


def test_updates_inside_a_recorded_loop_use_the_values_of_their_time() -> None:
    """Two steps of the same layer, differentiated only at the end."""

    def program(library: Any, tape_class: Any) -> Any:
        w = library.Variable(np.array([1.0, 2.0]))
        optimizer = library.optimizers.SGD(0.5)
        source = w if library is numpynn else w.value
        with tape_class(persistent=True) as tape:
            first = library.ops.sum(w * w)
            optimizer.apply([np.array([1.0, 1.0])], [w])
            second = library.ops.sum(w * w * w)
            total = first + second
        return [tape.gradient(first, source), tape.gradient(total, source), w]

    with both_float_types("float64"):
        hold(program(numpynn, numpynn.GradientTape), program(keras, tf.GradientTape), 1e-12)


# -- without side effects --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["Adam", "Muon"])
def test_a_stateless_step_gives_what_a_step_would(kind: str) -> None:
    run, twin = (Run(numpynn, kind, FULL, SHAPES, "float32", 1) for _ in range(2))
    run.step(), twin.step()
    gradients = [normal(i, *v.shape).astype("float32") for i, v in enumerate(run.variables)]
    weights, state = run.optimizer.stateless_apply(
        [v.value for v in run.optimizer.variables], gradients, [v.value for v in run.variables]
    )
    hold(list(run.variables), list(twin.variables), 0)
    hold(run.optimizer.variables, twin.optimizer.variables, 0)
    twin.optimizer.apply(gradients, twin.variables)
    hold(weights, list(twin.variables), 0)
    hold(state, twin.optimizer.variables, 0)


def test_a_stateless_step_refuses_what_does_not_fit() -> None:
    w = [Variable(np.ones(3))]
    optimizer = optimizers.Adam()
    with pytest.raises(ValueError, match="built"):
        optimizer.stateless_apply([], [np.ones(3)], [np.ones(3)])
    optimizer.build(w)
    state = [v.value for v in optimizer.variables]
    with pytest.raises(ValueError, match="optimizer_variables"):
        optimizer.stateless_apply(state[:2], [np.ones(3)], [np.ones(3)])
    with pytest.raises(ValueError, match="trainable_variables"):
        optimizer.stateless_apply(state, [np.ones(3)], [])
    with pytest.raises(ValueError):
        optimizer.stateless_apply(state, [np.ones(4)], [np.zeros(3)])
    hold(w, [np.ones(3)], 0)
