"""Hashes of strings that are the same in every process, on every machine, and in TensorFlow.

    FarmHash64     fast and public: Google's Fingerprint64 (Pike 2014)
    SipHash-2-4    unforeseeable without its key of 128 bits (Aumasson and Bernstein 2012)

Both are made of additions, products, shifts and rotations of 64-bit words, modulo 2⁶⁴, as arrays of
`uint64` do them by themselves. Strings of one length go through the same operations, so they
are hashed together: one row of bytes a string.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from numpynn.typing import Array

Rows = Callable[[Array], Array]

_WORD = (1 << 64) - 1  # the largest; Python's integers do not wrap, so `& _WORD` wraps them
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F
_CAT = 0xC6A4A7935BD1E995


def to_bucket(strings: Array, buckets: int, key: Sequence[int] | None = None) -> Array:
    """Each string's bucket, 0 … buckets - 1, as int64 in the array's shape.

    strings: str or bytes; str are hashed as UTF-8. key: two whole numbers for SipHash; without
    them it is FarmHash.
    TensorFlow's `strings.to_hash_bucket_strong` and `to_hash_bucket_fast`.
    """
    found = fingerprint64(strings) if key is None else siphash64(strings, key)
    return (found % np.uint64(buckets)).astype(np.int64)


def fingerprint64(strings: Array) -> Array:
    """FarmHash64 of each string, as uint64 in the array's shape."""
    return _by_length(strings, _farmhash)


def siphash64(strings: Array, key: Sequence[int]) -> Array:
    """SipHash-2-4 of each string, as uint64 in the array's shape. key: two whole numbers."""
    k0, k1 = (int(part) & _WORD for part in key)
    return _by_length(strings, lambda rows: _siphash(rows, k0, k1))


def concatenated64(first: Array, second: Array) -> Array:
    """One fingerprint of two, in this order: TensorFlow's `FingerprintCat64`."""
    with np.errstate(over="ignore"):  # which NumPy warns of where these are single numbers
        found = _shift_mix(second * _CAT) * _CAT
        found = (found ^ (first ^ np.uint64(_CAT))) * _CAT
        return _shift_mix(_shift_mix(found) * _CAT)


def _by_length(strings: Array, hashed: Rows) -> Array:
    """`hashed` of the rows of all strings of one length, for each length that occurs."""
    strings = np.asarray(strings)
    flat = [s if isinstance(s, bytes) else str(s).encode() for s in strings.ravel().tolist()]
    lengths = np.array([len(s) for s in flat], dtype=np.int64)
    found = np.empty(len(flat), dtype=np.uint64)
    for length in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == length)
        together = b"".join(flat[place] for place in places)
        rows = np.frombuffer(together, dtype=np.uint8).reshape(len(places), length)
        found[places] = hashed(rows)
    return found.reshape(strings.shape)


def _fetch(rows: Array, start: int, size: int = 8) -> Array:
    """`size` bytes of each row from `start` on, as little-endian words."""
    words = np.ascontiguousarray(rows[:, start : start + size]).view(f"<u{size}")
    return words[:, 0].astype(np.uint64)


def _rotate(x: Array, bits: int) -> Array:
    """Right, as FarmHash does."""
    return (x >> np.uint64(bits)) | (x << np.uint64(64 - bits))


def _shift_mix(x: Array) -> Array:
    return x ^ (x >> np.uint64(47))


# -- FarmHash --------------------------------------------------------------------------------------


def _farmhash(rows: Array) -> Array:
    """Rows of bytes of one length; there is a way for each range of lengths."""
    length = rows.shape[1]
    for longest, way in ((0, _empty), (3, _to_3), (7, _to_7), (16, _to_16), (32, _to_32)):
        if length <= longest:
            return way(rows)
    return _to_64(rows) if length <= 64 else _longer(rows)


def _multiplier(rows: Array) -> int:
    length: int = rows.shape[1]
    return (_K2 + 2 * length) & _WORD


def _mixed(u: Array, v: Array, multiplier: Array) -> Array:
    """Two words made one."""
    a = _shift_mix((u ^ v) * multiplier)
    return _shift_mix((v ^ a) * multiplier) * multiplier


def _empty(rows: Array) -> Array:
    return np.full(len(rows), _K2, dtype=np.uint64)


def _to_3(rows: Array) -> Array:
    length = rows.shape[1]
    first, middle, last = (
        rows[:, place].astype(np.uint64) for place in (0, length >> 1, length - 1)
    )
    y = first + (middle << np.uint64(8))
    z = (last << np.uint64(2)) + np.uint64(length)
    return _shift_mix(y * _K2 ^ z * _K0) * _K2


def _to_7(rows: Array) -> Array:
    length = rows.shape[1]
    first, last = _fetch(rows, 0, 4), _fetch(rows, length - 4, 4)
    return _mixed((first << np.uint64(3)) + np.uint64(length), last, _multiplier(rows))


def _to_16(rows: Array) -> Array:
    multiplier = _multiplier(rows)
    a = _fetch(rows, 0) + np.uint64(_K2)
    b = _fetch(rows, rows.shape[1] - 8)
    c = _rotate(b, 37) * multiplier + a
    d = (_rotate(a, 25) + b) * multiplier
    return _mixed(c, d, multiplier)


def _ends(rows: Array) -> tuple[Array, Array, Array]:
    """What the first and the last 16 bytes make: two words, and the first of all, multiplied."""
    length, multiplier = rows.shape[1], _multiplier(rows)
    a = _fetch(rows, 0) * (_K1 if length <= 32 else _K2)
    b = _fetch(rows, 8)
    c = _fetch(rows, length - 8) * multiplier
    d = _fetch(rows, length - 16) * _K2
    u = _rotate(a + b, 43) + _rotate(c, 30) + d
    v = a + _rotate(b + np.uint64(_K2), 18) + c
    return u, v, a


def _to_32(rows: Array) -> Array:
    u, v, _ = _ends(rows)
    return _mixed(u, v, _multiplier(rows))


def _to_64(rows: Array) -> Array:
    length, multiplier = rows.shape[1], _multiplier(rows)
    y, v, a = _ends(rows)
    z = _mixed(y, v, multiplier)
    e = _fetch(rows, 16) * multiplier
    f = _fetch(rows, 24)
    g = (y + _fetch(rows, length - 32)) * multiplier
    h = (z + _fetch(rows, length - 24)) * multiplier
    u = _rotate(e + f, 43) + _rotate(g, 30) + h
    return _mixed(u, e + _rotate(f + a, 18) + g, multiplier)


def _weak(rows: Array, start: int, a: Array, b: Array) -> tuple[Array, Array]:
    """Two seeds and 32 bytes as two words."""
    w, x, y, z = (_fetch(rows, start + 8 * i) for i in range(4))
    a = a + w
    b = _rotate(b + a + z, 21)
    c = a
    a = a + x + y
    return a + z, b + _rotate(a, 44) + c


def _longer(rows: Array) -> Array:
    """Blocks of 64 bytes change a state of seven words; the last 64 bytes are taken once more."""
    n, length = rows.shape
    seed = 81
    begun = (seed * _K1 + 113) & _WORD
    y = np.full(n, begun, dtype=np.uint64)
    z = _shift_mix(y * _K2 + np.uint64(113)) * _K2
    x = _fetch(rows, 0) + np.uint64(seed * _K2 & _WORD)
    v = w = (np.zeros(n, dtype=np.uint64),) * 2
    end = (length - 1) // 64 * 64
    for start in range(0, end, 64):
        x, y, z, v, w = _block(rows, start, x, y, z, v, w, _K1, 1)
    rest = np.uint64((length - 1) & 63)
    multiplier = np.uint64(_K1) + ((z & np.uint64(0xFF)) << np.uint64(1))
    w0 = w[0] + rest
    v = (v[0] + w0, v[1])
    w = (w0 + v[0], w[1])
    x, y, z, v, w = _block(rows, length - 64, x, y, z, v, w, multiplier, 9)
    return _mixed(
        _mixed(v[0], w[0], multiplier) + _shift_mix(y) * _K0 + z,
        _mixed(v[1], w[1], multiplier) + x,
        multiplier,
    )


Pair = tuple[Array, Array]


def _block(
    rows: Array,
    start: int,
    x: Array,
    y: Array,
    z: Array,
    v: Pair,
    w: Pair,
    multiplier: Array,
    weight: int,
) -> tuple[Array, Array, Array, Pair, Pair]:
    """The state after 64 more bytes."""
    x = _rotate(x + y + v[0] + _fetch(rows, start + 8), 37) * multiplier
    y = _rotate(y + v[1] + _fetch(rows, start + 48), 42) * multiplier
    x = x ^ (w[1] * weight)
    y = y + v[0] * weight + _fetch(rows, start + 40)
    z = _rotate(z + w[0], 33) * multiplier
    v = _weak(rows, start, v[1] * multiplier, x + w[0])
    w = _weak(rows, start + 32, z + w[1], y + _fetch(rows, start + 16))
    return z, y, x, v, w


# -- SipHash ---------------------------------------------------------------------------------------


def _siphash(rows: Array, k0: int, k1: int) -> Array:
    """Rows of bytes of one length, with a key of two words."""
    n, length = rows.shape
    whole = length // 8 * 8
    last = np.zeros((n, 8), dtype=np.uint8)
    last[:, : length - whole] = rows[:, whole:]
    last[:, 7] = length & 0xFF
    state = [
        np.full(n, k ^ initial, dtype=np.uint64)
        for k, initial in (
            (k0, 0x736F6D6570736575),  # "somepseudorandomlygeneratedbytes"
            (k1, 0x646F72616E646F6D),
            (k0, 0x6C7967656E657261),
            (k1, 0x7465646279746573),
        )
    ]
    for word in [*(_fetch(rows, start) for start in range(0, whole, 8)), _fetch(last, 0)]:
        state[3] = state[3] ^ word
        state = _rounds(state, 2)
        state[0] = state[0] ^ word
    state[2] = state[2] ^ np.uint64(0xFF)
    a, b, c, d = _rounds(state, 4)
    return a ^ b ^ c ^ d


def _rounds(state: list[Array], count: int) -> list[Array]:
    """Add, rotate, exclusive or; SipHash rotates left."""
    a, b, c, d = state
    for _ in range(count):
        a, c = a + b, c + d
        b, d = _rotate(b, 64 - 13) ^ a, _rotate(d, 64 - 16) ^ c
        a = _rotate(a, 32)
        c, a = c + b, a + d
        b, d = _rotate(b, 64 - 17) ^ c, _rotate(d, 64 - 21) ^ a
        c = _rotate(c, 32)
    return [a, b, c, d]
