"""Where the minutiae of a stored fingerprint lie, as the index of fingers keeps it: four bytes each.

The format of the bytes is that of MinutiaSet; only what says where a minutia lies is read here.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from index.arrays import UInt32Array

X_BITS: Final = 12
DIRECTION_BITS: Final = 8
UNKNOWN_PLACE: Final = 0
"""Of a minutia of which nobody says where it lies."""

_VERSION, _HEADER_BYTES = 1, 6
_ROW = np.dtype([("x", "<u2"), ("y", "<u2"), ("direction_kind", "<u2"), ("quality", "u1")])
_LAST_PX = (1 << X_BITS) - 1


def places_of(minutiae: bytes, count: int) -> UInt32Array:
    """uint32 (count,): x and y in px, 12 bits each, and the direction, 8 bits, of the first count minutiae. All are
    UNKNOWN_PLACE where the bytes are not of so many."""
    total, rest = divmod(len(minutiae) - _HEADER_BYTES, _ROW.itemsize)
    if rest or total < count or minutiae[0] != _VERSION:
        return np.full(count, UNKNOWN_PLACE, dtype=np.uint32)
    rows = np.frombuffer(minutiae, dtype=_ROW, count=count, offset=_HEADER_BYTES)
    x = np.minimum((rows["x"].astype(np.uint32) + 8) >> 4, _LAST_PX)
    y = np.minimum((rows["y"].astype(np.uint32) + 8) >> 4, _LAST_PX)
    direction = ((rows["direction_kind"].astype(np.uint32) >> 2) + 32) >> 6 & 255
    # A minutia in the very corner is moved by a pixel.
    places = np.maximum((x << X_BITS | y) << DIRECTION_BITS | direction, 1 << DIRECTION_BITS)
    return np.asarray(places, dtype=np.uint32)
