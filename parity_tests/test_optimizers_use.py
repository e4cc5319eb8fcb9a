"""How optimizers are made, configured, extended and combined; what they refuse."""

from __future__ import annotations

import copy
import inspect
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from optimizer_runs import KINDS, Run, both, hold_runs, hold_state
from pairs import array, both_float_types, hold, normal, on_both
from standin import StandIn

import numpynn
from numpynn import Variable, optimizers

LIBRARIES = pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])
CLASSES = [
    *("SGD", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta", "RMSprop", "Ftrl", "Lion"),
    *("Adafactor", "Lamb", "Muon", "ScheduleFreeAdamW"),
]


def halved() -> float:
    return 0.05


def pickled(optimizer: Any) -> Any:
    return pickle.loads(pickle.dumps(optimizer))


# -- configuration ---------------------------------------------------------------------------------

OTHER_VALUES: dict[str, Any] = {
    "learning_rate": 0.25,
    "weight_decay": 0.125,
    "clipnorm": 0.5,
    "use_ema": True,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 2.0,
    "gradient_accumulation_steps": 4,
    "name": "mine",
    "exclude_layers": ["head"],
    "learning_rate_power": -0.25,
    "warmup_steps": 3,
    "ns_steps": 2,
    "beta_2_decay": -0.5,
}


def set_otherwise(name: str, default: Any) -> Any:
    """A value other than the default, that every optimizer takes."""
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    return not default if isinstance(default, bool) else float(default) * 0.75


@pytest.mark.parametrize("kind", CLASSES)
def test_configurations_are_keras(kind: str) -> None:
    """By default, and with every argument set to another value once."""
    signature = inspect.signature(getattr(keras.optimizers, kind)).parameters
    names = [name for name in signature if name not in ("kwargs", "clipvalue", "global_clipnorm")]
    everything = {name: set_otherwise(name, signature[name].default) for name in names}
    for arguments in (
        {"name": "plain"},
        everything,
        {"name": "a", "clipvalue": 0.5, "learning_rate": 0.1},
        {"name": "b", "global_clipnorm": 0.5},
    ):
        ours, theirs = (getattr(o, kind)(**arguments) for o in (optimizers, keras.optimizers))
        assert ours.get_config() == theirs.get_config()
        written = keras.optimizers.serialize(theirs)
        assert optimizers.serialize(ours) == written
        for again in (
            type(ours).from_config(ours.get_config()),
            type(ours).from_config(theirs.get_config()),
            optimizers.deserialize(written),
            keras.saving.deserialize_keras_object(optimizers.serialize(ours)),
        ):
            assert again.get_config() == ours.get_config()


@pytest.mark.parametrize("rate", ["schedule", "function"])
def test_schedules_and_functions_are_part_of_the_configuration(rate: str) -> None:
    def program(library: Any) -> Any:
        schedules = library.optimizers.schedules
        made = halved if rate == "function" else schedules.PolynomialDecay(0.1, 5, power=2.0)
        return library.optimizers.Nadam(made, name="own")

    ours, theirs = program(numpynn), program(keras)
    assert ours.get_config() == theirs.get_config()
    assert optimizers.serialize(ours) == keras.optimizers.serialize(theirs)
    custom = {"halved": halved}
    again = optimizers.deserialize(keras.optimizers.serialize(theirs), custom_objects=custom)
    assert again.get_config() == ours.get_config()
    assert float(again.learning_rate) == float(ours.learning_rate)


@pytest.mark.parametrize(
    "make",
    [
        lambda o: o.LossScaleOptimizer(o.SGD(0.5), initial_scale=8.0, dynamic_growth_steps=3),
        lambda o: o.MultiOptimizer(o.OptimizerMap(o.Adam(0.5), {"a/.*": o.SGD()}), 2.0),
        lambda o: o.MultiOptimizer(halved, name="both"),
    ],
)
def test_configurations_of_optimizers_of_optimizers(make: Callable[[Any], Any]) -> None:
    ours, theirs = on_both(lambda library: make(library.optimizers))
    assert ours.get_config() == theirs.get_config()
    assert optimizers.serialize(ours) == keras.optimizers.serialize(theirs)
    again = optimizers.deserialize(keras.optimizers.serialize(theirs), {"halved": halved})
    assert again.get_config() == ours.get_config()


def test_optimizers_are_found_by_their_names() -> None:
    names = [name for name in CLASSES if name != "Lamb"]  # Keras forgets this one
    names += [name.lower() for name in names]
    all_ours, all_theirs = on_both(lambda library: [library.optimizers.get(n) for n in names])
    for ours, theirs in zip(all_ours, all_theirs, strict=True):
        assert type(ours).__name__ == type(theirs).__name__
        assert ours.get_config() == theirs.get_config()
        assert optimizers.get(ours) is ours
    assert type(optimizers.get("lamb")) is optimizers.Lamb
    assert optimizers.get(None) is None


@LIBRARIES
@pytest.mark.parametrize("identifier", ["adamm", 3, keras.optimizers.Adam, optimizers.Adam, len])
def test_what_means_no_optimizer_is_refused(library: Any, identifier: Any) -> None:
    with pytest.raises(ValueError):
        library.optimizers.get(identifier)


REFUSED: dict[str, Callable[[Any], Any]] = {
    "whole number as rate": lambda o: o.Adam(1),
    "text as rate": lambda o: o.Adam("0.1"),
    "no rate": lambda o: o.Adam(None),
    "unknown argument": lambda o: o.Adam(rate=0.1),
    "two kinds of clipping": lambda o: o.Adam(clipnorm=1.0, clipvalue=2.0),
    "all kinds of clipping": lambda o: o.SGD(clipnorm=1.0, clipvalue=2.0, global_clipnorm=1.0),
    "one accumulation step": lambda o: o.SGD(gradient_accumulation_steps=1),
    "momentum above 1": lambda o: o.SGD(momentum=1.5),
    "negative momentum": lambda o: o.SGD(momentum=-0.5),
    "whole number as momentum": lambda o: o.SGD(momentum=1),
    "average momentum": lambda o: o.SGD(use_ema=True, ema_momentum=1.5),
    "average frequency": lambda o: o.SGD(use_ema=True, ema_overwrite_frequency=0.5),
    "negative average frequency": lambda o: o.SGD(use_ema=True, ema_overwrite_frequency=-2),
    "AdamW without decay": lambda o: o.AdamW(weight_decay=None),
    "Lion without momentum": lambda o: o.Lion(beta_1=0.0),
    "Lion with too much": lambda o: o.Lion(beta_1=1.5),
    "accumulator": lambda o: o.Ftrl(initial_accumulator_value=-0.1),
    "power": lambda o: o.Ftrl(learning_rate_power=0.5),
    "l1": lambda o: o.Ftrl(l1_regularization_strength=-1.0),
    "l2": lambda o: o.Ftrl(l2_regularization_strength=-1.0),
    "shrinkage": lambda o: o.Ftrl(l2_shrinkage_regularization_strength=-1.0),
    "constant loss scale": lambda o: o.LossScaleOptimizer(o.SGD(), dynamic=False),
    "clipping of the outer": lambda o: o.LossScaleOptimizer(o.SGD(), clipnorm=1.0),
    "average of the outer": lambda o: o.LossScaleOptimizer(o.SGD(), use_ema=True),
    "unknown argument of the outer": lambda o: o.LossScaleOptimizer(o.SGD(), rate=1.0),
}


@LIBRARIES
@pytest.mark.parametrize("what", REFUSED)
def test_wrong_arguments_are_refused(library: Any, what: str) -> None:
    with pytest.raises(ValueError):
        REFUSED[what](library.optimizers)


@LIBRARIES
def test_what_is_only_odd_is_taken(library: Any) -> None:
    o = library.optimizers
    with pytest.warns(UserWarning, match="decay"):
        o.Adam(decay=0.1)
    o.SGD(ema_momentum=7.0)  # not used
    o.Adam(np.float64(0.1))
    o.LossScaleOptimizer(o.SGD(), clipnorm=None, use_ema=False, ema_momentum=0.99, dynamic=True)


@LIBRARIES
@pytest.mark.parametrize("name", ["Adagrad", "Adam", "Ftrl", "Optimizer", "RMSprop", "SGD"])
def test_legacy_optimizers_are_gone(library: Any, name: str) -> None:
    with pytest.raises(ImportError):
        getattr(library.optimizers.legacy, name)(0.1)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize(("library", "rate"), [(numpynn, 0.5), (numpynn, halved), (keras, 0.5)])
def test_a_copy_has_the_configuration_and_no_state(library: Any, rate: Any, copied: Any) -> None:
    w = [library.Variable(np.ones(3, "float32"))]
    optimizer = library.optimizers.Adam(rate, beta_1=0.75)
    optimizer.apply([np.ones(3, "float32")], w)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras tries to load the state
        again = copied(optimizer)
    assert type(again) is type(optimizer) and again.get_config() == optimizer.get_config()
    assert int(array(again.iterations)) == 0 and not again.built
    again.apply([np.ones(3, "float32")], w)


# -- the learning rate -----------------------------------------------------------------------------


@LIBRARIES
def test_the_learning_rate_is_read_and_set(library: Any) -> None:
    optimizer = library.optimizers.Adam(0.25)
    assert float(optimizer.learning_rate) == 0.25
    optimizer.learning_rate = 0.5
    assert float(optimizer.learning_rate) == 0.5
    optimizer.learning_rate.assign(0.125)
    assert float(optimizer.learning_rate) == 0.125
    optimizer.learning_rate = library.optimizers.schedules.InverseTimeDecay(0.1, 1, 1.0)
    assert float(optimizer.learning_rate) == pytest.approx(0.1)
    with pytest.raises(TypeError):
        optimizer.learning_rate = 0.5
    optimizer.learning_rate = halved
    assert float(optimizer.learning_rate) == 0.05


def test_a_number_cannot_replace_a_function() -> None:
    optimizer = optimizers.Adam(halved)
    with pytest.raises(TypeError, match="halved"):
        optimizer.learning_rate = 0.5


def test_schedules_count_calls_and_updates_are_counted_apart() -> None:
    def program(library: Any) -> Any:
        rate = library.optimizers.schedules.PiecewiseConstantDecay([1, 3], [0.5, 0.25, 0.125])
        optimizer = library.optimizers.SGD(rate, gradient_accumulation_steps=2)
        w = [library.Variable(np.ones(2))]
        found = []
        for _ in range(6):
            optimizer.apply([np.ones(2)], w)
            found += [np.array(array(w[0])), float(optimizer.learning_rate)]
            found += [int(array(optimizer.iterations)), int(array(optimizer._iterations))]
        return found

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-15)


# -- apply -----------------------------------------------------------------------------------------


@LIBRARIES
def test_apply_gradients_takes_pairs_and_returns_the_count(library: Any) -> None:
    w = [library.Variable(np.ones(2)), library.Variable(np.zeros(()))]
    optimizer = library.optimizers.SGD(0.5)
    for t in range(3):
        count = optimizer.apply_gradients(zip([np.ones(2), np.array(2.0)], w, strict=True))
        assert int(array(count)) == t + 1
    hold(w, [np.full(2, -0.5), np.array(-3.0)], 0)


def test_a_subset_of_the_variables_may_be_updated_in_any_order() -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(np.ones(2)), library.Variable(np.ones(3))]
        optimizer = library.optimizers.Adam(0.1)
        optimizer.build(w)
        optimizer.apply([np.ones(3)], w[1:])
        optimizer.apply([np.ones(3), np.ones(2)], w[::-1])
        optimizer.apply([np.ones(2), np.ones(3)])
        optimizer.apply([], w)
        return [*w, np.asarray(int(array(optimizer.iterations)))]

    with both_float_types("float64"), pytest.warns(UserWarning):
        hold(program(numpynn), program(keras), 1e-12)


def test_a_list_of_variables_that_was_turned_round_is_noticed() -> None:
    w = [Variable(np.zeros(2)), Variable(np.zeros(2))]
    optimizer = optimizers.SGD(1.0)
    optimizer.apply([np.ones(2), np.full(2, 2.0)], w)
    w.reverse()
    optimizer.apply([np.ones(2), np.full(2, 2.0)], w)
    hold(w, [np.full(2, -3.0), np.full(2, -3.0)], 0)


@LIBRARIES
def test_wrong_use_is_refused(library: Any) -> None:
    w, other = library.Variable(np.ones(2)), library.Variable(np.ones(2))
    for optimizer in (library.optimizers.SGD(0.1), library.optimizers.Lamb()):
        with pytest.raises(ValueError):
            optimizer.apply([np.ones(2)])
        optimizer.build([w])
        with pytest.raises(ValueError):
            optimizer.apply([np.ones(2)], [other])
        with pytest.raises(ValueError):
            optimizer.apply([np.ones(2), np.ones(2)])
        with pytest.raises(ValueError, match="No gradients provided"):
            optimizer.apply([None], [w])
    hold([w], [np.ones(2)], 0)


def test_missing_gradients_are_named_in_a_warning() -> None:
    for library in (numpynn, keras):
        w = [library.Variable(np.ones(2), name=name) for name in ("kernel", "bias")]
        with pytest.warns(UserWarning, match="Gradients do not exist.*bias"):
            library.optimizers.SGD().apply([np.ones(2), None], w)


def test_gradients_that_do_not_fit_are_refused_by_name() -> None:
    w = Variable(np.ones(2), name="kernel")
    with pytest.raises(ValueError, match=r"kernel.*\(2,\).*\(3,\)"):
        optimizers.Adam().apply([np.ones(3)], [w])
    with pytest.raises(ValueError, match="2 gradients for 1 variables"):
        optimizers.Adam().apply([np.ones(2), np.ones(2)], [w])
    np.testing.assert_array_equal(w, np.ones(2))


def test_gradients_may_be_tensors_lists_or_numbers() -> None:
    w = [Variable(np.zeros(2)), Variable(np.zeros(2)), Variable(0.0)]
    optimizers.SGD(1.0).apply([numpynn.Tensor(np.ones(2)), [1, 2], 3.0], w)
    hold(w, [np.array([-1.0, -1.0]), np.array([-1.0, -2.0]), np.array(-3.0)], 0)


@pytest.mark.parametrize("kind", ["Adam", "Lamb"])
def test_constraints_hold_after_a_step(kind: str) -> None:
    def program(library: Any) -> Any:
        w = [library.Variable(normal(i, 3, 2)) for i in range(2)]
        w[0].constraint = library.constraints.MaxNorm(0.5)
        optimizer = KINDS[kind](library.optimizers, {"learning_rate": 0.1})
        for t in range(3):
            optimizer.apply([normal(t, 3, 2), normal(t + 9, 3, 2)], w)
        return w

    with both_float_types("float64"):
        hold(program(numpynn), program(keras), 1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_steps_run_on_arrays_that_are_not_numpys(kind: str) -> None:
    """By NumPy's protocols alone, to the bit; with the options that touch arrays."""
    common = {
        "weight_decay": 0.1,
        "clipnorm": 0.5,
        "use_ema": True,
        "ema_overwrite_frequency": 2,
        "gradient_accumulation_steps": 2,
        "loss_scale_factor": 2.0,
    }
    run, foreign = (Run(numpynn, kind, common, SHAPED, "float32", 0) for _ in range(2))
    for variable in foreign.variables:
        variable.array = StandIn(variable.array.copy())
    for t in range(4):
        gradients: list[Any] = [normal(t, *v.shape).astype("float32") for v in run.variables]
        run.optimizer.apply(gradients, run.variables)
        foreign.optimizer.apply([StandIn(g) for g in gradients], foreign.variables)
    for a, b in zip(foreign.variables, run.variables):
        np.testing.assert_array_equal(a.array.revealed(), b.array)


# -- weight decay and averages ---------------------------------------------------------------------


@pytest.mark.parametrize("when", ["before", "between"])
@pytest.mark.parametrize("kind", ["momentum", "Lamb", "Muon"])
def test_variables_can_be_excluded_from_weight_decay(kind: str, when: str) -> None:
    with both_float_types("float64"):
        ours, theirs = both(kind, {"weight_decay": 0.3}, SHAPED, "float64", 0)
        for run in (ours, theirs):
            if when == "between":
                run.step()
            run.optimizer.exclude_from_weight_decay(
                var_list=[run.variables[0]], var_names=["w2", "w[45]"]
            )
            run.step(), run.step()
        hold_runs(ours, theirs, 1e-13)


SHAPED = [(2, 2), (3,), (2,), (3, 2), (2,), ()]


def test_layers_can_be_excluded_by_name() -> None:
    def program(library: Any) -> Any:
        layers = library.layers
        model = library.Sequential(
            [
                library.Input((3,)),
                layers.Dense(2, name="first", kernel_initializer="ones"),
                layers.Dense(2, name="second", kernel_initializer="ones"),
            ]
        )
        optimizer = library.optimizers.SGD(0.1, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=["first", "bias"])
        weights = model.trainable_variables
        optimizer.apply([np.zeros(tuple(w.shape), "float32") for w in weights], weights)
        return weights

    hold(program(numpynn), program(keras), 1e-6)


@pytest.mark.parametrize("kind", ["Adam", "Muon"])
def test_weights_become_their_averages_at_the_end(kind: str) -> None:
    with both_float_types("float64"):
        ours, theirs = both(kind, {"use_ema": True, "ema_momentum": 0.5}, SHAPED, "float64", 0)
        for run in (ours, theirs):
            for _ in range(4):
                run.step()
            run.optimizer.finalize_variable_values(run.variables)
            run.step()
        hold_runs(ours, theirs, 1e-13)
        with pytest.raises(ValueError, match="averages of 6"):
            ours.optimizer.finalize_variable_values(ours.variables[:2])


def test_without_averages_nothing_is_finalized() -> None:
    run = Run(numpynn, "Adam", {}, SHAPED, "float32", 0)
    run.step()
    before = [w.numpy() for w in run.variables]
    run.optimizer.finalize_variable_values(run.variables)
    hold(run.variables, before, 0)


# -- optimizers of one's own -----------------------------------------------------------------------


def heavy_ball(library: Any) -> Any:
    """The example of Keras's documentation, of whichever library."""
    ops = library.ops

    class HeavyBall(library.optimizers.Optimizer):
        def __init__(self, learning_rate: Any = 0.05, momentum: float = 0.9, **kwargs: Any) -> None:
            super().__init__(learning_rate=learning_rate, **kwargs)
            self.momentum = momentum

        def build(self, variables: Any) -> None:
            super().build(variables)
            self.momentums = []
            for variable in variables:
                self.momentums.append(
                    self.add_variable_from_reference(reference_variable=variable, name="momentum")
                )
            self.largest = library.Variable(0.0, trainable=False, name="largest")

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            learning_rate = ops.cast(learning_rate, variable.dtype)
            gradient = ops.cast(gradient, variable.dtype)
            m = self.momentums[self._get_variable_index(variable)]
            self.assign(
                m,
                ops.subtract(
                    ops.multiply(m, ops.cast(self.momentum, variable.dtype)),
                    ops.multiply(gradient, learning_rate),
                ),
            )
            self.assign_add(variable, m)
            self.assign(self.largest, ops.maximum(self.largest, ops.max(ops.abs(m))))

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "momentum": self.momentum}

    return HeavyBall


@pytest.mark.parametrize(
    "common",
    [
        {},
        {"weight_decay": 0.1, "clipnorm": 0.5, "use_ema": True, "ema_overwrite_frequency": 2},
        {"gradient_accumulation_steps": 2, "loss_scale_factor": 2.0},
    ],
)
def test_an_optimizer_of_ones_own_is_written_as_for_keras(common: dict[str, Any]) -> None:
    with both_float_types("float64"):
        runs = both("SGD", {}, SHAPES_OF_OWN, "float64", 0)
        for run in runs:
            run.optimizer = heavy_ball(run.library)(0.0625, **common)
            for t in range(6):
                run.step(frozenset({1} if t == 3 else ()))
        hold_runs(*runs, 1e-13)
    ours, theirs = runs[0].optimizer, runs[1].optimizer
    assert {**ours.get_config(), "name": ""} == {**theirs.get_config(), "name": ""}
    again = type(ours).from_config(ours.get_config())
    assert again.momentum == 0.9 and again.get_config() == ours.get_config()
    assert optimizers.get(ours) is ours


SHAPES_OF_OWN = [(2, 3), (3,), ()]


def doubled_adam(library: Any) -> Any:
    class Doubled(library.optimizers.Adam):
        """Adam of twice the gradient, for some variables."""

        def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
            factor = 2.0 if len(variable.shape) == 1 else 1.0
            super().update_step(gradient * factor, variable, learning_rate * factor)

    return Doubled


def test_a_step_of_ones_own_may_build_on_a_given_one() -> None:
    with both_float_types("float64"):
        runs = both("SGD", {}, SHAPES_OF_OWN, "float64", 0)
        for run in runs:
            run.optimizer = doubled_adam(run.library)(weight_decay=0.1)
            for t in range(5):
                run.step(frozenset({0} if t == 2 else ()))
        hold_runs(*runs, 1e-13)


@LIBRARIES
def test_the_constructor_must_be_called_first(library: Any) -> None:
    class Forgetful(library.optimizers.Optimizer):
        def __init__(self) -> None:
            self.momentum = 0.9

    with pytest.raises(RuntimeError, match="super"):
        Forgetful()


@LIBRARIES
def test_a_step_must_be_given(library: Any) -> None:
    with pytest.raises(NotImplementedError):
        library.optimizers.Optimizer(0.1).apply([np.ones(2)], [library.Variable(np.ones(2))])


def test_variables_of_the_state_are_added_as_in_keras() -> None:
    def program(library: Any) -> Any:
        optimizer = library.optimizers.Optimizer(0.5, name="own")
        w = [library.Variable(np.zeros((2, 3), "float64"), name="a"), library.Variable(0.0)]
        optimizer.build(w[:1])
        optimizer.add_variable((2,), "ones", name="two")
        optimizer.add_variable((), initializer="zeros", dtype="int64", name="count")
        optimizer.add_variable_from_reference(w[0])
        optimizer.add_optimizer_variables(w[:1], "one", "ones")
        constant = library.initializers.Constant(0.25)
        optimizer.add_optimizer_variables(w[:1], ["p", "q"], [constant, "zeros"])
        optimizer.add_optimizer_variables(w[:1], ["r", "s"], "ones")
        with pytest.raises(ValueError):
            optimizer.add_optimizer_variables(w, ["p", "q"], ["zeros"])
        return optimizer

    hold_state(program(numpynn), program(keras), 0)


# -- optimizers of optimizers ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["momentum", "Lamb"])
def test_the_loss_scale_follows_the_gradients(kind: str) -> None:
    def program(library: Any) -> Any:
        o = library.optimizers
        w = [library.Variable(np.ones(2, "float32")), library.Variable(np.ones(3, "float32"))]
        inner = KINDS[kind](o, {"loss_scale_factor": 3.0, "use_ema": True, "ema_momentum": 0.5})
        optimizer = o.LossScaleOptimizer(inner, initial_scale=8.0, dynamic_growth_steps=2)
        found = [array(optimizer.scale_loss(np.float32(2.0)))]
        for special in (1.0, np.inf, 4.0, 4.0, np.nan, 8.0, 3.0):
            gradient = np.array([special, 1.0], "float32")
            optimizer.apply([gradient, np.ones(3, "float32")], w)
            found += [np.array(array(v)) for v in [*w, *optimizer.variables]]
            found.append(array(optimizer.scale_loss(np.float32(2.0))))
            found.append(int(array(optimizer.iterations)))
        optimizer.learning_rate = 0.25
        optimizer.finalize_variable_values(w)
        store: dict[str, Any] = {}
        optimizer.save_own_variables(store)
        return [found, w, store, float(optimizer.learning_rate), float(inner.learning_rate)]

    hold(program(numpynn), program(keras), 1e-6)


def chosen(library: Any, *, by_function: bool) -> Any:
    o = library.optimizers
    adam, sgd = o.Adam(0.1), o.SGD(0.5, momentum=0.9, use_ema=True, ema_momentum=0.5)
    if by_function:
        return o.MultiOptimizer(lambda variable: adam if "w1" in variable.path else sgd)
    return o.MultiOptimizer(o.OptimizerMap(sgd, {"w1": adam, "w[2-9]": adam}))


@pytest.mark.parametrize("by_function", [True, False])
def test_each_variable_has_its_own_optimizer(by_function: bool) -> None:
    with both_float_types("float64"):
        runs = both("SGD", {}, SHAPED, "float64", 0)
        for run in runs:
            run.optimizer = chosen(run.library, by_function=by_function)
            for _ in range(4):
                run.step()
            run.optimizer.loss_scale_factor = 2.0
            run.step()
            run.optimizer.finalize_variable_values(run.variables)
        hold_runs(*runs, 1e-13)
    names = [[type(o).__name__ for o in run.optimizer.optimizers] for run in runs]
    assert names[0] == names[1]
    assert [float(o.loss_scale_factor) for o in runs[0].optimizer.optimizers] == [2.0, 2.0]
    assert float(runs[0].optimizer.scale_loss(3.0)) == 6.0


def test_the_state_of_several_optimizers_goes_over() -> None:
    ours, theirs = both("SGD", {}, SHAPED, "float32", 0)
    for run in (ours, theirs):
        run.optimizer = chosen(run.library, by_function=False)
    theirs.step(), theirs.step()
    store: dict[str, Any] = {}
    theirs.optimizer.save_own_variables(store)
    ours.optimizer.build(ours.variables)
    ours.optimizer.load_own_variables(store)
    hold_state(ours.optimizer, theirs.optimizer, 0)
    ours.optimizer.set_weights([array(v) + 1 for v in theirs.optimizer.variables])
    hold(ours.optimizer.variables, [array(v) + 1 for v in theirs.optimizer.variables], 0)


@LIBRARIES
def test_the_map_of_optimizers(library: Any) -> None:
    o = library.optimizers
    adam, sgd, rmsprop = o.Adam(), o.SGD(), o.RMSprop()
    found = o.OptimizerMap(rmsprop)
    found["encoder/layer_0/dense"] = adam
    found["encoder/.*"] = sgd
    found["decoder"] = adam
    assert found["encoder/layer_0/dense"] is adam
    assert found["encoder/layer_0/query"] is sgd
    assert found["decoder"] is adam and found["decoder/dense"] is rmsprop
    assert found.default_optimizer is rmsprop and len(found) == 3 and "decoder" in list(found)
    found["encoder/layer_1/.*"] = adam
    with pytest.raises(ValueError):
        found["encoder/layer_1/dense"]
    for key, optimizer in (
        ("decoder", sgd),
        (3, sgd),
        ("new", "sgd"),
        ("new", o.LossScaleOptimizer(o.SGD())),
        ("new", o.MultiOptimizer(found)),
    ):
        with pytest.raises(ValueError):
            found[key] = optimizer
    del found["decoder"]
    assert found["decoder"] is rmsprop
    for arguments in ((3,), (sgd, [1])):
        with pytest.raises(TypeError):
            o.OptimizerMap(*arguments)


@LIBRARIES
def test_several_optimizers_refuse_what_they_cannot_do(library: Any) -> None:
    o, w = library.optimizers, [library.Variable(np.ones(2)), library.Variable(np.ones(2))]
    optimizer = o.MultiOptimizer(o.OptimizerMap(o.SGD()))
    with pytest.raises(AttributeError):
        _ = optimizer.learning_rate
    with pytest.raises(AttributeError):
        optimizer.learning_rate = 0.1
    with pytest.raises(ValueError):
        optimizer.apply([np.ones(2)])
    optimizer.apply([], w)
    optimizer.apply([np.ones(2), np.ones(2)], w)
    with pytest.raises(ValueError):
        optimizer.apply([np.ones(2)], w[:1])
    for wrong in ("sgd", o.LossScaleOptimizer(o.SGD()), optimizer):
        with pytest.raises(ValueError):
            o.MultiOptimizer(lambda variable, wrong=wrong: wrong).build(w)
