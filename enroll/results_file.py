"""The results file: one CSV line for each row of the backlog; also the checkpoint of a run.

A run begins it anew with what earlier runs had finished, adds a line as each image ends, and at its end writes the
whole once more in the order of the backlog, in one step. Only its owner can read it, and no cell is a formula.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from enroll.errors import ResultsError
from enroll.items import Finding
from enroll.messages import backlog_text
from enroll.printable import spreadsheet_cell
from enroll.target import ItemResult, Outcome
from index.durable.files import remove_unfinished, replacement
from matcher.texts.catalog import system_reason

COLUMNS: Final = (
    "row",
    "image",
    "external_id",
    "modality",
    "finger",
    "outcome",
    "subject_id",
    "reference_id",
    "quality",
    "reason",
    "detail",
    "duplicates",
    "request_id",
    "warning",
    "notices",
)
_DONE: Final = frozenset({Outcome.ENROLLED.value, Outcome.ALREADY.value})
_NEEDED: Final = frozenset({"row", "outcome", "request_id"})

Line = dict[str, str]


class ResultsFile:
    """Lines of one run; not thread safe, the batch writes from one thread. Raises ResultsError."""

    def __init__(self, path: Path, lines: Iterable[Line], *, language: str) -> None:
        """Replaces what is there by these lines."""
        self._path = path.resolve()  # a link stays a link
        self._language = language
        try:
            remove_unfinished(self._path)
            _write_whole(self._path, lines)
            self._file = self._path.open("a", encoding="utf-8", newline="")
        except OSError as error:
            raise self._failure(error) from error

    def append(self, line: Line) -> None:
        """Write one line and hand it to the operating system."""
        try:
            self._file.write(_as_csv([line]))
            self._file.flush()
        except OSError as error:
            raise self._failure(error) from error

    def finish(self, lines: Iterable[Line]) -> None:
        """The whole file at once, on disk when this returns."""
        try:
            self._file.close()
            _write_whole(self._path, lines)
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> ResultsError:
        detail = system_reason(error)
        return ResultsError(backlog_text("results_unwritable", self._language, path=self._path.name, detail=detail))


def line_of(result: ItemResult, request_id: str = "") -> Line:
    """The line of an image."""
    item = result.item
    return {
        "row": str(item.row_number),
        "image": item.shown_image,
        "external_id": item.external_id,
        "modality": item.modality.value,
        "finger": str(int(item.finger) or ""),
        "outcome": result.outcome.value,
        "subject_id": result.subject_id,
        "reference_id": str(result.reference_id or ""),
        "quality": str(result.quality or ""),
        "reason": result.reason,
        "detail": result.detail,
        "duplicates": "|".join(f"{subject}:{score:.1f}" for subject, score in result.duplicates),
        "request_id": request_id,
        "warning": result.warning,
        "notices": " | ".join(result.notices),
    }


def line_of_problem(finding: Finding) -> Line:
    """The line of a row that cannot be used."""
    return dict.fromkeys(COLUMNS, "") | {
        "row": str(finding.row_number),
        "image": finding.image,
        "external_id": finding.external_id,
        "outcome": Outcome.UNUSABLE.value,
        "reason": finding.code,
        "detail": finding.message,
    }


def finished_lines(path: Path, *, language: str = "vi") -> dict[str, Line]:
    """Lines of images that earlier runs enrolled, by request id; empty when there is no file. A torn line is passed
    over. Raises ResultsError for a file that is no results file, which must not be replaced."""
    try:
        content = path.read_text(encoding="utf-8-sig", errors="replace")
    except FileNotFoundError:
        return {}
    except OSError as error:
        detail = system_reason(error)
        raise ResultsError(backlog_text("results_unwritable", language, path=path.name, detail=detail)) from error
    if not content.strip():
        return {}
    lines: dict[str, Line] = {}
    reader = csv.DictReader(io.StringIO(content, newline=""))
    try:
        if not set(reader.fieldnames or ()) >= _NEEDED:
            raise ResultsError(backlog_text("results_foreign", language, path=path.name))
        for row in reader:
            if row.get("outcome") in _DONE and row.get("request_id"):
                lines[row["request_id"]] = {name: _as_written(row.get(name) or "") for name in COLUMNS}
    except csv.Error as error:
        raise ResultsError(backlog_text("results_foreign", language, path=path.name)) from error
    return lines


def _as_written(cell: str) -> str:
    """The cell without the apostrophe that keeps it from being a formula, which is set again when it is written."""
    return cell[1:] if cell.startswith("'") and spreadsheet_cell(cell[1:]) == cell else cell


def _as_csv(lines: Iterable[Mapping[str, str]]) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, COLUMNS)
    for line in lines:
        writer.writerow({name: spreadsheet_cell(value) for name, value in line.items()})
    return buffer.getvalue()


def _write_whole(path: Path, lines: Iterable[Line]) -> None:
    """Replace the file in one step; a reader sees the old or the new one. Mode 0600 from the start."""
    heading = ",".join(COLUMNS) + "\r\n"
    with replacement(path) as file:
        # utf-8-sig, so that Excel shows Vietnamese as written.
        file.write((heading + _as_csv(lines)).encode("utf-8-sig"))
