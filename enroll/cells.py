"""One cell of a manifest to one value; ManifestError says what the cell should have been."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

from enroll.errors import ManifestError
from enroll.messages import text
from index.records import FingerPosition, Modality, Sex

_SEXES: Final = {
    "": Sex.UNKNOWN,
    "female": Sex.FEMALE,
    "f": Sex.FEMALE,
    "nữ": Sex.FEMALE,
    "male": Sex.MALE,
    "m": Sex.MALE,
    "nam": Sex.MALE,
}


def parse_finger(value: str) -> FingerPosition | None:
    """1-10, or a name such as right_index; None when it is neither."""
    word = value.strip().lower().replace("-", "_").replace(" ", "_")
    if word.isdecimal():
        return FingerPosition(int(word)) if 0 <= int(word) <= 10 else None
    return FingerPosition.__members__.get(word.upper())


def parse_date(value: str) -> date | None:
    """dd/mm/yyyy as written in Viet Nam, or yyyy-mm-dd; None when it is neither."""
    for pattern in ("%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(value.strip(), pattern).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def modality_of(value: str, language: str) -> Modality:
    try:
        return Modality(value.lower())
    except ValueError:
        raise ManifestError(text("bad_modality", language, value=value)) from None


def finger_of(value: str, language: str) -> FingerPosition:
    finger = parse_finger(value) if value else FingerPosition.UNKNOWN
    if finger is None:
        raise ManifestError(text("bad_finger", language, value=value))
    return finger


def face_of(value: str, language: str) -> tuple[int, bool]:
    """Which of several faces: its number, from 1 by size (0: there must be one), and whether the largest is meant."""
    if not value:
        return 0, False
    if value.lower() in ("largest", "lớn nhất"):
        return 0, True
    if not (re.fullmatch(r"[0-9]{1,4}", value) and int(value) > 0):
        raise ManifestError(text("bad_face", language, value=value))
    return int(value), False


def ppi_of(value: str, language: str) -> float | None:
    if not value:
        return None
    try:
        ppi = float(value.replace(",", "."))
    except ValueError:
        ppi = 0.0
    if not 0.0 < ppi < float("inf"):
        raise ManifestError(text("bad_ppi", language, value=value))
    return ppi


def sex_of(value: str, language: str) -> Sex:
    try:
        return _SEXES[value.lower()]
    except KeyError:
        raise ManifestError(text("bad_sex", language, value=value)) from None


def birth_year_of(value: str, language: str) -> int | None:
    if not value:
        return None
    if re.fullmatch(r"(19|20)\d\d", value):
        return int(value)
    day = parse_date(value)
    if day is None:
        raise ManifestError(text("bad_date", language, value=value))
    return day.year


def capture_time_of(value: str, language: str) -> datetime | None:
    if not value:
        return None
    day = parse_date(value)
    if day is None:
        raise ManifestError(text("bad_date", language, value=value))
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
