"""A fixed orthogonal transform that spreads every vector evenly over its positions.

Signs, Walsh-Hadamard transforms of 64 positions, a transposition, and both again: the structured stand-in for a random
rotation of Ailon and Chazelle (The fast Johnson-Lindenstrauss transform, SIAM J. Comput. 39, 2009). Inner products are
unchanged to within float64 rounding; nothing needs to be stored, and 512 positions cost about 2 microseconds.
"""

from __future__ import annotations

import hashlib

import numpy as np

from index.arrays import Float32Array, Float64Array
from index.vector.kernels.arrays import empty
from index.vector.kernels.compiling import compiled, compiled_part

SPAN = 64  # positions of one Walsh-Hadamard transform
_SIGN_KEY = b"station matcher index rotation 1"  # part of the cache format: other signs, other codes


def padded_length(dim: int) -> int:
    """Positions after the rotation: dim rounded up to a multiple of SPAN."""
    return -(-dim // SPAN) * SPAN


def rotated(vectors: Float32Array) -> Float64Array:
    """float32 (n, dim) to float64 (n, padded_length(dim)); lengths and inner products stay."""
    count, dim = vectors.shape
    length = padded_length(dim)
    turned = np.zeros((count, length), dtype=np.float64)
    turned[:, :dim] = vectors
    _rotate(turned, _signs(2 * length))
    return turned


def _signs(count: int) -> Float64Array:
    """float64 (count,), each -1/8 or 1/8 (the norm of the transform is 8): bits of SHA-256, equal on every machine."""
    digests = b"".join(
        hashlib.sha256(_SIGN_KEY + number.to_bytes(4, "little")).digest() for number in range(-(-count // 256))
    )
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8))[:count]
    return (bits.astype(np.float64) - 0.5) / 4.0


@compiled
def _rotate(rows: Float64Array, signs: Float64Array) -> None:
    count, length = rows.shape
    span_count = length // SPAN
    turned = empty(length, np.float64)
    for row in range(count):
        values = rows[row]
        for place in range(length):
            values[place] *= signs[place]
        _transform(values)
        for span in range(span_count):
            for place in range(SPAN):
                turned[place * span_count + span] = values[span * SPAN + place] * signs[length + span * SPAN + place]
        _transform(turned)
        for place in range(length):
            values[place] = turned[place]


@compiled_part
def _transform(values: Float64Array) -> None:
    """Walsh-Hadamard transform of each SPAN positions, in place."""
    for start in range(0, values.size, SPAN):
        width = 1
        while width < SPAN:
            for pair in range(start, start + SPAN, 2 * width):
                for place in range(pair, pair + width):
                    left, right = values[place], values[place + width]
                    values[place], values[place + width] = left + right, left - right
            width *= 2
