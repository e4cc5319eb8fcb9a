"""Weights across, from a Keras model to a `numpynn` one or the other way.

Both have `layers`, and each layer `weights` with a path, a shape and `numpy()`. That is all the
bridge asks: it matches the owners of weights in order (layers, or models with weights of their own)
and the weights of each by name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from numpynn.typing import Array


def copy_weights(source: Array, target: Array) -> None:
    """Give `target` the weights of `source`, which has the same structure.

    Nested models are followed. Nothing is copied unless everything fits; otherwise ValueError says
    which layer differs, what was expected and what came.
    """
    pairs = []
    sources, targets = list(_owners(source)), list(_owners(target))
    if len(sources) != len(targets):
        raise ValueError(
            f"The models differ: expected {len(targets)} layers with weights "
            f"({_listed(targets)}), got {len(sources)} ({_listed(sources)})."
        )
    for given, wanted in zip(sources, targets, strict=True):
        if given.names != wanted.names:
            raise ValueError(
                f"Layer '{wanted.name}' differs: expected weights {wanted.names} of "
                f"{wanted.kind}, got {given.names} of {given.kind} '{given.name}'."
            )
        for name, old, new in zip(wanted.names, wanted.weights, given.weights, strict=True):
            if tuple(old.shape) != tuple(new.shape):
                raise ValueError(
                    f"Weight '{name}' of layer '{wanted.name}' differs: expected shape "
                    f"{tuple(old.shape)}, got {tuple(new.shape)}."
                )
            pairs.append((old, new))
    for old, new in pairs:
        old.assign(new.numpy())


class _Owner(NamedTuple):
    """A layer with weights, in the order of their names; equal names keep the layer's own order."""

    name: str
    kind: str
    names: list[str]
    weights: list[Array]


def _owners(model: Array, seen: set[int] | None = None) -> Iterator[_Owner]:
    """Everything that owns weights, inner layers before the model around them, shared ones once."""
    seen = set() if seen is None else seen
    for layer in getattr(model, "layers", []):
        yield from _owners(layer, seen)
    own = [weight for weight in model.weights if id(weight) not in seen]
    if own:
        seen.update(map(id, own))
        named = sorted(((_name_within(model, w), w) for w in own), key=itemgetter(0))
        yield _Owner(model.name, type(model).__name__, *map(list, zip(*named, strict=True)))


def _name_within(layer: Array, weight: Array) -> str:
    """The path of a weight below its layer, without the numbers that tell layers of one kind apart.

    `model/bidirectional_2/forward_lstm_2/kernel` is `forward_lstm/kernel` within `bidirectional_2`.
    """
    parts = weight.path.split("/")
    if layer.name in parts:
        parts = parts[len(parts) - parts[::-1].index(layer.name) :]
    return "/".join(re.sub(r"_\d+$", "", part) for part in parts)


def _listed(owners: list[_Owner]) -> str:
    return ", ".join(f"{owner.name}: {owner.kind}" for owner in owners) or "none"
