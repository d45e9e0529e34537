"""The scan under the descriptor index: for every probe descriptor, the nearest of all stored ones, by 4-bit codes.

A descriptor is turned by a fixed rotation (kernels/rotation.py), which spreads it evenly over its positions, and each
position becomes a number 0-15; one scale serves all, since all have unit length. Codes lie as kernels/dots.py
wants them, so the inner loop is that of the exact index: 64 rows with several probe descriptors at a time. No bound is
kept here: votes of hundreds of descriptors average the rounding out, and every finger that gets far is compared fully.
"""

# ruff: noqa: PLR0917 - numba compiles no keyword-only arguments
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from numba import carray, njit

from index.arrays import BoolArray, Float32Array, Int8Array, Int32Array, Int64Array, UInt8Array
from index.vector.kernels.addresses import address_of, pointer
from index.vector.kernels.dots import GROUP_ROW_COUNT, make_kernels
from index.vector.kernels.layout import high_places
from index.vector.kernels.rotation import padded_length, rotated
from index.vector.kernels.simd import best_instruction

UInt16Array = npt.NDArray[np.uint16]

NEAREST_COUNT = 300
"""Stored descriptors that one probe descriptor votes for. With 150, two mates of 421 real probes among 100,000 fingers
were at places 413 and 30 by votes; with 400 at 74 and 7."""
BUFFER_COUNT = 4 * NEAREST_COUNT
# Widest number in units of the root mean square of a position.
CODE_RANGE = 3.0
QUERY_LIMIT = 127
_NOTHING = np.iinfo(np.int32).min


@dataclass(frozen=True, slots=True, eq=False)
class ProbeCodes:
    """codes: int8 flat, a row of 2 * half_length each, zero rows after the last up to whole kernel passes.

    count: probe descriptors. totals: int32 (count,), sums of their codes. scales: float32 (count,): a sum s of
    products is the cosine similarity (2 s - 15 total) * scale.
    """

    codes: Int8Array
    count: int
    totals: Int32Array
    scales: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """What a scan has found, by probe descriptor. sums, fingers: int32 (count, BUFFER_COUNT), the first held[q] of a
    row are real. floors: int32 (count,), sums up to which are not wanted any more."""

    sums: Int32Array
    fingers: Int32Array
    held: Int32Array
    floors: Int32Array


def empty_nearest(count: int) -> Nearest:
    """Before the first scan."""
    return Nearest(
        sums=np.empty((count, BUFFER_COUNT), dtype=np.int32),
        fingers=np.empty((count, BUFFER_COUNT), dtype=np.int32),
        held=np.zeros(count, dtype=np.int32),
        floors=np.full(count, _NOTHING, dtype=np.int32),
    )


def row_bytes(dim: int) -> int:
    """Bytes of one stored descriptor."""
    return padded_length(dim) // 2


def encode_rows(vectors: Float32Array) -> UInt8Array:
    """uint8 (n, row_bytes): 4-bit numbers of float32 (n, dim) unit rows, two a byte."""
    turned = rotated(vectors)
    length = turned.shape[1]
    per_step = 8.0 / (CODE_RANGE / np.sqrt(length))
    numbers = np.clip(np.floor(turned * per_step + 8.0), 0.0, 15.0).astype(np.uint8)
    return np.asarray(numbers[:, : length // 2] | (numbers[:, length // 2 :] << 4), dtype=np.uint8)


def write_rows(codes: UInt8Array, rows: Int64Array, row_codes: UInt8Array) -> None:
    """Put row codes (n, row_bytes) to these rows of the flat, interleaved codes."""
    codes[high_places(rows, row_codes.shape[1])] = row_codes.reshape(-1)


def encode_probe(vectors: Float32Array) -> ProbeCodes:
    """Codes of float32 (q, dim) unit rows."""
    turned = rotated(vectors)
    count, length = turned.shape
    steps = np.abs(turned).max(axis=1, initial=0.0) / QUERY_LIMIT
    passes = -(-count // scanner()[1])
    codes = np.zeros((passes * scanner()[1], length), dtype=np.int8)
    codes[:count] = np.rint(turned / steps[:, None])
    per_step = 8.0 / (CODE_RANGE / np.sqrt(length))
    return ProbeCodes(
        codes=codes.reshape(-1),
        count=count,
        totals=codes[:count].sum(axis=1, dtype=np.int32),
        scales=(steps / (2.0 * per_step)).astype(np.float32),
    )


# A record each chunk: addresses of its arrays, their lengths, and what is added to the number of a finger.
_CHUNK = np.dtype(
    [(name, np.int64) for name in ("codes", "row_fingers", "usable", "row_count", "finger_count", "first_finger")]
)
Chunks = npt.NDArray[np.void]
Scan = Callable[[Chunks, ProbeCodes, Nearest], None]


def chunks_table(chunks: Sequence[tuple[UInt8Array, UInt16Array, BoolArray, int]]) -> Chunks:
    """What a scan reads. Of each chunk: codes, row_fingers, usable, first_finger. Whoever uses the table holds them.

    codes: uint8 flat, whole groups of 64 rows. row_fingers: uint16 (rows,), the finger of each row, an index into
    usable. usable: bool, whether that finger may be found. first_finger: added to it in what is found.
    """
    table = np.zeros(len(chunks), dtype=_CHUNK)
    for number, (codes, row_fingers, usable, first_finger) in enumerate(chunks):
        addresses = (address_of(codes), address_of(row_fingers), address_of(usable))
        table[number] = (*addresses, row_fingers.size, usable.size, first_finger)
    return table


@lru_cache(maxsize=1)
def scanner() -> tuple[Scan, int]:
    """scan(chunks, probe, nearest), and the probe descriptors of one kernel pass.

    chunks: of chunks_table. Releases the GIL, once for all chunks. Compiled at the first call.
    """
    kernels = make_kernels(best_instruction())
    several, dots_of_several = kernels.query_count, kernels.dots_of_several

    @njit(nogil=True)
    def scan_chunks(chunks, probe, count, length, all_sums, all_fingers, held, floors):  # type: ignore[no-untyped-def]
        sums = np.zeros(several * GROUP_ROW_COUNT, dtype=np.int32)
        half_length = length // 2
        for number in range(chunks.size):
            chunk = chunks[number]
            codes = carray(pointer(chunk.codes), chunk.row_count * half_length, np.uint8)
            row_fingers = carray(pointer(chunk.row_fingers), chunk.row_count, np.uint16)
            usable = carray(pointer(chunk.usable), chunk.finger_count, np.bool_)
            for first_row in range(0, row_fingers.size, GROUP_ROW_COUNT):
                fingers = row_fingers[first_row : first_row + GROUP_ROW_COUNT]
                if not _any_usable(fingers, usable):
                    continue
                for first in range(0, count, several):
                    start = first_row * half_length
                    dots_of_several(codes, start, half_length // 4, probe, first * length, length, sums)
                    for query in range(first, min(first + several, count)):
                        own = sums[(query - first) * GROUP_ROW_COUNT : (query - first + 1) * GROUP_ROW_COUNT]
                        if _largest(own) > floors[query]:
                            held[query], floors[query] = _keep(
                                own, fingers, usable, chunk.first_finger, all_sums[query], all_fingers[query],
                                held[query], floors[query],
                            )  # fmt: skip

    def scan(chunks: Chunks, probe: ProbeCodes, nearest: Nearest) -> None:
        length = probe.codes.size // max(-(-probe.count // several) * several, 1)
        scan_chunks(
            chunks,
            probe.codes,
            probe.count,
            length,
            nearest.sums,
            nearest.fingers,
            nearest.held,
            nearest.floors,
        )

    return scan, several


@njit(nogil=True, cache=True)
def _any_usable(fingers, usable):  # type: ignore[no-untyped-def]
    for finger in fingers:  # noqa: SIM110 - a generator cannot be compiled
        if usable[finger]:
            return True
    return False


@njit(nogil=True, cache=True)
def _largest(sums):  # type: ignore[no-untyped-def]
    largest = np.int32(_NOTHING)
    for value in sums:
        largest = max(largest, value)
    return largest


@njit(nogil=True, cache=True)
def _keep(own, fingers, usable, first_finger, sums, found, held, floor):  # type: ignore[no-untyped-def]
    """Take over what lies above the floor; when the buffer is full, keep the nearest and raise the floor to them."""
    for row in range(len(own)):
        if own[row] <= floor or not usable[fingers[row]]:
            continue
        sums[held], found[held] = own[row], first_finger + fingers[row]
        held += 1
        if held == BUFFER_COUNT:
            floor = np.partition(sums, BUFFER_COUNT - NEAREST_COUNT)[BUFFER_COUNT - NEAREST_COUNT]
            held = _close_ranks(sums, found, floor)
    return held, floor


@njit(nogil=True, cache=True)
def _close_ranks(sums, found, floor):  # type: ignore[no-untyped-def]
    """Keep what is above the floor, and of what equals it the first, NEAREST_COUNT in all."""
    equal_count = NEAREST_COUNT - (sums > floor).sum()
    kept = 0
    for place in range(BUFFER_COUNT):
        value = sums[place]
        if value < floor or (value == floor and equal_count == 0):
            continue
        if value == floor:
            equal_count -= 1
        sums[kept], found[kept] = value, found[place]
        kept += 1
    return kept


@njit(nogil=True, cache=True)
def count_votes(sums, fingers, held, scales, votes):  # type: ignore[no-untyped-def]
    """Add to votes, float32 by finger, the nearest descriptors of every probe descriptor.

    Each votes with its similarity minus that of the last of the NEAREST_COUNT nearest; of several of one finger the
    first counts. Divided by the number of probe descriptors, so that votes lie in [0, 1].
    """
    latest = np.full(len(votes), -1, np.int32)
    for query in range(len(held)):
        order = np.argsort(-sums[query, : held[query]])[:NEAREST_COUNT]
        if len(order) == 0:
            continue
        last = sums[query, order[-1]]
        for place in order:
            finger = fingers[query, place]
            if latest[finger] != query:
                latest[finger] = query
                votes[finger] += np.float32(2 * (sums[query, place] - last)) * scales[query] / np.float32(len(held))
