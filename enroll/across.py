"""Checks that one row alone cannot show: an id with two names, ids that lost a zero, one picture for two people.

What would make two people one, or one person two under a number that is nobody's, is a problem, and the row is not
sent. What may be right is a warning.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from enroll.items import Backlog, Defaults, EnrollmentItem, Finding
from enroll.messages import backlog_text
from enroll.words import bare
from index.records import Sex

# Numbers of Viet Nam's citizen identity card (12 digits) begin with the code of a province, 001 to 096; Circular
# 59/2021/TT-BCA. Excel turns them into 11 digits, or 10 for provinces 001 to 008. The identity card before it had 9.
_CITIZEN_ID_LENGTH: Final = 12
_OLD_ID_LENGTH: Final = 9
_PROVINCES: Final = frozenset(
    f"{code:03d}"
    for code in (
        1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42, 44,
        45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86, 87, 89,
        91, 92, 93, 94, 95, 96,
    )
)  # fmt: skip
_MOST_LOST_ZEROS: Final = 2
# Shorter ones are running numbers, whose lengths differ by nature.
_SHORTEST_FIXED_LENGTH: Final = 6
_SHOWN_ROWS: Final = 12

# An item, the code of what is wrong with it, and the values of its text; "rows" are items.
_Row = tuple[EnrollmentItem, str, Mapping[str, Any]]


def check_across(backlog: Backlog, defaults: Defaults) -> Backlog:
    """The backlog with rows that contradict each other moved to its problems, and with warnings."""
    items = backlog.items
    bad: dict[int, Finding] = {}
    for item, code, values in _contradictions(items):
        bad.setdefault(item.row_number, _finding(item, code, values, backlog, defaults.language))
    if not defaults.ids_as_written:
        for item, code, values in (*_lost_zeros(items), *_odd_citizen_ids(items)):
            bad.setdefault(item.row_number, _finding(item, code, values, backlog, defaults.language))
    kept = tuple(item for item in items if item.row_number not in bad)
    warnings = tuple(
        _finding(item, code, values, backlog, defaults.language)
        for item, code, values in (*_odd_lengths(kept), *_near_ids(kept), *_accents(kept), *_shared_images(kept))
    )
    problems = tuple(sorted((*backlog.problems, *bad.values()), key=lambda finding: finding.row_number))
    return replace(backlog, items=kept, problems=problems, warnings=(*backlog.warnings, *warnings))


def same_content(groups: Mapping[str, Sequence[EnrollmentItem]], backlog: Backlog, language: str) -> list[Finding]:
    """Warnings about pictures that are one, byte for byte, under several ids. groups: items by digest."""
    found = []
    for items in groups.values():
        # The same path is told without reading the file.
        if len({item.external_id for item in items}) > 1 and len({item.image_path for item in items}) > 1:
            found.append(_finding(items[-1], "same_content", {"rows": items}, backlog, language))
    return found


def _finding(item: EnrollmentItem, code: str, values: Mapping[str, Any], backlog: Backlog, language: str) -> Finding:
    place = item.shown_image if backlog.pattern else backlog_text("row", language, number=item.row_number)
    if "rows" in values:
        values = {**values, "rows": _rows_of(values["rows"], is_folder=bool(backlog.pattern))}
    return Finding(
        row_number=item.row_number,
        place=place,
        code=code,
        message=backlog_text(code, language, **values),
        external_id=item.external_id,
        image=item.shown_image,
    )


def _by_id(items: Iterable[EnrollmentItem]) -> dict[str, list[EnrollmentItem]]:
    groups: dict[str, list[EnrollmentItem]] = defaultdict(list)
    for item in items:
        groups[item.external_id].append(item)
    return groups


def _rows_of(items: Sequence[EnrollmentItem], *, is_folder: bool) -> str:
    """Row numbers of a sheet, paths in a folder."""
    shown = [item.shown_image if is_folder else str(item.row_number) for item in items[:_SHOWN_ROWS]]
    return ", ".join(shown) + (", …" if len(items) > _SHOWN_ROWS else "")


def name_key(name: str) -> str:
    """Equal for names that are written the same but for capitals, spaces and how letters are composed."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _contradictions(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    """Every row of an id that has two names, sexes or birth years: nobody can say which are right."""
    for group in _by_id(items).values():
        for code, is_contradicted in _CONTRADICTIONS:
            if is_contradicted(group):
                yield from ((item, code, {"rows": group}) for item in group)
                break


def _has_two_names(group: Sequence[EnrollmentItem]) -> bool:
    names = {name_key(item.display_name) for item in group if item.display_name}
    if len(names) < 2:
        return False
    # One way of writing is without any diacritics: the same name, told as a warning.
    accented = {name for name in names if bare(name) != name}
    return len({bare(name) for name in names}) > 1 or len(accented) > 1


def _has_two_sexes(group: Sequence[EnrollmentItem]) -> bool:
    return len({item.sex for item in group} - {Sex.UNKNOWN}) > 1


def _has_two_years(group: Sequence[EnrollmentItem]) -> bool:
    return len({item.birth_year for item in group} - {None}) > 1


_CONTRADICTIONS: Final[tuple[tuple[str, Callable[[Sequence[EnrollmentItem]], bool]], ...]] = (
    ("two_names", _has_two_names),
    ("two_sexes", _has_two_sexes),
    ("two_years", _has_two_years),
)


def _accents(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    for group in _by_id(items).values():
        if len({name_key(item.display_name) for item in group if item.display_name}) > 1:
            yield group[-1], "unaccented_name", {"rows": group}


def _numbers(items: Sequence[EnrollmentItem]) -> dict[str, list[EnrollmentItem]]:
    """Items by id, of ids that are digits only."""
    return {number: group for number, group in _by_id(items).items() if number.isascii() and number.isdigit()}


def _lost_zeros(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    numbers = _numbers(items)
    by_value: dict[str, set[str]] = defaultdict(set)
    for number in numbers:
        by_value[number.lstrip("0")].add(number)
    widths = {len(number) for number in numbers if number.startswith("0")}
    has_citizen_ids = any(_CITIZEN_ID_LENGTH - 1 <= len(number) <= _CITIZEN_ID_LENGTH for number in numbers)
    for number, group in numbers.items():
        full = _full_number(number, by_value, widths, has_citizen_ids=has_citizen_ids)
        if full:
            yield from ((item, "lost_zeros", {"value": number, "full": full}) for item in group)


def _full_number(number: str, by_value: Mapping[str, set[str]], widths: set[int], *, has_citizen_ids: bool) -> str:
    """What the number was before it lost zeros, "" where nothing says that it did."""
    if number.startswith("0"):
        return ""
    longer = [other for other in by_value[number] if len(other) > len(number)]
    if longer:
        return max(longer, key=len)
    for width in sorted(widths):
        if 0 < width - len(number) <= _MOST_LOST_ZEROS:
            return number.zfill(width)
    is_short = len(number) == _CITIZEN_ID_LENGTH - 1 or (len(number) == _CITIZEN_ID_LENGTH - 2 and has_citizen_ids)
    full = number.zfill(_CITIZEN_ID_LENGTH)
    return full if is_short and full[:3] in _PROVINCES else ""


def _odd_citizen_ids(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    """Where most are citizens' numbers, one of another length misses digits, or has some too many."""
    numbers = _numbers(items)
    citizen_count = sum(len(number) == _CITIZEN_ID_LENGTH and number[:3] in _PROVINCES for number in numbers)
    if 2 * citizen_count < len(numbers):
        return
    for number, group in numbers.items():
        if len(number) not in (_OLD_ID_LENGTH, _CITIZEN_ID_LENGTH):
            values = {"value": number, "count": len(number)}
            yield from ((item, "odd_citizen_id", values) for item in group)


def _odd_lengths(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    numbers = _numbers(items)
    counts = Counter(len(number) for number in numbers)
    if len(counts) < 2 or set(counts) == {_OLD_ID_LENGTH, _CITIZEN_ID_LENGTH}:
        return
    usual, _ = max(counts.items(), key=lambda entry: (entry[1], entry[0]))
    if usual < _SHORTEST_FIXED_LENGTH:
        first = next(iter(numbers.values()))[0]
        yield first, "mixed_lengths_file", {"lengths": ", ".join(str(length) for length in sorted(counts))}
        return
    for number, group in numbers.items():
        if len(number) != usual and {len(number), usual} != {_OLD_ID_LENGTH, _CITIZEN_ID_LENGTH}:
            yield group[0], "mixed_lengths", {"value": number, "count": len(number), "usual": usual}


def _near_ids(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    """Ids that differ only in capitals, spaces or punctuation. Diacritics are kept: Ấn and Ân are two people."""
    groups: dict[str, dict[str, EnrollmentItem]] = defaultdict(dict)
    for item in items:
        key = "".join(character for character in item.external_id.casefold() if character.isalnum())
        groups[key].setdefault(item.external_id, item)
    for key, forms in groups.items():
        first, *others = forms.values()
        for other in others if key else ():
            yield other, "near_ids", {"value": other.external_id, "other": first.external_id}


def _shared_images(items: Sequence[EnrollmentItem]) -> Iterator[_Row]:
    by_image: dict[Hashable, list[EnrollmentItem]] = defaultdict(list)
    for item in items:
        by_image[item.image_path, item.modality, item.finger, item.face_number, item.largest_face].append(item)
    for group in by_image.values():
        if len({item.external_id for item in group}) > 1:
            yield group[-1], "shared_image", {"rows": group}
        seen: dict[str, EnrollmentItem] = {}
        for item in group:
            if item.external_id in seen:
                yield item, "repeated_row", {"other": seen[item.external_id].row_number}
            seen.setdefault(item.external_id, item)
