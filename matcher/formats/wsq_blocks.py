"""The entropy-coded blocks of a WSQ file: their codes, how many coefficients they hold, and how many they should."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from matcher.errors import ImageTruncatedError
from matcher.texts.catalog import told

BAND_COUNT: Final = 64
# Symbols: 1-100 runs of zeros, 101-104 coefficients in 8 or 16 bits, 105 and 106 runs in 8 or 16 bits, 107-254 a
# coefficient.
_EXTRA_BITS: Final = {101: 8, 102: 8, 103: 16, 104: 16, 105: 8, 106: 16}
_LONG_RUNS: Final = (105, 106)
_LARGEST_SYMBOL: Final = 254
_BYTES_A_STEP: Final = 1 << 17


@dataclass(frozen=True, slots=True, eq=False)
class Code:
    """By the next 16 bits: how many of them a symbol takes with what follows it, 0 where they begin no code, and how
    many coefficients it stands for, -1 - bits for a run whose length follows in so many bits."""

    steps: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int16]


def damaged(why: str) -> ImageTruncatedError:
    """why: its text is "wsq.WHY"."""
    return ImageTruncatedError(told("wsq.damaged", why=told(f"wsq.{why}")))


def read_codes(body: bytes) -> dict[int, Code]:
    codes = {}
    position = 0
    while position < len(body):
        counts = body[position + 1 : position + 17]
        values = body[position + 17 : position + 17 + sum(counts)]
        if len(counts) != 16 or len(values) != sum(counts) or body[position] > 7:
            raise damaged("code_length")
        codes[body[position]] = _code(counts, values)
        position += 17 + len(values)
    return codes


def _code(counts: bytes, values: bytes) -> Code:
    if sum(Fraction(count, 1 << bits) for bits, count in enumerate(counts, start=1)) > 1:
        raise damaged("code_count")
    if len(set(values)) != len(values) or not all(1 <= value <= _LARGEST_SYMBOL for value in values):
        raise damaged("code_symbol")
    steps, meanings = np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.int16)
    first, number = 0, 0
    for bits, count in enumerate(counts, start=1):
        for value in values[number : number + count]:
            last = first + (1 << (16 - bits))
            extra = _EXTRA_BITS.get(value, 0)
            steps[first:last] = bits + (0 if value in _LONG_RUNS else extra)
            meanings[first:last] = -1 - extra if value in _LONG_RUNS else value if value <= 100 else 1
            first = last
        number += count
    return Code(steps, meanings)


def coefficient_count(data: bytes, code: Code) -> int:
    """How many coefficients a block holds; its bits must be used up but for less than a byte of ones."""
    content = np.frombuffer(data.replace(b"\xff\0", b"\xff"), np.uint8)
    bit_count, padding = 8 * len(content), _trailing_ones(content)
    count, position = 0, 0
    for start in range(0, len(content), _BYTES_A_STEP):
        part = np.append(content[start : start + _BYTES_A_STEP + 4], np.full(4, 0xFF, np.uint8))
        windows = _windows(part)
        steps, counts = code.steps[windows].tolist(), code.counts[windows].tolist()
        until = min(bit_count - padding, 8 * (start + _BYTES_A_STEP))
        place, base = position - 8 * start, 8 * start
        while base + place < until:
            step, meaning = steps[place], counts[place]
            if step == 0:
                raise damaged("no_code")
            place += step
            if meaning < 0:
                extra = -1 - meaning
                meaning = _number(part, place, extra)
                place += extra
            count += meaning
        position = base + place
    if not bit_count - padding <= position <= bit_count:
        raise damaged("data_ends")
    return count


def _trailing_ones(content: npt.NDArray[np.uint8]) -> int:
    if not len(content):
        return 0
    last = int(content[-1])
    return next(ones for ones in range(7, -1, -1) if last & ((1 << ones) - 1) == (1 << ones) - 1)


def _windows(part: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """The 16 bits from each bit on."""
    wide = part.astype(np.uint32)
    words = (wide[:-2] << 16) | (wide[1:-1] << 8) | wide[2:]
    return ((words[:, np.newaxis] >> np.arange(8, 0, -1, dtype=np.uint32)) & 0xFFFF).astype(np.uint16).ravel()


def _number(part: npt.NDArray[np.uint8], place: int, bits: int) -> int:
    first = place // 8
    word = int.from_bytes(part[first : first + 4].tobytes().ljust(4, b"\xff"))
    return (word >> (32 - place % 8 - bits)) & ((1 << bits) - 1)


def band_sizes(width: int, height: int) -> list[int]:
    """Coefficients of each of the 64 bands of a picture, in the order of the standard.

    Splits as in annex A; where a length is odd, the low half is the longer one, the high one where the spectrum is
    mirrored.
    """
    across, down = _half(_half(width)), _half(_half(height))
    across_high, down_high = _half(width) // 2, _half(height) // 2
    sizes = [0] * BAND_COUNT
    sizes[3:19] = _sixteen(across, down)
    sizes[19:35] = _sixteen(across_high, down, is_mirrored_across=True)
    sizes[48:64] = _sixteen(width, height)
    sizes[35:51] = _sixteen(across, down_high, is_mirrored_down=True)
    left, right = _split(_half(_half(across)))
    top, bottom = _split(_half(_half(down)))
    sizes[0:4] = [left * top, right * top, left * bottom, right * bottom]
    return sizes


def _half(length: int) -> int:
    return (length + 1) // 2


def _split(length: int, *, is_mirrored: bool = False) -> tuple[int, int]:
    longer = _half(length)
    return (length - longer, longer) if is_mirrored else (longer, length - longer)


def _sixteen(width: int, height: int, *, is_mirrored_across: bool = False, is_mirrored_down: bool = False) -> list[int]:
    low, high = _split(width, is_mirrored=is_mirrored_across)
    columns = (*_split(low), *_split(high, is_mirrored=True))
    low, high = _split(height, is_mirrored=is_mirrored_down)
    rows = (*_split(low), *_split(high, is_mirrored=True))
    return [
        columns[2 * right + column] * rows[2 * lower + row]
        for lower in (0, 1)
        for right in (0, 1)
        for row in (0, 1)
        for column in (0, 1)
    ]
