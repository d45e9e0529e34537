"""The convex outline of a print's minutiae: what lies inside could have been seen in it."""

from __future__ import annotations

from typing import Final

import numpy as np

from index.arrays import Float32Array, Float64Array
from index.vector.kernels.arrays import empty
from matcher.fingerprint.comparison.kernel import kernel, kernel_part

NO_OUTLINE: Final = np.array([[1.0], [0.0], [-np.inf]], dtype=np.float32)
"""One half plane that holds nothing."""


def outline_of(x_px: Float32Array, y_px: Float32Array) -> Float32Array:
    """float32 (3, h): rows a, b, c of the half planes a x + b y <= c whose meeting is the convex hull.

    a, b of unit length, pointing outwards. With fewer than 3 points off one line, one half plane that holds nothing.
    """
    order = np.lexsort((y_px, x_px))
    # A. M. Andrew, Information Processing Letters 9(5), 1979: a chain below and a chain above.
    below, above = chain(x_px, y_px, order), chain(x_px, y_px, order[::-1].copy())
    corners = np.concatenate((below[:-1], above[:-1]))
    if len(corners) < 3:
        return NO_OUTLINE.copy()
    x, y = x_px[corners].astype(np.float64), y_px[corners].astype(np.float64)
    # Not np.roll, which takes a tenth of the time that a template takes to prepare.
    return half_planes(x, y, np.concatenate((x[1:], x[:1])) - x, np.concatenate((y[1:], y[:1])) - y)


def half_planes(x: Float64Array, y: Float64Array, along_x: Float64Array, along_y: Float64Array) -> Float32Array:
    """float32 (3, h): see outline_of. x, y: corners, counter-clockwise. along_x, along_y: from each to the next."""
    length = np.hypot(along_x, along_y)
    a, b = along_y / length, -along_x / length
    return np.stack((a, b, a * x + b * y)).astype(np.float32)


@kernel_part
def is_inside(x, y, outline):  # type: ignore[no-untyped-def]
    """Whether a point lies within the outline."""
    for side in range(outline.shape[1]):  # noqa: SIM110 - a generator cannot be compiled
        if outline[0, side] * x + outline[1, side] * y > outline[2, side]:
            return False
    return True


@kernel
def chain(x, y, order):  # type: ignore[no-untyped-def]
    """int64 (c,): points in this order that turn left at every step, ends included."""
    chain = empty(len(order), np.int64)
    length = 0
    for point in order:
        while length >= 2:
            p, q = chain[length - 2], chain[length - 1]
            # float64, or points on one line would turn by rounding
            ahead = (np.float64(x[q]) - x[p]) * (np.float64(y[point]) - y[p])
            if ahead - (np.float64(y[q]) - y[p]) * (np.float64(x[point]) - x[p]) > 0.0:
                break
            length -= 1
        chain[length] = point
        length += 1
    return chain[:length]
