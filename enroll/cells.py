"""One cell of a backlog to one value; ManifestError says what the cell should have been."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta
from typing import Final

from enroll.errors import ManifestError, refusal
from enroll.printable import printable
from enroll.words import finger_of_word, folded, modality_of_word, sex_of_word
from index.records import GALLERY_ID_PATTERN, FingerPosition, Modality, Sex
from matcher.texts.unseen import is_unseen

# As the server has them (matcher/usecases); tests/service holds one against the other.
MOST_TEXT_LENGTH: Final = 200
FIRST_BIRTH_YEAR: Final = 1900

_SCIENTIFIC: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?[eE][+-]?[0-9]+")
_DECIMAL: Final = re.compile(r"[0-9]{5,}[.,]0*")
# Thousands as a number format shows them; a number that is written with its leading zero is nobody's format.
_GROUPED: Final = re.compile(r"[1-9][0-9]{0,2}([.,\u00a0\u202f ])[0-9]{3}(?:\1[0-9]{3})+")
_TOO_NARROW: Final = re.compile(r"#{2,}")
# Excel's ways to keep a number as text, which an export may leave in place: ="0790..." and '0790...
_KEPT_AS_TEXT: Final = re.compile(r"""="(?P<formula>[^"]*)"|'(?P<marked>[0-9]+)""")
_NO_ID_WORDS: Final = frozenset(
    {"nan", "none", "null", "nil", "true", "false", "undefined", "n/a", "#n/a", "na", "-", "--", "inf", "infinity"}
    | {"#ref!", "#value!", "#name?", "#num!", "#div/0!", "#null!", "đúng", "sai", "không", "(trống)", "trống"}
)
# UTF-8 that was read as Windows-1252, as it shows in Vietnamese, and letters that a narrow encoding replaced.
_MISREAD: Final = re.compile("á[º»]|Ä[‘\u0090\u0091]|Æ[°\u00a0¡]|\ufffd")
# A letter that was replaced within a name; a question mark behind it may be meant.
_REPLACED: Final = re.compile(r"\w\?(?=\w| \w)|\?\w")
_SEPARATORS: Final = re.compile("[\u2028\u2029\u0085\u00a0]+")


def clean_text(name: str, value: str, language: str) -> str:
    """The cell without spaces around it. Raises for what cannot be seen and for letters that were lost."""
    value = value.strip()
    if name != "external_id":
        value = _SEPARATORS.sub(" ", value).strip()
    unseen = next((character for character in value if is_unseen(character)), "")
    if unseen:
        raise refusal("unseen_character", language, name=name, shown=printable(unseen))
    if _MISREAD.search(value) or (name == "display_name" and _REPLACED.search(value)):
        raise refusal("lost_letters", language, name=name, value=value)
    return value


def external_id_of(value: str, language: str) -> str:
    """The id in composed letters (NFC), so that two ways to write one letter are one id."""
    kept = _KEPT_AS_TEXT.fullmatch(value)
    if kept:
        value = (kept["formula"] or kept["marked"] or "").strip()
    value = unicodedata.normalize("NFC", value)
    if not value:
        raise refusal("empty_field", language, name="external_id")
    if _SCIENTIFIC.fullmatch(value):
        raise refusal("scientific_id", language, value=value)
    if _GROUPED.fullmatch(value):
        raise refusal("grouped_id", language, value=value)
    if _DECIMAL.fullmatch(value):
        raise refusal("float_id", language, value=value)
    if value.casefold() in _NO_ID_WORDS or _TOO_NARROW.fullmatch(value):
        raise refusal("empty_word_id", language, value=value)
    return value


def parse_finger(value: str) -> FingerPosition | None:
    """1-10, or a name such as right_index or ngón trỏ phải; None when it is neither."""
    return finger_of_word(value)


def parse_date(value: str) -> date | None:
    """dd/mm/yyyy as written in Viet Nam, also with - or ., or yyyy-mm-dd, with or without a time; None if neither."""
    value = re.sub(r"[ T]00:00(:00(\.0+)?)?$", "", value.strip())
    found = re.fullmatch(r"(?P<day>[0-9]{1,2})([/.-])(?P<month>[0-9]{1,2})\2(?P<year>[0-9]{4})", value) or re.fullmatch(
        r"(?P<year>[0-9]{4})([/.-])(?P<month>[0-9]{1,2})\2(?P<day>[0-9]{1,2})", value
    )
    if found is None:
        return None
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None


def _bad_date(value: str, language: str) -> ManifestError:
    month_first = re.fullmatch(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})", value)
    if month_first and parse_date(f"{month_first[3]}/{month_first[1]}/{month_first[4]}"):
        return refusal("month_first", language, value=value)
    return refusal("bad_date", language, value=value)


def modality_of(value: str, language: str) -> Modality:
    modality = modality_of_word(value)
    if modality is None:
        raise refusal("bad_modality", language, value=value)
    return modality


def finger_of(value: str, language: str) -> FingerPosition:
    finger = parse_finger(value) if value else FingerPosition.UNKNOWN
    if finger is None:
        raise refusal("bad_finger", language, value=value)
    return finger


def face_of(value: str, language: str) -> tuple[int, bool]:
    """Which of several faces: its number, from 1 by size (0: there must be one), and whether the largest is meant."""
    if not value:
        return 0, False
    if folded(value) in ("largest", "lon nhat", "to nhat"):
        return 0, True
    if not (re.fullmatch(r"[0-9]{1,4}", value) and int(value) > 0):
        raise refusal("bad_face", language, value=value)
    return int(value), False


def ppi_of(value: str, language: str) -> float | None:
    if not value:
        return None
    number = re.fullmatch(r"([0-9]{1,6}(?:[.,][0-9]{1,6})?)(?: ?(?:ppi|dpi))?", value.lower())
    ppi = float(number[1].replace(",", ".")) if number else 0.0
    if ppi <= 0.0:
        raise refusal("bad_ppi", language, value=value)
    return ppi


def sex_of(value: str, language: str) -> Sex:
    sex = sex_of_word(value)
    if sex is None:
        raise refusal("bad_sex", language, value=value)
    return sex


def birth_year_of(value: str, language: str) -> int | None:
    """From 1900 to this year."""
    if not value:
        return None
    day = parse_date(value)
    month = re.fullmatch(r"(?:0?[1-9]|1[0-2])[/.-]([0-9]{4})", value)
    if day is None and month is None and not re.fullmatch(r"[0-9]{4}", value):
        raise _bad_date(value, language)
    year = day.year if day is not None else int(month[1] if month else value)
    today = datetime.now(UTC).date()
    if not FIRST_BIRTH_YEAR <= year <= today.year or (day is not None and day > today + timedelta(days=1)):
        raise refusal("bad_birth_year", language, value=value, first=FIRST_BIRTH_YEAR, last=today.year)
    return year


def capture_time_of(value: str, language: str) -> datetime | None:
    if not value:
        return None
    day = parse_date(value)
    if day is None:
        raise _bad_date(value, language)
    if day > datetime.now(UTC).date() + timedelta(days=1):  # a day ahead: it is tomorrow already east of Greenwich
        raise refusal("future_date", language, value=value)
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def galleries_of(value: str, language: str) -> tuple[str, ...]:
    """Gallery ids, separated by |."""
    galleries = tuple(part.strip() for part in value.split("|") if part.strip())
    for gallery in galleries:
        if not GALLERY_ID_PATTERN.fullmatch(gallery):
            raise refusal("bad_gallery", language, value=gallery)
    return galleries
