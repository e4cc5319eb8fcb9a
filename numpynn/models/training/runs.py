"""Many batches: fit, evaluate, predict, with callbacks around them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import numpy as np

from numpynn import config
from numpynn.autograd.tape import no_grad
from numpynn.callbacks import CallbackList, History
from numpynn.callbacks.base import plain_logs
from numpynn.models.compiled import CompileMetrics
from numpynn.models.data import Epochs, batches_of, class_weights_to_sample_weights, split_tail
from numpynn.models.data.conversion import as_batch, lengths_of
from numpynn.models.data.epochs import limited
from numpynn.models.training.interruption import interruption
from numpynn.models.training.older_names import OlderNames
from numpynn.models.training.steps import Logs, Stepping, joined
from numpynn.parallel import sharing
from numpynn.utils.packing import unpack_x_y_sample_weight


class Trainer(Stepping, OlderNames):
    """What a model has beside its layers: the loop that trains it.

    Whatever stops a run, the data, a callback, an error or Ctrl-C: the weights are those of the
    last step that was finished, `history` holds the epochs that were (of an earlier run, where this
    one has finished none), and a later `fit` goes on.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.history: History | None = None
        self.stop_evaluating = self.stop_predicting = False
        # Callbacks that resume a run that was killed set these in `on_train_begin`: the epoch to
        # begin with, and how many of its batches are done already.
        self._initial_epoch: int | None = None
        self._initial_batch: int | None = None
        self._validation: Epochs | None = None

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
        shuffle: bool | str = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History | None:
        """Train for `epochs` passes over the data, and return the history of the figures.

        x: arrays in any nesting, with `y` and `sample_weight`; or a PyDataset, a generator, a
        dataset, whose batches hold them. validation_split: the share of the samples, from the end,
        held out before shuffling. validation_data: (x, y), (x, y, sample_weight), or a source.
        shuffle: a new order for each epoch; "batch": only within each batch.
        class_weight: {class: weight}. sample_weight: one for each sample; the loss still divides by
        the number of samples. steps_per_epoch: so many batches make an epoch, and the next goes on
        where it ended. validation_freq: every so many epochs, or a list of epochs (counted from 1).
        Raises ValueError before compile(), and for data that do not fit.
        """
        self._require_compiled("fit")
        _check_frequency(validation_freq)
        epochs = _limited_epochs(epochs)
        if validation_split and validation_data is None:
            parts = (x, y, sample_weight)
            (x, y, sample_weight), validation_data = split_tail(parts, validation_split)
        data = self._epochs_of(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=steps_per_epoch,
            shuffle=shuffle,
            class_weight=class_weight,
        )
        held_out = _held_out(validation_data, validation_batch_size or batch_size, validation_steps)
        validation = None if held_out is None else self._epochs_of(**held_out)
        data.reset()
        earlier, logs = self.history, None
        hooks = self._hooks(callbacks, verbose, epochs, data, add_history=True)
        self.stop_training = False
        with self._in_run(data, validation, earlier):
            hooks.on_train_begin()
            for epoch in range(self._initial_epoch or initial_epoch, epochs):
                logs = self._train_epoch(epoch, data, hooks)
                if held_out is not None and _due(epoch, validation_freq):
                    measured = self.evaluate(
                        **held_out, callbacks=hooks, return_dict=True, _use_cached_eval_dataset=True
                    )
                    logs.update({f"val_{name}": value for name, value in measured.items()})
                hooks.on_epoch_end(epoch, logs)
                if self.stop_training:
                    break
            if self.optimizer is not None and epochs > 0:
                self.optimizer.finalize_variable_values(self._trained())
            hooks.on_train_end(logs)
        return self.history

    def _train_epoch(self, epoch: int, data: Epochs, hooks: CallbackList) -> Logs:
        self.reset_metrics()
        hooks.on_epoch_begin(epoch)
        self.make_train_function()
        self._skip_what_was_done(data)
        before = _heard(hooks, "on_train_batch_begin")
        after = _heard(hooks, "on_train_batch_end")
        logs: Logs = {}
        for first, last, batches in data:
            if before is not None:
                before(first)
            try:
                logs = self.train_function(batches)
            except StopIteration:
                data.ran_out()
                break
            if after is not None:
                after(last, logs)
            if self.stop_training:
                break
        return dict(self._results_or(logs))

    def _skip_what_was_done(self, data: Epochs) -> None:
        """Go past the batches that an earlier run has done, and make the metrics it had made."""
        if self._initial_batch:
            batch = data.skip(self._initial_batch)
            if batch is not None and self._fixed is None:
                with no_grad():
                    self.test_step(batch)
                self.reset_metrics()
        self._initial_batch = None

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
        **kwargs: Any,
    ) -> Any:
        """The loss, followed by the metrics in a list; or all by name.

        x: what `fit` takes. steps: measure so many batches only.
        Raises ValueError before compile(), and for data that do not fit.
        """
        self._require_compiled("evaluate")
        in_fit = kwargs.pop("_use_cached_eval_dataset", False) and self._validation is not None
        if kwargs:
            raise ValueError(f"evaluate() takes no arguments {', '.join(kwargs)}.")
        data = self._validation if in_fit else None
        if data is None:
            data = self._epochs_of(x, y, sample_weight, batch_size=batch_size, steps=steps)
        data.reset()
        hooks = self._hooks(callbacks, verbose, 1, data)
        self.make_test_function()
        self.stop_evaluating = False
        logs: Logs = {}
        with self._unchanging(), closing(data), no_grad():
            hooks.on_test_begin()
            self.reset_metrics()
            before = _heard(hooks, "on_test_batch_begin")
            after = _heard(hooks, "on_test_batch_end")
            for first, last, batches in data:
                if before is not None:
                    before(first)
                try:
                    logs = self.test_function(batches)
                except StopIteration:
                    data.ran_out()
                    break
                if after is not None:
                    after(last, logs)
                if self.stop_evaluating:
                    break
            logs = plain_logs(self._results_or(logs))
            hooks.on_test_end(logs)
        return logs if return_dict else self._listed(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """The outputs for all samples, as arrays.

        x: what `fit` takes. Raises ValueError for data that do not fit.
        """
        data = self._epochs_of(x, batch_size=batch_size, steps=steps)
        hooks = self._hooks(callbacks, verbose, 1, data)
        self.make_predict_function()
        self.stop_predicting = False
        outputs: list[Any] = []
        with self._unchanging(), closing(data), no_grad():
            hooks.on_predict_begin()
            for first, last, batches in data:
                hooks.on_predict_batch_begin(first)
                taken = [batch for _, batch in zip(range(data.grouped), batches, strict=False)]
                if not taken:
                    data.ran_out()
                    break
                outputs.append(self.predict_function(taken))
                hooks.on_predict_batch_end(last, {"outputs": outputs[-1]})
                if self.stop_predicting:
                    break
            hooks.on_predict_end()
        return joined(outputs)

    # -- one batch at a time --------------------------------------------------------------------

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
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("Give `sample_weight` or `class_weight`, not both.")
            sample_weight = class_weights_to_sample_weights(y, class_weight)
        batch = _single_batch(x, y, sample_weight)
        self.make_train_function()
        with self._unchanging():
            self.reset_metrics()
            logs = plain_logs(self.train_function(iter([batch])))
            return logs if return_dict else self._listed(logs)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Measure one batch; its loss and metrics."""
        self._require_compiled("test_on_batch")
        batch = _single_batch(x, y, sample_weight)
        self.make_test_function()
        with self._unchanging(), no_grad():
            self.reset_metrics()
            logs = plain_logs(self.test_function(iter([batch])))
            return logs if return_dict else self._listed(logs)

    def predict_on_batch(self, x: Any) -> Any:
        """The outputs of one batch, as arrays."""
        self.make_predict_function()
        with sharing(), no_grad():
            return self.predict_function([as_batch((x,))])

    # -- help -----------------------------------------------------------------------------------

    def _epochs_of(
        self, x: Any, y: Any = None, sample_weight: Any = None, *, steps: int | None, **options: Any
    ) -> Epochs:
        steps = limited(steps)
        dtype = np.result_type(config.floatx(), self.variable_dtype)
        source = batches_of(x, y, sample_weight, steps=steps, dtype=dtype, **options)
        return Epochs(source, steps, self.steps_per_execution)

    def _hooks(
        self, callbacks: Any, verbose: Any, epochs: int, data: Epochs, add_history: bool = False
    ) -> CallbackList:
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(
            callbacks,
            add_history=add_history,
            add_progbar=verbose != 0,
            model=self,
            verbose=verbose,
            epochs=epochs,
            steps=data.size,
        )

    @contextmanager
    def _in_run(
        self, data: Epochs, validation: Epochs | None, earlier: History | None
    ) -> Iterator[None]:
        """A run of `fit`; where it fails within its first epoch, the `earlier` history stays."""
        outer = self._validation, self._interruption
        self._validation = validation
        self._initial_epoch = self._initial_batch = None
        finished = False
        try:
            with self._unchanging(), closing(data), interruption() as self._interruption:
                yield
            finished = True
        finally:
            if not finished and earlier is not None and not (self.history and self.history.epoch):
                self.history = earlier
            self._validation, self._interruption = outer
            self._initial_epoch = self._initial_batch = None
            if validation is not None:
                validation.close()

    @contextmanager
    def _unchanging(self) -> Iterator[None]:
        """In this scope layers, weights and metrics are looked up once, and threads share work."""
        outer = self._running, self._fixed
        self._running = True
        if self._fixed is None:
            self._look_up()
        try:
            with sharing():
                yield
        finally:
            self._running, self._fixed = outer

    def _results_or(self, logs: Logs) -> Logs:
        """The results of the metrics, where these are what the step returned; else that."""
        results = self.get_metrics_result()
        return results if results.keys() == logs.keys() else logs

    def _listed(self, logs: Logs) -> Any:
        """The values in the order of the metrics, then those of other names; one alone as it is."""
        names: list[str] = []
        for metric in self._active_metrics():
            if isinstance(metric, CompileMetrics):
                names += [each.name for each in metric.metrics]
            else:
                names.append(metric.name)
        values = [logs[name] for name in names if name in logs]
        values += [logs[name] for name in sorted(logs) if name not in names]
        return values[0] if len(values) == 1 else values


def _heard(hooks: CallbackList, hook: str) -> Any:
    """The hook of all callbacks, or None where none does anything in it."""
    if type(hooks) is CallbackList and not hooks.listeners(hook):
        return None
    return getattr(hooks, hook)


def _single_batch(x: Any, y: Any, sample_weight: Any) -> Any:
    """(x, y, sample_weight), checked. Raises ValueError where the lengths differ."""
    batch = as_batch((x, y, sample_weight))
    lengths = lengths_of(batch)
    if len({length for part in lengths for length in part}) > 1:
        raise ValueError(f"x, y and sample_weight must have as many samples; got {lengths}.")
    return batch


def _held_out(
    validation_data: Any, batch_size: int | None, steps: int | None
) -> dict[str, Any] | None:
    """The arguments of the evaluations in `fit`. Raises ValueError for more than three parts."""
    if validation_data is None:
        return None
    if isinstance(validation_data, (tuple, list)) and not 1 <= len(validation_data) <= 3:
        raise ValueError(
            "`validation_data` must be (x, y), (x, y, sample_weight), or a source of batches; got "
            f"{len(validation_data)} parts."
        )
    x, y, sample_weight = unpack_x_y_sample_weight(validation_data)
    return {
        "x": x,
        "y": y,
        "sample_weight": sample_weight,
        "batch_size": batch_size,
        "steps": steps,
    }


def _limited_epochs(epochs: int) -> int:
    most = config.max_epochs()
    if not most or epochs <= most:
        return epochs
    warnings.warn(f"The training is limited to {most} epochs.", stacklevel=3)
    return most


def _check_frequency(frequency: Any) -> None:
    if not isinstance(frequency, (int, list, tuple)):
        raise ValueError(f"`validation_freq` must be a whole number or a list; got {frequency!r}.")


def _due(epoch: int, frequency: int | Sequence[int]) -> bool:
    return (epoch + 1) % frequency == 0 if isinstance(frequency, int) else epoch + 1 in frequency
