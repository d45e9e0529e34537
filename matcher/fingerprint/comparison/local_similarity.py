"""Every minutia of one print with every minutia of another: how similar their descriptors are.

A similarity and the number of the other minutia share one 32-bit key, similarity first. The largest key of a row then
says both how similar the best minutia is and which it is, and finding it is one pass without branches.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from index.vector.kernels.arrays import empty, zeros
from matcher.fingerprint.comparison.kernel import kernel_part
from matcher.fingerprint.comparison.prepared import COSINE, SCALE, SINE
from matcher.fingerprint.comparison.tile import COLUMN_COUNT, ROW_COUNT, add_tile

KEY_ONE: Final = float(1 << 22)
"""A similarity of 1 in a key, before the shift by NUMBER_BITS."""
TURNED_SHARE: Final = 0.8
"""With 1, FNMR at FMR 1e-3 rises from 0.2 to 0.6 %; with 0, as in the paper, a print upside down is never found."""
NUMBER_BITS: Final = 8
LAST_NUMBER: Final = (1 << NUMBER_BITS) - 1
"""A key holds LAST_NUMBER - number, so that of equal similarities the first number wins."""
NUMBERS: Final = LAST_NUMBER - np.arange(LAST_NUMBER + 1, dtype=np.int32)
"""int32 (256,): what a key holds for each number."""
NUMBERS.setflags(write=False)


@kernel_part
def similarity_keys(codes_a, codes_b, geometry_a, geometry_b, numbers):  # type: ignore[no-untyped-def]
    """int32 (n, padded m): keys of cosine similarity, 0 for what is negative.

    What is turned by more than 90 degrees counts TURNED_SHARE of that: prints are seldom so far apart.

    numbers: NUMBERS, so that the inner loop need not make them.
    """
    n, width = codes_a.shape[1], geometry_b.shape[1]
    products = _products(codes_a, codes_b, geometry_a.shape[1], width)
    keys = empty((n, width), np.int32)
    nothing, turned_share, shift = np.float32(0.0), np.float32(TURNED_SHARE), np.int32(NUMBER_BITS)
    for i in range(n):
        cosine, sine = geometry_a[COSINE, i], geometry_a[SINE, i]
        scale = geometry_a[SCALE, i] * np.float32(KEY_ONE)
        for j in range(width):
            similarity = products[i, j] * (scale * geometry_b[SCALE, j])
            facing = cosine * geometry_b[COSINE, j] + sine * geometry_b[SINE, j]
            similarity = similarity if facing > nothing else turned_share * similarity
            similarity = similarity if similarity > nothing else nothing
            keys[i, j] = (np.int32(similarity) << shift) | numbers[j]
    return keys


@kernel_part
def similarity_of(key):  # type: ignore[no-untyped-def]
    """The similarity in a key, in [0, 1]."""
    return np.float32(key >> np.int32(NUMBER_BITS)) / np.float32(KEY_ONE)


@kernel_part
def _products(codes_a, codes_b, width_a, width_b):  # type: ignore[no-untyped-def]
    """float32 (width_a, width_b): inner products of codes, whole numbers of at most 64 * 127^2 < 2^24, so exact."""
    a, b = _widened(codes_a, width_a), _widened(codes_b, width_b)
    products = empty((width_a, width_b), np.float32)
    for row in range(0, width_a, ROW_COUNT):
        for column in range(0, width_b, COLUMN_COUNT):
            add_tile(a, row, b, column, products, (row, column))
    return products


@kernel_part
def _widened(codes, width):  # type: ignore[no-untyped-def]
    """float32 (dim, width): the codes, and zeros after them."""
    wide = zeros((codes.shape[0], width), np.float32)
    for k in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            wide[k, j] = np.float32(codes[k, j])
    return wide
