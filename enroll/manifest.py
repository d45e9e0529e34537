"""A manifest or folder to a backlog. Reads names and numbers verbatim: text stays text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from enroll.across import check_across
from enroll.cells import (
    MOST_TEXT_LENGTH,
    birth_year_of,
    capture_time_of,
    clean_text,
    external_id_of,
    face_of,
    finger_of,
    galleries_of,
    modality_of,
    ppi_of,
    sex_of,
)
from enroll.errors import ManifestError, refusal
from enroll.folder import read_folder
from enroll.image_files import ImageFolder, check_file
from enroll.items import Backlog, Defaults, EnrollmentItem, Finding
from enroll.messages import backlog_text
from enroll.printable import printable
from enroll.table import Row, Table, read_table
from enroll.words import COLUMNS
from index.records import FingerPosition, Modality
from matcher.texts.catalog import system_reason

_REQUIRED: Final = ("external_id", "image", "modality")
_LIMITED: Final = ("external_id", "display_name", "capture_device")
_JSON_SUFFIXES: Final = (".jsonl", ".ndjson")


def read_backlog(path: Path, defaults: Defaults, *, on_row: Callable[[int], None] = lambda _: None) -> Backlog:
    """The rows of a folder, a .csv (.tsv, .txt) or a .jsonl file: each is an item or a problem, none is left out.

    on_row: called once for each row, with the number of all. Raises ManifestError when the backlog as a
    whole cannot be read.
    """
    language = defaults.language
    if path.is_dir():
        backlog = read_folder(path, defaults, on_row=on_row)
    elif not path.is_file():
        raise refusal("not_found", language, path=path.name)
    elif defaults.pattern:
        raise refusal("pattern_for_folder", language)
    else:
        backlog = _read_manifest(path, defaults, on_row)
    return check_across(backlog, defaults)


def _read_manifest(path: Path, defaults: Defaults, on_row: Callable[[int], None]) -> Backlog:
    language = defaults.language
    try:
        content = path.read_bytes()
    except OSError as error:
        raise refusal("unreadable_backlog", language, path=path.name, detail=system_reason(error)) from error
    is_json = path.suffix.lower() in _JSON_SUFFIXES
    table = read_table(content, is_json=is_json, language=language, ignored_columns=defaults.ignored_columns)
    images = ImageFolder(path.parent, language)
    items: list[EnrollmentItem] = []
    problems: list[Finding] = []
    for row in table.rows:
        on_row(len(table.rows))
        try:
            items.append(_item(row, images, defaults))
        except ManifestError as error:
            problems.append(_problem(row, error, language))
    return Backlog(tuple(items), tuple(problems), notes=_notes(table, language))


def _notes(table: Table, language: str) -> tuple[str, ...]:
    if not table.unused:
        return ()
    return (backlog_text("unused_columns", language, names=", ".join(printable(name) for name in table.unused)),)


def _problem(row: Row, error: ManifestError, language: str) -> Finding:
    return Finding(
        row_number=row.number,
        place=backlog_text("row", language, number=row.number),
        code=error.code,
        message=str(error),
        external_id=printable(row.cells.get("external_id", "").strip()),
        image=printable(row.cells.get("image", "").strip()),
    )


def _item(row: Row, images: ImageFolder, defaults: Defaults) -> EnrollmentItem:
    language = defaults.language
    if row.fault is not None:
        raise row.fault
    cells = {name: clean_text(name, row.cells.get(name, ""), language) for name in COLUMNS}
    if not cells["modality"] and defaults.modality is not None:
        cells["modality"] = defaults.modality.value
    for name in _REQUIRED:
        if not cells[name]:
            raise refusal("no_modality" if name == "modality" else "empty_field", language, name=name)
    for name in _LIMITED:
        if len(cells[name]) > MOST_TEXT_LENGTH:
            raise refusal("too_long", language, name=name, most=MOST_TEXT_LENGTH)
    item = _item_of_cells(row.number, cells, defaults)
    path = images.find(cells["image"])
    check_file(path, language)
    return replace(item, image_path=path, image_name=cells["image"])


def _item_of_cells(number: int, cells: Mapping[str, str], defaults: Defaults) -> EnrollmentItem:
    language = defaults.language
    modality = modality_of(cells["modality"], language)
    finger = finger_of(cells["finger"], language)
    if modality is Modality.FACE and finger is not FingerPosition.UNKNOWN:
        raise refusal("face_has_finger", language, value=cells["finger"])
    face_number, largest_face = face_of(cells["face"], language)
    birth_year = birth_year_of(cells["birth_date"], language)
    capture_time = capture_time_of(cells["capture_date"], language)
    if birth_year is not None and capture_time is not None and capture_time.year < birth_year:
        raise refusal("captured_before_birth", language, value=cells["capture_date"])
    return EnrollmentItem(
        row_number=number,
        external_id=external_id_of(cells["external_id"], language),
        image_path=Path(),
        modality=modality,
        finger=finger,
        ppi=ppi_of(cells["ppi"], language) or (defaults.ppi if modality is Modality.FINGERPRINT else None),
        display_name=cells["display_name"],
        galleries=galleries_of(cells["gallery"], language) or defaults.galleries,
        sex=sex_of(cells["sex"], language),
        birth_year=birth_year,
        capture_time=capture_time,
        face_number=face_number,
        largest_face=largest_face,
        capture_device=cells["capture_device"] or defaults.capture_device,
    )
