"""Optimizers against Keras over long runs of drawn gradients; clipping, decay, state, snapshots."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from pairs import FLOAT_TYPES, array, both_float_types, hold, normal

import numpynn
from numpynn import Variable, optimizers

STEPS = 100
BARS = {"float64": 1e-11, "float32": 1e-4}  # after 100 steps, which carry each step's rounding on

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)

KINDS: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "SGD": lambda o, common: o.SGD(0.1, **common),
    "momentum": lambda o, common: o.SGD(0.05, momentum=0.9, **common),
    "Nesterov": lambda o, common: o.SGD(0.05, momentum=0.8, nesterov=True, **common),
    "Nesterov without momentum": lambda o, common: o.SGD(0.05, nesterov=True, **common),
    "Adam": lambda o, common: o.Adam(**common),
    "fast Adam": lambda o, common: o.Adam(0.1, beta_1=0.5, beta_2=0.9, epsilon=1e-3, **common),
    "AMSGrad": lambda o, common: o.Adam(0.01, amsgrad=True, **common),
    "Nadam": lambda o, common: o.Nadam(0.02, **common),
    "RMSprop": lambda o, common: o.RMSprop(**common),
    "RMSprop with momentum": lambda o, common: o.RMSprop(0.01, rho=0.8, momentum=0.7, **common),
    "centred RMSprop": lambda o, common: o.RMSprop(0.01, centered=True, **common),
    "centred RMSprop with momentum": lambda o, common: o.RMSprop(
        0.01, momentum=0.5, centered=True, epsilon=1e-4, **common
    ),
}

COMMON = st.fixed_dictionaries(
    {},
    optional={"weight_decay": st.sampled_from([0.004, 0.1])},
).flatmap(
    lambda decay: st.sampled_from(
        [{}, {"clipnorm": 0.7}, {"clipvalue": 0.3}, {"global_clipnorm": 1.1}, {"clipnorm": 100.0}]
    ).map(lambda clip: {**decay, **clip})
)
SHAPES = st.lists(hnp.array_shapes(min_dims=0, max_dims=3, max_side=4), min_size=1, max_size=4)


class Run:
    """Variables of one library, and an optimizer that follows gradients from a seed."""

    def __init__(
        self, library: Any, kind: str, common: dict[str, Any], shapes: Any, dtype: str, seed: int
    ) -> None:
        self.dtype = dtype
        self.random = np.random.default_rng(seed)
        self.variables = [
            library.Variable(self.random.normal(size=shape).astype(dtype), name=f"w{i}")
            for i, shape in enumerate(shapes)
        ]
        self.optimizer = KINDS[kind](library.optimizers, common)

    def step(self, absent: frozenset[int] = frozenset()) -> None:
        """One update; `absent` variables have no gradient."""
        scale = 10.0 ** self.random.uniform(-2, 1)
        gradients = [self._drawn(scale, v.shape) for v in self.variables]
        given = [None if i in absent else g for i, g in enumerate(gradients)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # Keras names the variables without
            self.optimizer.apply(given, self.variables)

    def _drawn(self, scale: float, shape: Any) -> Any:
        gradient = self.random.normal(size=shape) * scale
        gradient = np.where(self.random.random(gradient.shape) < 0.1, 0.0, gradient)
        return gradient.astype("float32").astype(self.dtype)

    def state(self) -> dict[str, Any]:
        """The slots by name. Keras's Adam keeps means, ours keeps sums: 1/(1 - β) as much."""
        scales = {}
        if isinstance(self.optimizer, (optimizers.Adam, optimizers.Nadam)):
            of_squares = 1 - self.optimizer.beta_2
            scales = {"momentum": 1 - self.optimizer.beta_1, "hat": of_squares}
            scales["velocity"] = of_squares
        found = {v.name: array(v) for v in self.optimizer.variables if v.name.startswith("w")}
        return {name: value * scales.get(name.split("_")[-1], 1) for name, value in found.items()}


def both(*arguments: Any) -> tuple[Run, Run]:
    return Run(numpynn, *arguments), Run(keras, *arguments)


def hold_runs(ours: Run, theirs: Run, bar: float) -> None:
    hold(ours.variables, theirs.variables, bar, "variables")
    expected = theirs.state()
    assert ours.state().keys() == expected.keys()
    hold(ours.state(), expected, bar, "state")
    assert int(array(ours.optimizer.iterations)) == int(array(theirs.optimizer.iterations))


@each_float_type
@pytest.mark.parametrize("kind", KINDS)
def test_a_hundred_steps_match_keras(kind: str, dtype: str) -> None:
    @settings(max_examples=max(2, settings.default.max_examples // 10))
    @given(COMMON, SHAPES, st.integers(0, 2**20))
    def holds(common: dict[str, Any], shapes: Any, seed: int) -> None:
        with both_float_types(dtype):
            ours, theirs = both(kind, common, shapes, dtype, seed)
            for t in range(STEPS):
                for run in (ours, theirs):
                    if t == STEPS // 2:
                        run.optimizer.learning_rate = 0.003
                    run.step()
            hold_runs(ours, theirs, BARS[dtype])

    holds()


@pytest.mark.parametrize("kind", ["momentum", "AMSGrad", "Nadam", "centred RMSprop with momentum"])
def test_variables_without_a_gradient_rest_with_their_state(kind: str) -> None:
    @settings(max_examples=max(3, settings.default.max_examples // 6))
    @given(COMMON, st.lists(st.sets(st.integers(0, 3), max_size=3), min_size=1, max_size=12))
    def holds(common: dict[str, Any], absent: list[set[int]]) -> None:
        with both_float_types("float64"):
            ours, theirs = both(kind, common, [(2,), (), (3, 2), (1,)], "float64", 0)
            for names in absent:
                for run in (ours, theirs):
                    run.step(frozenset(names))
            hold_runs(ours, theirs, 1e-12)

    holds()


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm", "clipvalue"])
@pytest.mark.parametrize("special", [np.nan, np.inf, 1e30])
def test_clipping_of_nan_infinity_and_huge_numbers(clip: str, special: float) -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(3, "float32")), library.Variable(np.ones(2, "float32"))]
        optimizer = library.optimizers.SGD(0.5, **{clip: 1.0})
        optimizer.apply([np.array([1.0, special, -2.0], "float32"), np.ones(2, "float32")], w)
        return w

    with np.errstate(all="ignore"):
        hold(program(numpynn), program(keras), 1e-6)


@pytest.mark.parametrize("bound", [0.0, -1.0])
def test_a_bound_that_is_not_positive_clips_nothing(bound: float) -> None:
    def program(library: Any) -> Any:
        w = library.Variable(np.ones(2, "float32"))
        library.optimizers.SGD(0.1, clipnorm=bound).apply([np.full(2, 50.0, "float32")], [w])
        return w

    hold(program(numpynn), program(keras), 1e-6)


def test_only_one_kind_of_clipping_is_taken() -> None:
    for library in (numpynn, keras):
        with pytest.raises(ValueError, match="Only one of"):
            library.optimizers.Adam(clipnorm=1.0, clipvalue=2.0)


def test_large_variables_are_updated_block_by_block() -> None:
    """Blocks of the flat vector end inside variables."""
    shapes = [(150, 211), (3,), (40, 500)]
    for kind in ("Adam", "momentum"):
        ours, theirs = both(kind, {}, shapes, "float32", 1)
        for _ in range(5):
            ours.step(), theirs.step()
        ours.step(frozenset({1})), theirs.step(frozenset({1}))
        hold_runs(ours, theirs, 1e-5)


# -- variables as views of one vector --------------------------------------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop with momentum"])
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


def test_variables_stay_views_of_the_vector_while_nobody_holds_their_values() -> None:
    run = Run(numpynn, "Adam", {}, [(2, 3), (4,)], "float32", 0)
    run.step()
    [group] = run.optimizer._groups
    memory = group.values
    for _ in range(3):
        run.step()
        run.variables[0].assign(np.zeros((2, 3)))
    assert group.values is memory
    assert all(np.shares_memory(v.array, memory) for v in run.variables)


@pytest.mark.parametrize("hold_on", [lambda v: v.value, lambda v: v.array, lambda v: v.array[:1]])
def test_values_that_were_read_before_an_update_stay(hold_on: Callable[[Any], Any]) -> None:
    run = Run(numpynn, "SGD", {}, [(2, 3), (4,)], "float64", 0)
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


def test_variables_of_several_dtypes_share_an_optimizer() -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(3, d)) for d in ("float32", "float64", "float32")]
        optimizer = library.optimizers.Adam(0.1)
        for t in range(4):
            optimizer.apply([normal(t + i, 3).astype(str(v.dtype)) for i, v in enumerate(w)], w)
        return w

    found = program(numpynn)
    assert [v.dtype for v in found] == [np.float32, np.float64, np.float32]
    hold(found, program(keras), 1e-5)


# -- an update never changes a graph that was recorded before it -----------------------------------


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
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


# -- use -------------------------------------------------------------------------------------------


def test_apply_gradients_takes_pairs_and_counts() -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(2)), library.Variable(np.zeros(()))]
        optimizer = library.optimizers.SGD(0.1)
        for _ in range(3):
            optimizer.apply_gradients(zip([np.ones(2), np.array(2.0)], w, strict=True))
        return [*w, np.asarray(int(array(optimizer.iterations)))]

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


def test_a_subset_of_the_variables_may_be_updated() -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(2)), library.Variable(np.ones(3))]
        optimizer = library.optimizers.Adam(0.1)
        optimizer.build(w)
        optimizer.apply([np.ones(3)], w[1:])
        optimizer.apply([np.ones(3), np.ones(2)], w[::-1])
        return w

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


@pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
def test_wrong_use_is_refused(library: Any) -> None:
    w, other = library.Variable(np.ones(2)), library.Variable(np.ones(2))
    optimizer = library.optimizers.SGD(0.1)
    with pytest.raises(ValueError):
        optimizer.apply([np.ones(2)])
    optimizer.build([w])
    with pytest.raises(ValueError):
        optimizer.apply([np.ones(2)], [other])
    with pytest.raises(ValueError):
        optimizer.apply([np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="No gradients provided"):
        optimizer.apply([None], [w])


def test_gradients_of_another_shape_are_refused_by_name() -> None:
    w = Variable(np.ones(2), name="kernel")
    with pytest.raises(ValueError, match=r"kernel.*\(2,\).*\(3,\)"):
        optimizers.Adam().apply([np.ones(3)], [w])
    np.testing.assert_array_equal(w, np.ones(2))


@pytest.mark.parametrize(
    "name", ["sgd", "SGD", "adam", "Adam", "nadam", "Nadam", "rmsprop", "RMSprop"]
)
def test_optimizers_are_found_by_their_names(name: str) -> None:
    for library in (numpynn, keras):
        library.utils.clear_session()
    found, theirs = optimizers.get(name), keras.optimizers.get(name)
    assert type(found).__name__ == type(theirs).__name__
    assert found.name == theirs.name
    ours, others = found.get_config(), theirs.get_config()
    for key, value in ours.items():
        assert others[key] == pytest.approx(value), key


@pytest.mark.parametrize("kind", KINDS)
def test_configurations_make_equal_optimizers(kind: str) -> None:
    optimizer = KINDS[kind](optimizers, {"weight_decay": 0.1, "clipnorm": 2.0})
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is type(optimizer) and again.get_config() == optimizer.get_config()
    theirs = KINDS[kind](keras.optimizers, {"weight_decay": 0.1, "clipnorm": 2.0})
    expected = type(theirs).from_config(optimizer.get_config()).get_config()
    for key, value in theirs.get_config().items():
        assert key == "name" or expected[key] == value, key


def test_the_learning_rate_is_read_and_set_as_in_keras() -> None:
    for library in (numpynn, keras):
        optimizer = library.optimizers.Adam(0.25)
        assert float(optimizer.learning_rate) == 0.25
        optimizer.learning_rate = 0.5
        assert float(optimizer.learning_rate) == 0.5
        optimizer.learning_rate.assign(0.125)
        assert float(optimizer.learning_rate) == 0.125


def test_an_optimizer_of_ones_own() -> None:
    """Signed descent:  w -= η sign(g)."""

    class Signed(numpynn.Optimizer):
        def update(self, w: Any, g: Any, state: Any, scratch: Any, numbers: Any) -> None:
            w -= numbers * np.sign(g)

    w = [Variable(np.ones((2, 2))), Variable(np.ones(3))]
    Signed(0.25).apply([normal(0, 2, 2), np.array([2.0, 0.0, -1.0])], w)
    np.testing.assert_array_equal(w[0], 1 - 0.25 * np.sign(normal(0, 2, 2)))
    np.testing.assert_array_equal(w[1], [0.75, 1, 1.25])
