"""The four fraud systems, and the arithmetic of rare classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.metrics import roc_auc_score

from numpynn.datasets import credit_card_fraud
from numpynn.plots import roc_curve
from numpynn.systems import (
    fraud_baseline,
    fraud_bias_init,
    fraud_class_weight,
    fraud_oversampling,
    load,
)

FRAUDS, PAYMENTS = 492, 284_807


def first_loss(model, split):
    return model.evaluate(split.x, split.y, batch_size=2**15, verbose=0, return_dict=True)["loss"]


# -- the data --------------------------------------------------------------------------------------


def test_payments_are_split_as_in_the_book():
    split = fraud_baseline.data()
    assert split.x.shape == (182_276, 29)
    assert split.validation[0].shape == (45_569, 29)
    assert split.x_test.shape == (56_962, 29)
    assert len(credit_card_fraud.FEATURES) == 30


def test_features_are_standardised_by_the_training_part_and_cut_off():
    split = fraud_baseline.data()
    np.testing.assert_allclose(split.x.mean(axis=0), 0, atol=0.02)  # the cut moves it a little
    assert max(np.abs(part).max() for part in (split.x, split.x_test)) == 5
    assert np.abs(split.x_test.mean(axis=0)).max() > np.abs(split.x.mean(axis=0)).max()


def test_frauds_are_repeated_until_both_classes_are_equal():
    split, before = fraud_oversampling.data(), fraud_baseline.data()
    assert np.bincount(split.y).tolist() == [np.sum(before.y == 0)] * 2
    frauds = {row.tobytes() for row in before.x[before.y == 1]}
    assert {row.tobytes() for row in split.x[split.y == 1]} <= frauds
    assert split.x_test is before.x_test
    assert split.validation is before.validation


def test_the_published_form_is_read(tmp_path, monkeypatch):
    folder = tmp_path / "credit-card-fraud"
    folder.mkdir()
    names = ",".join(f'"{name}"' for name in (*credit_card_fraud.FEATURES, "Class"))
    rows = [",".join([*map(str, range(30)), f'"{label}"']) for label in (0, 1, 0)]
    (folder / "creditcard.csv").write_text("\n".join([names, *rows]))
    monkeypatch.setenv("NUMPYNN_DATA", str(tmp_path))
    data = credit_card_fraud.load()
    assert data.source == "published"
    assert data.x.shape == (3, 30)
    assert data.y.tolist() == [0, 1, 0]
    credit_card_fraud._parse.cache_clear()
    (folder / "creditcard.csv").write_text("\n".join(["a,b", "1,2"]))
    with pytest.raises(ValueError, match="expected 31 columns, Time.* got 2"):
        credit_card_fraud.load()
    (folder / "creditcard.csv").write_text("\n".join([names, rows[0], "1,x"]))
    with pytest.raises(ValueError, match="expected numbers between commas"):
        credit_card_fraud.load()


# -- the bias --------------------------------------------------------------------------------------


@given(st.integers(1, 999))
def test_the_sigmoid_of_the_careful_bias_is_the_share_of_positives(positives):
    y = np.arange(1000) < positives
    bias, share = fraud_bias_init.log_odds(y), positives / 1000
    assert 1 / (1 + math.exp(-bias)) == pytest.approx(share)
    assert bias == pytest.approx(-math.log(1 / share - 1))  # with the sign that the book drops once


def test_the_books_bias_and_entropy():
    y = np.arange(PAYMENTS) < FRAUDS
    assert fraud_bias_init.log_odds(y) == pytest.approx(-6.359359, abs=1e-6)
    assert fraud_bias_init.prior_entropy(y) == pytest.approx(0.0127147, abs=1e-7)


def test_without_kernels_the_first_loss_is_ln_2_or_the_entropy_of_the_prior():
    split = fraud_bias_init.data()
    zero, careful = fraud_bias_init.pair()
    for model in (zero, careful):
        model.layers[-1].kernel.assign(np.zeros((16, 1)))
    assert first_loss(zero, split) == pytest.approx(math.log(2), rel=1e-6)
    entropy = fraud_bias_init.prior_entropy(split.y)
    assert first_loss(careful, split) == pytest.approx(entropy, rel=1e-4)


def test_the_careful_bias_lowers_the_early_loss():
    split = fraud_bias_init.data()
    zero, careful = fraud_bias_init.pair()
    np.testing.assert_array_equal(zero.layers[0].kernel, careful.layers[0].kernel)
    np.testing.assert_array_equal(zero.layers[-1].kernel, careful.layers[-1].kernel)
    losses = [
        model.fit(
            split.x, split.y, batch_size=2048, validation_data=split.validation, verbose=0
        ).history
        for model in (zero, careful)
    ]
    for name in ("loss", "val_loss"):
        assert losses[1][name][0] < 0.3 * losses[0][name][0]
    assert losses[1]["val_loss"][0] < losses[1]["loss"][0]  # dropout is off in validation


# -- the weights -----------------------------------------------------------------------------------


def test_the_books_class_weights():
    weights = fraud_class_weight.class_weight(np.arange(PAYMENTS) < FRAUDS)
    assert weights[0] == pytest.approx(0.500865, abs=1e-6)
    assert weights[1] == pytest.approx(289.438, abs=1e-3)


@given(st.integers(1, 99))
def test_weighted_classes_weigh_the_same_in_all(positives):
    y = np.arange(100) < positives
    weights = fraud_class_weight.class_weight(y)
    assert weights[1] * positives == pytest.approx(weights[0] * (100 - positives)) == 50


def test_the_weighted_loss_divides_by_the_number_of_samples():
    split = fraud_class_weight.data()
    chosen = np.append(np.flatnonzero(split.y == 1)[:8], np.flatnonzero(split.y == 0)[:56])
    x, y = split.x[chosen], split.y[chosen]
    weights = fraud_class_weight.class_weight(split.y)
    model = fraud_class_weight.model()
    p = model.predict(x, verbose=0)[:, 0].astype("float64")
    each = np.where(y == 1, -weights[1] * np.log(p), -weights[0] * np.log1p(-p))
    sample_weight = np.where(y == 1, weights[1], weights[0])
    found = model.evaluate(x, y, 64, sample_weight=sample_weight, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(each.sum() / 64, rel=1e-5)


def test_the_validation_loss_knows_no_weights_and_is_least_at_the_start():
    split = fraud_class_weight.data()
    history = (
        fraud_class_weight.model()
        .fit(
            split.x,
            split.y,
            batch_size=2048,
            epochs=3,
            verbose=0,
            **load("fraud-class-weight").fit_arguments(split),
        )
        .history
    )
    assert history["val_loss"][0] < history["val_loss"][2]
    assert history["loss"][2] < history["loss"][0]


# -- the figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tp", "fp", "balanced", "accuracy"),
    [(88, 5, 0.8760, 0.9994), (104, 779, 0.9376, 0.9861), (102, 328, 0.9330, 0.9940)],
)
def test_the_books_three_pairs_of_figures_are_of_one_test_set(tp, fp, balanced, accuracy):
    """117 frauds among 56962 payments explain all three."""
    counts = {"tp": tp, "fn": 117 - tp, "fp": fp, "tn": 56_962 - 117 - fp}
    assert fraud_baseline.measure(counts) == pytest.approx(balanced, abs=1e-4)
    assert (counts["tp"] + counts["tn"]) / 56_962 == pytest.approx(accuracy, abs=1e-4)


def test_who_accuses_nobody_is_accurate_and_useless():
    counts = {"tp": 0, "fn": FRAUDS, "fp": 0, "tn": PAYMENTS - FRAUDS}
    assert counts["tn"] / PAYMENTS > 0.998
    assert fraud_baseline.measure(counts) == 0.5


def test_few_batches_of_2048_have_no_fraud_and_most_of_32():
    none = [(1 - FRAUDS / PAYMENTS) ** size for size in (32, 2048)]
    np.testing.assert_allclose(none, [0.946, 0.029], atol=5e-4)


def test_every_run_gets_its_own_early_stopping():
    first, again = fraud_baseline.callbacks(), fraud_baseline.callbacks()
    assert first[0] is not again[0]
    assert load("fraud-class-weight").callbacks() == []


@given(
    hnp.arrays("int64", 20, elements=st.integers(0, 1)),
    hnp.arrays("int64", 20, elements=st.integers(0, 9)),
)
def test_the_area_under_the_curve_is_scikit_learns(labels, scores):
    assume(0 < labels.sum() < len(labels))  # one draw in half a million
    false_rate, true_rate, area = roc_curve(labels, scores / 10)
    assert area == pytest.approx(roc_auc_score(labels, scores))
    for rate in (false_rate, true_rate):
        assert rate[0] == 0
        assert rate[-1] == 1
        assert (np.diff(rate) >= 0).all()
