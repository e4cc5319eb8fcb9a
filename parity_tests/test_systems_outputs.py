"""The systems of several outputs, losses, metrics, callbacks and layers of one's own."""

from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kerasref import compare as comparison
from kerasref import systems as keras_systems
from numpynn import (
    Input,
    Model,
    Sequential,
    Variable,
    layers,
    losses,
    ops,
    optimizers,
    regularizers,
    utils,
)
from numpynn.autograd import grad
from numpynn.datasets import two_level_labels
from numpynn.systems import (
    checkpoint_class_weight,
    custom_mse,
    endpoint_loss_layer,
    focal_loss,
    functional_mlp,
    labels_as_inputs,
    layer_in_layer,
    load,
    multi_label,
    prior_cross_entropy,
    sparse_representation,
    tensorboard_log,
    top_two_metric,
    two_outputs,
    two_outputs_custom,
)


@pytest.fixture(autouse=True)
def seeded():
    utils.set_random_seed(0)


def trained(module, model=None):
    """A model after its recipe, and the history of its training."""
    split, model = module.data(), model or module.model()
    model.fit(
        split.x,
        split.y,
        batch_size=module.BATCH_SIZE,
        epochs=module.EPOCHS,
        verbose=0,
        **load(module.__name__.rpartition(".")[2].replace("_", "-")).fit_arguments(split),
    )
    return model, model.history.history


logits = hnp.arrays("float64", (3, 6), elements=st.floats(-8, 8))
targets = hnp.arrays("float64", (3, 6), elements=st.sampled_from([0.0, 1.0]))


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


# -- several outputs -------------------------------------------------------------------------------


def test_the_total_is_the_sum_and_a_constant_loss_trains_nothing():
    model = two_outputs.model()
    before = model.get_layer("y").get_weights()
    _, history = trained(two_outputs, model)
    np.testing.assert_allclose(history["y_loss"], 0.5, rtol=1e-6)
    np.testing.assert_allclose(
        history["loss"], np.add(history["x_loss"], history["y_loss"]), rtol=1e-6
    )
    assert history["x_loss"][-1] < 0.01 < history["x_loss"][0]
    for old, new in zip(before, model.get_weights()[2:], strict=True):
        np.testing.assert_allclose(new, old, atol=1e-5)


@given(hnp.arrays("float64", 4, elements=st.floats(-20, 20)))
def test_the_mean_of_a_softmax_has_no_gradient(z):
    found = grad(lambda z: np.mean(np.exp(z - z.max()) / np.sum(np.exp(z - z.max()))))(z).numpy()
    np.testing.assert_allclose(found, 0, atol=1e-15)


def test_in_float32_some_of_that_gradient_is_rounding_and_adam_steps_by_it():
    z = np.random.default_rng(0).normal(size=(1000, 2)).astype("float32")
    found = grad(lambda z: np.sum(ops.softmax(z)))(z).numpy()
    assert 0 < np.abs(found).max() < 1e-6
    weight = Variable(np.zeros(2, "float32"))
    optimizer = optimizers.Adam(0.01)
    for _ in range(300):
        optimizer.apply([np.array([1e-8, 0.0], "float32")], [weight])
    assert abs(float(weight[0])) > 0.1


def test_losses_that_ask_for_no_target_reach_their_bounds_and_not_the_targets():
    _, history = trained(two_outputs_custom)
    np.testing.assert_allclose(history["y_loss"], 1.0, rtol=1e-6)
    assert -0.75 < history["x_loss"][-1] < -0.7
    assert history["x_metric_of_x"][-1] == 0.25


@given(hnp.arrays("float64", (4, 2), elements=st.floats(-8, 8)), st.integers(0, 15))
def test_binary_cross_entropy_of_two_softmax_outputs_is_categorical(z, bits):
    t = np.eye(2)[[bits >> i & 1 for i in range(4)]]
    p = softmax(z)
    np.testing.assert_allclose(
        losses.binary_crossentropy(t, p), losses.categorical_crossentropy(t, p), rtol=1e-6
    )


def test_an_endpoint_layer_makes_the_loss_that_compile_would_make():
    model = labels_as_inputs.model()
    a, c, true_x, true_y = labels_as_inputs.data().x
    plain = Model(model.inputs[:2], [model.get_layer(name).output for name in "xy"])
    plain.compile(loss=["categorical_crossentropy", "binary_crossentropy"], metrics=["acc", "acc"])
    found = model.evaluate([a, c, true_x, true_y], verbose=0, return_dict=True)
    expected = plain.evaluate([a, c], [true_x, true_y], verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(expected["loss"], rel=1e-6)
    assert set(found) == {"loss", "x_acc", "y_acc"}
    other_labels = [a, c, np.ones_like(true_x), np.zeros_like(true_y)]
    for one, other in zip(
        model.predict([a, c, true_x, true_y], verbose=0),
        model.predict(other_labels, verbose=0),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


def test_metrics_held_by_a_layer_start_anew_each_epoch():
    _, history = trained(labels_as_inputs)
    assert history["x_acc"][-1] == history["y_acc"][-1] == 1.0
    assert history["loss"][-1] < 0.2 < history["loss"][0]


def test_the_predictor_shares_the_layers_and_asks_for_no_labels():
    split, model = endpoint_loss_layer.data(), endpoint_loss_layer.model()
    predictor = endpoint_loss_layer.predictor(model)
    assert all(any(w is other for other in model.weights) for w in predictor.weights)
    rows = [array[:50] for array in split.x_test]
    found = predictor.predict(rows[0], verbose=0)
    np.testing.assert_allclose(found, model.predict(rows, verbose=0), rtol=1e-6)


def test_a_part_of_the_functional_network_ends_where_the_penalty_is():
    model = functional_mlp.model()
    part = functional_mlp.representation(model)
    x = functional_mlp.data().x_test[:8]
    assert part.predict(x, verbose=0).shape == (8, 64)
    assert part.get_layer("representation") is model.get_layer("representation")


# -- losses of one's own ---------------------------------------------------------------------------


def test_the_multi_label_loss_at_zero_scores_is_ln_30_and_ln_3():
    t = np.zeros((1, 31))
    t[0, [1, 20]] = 1
    found = multi_label.multi_label_crossentropy(t, np.zeros((1, 31)))
    assert float(found[0]) == pytest.approx(4.49981, abs=1e-5)


@given(targets, logits)
def test_the_multi_label_loss_and_its_gradient_are_the_formulas(t, s):
    found = multi_label.multi_label_crossentropy(t, s)
    others, labels = np.where(t == 0, np.exp(s), 0), np.where(t == 1, np.exp(-s), 0)
    totals = [1 + part.sum(axis=-1, keepdims=True) for part in (others, labels)]
    np.testing.assert_allclose(found, np.log(totals[0] * totals[1])[:, 0], rtol=1e-12)
    slope = grad(lambda s: np.sum(multi_label.multi_label_crossentropy(t, s)))(s).numpy()
    np.testing.assert_allclose(slope, others / totals[0] - labels / totals[1], atol=1e-12)


@given(hnp.arrays("float64", 6, elements=st.floats(-8, 8)), st.integers(0, 5))
def test_with_one_label_that_beats_zero_it_is_almost_softmax_cross_entropy(s, label):
    """L = ln(1 + Σ e^{s_i}) + ln(1 + e^{-s_t}) ≥ ln Σ e^{s_i - s_t}, over all i with the label."""
    t = np.eye(6)[[label]]
    softmax_loss = -np.log(softmax(s[np.newaxis])[0, label])
    assert multi_label.multi_label_crossentropy(t, s[np.newaxis])[0] >= softmax_loss - 1e-12


def test_the_focal_loss_is_kerass_without_alpha():
    random = np.random.default_rng(0)
    p, t = softmax(random.normal(size=(8, 5))), np.eye(5)[random.integers(5, size=8)]
    expected = keras.losses.CategoricalFocalCrossentropy(alpha=1.0, gamma=2.0, reduction="none")
    np.testing.assert_allclose(
        focal_loss.focal_loss(t, p), expected(t.astype("float32"), p.astype("float32")), rtol=1e-5
    )


@pytest.mark.parametrize(("p", "ratio"), [(0.9, 0.01), (0.5, 0.25), (0.1, 0.81)])
def test_the_focal_loss_passes_over_what_is_certain(p, ratio):
    t, q = np.array([[1.0, 0.0]]), np.array([[p, 1 - p]])
    focal = float(focal_loss.focal_loss(t, q)[0])
    assert focal / -math.log(p) == pytest.approx(ratio)
    slope = grad(lambda q: np.sum(focal_loss.focal_loss(t, q)))(q).numpy()[0, 0]
    gamma = focal_loss.GAMMA
    expected = gamma * (1 - p) ** (gamma - 1) * math.log(p) - (1 - p) ** gamma / p
    assert slope == pytest.approx(expected)


@pytest.mark.parametrize("p", [[0.0, 1.0], [1.0, 0.0]])
def test_the_focal_loss_is_finite_at_certainty(p):
    assert np.isfinite(focal_loss.focal_loss(np.array([[1.0, 0.0]]), np.array([p]))).all()


@given(hnp.arrays("float64", 5, elements=st.floats(0.05, 1)), st.sampled_from([0.5, 1.0]))
def test_the_first_loss_is_the_entropy_of_the_prior(shares, tau):
    prior = shares / shares.sum()
    loss = prior_cross_entropy.PriorCrossEntropy(prior, tau).call
    each = loss(np.eye(5), np.zeros((5, 5)))
    if tau == 1.0:
        assert np.sum(prior * each) == pytest.approx(-np.sum(prior * np.log(prior)), rel=1e-6)
    scores, t = np.arange(5.0)[np.newaxis], np.eye(5)[[2]]
    slope = grad(lambda s: np.sum(loss(t, s)))(scores).numpy()
    expected = softmax(scores + tau * np.log(prior + 1e-8)) - t
    np.testing.assert_allclose(slope, expected, atol=1e-12)


def test_the_prior_in_the_loss_helps_the_rare_classes():
    split = prior_cross_entropy.data()
    truth = split.y_test.argmax(axis=-1)
    rare = truth >= 14
    recalls = []
    for adjusted in (True, False):
        model, _ = trained(prior_cross_entropy, prior_cross_entropy.model(adjusted))
        right = model.predict(split.x_test, verbose=0).argmax(axis=-1) == truth
        recalls.append((right.mean(), right[rare].mean()))
    assert recalls[0][0] > recalls[1][0] + 0.02
    assert recalls[0][1] > recalls[1][1] + 0.05


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_pull_to_one_half_is_least_where_the_formula_says(y, other, factor):
    loss = custom_mse.CustomMSE(factor)
    at = (y + factor / 2) / (1 + factor)
    least, elsewhere = (float(loss.call(np.array([[y]]), np.array([[p]]))[0]) for p in (at, other))
    assert least <= elsewhere + 1e-15


def test_sample_weights_tell_one_sample_from_another():
    loss = custom_mse.CustomMSE()
    y, p = np.array([[0.0], [1.0]]), np.array([[0.3], [0.3]])
    each = loss.call(y, p)
    found = float(loss(y, p, sample_weight=np.array([1.0, 0.0])))
    assert found == pytest.approx(each[0] / 2, rel=1e-6)


# -- a metric of one's own -------------------------------------------------------------------------


@given(
    hnp.arrays("float64", (6, 5), elements=st.floats(-9, 9), unique=True),
    st.lists(st.sets(st.integers(0, 4), min_size=2, max_size=2), min_size=6, max_size=6),
    hnp.arrays("float64", 6, elements=st.floats(0.1, 3)),
)
def test_the_top_two_are_counted_by_weight(scores, labels, weights):
    t = np.array([[float(k in pair) for k in range(5)] for pair in labels])
    right = [set(np.argsort(row)[-2:]) == pair for row, pair in zip(scores, labels, strict=True)]
    metric = top_two_metric.TopTwoAccuracy()
    metric.update_state(t[:4], scores[:4], sample_weight=weights[:4])
    metric.update_state(t[4:], scores[4:], sample_weight=weights[4:])
    expected = np.sum(weights * right) / np.sum(weights)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)
    metric.reset_state()
    metric.update_state(t, scores)
    assert float(metric.result()) == pytest.approx(np.mean(right), rel=1e-6)


def test_two_level_labels_belong_together_and_are_unequal():
    data = two_level_labels.load()
    broad, narrow = data.y.T
    assert 0.93 < np.mean(two_level_labels.PARENTS[narrow] == broad) < 0.97
    counts = np.bincount(narrow, minlength=27)
    assert counts[0] > 10 * counts[-1] > 0
    multi_hot = multi_label.data().y
    assert (multi_hot.sum(axis=1) == 2).all()


# -- callbacks -------------------------------------------------------------------------------------


def test_class_weights_multiply_the_odds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model, history = trained(checkpoint_class_weight)
    learnt = model.predict(np.eye(4), verbose=0)[:, 1]
    np.testing.assert_allclose(learnt, checkpoint_class_weight.weighted_shares(), atol=0.08)
    assert (learnt > checkpoint_class_weight.SHARES + 0.05).all()
    assert history["val_loss"][-1] < history["loss"][-1]  # it has no weights


def test_the_best_model_is_in_the_file_for_both_libraries(tmp_path):
    file = str(tmp_path / "best.keras")
    split, model = checkpoint_class_weight.data(), checkpoint_class_weight.model()
    model.fit(
        split.x,
        split.y,
        epochs=5,
        verbose=0,
        callbacks=checkpoint_class_weight.callbacks(file),
        **checkpoint_class_weight.fit_arguments(split),
    )
    best = checkpoint_class_weight.best(file)
    held_out = [part[900:] for part in (split.x, split.y)]
    found = best.evaluate(*held_out, verbose=0, return_dict=True)["loss"]
    assert found == pytest.approx(min(model.history.history["val_loss"]), rel=1e-5)
    theirs = keras_systems.load("checkpoint-class-weight")
    loaded = keras.models.load_model(file, custom_objects={"my_loss": theirs.my_loss})
    np.testing.assert_allclose(
        loaded.predict(split.x_test, verbose=0), best.predict(split.x_test, verbose=0), rtol=1e-6
    )


def test_a_log_has_a_file_for_training_and_one_for_validation(tmp_path):
    split, model = tensorboard_log.data(), tensorboard_log.model()
    model.fit(
        split.x,
        split.y,
        epochs=2,
        verbose=0,
        callbacks=tensorboard_log.callbacks(str(tmp_path)),
        **tensorboard_log.fit_arguments(split),
    )
    for part in ("train", "validation"):
        [file] = Path(tmp_path, part).iterdir()
        assert b"epoch_accuracy" in file.read_bytes()


# -- layers in layers ------------------------------------------------------------------------------


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_the_layer_of_layers_is_two_dense_ones(features, hidden, units):
    x = np.random.default_rng(0).normal(size=(2, 3, features))
    layer = layer_in_layer.OurDense(hidden, units, "tanh", "sigmoid")
    stacked = Sequential(
        [layers.Dense(hidden, activation="tanh"), layers.Dense(units, activation="sigmoid")]
    )
    found = layer(x)
    stacked.build(x.shape)
    stacked.set_weights(layer.get_weights())
    np.testing.assert_allclose(found, stacked(x), rtol=1e-6)
    assert layer.count_params() == features * hidden + hidden + hidden * units + units


class Twice(layers.Layer):
    """Calls one sub-layer twice; another one, which it does not hold, once."""

    def __init__(self, stranger, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Dense(3)
        self.find_stranger = lambda: stranger

    def call(self, x):
        return self.find_stranger()(self.inner(self.inner(x)))


def test_a_sub_layer_counts_once_and_a_stranger_is_not_trained():
    stranger = layers.Dense(1)
    stranger.build((None, 3))
    model = Sequential([Input((3,)), Twice(stranger)])
    before = stranger.get_weights()[0]
    inner = model.layers[0].inner.get_weights()[0]
    assert model.count_params() == 12
    model.compile("sgd", "mse")
    model.fit(np.ones((8, 3)), np.ones((8, 1)), epochs=2, verbose=0)
    np.testing.assert_array_equal(stranger.get_weights()[0], before)
    assert (model.layers[0].inner.get_weights()[0] != inner).any()


# -- sparse representations ------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["function", "class", "layer"])
def test_all_three_ways_of_a_penalty_train_as_in_keras(way):
    theirs = keras_systems.load("sparse-representation")
    with comparison.both_float_types("float64"):
        pair = sparse_representation.model(way), theirs.model(way)
        comparison.copy_weights(*pair)
        split = sparse_representation.data()
        run = comparison.TrainingRun(*pair, split, 32, "float64")
        assert run.compare_gradients(1) < 1e-10
        assert max(run.step() for _ in range(3)) < 1e-10
        assert comparison.worst(pair[0].get_weights(), pair[1].get_weights()) < 1e-8


def test_what_the_book_takes_for_norms_are_sums_of_products():
    """Σ(x xᵀ) and Σ(xᵀ x): the squared sums of columns and of rows, not the sum of squares."""
    x = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert np.sum(x @ x.T) == 0
    assert sparse_representation.L2Penalty(1.0)(x) == 4
    x = np.random.default_rng(0).normal(size=(3, 4))
    assert np.sum(x @ x.T) == pytest.approx(np.sum(x.sum(axis=0) ** 2))
    assert np.sum(x.T @ x) == pytest.approx(np.sum(x.sum(axis=1) ** 2))


def test_an_activity_penalty_is_divided_by_the_batch_size():
    """0.01 · 25 for the kernel of ones and 0.01 · 25 · 10² / 5 for the outputs."""
    layer = layers.Dense(
        5,
        kernel_initializer="ones",
        kernel_regularizer=regularizers.L1(0.01),
        activity_regularizer=regularizers.L2(0.01),
    )
    layer(2 * np.ones((5, 5)))
    assert sum(float(term) for term in layer.losses) == pytest.approx(5.25)


def test_the_penalty_makes_activations_exactly_zero():
    split = sparse_representation.data()
    shares = {True: [], False: []}
    for seed in range(3):
        for sparse, found in shares.items():
            utils.set_random_seed(seed)
            model = sparse_representation.model(sparse=sparse)
            model.fit(split.x, split.y, batch_size=32, epochs=100, verbose=0)
            values = sparse_representation.representation(model, split.x_test)
            found.append(np.mean(values == 0))
    assert np.mean(shares[True]) > np.mean(shares[False]) + 0.1
