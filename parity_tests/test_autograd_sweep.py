"""The backward sweep: depth, memory, ownership, what is recorded where, and what is released."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from factory import array, error

from numpynn.autograd import GradientTape, Tensor, define, grad, no_grad, primitive, value_and_grad
from numpynn.autograd.rules import RULES
from numpynn.autograd.tape import EVERYTHING, ONLY_LEAVES, mode, reachable, recording

MILLION = 1_000_000


def leaf(*values: float) -> Tensor:
    return Tensor(np.array(values), requires_grad=True)


# -- depth and width -------------------------------------------------------------------------------


@pytest.fixture
def no_collection() -> Iterator[None]:
    """The collector's passes over millions of nodes would take most of the time."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collection")
def test_a_graph_a_million_operations_deep() -> None:
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(MILLION):
        y = y * 1.000001
    node = weakref.ref(y.node)
    y.backward()
    assert abs(float(x.grad) - 1.000001**MILLION) < 1e-6
    del y
    assert node() is None  # freed without recursion, and by counting alone: there is no cycle


@pytest.mark.usefixtures("no_collection")
def test_a_deep_graph_is_freed_without_a_sweep() -> None:
    y = Tensor(1.0, requires_grad=True)
    for _ in range(MILLION // 4):
        y = np.positive(y)
    last = weakref.ref(y.node)
    del y
    assert last() is None


def test_a_deep_graph_is_differentiated_twice() -> None:
    def power(x: Any) -> Any:
        y = x
        for _ in range(2000):
            y = y * x
        return y

    assert abs(float(grad(grad(power))(Tensor(1.0))) - 2001.0 * 2000.0) < 1e-6


def test_a_node_used_a_thousand_times_adds_up() -> None:
    x = leaf(1.0, 2.0)
    sum((x * float(i) for i in range(1000)), start=x * 0.0).sum().backward()
    assert x.grad.tolist() == [499500.0, 499500.0]


def test_diamonds_are_visited_once_each() -> None:
    x = Tensor(1.0, requires_grad=True)
    y = x
    for _ in range(60):  # 2^60 paths
        y = y + y
    y.backward()
    assert float(x.grad) == 2.0**60


# -- who owns which array --------------------------------------------------------------------------


def test_the_sweep_never_writes_into_an_array_that_it_does_not_own() -> None:
    """Rules return their input (add), a view of it (reshape, T, split), or a saved array."""
    x, z = leaf(1.0, 2.0, 3.0, 4.0), leaf(5.0, 6.0, 7.0, 8.0)
    seed = np.array([1.0, 10.0, 100.0, 1000.0])
    y = x + x + z + np.reshape(np.reshape(x, (2, 2)).T.T, 4) + np.positive(x)
    a, b = np.split(x, 2)
    y = y + np.concatenate([b, a]) + np.concatenate([b, a]) + x
    kept = seed.copy()
    y.backward(seed)
    assert np.array_equal(seed, kept)
    assert x.grad.tolist() == [5.0 + 200.0, 50.0 + 2000.0, 500.0 + 2.0, 5000.0 + 20.0]
    assert z.grad.tolist() == [1.0, 10.0, 100.0, 1000.0]
    assert x.numpy().tolist() == [1.0, 2.0, 3.0, 4.0]


def test_a_rule_may_return_a_saved_array_itself() -> None:
    saved = np.array([2.0, 3.0])

    def weighted(x: Any) -> Any:
        return np.sum(x * saved)

    define(weighted, lambda g, y, x: saved)
    try:
        x = leaf(1.0, 1.0)
        total = x.sum() * 0.0
        for _ in range(3):
            node_free = weighted(x)
            total = total + node_free
        total.backward()
        assert saved.tolist() == [2.0, 3.0]
        assert x.grad.tolist() == [6.0, 9.0]
    finally:
        del RULES[weighted]


def test_repeated_indices_add_up() -> None:
    x = leaf(1.0, 2.0, 3.0)
    (x[[0, 0, 2]] * np.array([1.0, 10.0, 100.0])).sum().backward()
    assert x.grad.tolist() == [11.0, 0.0, 100.0]
    table = Tensor(np.zeros((4, 2)), requires_grad=True)
    table[np.array([[1, 1], [3, 1]])].sum().backward()
    assert table.grad.tolist() == [[0.0, 0.0], [3.0, 3.0], [0.0, 0.0], [1.0, 1.0]]


def test_gradients_through_slices_and_the_whole_add_up() -> None:
    for order in range(2):
        x = leaf(1.0, 2.0, 3.0)
        parts = [x.sum(), (x[1:] * 2.0).sum(), x[0] * 5.0, x[[2, 2]].sum(), (x * x).sum()]
        sum(parts[:: 1 - 2 * order], start=Tensor(0.0)).backward()
        assert x.grad.tolist() == [1 + 5 + 2, 1 + 2 + 4, 1 + 2 + 2 + 6]


def peak_of_slices(steps: int, create_graph: bool) -> int:
    """The peak of memory of a gradient through `steps` slices of one array."""
    x = Tensor(np.ones((steps, 50)), requires_grad=True)
    y = x[0].sum()
    for i in range(1, steps):
        y = y + (x[i] * x[i]).sum()
    gc.collect()
    tracemalloc.start()
    y.backward(create_graph=create_graph)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(x.grad.numpy()[1:], np.full((steps - 1, 50), 2.0))
    return peak


def test_slices_of_one_array_cost_what_the_array_costs() -> None:
    array_itself = 1000 * 50 * 8
    assert peak_of_slices(1000, create_graph=False) < 5 * array_itself  # not a thousand times
    assert peak_of_slices(1000, create_graph=True) < 20 * array_itself


def test_second_derivatives_through_slices() -> None:
    def through_slices(x: Any) -> Any:
        total = x.sum() + x[1] ** 3
        for i in range(3):
            total = total + x[i] * x[i - 1] ** 2 + (x[i:] * x[: 3 - i]).sum() + x[[i, i]].sum()
        return total + np.sum(x * x)

    def whole(x: Any) -> Any:
        before = np.roll(x, 1)
        total = np.sum(x) + np.sum(x**3 * np.array([0.0, 1.0, 0.0])) + np.sum(x * before**2)
        total = total + np.sum(x * x) + np.sum(x * x) + 2.0 * np.sum(x)
        pairs = np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
        return total + x @ pairs @ x

    x = np.array([0.5, -1.0, 2.0])
    for order in range(3):
        expected, found = whole, through_slices
        for _ in range(order):
            expected, found = summed_gradient(expected), summed_gradient(found)
        assert error(array(found(x)), array(expected(x))) <= 1e-12


def summed_gradient(f: Any) -> Any:
    return lambda x: np.sum(grad(f)(x) * np.array([1.0, 2.0, -1.0]))


def buffers_made(steps: int, monkeypatch: pytest.MonkeyPatch) -> int:
    made = 0
    original = np.zeros_like

    def counted(*args: Any, **keywords: Any) -> Any:
        nonlocal made
        made += 1
        return original(*args, **keywords)

    x = Tensor(np.ones((steps, 3)), requires_grad=True)
    y = sum((x[i].sum() for i in range(steps)), start=Tensor(0.0))
    monkeypatch.setattr(np, "zeros_like", counted)
    y.backward()
    monkeypatch.undo()
    return made


def test_one_buffer_serves_all_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert buffers_made(10, monkeypatch) == buffers_made(100, monkeypatch) == 1


def test_what_is_not_needed_is_not_computed() -> None:
    called = []

    def product(x: Any, w: Any) -> Any:
        return np.matmul(x, w)

    define(
        product,
        lambda g, y, x, w: called.append("x"),
        lambda g, y, x, w: np.matmul(x.T, g),
    )
    try:
        w = Tensor(np.ones((3, 2)), requires_grad=True)
        from numpynn.autograd.tensor import apply

        apply(RULES[product], (np.ones((4, 3)), w), {}).sum().backward()
        assert not called and w.grad.tolist() == [[4.0, 4.0]] * 3
    finally:
        del RULES[product]


# -- release and retention -------------------------------------------------------------------------


def test_a_second_sweep_of_a_released_graph_is_a_clear_error() -> None:
    x = leaf(1.0, 2.0)
    y = np.sum(x * x)
    y.backward()
    with pytest.raises(RuntimeError, match="released.*persistent=True.*retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match="released"):
        (y * 2.0).backward()
    assert "released" in y.graph().source


def test_retain_graph_allows_a_second_sweep_which_adds() -> None:
    x = leaf(1.0, 2.0)
    y = np.sum(x * x)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [4.0, 8.0]


def test_saved_values_are_released_as_the_sweep_passes() -> None:
    class Counted(np.ndarray):
        alive = 0

        def __array_finalize__(self, parent: Any) -> None:
            pass

    x = leaf(*np.ones(8))
    saved = np.ones(8).view(Counted)
    reference = weakref.ref(saved)
    y = np.sum(x * saved)
    del saved
    assert reference() is not None
    y.backward()
    assert reference() is None


def test_memory_does_not_grow_over_steps() -> None:
    x = Tensor(np.ones(10_000), requires_grad=True)

    def step() -> None:
        x.grad = None
        np.sum(np.tanh(x * x)).backward()

    step()
    gc.disable()
    tracemalloc.start()
    for _ in range(20):
        step()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    gc.enable()
    assert grown < 3 * 80_000  # graphs free themselves: there are no cycles


def test_backward_needs_a_history_and_a_cotangent() -> None:
    with pytest.raises(RuntimeError, match="requires_grad=True"):
        Tensor([1.0]).backward()
    x = leaf(1.0, 2.0)
    with pytest.raises(ValueError, match="cotangent"):
        (x * 2.0).backward()
    with pytest.raises(ValueError, match="shape"):
        (x * 2.0).backward(np.ones(3))
    (x * 2.0).backward([1.0, 10.0])
    assert x.grad.tolist() == [2.0, 20.0]
    np.sum(x * x, keepdims=True).backward()
    assert x.grad.tolist() == [4.0, 24.0]


def test_backward_of_a_leaf_is_one() -> None:
    x = Tensor(3.0, requires_grad=True)
    x.backward()
    assert float(x.grad) == 1.0


def test_create_graph_makes_gradients_differentiable() -> None:
    x = leaf(1.0, 2.0)
    np.sum(x**3).backward(create_graph=True)
    first = x.grad
    x.grad = None
    np.sum(first).backward()
    assert first.tolist() == [3.0, 12.0] and x.grad.tolist() == [6.0, 12.0]


# -- where things are recorded ---------------------------------------------------------------------


def test_recording_happens_in_a_scope() -> None:
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        inside = x * x
    outside = x * x
    assert inside.node is not None and outside.node is None


def test_a_leaf_made_by_hand_records_anywhere_but_under_no_grad() -> None:
    x = leaf(1.0, 2.0)
    assert (x * x).node is not None
    with no_grad():
        assert (x * x).node is None and np.tanh(x).node is None and x[0].node is None
        assert np.concatenate([x, x]).node is None
        with recording():
            assert (x * x).node is not None
    assert (x * x).node is not None


def test_what_is_not_watched_is_not_recorded_in_a_scope() -> None:
    with recording():
        assert (Tensor([1.0]) * 2.0).node is None


def test_only_real_floats_can_be_watched() -> None:
    for values in ([1, 2], [True], [1j]):
        with pytest.raises(TypeError, match="floating-point"):
            Tensor(values, requires_grad=True)
    assert Tensor([1, 2], dtype="float32", requires_grad=True).dtype == np.float32


def test_threads_have_their_own_recording_mode() -> None:
    modes: dict[str, int] = {}
    entered, leave = threading.Event(), threading.Event()

    def quiet() -> None:
        with no_grad():
            entered.set()
            leave.wait(10)
            modes["quiet"] = mode.get()

    def recorded() -> None:
        entered.wait(10)
        with recording():
            modes["recorded"] = mode.get()
        modes["after"] = mode.get()
        x = leaf(1.0)
        np.sum(x * x).backward()
        modes["gradient"] = int(x.grad.item())
        leave.set()

    threads = [threading.Thread(target=quiet), threading.Thread(target=recorded)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert modes == {
        "recorded": EVERYTHING,
        "after": ONLY_LEAVES,
        "gradient": 2,
        "quiet": -1,
    }
    assert mode.get() == ONLY_LEAVES


def test_tasks_have_their_own_recording_mode() -> None:
    async def differentiated(x: float) -> float:
        value = Tensor(x)
        with GradientTape() as tape:
            tape.watch(value)
            await asyncio.sleep(0)
            y = value * value
            await asyncio.sleep(0)
        return float(tape.gradient(y, value))

    async def undisturbed() -> bool:
        with no_grad():
            await asyncio.sleep(0)
            nothing = (leaf(1.0) * 2.0).node is None
            await asyncio.sleep(0)
        return nothing and (leaf(1.0) * 2.0).node is not None

    async def together() -> list[Any]:
        return await asyncio.gather(differentiated(3.0), undisturbed(), differentiated(5.0))

    assert asyncio.run(together()) == [6.0, True, 10.0]
    assert mode.get() == ONLY_LEAVES


def test_threads_may_differentiate_at_once() -> None:
    results: list[float] = []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).normal(size=50)
        found = array(grad(lambda z: np.sum(np.tanh(z) ** 2))(x))
        results.append(error(found, 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and max(results) < 1e-14


def test_an_exception_leaves_the_mode_as_it_was() -> None:
    for scope in (no_grad, recording, GradientTape):
        with pytest.raises(ZeroDivisionError), scope():
            raise ZeroDivisionError
        assert mode.get() == ONLY_LEAVES
    with pytest.raises(ZeroDivisionError):
        value_and_grad(lambda x: 1 // 0)(1.0)
    assert mode.get() == ONLY_LEAVES


# -- the picture -----------------------------------------------------------------------------------


def test_graph_shows_operations_shapes_and_leaves() -> None:
    graphviz = pytest.importorskip("graphviz")
    x = Tensor(np.ones((2, 3)), requires_grad=True)
    y = np.sum(np.tanh(x @ np.ones((3, 4))) * 2.0)
    picture = y.graph()
    assert isinstance(picture, graphviz.Digraph)
    for word in ("np.tanh", "np.matmul", "np.sum", "np.multiply", "(2, 4) float64", "(2, 3)"):
        assert word in picture.source
    assert picture.source.count("->") == 4
    with pytest.raises(ValueError, match="no history"):
        Tensor(1.0).graph()


def test_graph_shows_primitives_by_name() -> None:
    pytest.importorskip("graphviz")

    @primitive()
    def doubled(x: Any) -> Any:
        return 2.0 * x, lambda g: (2.0 * g,)

    assert "doubled" in doubled(leaf(1.0)).graph().source


def test_reachable_lists_each_operation_once_newest_first() -> None:
    x = leaf(1.0)
    y = x * x + x
    nodes = reachable([y.node])
    assert [n.order for n in nodes] == sorted((n.order for n in nodes), reverse=True)
    assert len(nodes) == len(set(nodes)) == 2
