"""Model: a Layer that can be trained, saved and summarised.

Model(inputs, outputs)          a functional model of the graph between them
class Mine(Model): …            layers in `__init__`, the formula in `call`
"""

from __future__ import annotations

import inspect
from typing import Any

from numpynn.layers.base import Layer
from numpynn.layers.core import InputLayer
from numpynn.models.training import Trainer


class Model(Trainer):
    """A Layer that can be trained. Given inputs and outputs it is Functional; or subclass it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is Model and _is_graph(args, kwargs):
            from numpynn.models.functional import Functional

            return super().__new__(Functional, *args, **kwargs)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if _is_graph(args, kwargs):
            from numpynn.models.functional import Functional

            if not isinstance(self, Functional):  # a subclass that builds its graph itself
                self.__class__ = _with_graph(type(self))
            Functional.__init__(self, *args, **kwargs)  # type: ignore[arg-type]
            return
        super().__init__(*args, **kwargs)

    @property
    def layers(self) -> list[Layer]:
        """The layers that the attributes hold, in order."""
        return [layer for layer in self._sublayers() if not isinstance(layer, InputLayer)]

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by its name or its number. Raises ValueError where there is none."""
        if (name is None) == (index is None):
            raise ValueError("get_layer() needs either `name` or `index`.")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"There is no layer {index}: the model has {len(layers)} layers.")
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in layers)
        raise ValueError(f"There is no layer named {name!r}. The layers are: {names}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: list[float] | None = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: tuple[str, str] | None = None,
    ) -> None:
        """Print the layers with their output shapes and numbers of parameters.

        print_fn: called with the text instead of printing it. expand_nested: show the layers of
        models inside. show_trainable: a column that says which layers train. layer_range: names of
        the first and the last layer shown.
        """
        from numpynn.models.summary import print_summary

        print_summary(
            self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range
        )

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """The model of a configuration: of a graph, or of the arguments of a class of one's own.

        custom_objects: {name: class or function} that the configuration names.
        """
        from numpynn.models.graph_config import read_graph
        from numpynn.saving.registration import CustomObjectScope, objects_in_scope

        graph = ("layers", "input_layers", "output_layers")
        with CustomObjectScope({**objects_in_scope(), **(custom_objects or {})}):
            if not (all(key in config for key in graph) and takes_graph(cls)):
                return cls(**config)
            inputs, outputs = read_graph(config)
            rest = {key: value for key, value in config.items() if key not in graph}
            return cls(inputs=inputs, outputs=outputs, **rest)

    # -- files ----------------------------------------------------------------------------------

    def save(
        self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
    ) -> None:
        """Everything in one `.keras` file: configuration, weights, optimizer state.

        Raises ValueError for another suffix, and FileExistsError where it may not overwrite.
        """
        from numpynn.saving.models import save_model

        save_model(self, filepath, overwrite, zipped, **kwargs)

    def save_weights(
        self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None
    ) -> None:
        """The weights, in a `.weights.h5` or `.npz` file; `max_shard_size` in gigabytes."""
        from numpynn.saving.models import save_weights

        save_weights(self, filepath, overwrite, max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """The weights of a `.weights.h5`, `.npz` or `.keras` file.

        Raises ValueError, changing nothing, where they do not fit; skip_mismatch: only warns, and
        leaves those layers as they are.
        """
        from numpynn.saving.models import load_weights

        load_weights(self, filepath, skip_mismatch, **kwargs)

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON; `model_from_json` makes an equal model of it."""
        from numpynn.saving.models import to_json

        return to_json(self, **kwargs)


def _is_graph(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether these arguments give inputs and outputs of a graph."""
    return (
        len(args) == 2
        or (len(args) == 1 and "outputs" in kwargs)
        or ("inputs" in kwargs and "outputs" in kwargs)
    )


def takes_graph(kind: type) -> bool:
    """Whether a class of models is made of inputs and outputs, or of whatever it is given."""
    if kind is Model:
        return True
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]  # type: ignore[misc]
    kinds = {p.kind for p in parameters}
    passes_on = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
    return [p.name for p in parameters[:2]] == ["inputs", "outputs"] or passes_on <= kinds


_graph_classes: dict[type, type[Model]] = {}


def _with_graph(kind: type[Model]) -> type[Model]:
    """A subclass of a Model that is Functional, too; always the same one."""
    from numpynn.models.functional import Functional

    if kind not in _graph_classes:
        body = {"__module__": kind.__module__, "__doc__": kind.__doc__, "_written_as": kind}
        _graph_classes[kind] = type(kind.__name__, (kind, Functional), body)
    return _graph_classes[kind]
