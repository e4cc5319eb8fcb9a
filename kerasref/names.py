"""Every public name of Keras 3.15, and whether numpynn has it: `python -m kerasref.names`.

Prints the page `docs/names.md`. A name that both have must take all of Keras's arguments, with
Keras's defaults; `differences` lists what is missing, and a test holds that to be nothing.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras

NAMESPACES = (
    "layers",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "activations",
    "initializers",
    "regularizers",
    "constraints",
    "callbacks",
    "ops",
    "ops.image",
    "models",
    "saving",
    "utils",
    "random",
    "config",
)

# What comes with a later part of the catalogue, by the part.
LATER = {
    "text": """
        layers: TextVectorization
        utils: FeatureSpace text_dataset_from_directory
    """,
    "attention": """
        layers: AdditiveAttention Attention EinsumDense GroupQueryAttention MultiHeadAttention
        ops: dot_product_attention rearrange
    """,
    "generative models": """
        layers: MelSpectrogram STFTSpectrogram
        losses: CTC ctc
        ops: ctc_decode ctc_loss fft fft2 ifft2 irfft istft polar rfft stft
    """,
}

# What will not come, by the reason.
NEVER = {
    "runs another library's graphs or modules": """
        layers: FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper
        config: is_nnx_enabled
    """,
    "chooses among fused GPU kernels, of which NumPy has none": """
        config: disable_flash_attention enable_flash_attention is_flash_attention_enabled
    """,
    "there is one back-end": """
        config: set_backend
    """,
    "saves through Orbax, a JAX library": """
        callbacks: OrbaxCheckpoint
    """,
    "photographic augmentation, beyond what the course uses": """
        layers: AugMix AutoContrast ContrastLimitedAdaptiveHistogramEqualization CutMix
        Equalization MaxNumBoundingBoxes MixUp Pipeline RandAugment RandomColorDegeneration
        RandomColorJitter RandomElasticTransform RandomGaussianBlur RandomPerspective
        utils: bounding_boxes
    """,
    "well-kept libraries do it (Pillow, pathlib, urllib, zipfile)": """
        utils: array_to_img audio_dataset_from_directory get_file image_dataset_from_directory
        img_to_array load_img save_img
    """,
    "gives a dataset of TensorFlow; arrays are sliced": """
        utils: split_dataset
    """,
    "a dict of settings; `types.SimpleNamespace` is one": """
        utils: Config
    """,
    "Python's tracebacks are shown whole": """
        config: disable_traceback_filtering enable_traceback_filtering
        is_traceback_filtering_enabled
    """,
    "for files and programs of older versions of Keras": """
        utils: legacy
    """,
    "edits files by hand; h5py does": """
        saving: KerasFileEditor
    """,
}


class Name(NamedTuple):
    """A public name of Keras: `state` is "have", "later" or "never"; `note` says when, or why."""

    space: str
    name: str
    state: str
    note: str


def _listed(table: dict[str, str]) -> dict[tuple[str, str], str]:
    """{(namespace, name): note} of one of the tables above."""
    found = {}
    for note, text in table.items():
        space = ""
        for word in text.split():
            if word.endswith(":"):
                space = word[:-1]
            else:
                found[space, word] = note
    return found


def names() -> Iterator[Name]:
    """Every public name. Raises LookupError for one that is neither there nor explained."""
    later, never = _listed(LATER), _listed(NEVER)
    for space in NAMESPACES:
        theirs, ours = _module("keras", space), _module("numpynn", space)
        for name in sorted(n for n in dir(theirs) if not n.startswith("_")):
            if inspect.ismodule(getattr(theirs, name)) and f"{space}.{name}" in NAMESPACES:
                continue
            if getattr(ours, name, None) is not None:
                yield Name(space, name, "have", "")
            elif (space, name) in later:
                yield Name(space, name, "later", later[space, name])
            elif (space, name) in never:
                yield Name(space, name, "never", never[space, name])
            else:
                raise LookupError(f"keras.{space}.{name} is neither there nor explained.")


def _module(library: str, space: str) -> Any:
    found: Any = importlib.import_module(library)
    if library == "numpynn":
        return importlib.import_module(f"numpynn.{space}")
    for part in space.split("."):
        found = getattr(found, part)
    return found


def differences() -> Iterator[str]:
    """What a name that both have lacks: an argument of Keras's, or its default."""
    for space, name, state, _ in names():
        if state != "have":
            continue
        wanted = _parameters(getattr(_module("keras", space), name))
        found = _parameters(getattr(_module("numpynn", space), name))
        if wanted is None or found is None:
            continue
        takes_any = any(p.kind is p.VAR_KEYWORD for p in found.values())
        for parameter in wanted.values():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            ours = found.get(parameter.name)
            if ours is None:
                if not (takes_any and parameter.name in _TAKEN_BY_EVERY_LAYER):
                    yield f"{space}.{name} lacks {parameter}"
            elif ours.default is not parameter.default and not _equal(ours, parameter):
                yield f"{space}.{name}: {ours} should be {parameter}"


_TAKEN_BY_EVERY_LAYER = ("name", "dtype", "trainable", "activity_regularizer", "autocast")


def _parameters(obj: Any) -> dict[str, inspect.Parameter] | None:
    try:
        found = inspect.signature(obj).parameters
    except (TypeError, ValueError):
        return None
    return {name: p for name, p in found.items() if name != "self"}


def _equal(ours: inspect.Parameter, theirs: inspect.Parameter) -> bool:
    if inspect.Parameter.empty in (ours.default, theirs.default):
        return False
    if callable(ours.default) and callable(theirs.default):
        return getattr(ours.default, "__name__", 0) == getattr(theirs.default, "__name__", 1)
    return bool(ours.default == theirs.default)


def page() -> str:
    """The page of the documentation."""
    by_space: dict[str, list[Name]] = {}
    for found in names():
        by_space.setdefault(found.space, []).append(found)
    version = ".".join(keras.__version__.split(".")[:2])
    lines = [
        f"# The names of Keras {version}",
        "",
        "Made by `python -m kerasref.names`. A name that numpynn has takes every argument that",
        "Keras's takes, with the same default; a test holds that.",
        "",
        "| namespace | have | later | will not |",
        "|---|---|---|---|",
    ]
    for space, members in by_space.items():
        count = [sum(name.state == s for name in members) for s in ("have", "later", "never")]
        lines.append(f"| `{space}` | {count[0]} | {count[1] or ''} | {count[2] or ''} |")
    for space, members in by_space.items():
        lines += ["", f"## {space}", "", "| name | numpynn |", "|---|---|"]
        lines += [f"| `{name.name}` | {_said(name)} |" for name in members]
    return "\n".join(lines) + "\n"


def _said(name: Name) -> str:
    return {
        "have": "have",
        "later": f"later, with {name.note}",
        "never": f"will not have: {name.note}",
    }[name.state]


if __name__ == "__main__":
    print(page(), end="")
