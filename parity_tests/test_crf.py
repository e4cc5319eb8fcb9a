"""CRF against all paths one by one, against its twin in Keras, in training and in files."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import (
    BARS,
    FLOAT_TYPES,
    array,
    both_float_types,
    derived,
    filled,
    hold,
    hold_gradients,
    normal,
    on_both,
)
from standin import StandIn

import kerasref.layers
import numpynn
from numpynn import layers
from numpynn.autograd import vjp
from numpynn.layers.crf.partition import log_partition
from numpynn.layers.crf.viterbi import best_path

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
TWINS = {numpynn: layers.CRF, keras: kerasref.layers.CRF}


@st.composite
def chains(draw: Any, most: int = 4) -> dict[str, Any]:
    """Emissions, weights, tags and a mask: none, of lengths, or any, with empty rows."""
    batch, steps, k = (draw(st.integers(1, n)) for n in (3, most, 3))
    scale = draw(st.sampled_from([0.0, 1.0, 3.0]))
    kind = draw(st.sampled_from(["none", "lengths", "any"]))
    mask = None
    if kind == "lengths":
        lengths = draw(hnp.arrays(int, batch, elements=st.integers(0, steps)))
        mask = np.arange(steps) < lengths[:, None]
    elif kind == "any":
        mask = draw(hnp.arrays(bool, (batch, steps)))
    return {
        "emissions": draw(filled((batch, steps, k))),
        "weights": [scale * draw(filled(shape, -1.0, 1.0)) for shape in ((k, k), (k,), (k,))],
        "tags": draw(hnp.arrays(np.int64, (batch, steps), elements=st.integers(0, k - 1))),
        "mask": mask,
    }


def layer_of(library: Any, weights: Any, **options: Any) -> Any:
    layer = TWINS[library](**options)
    layer.build((None, None, len(weights[0])))
    layer.set_weights(weights)
    return layer


def paths_of(chain: dict[str, Any], number: int) -> tuple[list[Any], Any, Any]:
    """Of one sequence: the steps that count, all paths over them, and their scores."""
    e, (transitions, start, end), mask = chain["emissions"], chain["weights"], chain["mask"]
    steps = [t for t in range(e.shape[1]) if mask is None or mask[number, t]]
    paths = list(itertools.product(range(e.shape[2]), repeat=len(steps)))
    scores = []
    for path in paths:
        score = sum(e[number, t, tag] for t, tag in zip(steps, path, strict=True))
        score += sum(transitions[i, j] for i, j in itertools.pairwise(path))
        scores.append(score + (start[path[0]] + end[path[-1]] if path else 0.0))
    return steps, np.array(paths, int).reshape(len(paths), len(steps)), np.array(scores)


# -- all paths, one by one -------------------------------------------------------------------------


@given(chain=chains())
def test_the_chain_knows_all_paths(chain: dict[str, Any]) -> None:
    e, tags, mask = chain["emissions"], chain["tags"], chain["mask"]
    layer = layer_of(numpynn, chain["weights"], dtype="float64")
    total = layer.log_partition(e, mask).numpy()
    score, loss = layer.score(tags, e, mask).numpy(), layer.negative_log_likelihood(tags, e, mask)
    marginals, decoded = layer.marginals(e, mask).numpy(), layer.decode(e, mask).numpy()
    for number in range(len(e)):
        steps, paths, scores = paths_of(chain, number)
        expected = np.log(np.sum(np.exp(scores)))
        hold(total[number], expected, 1e-12)
        [this] = np.flatnonzero((paths == tags[number, steps]).all(axis=1))
        hold(score[number], scores[this], 1e-12)
        hold(loss[number], expected - scores[this], 1e-12)
        expected_marginals = np.zeros(e.shape[1:])
        for path, p in zip(paths, np.exp(scores - expected), strict=True):
            expected_marginals[steps, path] += p
        hold(marginals[number], expected_marginals, 1e-12)
        [found] = np.flatnonzero((paths == decoded[number, steps]).all(axis=1))
        assert scores[found] >= scores.max() - 1e-12
        assert not np.delete(decoded[number], steps).any()


def test_a_chain_of_two_steps_by_hand() -> None:
    layer = layer_of(numpynn, [np.log([[1.0, 2.0], [3.0, 4.0]]), np.zeros(2), np.zeros(2)])
    e = np.zeros((1, 2, 2))
    assert layer.log_partition(e).numpy().item() == pytest.approx(np.log(10.0))
    assert layer.score([[1, 0]], e).numpy().item() == pytest.approx(np.log(3.0))
    assert layer.decode(e).tolist() == [[1, 1]]
    hold(layer.marginals(e), np.array([[[0.3, 0.7], [0.4, 0.6]]]), 1e-6)


def test_without_transitions_each_step_is_a_softmax() -> None:
    e, tags = normal(0, 3, 5, 4), np.arange(15).reshape(3, 5) % 4
    layer = layer_of(numpynn, [np.zeros((4, 4))], use_boundary=False, dtype="float64")
    p = np.exp(e) / np.exp(e).sum(axis=-1, keepdims=True)
    hold(layer.marginals(e), p, 1e-12)
    chosen = np.take_along_axis(p, tags[..., None], axis=2)[..., 0]
    hold(layer.negative_log_likelihood(tags, e), -np.log(chosen).sum(axis=1), 1e-12)
    np.testing.assert_array_equal(layer.decode(e), e.argmax(axis=-1))


def test_of_equal_paths_the_first_is_taken() -> None:
    zeros = np.zeros(3)
    found = best_path(np.zeros((1, 4, 3)), np.zeros((3, 3)), zeros, zeros, np.ones((1, 4), bool))
    assert found.tolist() == [[0, 0, 0, 0]]


# -- Keras -----------------------------------------------------------------------------------------


@each_float_type
@given(chain=chains())
@example(
    chain={
        "emissions": np.ones((2, 3, 2)),
        "weights": [np.eye(2), np.zeros(2), np.zeros(2)],
        "tags": np.array([[0, 1, 1], [1, 1, 0]]),
        "mask": np.array([[False, True, False], [False, False, False]]),
    }
)
def test_the_likelihood_and_its_gradients_match_keras(dtype: str, chain: dict[str, Any]) -> None:
    e, tags, mask = chain["emissions"].astype(dtype), chain["tags"], chain["mask"]
    with both_float_types(dtype):
        results, decoded = [], []
        for library in (numpynn, keras):
            layer = layer_of(library, chain["weights"])
            given_mask = None if mask is None else library.ops.convert_to_tensor(mask)

            def compute(e: Any, layer: Any = layer, mask: Any = given_mask) -> Any:
                return layer.negative_log_likelihood(tags, e, mask)

            results.append(derived(library, compute, [e], layer.weights))
            decoded.append(array(layer.decode(library.ops.convert_to_tensor(e), given_mask)))
    (value, gradients), (expected, expected_gradients) = results
    assert value.dtype == expected.dtype == dtype
    hold(value, expected, BARS[dtype]["forward"])
    hold_gradients(gradients, expected_gradients, BARS[dtype]["gradient"])
    if dtype == "float64":
        np.testing.assert_array_equal(decoded[0], decoded[1])


@given(chain=chains(most=6), scale=st.sampled_from([1.0, 50.0, 1e3]))
@each_float_type
def test_both_ways_to_walk_are_one(dtype: str, chain: dict[str, Any], scale: float) -> None:
    """Transitions far apart are not multiplied as exponentials, which would underflow."""
    weights = [w.astype(dtype) for w in chain["weights"]]
    weights[0] = weights[0] * np.asarray(scale, dtype)
    arguments = [chain["emissions"].astype(dtype), *weights]
    found, pull = vjp(lambda *x: log_partition(*x, chain["mask"]), *arguments)
    expected, pull_plain = vjp(lambda *x: log_partition.plain(*x, chain["mask"]), *arguments)
    v = normal(0, *found.shape).astype(dtype)
    hold(found, expected, BARS[dtype]["forward"])
    hold(pull(v), pull_plain(v), BARS[dtype]["gradient"])


def test_forbidden_transitions_have_no_share() -> None:
    e, zeros = normal(0, 1, 4, 2), np.zeros(2)
    transitions = np.array([[0.0, 0.0], [-np.inf, 0.0]])  # once in 1, always in 1
    y, pull = vjp(lambda e, a: log_partition(e, a, zeros, zeros), e, transitions)
    paths = [[0] * n + [1] * (4 - n) for n in range(5)]
    scores = [e[0, np.arange(4), path].sum() for path in paths]
    hold(y, np.log([np.sum(np.exp(scores))]), 1e-12)
    of_emissions, of_transitions = (part.numpy() for part in pull(np.ones(1)))
    assert of_transitions[1, 0] == 0.0 and of_transitions.sum() == pytest.approx(3.0)
    hold(of_emissions.sum(axis=-1), np.ones((1, 4)), 1e-12)
    decoded = best_path(e, transitions, zeros, zeros, np.ones((1, 4), bool))[0].tolist()
    assert decoded == paths[int(np.argmax(scores))]


@pytest.mark.parametrize("steps", [200, 2000])
def test_long_chains_stay_finite(steps: int) -> None:
    e, a = 100.0 * normal(0, 1, steps, 3).astype("float32"), normal(1, 3, 3).astype("float32")
    y, pull = vjp(lambda e: log_partition(e, a, a[0], a[1]), e)
    marginals = pull(np.ones(1, "float32"))[0].numpy()
    assert np.isfinite(y.numpy()).all()
    hold(marginals.sum(axis=-1), np.ones((1, steps)), 1e-3)


# -- masks -----------------------------------------------------------------------------------------


@given(chain=chains(), steps=st.integers(0, 3))
def test_what_does_not_count_might_not_be_there(chain: dict[str, Any], steps: int) -> None:
    e, tags = chain["emissions"], chain["tags"]
    mask = np.ones(e.shape[:2], bool) if chain["mask"] is None else chain["mask"]
    layer = layer_of(numpynn, chain["weights"], dtype="float64")
    longer = np.pad(np.where(mask[..., None], e, np.nan), ((0, 0), (steps, 0), (0, 0)))
    more, longer_tags = (np.pad(a, ((0, 0), (steps, 0))) for a in (mask, tags - 9 * ~mask))
    found = layer.negative_log_likelihood(longer_tags, longer, more)
    hold(found, layer.negative_log_likelihood(tags, e, mask), 1e-12)
    for number in range(len(e)):
        kept = e[number : number + 1, mask[number]]
        if kept.shape[1]:
            alone = layer.decode(kept).numpy()[0]
            np.testing.assert_array_equal(layer.decode(longer, more)[number][more[number]], alone)


def test_the_mask_of_the_emissions_is_used() -> None:
    ids, table = np.array([[1, 2, 0, 0], [2, 1, 1, 0]]), normal(0, 3, 2)
    e = layers.Embedding(3, 2, weights=table, mask_zero=True, dtype="float64")(ids)
    layer = layer_of(numpynn, [normal(1, 2, 2), normal(2, 2), normal(3, 2)], dtype="float64")
    y = layer(e)
    np.testing.assert_array_equal(y.mask, ids != 0)
    assert y.numpy() is e.numpy()
    for method in (layer.log_partition, layer.marginals, layer.decode):
        hold(method(y), method(e.numpy(), ids != 0), 0.0)
    assert not layer.decode(y).numpy()[0, 2:].any()


# -- training --------------------------------------------------------------------------------------

IDS = np.random.default_rng(0).integers(0, 8, (8, 6)) * np.tril(np.ones((8, 6), int), 2)
TAGS = IDS % 3
WEIGHTS = [normal(i, *s) for i, s in enumerate([(8, 4), (4, 3), (3,), (3, 3), (3,), (3,)])]


def tagger(library: Any, crf: Any) -> Any:
    k = library.layers
    return library.Sequential(
        [library.Input((6,), dtype="int32"), k.Embedding(8, 4, mask_zero=True), k.Dense(3), crf]
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_training_by_the_loss_matches_keras(weighted: bool) -> None:
    sample_weight = np.arange(8) / 4.0 if weighted else None

    def program(library: Any) -> Any:
        crf = TWINS[library](transitions_regularizer="l2")
        model = tagger(library, crf)
        model.set_weights(WEIGHTS)
        model.compile("adam", crf.loss(), jit_compile=False)
        losses = [model.train_on_batch(IDS, TAGS, sample_weight) for _ in range(6)]
        decoded = crf.decode(model(IDS))
        return np.array(losses, float), model.get_weights(), array(decoded)

    with both_float_types("float64"):
        (losses, ours, decoded), (expected, theirs, expected_tags) = on_both(program)
    hold(losses, expected, 1e-6)  # Keras's running mean is a float32
    hold(ours, theirs, BARS["float64"]["weights"])
    np.testing.assert_array_equal(decoded, expected_tags)


def test_training_by_tags_as_an_input_matches_keras() -> None:
    def program(library: Any) -> Any:
        k = library.layers
        x, tags = library.Input((6,), dtype="int32"), library.Input((6,), dtype="int32")
        crf = TWINS[library]()
        y = crf(k.Dense(3)(k.Embedding(8, 4, mask_zero=True)(x)), tags=tags)
        model = library.Model([x, tags], y)
        model.set_weights(WEIGHTS)
        model.compile("sgd", jit_compile=False)
        losses = [model.train_on_batch([IDS, TAGS]) for _ in range(4)]
        return np.array(losses, float), model.get_weights()

    with both_float_types("float64"):
        (losses, ours), (expected, theirs) = on_both(program)
    hold(losses, expected, 1e-6)
    hold(ours, theirs, BARS["float64"]["weights"])


def test_the_loss_falls_and_the_tags_are_learnt() -> None:
    """Tags that depend on the word before: what emissions alone cannot know."""
    random = np.random.default_rng(0)
    ids = random.integers(1, 3, (64, 8))
    tags = np.cumsum(ids == 1, axis=1) % 2  # each 1 turns the tag
    numpynn.utils.set_random_seed(1)
    crf = layers.CRF()
    model = numpynn.Sequential(
        [layers.Embedding(3, 8, mask_zero=True), layers.Dense(4), layers.Dense(4), crf]
    )
    model.compile(numpynn.optimizers.Adam(0.05), crf.loss())
    states = 2 * (ids == 1) + tags  # the word is visible, the tag follows from the chain
    model.fit(ids, states, epochs=30, batch_size=16, verbose=0)
    assert model.evaluate(ids, states, verbose=0) < 0.5  # nats a sequence; 8 ln 2 without a chain
    assert (array(crf.decode(model(ids))) % 2 == tags).mean() > 0.99


# -- configurations, files, errors -----------------------------------------------------------------

OPTIONS: dict[str, Any] = {
    "use_boundary": False,
    "transitions_initializer": "ones",
    "boundary_initializer": "he_normal",
    "transitions_regularizer": "l2",
    "boundary_regularizer": "l2",
    "transitions_constraint": "max_norm",
    "boundary_constraint": "non_neg",
    "name": "chain",
    "dtype": "float64",
}


@pytest.mark.parametrize("options", [{}, OPTIONS])
def test_configurations_match_the_twin(options: dict[str, Any]) -> None:
    ours, theirs = on_both(lambda library: TWINS[library](**options).get_config())
    assert ours == theirs
    assert layers.CRF.from_config(ours).get_config() == ours
    assert layers.CRF.from_config(theirs).get_config() == ours
    assert kerasref.layers.CRF.from_config(ours).get_config() == theirs


def test_files_go_both_ways(tmp_path: Path) -> None:
    theirs = tagger(keras, kerasref.layers.CRF())
    theirs.set_weights(WEIGHTS)
    theirs.save(tmp_path / "theirs.keras")
    loaded = numpynn.saving.load_model(tmp_path / "theirs.keras")
    hold(loaded.get_weights(), theirs.get_weights(), 0.0)
    assert [w.name for w in loaded.layers[-1].weights] == [
        w.name for w in theirs.layers[-1].weights
    ]
    expected = array(theirs.layers[-1].decode(theirs(IDS)))
    np.testing.assert_array_equal(loaded.layers[-1].decode(loaded(IDS)), expected)
    loaded.save(tmp_path / "ours.keras")
    again = keras.saving.load_model(tmp_path / "ours.keras")
    np.testing.assert_array_equal(array(again.layers[-1].decode(again(IDS))), expected)


def test_misuse_is_a_value_error() -> None:
    e, crf = np.zeros((2, 3, 4)), layers.CRF(name="chain")
    crf(e)
    for tags, match in (
        ([[0, 1, 4], [0, 0, 0]], r"'chain' knows the tags 0 to 3; got 4 at position \(0, 2\)"),
        ([[0, 1, 2], [0, -1, 0]], r"got -1 at position \(1, 1\)"),
        ([0, 1], r"\(2, 3\); got \(2,\)"),
    ):
        with pytest.raises(ValueError, match=match):
            crf.score(tags, e)
    with pytest.raises(ValueError, match=r"\(2, 3\); got \(2, 2\)"):
        crf.decode(e, np.ones((2, 2), bool))
    with pytest.raises(ValueError, match="chain"):
        crf(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="chain"):
        crf(np.zeros((2, 3, 5)))
    with pytest.raises(ValueError, match="how many tags"):
        layers.CRF()(numpynn.Input((None, None)))
    assert layers.CRF()(numpynn.Input((None, 5))).shape == (None, None, 5)


def test_tags_may_have_an_axis_of_their_own_or_be_floats() -> None:
    e, crf = normal(0, 2, 3, 4), layers.CRF()
    crf(e)
    tags = np.array([[0, 1, 3], [2, 2, 1]])
    for same in (tags[..., None], tags.astype("float32"), tags.tolist()):
        hold(crf.score(same, e), crf.score(tags, e), 0.0)


def test_a_chain_computes_on_foreign_arrays() -> None:
    e, mask = normal(0, 2, 4, 3), np.array([[True, True, False, True], [False] * 4])
    weights, tags = [normal(1, 3, 3), normal(2, 3), normal(3, 3)], np.zeros((2, 4), int)
    layer = layer_of(numpynn, weights, dtype="float64")
    expected = [layer.negative_log_likelihood(tags, e, mask), layer.decode(e, mask)]
    for weight, value in zip(layer.weights, weights, strict=True):
        weight.array = StandIn(value)
    foreign = StandIn(e), StandIn(mask)
    found = [layer.negative_log_likelihood(StandIn(tags), *foreign), layer.decode(*foreign)]
    for a, b in zip(found, expected, strict=True):
        hold(a.numpy().revealed(), b, 1e-12)
