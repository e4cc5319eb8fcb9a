"""Hashes of strings: bit for bit those of TensorFlow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from numpynn.utils.hashing import concatenated64, fingerprint64, siphash64, to_bucket

MANY = 2**62 + 57  # buckets: hardly a bit of the hash is lost
KEYS = [(133, 137), (0, 0), (2**63 - 1, 1), (5, -3)]


def of_lengths(lengths: Any, seed: int) -> Any:
    """Strings of any bytes, one of each length."""
    random = np.random.default_rng(seed)
    found = np.empty(len(lengths), dtype=object)
    found[:] = [random.bytes(length) for length in lengths]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_farmhash_equals_tensorflow_at_every_length(seed: int) -> None:
    strings = of_lengths(range(301), seed)
    expected = tf.strings.to_hash_bucket_fast(tf.constant(strings), MANY).numpy()
    np.testing.assert_array_equal(to_bucket(strings, MANY), expected)


@pytest.mark.parametrize("key", KEYS)
def test_siphash_equals_tensorflow_at_every_length(key: tuple[int, int]) -> None:
    strings = of_lengths(range(301), 7)
    expected = tf.strings.to_hash_bucket_strong(tf.constant(strings), MANY, list(key)).numpy()
    np.testing.assert_array_equal(to_bucket(strings, MANY, key), expected)


@given(
    strings=st.lists(st.text(max_size=200), min_size=1, max_size=20),
    buckets=st.integers(1, 2**62),
    key=st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 2),
)
def test_text_of_any_language_is_hashed_as_its_utf_8(
    strings: list[str], buckets: int, key: tuple[int, int]
) -> None:
    encoded = tf.constant([s.encode() for s in strings])
    ours = np.array(strings, dtype=object)
    np.testing.assert_array_equal(
        to_bucket(ours, buckets), tf.strings.to_hash_bucket_fast(encoded, buckets).numpy()
    )
    np.testing.assert_array_equal(
        to_bucket(ours, buckets, key),
        tf.strings.to_hash_bucket_strong(encoded, buckets, list(key)).numpy(),
    )


def test_published_values() -> None:
    """The empty string, and the test vector of the SipHash paper's appendix A."""
    assert fingerprint64(np.array([""])).tolist() == [0x9AE16A3B2F90404F]
    key = tuple(int.from_bytes(bytes(range(i, i + 8)), "little") for i in (0, 8))
    message = np.array([bytes(range(15))], dtype=object)
    assert siphash64(message, key).tolist() == [0xA129CA6149BE45E5]


@given(
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=9),
    strings=st.lists(st.text(max_size=40), min_size=9, max_size=9),
)
def test_fingerprints_of_several_parts_are_joined_as_in_crosses(
    numbers: list[int], strings: list[str]
) -> None:
    strings = strings[: len(numbers)]
    columns = [tf.constant([s.encode() for s in strings]), tf.constant(numbers, tf.int64)]
    cross = tf.sparse.cross_hashed([column[:, tf.newaxis] for column in columns], MANY)
    found = np.full(len(numbers), 0xDECAFCAFFE, dtype=np.uint64)
    for part in (
        fingerprint64(np.array(strings, dtype=object)),
        np.array(numbers, dtype=np.int64).astype(np.uint64),
    ):
        found = concatenated64(found, part)
    expected = tf.sparse.to_dense(cross).numpy()[:, 0]
    np.testing.assert_array_equal((found % np.uint64(MANY)).astype(np.int64), expected)


def test_shapes_are_kept_and_none_is_fine() -> None:
    strings = np.array([["a", "bb"], ["", "a"]])
    found = fingerprint64(strings)
    assert found.shape == (2, 2) and found.dtype == np.uint64 and found[0, 0] == found[1, 1]
    assert fingerprint64(np.array([], dtype=str)).shape == (0,)
    assert to_bucket(np.array("a"), 5).shape == ()
