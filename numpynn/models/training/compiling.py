"""What a model is trained for: `compile`, and the metrics that follow from it."""

from __future__ import annotations

import warnings
from typing import Any

from numpynn import optimizers
from numpynn.layers.base import Layer
from numpynn.metrics import Mean, Metric
from numpynn.models.compiled import CompileLoss, CompileMetrics, figure
from numpynn.models.training.fixed import Fixed
from numpynn.variables import Variable


class Compiled(Layer):
    """The part of a model that knows its optimizer, losses and metrics."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.optimizer: Any = None
        self.loss: Any = None
        self.compiled = False
        self.run_eagerly = False
        self.jit_compile = False
        self.steps_per_execution = 1
        self.stop_training = False
        self._compile_loss: CompileLoss | None = None
        self._compile_metrics: CompileMetrics | None = None
        self._loss_tracker = Mean(name="loss")
        self._compile_arguments: CompileArguments | None = None
        self._fixed: Fixed | None = None

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Choose how to train.

        optimizer, loss, metrics: by name, or as objects; losses and metrics for several outputs in
        a list, or in a dict by the outputs' names, None for an output without.
        loss_weights: the share of each loss in the total. weighted_metrics: those that sample
        weights apply to. A loss, or metrics, that an earlier compile set stay where none are given.
        steps_per_execution: how many batches are taken between two calls of the batch hooks.
        run_eagerly and jit_compile are taken for Keras's sake, as NumPy always runs eagerly; so is
        auto_scale_loss, as there is no mixed precision that a loss would be scaled for.
        Raises ValueError for unknown names, and for metrics that are not in a list or dict.
        """
        optimizer = optimizers.get(optimizer)  # all is checked before anything changes
        names = getattr(self, "output_names", None)
        losses = None if loss is None else CompileLoss(loss, loss_weights, names)
        measured = None
        if metrics is not None or weighted_metrics is not None:
            measured = CompileMetrics(metrics, weighted_metrics, names)
        if jit_compile is True and run_eagerly:
            warnings.warn(
                "`jit_compile` and `run_eagerly` cannot both be True; nothing is compiled.",
                stacklevel=2,
            )
        self.optimizer = optimizer
        if losses is not None:
            self._compile_loss, self.loss = losses, loss
        self._compile_metrics = measured or self._compile_metrics
        self.run_eagerly = run_eagerly
        self.jit_compile = jit_compile is True and not run_eagerly
        self.steps_per_execution = steps_per_execution
        self.stop_training = False
        self._loss_tracker = Mean(name="loss")
        self._compile_arguments = CompileArguments(
            optimizer=optimizer,
            loss=loss,
            loss_weights=loss_weights,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            run_eagerly=run_eagerly,
            steps_per_execution=steps_per_execution,
            jit_compile=self.jit_compile,
        )
        self.compiled = True
        self._fixed = None
        self.train_function: Any = None
        self.test_function: Any = None
        self.predict_function: Any = None

    def get_compile_config(self) -> dict[str, Any]:
        """The arguments of `compile`, for a file; empty before it."""
        from numpynn.saving import serialize_keras_object

        if self._compile_arguments is None:
            return {}
        found: dict[str, Any] = serialize_keras_object(self._compile_arguments.by_name)
        return found

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as a file says, and make the optimizer's state.

        A model with a `compile` of its own must also override this; it is warned about, and left.
        """
        from numpynn.saving import deserialize_keras_object

        if type(self).compile is not Compiled.compile:
            warnings.warn(
                f"Model '{self.name}' has its own `compile()` and was not compiled when it was "
                "loaded: compile it, or override `get_compile_config` and `compile_from_config`.",
                stacklevel=2,
            )
            return
        self.compile(**deserialize_keras_object(config))
        if self.optimizer is not None and self.built:
            self.optimizer.build(self.trainable_variables)

    # -- metrics --------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Metric]:
        """The loss's running mean, the compiled metrics as one, the running means of the losses of
        several outputs, and what the model and its layers hold.

        Metrics of a layer in a layer are listed for both, as in Keras; those that a model inside
        was compiled with are not.
        """
        own = [self._loss_tracker, *filter(None, [self._compile_metrics])]
        found: list[Metric] = own if self.compiled else []
        if self._compile_loss is not None:
            found = found + self._compile_loss.metrics
        layers = self._flatten_layers()
        held = {id(layer): layer._held(Metric) for layer in layers}
        found = found + [m for m in held[id(self)] if not any(m is mine for mine in own)]
        if any(held[id(layer)] for layer in layers[1:]):
            for layer in layers[1:]:
                if not isinstance(layer, Compiled):
                    found += [m for inner in layer._flatten_layers() for m in held[id(inner)]]
        return found

    @property
    def metrics_names(self) -> list[str]:
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The state of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_metrics(self) -> None:
        """Start all running means anew."""
        if self._fixed is not None:
            self._fixed.reset_metrics()
            return
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """The running means now, by name."""
        if self._fixed is not None and self._fixed.figures is not None:
            return {name: value() for name, value in self._fixed.figures.items()}
        logs: dict[str, Any] = {}
        for metric in self._active_metrics():
            found = figure(metric)
            if isinstance(found, dict):
                logs.update(found)
            else:
                logs[metric.name] = found
        return logs

    def _active_metrics(self) -> list[Metric]:
        return self.metrics if self._fixed is None else self._fixed.metrics

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"Call `compile()` before `{method}()`.")


class CompileArguments:
    """What `compile` was called with, kept where nobody looks for layers and metrics."""

    def __init__(self, **by_name: Any) -> None:
        self.by_name = by_name
