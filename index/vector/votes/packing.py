"""Codes as FAISS lays them out for its fast scan, written and overwritten in place.

After faiss/impl/pq4_fast_scan.cpp: a block of 32 descriptors has 16 bytes for each 4-bit part. A byte holds the part of
two descriptors, v in its low and v + 16 in its high half, and the bytes stand in the order v = 0, 8, 1, 9 and so on.
"""

# ruff: noqa: PLR0917 - numba compiles no keyword-only arguments
from __future__ import annotations

from typing import Final

import numpy as np
from numba import carray

from index.vector.kernels.addresses import pointer
from index.vector.kernels.arrays import zeros
from index.vector.kernels.compiling import compiled, compiled_part

BLOCK_ROW_COUNT: Final = 32
NUMBER_BITS: Final = 6
"""Of the id of a row, the lowest: which descriptor of its finger it is. The others are the reference id."""
NOBODY: Final = -1
"""Id of a place whose codes were overwritten."""


@compiled
def write_rows(code_addresses, id_addresses, sizes, lists, codes, ids):  # type: ignore[no-untyped-def]
    """Append codes uint8 (n, bytes) with ids int64 (n,) to the lists, uint16 (n,), which have room for them.

    code_addresses, id_addresses: int64 (lists,). sizes: int64 (lists,), how many places are filled; follows.
    """
    for row in range(len(lists)):
        number = lists[row]
        place = sizes[number]
        _put(code_addresses[number], place, codes[row])
        carray(pointer(id_addresses[number]), place + 1, np.int64)[place] = ids[row]
        sizes[number] = place + 1


@compiled
def drop_rows(code_addresses, id_addresses, sizes, code_bytes, lists, ids):  # type: ignore[no-untyped-def]
    """Overwrite the place in list lists[n] that belongs to ids[n] with what is in the last one, and that with nothing:
    no list has gaps, which FAISS would have to be told of. sizes follows."""
    code, nothing = zeros(code_bytes, np.uint8), zeros(code_bytes, np.uint8)
    for row in range(len(lists)):
        number = lists[row]
        owners = carray(pointer(id_addresses[number]), sizes[number], np.int64)
        for place in range(len(owners)):
            if owners[place] == ids[row]:
                last = len(owners) - 1
                _get(code_addresses[number], last, code)
                _put(code_addresses[number], place, code)
                _put(code_addresses[number], last, nothing)
                owners[place] = owners[last]
                owners[last] = NOBODY
                sizes[number] = last
                break


@compiled
def gather_rows(code_addresses, id_addresses, sizes, lists, ids, starts, of_rows, codes):  # type: ignore[no-untyped-def]
    """Fill of_rows uint16 (m,) and codes uint8 (m, bytes) with the rows of fingers ids int64 (n,), ascending, which lie
    in the lists uint16 (k,): those of ids[n] from starts[n] on, in their order."""
    for number in lists:
        owners = carray(pointer(id_addresses[number]), sizes[number], np.int64)
        for place in range(len(owners)):
            owner = owners[place] >> NUMBER_BITS
            if ids[0] <= owner <= ids[-1]:
                # Not np.searchsorted, which takes numba longer to compile than all of this.
                finger, last = 0, len(ids) - 1
                while finger < last:
                    middle = (finger + last) >> 1
                    if ids[middle] < owner:
                        finger = middle + 1
                    else:
                        last = middle
                if ids[finger] == owner:
                    row = starts[finger] + (owners[place] & ((1 << NUMBER_BITS) - 1))
                    of_rows[row] = number
                    _get(code_addresses[number], place, codes[row])


@compiled_part
def _put(address, place, code):  # type: ignore[no-untyped-def]
    first, shift = _position(place, len(code))
    block = carray(pointer(address + first), 32 * len(code), np.uint8)
    kept = np.uint8(0xF0 >> shift)
    for byte in range(len(code)):
        low, high = 32 * byte, 32 * byte + 16
        block[low] = (block[low] & kept) | np.uint8((code[byte] & 15) << shift)
        block[high] = (block[high] & kept) | np.uint8((code[byte] >> 4) << shift)


@compiled_part
def _get(address, place, code):  # type: ignore[no-untyped-def]
    first, shift = _position(place, len(code))
    block = carray(pointer(address), first + 32 * len(code), np.uint8)
    for part in range(0, 2 * len(code), 2):
        low = (block[first + 16 * part] >> shift) & 15
        high = (block[first + 16 * (part + 1)] >> shift) & 15
        code[part >> 1] = np.uint8(low | (high << 4))


@compiled_part
def _position(place, code_bytes):  # type: ignore[no-untyped-def]
    """Offset of the byte that holds the first part of a place, and by how many bits it is shifted there."""
    inside = place % BLOCK_ROW_COUNT
    lane = inside % 16
    column = 2 * lane if lane < 8 else 2 * (lane - 8) + 1
    return (place // BLOCK_ROW_COUNT) * BLOCK_ROW_COUNT * code_bytes + column, 4 * (inside // 16)
