"""Cells in the words of clerks: Vietnamese and English, with and without diacritics, composed and decomposed."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enroll import cells
from enroll.errors import ManifestError
from enroll.messages import codes, template
from enroll.printable import printable, spreadsheet_cell
from enroll.words import bare, column_of, finger_of_word, folded, modality_of_word, sex_of_word
from index.records import FingerPosition, Modality, Sex
from matcher.texts.languages import LANGUAGES
from matcher.texts.unseen import is_unseen


def _forms(value: str) -> set[str]:
    """The same word as different keyboards and systems write it."""
    spelled = {value, value.upper(), value.title(), f"  {value} ", value.replace(" ", "_"), value.replace(" ", "  ")}
    return {unicodedata.normalize(form, word) for form in ("NFC", "NFD") for word in (*spelled, bare(value))}


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("external_id", "external_id"),
        ("External ID", "external_id"),
        ("Số CCCD", "external_id"),
        ("Số CMND/CCCD", "external_id"),
        ("Mã hồ sơ", "external_id"),
        ("Tệp ảnh", "image"),
        ("Họ và tên", "display_name"),
        ("Giới tính", "sex"),
        ("Giới tính (Nam/Nữ)", "sex"),
        ("Ngày sinh (dd/mm/yyyy) *", "birth_date"),
        ("Ngày sinh", "birth_date"),
        ("Năm sinh", "birth_date"),
        ("Ngày chụp", "capture_date"),
        ("Thiết bị", "capture_device"),
        ("Máy quét", "capture_device"),
        ("Độ phân giải", "ppi"),
        ("Ngón tay", "finger"),
        ("Nhóm", "gallery"),
        ("Loại", "modality"),
        ("Khuôn mặt", "face"),
        ("STT", ""),
        ("Ghi chú", ""),
    ],
)
def test_headers_in_every_form(header: str, column: str) -> None:
    assert {column_of(form) for form in _forms(header)} == {column}


@pytest.mark.parametrize(
    ("words", "finger"),
    [
        ("ngón cái phải", FingerPosition.RIGHT_THUMB),
        ("ngón trỏ phải", FingerPosition.RIGHT_INDEX),
        ("tay phải ngón giữa", FingerPosition.RIGHT_MIDDLE),
        ("áp út phải", FingerPosition.RIGHT_RING),
        ("ngón đeo nhẫn bàn tay phải", FingerPosition.RIGHT_RING),
        ("út phải", FingerPosition.RIGHT_LITTLE),
        ("left thumb", FingerPosition.LEFT_THUMB),
        ("index finger left", FingerPosition.LEFT_INDEX),
        ("trái giữa", FingerPosition.LEFT_MIDDLE),
        ("left ring finger", FingerPosition.LEFT_RING),
        ("ngón út bên trái", FingerPosition.LEFT_LITTLE),
        ("10", FingerPosition.LEFT_LITTLE),
        ("ngón số 7", FingerPosition.LEFT_INDEX),
        ("không rõ", FingerPosition.UNKNOWN),
    ],
)
def test_fingers_in_every_form(words: str, finger: FingerPosition) -> None:
    assert {finger_of_word(form) for form in _forms(words)} == {finger}


def test_every_position_has_its_name_and_number() -> None:
    for finger in FingerPosition:
        assert finger_of_word(str(int(finger))) is finger
        assert finger_of_word(finger.name) is finger
        assert finger_of_word(finger.name.title().replace("_", "")) is finger


@pytest.mark.parametrize(
    "words", ["", "trỏ", "phải", "phải trái trỏ", "trỏ giữa phải", "11", "-1", "٢", "thumb", "nam"]
)
def test_half_a_finger_is_none(words: str) -> None:
    assert finger_of_word(words) is None


def test_sexes_and_modalities_in_every_form() -> None:
    for words, sex in (
        ("nữ", Sex.FEMALE),
        ("nam", Sex.MALE),
        ("female", Sex.FEMALE),
        ("m", Sex.MALE),
        ("", Sex.UNKNOWN),
    ):
        assert {sex_of_word(form) for form in _forms(words)} == {sex}
    for words, modality in (("khuôn mặt", Modality.FACE), ("vân tay", Modality.FINGERPRINT), ("face", Modality.FACE)):
        assert {modality_of_word(form) for form in _forms(words)} == {modality}
    assert sex_of_word("n") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("03/02/1985", date(1985, 2, 3)),
        ("3/2/1985", date(1985, 2, 3)),
        ("03-02-1985", date(1985, 2, 3)),
        ("03.02.1985", date(1985, 2, 3)),
        ("1985-02-03", date(1985, 2, 3)),
        ("1985-02-03 00:00:00", date(1985, 2, 3)),
        ("29/02/1984", date(1984, 2, 29)),
        ("29/02/1985", None),
        ("02/13/1985", None),
        ("3/2-1985", None),
        ("3/2/85", None),
        ("31082", None),
        ("٣/٢/١٩٨٥", None),
    ],
)
def test_dates_have_the_day_first(value: str, expected: date | None) -> None:
    assert cells.parse_date(value) == expected


def test_a_month_that_stands_first_is_told() -> None:
    for read in (cells.birth_year_of, cells.capture_time_of):
        with pytest.raises(ManifestError, match="month first"):
            read("12/31/1990", "en")


def test_birth_years_end_with_this_year() -> None:
    this_year = datetime.now(UTC).year
    for value, year in (("1900", 1900), (str(this_year), this_year), ("12/1985", 1985), ("03/02/1985", 1985)):
        assert cells.birth_year_of(value, "en") == year
    for value in ("1899", str(this_year + 1), "2090", f"01/01/{this_year + 2}", "0", "85", "1985.0", "19850"):
        with pytest.raises(ManifestError):
            cells.birth_year_of(value, "vi")
    with pytest.raises(ManifestError, match="future"):
        cells.capture_time_of(f"01/01/{this_year + 2}", "en")


@pytest.mark.parametrize("value", ["7.9099E+10", "7,9099E+10", "7.9E10", "1e5", "79099001234.0", "79099001234,00",
                                   "79.099.001.234", "79,099,001,234", "79 099 001 234", "########",
                                   "NaN", "None", "null",
                                   "TRUE", "False", "#N/A", "#REF!", "đúng", "-", '=""'])  # fmt: skip
def test_what_a_spreadsheet_made_of_an_id_is_refused(value: str) -> None:
    for language in LANGUAGES:
        with pytest.raises(ManifestError):
            cells.external_id_of(value, language)


@pytest.mark.parametrize(
    ("value", "external_id"),
    [
        ("079090000001", "079090000001"),
        ('="079090000001"', "079090000001"),
        ("'079090000001", "079090000001"),
        ("079.090.000.001", "079.090.000.001"),
        ("HS-2024/17", "HS-2024/17"),
        ("E10", "E10"),
        ("1E", "1E"),
        ("ho\u0302\u0300 so\u031b 1", "hồ sơ 1"),
        ("Nam", "Nam"),
    ],
)
def test_ids_pass_unharmed(value: str, external_id: str) -> None:
    assert cells.external_id_of(value, "en") == external_id


@pytest.mark.parametrize(
    "value", ["a\u200bb", "a\u3164b", "a\u0000b", "a\x1b[31mb", "\u202eabc", "a\ud800", "a\u2066b"]
)
def test_what_cannot_be_seen_is_refused(value: str) -> None:
    with pytest.raises(ManifestError, match="invisible"):
        cells.clean_text("external_id", value, "en")


def test_lost_letters_are_told() -> None:
    misread = "Nguyễn Thị Ánh".encode().decode("cp1252", errors="replace")
    for value in (misread, "Nguy?n Th? Ánh", "Nguy\ufffdn"):
        with pytest.raises(ManifestError, match="encoding"):
            cells.clean_text("display_name", value, "en")
    with pytest.raises(ManifestError, match="encoding"):
        cells.clean_text("display_name", "Th? Hoa", "en")
    for value in (
        "Nguyễn Thị Ánh",
        "Nguyễn Văn A?",
        "Không rõ (?)",
        "?",
        "Nguye\u0302\u0303n",
        "Đặng Ươm",
        "ÁNH Ộ Ừ",
        "O'Neill-Đỗ",
    ):
        assert cells.clean_text("display_name", value, "en") == value


@given(st.text(max_size=30))
def test_no_cell_ends_a_run(value: str) -> None:
    for read in (
        cells.external_id_of,
        cells.modality_of,
        cells.finger_of,
        cells.face_of,
        cells.ppi_of,
        cells.sex_of,
        cells.birth_year_of,
        cells.capture_time_of,
        cells.galleries_of,
    ):
        try:
            read(value, "vi")
        except ManifestError as error:
            assert error.code in codes()  # noqa: PT017 - both ways are right, and only this one has a code
    folded(value)
    column_of(value)


@given(st.text(max_size=30))
def test_what_is_shown_can_be_seen_and_is_no_formula(value: str) -> None:
    shown = printable(value)
    assert not any(is_unseen(character) for character in shown)
    shown.encode("utf-8")
    assert not spreadsheet_cell(value).lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.text(max_size=30))
def test_bare_text_keeps_its_places(value: str) -> None:
    assert len(bare(value)) == len(unicodedata.normalize("NFC", value))


def test_the_texts_of_both_languages_have_the_same_places() -> None:
    def places(template: str) -> set[str]:
        return {name for _, name, _, _ in Formatter().parse(template) if name}

    for code in codes():
        vietnamese, english = (template(code, language) for language in LANGUAGES)
        assert places(vietnamese) == places(english), code
