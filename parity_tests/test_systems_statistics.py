"""The systems of chapter 15 and appendix B, and what the course claims about them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from numpynn.autograd import grad
from numpynn.datasets import k_folds
from numpynn.systems import constrained_descent as bowl
from numpynn.systems import curse_of_dimensionality as curse
from numpynn.systems import least_squares as line
from numpynn.systems import naive_bayes as bayes
from numpynn.systems import polynomial_capacity as polynomials
from numpynn.systems import smooth_functions as smooth


def run(module, steps=None):
    """What a procedure has learnt at the end of its recipe."""
    quantity = module.start()
    for t in range(module.STEPS if steps is None else steps):
        quantity, _ = module.step(quantity, t)
    return quantity


# -- least squares ---------------------------------------------------------------------------------

numbers = st.floats(-5, 5)


@given(
    hnp.arrays("float64", (12, 3), elements=numbers),
    hnp.arrays("float64", 12, elements=numbers),
    st.floats(1e-2, 10),
)
def test_the_rows_below_x_make_of_ridge_an_ordinary_problem(x, y, decay):
    by_equations = np.linalg.solve(x.T @ x + len(x) * decay * np.eye(3), x.T @ y)
    np.testing.assert_allclose(line.closed_form(x, y, decay), by_equations, rtol=1e-8, atol=1e-9)


def test_without_decay_it_is_ordinary_least_squares():
    x, y = line.standardised()
    expected = np.linalg.lstsq(x, y)[0]
    np.testing.assert_allclose(line.closed_form(x, y, 0.0), expected, rtol=1e-11)


def test_the_lasso_has_a_slope_within_the_penalty_everywhere():
    """At the minimum -∂MSE/∂β_j = λ sign(β_j), or lies between -λ and λ where β_j = 0."""
    x, y = line.standardised()
    found = line.coordinate_descent(x, y, line.LASSO)
    slope = 2 * x.T @ (x @ found - y) / len(x)
    used = found != 0
    np.testing.assert_allclose(-slope[used], line.LASSO * np.sign(found[used]), rtol=1e-9)
    assert (np.abs(slope[~used]) < line.LASSO).all()


def test_descent_finds_all_three_and_only_the_lasso_drops_measurements():
    found = run(line)
    assert line.measure(found) < 1e-3
    assert (found == 0).sum(axis=1).tolist() == [0, 0, 4]
    ordinary, ridge, _ = np.linalg.norm(found, axis=1)
    assert ridge < 0.7 * ordinary  # shrunk, none to zero


def test_the_smallest_eigenvalue_sets_the_pace_of_least_squares():
    x, _ = line.standardised()
    eigenvalues = np.linalg.eigvalsh(x.T @ x / len(x))
    assert eigenvalues[-1] / eigenvalues[0] == pytest.approx(470, rel=0.01)
    distances = []
    for steps in (1000, 1500):
        distances.append(np.linalg.norm(run(line, steps)[0] - line.solutions()[0]))
    predicted = (1 - eigenvalues[0] / eigenvalues[-1]) ** 500
    assert distances[1] / distances[0] == pytest.approx(predicted, rel=1e-6)


def test_ridge_shares_the_weight_of_equal_columns_and_least_squares_cannot():
    x, y = line.standardised()
    twice = np.concatenate([x, x[:, 2:3]], axis=1)
    assert np.linalg.matrix_rank(twice) == x.shape[1]
    found = line.closed_form(twice, y, 0.1)
    assert found[2] == pytest.approx(found[-1], rel=1e-9)


def test_a_step_beyond_two_over_l_diverges(monkeypatch):
    one_over_l = line.step_size()
    for factor, converges in ((1.9, True), (2.1, False)):
        monkeypatch.setattr(line, "step_size", lambda f=factor: f * one_over_l)
        found = run(line, 300)[1]
        assert (np.abs(found).max() < 1) == converges
        monkeypatch.undo()


@given(st.floats(-5, 5), st.floats(0, 3), st.floats(-5, 5))
def test_the_soft_threshold_is_a_minimum(z, threshold, other):
    def cost(b):
        return (b - z) ** 2 / 2 + threshold * abs(b)

    assert cost(line.soft_threshold(z, threshold)) <= cost(other) + 1e-12


# -- capacity --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def capacity():
    return polynomials.unpack(run(polynomials))


def test_the_features_are_orthonormal():
    nodes, weights = np.polynomial.legendre.leggauss(20)
    phi = polynomials.features(nodes)
    np.testing.assert_allclose((phi.T * weights / 2) @ phi, np.eye(10), atol=1e-13)


def test_training_error_is_below_the_error_on_new_points(capacity):
    for seen, new in (capacity.degrees, capacity.decays):
        assert (seen < new).all()


def test_training_error_falls_with_the_degree_and_the_other_falls_and_rises(capacity):
    seen, new = capacity.degrees
    assert (np.diff(seen, axis=1) < 0).all()
    best = new.argmin(axis=1)
    for row, turn in zip(new, best, strict=True):
        assert (np.diff(row[: turn + 1]) < 0).all()
        assert (np.diff(row[turn:]) > 0).all()


def test_more_points_raise_training_error_and_lower_the_other(capacity):
    seen, new = capacity.degrees[:, :, 5]
    assert (np.diff(seen) > 0).all()
    assert (np.diff(new) < 0).all()
    assert seen[-1] < polynomials.NOISE**2 < new[-1]


def test_the_best_degree_grows_with_the_sample(capacity):
    assert capacity.degrees[1].argmin(axis=1).tolist() == [3, 4, 5, 5, 5]


def test_little_weight_decay_over_fits_and_much_under_fits(capacity):
    seen, new = capacity.decays
    best = new.argmin()
    assert 0 < best < len(new) - 1
    assert new[0] > 1.9 * new[best]
    assert new[-1] > 1.5 * new[best]
    assert seen[-1] > 4 * seen[0]


def test_what_is_tuned_on_the_training_set_is_the_most_flexible(capacity):
    assert capacity.decays[0].argmin() == 0
    assert (capacity.degrees[0].argmin(axis=1) == polynomials.DEGREE).all()


@given(st.integers(2, 40), st.data())
def test_folds_measure_every_row_once(n, data):
    k = data.draw(st.integers(2, n))
    parts = list(k_folds(n, k))
    assert sorted(np.concatenate([held_out for _, held_out in parts])) == list(range(n))
    assert all(sorted([*train, *held_out]) == list(range(n)) for train, held_out in parts)
    assert max(len(h) for _, h in parts) - min(len(h) for _, h in parts) <= 1


@pytest.mark.parametrize("k", [0, 1, 6])
def test_folds_that_cannot_be_are_refused(k):
    with pytest.raises(ValueError, match=f"between 2 and the 5 rows, got {k}"):
        next(k_folds(5, k))


def test_cross_validation_varies_less_than_one_held_out_part():
    """Of forty samples: the spread of the estimated error of the quadratic, by 1 and by 5 parts."""
    single, folded = [], []
    for t in range(200):
        x, y = polynomials.sample(t, 40)
        train, held_out = next(k_folds(len(x), 5, seed=t))
        phi = polynomials.features(x)
        weights = polynomials.fit(
            phi[train], y[train], polynomials.allowed()[2:3], np.full(1, polynomials.BARELY)
        )
        single.append(np.mean(np.square(weights[0] @ phi[held_out].T - y[held_out])))
        folded.append(polynomials.validated(x, y, 5, seed=t)[2])
    assert np.mean(folded) == pytest.approx(np.mean(single), rel=0.1)
    assert np.std(folded) < 0.6 * np.std(single)


# -- constrained descent ---------------------------------------------------------------------------


def test_at_the_solution_the_slope_points_straight_inwards():
    slope = bowl.slope(bowl.SOLUTION)
    np.testing.assert_allclose(slope, -bowl.MULTIPLIER * bowl.SOLUTION, atol=1e-14)
    assert np.linalg.norm(bowl.SOLUTION) == pytest.approx(1)
    by_engine = grad(lambda x: np.sum(bowl.value(x)))(bowl.inputs()).numpy()
    np.testing.assert_allclose(bowl.slope(bowl.inputs()), by_engine, rtol=1e-13)


points = hnp.arrays("float64", (1, 2), elements=st.floats(-10, 10))


@given(points, points)
def test_the_projection_is_the_nearest_point_of_the_ball(v, other):
    nearest, inside = bowl.project(v), bowl.project(other)
    assert np.linalg.norm(nearest) <= 1 + 1e-15
    assert np.sum((v - nearest) * (inside - nearest)) <= 1e-12
    np.testing.assert_allclose(bowl.project(nearest), nearest, rtol=1e-15)


def test_projection_arrives_and_shorter_steps_stop_at_the_wall():
    free, projected, shortened = run(bowl)
    np.testing.assert_allclose(free, bowl.CENTRE, atol=1e-3)
    np.testing.assert_allclose(projected, bowl.SOLUTION, atol=1e-12)
    assert np.linalg.norm(shortened) == pytest.approx(1, abs=1e-9)
    assert np.linalg.norm(shortened - bowl.SOLUTION) > 0.2
    assert bowl.value(shortened) > 1.1 * bowl.value(bowl.SOLUTION)


@pytest.mark.parametrize(
    ("start", "end"), [(-2.0, -1.473), (0.1, -1.473), (0.15, 1.347), (2.0, 1.347)]
)
def test_descent_ends_in_the_valley_where_it_starts(start, end):
    """f(x) = x⁴/4 - x² + x/4 has two valleys, the deeper one at -1.47."""
    x = np.array([start])
    for _ in range(500):
        x = x - 0.05 * grad(lambda x: np.sum(x**4 / 4 - x**2 + x / 4))(x).numpy()
    np.testing.assert_allclose(x, end, atol=1e-3)


# -- naive Bayes -----------------------------------------------------------------------------------


def test_a_class_is_as_likely_as_its_words_together():
    counts = np.array([[3.0, 0.0, 1.0, 2.0], [0.0, 4.0, 0.0, 1.0]])  # the last: documents
    x = np.array([[1.0, 0.0, 2.0]])
    alpha = bayes.SMOOTHING
    words = (counts[:, :3] + alpha) / (counts[:, :3] + alpha).sum(axis=1, keepdims=True)
    prior = (counts[:, 3] + alpha) / (counts[:, 3] + alpha).sum()
    expected = prior * words[:, 0] * words[:, 2] ** 2
    np.testing.assert_allclose(np.exp(bayes.log_joint(counts, x))[0], expected, rtol=1e-13)


def test_a_product_of_probabilities_underflows_and_its_logarithm_does_not():
    counts, x = bayes.all_counts(), bayes.inputs()
    longest = x[x.sum(axis=1).argmax()][np.newaxis]
    words = counts[:, :-1] + bayes.SMOOTHING
    likelihood = words / words.sum(axis=1, keepdims=True)
    assert (np.prod(likelihood ** (5 * longest), axis=1) == 0).all()
    assert np.isfinite(bayes.log_joint(counts, 5 * longest)).all()


def test_without_smoothing_an_unseen_word_forbids_a_class():
    counts = np.array([[3.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    with np.errstate(divide="ignore"):
        found = bayes.log_joint(counts, np.array([[1.0, 1.0]]), smoothing=0.0)
    assert np.isneginf(found[0, 0])
    assert np.isfinite(found[0, 1])


@given(st.permutations(range(8)))
def test_the_order_of_counting_does_not_matter(order):
    found, expected = bayes.start(), bayes.start()
    for i, t in enumerate(order):
        found, _ = bayes.step(found, t)
        expected, _ = bayes.step(expected, i)
    np.testing.assert_array_equal(found, expected)


def test_one_pass_of_counting_is_right_for_most_of_the_test_documents():
    counts = bayes.all_counts()
    train, labels, _, _ = bayes.documents()
    assert counts[:, -1].tolist() == np.bincount(labels).tolist()
    assert counts[:, :-1].sum() == train.sum()
    assert bayes.measure(counts) > 0.95
    assert bayes.measure(bayes.start()) < 0.5


def test_no_correlation_is_not_independence():
    """x uniform in [-1, 1] and y = s x, the sign s by a fair coin: Cov(x², y²) = 4/45."""
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, 200_000)
    y = random.choice([-1.0, 1.0], len(x)) * x
    assert np.cov(x, y)[0, 1] == pytest.approx(0, abs=5e-3)
    assert np.cov(x**2, y**2)[0, 1] == pytest.approx(4 / 45, rel=0.02)


# -- the curse of dimensionality -------------------------------------------------------------------


@pytest.fixture(scope="module")
def dimensions():
    return run(curse)


def test_accuracy_rises_with_the_features_and_falls_again(dimensions):
    for row in dimensions[:2]:
        assert 0 < row.argmax() < len(row) - 1
        assert row.max() - row[-1] > 0.1
    assert (np.diff(dimensions[2]) < 0).all()  # the contrast of distances
    assert dimensions[2, -1] < 0.07


def test_the_nearest_mean_is_as_right_as_trunk_says(dimensions):
    """200 experiments of 50 decisions with one estimate each: a standard error of about 1 %."""
    expected = [curse.expected(size) for size in curse.SIZES]
    np.testing.assert_allclose(dimensions[0, 2:], expected[2:], atol=0.02)


def test_who_knows_the_means_gains_by_every_feature():
    known = [curse.expected(size, samples=10**9) for size in curse.SIZES]
    assert (np.diff(known) > 0).all()
    assert known[-1] == pytest.approx((1 + math.erf(math.sqrt(7.4855 / 2))) / 2, rel=1e-4)


def test_decisions_are_the_same_in_either_float_type():
    found = {dtype: curse.start().astype(dtype) for dtype in ("float32", "float64")}
    for dtype, means in found.items():
        for t in range(20):
            means, _ = curse.step(means, t)
        found[dtype] = means
    np.testing.assert_allclose(found["float32"][:2], found["float64"][:2], atol=1e-6)


@pytest.mark.parametrize(("features", "samples"), [(1, 20), (2, 100), (3, 1000)])
def test_samples_occupy_as_many_cells_as_expected(features, samples):
    random = np.random.default_rng(0)
    shares = [
        len({tuple(cell) for cell in random.integers(0, 10, (samples, features))}) / 10**features
        for _ in range(50)
    ]
    assert np.mean(shares) == pytest.approx(curse.occupied(features, samples), rel=0.03)


# -- smooth functions ------------------------------------------------------------------------------

COURSE = np.array([2.0, 1.0, 3.0, 5.0, 4.0])


@pytest.mark.parametrize(
    ("sharpness", "maximum", "place"),
    [(1, 5.4519, 4.0296), (2, 5.0727, 4.0942), (5, 5.00135, 4.0066), (10, 5.0000045, 4.00005)],
)
def test_the_courses_example_of_a_smooth_maximum(sharpness, maximum, place):
    assert smooth.smooth_max(COURSE, sharpness) == pytest.approx(maximum, rel=1e-5)
    assert smooth.smooth_argmax(COURSE, sharpness) + 1 == pytest.approx(place, abs=1e-4)


def test_the_softmax_of_the_courses_example():
    found = smooth.smooth_one_hot(COURSE, 1)
    np.testing.assert_allclose(found, [0.0317, 0.0117, 0.0861, 0.6364, 0.2341], atol=5e-5)


rows = hnp.arrays("float64", st.integers(2, 8), elements=st.floats(-20, 20))


@given(rows, st.floats(0.1, 50))
def test_the_smooth_maximum_is_a_little_too_large_and_softmax_its_gradient(x, sharpness):
    found = float(smooth.smooth_max(x, sharpness))
    assert x.max() - 1e-12 <= found <= x.max() + math.log(len(x)) / sharpness + 1e-12
    slope = grad(lambda x: smooth.smooth_max(x, sharpness))(x).numpy()
    np.testing.assert_allclose(slope, smooth.smooth_one_hot(x, sharpness), atol=1e-12)


labels = hnp.arrays("float64", 10, elements=st.sampled_from([0.0, 1.0]))
probabilities = hnp.arrays("float64", 10, elements=st.floats(0.01, 0.99))


@given(labels, labels, st.sampled_from([0.5, 1.0, 2.0]))
def test_of_hard_decisions_the_smooth_scores_are_the_scores(t, p, beta):
    t[0] = p[0] = 1.0
    both, true, said = (t * p).sum(), t.sum(), p.sum()
    precision, recall = both / said, both / true
    expected = (1 + beta**2) * precision * recall / (beta**2 * precision + recall)
    assert smooth.smooth_f(t, p, beta) == pytest.approx(expected)
    assert smooth.smooth_recall(t, p) == pytest.approx(recall)
    assert smooth.smooth_accuracy(t, p) == pytest.approx(np.mean(t == p))


@given(labels, probabilities)
def test_the_gradient_of_f1_is_the_quotient_rules(t, p):
    t[0] = 1.0
    numerator, denominator = 2 * (t * p).sum(), (t + p).sum()
    expected = (2 * t * denominator - numerator) / denominator**2
    found = grad(lambda p: smooth.smooth_f(t, p))(p).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(labels, probabilities)
def test_cross_entropy_bounds_the_smooth_accuracy(t, p):
    cross_entropy = -np.mean(t * np.log(p) + (1 - t) * np.log(1 - p))
    assert cross_entropy >= -math.log(smooth.smooth_accuracy(t, p)) - 1e-12


def test_cross_entropy_may_fall_while_accuracy_falls():
    before, after = np.array([0.51, 0.51, 0.51, 0.05]), np.array([0.49, 0.49, 0.99, 0.45])
    losses = [-np.mean(np.log(p)) for p in (before, after)]
    np.testing.assert_allclose(losses, [1.254, 0.559], atol=1e-3)
    assert [np.mean(p > 0.5) for p in (before, after)] == [0.75, 0.25]


def test_a_hard_accuracy_teaches_nothing():
    x = np.array([0.3, -0.2])
    assert (grad(lambda x: np.mean((x > 0).astype(float) + 0 * x))(x).numpy() == 0).all()


def test_each_line_is_best_at_what_it_was_learnt_for():
    scores = smooth.scores(run(smooth))
    cross_entropy, accuracy, f1 = scores
    assert f1[2] > max(cross_entropy[2], accuracy[2])
    assert f1[1] > 1.3 * cross_entropy[1] > accuracy[1]
