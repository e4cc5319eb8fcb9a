"""Functional models that Hypothesis draws: a plan, and the model each library makes of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st

BATCH = 3


class Plan(NamedTuple):
    """Sizes of the inputs, steps that each add a tensor, and which tensors come out, and how."""

    inputs: list[int]
    steps: list[tuple[Any, ...]]
    outputs: list[int]
    nesting: str  # of inputs and outputs: "single", "list" or "dict"


@st.composite
def plans(draw: Any, max_steps: int = 6) -> Plan:
    """Graphs of layers, functions, shared layers and models inside models.

    Every step takes tensors that exist (by their numbers) and adds one; sizes are followed so that
    the step is possible. All inputs and all loose ends are used.
    """
    inputs = draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    sizes, steps, used = list(inputs), [], set()
    shared: dict[int, int] = {}  # size of the input to the step that made the layer
    for _ in range(draw(st.integers(1, max_steps))):
        at = draw(st.integers(0, len(sizes) - 1))
        others = [i for i, size in enumerate(sizes) if size == sizes[at]]
        kind = draw(
            st.sampled_from(
                ["dense", "again", "add", "concatenate", "function", "constant", "slice", "dropout"]
                + ["sequential", "model", "normal", "operator"]
            )
        )
        if kind == "again" and sizes[at] not in shared:
            kind = "dense"
        if kind in ("dense", "sequential", "model"):
            units = draw(st.integers(1, 4))
            activation = draw(st.sampled_from([None, "tanh", "sigmoid", "softplus"]))
            steps.append((kind, at, units, activation))
            if kind == "dense":
                shared[sizes[at]] = len(steps) - 1
            sizes.append(units)
        elif kind == "again":
            steps.append((kind, at, shared[sizes[at]]))
            sizes.append(steps[shared[sizes[at]]][2])
        elif kind in ("add", "operator"):
            with_ = draw(st.sampled_from(others))
            steps.append((kind, at, with_))
            sizes.append(sizes[at])
            used.add(with_)
        elif kind == "concatenate":
            with_ = draw(st.integers(0, len(sizes) - 1))
            steps.append((kind, at, with_))
            sizes.append(sizes[at] + sizes[with_])
            used.add(with_)
        elif kind == "slice":
            steps.append((kind, at, draw(st.integers(0, sizes[at] - 1))))
            sizes.append(sizes[at] - steps[-1][2])
        else:
            steps.append((kind, at))
            sizes.append(sizes[at])
        used.add(at)
    loose = [i for i in range(len(sizes)) if i not in used]
    nesting = draw(st.sampled_from(["single", "list", "dict"]))
    return Plan(inputs, steps, loose, nesting)


def build(library: Any, plan: Plan) -> Any:
    """The model of a plan, with names that do not depend on what was built before."""
    layers, ops = library.layers, library.ops
    tensors = [library.Input((n,), name=f"in{i}") for i, n in enumerate(plan.inputs)]
    made: dict[int, Any] = {}
    for number, (kind, at, *rest) in enumerate(plan.steps):
        x, name = tensors[at], f"step{number}"
        if kind == "dense":
            made[number] = layers.Dense(rest[0], rest[1], name=name)
            y = made[number](x)
        elif kind == "again":
            y = made[rest[0]](x)
        elif kind == "add":
            y = layers.Add(name=name)([x, tensors[rest[0]]])
        elif kind == "operator":
            y = x * 0.5 - tensors[rest[0]]
        elif kind == "concatenate":
            y = layers.Concatenate(name=name)([x, tensors[rest[0]]])
        elif kind == "function":
            y = ops.sin(ops.sum(x, axis=-1, keepdims=True)) + ops.tanh(x)
        elif kind == "constant":
            y = 2.0 / (1.5 + ops.square(x))
        elif kind == "slice":
            y = x[:, rest[0] :]
        elif kind == "dropout":
            y = layers.Dropout(0.4, name=name)(x)
        elif kind == "normal":
            y = layers.LayerNormalization(name=name)(x)
        else:
            y = _inner(library, kind, x.shape[-1], rest, name)(x)
        tensors.append(y)
    ends = [tensors[i] for i in plan.outputs]
    return library.Model(
        _nested([*tensors[: len(plan.inputs)]], plan.nesting, "in"),
        _nested(ends, plan.nesting, "out"),
        name="drawn",
    )


def _inner(library: Any, kind: str, size: int, rest: Any, name: str) -> Any:
    units, activation = rest
    first = library.layers.Dense(3, activation, name=f"{name}_first")
    last = library.layers.Dense(units, name=f"{name}_last")
    x = library.Input((size,), name=f"{name}_in")
    if kind == "sequential":
        return library.Sequential([x, first, last], name=name)
    return library.Model(x, last(first(x)) + 1.0, name=name)


def _nested(tensors: list[Any], nesting: str, prefix: str) -> Any:
    if nesting == "dict":
        return {f"{prefix}{i}": x for i, x in enumerate(tensors)}
    return tensors[0] if nesting == "single" and len(tensors) == 1 else tensors


def data(plan: Plan, seed: int = 0) -> Any:
    """Inputs of a plan, in float64."""
    rng = np.random.default_rng(seed)
    return _nested([rng.normal(size=(BATCH, n)) for n in plan.inputs], plan.nesting, "in")
