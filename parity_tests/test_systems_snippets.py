"""The snippets of the book's appendices, each with the result that Keras gives, corrected or not.

Those of convolution, recurrence, embedding and vectorisation belong to the layers they show.
"""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import numpynn
from kerasref.systems import appendix_snippets as keras_snippets
from numpynn import Input, Model, Sequential, Variable, callbacks, layers, losses, metrics, ops
from numpynn.systems import appendix_snippets

BOTH = pytest.mark.parametrize("library", [numpynn, keras], ids=["numpynn", "keras"])


# -- losses ----------------------------------------------------------------------------------------

PREDICTED = np.array([[0.9, 0.05, 0.05], [0.05, 0.89, 0.06], [0.05, 0.01, 0.94]])


@BOTH
@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "expected"),
    [
        # The clip at 1 - 1e-7 decides: in float32 that is 1 - 2^-23; tf.keras 2 gave 7.7159.
        ("BinaryCrossentropy", [0.0, 0, 1, 1], [1.0, 0.1, 1, 0], 8.0414603),
        ("CategoricalCrossentropy", np.eye(3), PREDICTED, 0.0945899),  # the book cuts it to 0.0945
        ("SparseCategoricalCrossentropy", [0, 1, 2], PREDICTED, 0.0945899),
        ("MeanSquaredError", [0.0, 0, 1, 1], [1.0, 1, 1, 0], 0.75),
    ],
)
def test_the_losses_of_the_appendix(library, name, y_true, y_pred, expected):
    found = getattr(library.losses, name)()(np.array(y_true), np.array(y_pred, "float32"))
    assert float(found) == pytest.approx(expected, abs=2e-6)


def test_the_binary_cross_entropy_of_the_appendix_in_float64():
    loss = losses.BinaryCrossentropy(dtype="float64")
    found = loss(np.array([0.0, 0, 1, 1]), np.array([1.0, 0.1, 1, 0]))
    assert float(found) == pytest.approx(8.0853880, abs=5e-8)


def test_the_cross_entropies_of_the_three_samples():
    found = losses.categorical_crossentropy(np.eye(3), PREDICTED)
    np.testing.assert_allclose(found, [0.105361, 0.116534, 0.061875], atol=5e-7)


def test_divergence_is_not_symmetric_in_either_direction():
    p, q = np.array([0.5, 0.5]), np.array([0.9, 0.1])
    assert float(losses.kl_divergence(p, q)) == pytest.approx(0.5108256, abs=1e-6)
    assert float(losses.kl_divergence(q, p)) == pytest.approx(0.3680642, abs=1e-6)


def test_a_loss_object_is_compiled_and_trained():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", loss=losses.MeanSquaredError())
    x = np.random.default_rng(0).normal(size=(64, 2))
    history = model.fit(x, x[:, :1] - x[:, 1:], epochs=50, verbose=0).history["loss"]
    assert history[-1] < 0.2 * history[0]


# -- shapes ----------------------------------------------------------------------------------------


@BOTH
def test_dense_and_repeat_vector(library):
    model = library.Sequential(
        [library.Input((32,)), library.layers.Dense(32), library.layers.RepeatVector(3)]
    )
    assert tuple(model.output_shape) == (None, 3, 32)
    assert model.count_params() == 1056


@BOTH
@pytest.mark.parametrize(("shape", "size"), [((3, 32, 64), 6144), ((64, 32, 32), 65536)])
def test_flatten_keeps_the_number_of_values(library, shape, size):
    """The appendix's convolution gives the first shape; its comments are of channels first."""
    model = library.Sequential([library.Input(shape), library.layers.Flatten()])
    assert tuple(model.output_shape) == (None, size)


@BOTH
def test_twelve_values_become_three_by_four_and_never_thirty_two(library):
    x = np.arange(12.0)[np.newaxis]
    found = np.asarray(library.layers.Reshape((3, 4))(x))
    np.testing.assert_array_equal(found[0], np.arange(12).reshape(3, 4))
    with pytest.raises((ValueError, TypeError)):
        library.Sequential([library.Input((12,)), library.layers.Reshape((32,))])


@given(st.integers(1, 6), st.integers(2, 6))
def test_permute_is_a_transpose_and_no_reshape(rows, columns):
    x = np.arange(float(rows * columns)).reshape(1, rows, columns)
    found = np.asarray(layers.Permute((2, 1))(x))[0]
    np.testing.assert_array_equal(found, x[0].T)
    if rows > 1:
        assert (found != x.reshape(columns, rows)).any()


@BOTH
def test_expand_dims_makes_a_batch_of_one(library):
    assert tuple(library.ops.expand_dims(np.zeros((10, 10, 3)), 0).shape) == (1, 10, 10, 3)


# -- lambdas and masks -----------------------------------------------------------------------------


@BOTH
def test_a_lambda_squares(library):
    found = library.layers.Lambda(lambda x: x**2)(np.array([[1.0, -2.0, 3.0]]))
    np.testing.assert_array_equal(np.asarray(found), [[1, 4, 9]])


def test_the_antirectifier_of_the_appendix_leaves_its_input_alone():
    x = np.array([[1.0, 2.0, 3.0]])
    found = appendix_snippets.antirectifier(x)
    np.testing.assert_allclose(found, [[0, 0, 0.7071068, 0.7071068, 0, 0]], atol=1e-7)
    np.testing.assert_array_equal(x, [[1, 2, 3]])
    assert (appendix_snippets.antirectifier(np.ones((1, 3))) == 0).all()


@given(hnp.arrays("float64", (2, 5), elements=st.floats(-10, 10), unique=True))
def test_the_antirectifier_loses_only_the_mean_and_the_length(x):
    found = appendix_snippets.antirectifier(x)
    centred = x - x.mean(axis=1, keepdims=True)
    back = (found[:, :5] - found[:, 5:]) * np.linalg.norm(centred, axis=1, keepdims=True)
    np.testing.assert_allclose(back, centred, rtol=1e-9, atol=1e-5)
    assert (found >= 0).all()


@BOTH
def test_masking_marks_the_steps_that_are_all_zero(library):
    x = np.random.default_rng(0).random((4, 10, 8)) + 0.1
    x[0, 3] = x[2, 5] = 0
    mask = np.asarray(library.layers.Masking(0.0).compute_mask(library.ops.convert_to_tensor(x)))
    expected = np.ones((4, 10), bool)
    expected[0, 3] = expected[2, 5] = False
    np.testing.assert_array_equal(mask, expected)


# -- merging ---------------------------------------------------------------------------------------


@BOTH
def test_add_broadcasts_equal_or_single_sizes(library):
    rows, column = np.array([[1.0, 2, 3], [4, 5, 6]]), np.array([[1.0], [1.0]])
    found = library.layers.add([rows, column])
    np.testing.assert_array_equal(np.asarray(found), [[2, 3, 4], [5, 6, 7]])


@BOTH
def test_two_branches_side_by_side(library):
    x = library.Input((37,))
    shared = library.layers.Dense(10, activation="relu")(x)
    branches = [library.layers.Dense(37, activation=name)(shared) for name in ("sigmoid", "linear")]
    model = library.Model(x, library.layers.Concatenate()(branches))
    assert tuple(model.output_shape) == (None, 74)
    assert model.count_params() == 1194
    by_function = library.Model(x, library.layers.concatenate(branches))
    ones = np.ones((1, 37))
    np.testing.assert_array_equal(
        by_function.predict(ones, verbose=0), model.predict(ones, verbose=0)
    )


@BOTH
def test_dot_of_other_axes_and_order_is_the_transpose(library):
    """The book says that the two results are the same."""
    x, y = np.arange(10.0).reshape(1, 5, 2), np.arange(10.0, 20.0).reshape(1, 2, 5)
    one = np.asarray(library.layers.Dot(axes=(1, 2))([x, y]))[0]
    other = np.asarray(library.layers.Dot(axes=(2, 1))([y, x]))[0]
    np.testing.assert_array_equal(one, [[260, 360], [320, 445]])
    np.testing.assert_array_equal(other, [[260, 320], [360, 445]])
    product = np.asarray(library.ops.matmul(x, y))[0]
    np.testing.assert_array_equal(product[:2], [[15, 16, 17, 18, 19], [65, 70, 75, 80, 85]])


@BOTH
def test_dot_and_multiply_within_each_sample(library):
    """The appendix's third output, K.dot(in1, transpose(in2)), would mix the samples of a batch."""
    a, b = library.Input((5,)), library.Input((5,))
    model = library.Model(
        [a, b], [library.layers.Dot(axes=1)([a, b]), library.layers.Multiply()([a, b])]
    )
    one, other = np.array([[1.0, 2, 3, 4, 5]]), np.array([[6.0, 7, 8, 9, 10]])
    inner, product = model.predict([one, other], verbose=0)
    np.testing.assert_array_equal(inner, [[130]])
    np.testing.assert_array_equal(product, [[6, 14, 24, 36, 50]])


@BOTH
def test_a_product_of_batches_mixes_their_samples(library):
    """K.dot(in1, transpose(in2)) holds what Dot gives, beside products of different samples."""
    one = np.array([[1.0, 2, 3, 4, 5], [1, 1, 1, 1, 1]])
    other = np.array([[6.0, 7, 8, 9, 10], [0, 0, 0, 0, 1]])
    mixed = np.asarray(library.ops.matmul(one, library.ops.transpose(other)))
    np.testing.assert_array_equal(mixed, [[130, 5], [40, 1]])
    inner = np.asarray(library.layers.Dot(axes=1)([one, other]))
    np.testing.assert_array_equal(inner[:, 0], np.diag(mixed))


# -- layers, variables, metrics of one's own -------------------------------------------------------


@pytest.mark.parametrize("system", [appendix_snippets, keras_snippets], ids=["numpynn", "keras"])
def test_the_layer_of_the_appendix_sums_its_rows(system):
    layer = system.Linear(4)
    found = np.asarray(layer(np.ones((2, 2))))
    expected = layer.w.numpy().sum(axis=0)
    np.testing.assert_allclose(found, [expected, expected], rtol=1e-6)
    again = system.Linear.from_config(layer.get_config())
    assert again.units == 4


@BOTH
def test_a_variable_is_assigned_and_may_be_kept_from_training(library):
    variable = library.Variable(np.array([[1.0, 2.0], [3.0, 4.0]]), trainable=False)
    assert tuple(variable.shape) == (2, 2)
    assert not variable.trainable
    variable.assign_add(np.ones((2, 2)))
    np.testing.assert_array_equal(variable.numpy(), [[2, 3], [4, 5]])


def test_a_tensor_becomes_an_array():
    variable = Variable(np.ones(3))
    assert type(ops.convert_to_numpy(variable + 1)) is np.ndarray
    assert type(np.array(ops.square(variable))) is np.ndarray


@BOTH
def test_the_norm_of_a_tensor(library):
    found = library.ops.norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
    assert float(found) == pytest.approx(5)


def my_accuracy(y_true, y_pred):
    """The appendix's metric: the share of samples whose highest score is at the one."""
    return np.argmax(y_true, axis=-1) == np.argmax(y_pred, axis=-1)


def iris_like():
    random = np.random.default_rng(0)
    y = np.eye(3)[random.integers(3, size=90)]
    return y @ random.normal(size=(3, 4)) + 0.3 * random.normal(size=(90, 4)), y


def test_a_metric_as_a_function_is_categorical_accuracy():
    x, y = iris_like()
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile(
        "sgd", "categorical_crossentropy", metrics=[my_accuracy, metrics.CategoricalAccuracy()]
    )
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    assert found["my_accuracy"] == found["categorical_accuracy"]


def test_the_best_weights_come_back_from_their_file(tmp_path):
    x, y = iris_like()
    file = str(tmp_path / "best.weights.h5")
    model = Sequential([Input((4,)), layers.Dense(3, activation="softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    checkpoint = callbacks.ModelCheckpoint(
        file, save_weights_only=True, monitor="val_accuracy", mode="max", save_best_only=True
    )
    history = model.fit(
        x[:60],
        y[:60],
        epochs=15,
        validation_data=(x[60:], y[60:]),
        callbacks=[checkpoint],
        verbose=0,
    ).history
    model.load_weights(file)
    found = model.evaluate(x[60:], y[60:], verbose=0, return_dict=True)["accuracy"]
    assert found == pytest.approx(max(history["val_accuracy"]))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([np.ones((4, 2)), [[1.0], [2.0], [3.0], [4.0]]], [1.0, 2.0, 3.0, 4.0]),
        (np.ones((4, 2)), [1.0, 2.0, 3.0, 4.0]),
        (np.ones((4, 2)), [[1.0], [2.0, 3.0], [4.0], [5.0]]),
    ],
)
def test_lists_among_arrays_are_refused_and_what_to_do_is_said(x, y):
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="np.array"):
        model.fit(x, y, verbose=0)
    labels = np.array([1.0, 2.0, 3.0, 4.0]).reshape(-1, 1)
    model.fit(np.ones((4, 2)), labels, verbose=0)


def test_the_appendix_network_shows_all_its_layers():
    model = appendix_snippets.model()
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds >= {
        *("Dense", "RepeatVector", "Permute", "Flatten", "Lambda", "Concatenate", "Dot"),
        *("Multiply", "Add", "Linear"),
    }
    assert isinstance(model, Model)
