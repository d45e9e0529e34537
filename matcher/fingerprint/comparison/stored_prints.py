"""Many stored prints made ready for comparison at once, as `prepare` makes one: the same numbers, far quicker.

What `prepare` costs are calls of NumPy for arrays of some dozens of numbers; here one compiled call reads all prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Float64Array, Int64Array
from index.records import FingerPosition, Modality, StoredPrint, Template
from index.vector.kernels.arrays import empty
from matcher.fingerprint.comparison.descriptors import (
    ALWAYS_DESCRIBED,
    CODE_LIMIT,
    DIM,
    MINUTIA_LIMIT,
    QUALITY_FLOOR,
)
from matcher.fingerprint.comparison.kernel import kernel, kernel_part
from matcher.fingerprint.comparison.outline import NO_OUTLINE, chain, half_planes
from matcher.fingerprint.comparison.prepared import (
    COSINE,
    FAR_PX,
    LANE_COUNT,
    QUALITY,
    SCALE,
    SINE,
    PreparedFingerprint,
    X,
    Y,
    prepare,
)
from matcher.fingerprint.minutia_set import (
    DIRECTION_STEPS,
    HEADER_BYTES,
    KIND_BIFURCATION,
    MAX_SIDE_PX,
    QUALITY_STEPS,
    ROW_BYTES,
    STEPS_A_PX,
    VERSION,
)

Number = TypeVar("Number", np.int8, np.float32)

_GEOMETRY_ROWS: Final = 6
_LEAST_CORNER_COUNT: Final = 3


def prepare_stored(prints: Sequence[StoredPrint]) -> list[PreparedFingerprint]:
    """What prepare makes of the template of each, bit for bit. Thread safe. Raises TemplateFormatError."""
    if not prints:
        return []
    if any(one.codes.shape[1] != DIM for one in prints):
        return [prepare(_template(one)) for one in prints]
    counts = np.array([len(one.codes) for one in prints], dtype=np.int64)
    widths = -(-counts // LANE_COUNT) * LANE_COUNT
    codes = np.empty(int(counts.sum()) * DIM, dtype=np.int8)
    geometry = np.empty(_GEOMETRY_ROWS * int(widths.sum()), dtype=np.float32)
    corners = np.empty((4, int(counts.sum())), dtype=np.float64)
    corner_counts = np.zeros(len(prints), dtype=np.int64)
    sizes = np.array([len(one.minutiae) for one in prints], dtype=np.int64)
    packed = np.frombuffer(b"".join(one.minutiae for one in prints), dtype=np.uint8)
    given = np.concatenate([one.codes for one in prints])
    _read(packed, sizes, given, counts, *_directions(), codes, geometry, corners, corner_counts)
    arrays = zip(
        _parts(codes, DIM * counts, DIM),
        _parts(geometry, _GEOMETRY_ROWS * widths, _GEOMETRY_ROWS),
        _outlines(corners, corner_counts),
        strict=True,
    )
    # A print that is not as it should be is told by prepare what is wrong with it.
    return [
        PreparedFingerprint(one.pack_id, *of_one) if corner_count >= 0 else prepare(_template(one))
        for one, of_one, corner_count in zip(prints, arrays, corner_counts.tolist(), strict=True)
    ]


def _parts(array: npt.NDArray[Number], sizes: Int64Array, row_count: int) -> Iterator[npt.NDArray[Number]]:
    """A matrix of so many rows for each size, read-only. Copies, or each would keep all of them in memory."""
    start = 0
    for size in sizes.tolist():
        part = array[start : start + size].reshape(row_count, -1).copy()
        part.setflags(write=False)
        yield part
        start += size


def _outlines(corners: Float64Array, counts: Int64Array) -> Iterator[Float32Array]:
    """The outline of each print. counts: corners of each, one after the other; fewer than 0 where it was not read."""
    usable = np.maximum(counts, 0)
    planes = half_planes(*corners[:, : int(usable.sum())])
    start = 0
    for count in usable.tolist():
        outline = planes[:, start : start + count].copy() if count >= _LEAST_CORNER_COUNT else NO_OUTLINE
        outline.setflags(write=False)
        yield outline
        start += count


def _template(one: StoredPrint) -> Template:
    rows = one.codes.astype(np.float32)
    # A row of zeros, which prepare refuses, has no direction.
    with np.errstate(invalid="ignore"):
        rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    return Template(Modality.FINGERPRINT, FingerPosition.UNKNOWN, one.pack_id, rows, one.minutiae)


@lru_cache(maxsize=1)
def _directions() -> tuple[Float32Array, Float32Array]:
    """Cosine and sine of every direction that a minutia may have: NumPy's, which are not those of compiled code."""
    directions = (np.arange(DIRECTION_STEPS) * (2 * np.pi / DIRECTION_STEPS)).astype(np.float32)
    return np.cos(directions), np.sin(directions)


@kernel
def _read(packed, sizes, given, counts, cosines, sines, codes, geometry, corners, corner_counts):  # type: ignore[no-untyped-def]  # noqa: PLR0917
    """Fill codes, geometry and, as half_planes takes them, corners; corner_counts is -1 where a print cannot be read.

    packed: uint8, all minutiae; sizes: bytes of each print. given: int8 (sum of counts, DIM); counts: rows of each.
    """
    at, first, place, corner = 0, 0, 0, 0
    for number in range(len(counts)):
        count = counts[number]
        width = (count + LANE_COUNT - 1) // LANE_COUNT * LANE_COUNT
        ends = first + count, place + _GEOMETRY_ROWS * width
        record, rows = packed[at : at + sizes[number]], given[first : ends[0]]
        here = geometry[place : ends[1]].reshape((_GEOMETRY_ROWS, width))
        columns = codes[DIM * first : DIM * ends[0]].reshape((DIM, count))
        corner_counts[number] = -1
        if _is_sound(record, count) and _turned(rows, columns, here):
            _place(record, count, cosines, sines, here)
            found = _corners(here[X, :count], here[Y, :count], corners[:, corner:])
            corner_counts[number] = found
            corner += found
        at, first, place = at + sizes[number], ends[0], ends[1]


@kernel_part
def _is_sound(record, count):  # type: ignore[no-untyped-def]
    """Whether MinutiaSet.from_bytes would read the record and count is what described_count says of it."""
    if len(record) < HEADER_BYTES or record[0] != VERSION:
        return False
    total = np.int64(record[1])
    width, height = _short(record, 2), _short(record, 4)
    if len(record) != HEADER_BYTES + ROW_BYTES * total:
        return False
    if width < 1 or width > MAX_SIDE_PX or height < 1 or height > MAX_SIDE_PX:
        return False
    good, last = 0, np.int64(QUALITY_STEPS)
    for at in range(HEADER_BYTES, len(record), ROW_BYTES):
        quality = np.int64(record[at + 6])
        if _short(record, at) > STEPS_A_PX * (width - 1) or _short(record, at + 2) > STEPS_A_PX * (height - 1):
            return False
        if (_short(record, at + 4) & 3) > KIND_BIFURCATION or quality > last:
            return False
        last = quality
        if np.float32(quality / QUALITY_STEPS) >= np.float32(QUALITY_FLOOR):
            good += 1
    return count == min(max(good, ALWAYS_DESCRIBED), total, MINUTIA_LIMIT)


@kernel_part
def _turned(rows, columns, geometry):  # type: ignore[no-untyped-def]
    """Write codes column by column and their scale; False where a row is not what codes_of makes."""
    for row in range(len(rows)):
        largest, squares = np.int32(0), np.float32(0.0)
        for k in range(DIM):
            code = np.int32(rows[row, k])
            columns[k, row] = rows[row, k]
            largest = max(largest, abs(code))
            squares += np.float32(code * code)
        if largest != CODE_LIMIT:
            return False
        geometry[SCALE, row] = np.float32(1.0) / np.sqrt(squares)
    return True


@kernel_part
def _place(record, count, cosines, sines, geometry):  # type: ignore[no-untyped-def]
    """Write all of the geometry but the scale."""
    for row in range(geometry.shape[1]):
        if row >= count:
            geometry[X, row] = geometry[Y, row] = np.float32(FAR_PX)
            geometry[COSINE, row] = geometry[SINE, row] = geometry[QUALITY, row] = geometry[SCALE, row] = 0.0
            continue
        at = HEADER_BYTES + ROW_BYTES * row
        direction = _short(record, at + 4) >> 2
        geometry[X, row] = _short(record, at) / STEPS_A_PX
        geometry[Y, row] = -(_short(record, at + 2) / STEPS_A_PX)
        geometry[COSINE, row], geometry[SINE, row] = cosines[direction], sines[direction]
        geometry[QUALITY, row] = np.int64(record[at + 6]) / QUALITY_STEPS


@kernel_part
def _corners(x, y, corners):  # type: ignore[no-untyped-def]
    """Write x, y of the corners of the outline and the way to the next; how many, 0 for fewer than three."""
    order = empty(len(x), np.int64)
    for point in range(len(x)):
        place = point
        while place > 0 and (
            x[order[place - 1]] > x[point] or (x[order[place - 1]] == x[point] and y[order[place - 1]] > y[point])
        ):
            order[place] = order[place - 1]
            place -= 1
        order[place] = point
    below, above = chain(x, y, order), chain(x, y, order[::-1].copy())
    count = len(below) + len(above) - 2
    if count < _LEAST_CORNER_COUNT:
        return 0
    for number in range(count):
        point = below[number] if number < len(below) - 1 else above[number - len(below) + 1]
        corners[0, number], corners[1, number] = x[point], y[point]
    for number in range(count):
        after = number + 1 if number + 1 < count else 0
        corners[2, number] = corners[0, after] - corners[0, number]
        corners[3, number] = corners[1, after] - corners[1, number]
    return count


@kernel_part
def _short(record, at):  # type: ignore[no-untyped-def]
    return np.int64(record[at]) | np.int64(record[at + 1]) << 8
