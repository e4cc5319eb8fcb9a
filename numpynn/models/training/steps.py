"""One batch: forward, loss, backward, update, metrics."""

from __future__ import annotations

import inspect
import itertools
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from numpynn.autograd.structure import leaves, map_structure, rebuild
from numpynn.autograd.tape import recording, sweep
from numpynn.autograd.tensor import Tensor
from numpynn.models.training.compiling import Compiled
from numpynn.models.training.fixed import Fixed
from numpynn.models.training.interruption import Interruption
from numpynn.typing import Array
from numpynn.utils.packing import unpack_x_y_sample_weight

Logs = dict[str, Any]


class Stepping(Compiled):
    """The part of a model that trains, measures and predicts one batch."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.train_function = self.test_function = self.predict_function = None
        self._interruption = Interruption()
        self._running = False  # within fit or evaluate
        self._loss_takes_training = "training" in inspect.signature(self.compute_loss).parameters

    def train_step(self, data: Any) -> Logs:
        """One update. Override it for a step of your own; it returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with recording():
            y_pred = self(x, training=True)
            loss = self._computed_loss(x, y, y_pred, sample_weight, training=True)
            scaled = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
        self._track(loss, x)
        weights = self._trained()
        if weights:
            if self.optimizer is None:
                raise ValueError("There is no optimizer: pass one to compile().")
            self.optimizer.apply(_gradients(scaled, weights), weights)
        else:
            warnings.warn(f"Model '{self.name}' has no trainable weights.", stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> Logs:
        """Measure one batch."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        self._track(self._computed_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs of one batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """The compiled loss plus everything the layers add. Override for a loss of your own.

        Raises ValueError where there is nothing to minimise.
        """
        compiled = self._compile_loss
        total = None if compiled is None else compiled(y, y_pred, sample_weight)
        for term in self.losses if self._fixed is None else self._fixed.losses():
            total = term if total is None else total + term
        if total is None:
            raise ValueError(
                "There is no loss: pass `loss` to compile(), or call add_loss() in a layer."
            )
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Logs:
        """Add a batch to the compiled metrics and return all results."""
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _computed_loss(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Any:
        """`compute_loss`, whose override may lack `training`."""
        if self._loss_takes_training:
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    def _trained(self) -> Sequence[Any]:
        """The weights that training changes."""
        return self.trainable_variables if self._fixed is None else self._fixed.trainable

    def _look_up(self) -> None:
        """Look once for what does not change during a run, unless the first step is to make it."""
        found = Fixed(self)
        self._fixed = found if found.complete else None

    def _track(self, loss: Any, x: Any) -> None:
        """Add the loss of a batch to its running mean over the samples."""
        size = len(x if hasattr(x, "shape") else next(a for a in leaves(x) if a is not None))
        value = loss.array if isinstance(loss, Tensor) else np.asarray(loss)
        mean = value.item() if value.ndim == 0 else float(value.mean())
        self._loss_tracker.add(mean * size, size)

    # -- as many steps as are taken at a time ---------------------------------------------------

    def make_train_function(self, force: bool = False) -> None:
        """Set `train_function`, which takes batches from an iterator and returns the logs.

        It is made once, and anew with `force`. Override it, or the functions for tests and
        predictions, for steps that look beyond one batch.
        """
        if self.train_function is None or force:
            self.train_function = self._train_next

    def make_test_function(self, force: bool = False) -> None:
        """Set `test_function`."""
        if self.test_function is None or force:
            self.test_function = self._test_next

    def make_predict_function(self, force: bool = False) -> None:
        """Set `predict_function`, which takes a list of batches and returns the outputs of all."""
        if self.predict_function is None or force:
            self.predict_function = self._predict_all

    def _train_next(self, batches: Iterator[Any]) -> Logs:
        return self._over_next(batches, self.train_step)

    def _test_next(self, batches: Iterator[Any]) -> Logs:
        return self._over_next(batches, self.test_step)

    def _over_next(self, batches: Iterator[Any], step: Any) -> Logs:
        """The logs of the last of the next steps. Raises StopIteration where there is no batch."""
        batch = next(batches)
        logs = self._undisturbed(step, batch)
        if self._fixed is None and self._running:
            self._fixed = Fixed(self)
        if self.steps_per_execution > 1:
            for batch in itertools.islice(batches, self.steps_per_execution - 1):
                logs = self._undisturbed(step, batch)
        return logs

    def _undisturbed(self, step: Any, batch: Any) -> Logs:
        """A step; Ctrl-C waits for its end."""
        interruption = self._interruption
        interruption.in_step = True
        try:
            logs: Logs = step(batch)
        finally:
            interruption.in_step = False
        if interruption.pressed:
            raise KeyboardInterrupt
        return logs

    def _predict_all(self, batches: Sequence[Any]) -> Any:
        """The outputs of the batches, joined, as arrays."""
        return joined([map_structure(_plain, self.predict_step(batch)) for batch in batches])


def joined(outputs: Sequence[Any]) -> Any:
    """The outputs of several batches as those of one, which are nested alike.

    Raises ValueError without any, and where the shapes differ in more than the number of samples.
    """
    if not outputs:
        raise ValueError("There is no batch to predict.")
    if len(outputs) == 1:
        return outputs[0]
    parts = list(zip(*map(leaves, outputs), strict=True))
    for arrays in parts:
        if len({np.shape(array)[1:] for array in arrays}) > 1:
            raise ValueError(
                "The outputs of the batches cannot be joined; they have shapes "
                f"{sorted({np.shape(array) for array in arrays})}."
            )
    found = [np.concatenate(p) if np.ndim(p[0]) else np.stack(p) for p in parts]
    return rebuild(outputs[0], iter(found))


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def _gradients(loss: Any, weights: Sequence[Any]) -> list[Array | None]:
    """∂L/∂w for every weight; of the sum, where the loss has several values."""
    if not isinstance(loss, Tensor) or loss.node is None:
        raise ValueError(
            "The loss depends on no trainable weight: is it made of constants, or taken out of the "
            "recorded computation?"
        )
    found = sweep({loss.node: np.ones_like(loss.array)})
    return [found.get(weight.node) for weight in weights]
