"""GradientTape: the same recording in TensorFlow's words."""

from __future__ import annotations

from contextlib import AbstractContextManager
from contextvars import ContextVar, Token
from typing import Any

import numpy as np

from numpynn.autograd.structure import leaves, rebuild
from numpynn.autograd.tape import EVERYTHING, Node, leaf, mode, no_grad, sweep
from numpynn.autograd.tensor import Tensor, tensor_of
from numpynn.autograd.transforms import as_tensor, unit_cotangents

_open: ContextVar[tuple[GradientTape, ...]] = ContextVar("numpynn_open_tapes", default=())


class GradientTape:
    """Record what happens inside `with`, then ask for gradients.

        with GradientTape() as tape:
            loss = loss_fn(y, model(x))
        gradients = tape.gradient(loss, model.trainable_variables)

    Trainable Variables are watched by themselves, other Tensors after `watch`. A tape that is not
    `persistent` answers once and lets the graph go. Tapes nest: what the inner one computes inside
    the outer one's scope can be differentiated again.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._watched: set[int] = set()
        self._tokens: list[tuple[Token[int], Token[tuple[GradientTape, ...]]]] = []
        self._used = False
        self._shared = False  # another tape may still need the graph

    def __enter__(self) -> GradientTape:
        others = _open.get()
        for tape in others:
            tape._shared = self._shared = True
        self._tokens.append((mode.set(EVERYTHING), _open.set((*others, self))))
        return self

    def __exit__(self, *exception: object) -> None:
        if self._tokens:  # gradient() may have closed the scope already
            recorded, opened = self._tokens.pop()
            _open.reset(opened)
            mode.reset(recorded)

    def watch(self, tensor: Any) -> None:
        """Take derivatives for `tensor` (or every Tensor in a nesting), from here on.

        Raises TypeError for plain arrays, which cannot remember anything.
        """
        for x in leaves(tensor):
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"GradientTape.watch needs Tensors or Variables; got {type(x).__name__}. "
                    "Wrap the array first: x = numpynn.ops.convert_to_tensor(x)."
                )
            if x.dtype.kind == "f":
                self._watched.add(id(x))
                if x.node is None:
                    x.node = leaf(x)

    def stop_recording(self) -> AbstractContextManager[None]:
        """A scope inside the tape's in which nothing is recorded."""
        return no_grad()

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """∂(sum of target)/∂sources, in the nesting of `sources`.

        output_gradients: cotangents in the targets' shapes, ones if omitted.
        unconnected_gradients: "none" gives None where there is no dependence, "zero" zeros.
        Raises RuntimeError when a tape that is not persistent is asked twice, TypeError for sources
        that are not Tensors, ValueError for unknown options.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                f"unconnected_gradients must be 'none' or 'zero'; got {unconnected_gradients!r}."
            )
        recorded = self._begin()
        targets = [as_tensor(t) for t in leaves(target)]
        cotangents = [None] * len(targets) if output_gradients is None else leaves(output_gradients)
        roots: dict[Node, Any] = {}
        for t, v in zip(targets, cotangents, strict=True):
            if t.node is None:
                continue
            ones = np.ones_like(t.array) if v is None else as_tensor(v).array
            given = v if recorded and isinstance(v, Tensor) else ones
            root = as_tensor(given) if recorded else given
            before = roots.get(t.node)
            roots[t.node] = root if before is None else before + root
        found = self._sweep(roots, sources, recorded)
        gradients: list[Any] = []
        for x in leaves(sources):
            gradient = found.get(x.node) if self._sees(x) else None
            if gradient is not None:
                gradients.append(as_tensor(gradient))
            elif unconnected_gradients == "zero":
                gradients.append(tensor_of(np.zeros_like(x.array), None))
            else:
                gradients.append(None)
        return rebuild(sources, iter(gradients))

    def jacobian(self, target: Any, sources: Any) -> Any:
        """∂target/∂source in shape `target's + the source's`; None where unconnected."""
        target = as_tensor(target)
        recorded = self._begin()
        rows: list[list[Any]] = []
        for unit in unit_cotangents(target):
            roots = {target.node: as_tensor(unit) if recorded else unit} if target.node else {}
            found = self._sweep(roots, sources, recorded, retain=True)
            rows.append([found.get(x.node) if self._sees(x) else None for x in leaves(sources)])
        columns = []
        for i, x in enumerate(leaves(sources)):
            parts = [row[i] for row in rows if row[i] is not None]
            full = np.reshape(np.stack(parts), target.shape + x.shape) if parts else None
            columns.append(None if full is None else as_tensor(full))
        return rebuild(sources, iter(columns))

    def reset(self) -> None:
        """Forget that gradients were asked."""
        self._used = False

    def _begin(self) -> bool:
        """Check that an answer is due; whether it is to be recorded by a scope around."""
        if self._used and not self.persistent:
            raise RuntimeError(
                "A GradientTape that is not persistent gives gradients once. "
                "Use GradientTape(persistent=True) to ask again."
            )
        self._used = True
        if not self.persistent:
            self.__exit__()
        return mode.get() == EVERYTHING

    def _sweep(
        self, roots: Any, sources: Any, recorded: bool, retain: bool = False
    ) -> dict[Node, Any]:
        for x in leaves(sources):
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"Gradients are taken for Tensors and Variables; got {type(x).__name__}."
                )
        nodes = [x.node for x in leaves(sources) if x.node is not None]
        retain = retain or self.persistent or self._shared
        return sweep(roots, nodes, recorded=recorded, retain=retain)

    def _sees(self, x: Tensor) -> bool:
        if self.watch_accessed_variables or type(x) is Tensor:
            return x.node is not None
        return id(x) in self._watched
