"""Convolution layers in use: configurations, files, shapes, penalties, and what they refuse."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from pairs import array, both_float_types, hold, normal, on_both, same_configs
from standin import StandIn

import numpynn
from numpynn import layers
from numpynn.autograd import vjp

FULL = [f"Conv{rank}D" for rank in (1, 2, 3)]
TRANSPOSED = [f"Conv{rank}DTranspose" for rank in (1, 2, 3)]
DEPTHWISE = ["DepthwiseConv1D", "DepthwiseConv2D"]
SEPARABLE = ["SeparableConv1D", "SeparableConv2D"]
KINDS = [*FULL, *TRANSPOSED, *DEPTHWISE, *SEPARABLE]
ALIASES = {kind: kind.replace("Conv", "Convolution") for kind in KINDS if kind not in DEPTHWISE}

each_kind = pytest.mark.parametrize("kind", KINDS)


def rank_of(kind: str) -> int:
    return next(int(letter) for letter in kind if letter.isdigit())


def made(library: Any, kind: str, **options: Any) -> Any:
    """A layer of this kind, with 4 filters and kernels of 2 places unless told otherwise."""
    if kind not in DEPTHWISE:
        options = {"filters": 4, **options}
    return getattr(library.layers, kind)(**{"kernel_size": 2, **options})


def shape_for(kind: str) -> tuple[int, ...]:
    return (2, *(5,) * rank_of(kind), 4)


# -- names, arguments, configurations --------------------------------------------------------------


@each_kind
def test_arguments_have_keras_order_and_defaults(kind: str) -> None:
    ours, theirs = [
        list(inspect.signature(getattr(library.layers, kind)).parameters.values())
        for library in (numpynn, keras)
    ]
    assert [(p.name, p.default, p.kind) for p in ours] == [
        (p.name, p.default, p.kind) for p in theirs
    ]


def test_other_names_of_the_same_layers() -> None:
    for kind, other in ALIASES.items():
        assert getattr(layers, other) is getattr(layers, kind)
        assert getattr(keras.layers, other) is getattr(keras.layers, kind)


OF_ALL: dict[str, Any] = {
    "kernel_size": 3,
    "strides": 2,
    "padding": "SAME",
    "data_format": "channels_first",
    "activation": "relu",
    "use_bias": False,
    "bias_initializer": "ones",
    "bias_regularizer": "l2",
    "activity_regularizer": "l2",
    "bias_constraint": "non_neg",
    "name": "mine",
    "trainable": False,
}
OF_KERNEL = {
    "kernel_initializer": "he_normal",
    "kernel_regularizer": "l2",
    "kernel_constraint": "max_norm",
}
OF_DEPTHWISE = {name.replace("kernel", "depthwise"): value for name, value in OF_KERNEL.items()}
OF_POINTWISE = {name.replace("kernel", "pointwise"): value for name, value in OF_KERNEL.items()}


def every_option(kind: str) -> dict[str, Any]:
    """Each argument that this kind takes, with a value that is not its default."""
    if kind in FULL:
        return {**OF_ALL, **OF_KERNEL, "groups": 2}
    if kind in TRANSPOSED:
        return {**OF_ALL, **OF_KERNEL, "output_padding": 1}
    pointwise = OF_POINTWISE if kind in SEPARABLE else {}
    return {**OF_ALL, **OF_DEPTHWISE, **pointwise, "depth_multiplier": 3}


def test_configurations_match_keras() -> None:
    cases: list[Callable[[Any], Any]] = []
    for kind in KINDS:
        rank = rank_of(kind)
        for options in (
            {},
            every_option(kind),
            {"strides": [1] * rank, "dilation_rate": tuple(range(2, 2 + rank))},
        ):
            cases.append(lambda library, kind=kind, options=options: made(library, kind, **options))
    cases.append(lambda library: made(library, "Conv1D", padding="causal", dilation_rate=4))
    same_configs(*cases)


def test_the_arguments_of_conv_3d_transpose_stand_in_keras_order() -> None:
    for library in (numpynn, keras):
        layer = library.layers.Conv3DTranspose(2, 3, 2, "same", "channels_first", 1)
        assert (layer.data_format, layer.output_padding) == ("channels_first", (1, 1, 1))


def test_channels_first_may_be_the_configured_format() -> None:
    before = numpynn.config.image_data_format()
    numpynn.config.set_image_data_format("channels_first")
    try:
        assert layers.Conv2D(3, 2)(np.zeros((1, 2, 4, 5))).shape == (1, 3, 3, 4)
    finally:
        numpynn.config.set_image_data_format(before)


# -- files -----------------------------------------------------------------------------------------


def network(library: Any) -> Any:
    """Every kind of layer once."""
    k = library.layers
    series, image = library.Input((9, 4), name="series"), library.Input((6, 6, 4), name="image")
    x = k.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="relu")(series)
    x = k.Conv1DTranspose(4, 2, 2, use_bias=False)(x)
    x = k.DepthwiseConv1D(3, depth_multiplier=2, depthwise_regularizer="l2")(x)
    x = k.SeparableConv1D(2, 3, strides=2, pointwise_constraint="unit_norm")(x)
    y = k.Conv2D(4, (3, 1), padding="same", groups=2, activation="tanh")(image)
    y = k.DepthwiseConv2D(2, dilation_rate=2)(y)
    y = k.SeparableConv2D(3, 2, depth_multiplier=2, activity_regularizer="l1")(y)
    y = k.Conv2DTranspose(4, 2, 2, output_padding=1)(y)
    z = k.Conv3D(2, 2, kernel_initializer="ones")(k.Reshape((7, 7, 2, 2))(y))
    z = k.Conv3DTranspose(2, (1, 2, 1), padding="same")(z)
    return library.Model([series, image], [x, z])


INPUTS = [normal(0, 3, 9, 4).astype("float32"), normal(1, 3, 6, 6, 4).astype("float32")]


def test_a_network_of_all_these_layers_goes_to_keras_and_back(tmp_path: Path) -> None:
    _, theirs = on_both(network)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    expected = [array(part) for part in theirs(INPUTS)]
    hold([array(part) for part in loaded(INPUTS)], expected, 1e-5)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    hold([array(part) for part in again(INPUTS)], expected, 0.0)
    assert [layer.get_config() for layer in again.layers] == [
        layer.get_config() for layer in theirs.layers
    ]


@each_kind
def test_weights_go_to_keras_and_back_in_files(kind: str, tmp_path: Path) -> None:
    x = normal(0, *shape_for(kind)).astype("float32")
    for writer, reader in ((keras, numpynn), (numpynn, keras)):
        models = [library.Sequential([made(library, kind)]) for library in (writer, reader)]
        for model in models:
            model(x)
        path = str(tmp_path / f"{writer.__name__}.weights.h5")
        models[0].save_weights(path)
        models[1].load_weights(path)
        hold(models[1].get_weights(), models[0].get_weights(), 0.0)


# -- shapes and dtypes -----------------------------------------------------------------------------


@each_kind
def test_sizes_may_stay_open(kind: str) -> None:
    ours, theirs = [
        made(library, kind, padding="same")(library.Input((*(None,) * rank_of(kind), 3)))
        for library in (numpynn, keras)
    ]
    assert ours.shape == theirs.shape and ours.shape[:2] == (None, None)


@each_kind
def test_what_an_input_must_be_is_keras(kind: str) -> None:
    found = []
    for library in (numpynn, keras):
        layer = made(library, kind, data_format="channels_first")
        before = layer.input_spec.min_ndim, layer.input_spec.axes
        layer.build((None, 3, *(5,) * rank_of(kind)))
        found.append((before, layer.input_spec.min_ndim, layer.input_spec.axes))
    assert found[0] == found[1]


@each_kind
def test_half_precision_stays_so_and_is_near_keras(kind: str) -> None:
    x = normal(0, *shape_for(kind)).astype("float16")
    results = []
    for library in (numpynn, keras):
        layer = made(library, kind, dtype="float16")
        layer.build(x.shape)
        layer.set_weights([normal(i, *w.shape) / 4 for i, w in enumerate(layer.weights)])
        results.append(array(layer(x)))
    assert results[0].dtype == results[1].dtype == "float16"
    hold(results[0].astype("float32"), results[1].astype("float32"), 3e-3)


@each_kind
def test_whole_numbers_count_as_floats(kind: str) -> None:
    """Keras refuses them when a layer is called by itself; models cast them."""
    layer = made(numpynn, kind)
    x = np.random.default_rng(0).integers(0, 9, shape_for(kind))
    y = layer(x)
    assert y.dtype == "float32"
    hold(y, layer(x.astype("float32")), 1e-6)


# -- penalties, masks, other arrays ----------------------------------------------------------------


@each_kind
def test_penalties_match_keras(kind: str) -> None:
    x = normal(0, *shape_for(kind)).astype("float32")
    options = {name: v for name, v in every_option(kind).items() if name.endswith("regularizer")}
    found = []
    for library in (numpynn, keras):
        layer = made(library, kind, **options)
        layer.build(x.shape)
        layer.set_weights([normal(i, *w.shape) for i, w in enumerate(layer.weights)])
        layer(x)
        found.append(sorted(float(array(loss)) for loss in layer.losses))
    assert len(found[0]) == len(found[1]) == len(options)
    np.testing.assert_allclose(*found, rtol=1e-5)


@pytest.mark.filterwarnings("ignore:Layer")  # Keras says that the mask is lost
def test_masks_end_at_a_convolution() -> None:
    x = np.ones((2, 4, 3), "float32")
    for library in (numpynn, keras):
        masked = library.layers.Masking()(x)
        y = made(library, "Conv1D")(masked)
        assert getattr(y, "_keras_mask", getattr(y, "mask", None)) is None


@each_kind
def test_layers_run_on_foreign_arrays(kind: str) -> None:
    layer = made(numpynn, kind, activation="relu")
    x = normal(0, *shape_for(kind)).astype("float32")

    def run(wrapped: Any) -> list[Any]:
        y, pull = vjp(layer, wrapped(x))
        return [y.array, pull(y.array)[0].array]

    expected = run(lambda x: x)
    for weight in layer.weights:
        weight.array = StandIn(weight.array.copy())
    for found, wanted in zip(run(StandIn), expected, strict=True):
        assert isinstance(found, StandIn)
        np.testing.assert_allclose(found.revealed(), wanted, rtol=1e-5, atol=1e-6)


# -- what is refused -------------------------------------------------------------------------------

BAD_ARGUMENTS: list[dict[str, Any]] = [
    {"kernel_size": 0},
    {"kernel_size": -1},
    {"kernel_size": (1, 2, 3, 4)},
    {"kernel_size": 2.5},
    {"kernel_size": None},
    {"strides": 0},
    {"strides": (1, 1, 1, 1)},
    {"strides": -2},
    {"dilation_rate": 0},
    {"padding": "wide"},
    {"data_format": "channels_middle"},
    {"activation": "no such"},
    {"bias_initializer": "no such"},
    {"no_such_argument": 1},
]
BAD_FILTERS: list[dict[str, Any]] = [{"filters": 0}, {"filters": -3}]
BAD_GROUPS: list[dict[str, Any]] = [{"groups": 0}, {"groups": -1}, {"groups": 3}]
BAD_OUTPUT_PADDING: list[dict[str, Any]] = [
    {"output_padding": 1},
    {"output_padding": -1},
    {"output_padding": 2, "strides": 2},
]
BAD_MULTIPLIERS: list[dict[str, Any]] = [{"depth_multiplier": 0}, {"depth_multiplier": -1}]
STRIDES_AND_DILATION: dict[str, Any] = {"strides": 2, "dilation_rate": 2}


def misuses(kind: str) -> list[dict[str, Any]]:
    """Arguments that this kind refuses."""
    found = [*BAD_ARGUMENTS]
    if kind not in DEPTHWISE:
        found += BAD_FILTERS
    if kind in FULL:
        found += [*BAD_GROUPS, STRIDES_AND_DILATION]
    if kind in TRANSPOSED:
        found += [*BAD_OUTPUT_PADDING, STRIDES_AND_DILATION]
    if kind in DEPTHWISE + SEPARABLE:
        found += BAD_MULTIPLIERS
    if kind != "Conv1D":
        found.append({"padding": "causal"})
    return found


@each_kind
def test_bad_arguments_raise_what_keras_raises(kind: str) -> None:
    for options in misuses(kind):
        for library in (numpynn, keras):
            with pytest.raises(ValueError):
                made(library, kind, **options)


@each_kind
def test_inputs_that_do_not_fit_raise_what_keras_raises(kind: str) -> None:
    rank = rank_of(kind)
    whole = shape_for(kind)
    other_channels = (*whole[:-1], 3)
    for library in (numpynn, keras):
        with pytest.raises(ValueError):
            made(library, kind)(np.ones(whole[1:], "float32"))  # no batch
        layer = made(library, kind)
        layer(np.ones(whole, "float32"))
        with pytest.raises(ValueError):
            layer(np.ones(other_channels, "float32"))
        if kind not in TRANSPOSED:
            for options in ({"kernel_size": 6}, {"kernel_size": 3, "dilation_rate": 3}):
                with pytest.raises(ValueError):
                    made(library, kind, **options)(np.ones(whole, "float32"))
                with pytest.raises(ValueError):
                    made(library, kind, **options).compute_output_shape(whole)
            with pytest.raises(ValueError):
                made(library, kind)(np.ones((2, *(5,) * (rank + 1), 4), "float32"))
        if kind in FULL:
            with pytest.raises(ValueError):
                made(library, kind, groups=2)(np.ones(other_channels, "float32"))


@each_kind
def test_what_keras_refuses_later_or_by_another_error_is_a_value_error(kind: str) -> None:
    rank = rank_of(kind)
    for padding in (None, 3, ((1, 1),) * rank):
        with pytest.raises(ValueError, match="padding"):
            made(numpynn, kind, padding=padding)
    for shape in ((None, *(5,) * rank, None), (None, *(5,) * rank, 0)):
        with pytest.raises(ValueError, match="channels"):
            made(numpynn, kind)(numpynn.Input(batch_shape=shape))
    with pytest.raises(ValueError, match=f"rank {rank + 2}"):
        made(numpynn, kind)(np.ones((2, *(5,) * (rank + 1), 4)))
    if kind not in TRANSPOSED:
        layer = made(numpynn, kind)
        layer(np.ones(shape_for(kind)))
        with pytest.raises(ValueError):  # Keras gives an array of a wrong shape
            layer(np.ones((2, *(1,) * rank, 4)))


def test_messages_hold_the_numbers() -> None:
    x = np.ones((2, 5, 7, 4), "float32")
    cases: list[tuple[Callable[[], Any], str]] = [
        (lambda: layers.Conv2D(3, (3, 8))(x), r"8 places.*axis 1.*\(3, 8\).*has 7"),
        (lambda: layers.Conv2D(3, 3, dilation_rate=3)(x), r"7 places.*axis 0.*has 5"),
        (lambda: layers.Conv2D(8, 3, groups=3), "groups=3 and filters=8"),
        (lambda: layers.Conv2D(9, 3, groups=3)(x), "groups=3 and 4 channels"),
        (lambda: layers.Conv2D(0, 3), "filters.*got 0"),
        (lambda: layers.Conv2D(3, 3, padding="wide"), "valid, same; got 'wide'"),
        (lambda: layers.Conv1D(3, 3, padding="wide"), "valid, same, causal; got 'wide'"),
        (lambda: layers.Conv2D(3, (1, 2, 3)), r"kernel_size.*2 of them.*\(1, 2, 3\)"),
        (lambda: layers.Conv2D(3, 3, 2, dilation_rate=4), r"strides=\(2, 2\).*\(4, 4\)"),
        (
            lambda: layers.Conv2DTranspose(3, 3, 2, output_padding=2),
            r"output_padding=\(2, 2\) and strides=\(2, 2\)",
        ),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier.*got 0"),
    ]
    for misuse, message in cases:
        with pytest.raises(ValueError, match=message):
            misuse()


def test_adapters_are_refused() -> None:
    with pytest.raises(ValueError, match="LoRA"):
        layers.Conv2D(3, 3, lora_rank=2)
    with pytest.raises(ValueError, match="LoRA"):
        layers.Conv1D(3, 3, lora_alpha=2.0)
    with both_float_types("float32"):
        config = keras.layers.Conv2D(3, 3, lora_rank=2).get_config()
    with pytest.raises(ValueError, match="LoRA"):
        layers.Conv2D.from_config(config)
