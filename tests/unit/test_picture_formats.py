"""Files of every kind: the true picture, or refused by name. All of them: `python -m benchmarks picture-formats`."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from benchmarks.__main__ import main
from benchmarks.picture_formats import report
from benchmarks.picture_formats.matrix import Cell, all_cells
from benchmarks.picture_formats.report import Verdict, judge

_TIFF_STEP = 11
_GOOD = (Verdict.TRUE, Verdict.REFUSED)


def _png_cells(count: int) -> list[Cell]:
    cells = all_cells(every_orientation=False, tiff_step=1009)
    return list(itertools.islice((cell for cell in cells if cell.file_format == "PNG"), count))


def test_every_file_is_its_true_picture_or_refused_by_name() -> None:
    judged = {cell.name: judge(cell) for cell in all_cells(every_orientation=False, tiff_step=_TIFF_STEP)}
    assert not {name: verdict for name, verdict in judged.items() if verdict not in _GOOD}
    counts = Counter(judged.values())
    assert counts[Verdict.TRUE] > 500
    assert counts[Verdict.REFUSED] > 50


def test_the_matrix_can_fail() -> None:
    cells = _png_cells(1)
    swapped = Cell("PNG", "1", "gray", cells[0].content, 255 - cells[0].true_pixels)
    assert judge(swapped) is Verdict.WRONG
    assert judge(Cell("PNG", "1", "gray", cells[0].content, None)) is Verdict.READ


def test_the_command_prints_a_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    few = [*_png_cells(6), Cell("PNG", "8", "nothing", b"\x89PNG", _png_cells(1)[0].true_pixels)]
    monkeypatch.setattr(report, "all_cells", lambda *, every_orientation: few)
    assert main(["picture-formats"]) == 1
    printed = capsys.readouterr().out
    assert "| **all** | |  | 7 | 6 | 0 | 1 |" in printed
    assert "REFUSED AS SOMETHING ELSE: PNG 8 nothing" in printed
