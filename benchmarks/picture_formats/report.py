"""python -m benchmarks picture-formats: the matrix of picture files, judged and counted."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from enum import Enum

import numpy as np

from benchmarks.picture_formats.matrix import Cell, all_cells
from benchmarks.progress import track
from matcher.errors import ImageError, ImageFormatError
from matcher.formats.decode import ImageLimits, decode_image


class Verdict(Enum):
    """What became of a cell."""

    TRUE = "true picture"
    REFUSED = "refused by name"
    WRONG = "WRONG PICTURE"
    READ = "READ, NOT REFUSED"
    MISNAMED = "REFUSED AS SOMETHING ELSE"


def judge(cell: Cell) -> Verdict:
    """Decodes the cell and compares it with its true picture."""
    try:
        pixels = decode_image(cell.content, limits=ImageLimits(min_side_px=8)).pixels
    except ImageFormatError:
        return Verdict.REFUSED if cell.true_pixels is None else Verdict.MISNAMED
    except ImageError:
        return Verdict.MISNAMED
    if cell.true_pixels is None:
        return Verdict.READ
    return Verdict.TRUE if _is_close(pixels, cell.true_pixels, cell.tolerance) else Verdict.WRONG


def _is_close(pixels: np.ndarray, true_pixels: np.ndarray, tolerance: float) -> bool:
    if pixels.ndim == 3 and true_pixels.ndim == 2:
        true_pixels = np.repeat(true_pixels[:, :, np.newaxis], 3, axis=2)
    if pixels.shape != true_pixels.shape:
        return False
    difference = np.abs(pixels.astype(np.int64) - true_pixels)
    return bool(difference.max() <= tolerance) if tolerance <= 1 else bool(difference.mean() <= tolerance)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all-orientations", action="store_true", help="cross them with all the rest (a minute)")


def run(args: argparse.Namespace) -> int:
    """Exit code 1 when a cell is neither its true picture nor refused by name."""
    rows: dict[tuple[str, str, str], Counter[Verdict]] = {}
    faults = []
    cells = list(all_cells(every_orientation=args.all_orientations))
    for cell in track(cells, total=len(cells), what="picture files"):
        verdict = judge(cell)
        rows.setdefault((cell.file_format, cell.colors, cell.depth), Counter())[verdict] += 1
        if verdict not in (Verdict.TRUE, Verdict.REFUSED):
            faults.append(f"{verdict.value}: {cell.name}")
    for line in _table(rows):
        print(line)
    for fault in faults[:40]:
        print(fault)
    return 1 if faults else 0


def _table(rows: dict[tuple[str, str, str], Counter[Verdict]]) -> Iterable[str]:
    yield "| format | colors | bits | files | true picture | refused by name | neither |"
    yield "|---|---|---|---|---|---|---|"
    for (file_format, colors, depth), counts in rows.items():
        yield _row(f"{file_format} | {colors} | {depth}", counts)
    yield _row("**all** | | ", sum(rows.values(), Counter()))


def _row(name: str, counts: Counter[Verdict]) -> str:
    good = counts[Verdict.TRUE] + counts[Verdict.REFUSED]
    total = sum(counts.values())
    return f"| {name} | {total} | {counts[Verdict.TRUE]} | {counts[Verdict.REFUSED]} | {total - good} |"
