"""Every minutia of one print with every minutia of another: how similar their descriptors are.

A similarity and the number of the other minutia share one 32-bit key, similarity first. The largest key of a row then
says both how similar the best minutia is and which it is, and finding it is one pass without branches.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from matcher.fingerprint.kernel import kernel, whole_number_kernel
from matcher.fingerprint.prepared import COSINE, SCALE, SINE

KEY_ONE: Final = float(1 << 22)
"""A similarity of 1 in a key, before the shift by NUMBER_BITS."""
NUMBER_BITS: Final = 8
LAST_NUMBER: Final = (1 << NUMBER_BITS) - 1
"""A key holds LAST_NUMBER - number, so that of equal similarities the first number wins."""


@kernel
def similarity_keys(codes_a, codes_b, geometry_a, geometry_b):  # type: ignore[no-untyped-def]
    """int32 (n, padded m): keys of cosine similarity; 0 for what is negative or turned by more than 90 degrees."""
    n, width = codes_a.shape[1], geometry_b.shape[1]
    keys = np.empty((n, width), np.int32)
    products = _products(codes_a, codes_b, width)
    nothing = np.float32(0.0)
    for i in range(n):
        cosine, sine = geometry_a[COSINE, i], geometry_a[SINE, i]
        scale = geometry_a[SCALE, i] * np.float32(KEY_ONE)
        row, into = products[i], keys[i]
        for j in range(width):
            similarity = row[j] * (scale * geometry_b[SCALE, j])
            facing = cosine * geometry_b[COSINE, j] + sine * geometry_b[SINE, j]
            similarity = similarity if facing > nothing else nothing
            similarity = similarity if similarity > nothing else nothing
            into[j] = (np.int32(similarity) << np.int32(NUMBER_BITS)) | np.int32(LAST_NUMBER - j)
    return keys


@kernel
def similarity_of(key):  # type: ignore[no-untyped-def]
    """The similarity in a key, in [0, 1]."""
    return np.float32(key >> np.int32(NUMBER_BITS)) / np.float32(KEY_ONE)


@whole_number_kernel
def _products(codes_a, codes_b, width):  # type: ignore[no-untyped-def]
    """float32 (n, width): inner products, whole numbers of at most 64 * 127^2 < 2^24."""
    dim, n = codes_a.shape
    other = np.zeros((dim, width), np.float32)
    for k in range(dim):
        for j in range(codes_b.shape[1]):
            other[k, j] = np.float32(codes_b[k, j])
    products = np.zeros((n, width), np.float32)
    for i in range(n):
        row = products[i]
        # Eight at a time, so that a row is read and written eight times less often.
        for k in range(0, dim, 8):
            a0, a1 = np.float32(codes_a[k, i]), np.float32(codes_a[k + 1, i])
            a2, a3 = np.float32(codes_a[k + 2, i]), np.float32(codes_a[k + 3, i])
            a4, a5 = np.float32(codes_a[k + 4, i]), np.float32(codes_a[k + 5, i])
            a6, a7 = np.float32(codes_a[k + 6, i]), np.float32(codes_a[k + 7, i])
            for j in range(width):
                lower = a0 * other[k, j] + a1 * other[k + 1, j] + a2 * other[k + 2, j] + a3 * other[k + 3, j]
                upper = a4 * other[k + 4, j] + a5 * other[k + 5, j] + a6 * other[k + 6, j] + a7 * other[k + 7, j]
                row[j] += lower + upper
    return products
