"""CSV or JSONL rows to enrollment items. Reads names and numbers verbatim: text stays text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from enroll.cells import birth_year_of, capture_time_of, face_of, finger_of, modality_of, ppi_of, sex_of
from enroll.errors import ManifestError
from enroll.folder import read_folder
from enroll.items import Defaults, EnrollmentItem
from enroll.messages import text

COLUMNS: Final = (
    "external_id",
    "image",
    "modality",
    "finger",
    "ppi",
    "display_name",
    "gallery",
    "sex",
    "birth_date",
    "capture_date",
    "face",
)
_REQUIRED: Final = ("external_id", "image", "modality")


def read_backlog(path: Path, defaults: Defaults) -> tuple[list[EnrollmentItem], list[ManifestError]]:
    """Items of a folder, a .csv or a .jsonl file, and the rows that cannot be used.

    Raises ManifestError when the file as a whole cannot be read.
    """
    if path.is_dir():
        return read_folder(path, defaults), []
    if not path.is_file():
        raise ManifestError(text("not_found", defaults.language, path=path.name))
    rows = _json_rows if path.suffix.lower() in (".jsonl", ".ndjson") else _csv_rows
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(text("not_utf8", defaults.language)) from error
    items: list[EnrollmentItem] = []
    problems: list[ManifestError] = []
    for number, row in rows(content, defaults.language):
        try:
            if isinstance(row, ManifestError):
                raise row
            items.append(_item(number, row, path.parent, defaults))
        except ManifestError as error:
            problems.append(ManifestError(str(error), row_number=number))
    return items, problems


def _csv_rows(content: str, language: str) -> Iterator[tuple[int, Mapping[str, str] | ManifestError]]:
    dialect = ";" if content.partition("\n")[0].count(";") > content.partition("\n")[0].count(",") else ","
    reader = csv.DictReader(io.StringIO(content), delimiter=dialect)
    names = [name.strip() for name in reader.fieldnames or ()]
    _check_columns(names, language)
    reader.fieldnames = names
    for number, row in enumerate(reader, start=1):
        yield number, {name: value or "" for name, value in row.items() if name in COLUMNS}


def _json_rows(content: str, language: str) -> Iterator[tuple[int, Mapping[str, str] | ManifestError]]:
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("not an object")
            _check_columns(list(row), language, required=False)
        except ManifestError as error:
            yield number, error
        except ValueError as error:
            yield number, ManifestError(text("bad_json", language, detail=error))
        else:
            yield number, {name: "" if value is None else str(value) for name, value in row.items()}


def _check_columns(names: list[str], language: str, *, required: bool = True) -> None:
    for name in names:
        if name not in COLUMNS:
            raise ManifestError(text("unknown_column", language, name=name, known=", ".join(COLUMNS)))
    if required:
        for name in ("external_id", "image"):
            if name not in names:
                raise ManifestError(text("missing_column", language, name=name))


def _item(number: int, row: Mapping[str, str], folder: Path, defaults: Defaults) -> EnrollmentItem:
    language = defaults.language
    cells = {name: row.get(name, "").strip() for name in COLUMNS}
    if not cells["modality"] and defaults.modality is not None:
        cells["modality"] = defaults.modality.value
    for name in _REQUIRED:
        if not cells[name]:
            raise ManifestError(text("empty_field", language, name=name))
    face_number, largest_face = face_of(cells["face"], language)
    return EnrollmentItem(
        row_number=number,
        external_id=cells["external_id"],
        image_path=_image_path(cells["image"], folder, language),
        modality=modality_of(cells["modality"], language),
        finger=finger_of(cells["finger"], language),
        ppi=ppi_of(cells["ppi"], language) or defaults.ppi,
        display_name=cells["display_name"],
        galleries=tuple(part.strip() for part in cells["gallery"].split("|") if part.strip()) or defaults.galleries,
        sex=sex_of(cells["sex"], language),
        birth_year=birth_year_of(cells["birth_date"], language),
        capture_time=capture_time_of(cells["capture_date"], language),
        face_number=face_number,
        largest_face=largest_face,
    )


def _image_path(value: str, folder: Path, language: str) -> Path:
    path = (folder / value).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise ManifestError(text("outside", language, value=value))
    if not path.is_file():
        raise ManifestError(text("no_file", language, value=value))
    return path
