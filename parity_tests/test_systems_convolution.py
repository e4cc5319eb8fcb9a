"""The systems of chapter 5, and what the course claims about convolution."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.figure import Figure
from matplotlib.image import imread

from kerasref import systems as keras_systems
from kerasref.backend import inject
from kerasref.compare import BARS, error, worst
from numpynn import layers, plots, systems, utils
from numpynn.autograd import grad
from numpynn.datasets import har_smartphones
from numpynn.ops import conv
from numpynn.systems import convolution_examples as examples
from numpynn.systems import har_cnn, mnist_cnn

numbers = st.floats(-5, 5)
book = examples.SEQUENCE[np.newaxis]


def vectors(least, most):
    return hnp.arrays("float64", st.integers(least, most), elements=numbers)


# -- the book's numbers ----------------------------------------------------------------------------


def test_ones_by_ones_is_the_books_trapezium():
    np.testing.assert_array_equal(
        examples.wide(np.ones((1, 6)), np.ones(3)), [[1, 2, 3, 3, 3, 3, 2, 1]]
    )


def test_the_wide_average_is_the_books_but_for_its_two_wrong_numbers():
    printed = np.array([1, 1.33, 2, 2.33, 2.33, 2, 1.67, 1.33, 2.33, 1.33, 2.33, 2.66, 3.33, 2.66,
                        1.67, 0.6])  # fmt: skip
    found = examples.wide(book, examples.AVERAGE)[0]
    thirds = [3, 4, 6, 7, 7, 6, 5, 5, 6, 4, 7, 8, 10, 8, 5, 2]
    np.testing.assert_allclose(found, np.array(thirds) / 3, rtol=1e-15)
    wrong = np.flatnonzero(np.abs(found - printed) > 0.1)
    assert wrong.tolist() == [7, 8]
    np.testing.assert_allclose(found[wrong], [1.67, 2.00], atol=0.005)


def test_the_narrow_average_is_the_wide_one_without_its_ends():
    narrow = examples.narrow(book, examples.AVERAGE)
    np.testing.assert_allclose(narrow, examples.wide(book, examples.AVERAGE)[:, 2:-2], rtol=1e-15)
    assert narrow.shape == (1, 12)


def test_two_filters_over_three_channels_give_three_by_three_by_two():
    picture, kernel = np.ones((1, 5, 5, 3)), np.ones((3, 3, 3, 2))
    padded = np.pad(picture, ((0, 0), (1, 1), (1, 1), (0, 0)))
    assert conv(padded, kernel, strides=2).shape == (1, 3, 3, 2)
    assert examples.output_length(5, 3, stride=2, padding=1) == 3
    assert examples.output_length(5, 3) == 3


def test_a_pool_of_two_keeps_a_quarter():
    pooled = layers.MaxPooling2D(2, strides=2)(np.zeros((1, 224, 224, 64), "float32"))
    assert pooled.shape == (1, 112, 112, 64)
    assert pooled.size / (224 * 224 * 64) == 0.25
    assert examples.output_length(224, 2, stride=2) == 112
    assert layers.MaxPooling2D(2)(np.zeros((1, 4, 4, 1))).shape == (1, 2, 2, 1)


def test_filters_have_few_parameters_whatever_the_size_of_the_picture():
    assert examples.parameters((3,), 1, 1) == 3 + 1
    assert examples.parameters((5, 5), 1, 32) == 832
    assert examples.parameters((5, 5), 32, 64) == 51_264
    assert examples.parameters((3,), 9, 64) == 1792
    dense = (28 * 28 + 1) * 28 * 28 * 32
    assert dense / examples.parameters((5, 5), 1, 32) > 20_000


# -- what a convolution is -------------------------------------------------------------------------


@given(vectors(1, 20), vectors(1, 8))
@example(np.array([1.0, 2, 3]), np.array([0.0, 1, -1]))
def test_wide_is_the_convolution_of_mathematics(x, f):
    np.testing.assert_allclose(
        examples.wide(x[np.newaxis], f)[0], np.convolve(x, f), rtol=1e-12, atol=1e-12
    )


@given(vectors(8, 20), vectors(1, 8), st.integers(1, 5))
def test_a_stride_leaves_numbers_out(x, f, stride):
    every = examples.narrow(x[np.newaxis], f)[0]
    found = examples.narrow(x[np.newaxis], f, stride)[0]
    np.testing.assert_allclose(every, np.convolve(x, f, "valid"), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found, every[::stride])
    assert len(found) == examples.output_length(len(x), len(f), stride)
    padded = np.pad(x, len(f) - 1)
    assert examples.output_length(len(x), len(f), stride, len(f) - 1) == len(
        examples.narrow(padded[np.newaxis], f, stride)[0]
    )


@given(vectors(8, 20), vectors(1, 8), st.integers(0, 6))
def test_a_shifted_pattern_gives_a_shifted_answer(x, f, shift):
    moved = np.concatenate([np.zeros(shift), x])
    found, expected = (examples.wide(a[np.newaxis], f)[0] for a in (moved, x))
    np.testing.assert_array_equal(found[shift:], expected)
    assert (found[:shift] == 0).all()
    assert found.max() == max(expected.max(), 0 if shift else -math.inf)


@given(vectors(8, 21))
def test_a_strided_filter_can_stand_for_an_average_pool(x):
    pooled = layers.AveragePooling1D(2, dtype="float64")(x[np.newaxis, :, np.newaxis]).numpy()
    filtered = examples.narrow(x[np.newaxis], np.full(2, 0.5), stride=2)
    np.testing.assert_allclose(filtered, pooled[:, :, 0], rtol=1e-14, atol=1e-15)


# -- the matrix and its gradient -------------------------------------------------------------------


@st.composite
def pictures_and_kernels(draw):
    """A batch of one or two axes, and a kernel that fits."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=7))
    kernel = tuple(draw(st.integers(1, n)) for n in shape)
    batch = draw(st.integers(1, 3))
    return (
        draw(hnp.arrays("float64", (batch, *shape), elements=numbers)),
        draw(hnp.arrays("float64", kernel, elements=numbers)),
    )


def test_the_matrix_of_three_by_three_over_four_by_four_is_the_books():
    """With its fifteen entries in the first row made sixteen."""
    a, b, c, d, e, f, g, h, i = range(1, 10)
    np.testing.assert_array_equal(
        examples.as_matrix(np.arange(1, 10).reshape(3, 3), (4, 4)),
        [
            [a, b, c, 0, d, e, f, 0, g, h, i, 0, 0, 0, 0, 0],
            [0, a, b, c, 0, d, e, f, 0, g, h, i, 0, 0, 0, 0],
            [0, 0, 0, 0, a, b, c, 0, d, e, f, 0, g, h, i, 0],
            [0, 0, 0, 0, 0, a, b, c, 0, d, e, f, 0, g, h, i],
        ],
    )


@given(pictures_and_kernels())
def test_a_convolution_is_a_product_with_its_matrix(drawn):
    x, kernel = drawn
    by_layer = conv(x[..., np.newaxis], kernel[..., np.newaxis, np.newaxis])
    by_matrix = x.reshape(len(x), -1) @ examples.as_matrix(kernel, x.shape[1:]).T
    np.testing.assert_allclose(by_matrix, by_layer.reshape(len(x), -1), rtol=1e-12, atol=1e-12)


@given(pictures_and_kernels())
def test_the_gradient_of_a_weight_is_the_sum_over_its_copies(drawn):
    x, kernel = drawn
    shape, rows = x.shape[1:], x.reshape(len(x), -1)

    def by_matrix(matrix):
        return np.sum(np.sin(rows @ matrix.T))

    def by_layer(kernel):
        return np.sum(np.sin(conv(x[..., np.newaxis], kernel[..., np.newaxis, np.newaxis])))

    copies = grad(by_matrix)(examples.as_matrix(kernel, shape)).numpy()
    expected = grad(by_layer)(kernel).numpy()
    found = examples.tied(copies, kernel.shape, shape)
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-11)


def test_training_keeps_copies_equal_and_zeros_zero():
    filters = examples.start()
    for t in range(examples.STEPS):
        filters, _ = examples.step(filters, t)
    average, edges = examples.unpack(filters)
    np.testing.assert_allclose(average, examples.AVERAGE, atol=1e-7)
    np.testing.assert_allclose(edges, examples.EDGES, atol=1e-7)
    matrix = examples.as_matrix(edges, (4, 4))
    assert (matrix[examples.copies((3, 3), (4, 4)) == 9] == 0).all()
    assert len(np.unique(matrix)) <= 10


def test_untied_weights_would_leave_their_places():
    """Zeros have gradients too: without ties the first step makes no convolution."""
    x, y = examples.samples()[0]
    slopes = grad(examples.mean_squared_error)(np.zeros((12, 14)), x, y).numpy()
    assert (slopes != 0).all()


# -- what a filter sees and does -------------------------------------------------------------------


def test_two_layers_of_three_see_five():
    assert examples.receptive_field([3, 3], [1, 1]) == 5
    assert examples.receptive_field([5, 2, 5, 2], [1, 2, 1, 2]) == 16  # of `mnist-cnn`'s last map


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3)), min_size=1, max_size=4))
def test_an_output_answers_to_its_receptive_field_alone(stack):
    sizes, strides = zip(*stack, strict=True)
    field = examples.receptive_field(sizes, strides)

    def first_output(x):
        for size, stride in stack:
            x = examples.narrow(x, np.ones(size), stride)
        return x[0, 0]

    seen = np.flatnonzero(grad(first_output)(np.zeros((1, field + 5))).numpy())
    assert seen[0] == 0
    assert seen[-1] < field
    if all(stride <= size for size, stride in stack):  # otherwise there are holes, also at the end
        assert seen[-1] == field - 1


@given(st.integers(2, 9), st.floats(0.01, 0.5))
def test_a_moving_average_scales_waves_by_its_gain(m, frequency):
    t = np.arange(400)
    waves = np.stack([np.cos(2 * np.pi * frequency * t), np.sin(2 * np.pi * frequency * t)])
    means = examples.narrow(waves, np.full(m, 1 / m))
    amplitude = np.linalg.norm(means, axis=0)
    np.testing.assert_allclose(amplitude, examples.gain(m, frequency), atol=1e-9)


def test_averages_let_slow_waves_pass_and_stop_fast_ones():
    slow, fast = examples.gain(3, np.array([0.01, 1 / 3]))
    assert slow > 0.99
    assert fast < 1e-15
    noise = np.random.default_rng(0).normal(size=(1, 20_000))
    assert examples.narrow(noise, np.full(9, 1 / 9)).std() == pytest.approx(1 / 3, rel=0.05)


@given(vectors(2, 8), st.integers(0, 30), st.floats(0.5, 3), st.integers(0, 2**32 - 1))
def test_no_window_is_more_like_the_pattern_than_itself(pattern, place, strength, seed):
    pattern[0] += np.copysign(1, pattern[0])
    signal = np.random.default_rng(seed).normal(size=(1, 40))
    signal[0, place : place + len(pattern)] = strength * pattern
    likeness = examples.matched(signal, pattern)[0]
    assert likeness.max() <= 1 + 1e-12
    assert likeness[place] == pytest.approx(1, abs=1e-12)


# -- the networks ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "shapes", "parameters"),
    [
        (
            "mnist-cnn",
            [(28, 28, 1), (28, 28, 32), (14, 14, 32), (14, 14, 64), (7, 7, 64), (3136,), (1024,),
             (1024,), (10,)],
            [0, 832, 0, 51_264, 0, 0, 3_212_288, 0, 10_250],
        ),
        (
            "har-cnn",
            [(126, 64), (126, 64), (63, 64), (4032,), (100,), (6,)],
            [1792, 0, 0, 0, 403_300, 606],
        ),
    ],
)  # fmt: skip
def test_layers_have_the_books_shapes_and_parameters(slug, shapes, parameters):
    for model in (systems.load(slug).model(), keras_systems.load(slug).model()):
        assert [tuple(layer.output.shape[1:]) for layer in model.layers] == shapes
        assert [layer.count_params() for layer in model.layers] == parameters


@pytest.mark.thorough
def test_keras_is_no_nearer_to_itself_than_the_bars_of_float32():
    """As `mnist_cnn.BARS` says: with XLA and without, same weights, masks and batches."""
    split = mnist_cnn.data()
    models = [keras_systems.load("mnist-cnn").model() for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    runs = []
    for model, jit in zip(models, (False, True), strict=True):
        model.jit_compile = jit
        runs.append(inject(model, mnist_cnn.BATCH_SIZE))
    random, furthest = np.random.default_rng(0), 0.0
    for rows in np.split(random.permutation(4000)[:2000], 20):
        masks = runs[0].draw(random, len(rows))
        losses = []
        for run in runs:
            run.assign(masks)
            losses.append(run.model.train_on_batch(split.x[rows], split.y[rows]))
        furthest = max(furthest, error(losses[0][0], losses[1][0]))
    weights = worst(*(run.model.get_weights() for run in runs))
    own = mnist_cnn.BARS["float32"]
    assert BARS["float32"]["weights"] < weights < own["weights"]
    assert BARS["float32"]["loss"] < furthest < own["loss"]


def test_recipes_are_the_books():
    assert (mnist_cnn.EPOCHS, mnist_cnn.BATCH_SIZE) == (10, 100)
    assert (har_cnn.EPOCHS, har_cnn.BATCH_SIZE) == (10, 32)
    optimizers = [type(module.model().optimizer).__name__ for module in (mnist_cnn, har_cnn)]
    assert optimizers == ["Nadam", "Adam"]


def test_activities_are_one_hot_and_tested_on_other_people():
    split, windows = har_cnn.data(), har_smartphones.load()
    n = windows.train_rows
    assert (split.y.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(np.argmax(split.y, axis=1), windows.y[:n])
    np.testing.assert_array_equal(split.x_test, windows.x[n:])
    assert len(split.y_test) == len(split.x_test) > 900


def test_activities_are_learnt_in_two_epochs():
    utils.set_random_seed(0)
    split, model = har_cnn.data(), har_cnn.model()
    model.fit(split.x, split.y, batch_size=har_cnn.BATCH_SIZE, epochs=2, verbose=0)
    assert model.evaluate(split.x_test, split.y_test, verbose=0, return_dict=True)["accuracy"] > 0.7


@pytest.mark.parametrize("slug", ["convolution-examples", "mnist-cnn", "har-cnn"])
def test_pictures_are_written_at_full_size(slug, tmp_path):
    system, file = systems.load(slug), tmp_path / "picture.png"
    if system.is_model:
        split = system.data()
        few = systems.Split(split.x, split.y, split.x_test[:200], split.y_test[:200])
        history = {"loss": [1.0, 0.5], "accuracy": [0.5, 0.8]}
        plots.plot_training(str(file), system, system.model(), few, history)
    else:
        plots.plot_procedure(str(file), system, system.module.start() + 1, [1.0, 0.5])
    height, width, _ = imread(file).shape
    assert height >= 570
    assert width >= 1600


@pytest.mark.parametrize(("sign", "limits"), [(1, (0, 5)), (-1, (-5, 5))])
def test_tiles_stand_row_by_row_with_a_gap(sign, limits):
    panel = Figure().subplots()
    tiles = np.arange(1, 6)[:, np.newaxis, np.newaxis] * np.ones((1, 2, 3))
    plots.draw_tiles(panel, sign * tiles, columns=3)
    [image] = panel.get_images()
    wall = sign * image.get_array().filled(0)
    assert wall.shape == (2 * 2 + 1, 3 * 3 + 2)
    np.testing.assert_array_equal(wall[0], [1, 1, 1, 0, 2, 2, 2, 0, 3, 3, 3])
    np.testing.assert_array_equal(wall[3], [4, 4, 4, 0, 5, 5, 5, 0, 0, 0, 0])
    assert image.get_clim() == limits
