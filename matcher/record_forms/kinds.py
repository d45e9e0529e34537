"""What the text of a field must look like, by its kind. Texts are kept as they were given."""

from __future__ import annotations

import re
from datetime import date
from enum import Enum
from typing import Final

from index.records import Sex
from matcher.errors import RequestError
from matcher.texts.catalog import Told, told

_YEARS: Final = range(1850, 2201)
_DATE: Final = re.compile(r"(?:(?:(\d{2})/)?(\d{2})/)?(\d{4})", re.ASCII)
_FORMS: Final = {
    "cccd": re.compile(r"\d{12}", re.ASCII),
    "cmnd": re.compile(r"\d{9}", re.ASCII),
    "passport": re.compile(r"[A-Z0-9]{5,15}", re.ASCII),
    "number": re.compile(r"\d{1,9}(?:[.,]\d{1,3})?", re.ASCII),
}


class FieldKind(Enum):
    """date: dd/mm/yyyy, mm/yyyy or yyyy. cccd: 12 digits. cmnd: 9 digits."""

    TEXT = "text"
    DATE = "date"
    YEAR = "year"
    SEX = "sex"
    NUMBER = "number"
    CCCD = "cccd"
    CMND = "cmnd"
    PASSPORT = "passport"


def rule(kind: FieldKind) -> Told:
    """What to write; said when a value is refused."""
    return told(f"field.record.{kind.value}")


def fits(kind: FieldKind, value: str) -> bool:
    """Whether a text that is not empty may stand in a field of this kind."""
    match kind:
        case FieldKind.TEXT:
            return True
        case FieldKind.DATE:
            return _is_date(value)
        case FieldKind.YEAR:
            return value.isascii() and value.isdigit() and len(value) == 4 and int(value) in _YEARS
        case FieldKind.SEX:
            return value in (Sex.FEMALE.value, Sex.MALE.value)
        case _:
            return _FORMS[kind.value].fullmatch(value) is not None


def document_number(said: str) -> str:
    """The number of an identity document as it is recorded, of what was typed: without spaces, points and hyphens, in
    capitals. Raises RequestError where no document has such a number."""
    number = re.sub(r"[\s.\-]", "", said).upper()
    if not is_document_number(number):
        raise RequestError(told("field.document_number"), field="document_number")
    return number


def is_document_number(said: str) -> bool:
    """Whether a document may have this number, as it is recorded."""
    return any(fits(kind, said) for kind in (FieldKind.CCCD, FieldKind.CMND, FieldKind.PASSPORT))


def is_over(until: str, today: date) -> bool:
    """Whether the last day of a date that fits, of which only month or year may be known, lies before today."""
    found = _DATE.fullmatch(until)
    if found is None:
        return False
    day, month, year = (int(part) if part else None for part in found.groups())
    assert year is not None
    # What is not known is taken as late as it may be.
    return (year, month or 12, day or 31) < (today.year, today.month, today.day)


def _is_date(value: str) -> bool:
    found = _DATE.fullmatch(value)
    if found is None:
        return False
    day, month, year = (int(part) if part else 1 for part in found.groups())
    try:
        return date(year, month, day).year in _YEARS
    except ValueError:
        return False
