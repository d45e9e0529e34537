"""Every row of danh bản and chỉ bản, and what the order of the records asks beside them, passes in and out unharmed."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Final

import pytest

from index.records import Subject
from matcher.__main__ import main
from matcher.client import ServiceError
from matcher.record_forms.kinds import FieldKind
from matcher.record_forms.schema import RecordField, load_schema
from tests.fakes import face
from tests.service.conftest import ACCESS, Service
from tests.service.processes import server_process

# The words of the printed form and what holds each; in the order of the form, which is read from above.
DANH_BAN: Final = (
    ("số", "sheet_number"),
    ("lập ngày", "sheet_date"),
    ("tại", "sheet_place"),
    ("ĐP/TW", "sheet_level"),
    ("họ tên", "display_name"),
    ("nam/nữ", "sex"),
    ("tên gọi khác", "other_names"),
    ("sinh ngày", "birth_date"),
    ("CMND", "cmnd_number"),
    ("CCCD", "cccd_number"),
    ("quê quán", "home_place"),
    ("nơi thường trú", "permanent_residence"),
    ("nơi tạm trú", "temporary_residence"),
    ("nơi ở hiện nay", "present_residence"),
    ("quốc tịch", "nationality"),
    ("dân tộc", "ethnicity"),
    ("nghề nghiệp", "occupation"),
    ("họ tên cha", "father_name"),
    ("họ tên mẹ", "mother_name"),
    ("bắt ngày", "arrest_date"),
    ("đơn vị bắt", "arrest_unit"),
    ("lập về việc", "sheet_reason"),
    ("công thức vân tay", "print_formula"),
    ("hồ sơ AK số", "case_file_number"),
    ("họ tên vợ", "spouse_name"),
    ("chỗ ở", "spouse_residence"),
    ("khuôn mặt", "face_shape"),
    ("chiều cao", "height_cm"),
    ("nếp tai dưới", "ear_lobe"),
    ("sống mũi", "nose_bridge"),
    ("dái tai", "earlobe_shape"),
    ("dấu vết riêng", "particular_marks"),
    ("dị hình", "deformities"),
    ("cán bộ lập", "made_by"),
)
CHI_BAN: Final = (
    ("số", "sheet_number"),
    ("lập ngày", "sheet_date"),
    ("tại", "sheet_place"),
    ("ĐP/TW", "sheet_level"),
    ("công thức vân tay", "print_formula"),
    ("họ tên", "display_name"),
    ("nam/nữ", "sex"),
    ("sinh ngày", "birth_date"),
    ("CMND", "cmnd_number"),
    ("CCCD", "cccd_number"),
    ("hộ chiếu", "passport_number"),
    ("nơi thường trú", "permanent_residence"),
    ("nơi tạm trú", "temporary_residence"),
    ("nơi ở hiện nay", "present_residence"),
    ("lập về việc", "sheet_reason"),
    ("cán bộ lập", "made_by"),
    ("cán bộ sắp xếp", "arranged_by"),
    ("cán bộ phân loại", "classified_by"),
    ("cán bộ kiểm tra phân loại", "classification_checked_by"),
)
# Beside the forms: own number, names, numbers with validity, origin, units by code with validity, ground, retention.
BESIDE: Final = (
    "external_id",
    "birth_year",
    "cccd_issue_date",
    "cccd_expiry_date",
    "cmnd_issue_date",
    "cmnd_expiry_date",
    "passport_country",
    "passport_issue_date",
    "passport_expiry_date",
    "passport2_number",
    "passport2_country",
    "passport2_expiry_date",
    "unit_code",
    "unit_name",
    "unit_valid_from",
    "unit_valid_until",
    "legal_ground",
    "retention_date",
    "remarks",
)
# All letters of the language that have marks, as one code point each and as several.
LETTERS: Final = "ăâđêôơư áàảãạ ắằẳẵặ ấầẩẫậ éèẻẽẹ ếềểễệ íìỉĩị óòỏõọ ốồổỗộ ớờởỡợ úùủũụ ứừửữự ýỳỷỹỵ ĂÂĐÊÔƠƯ"
FIELDS: Final = load_schema().fields
_OF_KIND: Final = {
    FieldKind.DATE: ("09/02/1987", "02/1987"),
    FieldKind.YEAR: ("1987", "1903"),
    FieldKind.SEX: ("female", "male"),
    FieldKind.NUMBER: ("162", "162,5"),
    FieldKind.CCCD: ("079087000123", "001087000123"),
    FieldKind.CMND: ("024000123", "000000001"),
    FieldKind.PASSPORT: ("C0123456", "00123456"),
}


def values_of(field: RecordField) -> tuple[str, str]:
    """Two that may stand there, the first with every letter composed and the second with them decomposed."""
    if field.kind in _OF_KIND:
        return _OF_KIND[field.kind]
    composed = unicodedata.normalize("NFC", f"{LETTERS} “{field.field_id}” 1/2, số 007")
    return composed, unicodedata.normalize("NFD", "Nguyễn Thị Hồng Đào")


@pytest.mark.parametrize(("form_id", "rows"), [("204", DANH_BAN), ("205", CHI_BAN)])
def test_every_row_of_a_form_has_its_field_in_its_place(
    service: Service, form_id: str, rows: tuple[tuple[str, str], ...]
) -> None:
    told = service.another_client(language="vi").record_forms()
    (form,) = [one for one in told.forms if one.form_id == form_id]
    assert list(form.field_ids) == [field_id for _, field_id in rows]
    labels = {field.field_id: field.label.casefold() for field in told.fields}
    for words, field_id in rows:
        said = {"nam/nữ": "giới tính"}.get(words, words).casefold()
        assert said in labels[field_id], (words, labels[field_id])


def test_nothing_is_declared_that_is_not_listed_here() -> None:
    listed = {field_id for _, field_id in (*DANH_BAN, *CHI_BAN)} | set(BESIDE)
    assert listed == set(FIELDS)


@pytest.fixture
def subject_id(service: Service) -> str:
    return service.client.enroll([face(1)], subject=Subject("")).subject_id


@pytest.mark.parametrize("field_id", list(FIELDS))
def test_each_field_is_kept_corrected_and_cleared_and_its_history_has_all_of_it(
    service: Service, subject_id: str, field_id: str
) -> None:
    first, second = values_of(FIELDS[field_id])
    for value in (first, second, ""):
        answer = service.client.update_subject(subject_id, {field_id: value})
        assert list(answer.changed_field_ids) == [field_id]
        found = {one.field_id: one.text for one in service.client.get_record(subject_id).values}
        assert found == ({field_id: value} if value else {})
    changes = [
        (revision.revision, revision.operator_id, revision.case_number, change.before, change.after)
        for revision in service.client.revisions(subject_id)
        for change in revision.changes
    ]
    who = (ACCESS.operator_id, ACCESS.case_number)
    assert changes == [(1, *who, "", first), (2, *who, first, second), (3, *who, second, "")]


def test_all_fields_together_pass_through_the_command_line_and_a_restart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {name: values_of(field)[0] for name, field in FIELDS.items()}
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            subject_id = client.enroll([face(1)], subject=Subject("")).subject_id
        said = ["--address", server.address, "--operator", "op", "--purpose", "nhập danh bản"]
        assert (
            main(["record", "update", subject_id, *(f"{name}={value}" for name, value in values.items()), *said]) == 0
        )
    with server_process(tmp_path / "data") as server:
        said = ["--address", server.address, "--operator", "op"]
        capsys.readouterr()
        assert main(["record", "show", subject_id, "--json", *said]) == 0
        record = json.loads(capsys.readouterr().out)
        assert {one["field_id"]: one["text"] for one in record["values"]} == values
        assert main(["record", "history", subject_id, "--json", *said]) == 0
        (revision,) = json.loads(capsys.readouterr().out)
        assert {one["field_id"]: one["after"] for one in revision["changes"]} == values
        assert main(["--lang", "vi", "record", "show", subject_id, *said]) == 0
        shown = capsys.readouterr().out
        assert "Căn cứ pháp lý" in shown
        assert "079087000123" in shown


@pytest.mark.parametrize("field_id", ["retention_date", "unit_valid_until", "cccd_expiry_date"])
def test_a_day_that_is_none_is_refused(service: Service, subject_id: str, field_id: str) -> None:
    for value in ("31/02/2027", "2027-01-01", "1/1/2027", "mai"):
        with pytest.raises(ServiceError):
            service.client.update_subject(subject_id, {field_id: value})


def test_the_report_names_whose_retention_date_is_over_and_deletes_nothing(service: Service) -> None:
    dates = {"HS-1": "31/12/2026", "HS-2": "01/01/2027", "HS-3": "12/2026", "HS-4": "2027", "HS-5": ""}
    ids = {}
    for number, (name, until) in enumerate(dates.items()):
        subject = Subject("", name, f"Nguyễn {name}")
        ids[name] = service.client.enroll([face(number)], subject=subject).subject_id
        service.client.update_subject(ids[name], {"retention_date": until, "legal_ground": "Điều 12"})
    service.client.enroll([face(9)], subject=Subject("", "HS-6"))
    service.client.seal_subject(ids["HS-3"])

    def past(day: str, page_size: int = 0) -> list[str]:
        pages = list(service.client.past_retention(on=day, page_size=page_size))
        assert {page.total_count for page in pages} == {5}
        return [one.subject.external_id for page in pages for one in page.records]

    assert past("31/12/2026") == []
    assert past("01/01/2027") == past("01/01/2027", page_size=1) == ["HS-1", "HS-3"]
    assert past("02/01/2027") == ["HS-1", "HS-2", "HS-3"]
    assert past("01/01/2028", page_size=2) == ["HS-1", "HS-2", "HS-3", "HS-4"]
    assert len(list(service.client.subjects())) == 6
    shown = [one.subject_ids for one in service.audit.events if one.action == "list_past_retention"]
    assert shown[-3:] == [(ids["HS-1"], ids["HS-2"]), (ids["HS-3"], ids["HS-4"]), ()]


def test_the_command_line_reports_retention(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            subject_id = client.enroll([face(1)], subject=Subject("", "HS-1", "Nguyễn Thị Ánh")).subject_id
            client.update_subject(subject_id, {"retention_date": "12/2001", "legal_ground": "Điều 12"})
        said = ["--address", server.address, "--operator", "op"]
        assert main(["--lang", "vi", "record", "past-retention", *said]) == 0
        shown = capsys.readouterr().out
        assert "1 hồ sơ quá hạn lưu giữ trong 1 hồ sơ" in shown
        assert "Nguyễn Thị Ánh" in shown
        assert main(["--lang", "en", "record", "past-retention", "--on", "01/01/2000", *said]) == 0
        assert "No record is past" in capsys.readouterr().out
        assert main(["--lang", "en", "record", "past-retention", "--on", "2000-01-01", *said]) == 1
        assert "dd/mm/yyyy" in capsys.readouterr().err
