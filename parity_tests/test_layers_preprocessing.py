"""Preprocessing layers: what they learn, give, write down and refuse, against Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as hnp
import keras
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pairs import BARS, FLOAT_TYPES, agree, array, both_float_types, filled, hold, numbers

import numpynn
from numpynn import config, layers
from numpynn.utils.hashing import to_bucket

each_float_type = pytest.mark.parametrize("dtype", FLOAT_TYPES)
LIBRARIES = (numpynn, keras)
MODES = ["int", "one_hot", "multi_hot", "count"]
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4)


def plain(value: Any) -> Any:
    """Numbers as an array, strings as a list of `str`: Keras gives bytes."""
    found = array(value)
    if found.dtype.kind in "OSU":
        return np.vectorize(lambda s: s.decode() if isinstance(s, bytes) else s)(found).tolist()
    return found


def hold_equal(found: Any, expected: Any) -> None:
    """Fail unless values, dtype and shape are the same."""
    found, expected = plain(found), plain(expected)
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert np.shape(found) == np.shape(expected)
    assert np.array_equal(found, expected) or isinstance(expected, np.ndarray)


def same(make: Any, *inputs: Any, **call: Any) -> tuple[Any, Any]:
    """Hold what a layer gives on both sides, and the shape that it said it would have."""
    ours, theirs = (make(library.layers) for library in LIBRARIES)
    found = ours(*inputs, **call)
    hold_equal(found, theirs(*inputs, **call))
    if not isinstance(inputs[0], (list, tuple)):
        assert tuple(ours.compute_output_shape(np.shape(inputs[0]))) == np.shape(plain(found))
    return ours, theirs


# -- Normalization and Rescaling -------------------------------------------------------------------


@st.composite
def with_statistics(draw: Any) -> tuple[Any, Any, Any]:
    """An array, and one axis, several, or none that have a mean of their own."""
    x = draw(filled(hnp.array_shapes(min_dims=2, max_dims=3, max_side=3)))
    axes = st.lists(st.integers(1, x.ndim - 1), min_size=0, unique=True).map(tuple)
    axis = draw(st.one_of(st.just(-1), st.none(), axes))
    return x, axis, draw(st.booleans())


@each_float_type
@given(drawn=with_statistics(), shift=st.floats(-1, 1))
def test_normalization_learns_and_gives_what_keras_does(
    dtype: str, drawn: tuple[Any, Any, Any], shift: float
) -> None:
    x, axis, invert = drawn
    # Keras's root of a variance near 0 is all rounding, so that each place gets some of its own.
    data = np.concatenate([x, -x, np.full_like(x, 2.0) + shift]).astype(dtype)
    with both_float_types(dtype):
        made = [library.layers.Normalization(axis, invert=invert) for library in LIBRARIES]
        for layer in made:
            layer.adapt(data)
        results = [layer(x.astype(dtype)) for layer in made]
        assert results[0].dtype == np.dtype(dtype)
    hold(*results, 10 * BARS[dtype]["forward"])
    hold(*(layer.get_weights() for layer in made), BARS[dtype]["forward"])
    names = [[w.path.split("/")[-1] for w in layer.weights] for layer in made]
    assert names[0] == names[1]
    for name in ("mean", "variance"):
        hold(getattr(made[0], name), array(getattr(made[1], name)), BARS[dtype]["forward"])


@each_float_type
@given(x=filled((4, 3)), invert=st.booleans(), scalar=st.booleans())
def test_normalization_with_given_statistics_matches_keras(
    dtype: str, x: Any, invert: bool, scalar: bool
) -> None:
    mean, variance = (0.5, 2.0) if scalar else ([0.5, -1.0, 0.0], [2.0, 0.25, 4.0])
    with both_float_types(dtype):
        agree(
            lambda library: library.layers.Normalization(
                mean=mean, variance=variance, invert=invert
            ),
            [x],
            dtype,
        )


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    tuples=st.booleans(),
    seed=st.integers(0, 99),
)
def test_normalization_learns_from_batches(sizes: list[int], tuples: bool, seed: int) -> None:
    random = np.random.default_rng(seed)
    batches = [random.normal(size=(size, 3)) * 3 + 1 for size in sizes]
    given_batches = [(batch, batch) for batch in batches] if tuples else batches
    with both_float_types("float64"):
        made = [library.layers.Normalization() for library in LIBRARIES]
        for layer in made:
            layer.adapt(iter(given_batches))
    hold(*(layer.get_weights() for layer in made), 1e-12)
    whole = np.concatenate(batches)
    hold(made[0].get_weights()[:2], [whole.mean(0), whole.var(0)], 1e-12)


def test_normalization_of_a_constant_divides_by_epsilon() -> None:
    for library in LIBRARIES:
        layer = library.layers.Normalization()
        layer.adapt(np.array([[1.0], [1.0]]))
        assert array(layer(np.array([[1.5]]))).item() == pytest.approx(0.5 / config.epsilon())


def test_statistics_follow_the_weights() -> None:
    layer = layers.Normalization()
    layer.build((None, 2))
    layer.set_weights([np.array([1.0, 2.0]), np.array([4.0, 9.0]), np.array(0)])
    hold(layer(np.array([[3.0, 5.0]])), np.array([[1.0, 1.0]], "float32"), 1e-6)
    store: dict[str, Any] = {}
    layer.save_own_variables(store)
    other = layers.Normalization()
    other.build_from_config(layer.get_build_config())
    other.load_own_variables(store)
    hold(other(np.array([[3.0, 5.0]])), np.array([[1.0, 1.0]], "float32"), 1e-6)


@each_float_type
@given(
    x=filled((2, 3, 4)),
    scale=st.one_of(numbers(-2, 2), st.just([0.5, 1.0, 2.0, 3.0]), st.just(np.array([0.1]))),
    offset=st.one_of(st.just(0.0), numbers(-2, 2), st.just([1.0, 2.0, 3.0, 4.0])),
)
@example(x=np.full((2, 3, 4), 255.0), scale=1 / 127.5, offset=-1)
def test_rescaling_matches_keras(dtype: str, x: Any, scale: Any, offset: Any) -> None:
    with both_float_types(dtype):
        agree(lambda library: library.layers.Rescaling(scale, offset), [x], dtype)


def test_rescaling_of_channels_that_come_first() -> None:
    x = np.ones((2, 3, 4, 5), "float32")
    results = []
    for library in LIBRARIES:
        library.config.set_image_data_format("channels_first")
        results.append(library.layers.Rescaling([1.0, 2.0, 3.0])(x))
        library.config.set_image_data_format("channels_last")
    hold(*results, 0.0)


# -- Discretization and CategoryEncoding -----------------------------------------------------------


@given(
    x=hnp.arrays(
        np.float32, shapes, elements=st.one_of(numbers(-3, 3), st.sampled_from([0.0, 1.0]))
    ),
    boundaries=st.lists(numbers(-3, 3), min_size=0, max_size=4, unique=True).map(sorted),
    mode=st.sampled_from(MODES),
)
@example(np.float32([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]]), [0.0, 1.0, 2.0], "int")
@example(np.float32([np.nan, np.inf, -np.inf]), [0.0, 1.0], "int")
@example(np.float32([0.7, 0.1]), [0.1, 0.7], "int")  # float32(0.7) < 0.7
def test_discretization_matches_keras(x: Any, boundaries: Any, mode: str) -> None:
    same(lambda library: library.Discretization(boundaries, output_mode=mode), x)


@given(
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=4),
    bins=st.integers(1, 9),
    epsilon=st.sampled_from([0.01, 0.05, 0.3]),
    seed=st.integers(0, 99),
    rounded=st.booleans(),
)
def test_learned_boundaries_are_keras_s(
    sizes: list[int], bins: int, epsilon: float, seed: int, rounded: bool
) -> None:
    random = np.random.default_rng(seed)
    batches = [random.normal(size=(size,)).astype("float32") for size in sizes]
    if rounded:
        batches = [np.round(batch, 1) for batch in batches]
    ours, theirs = (
        library.layers.Discretization(num_bins=bins, epsilon=epsilon) for library in LIBRARIES
    )
    for data in (batches, batches[0]):
        for layer in (ours, theirs):
            layer.adapt(data)
        assert ours.bin_boundaries == theirs.bin_boundaries
    assert len(ours.bin_boundaries) < bins or bins == 1 or len(ours.bin_boundaries) == sizes[0] - 1
    hold_equal(ours(batches[0]), theirs(batches[0]))
    again = layers.Discretization.from_config(theirs.get_config())
    assert again.get_config() == {**theirs.get_config()}


def test_learning_stops_after_some_steps() -> None:
    def program(library: Any) -> Any:
        layer = library.layers.Discretization(num_bins=4)
        layer.adapt((np.arange(10.0) * i for i in range(5)), steps=3)
        return layer.bin_boundaries

    assert program(numpynn) == program(keras)


tokens = hnp.arrays(np.int64, shapes, elements=st.integers(0, 4))


@given(x=tokens, depth=st.integers(1, 5), mode=st.sampled_from(MODES[1:]))
@example(np.array([[0, 1], [0, 0], [1, 2], [3, 1]]), 4, "multi_hot")
@example(np.array([3, 2, 0, 1]), 4, "one_hot")
@example(np.zeros((0, 2), int), 3, "count")
def test_category_encoding_matches_keras(x: Any, depth: int, mode: str) -> None:
    same(lambda library: library.CategoryEncoding(depth, mode), x)


@given(x=hnp.arrays(np.int64, (3, 2), elements=st.integers(0, 4)), seed=st.integers(0, 99))
@example(np.array([[0, 1], [0, 0], [1, 2]]), 0)
def test_weighted_counts_match_keras(x: Any, seed: int) -> None:
    for part in (x, x[0], x[np.newaxis]):
        weights = np.random.default_rng(seed).uniform(size=part.shape)
        same(
            lambda library: library.CategoryEncoding(4, "count"),
            part,
            count_weights=weights,
        )


def test_encodings_take_lists_and_numbers_with_a_fraction() -> None:
    for x in ([0, 2], [[0, 1], [2, 2]], 1, [0.0, 1.7]):
        for mode in MODES[1:]:
            found, expected = (lib.layers.CategoryEncoding(3, mode)(x) for lib in LIBRARIES)
            hold_equal(found, expected)


# -- Hashing and HashedCrossing --------------------------------------------------------------------

text = st.text(max_size=12)
words = hnp.arrays(object, hnp.array_shapes(min_dims=1, max_dims=2, max_side=4), elements=text)
integers = hnp.arrays(
    np.int64, hnp.array_shapes(max_dims=2, max_side=4), elements=st.integers(-(2**62), 2**62)
)


@given(
    x=st.one_of(words, integers),
    bins=st.integers(1, 50),
    salt=st.sampled_from([None, 133, [133, 137], (2**63 - 1, 1)]),
    mode=st.sampled_from(MODES),
    masked=st.booleans(),
)
@example(np.array([["A"], ["B"], ["C"], ["D"], ["E"]]), 3, None, "int", False)
@example(np.array([["A"], ["B"], ["C"], ["D"], ["E"]]), 3, [133, 137], "int", False)
@example(np.array([["A"], [""]]), 3, None, "int", True)
def test_hashing_matches_keras(x: Any, bins: int, salt: Any, mode: str, masked: bool) -> None:
    mask_value = (0 if x.dtype.kind == "i" else "") if masked else None
    same(lambda library: library.Hashing(bins, mask_value, salt, mode), x)


@pytest.mark.parametrize(
    "x", ["a", ["a", "b"], [1, 2], [1.7, -2.3], [True, False], np.array([b"a", "ü"], object), 3]
)
def test_hashing_takes_what_keras_takes(x: Any) -> None:
    same(lambda library: library.Hashing(7), x)
    same(lambda library: library.Hashing(7, dtype="int32"), x)


@given(
    size=st.integers(1, 5),
    columns=st.integers(2, 4),
    bins=st.integers(1, 10**6),
    form=st.sampled_from([(), (1,), None]),
    mode=st.sampled_from(["int", "one_hot"]),
    seed=st.integers(0, 99),
)
def test_hashed_crossing_matches_keras(
    size: int, columns: int, bins: int, form: Any, mode: str, seed: int
) -> None:
    random = np.random.default_rng(seed)
    shape = () if form is None else (size, *form)
    parts: list[Any] = []
    for column in range(columns):
        values = random.integers(-5, 5, shape)
        parts.append(values if column % 2 else np.array(values.astype(str), object))
    bins = min(bins, 50) if mode == "one_hot" else bins
    ours, theirs = (library.layers.HashedCrossing(bins, mode) for library in LIBRARIES)
    found = ours(parts)
    hold_equal(found, theirs(parts))
    assert tuple(ours.compute_output_shape([shape] * columns)) == found.shape


def test_the_crosses_of_the_manual() -> None:
    layer = layers.HashedCrossing(5)
    crossed = layer((np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])))
    assert crossed.tolist() == [1, 4, 1, 1, 3]


# -- lookups ---------------------------------------------------------------------------------------

LETTERS = ["a", "b", "ü", "dd", "", "[UNK]", "zz"]
letters = hnp.arrays(
    object, hnp.array_shapes(max_dims=3, max_side=3), elements=st.sampled_from([*LETTERS, "q", "r"])
)
NUMBERS = [12, 36, -1, 1138, 0, 42]
numbered = hnp.arrays(
    np.int64, hnp.array_shapes(max_dims=3, max_side=3), elements=st.sampled_from([*NUMBERS, 7, -9])
)


@st.composite
def lookups(draw: Any, allowed: list[Any], mask: Any, unknown: Any) -> dict[str, Any]:
    """Arguments of a lookup layer that make sense together."""
    mask_token = draw(st.sampled_from([None, mask]))
    mode = draw(st.sampled_from([*MODES, "tf_idf"]))
    oov = draw(st.integers(1, 3))
    chosen = st.sampled_from([t for t in allowed if t != mask_token and t != unknown])
    vocabulary = draw(st.lists(chosen, min_size=1, max_size=4, unique=True))
    found = {"num_oov_indices": oov, "mask_token": mask_token, "output_mode": mode}
    if draw(st.booleans()):  # the special tokens may be named
        special = [mask_token] * (mask_token is not None and mode == "int") + [unknown] * oov
        vocabulary = special + vocabulary
    if mode == "tf_idf":
        found["idf_weights"] = [0.25 * (i + 1) for i in range(len(vocabulary))]
    if mode != "int" and draw(st.booleans()):
        found |= {"max_tokens": len(vocabulary) + 4, "pad_to_max_tokens": True}
    return found | {"vocabulary": vocabulary}


def hold_lookup(name: str, x: Any, arguments: dict[str, Any]) -> None:
    ours, theirs = same(lambda library: getattr(library, name)(**arguments), x)
    for special in (True, False):
        assert ours.get_vocabulary(special) == [*theirs.get_vocabulary(special)]
    assert ours.vocabulary_size() == theirs.vocabulary_size()
    assert ours.weights == theirs.weights == []


@given(x=letters, arguments=lookups(LETTERS, "", "[UNK]"), salt=st.sampled_from([None, 5, [3, 4]]))
def test_string_lookup_matches_keras(x: Any, arguments: dict[str, Any], salt: Any) -> None:
    hold_lookup("StringLookup", x, {**arguments, "salt": salt})


@given(
    x=numbered,
    arguments=lookups(NUMBERS, 0, -1),
    method=st.sampled_from([("floormod", None), ("farmhash", None), ("farmhash", [3, 4])]),
)
def test_integer_lookup_matches_keras(x: Any, arguments: dict[str, Any], method: Any) -> None:
    oov_method, salt = method
    hold_lookup("IntegerLookup", x, {**arguments, "oov_method": oov_method, "salt": salt})


@given(
    x=hnp.arrays(np.int64, hnp.array_shapes(max_dims=2, max_side=4), elements=st.integers(-2, 9)),
    oov=st.integers(0, 2),
    masked=st.booleans(),
)
def test_inverted_lookups_match_keras(x: Any, oov: int, masked: bool) -> None:
    options = {"num_oov_indices": oov, "invert": True}
    same(
        lambda library: library.StringLookup(
            vocabulary=["a", "ü", "c"], mask_token="" if masked else None, **options
        ),
        x,
    )
    same(
        lambda library: library.IntegerLookup(
            vocabulary=[5, 7], mask_token=0 if masked else None, **options
        ),
        x,
    )


def test_strings_come_back_as_an_array_of_str() -> None:
    there = layers.StringLookup(vocabulary=["a", "b"])
    back = layers.StringLookup(vocabulary=there.get_vocabulary(), invert=True)
    found = back(there([["a", "z"], ["b", "a"]]))
    assert isinstance(found, np.ndarray) and found.tolist() == [["a", "[UNK]"], ["b", "a"]]
    assert all(type(s) is str for s in found.ravel())


@pytest.mark.parametrize(
    "x", ["a", ["a", "z"], np.array(["b"]), np.array([b"a"]), np.array([], str)]
)
def test_string_lookup_takes_what_keras_takes(x: Any) -> None:
    found, expected = (lib.layers.StringLookup(vocabulary=["a", "b"])(x) for lib in LIBRARIES)
    hold_equal(found, expected)


@given(
    rows=hnp.arrays(
        object, hnp.array_shapes(max_dims=2, max_side=5), elements=st.sampled_from(LETTERS)
    ),
    mode=st.sampled_from(["int", "multi_hot", "tf_idf"]),
    max_tokens=st.one_of(st.none(), st.integers(4, 8)),
    masked=st.booleans(),
    batches=st.booleans(),
)
@example(np.array([["a", "c", "d"], ["d", "z", "b"]], object), "int", None, False, False)
def test_learned_vocabularies_are_keras_s(
    rows: Any, mode: str, max_tokens: int | None, masked: bool, batches: bool
) -> None:
    learned = [token for token in set(rows.ravel().tolist()) - {"[UNK]", "" if masked else None}]
    if not learned:
        rows = np.concatenate([rows, np.full_like(rows, "a")])  # else there is nothing to learn
    numbered_rows = np.array([LETTERS.index(s) if s in LETTERS else 9 for s in rows.ravel()])
    numbered_rows = numbered_rows.reshape(rows.shape)
    for name, data, mask in (("StringLookup", rows, ""), ("IntegerLookup", numbered_rows, 4)):
        made = []
        for library in LIBRARIES:
            layer = getattr(library.layers, name)(
                max_tokens=max_tokens,
                output_mode=mode,
                mask_token=mask if masked else None,
                pad_to_max_tokens=mode != "int" and max_tokens is not None,
            )
            layer.adapt((row for row in data) if batches and data.ndim > 1 else data)
            made.append(layer)
        ours, theirs = made
        assert ours.get_vocabulary() == [*theirs.get_vocabulary()]
        if mode == "tf_idf":
            hold(ours.idf_weights, array(theirs.idf_weights), 1e-6)
        hold_equal(ours(data), theirs(data))


def test_learning_again_forgets_and_a_fixed_size_stays() -> None:
    for library in LIBRARIES:
        layer = library.layers.StringLookup()
        for data, expected in ((["a", "b", "b"], ["b", "a"]), (["q", "q", "r"], ["q", "r"])):
            layer.adapt(data)
            assert [*layer.get_vocabulary(False)] == expected
        fixed = library.layers.StringLookup(output_mode="count")
        fixed.adapt(["a", "b"])
        for change in (
            lambda f=fixed: f.adapt(["a", "b", "c"]),
            lambda f=fixed: f.set_vocabulary(["x"]),
        ):
            with pytest.raises(RuntimeError):
                change()
    assert fixed.name and layer.vocabulary_size() == 3


def test_a_refused_vocabulary_changes_nothing() -> None:
    layer = layers.StringLookup(vocabulary=["a", "b"], output_mode="count")
    for bad in (["a", "a"], [], ["x", "y", "z"], [1, 2]):
        with pytest.raises((ValueError, RuntimeError)):
            layer.set_vocabulary(bad)
    assert layer.get_vocabulary() == ["[UNK]", "a", "b"] and layer(["b"]).tolist() == [0, 0, 1]


# -- files -----------------------------------------------------------------------------------------


def test_a_vocabulary_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("a\nü\nc\n", encoding="utf-8")
    for invert in (False, True):
        x: Any = [0, 1, 2, 3, 9] if invert else ["a", "ü", "c", "q"]
        ours, theirs = same(
            lambda library, invert=invert: library.StringLookup(
                vocabulary=str(path), invert=invert
            ),
            np.array(x),
        )
        assert ours.get_vocabulary() == [*theirs.get_vocabulary()]
        assert ours.get_config() == {**theirs.get_config(), "name": ours.name}
    path.write_text("3\n5\n", encoding="utf-8")
    assert layers.IntegerLookup(vocabulary=str(path))([3, 5, 6]).tolist() == [1, 2, 0]


@pytest.mark.parametrize("content", ["a\n\nb\n", "a\na\n"])
def test_a_file_with_empty_or_repeated_lines_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "words.txt"
    path.write_text(content)
    with pytest.raises(ValueError, match=r"words\.txt"):
        layers.StringLookup(vocabulary=str(path))


def test_a_path_in_a_configuration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("password")
    written = {**layers.StringLookup().get_config(), "vocabulary": str(path)}
    with pytest.raises(ValueError, match="enable_unsafe_deserialization"):
        layers.StringLookup.from_config(written)


@pytest.mark.parametrize(
    ("name", "data", "options"),
    [
        ("StringLookup", ["a", "ü", "a"], {"mask_token": ""}),
        ("StringLookup", ["a", "ü", "a"], {"output_mode": "tf_idf"}),
        ("IntegerLookup", [3, -4, 3], {"num_oov_indices": 2}),
        ("IntegerLookup", [3, -4, 3], {"output_mode": "tf_idf"}),
    ],
)
def test_assets_go_both_ways(tmp_path: Path, name: str, data: Any, options: Any) -> None:
    for writer, reader in (LIBRARIES, LIBRARIES[::-1]):
        layer = getattr(writer.layers, name)(**options)
        layer.adapt(data)
        store: dict[str, Any] = {}
        layer.save_own_variables(store)
        layer.save_assets(str(tmp_path))
        again = getattr(reader.layers, name).from_config(layer.get_config())
        again.load_own_variables(store)
        again.load_assets(str(tmp_path))
        assert [*again.get_vocabulary()] == [*layer.get_vocabulary()]
        hold_equal(*(plain(made(np.array(data))) for made in (again, layer)))


def test_assets_are_a_token_a_line(tmp_path: Path) -> None:
    layer = layers.StringLookup(mask_token="m")
    layer.adapt(["a", "ü", "a"])
    layer.save_assets(str(tmp_path))
    assert (tmp_path / "vocabulary.txt").read_bytes() == "m\n[UNK]\na\nü".encode()
    layer.adapt(["two\nlines"])
    with pytest.raises(ValueError, match="line breaks"):
        layer.save_assets(str(tmp_path))
    given_tokens = layers.StringLookup(vocabulary=["x"])
    given_tokens.save_assets(str(tmp_path / "nowhere"))  # they are in the configuration


def test_tokens_may_hold_the_line_ends_of_other_alphabets(tmp_path: Path) -> None:
    """Python's `splitlines`, with which Keras reads, would cut this one in two."""
    layer = layers.StringLookup()
    layer.adapt(["a\u2028b", "c"])
    layer.save_assets(str(tmp_path))
    again = layers.StringLookup()
    again.load_assets(str(tmp_path))
    assert again.get_vocabulary() == layer.get_vocabulary()


# -- configuration and bad input -------------------------------------------------------------------

OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("Normalization", {}),
    (
        "Normalization",
        {"axis": None, "mean": 1.0, "variance": 2.0, "invert": True, "dtype": "float64"},
    ),
    ("Normalization", {"axis": (1, 2), "mean": [1.0, 2.0], "variance": np.array([2.0, 3.0])}),
    ("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0]}),
    ("Rescaling", {"scale": np.array([1.0, 2.0]), "offset": -1}),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "count", "dtype": "float64"}),
    ("Discretization", {"num_bins": 3, "epsilon": 0.1}),
    ("CategoryEncoding", {"num_tokens": 3}),
    ("CategoryEncoding", {"num_tokens": 3, "output_mode": "binary", "trainable": False}),
    ("Hashing", {"num_bins": 3}),
    ("Hashing", {"num_bins": 3, "mask_value": "", "salt": 4, "output_mode": "one_hot"}),
    ("HashedCrossing", {"num_bins": 3}),
    ("HashedCrossing", {"num_bins": 3, "output_mode": "one_hot"}),
    ("StringLookup", {}),
    (
        "StringLookup",
        {
            "max_tokens": 9,
            "num_oov_indices": 2,
            "mask_token": "m",
            "oov_token": "o",
            "vocabulary": ["a", "b"],
            "idf_weights": [0.5, 1.0],
            "output_mode": "tf-idf",
            "pad_to_max_tokens": True,
            "encoding": "latin-1",
            "salt": 7,
        },
    ),
    ("StringLookup", {"vocabulary": ("a", "b"), "invert": True}),
    ("IntegerLookup", {}),
    (
        "IntegerLookup",
        {
            "max_tokens": 9,
            "num_oov_indices": 2,
            "mask_token": 3,
            "oov_token": -2,
            "vocabulary": np.array([5, 6]),
            "output_mode": "count",
            "pad_to_max_tokens": True,
            "oov_method": "farmhash",
            "salt": (1, 2),
        },
    ),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_configurations_are_keras_s(name: str, options: dict[str, Any]) -> None:
    ours, theirs = (getattr(lib.layers, name)(name="same", **options) for lib in LIBRARIES)
    expected = theirs.get_config()
    assert ours.get_config() == expected
    again = getattr(layers, name).from_config(expected)
    assert again.get_config() == expected


V = ["a", "b", "c"]
BAD: list[Any] = [
    lambda o: o.Normalization(mean=1.0),
    lambda o: o.Normalization(mean=[1.0], variance=2.0),
    lambda o: o.Normalization(mean=[[1.0]], variance=[[2.0]]),
    lambda o: o.Normalization(axis=3).build((None, 3)),
    lambda o: o.Normalization(axis=1).build((None, None)),
    lambda o: o.Normalization().adapt([]),
    lambda o: o.Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]),
    lambda o: o.Discretization(),
    lambda o: o.Discretization([0.0], num_bins=3),
    lambda o: o.Discretization(num_bins=-1),
    lambda o: o.Discretization([0.0], output_mode="x"),
    lambda o: o.Discretization(num_bins=3)(np.ones(3)),
    lambda o: o.Discretization([0.0]).adapt(np.ones(3)),
    lambda o: o.CategoryEncoding(),
    lambda o: o.CategoryEncoding(0),
    lambda o: o.CategoryEncoding(3, "int"),
    lambda o: o.CategoryEncoding(3)([[0, 1]], count_weights=np.ones((1, 2))),
    lambda o: o.Hashing(0),
    lambda o: o.Hashing(None),
    lambda o: o.Hashing(3, output_mode="x"),
    lambda o: o.Hashing(3, dtype="float32"),
    lambda o: o.Hashing(3, salt="x"),
    lambda o: o.Hashing(3, salt=[1, 2, 3]),
    lambda o: o.HashedCrossing(3, "count"),
    lambda o: o.HashedCrossing(3)((np.array(["a"]),)),
    lambda o: o.HashedCrossing(3)(np.array(["a"])),
    lambda o: o.HashedCrossing(3)((np.array(["a"]), np.array([1.0]))),
    lambda o: o.HashedCrossing(3)((np.array(["a"]), np.array([1, 2]))),
    lambda o: o.HashedCrossing(3)((np.ones((2, 2), int), np.ones((2, 2), int))),
    lambda o: o.HashedCrossing(3).compute_output_shape((None, 1)),
    lambda o: o.StringLookup(max_tokens=1),
    lambda o: o.StringLookup(pad_to_max_tokens=True),
    lambda o: o.StringLookup(num_oov_indices=-1),
    lambda o: o.StringLookup(output_mode="x"),
    lambda o: o.StringLookup(invert=True, output_mode="count"),
    lambda o: o.StringLookup(idf_weights=[1.0]),
    lambda o: o.StringLookup(vocabulary=V, output_mode="tf_idf"),
    lambda o: o.StringLookup(vocabulary=V, idf_weights=[1.0], output_mode="tf_idf"),
    lambda o: o.StringLookup(output_mode="tf_idf").set_vocabulary(V),
    lambda o: o.StringLookup().set_vocabulary(V, [1.0, 2.0, 3.0]),
    lambda o: o.StringLookup(sparse=True),
    lambda o: o.StringLookup(unheard_of=3),
    lambda o: o.StringLookup(vocabulary=["a", "a"]),
    lambda o: o.StringLookup(vocabulary=[]),
    lambda o: o.StringLookup(vocabulary=["a", ""], mask_token=""),
    lambda o: o.StringLookup(vocabulary=["a", "[UNK]"], invert=True),
    lambda o: o.StringLookup(vocabulary=V, max_tokens=3),
    lambda o: o.StringLookup(vocabulary="no such file"),
    lambda o: o.StringLookup(vocabulary=V).adapt(["a"]),
    lambda o: o.IntegerLookup(vocabulary=[1], salt=3),
    lambda o: o.IntegerLookup(oov_method="x"),
    lambda o: o.IntegerLookup(vocabulary_dtype="int32"),
]


@pytest.mark.parametrize("number", range(len(BAD)))
def test_bad_input_raises_value_error_on_both_sides(number: int) -> None:
    for library in LIBRARIES:
        with pytest.raises(ValueError):
            BAD[number](library.layers)


@pytest.mark.parametrize(
    ("error", "call", "words"),
    [
        (TypeError, lambda: layers.Normalization().adapt([[1.0, 2.0]]), "batch of type list"),
        (TypeError, lambda: layers.Normalization().adapt(3), "array or an iterable"),
        (TypeError, lambda: layers.Hashing(3, mask_value=0)(["a"]), "mask_value"),
        (ValueError, lambda: layers.StringLookup(vocabulary=V)([1, 2]), "looks up strings"),
        (ValueError, lambda: layers.IntegerLookup(vocabulary=[1])(["a"]), "whole numbers"),
        (ValueError, lambda: layers.StringLookup(vocabulary=V, num_oov_indices=0)("z"), "'z'"),
        (ValueError, lambda: layers.CategoryEncoding(3)([[-1]]), "negative"),
        (ValueError, lambda: layers.CategoryEncoding(3)(["a"]), "dtype"),
        (ValueError, lambda: layers.Discretization([1.0, 0.0]), "increase"),
        (ValueError, lambda: layers.CategoryEncoding(3, sparse=True), "dense"),
        (RuntimeError, lambda: layers.StringLookup()("a"), "no vocabulary"),
        (RuntimeError, lambda: layers.StringLookup(output_mode="count")("a"), "no vocabulary"),
        (ValueError, lambda: layers.Normalization(mean=1, variance=1).adapt(np.ones(3)), "given"),
    ],
)
def test_errors_say_what_is_wrong(error: type[Exception], call: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        call()


# -- in models -------------------------------------------------------------------------------------


def test_preprocessing_at_the_beginning_of_a_model() -> None:
    x = np.array([[0.5, 3.0], [2.0, -1.0], [1.0, 1.0]])

    def program(library: Any) -> Any:
        norm = library.layers.Normalization()
        norm.adapt(x)
        inputs = library.Input((2,))
        bins = library.layers.Discretization([0.0, 1.0], output_mode="multi_hot")
        both = library.layers.Concatenate()([norm(inputs), bins(inputs)])
        model = library.Model(inputs, library.layers.Rescaling(2.0)(both))
        assert model.output_shape == (None, 5)
        return model.predict(x, verbose=0)

    hold(program(numpynn), program(keras), 1e-6)


def test_lookups_of_a_model_know_their_shapes_and_dtypes() -> None:
    inputs = numpynn.Input((3,), dtype="int64")
    places = layers.IntegerLookup(vocabulary=[5, 7])(inputs)
    counts = layers.IntegerLookup(vocabulary=[5, 7], output_mode="count")(inputs)
    bins = layers.Hashing(10)(inputs)
    crossed = layers.HashedCrossing(10)([inputs[:, :1], inputs[:, 1:2]])
    assert (places.shape, places.dtype.name) == ((None, 3), "int64")
    assert (counts.shape, counts.dtype.name) == ((None, 3), "int64")
    assert (bins.shape, bins.dtype.name) == ((None, 3), "int64")
    assert (crossed.shape, crossed.dtype.name) == ((None, 1), "int64")
    model = numpynn.Model(inputs, [places, bins])
    x = np.array([[5, 7, 9]])
    found = model(x)
    assert array(found[0]).tolist() == [[1, 2, 0]]
    assert array(found[1]).tolist() == to_bucket(x.astype(str), 10).tolist()


def test_models_with_learned_layers_go_both_ways_in_files(tmp_path: Path) -> None:
    """What `adapt` found is in the file: as weights, in the configuration, as an asset."""
    rows = np.array([[1, 2, 2], [3, 1, 1]])
    x = np.array([[1, 2, 9], [3, 0, 0]])

    def made(library: Any) -> Any:
        inputs = library.Input((3,), dtype="int64")
        kinds = library.layers
        learning = [
            kinds.Normalization(),
            kinds.Discretization(num_bins=3),
            kinds.IntegerLookup(output_mode="tf_idf"),
            kinds.IntegerLookup(num_oov_indices=2, mask_token=0),
        ]
        for layer in learning:
            layer.adapt(rows)
        return library.Model(inputs, [layer(inputs) for layer in learning])

    for writer, reader in (LIBRARIES, LIBRARIES[::-1]):
        path = str(tmp_path / f"{writer.__name__}.keras")
        model = made(writer)
        model.save(path)
        again = reader.models.load_model(path)
        for a, b in zip(again.predict(x, verbose=0), model.predict(x, verbose=0), strict=True):
            hold(a, b, 1e-6)
