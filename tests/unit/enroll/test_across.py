"""What only several rows together show."""

from __future__ import annotations

from pathlib import Path

import pytest

from enroll.across import check_across
from enroll.items import Backlog, Defaults, EnrollmentItem
from index.records import Modality, Sex

DEFAULTS = Defaults(language="en")


def _backlog(*rows: dict[str, object]) -> Backlog:
    items = []
    for number, row in enumerate(rows, start=2):
        values: dict[str, object] = {"external_id": f"id-{number}", "image_path": Path(f"{number}.jpg"), **row}
        items.append(EnrollmentItem(row_number=number, modality=Modality.FACE, **values))  # type: ignore[arg-type]
    return Backlog(tuple(items))


def _ids(*external_ids: str) -> Backlog:
    return _backlog(*({"external_id": external_id} for external_id in external_ids))


def _problems(backlog: Backlog, defaults: Defaults = DEFAULTS) -> list[tuple[int, str]]:
    return [(finding.row_number, finding.code) for finding in check_across(backlog, defaults).problems]


def _warnings(backlog: Backlog) -> list[tuple[int, str]]:
    return [(finding.row_number, finding.code) for finding in check_across(backlog, DEFAULTS).warnings]


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({"display_name": "Nguyễn Ân"}, {"display_name": "Nguyễn Ấn"}, "two_names"),
        ({"display_name": "Nguyễn Ân"}, {"display_name": "Trần Ân"}, "two_names"),
        ({"sex": Sex.MALE}, {"sex": Sex.FEMALE}, "two_sexes"),
        ({"birth_year": 1990}, {"birth_year": 1991}, "two_years"),
        ({"display_name": "NGUYỄN  Ân"}, {"display_name": "nguye\u0302\u0303n a\u0302n"}, ""),
        ({"display_name": "Nguyễn Ân"}, {"display_name": ""}, ""),
        ({"sex": Sex.MALE}, {"sex": Sex.UNKNOWN}, ""),
        ({"birth_year": 1990}, {"birth_year": None}, ""),
    ],
)
def test_an_id_is_one_person(first: dict[str, object], second: dict[str, object], code: str) -> None:
    backlog = _backlog({"external_id": "1", **first}, {}, {"external_id": "1", **second})
    checked = check_across(backlog, DEFAULTS)
    assert [(finding.row_number, finding.code) for finding in checked.problems] == (
        [(2, code), (4, code)] if code else []
    )
    assert len(checked.items) + len(checked.problems) == 3
    if code:
        assert all("2, 4" in finding.message for finding in checked.problems)


def test_a_name_without_diacritics_is_a_warning() -> None:
    backlog = _backlog(
        {"external_id": "1", "display_name": "Nguyễn Ân"}, {"external_id": "1", "display_name": "NGUYEN AN"}
    )
    assert (_problems(backlog), _warnings(backlog)) == ([], [(3, "unaccented_name")])


@pytest.mark.parametrize(
    ("external_ids", "bad"),
    [
        (("079090000001", "79090000002"), [3]),
        (("001090000001", "1090000002"), [3]),
        (("79090000001", "79090000002"), [2, 3]),
        (("123456789012", "79090000002"), [3]),
        (("079090000001", "79090000001"), [3]),
        (("0012", "12"), [3]),
        (("001", "002", "10"), [4]),
        (("079090000001", "012345678"), []),  # the card before had nine digits
        (("012345678", "12345678"), [3]),
        (("1", "2", "10", "100"), []),
        (("A-17", "79-1"), []),
        (("99990000001", "99990000002"), []),  # no province: not a citizen's number
        (("3090000001", "4090000001"), []),
    ],
)
def test_ids_that_lost_a_zero(external_ids: tuple[str, ...], bad: list[int]) -> None:
    assert _problems(_ids(*external_ids)) == [(number, "lost_zeros") for number in bad]
    assert _problems(_ids(*external_ids), Defaults(language="en", ids_as_written=True)) == []


def test_among_citizens_numbers_another_length_is_a_mistake() -> None:
    good = ("079090000001", "079090000002", "001090000003")
    backlog = _ids(*good, "0790900000031", "07909003", "012345678", "HS-17")
    assert _problems(backlog) == [(5, "odd_citizen_id"), (6, "odd_citizen_id")]
    assert _problems(backlog, Defaults(language="en", ids_as_written=True)) == []


def test_ids_of_other_lengths_are_told() -> None:
    assert _warnings(_ids("5123456", "5123457", "99934567890")) == [(4, "mixed_lengths")]
    assert _warnings(_ids("1", "2", "10")) == [(2, "mixed_lengths_file")]
    assert _warnings(_ids("079090000001", "012345678")) == []


def test_ids_that_differ_only_in_writing_are_told() -> None:
    assert _warnings(_ids("HS-17/A", "hs 17a", "HS-18/A")) == [(3, "near_ids")]
    assert _warnings(_ids("Ấn", "Ân")) == []


def test_one_picture_for_two_people_and_repeated_rows_are_told() -> None:
    image = {"image_path": Path("a.jpg")}
    assert _warnings(_backlog(image, image)) == [(3, "shared_image")]
    assert _warnings(_backlog(image | {"face_number": 1}, image | {"face_number": 2})) == []
    assert _warnings(_backlog(image | {"external_id": "1"}, image | {"external_id": "1"})) == [(3, "repeated_row")]
