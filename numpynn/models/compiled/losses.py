"""The losses of all outputs as one.  L = Σ_o c_o · L_o(y_o, ŷ_o)"""

from __future__ import annotations

from typing import Any, NamedTuple

from numpynn.autograd.structure import leaves, map_structure
from numpynn.losses import Loss
from numpynn.metrics import Mean, Metric
from numpynn.models.compiled.identifiers import check_losses, resolved_loss
from numpynn.models.compiled.structures import (
    NESTED,
    at,
    is_nested,
    laid_over,
    outline,
    same_structure,
)


class OutputLoss(NamedTuple):
    """The loss of one output: where it is among the outputs, what it counts, what logs call it."""

    path: tuple[Any, ...]
    loss: Loss
    weight: float | None
    name: str


class CompileLoss:
    """The compiled losses: one for all outputs, or a nesting of them as the outputs are nested.

    loss: by name, as a function, as a Loss; None for an output without. loss_weights c: a number
    for each loss. output_names: of a functional model, for losses in a dict.
    Several losses have a running mean each, unweighted: `metrics`.
    Raises ValueError for loss weights that are none, or not as many as losses, and for targets that
    are not nested as the outputs are; KeyError for a loss whose output does not exist.
    """

    def __init__(
        self, loss: Any, loss_weights: Any = None, output_names: list[str] | None = None
    ) -> None:
        if loss_weights and not isinstance(loss_weights, (list, tuple, dict, float)):
            raise ValueError(
                "`loss_weights` must be a float, or a list or dict with one for each output; got "
                f"{loss_weights!r}."
            )
        check_losses(loss)
        self.loss = loss
        self.loss_weights = loss_weights
        self.output_names = output_names
        self.metrics: list[Metric] = []
        self.built = False
        self._losses: list[OutputLoss] = []

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The total for a batch; None where every loss is None."""
        if y_true is None:
            raise ValueError(
                f"Loss {self.loss!r} needs targets; `y` is missing in the call to fit, evaluate or "
                "the like."
            )
        if not isinstance(y_pred, NESTED) and not isinstance(y_true, NESTED):
            if not self.built:
                self.build(y_true, y_pred)
            _, loss, weight, _ = self._losses[0]  # as in Keras: of several for one output the first
            if sample_weight is not None:
                sample_weight = _weights_at((), sample_weight)
            value = loss(y_true, y_pred, sample_weight)
            return value if weight is None else value * weight
        y_true = self._fitted(y_true, y_pred)
        if not self.built:
            self.build(y_true, y_pred)
        y_pred = self._as_built(self._outputs, y_pred)
        y_true = self._as_built(self._targets, y_true)
        total = None
        for number, entry in enumerate(self._losses):
            tracker = self.metrics[number] if self.metrics else None
            value = self._value(entry, y_true, y_pred, sample_weight, tracker)
            total = value if total is None else total + value
        return total

    def _value(
        self, entry: OutputLoss, y_true: Any, y_pred: Any, sample_weight: Any, tracker: Any
    ) -> Any:
        path, loss, weight, _ = entry
        predicted = at(path, y_pred)
        value = loss(at(path, y_true), predicted, _weights_at(path, sample_weight))
        if tracker is not None:
            tracker.update_state(value, sample_weight=len(leaves(predicted)[0]))
        return value if weight is None else value * weight

    # -- built at the first batch ---------------------------------------------------------------

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Find out which loss is for which output."""
        loss, weights = self.loss, self.loss_weights
        if isinstance(loss, dict) and not isinstance(y_pred, dict):
            loss, weights = self._in_order(loss, weights)
        names: list[Any] = list(self.output_names or ())
        if len(names) != len(leaves(y_pred)):
            names = [None] * len(leaves(y_pred))
        entries = _weighted(loss, weights)
        if not is_nested(entries):
            entries = map_structure(lambda _: entries, y_pred)
        self._losses = []
        self._assign(entries, y_true, y_pred, laid_over(y_pred, names), ())
        if not self._losses and not is_nested(y_pred):
            raise ValueError(f"There is no loss to minimise: compile() got loss={self.loss!r}.")
        if len(self._losses) > 1:
            self.metrics = [Mean(name=f"{entry.name}_loss") for entry in self._losses]
        self._outputs, self._targets = outline(y_pred), outline(y_true)
        self.built = True

    def _in_order(self, loss: dict[str, Any], weights: Any) -> tuple[list[Any], Any]:
        """Losses by name as a list, for outputs in a list."""
        names = self.output_names
        if not names:
            raise ValueError(
                f"The losses for {list(loss)} need outputs with these names: let the model return "
                "a dict, or give the losses as a list."
            )
        if set(names) != set(loss):
            raise ValueError(
                f"A dict of losses must name the outputs {names}, all of them; got {list(loss)}."
            )
        if isinstance(weights, dict):
            weights = [weights[name] for name in names]
        return [loss[name] for name in names], weights

    def _assign(
        self, loss: Any, y_true: Any, y_pred: Any, names: Any, path: tuple[Any, ...]
    ) -> None:
        """Add the losses of one output, or of all those nested in it."""
        if isinstance(loss, (list, tuple)):
            flat = leaves(y_pred)
            if not any(map(is_nested, loss)) and len(loss) == len(flat):
                loss = laid_over(y_pred, loss)
            elif not isinstance(y_pred, type(loss)):
                for each in loss:  # several for the same output
                    self._assign(each, y_true, y_pred, names, path)
                return
        if loss is None:
            return
        if not is_nested(loss):
            found = resolved_loss(loss.identifier, y_true, y_pred)
            self._losses.append(OutputLoss(path, found, loss.weight, _name(found, names, path)))
            return
        if not isinstance(loss, type(y_pred)):
            raise KeyError(
                f"`loss` is nested as {outline(loss)} at {path}, where the model's output is not."
            )
        for key, each in loss.items() if isinstance(loss, dict) else enumerate(loss):
            if each is None:
                continue
            if not all(_has(key, structure, loss) for structure in (y_true, y_pred)):
                raise KeyError(
                    f"`loss` has an entry at {(*path, key)} that the model's outputs or the targets"
                    " do not have."
                )
            self._assign(each, y_true[key], y_pred[key], names[key], (*path, key))

    # -- targets as the outputs -----------------------------------------------------------------

    def _fitted(self, y_true: Any, y_pred: Any) -> Any:
        """The targets in the nesting of the outputs, or of the losses where these leave some out.

        Raises ValueError where they do not fit.
        """
        if same_structure(y_pred, y_true):
            return y_true
        outputs = leaves(y_pred)
        if not is_nested(y_true):
            y_true = [y_true]
        elif isinstance(y_true, dict) and isinstance(y_pred, (list, tuple)):
            names = self.output_names or []
            y_true = [y_true[name] for name in names] if set(names) == set(y_true) else y_true
        targets = leaves(y_true)
        if not isinstance(y_true, dict) and len(y_true) == len(outputs):
            return laid_over(y_pred, y_true)
        if same_structure(y_true, y_pred, lists_as_tuples=True):
            return laid_over(y_pred, targets)
        losses = leaves(self.loss)
        counted = [number for number, loss in enumerate(losses) if loss is not None]
        alike = isinstance(y_true, dict) == isinstance(self.loss, dict)
        if len(counted) == len(targets) and is_nested(self.loss) and alike:
            found: list[Any] = [None] * len(losses)
            for number, target in zip(counted, targets, strict=True):
                found[number] = target
            return laid_over(self.loss, found)
        raise ValueError(
            f"The targets are nested as {outline(y_true)}, but the model's outputs as "
            f"{outline(y_pred)}."
        )

    @staticmethod
    def _as_built(structure: Any, value: Any) -> Any:
        """`value` in the containers of the first batch."""
        if same_structure(structure, value):
            return value
        return laid_over(structure, leaves(value))


class _Weighted:
    """A loss with its weight: a leaf."""

    def __init__(self, identifier: Any, weight: float | None) -> None:
        self.identifier = identifier
        self.weight = weight


def _weighted(loss: Any, weights: Any) -> Any:
    """The nesting of losses, each with its weight; None for those that are None."""
    losses = leaves(loss)
    flat = [None] * len(losses) if weights is None else leaves(weights)
    if len(flat) != len(losses):
        raise ValueError(
            "`loss_weights` must have one weight for each loss; got "
            f"{len(losses)} losses and {len(flat)} weights."
        )
    pairs = zip(losses, flat, strict=True)
    return laid_over(loss, [None if x is None else _Weighted(x, weight) for x, weight in pairs])


def _name(loss: Loss, names: Any, path: tuple[Any, ...]) -> str:
    """What logs call the loss: the keys on the way to its output, and the output's name."""
    if not is_nested(names) and (not path or isinstance(path[-1], int)):
        path = (*path[:-1], names if names is not None else loss.name)
    return "/".join(map(str, path)) or "_".join(map(str, leaves(names)))


def _weights_at(path: tuple[Any, ...], sample_weight: Any) -> Any:
    """The weights of one output: its own, or those of all."""
    if sample_weight is None or not is_nested(sample_weight):
        return sample_weight
    found = at(path, sample_weight)
    return leaves(found)[0] if is_nested(found) and len(leaves(found)) == 1 else found


def _has(key: Any, structure: Any, loss: Any) -> bool:
    if isinstance(loss, dict):
        return isinstance(structure, dict) and key in structure
    return isinstance(structure, (list, tuple)) and key < len(structure)
