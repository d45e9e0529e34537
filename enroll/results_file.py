"""The results file: one CSV line an image, written as each ends; also the checkpoint of a run."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Final

from enroll.target import ItemResult, Outcome

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
)
_DONE: Final = frozenset({Outcome.ENROLLED.value, Outcome.ALREADY.value})


class ResultsFile:
    """Appends results; not thread safe, the batch writes from one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        is_new = not path.exists() or path.stat().st_size == 0
        if not is_new:
            _end_torn_line(path)
        # utf-8-sig on a new file, so that Excel shows Vietnamese names as written.
        self._file = path.open("a", encoding="utf-8-sig" if is_new else "utf-8", newline="")
        self._writer = csv.DictWriter(self._file, COLUMNS)
        if is_new:
            self._writer.writeheader()

    def append(self, result: ItemResult, request_id: str) -> None:
        """Write one line and hand it to the operating system."""
        item = result.item
        self._writer.writerow(
            {
                "row": item.row_number,
                "image": item.image_path.name,
                "external_id": item.external_id,
                "modality": item.modality.value,
                "finger": int(item.finger) or "",
                "outcome": result.outcome.value,
                "subject_id": result.subject_id,
                "reference_id": result.reference_id or "",
                "quality": result.quality or "",
                "reason": result.reason,
                "detail": result.detail,
                "duplicates": "|".join(f"{subject}:{score:.1f}" for subject, score in result.duplicates),
                "request_id": request_id,
            }
        )
        self._file.flush()

    def close(self) -> None:
        """Force the lines to disk."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def _end_torn_line(path: Path) -> None:
    """A run that was killed may have left half a line, which would swallow the next one."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\r\n")


def finished_request_ids(path: Path) -> frozenset[str]:
    """Request ids that an earlier run has enrolled; empty when there is no file. A torn last line is passed over."""
    if not path.exists():
        return frozenset()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        return frozenset(row["request_id"] for row in rows if row.get("outcome") in _DONE and row.get("request_id"))
