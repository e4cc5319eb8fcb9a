"""The training loop: compile, fit, evaluate, predict, and one step of each.

    for each epoch
        for each batch  x, y
            ŷ = model(x);  L = loss(y, ŷ) + penalties
            g = ∂L/∂w;     w follows g by the optimizer

What `fit` reports is the running mean over the epoch's batches, each measured before its update,
with dropout on; the validation figures are measured after the epoch, without.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from numpynn import losses, optimizers
from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tape import no_grad, recording, sweep
from numpynn.autograd.tensor import Tensor
from numpynn.callbacks import CallbackList, History
from numpynn.layers.base import Layer
from numpynn.losses import Loss
from numpynn.metrics import Mean, Metric
from numpynn.models.compiled import CompiledMetrics, as_number, resolve_loss
from numpynn.models.data import (
    ArrayBatches,
    arrays_of,
    class_weights_to_sample_weights,
    split_tail,
)
from numpynn.typing import Array
from numpynn.utils.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight


class _InUse:
    """What a run works on. No list of the model's own, where it would be taken for its parts."""

    def __init__(self, model: Trainer) -> None:
        self.layers = model._flatten_layers()
        self.trainable = model.trainable_variables
        self.penalised = [w for w in self.trainable if w.regularizer is not None]
        self.metrics = model.metrics


class Trainer(Layer):
    """What a model has beside its layers: the loop that trains it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.optimizer: Any = None
        self.history: Any = None  # a History
        self.stop_training = False
        self._in_use: _InUse | None = None
        self._initial_epoch: int | None = None  # where BackupAndRestore lets `fit` go on:
        self._initial_batch: int | None = None  # in this epoch, with this batch
        self.compiled = False
        self.loss: Any = None

    # -- configuration --------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Sequence[Any] | None = None,
        weighted_metrics: Sequence[Any] | None = None,
        run_eagerly: bool = False,
        jit_compile: Any = "auto",
    ) -> None:
        """Choose how to train.

        optimizer, loss, metrics: by name, or as objects. weighted_metrics: those that sample
        weights apply to. A loss, or metrics, that an earlier compile set stay where none are given.
        run_eagerly and jit_compile are taken for Keras's sake; NumPy always runs eagerly.
        Raises ValueError for unknown names, and for metrics that are not in a list.
        """
        if isinstance(loss, str) and loss.lower() not in ("crossentropy", "ce"):
            losses.get(loss)
        self.optimizer = optimizers.get(optimizer)
        if loss is not None:
            self.loss = loss
        self._loss_function: Loss | None = None
        self._loss_takes_training = "training" in inspect.signature(self.compute_loss).parameters
        if metrics is not None or weighted_metrics is not None or not self.compiled:
            self._compiled_metrics = CompiledMetrics(metrics, weighted_metrics)
        self._loss_tracker = Mean(name="loss")
        self.compiled = True

    @property
    def metrics(self) -> list[Metric]:
        """The loss's running mean, the compiled metrics as one, and those that layers hold."""
        own: list[Metric] = [self._loss_tracker, self._compiled_metrics] if self.compiled else []
        held = [
            metric
            for layer in self._flatten_layers()
            if layer is self or not isinstance(layer, Trainer)
            for metric in layer._held(Metric)
        ]
        return own + [metric for metric in held if not any(metric is mine for mine in own)]

    @property
    def metrics_names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    def reset_metrics(self) -> None:
        """Start all running means anew."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, float]:
        """The running means now, by name."""
        logs: dict[str, float] = {}
        for metric in self._active_metrics():
            if isinstance(metric, CompiledMetrics):
                logs.update(metric.result())
            else:
                logs[metric.name] = as_number(metric)
        return logs

    def _active_metrics(self) -> list[Metric]:
        return self.metrics if self._in_use is None else self._in_use.metrics

    # -- one step -------------------------------------------------------------------------------

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
        terms: list[Any] = []
        if self.loss is not None:
            if y is None:
                raise ValueError(
                    f"Loss {self.loss!r} needs targets; `y` is missing in the call to fit, "
                    "evaluate or the like."
                )
            if self._loss_function is None:
                self._loss_function = resolve_loss(self.loss, y, y_pred)
            terms.append(self._loss_function(y, y_pred, sample_weight))
        terms.extend(self._extra_losses())
        if not terms:
            raise ValueError(
                "There is no loss: pass `loss` to compile(), or call add_loss() in a layer."
            )
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    def _computed_loss(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
    ) -> Any:
        """`compute_loss`, whose override may lack `training`."""
        if self._loss_takes_training:
            return self.compute_loss(x, y, y_pred, sample_weight, training=training)
        return self.compute_loss(x, y, y_pred, sample_weight)

    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None
    ) -> dict[str, float]:
        """Add a batch to the metrics and return all results."""
        self._compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def train_step(self, data: Any) -> dict[str, float]:
        """One update. Override it for a step of your own; it returns the logs."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        self._clear_losses()
        with recording():
            y_pred = self(x, training=True)
            loss = self._computed_loss(x, y, y_pred, sample_weight, training=True)
        self._track(loss, x)
        trained = self._to_train()
        if trained:
            self.optimizer.apply(self._gradients(loss, trained), trained)
        else:
            warnings.warn(f"Model '{self.name}' has no trainable weights.", stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, float]:
        """Measure one batch."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        self._clear_losses()
        y_pred = self(x, training=False)
        self._track(self._computed_loss(x, y, y_pred, sample_weight, training=False), x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs of one batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def _gradients(self, loss: Tensor, weights: Sequence[Any]) -> list[Array | None]:
        if loss.node is None:
            raise ValueError(
                "The loss depends on no trainable weight: is it made of constants, or taken out of "
                "the recorded computation?"
            )
        found = sweep({loss.node: np.ones_like(loss.array)})
        return [found.get(weight.node) for weight in weights]

    def _track(self, loss: Any, x: Any) -> None:
        size = len(leaves(x)[0])
        self._loss_tracker.add(float(loss) * size, size)

    def _to_train(self) -> list[Any]:
        return self.trainable_variables if self._in_use is None else self._in_use.trainable

    def _extra_losses(self) -> list[Any]:
        if self._in_use is None:
            return self.losses
        terms = [term for layer in self._in_use.layers for term in layer._losses]
        return terms + [w.regularizer(w) for w in self._in_use.penalised]

    def _clear_losses(self) -> None:
        for layer in self._in_use.layers if self._in_use else self._flatten_layers():
            if layer._losses:
                layer._losses = []

    def _prepare(self) -> None:
        """Look once through the layers; a run does not change them."""
        self._in_use = _InUse(self)

    def _release(self) -> None:
        self._in_use = None

    # -- whole runs -----------------------------------------------------------------------------

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Train for `epochs` passes over the data, and return the history of the figures.

        validation_split: the share of the samples, from the end, held out before shuffling.
        class_weight: {class: weight}. sample_weight: one for each sample; the loss still divides by
        the number of samples. steps_per_epoch: so many batches make an epoch, and the next goes on
        where it ended. validation_freq: every so many epochs, or a list of epochs (counted from 1).
        Raises ValueError before compile(), and for data that do not fit.
        """
        self._require_compiled("fit")
        if validation_split and validation_data is None:
            parts = [
                arrays_of(x, "x"),
                arrays_of(y, "y"),
                arrays_of(sample_weight, "sample_weight"),
            ]
            (x, y, sample_weight), held_out = split_tail(parts, validation_split)
            validation_data = tuple(held_out)
        sample_weight = _weights_of(y, sample_weight, class_weight)
        batches = ArrayBatches(
            x, y, sample_weight, batch_size, shuffle, self._dtype, steps_per_epoch
        )
        validation = self._validation(
            validation_data, validation_batch_size or batch_size, validation_steps
        )
        hooks = CallbackList(
            callbacks,
            add_history=True,
            add_progbar=verbose != 0,
            model=self,
            verbose=verbose,
            epochs=epochs,
            steps=len(batches),
        )
        self.stop_training = False
        try:
            self._ensure_built(batches)
            self._prepare()
            hooks.on_train_begin({})
            logs: dict[str, float] = {}
            for epoch in range(self._initial_epoch or initial_epoch, epochs):
                logs = self._train_epoch(epoch, batches, hooks)
                if validation is not None and _due(epoch, validation_freq):
                    measured = self._run_evaluation(validation, hooks)
                    logs = {**logs, **{f"val_{name}": value for name, value in measured.items()}}
                logs = _ordered(logs)
                hooks.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            if epochs > 0 and isinstance(self.optimizer, optimizers.Optimizer):
                self.optimizer.finalize_variable_values(self.trainable_weights)
            hooks.on_train_end(logs)
        finally:
            self._release()
        history: History = self.history
        return history

    def _train_epoch(
        self, epoch: int, batches: ArrayBatches, hooks: CallbackList
    ) -> dict[str, float]:
        for metric in self._active_metrics():
            metric.reset_state()
        hooks.on_epoch_begin(epoch, {})
        before, after = (
            hooks.listeners("on_train_batch_begin"),
            hooks.listeners("on_train_batch_end"),
        )
        logs: dict[str, float] = {}
        done, self._initial_batch = self._initial_batch or 0, None
        for step, batch in enumerate(batches.epoch()):
            if step < done:  # by a process that was killed
                self._make_metrics(batch)
                continue
            for hook in before:
                hook(step, {})
            logs = self.train_step(batch)
            for hook in after:
                hook(step, _ordered(logs))
            if self.stop_training:
                break
        return logs

    def _make_metrics(self, batch: Any) -> None:
        """Let the compiled metrics see their first batch, which tells them what they are."""
        if not self._compiled_metrics.metrics:
            x, y, sample_weight = unpack_x_y_sample_weight(batch)
            with no_grad():
                self.compute_metrics(x, y, self(x, training=False), sample_weight)
            self.reset_metrics()

    def _validation(
        self, data: Any, batch_size: int | None, steps: int | None
    ) -> ArrayBatches | None:
        if data is None:
            return None
        if not isinstance(data, (tuple, list)) or not 1 <= len(data) <= 3:
            raise ValueError(
                "`validation_data` must be (x, y) or (x, y, sample_weight); got "
                f"{type(data).__name__} of {len(data) if hasattr(data, '__len__') else '?'}."
            )
        return ArrayBatches(
            *unpack_x_y_sample_weight(data), batch_size, dtype=self._dtype, steps=steps
        )

    def _run_evaluation(self, batches: ArrayBatches, hooks: CallbackList) -> dict[str, float]:
        for metric in self._active_metrics():
            metric.reset_state()
        batches.rewind()
        hooks.on_test_begin({})
        before, after = hooks.listeners("on_test_batch_begin"), hooks.listeners("on_test_batch_end")
        logs: dict[str, float] = {}
        with no_grad():
            for step, batch in enumerate(batches.epoch()):
                for hook in before:
                    hook(step, {})
                logs = self.test_step(batch)
                for hook in after:
                    hook(step, _ordered(logs))
        logs = _ordered(logs)
        hooks.on_test_end(logs)
        return logs

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """The loss, followed by the metrics in a list; or all by name.

        steps: measure so many batches only. Raises ValueError before compile(), and for data that
        do not fit.
        """
        self._require_compiled("evaluate")
        batches = ArrayBatches(x, y, sample_weight, batch_size, dtype=self._dtype, steps=steps)
        hooks = CallbackList(callbacks, model=self, verbose=verbose, epochs=1, steps=len(batches))
        self._ensure_built(batches)
        logs = self._run_evaluation(batches, hooks)
        if verbose and verbose != "auto":
            print(" - ".join(f"{name}: {value:.4g}" for name, value in logs.items()), flush=True)
        return logs if return_dict else self._listed(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for all samples, as arrays. Raises ValueError for data that do not fit."""
        batches = ArrayBatches(x, batch_size=batch_size, dtype=self._dtype, steps=steps)
        hooks = CallbackList(callbacks, model=self, verbose=verbose, epochs=1, steps=len(batches))
        hooks.on_predict_begin({})
        outputs: list[Any] = []
        with no_grad():
            for step, batch in enumerate(batches.epoch()):
                hooks.on_predict_batch_begin(step, {})
                outputs.append(map_structure(_plain, self.predict_step(batch)))
                hooks.on_predict_batch_end(step, {"outputs": outputs[-1]})
        hooks.on_predict_end({})
        flat = [leaves(output) for output in outputs]
        joined = iter([np.concatenate(parts) for parts in zip(*flat, strict=True)])
        return map_structure(lambda _: next(joined), outputs[0])

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One update on one batch; its loss and metrics, as `evaluate` gives them."""
        self._require_compiled("train_on_batch")
        sample_weight = _weights_of(y, sample_weight, class_weight)
        self.reset_metrics()
        batch = self._single_batch(x, y, sample_weight)
        logs = _ordered(self.train_step(batch))
        return logs if return_dict else self._listed(logs)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Measure one batch; its loss and metrics."""
        self._require_compiled("test_on_batch")
        self.reset_metrics()
        batch = self._single_batch(x, y, sample_weight)
        with no_grad():
            logs = _ordered(self.test_step(batch))
        return logs if return_dict else self._listed(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs of one batch, as arrays."""
        with no_grad():
            return map_structure(_plain, self.predict_step(self._single_batch(x, None, None)))

    # -- help -----------------------------------------------------------------------------------

    def _single_batch(self, x: Any, y: Any, sample_weight: Any) -> Any:
        return pack_x_y_sample_weight(*ArrayBatches(x, y, sample_weight, dtype=self._dtype).data)

    def _listed(self, logs: dict[str, float]) -> Any:
        """The values in the order of the metrics, then those of other names; one alone as it is."""
        found = {name: logs[name] for name in self.get_metrics_result() if name in logs}
        values = [*found.values(), *(logs[name] for name in logs if name not in found)]
        return values[0] if len(values) == 1 else values

    def _ensure_built(self, batches: ArrayBatches) -> None:
        """Build the weights before the first step, from one sample."""
        if not all(layer.built for layer in self._flatten_layers()):
            sample = map_structure(lambda a: a[:1], batches.data[0])
            with no_grad():
                self(sample, training=False)
            self._clear_losses()

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"Call `compile()` before `{method}()`.")


def _ordered(logs: dict[str, Any]) -> dict[str, Any]:
    """The logs by name in alphabetical order, as Keras reports them; numbers as Python's own."""
    found: dict[str, Any] = {}
    for name in sorted(logs):
        value = logs[name]
        if isinstance(value, dict):
            found.update(_ordered(value))
        else:
            found[name] = value if type(value) is float else _number(value)
    return found


def _number(value: Any) -> Any:
    return float(value) if np.size(value) == 1 else _plain(value)


def _weights_of(y: Any, sample_weight: Any, class_weight: dict[int, float] | None) -> Any:
    """The weights of samples, perhaps by their classes. Raises ValueError for both at once."""
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise ValueError("Give `sample_weight` or `class_weight`, not both.")
    return class_weights_to_sample_weights(arrays_of(y, "y"), class_weight)


def _plain(value: Any) -> Any:
    return value.array if isinstance(value, Tensor) else value


def _due(epoch: int, frequency: int | Sequence[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    if isinstance(frequency, (list, tuple)):
        return epoch + 1 in frequency
    raise ValueError(f"`validation_freq` must be a whole number or a list; got {frequency!r}.")
