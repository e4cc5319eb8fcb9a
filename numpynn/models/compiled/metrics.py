"""The metrics of all outputs as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numpynn.autograd.structure import leaves, map_structure
from numpynn.autograd.tensor import Tensor
from numpynn.metrics import Mean, Metric
from numpynn.models.compiled.identifiers import check_metrics, resolved_metric
from numpynn.models.compiled.structures import NESTED, is_nested, laid_over, outline


class MetricsOfOutput:
    """The metrics of one output, and the name that goes before theirs."""

    def __init__(self, metrics: list[Metric], output_name: str | None) -> None:
        self.metrics = metrics
        self.output_name = output_name

    def prefixed(self, name: str) -> str:
        return f"{self.output_name}_{name}" if self.output_name else name


class CompileMetrics(Metric):
    """The compiled metrics, made at the first batch. The result holds each by name.

    given, weighted: for one output a list; for several a list or dict with an entry for each, or a
    nesting as the outputs are nested. Sample weights apply to those in `weighted`.
    Raises ValueError for what is no list or dict, for unknown names, and where the nesting is not
    that of the outputs.
    """

    def __init__(self, given: Any, weighted: Any, output_names: list[str] | None = None) -> None:
        super().__init__(name="compile_metrics")
        for argument, found in (("metrics", given), ("weighted_metrics", weighted)):
            if found and not is_nested(found):
                raise ValueError(f"`{argument}` must be a list, tuple or dict; got {found!r}.")
            check_metrics(found)
        self._given = given
        self._given_weighted = weighted
        self.output_names = output_names
        self.built = False
        self._plain: list[MetricsOfOutput | None] = []
        self._weighted: list[MetricsOfOutput | None] = []
        self._named: dict[str, Metric] = {}
        self._order: list[str] | None = None
        self._alone: list[Metric] | None = None  # where there is one output, and no weighted metric

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, in the order they were given; none before the first batch."""
        groups = filter(None, self._plain + self._weighted)
        return [metric for group in groups for metric in group.metrics]

    @property
    def variables(self) -> list[Any]:
        return [variable for metric in self.metrics for variable in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch to every metric. Raises ValueError without targets."""
        if not self.built:
            self.build(y_true, y_pred)
        if self._alone is not None and not isinstance(y_true, NESTED):
            for metric in self._alone:
                metric.update_state(y_true, y_pred)
            return
        true, pred = self._flat(y_true), self._flat(y_pred)
        for group, t, p in zip(self._plain, true, pred, strict=False):
            if group is not None:
                for metric in group.metrics:
                    metric.update_state(t, p)
        weights = [None] * len(true) if sample_weight is None else self._flat(sample_weight)
        if len(weights) < len(true):
            weights = [weights[0]] * len(true)
        for group, t, p, w in zip(self._weighted, true, pred, weights, strict=False):
            if group is not None:
                for metric in group.metrics:
                    metric.update_state(t, p, sample_weight=w)

    def result(self) -> dict[str, Any]:
        """Each metric's result. One name for several: `mae`, `mae_1`, …, `weighted_mae`."""
        return {name: figure(metric) for name, metric in self._named.items()}

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    # -- built at the first batch ---------------------------------------------------------------

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metrics, now that the shapes are known."""
        if y_true is None and (self._given or self._given_weighted):
            raise ValueError("The compiled metrics need targets; `y` is missing.")
        outputs = leaves(y_pred)
        shallow = is_nested(y_pred) and len(y_pred) == len(outputs)
        names: list[Any] | None = self.output_names
        if shallow and isinstance(y_pred, dict) and set(names or ()) != set(y_pred):
            names = sorted(y_pred)
        self._order = names if shallow and len(outputs) > 1 else None
        names = names or [None] * len(outputs)
        arguments = y_true, y_pred, names, shallow
        self._plain = self._made("metrics", self._given, *arguments)
        self._weighted = self._made("weighted_metrics", self._given_weighted, *arguments)
        self._named = _by_name(self._plain, self._weighted)
        if not is_nested(y_pred) and not self._given_weighted:
            self._alone = self.metrics
        self.built = True

    def _made(
        self, argument: str, given: Any, y_true: Any, y_pred: Any, names: list[Any], shallow: bool
    ) -> list[MetricsOfOutput | None]:
        """The metrics of each output. shallow: the outputs are in one list or dict."""
        if not given:
            return [None for _ in names]
        if len(names) == 1:
            return [_group(leaves(given), leaves(y_true)[0], leaves(y_pred)[0], None)]
        try:
            entries = _for_each(given, names) if shallow else None
            if entries is None:
                return _groups_up_to(y_pred, given, y_true, laid_over(y_pred, names))
            parts = zip(entries, self._flat(y_true), self._flat(y_pred), names, strict=False)
            return [_group(*part) for part in parts]
        except ValueError as error:
            raise ValueError(
                f"{error} `{argument}` must be a list or dict for the outputs "
                f"{self.output_names or outline(y_pred)}, or be nested as they are; got {given!r}."
            ) from error

    def _flat(self, y: Any) -> list[Any]:
        """The leaves, dicts in the order of the outputs."""
        if isinstance(y, dict) and self._order is not None:
            missing = [name for name in self._order if name not in y]
            if missing:
                raise KeyError(f"The compiled metrics need '{missing[0]}', not among {list(y)}.")
            return [y[name] for name in self._order]
        return leaves(y)


def figure(metric: Metric) -> Any:
    """What a metric has found: a Python number, or an array of several, or several by name."""
    if _is_plain_mean(metric):
        return metric.value()  # type: ignore[attr-defined]
    found = metric.result()
    if isinstance(metric, CompileMetrics):
        return found  # figures already
    return map_structure(_number, found) if isinstance(found, dict) else _number(found)


def figures_of(metrics: Sequence[Metric]) -> dict[str, Callable[[], float]] | None:
    """A function for each figure that logs have, where all are plain means: a quicker way."""
    found: dict[str, Any] = {}
    for metric in metrics:
        named = metric._named if isinstance(metric, CompileMetrics) else {metric.name: metric}
        found.update(named)
    if not all(map(_is_plain_mean, found.values())):
        return None
    return {name: metric.value for name, metric in found.items()}


def _is_plain_mean(metric: Metric) -> bool:
    return isinstance(metric, Mean) and type(metric).result is Mean.result  # none of one's own


def _number(value: Any) -> Any:
    value = value.array if isinstance(value, Tensor) else value
    return float(np.asarray(value).reshape(())) if np.size(value) == 1 else value


def _for_each(given: Any, names: Sequence[Any]) -> list[Any] | None:
    """The entry for each output, where the metrics are a list or dict with one for each."""
    if isinstance(given, (list, tuple)) and len(given) == len(names):
        return list(given)
    if isinstance(given, dict) and len(given) <= len(names) and set(given) <= set(names):
        return [given.get(name) for name in names]
    return None


def _groups_up_to(y_pred: Any, given: Any, y_true: Any, names: Any) -> list[MetricsOfOutput | None]:
    """The metrics of nested outputs: nested alike, with one or several at each output."""
    if not is_nested(y_pred):
        return [_group(given, y_true, y_pred, names)]
    for structure in (given, y_true):
        if isinstance(y_pred, dict):
            fits = isinstance(structure, dict) and structure.keys() == y_pred.keys()
        else:
            fits = isinstance(structure, (list, tuple)) and len(structure) == len(y_pred)
        if not fits:
            raise ValueError(f"{outline(structure)} is not nested as {outline(y_pred)}.")
    keys = sorted(y_pred) if isinstance(y_pred, dict) else range(len(y_pred))
    return [
        group
        for key in keys
        for group in _groups_up_to(y_pred[key], given[key], y_true[key], names[key])
    ]


def _group(given: Any, y_true: Any, y_pred: Any, name: str | None) -> MetricsOfOutput | None:
    if given is None:
        return None
    identifiers = given if isinstance(given, (list, tuple)) else [given]
    return MetricsOfOutput([resolved_metric(m, y_true, y_pred) for m in identifiers], name)


def _by_name(
    plain: Sequence[MetricsOfOutput | None], weighted: Sequence[MetricsOfOutput | None]
) -> dict[str, Metric]:
    """The metrics by the names that logs have, numbered where several have one."""
    counts: dict[str, int] = {}
    found: dict[str, Metric] = {}

    def numbered(name: str) -> str:
        counts[name] = counts.get(name, 0) + 1
        return name if counts[name] == 1 else f"{name}_{counts[name] - 1}"

    for group in filter(None, plain):
        for metric in group.metrics:
            found[numbered(group.prefixed(metric.name))] = metric
    for group in filter(None, weighted):
        for metric in group.metrics:
            name = group.prefixed(metric.name)
            if name in counts:
                name = group.prefixed(f"weighted_{metric.name}")
            found[numbered(name)] = metric
    return found
