"""Records of subjects through the running server and the command line: corrected, sealed, nothing silently ignored."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from index.records import Sex, Subject
from matcher.__main__ import main
from matcher.client import ServiceError
from matcher.config import load_settings
from matcher.errors import ConfigError, MatcherError
from matcher.record_forms.kinds import is_over
from matcher.record_forms.schema import load_schema
from matcher.results import NoticeCode
from matcher.texts.catalog import localized
from protos.biometrics.v1 import record_service_pb2 as pb
from protos.biometrics.v1.enrollment_service_pb2 import (
    DOCUMENT_STANDING_CURRENT,
    DOCUMENT_STANDING_EXPIRED,
    DOCUMENT_STANDING_FORMER,
    DOCUMENT_STANDING_OF_MERGED,
    SUBJECT_STATE_ACTIVE,
    SUBJECT_STATE_SEALED,
)
from tests.fakes import face
from tests.service.conftest import ACCESS, Service
from tests.service.processes import ServerProcess, server_process

# A value for every field of the forms, with diacritics, leading zeros, and dates as they are written in Vietnam.
BY_KIND = {
    "text": "Ấp Đông, xã Nhơn Đức, TP. Hồ Chí Minh",
    "date": "09/02/1987",
    "year": "1987",
    "sex": "female",
    "number": "162",
    "cccd": "079087000123",
    "cmnd": "024000123",
    "passport": "C0123456",
}


@pytest.fixture
def subject_id(service: Service) -> str:
    subject = Subject("", external_id="HS-0001", display_name="Nguyễn Thị Ánh", sex=Sex.FEMALE, birth_year=1987)
    return service.client.enroll([face(1)], subject=subject).subject_id


def refused(call: Callable[[], object]) -> ServiceError:
    with pytest.raises(ServiceError) as refusal:
        call()
    return refusal.value


@pytest.mark.parametrize("form_id", ["204", "205"])
def test_every_field_of_a_form_passes_in_and_out_unharmed(service: Service, subject_id: str, form_id: str) -> None:
    told = service.client.record_forms()
    (form,) = [one for one in told.forms if one.form_id == form_id]
    kinds = {field.field_id: field.kind for field in told.fields}
    values = {field_id: BY_KIND[kinds[field_id]] for field_id in form.field_ids}
    answer = service.client.update_subject(subject_id, values)
    assert set(answer.changed_field_ids) == {name for name in values if name != "sex"}
    record = service.client.get_record(subject_id)
    found = {value.field_id: value.text for value in record.values}
    assert {name: found[name] for name in values} == values
    assert [value.field_id for value in record.values] == [name for name in kinds if name in found]
    assert record.revision == answer.revision == 1


def test_the_forms_have_their_pictures_in_order(service: Service) -> None:
    forms = {form.form_id: form for form in service.client.record_forms().forms}
    assert [list(image.finger_positions) for image in forms["204"].images] == [[7], [2], [], [], []]
    fingers = [list(image.finger_positions) for image in forms["205"].images]
    assert fingers == [*([number] for number in range(1, 11)), [7, 8, 9, 10], [1, 6], [2, 3, 4, 5]]


@pytest.mark.parametrize(("language", "label"), [("vi", "Quê quán"), ("en", "Place of origin")])
def test_labels_come_in_the_language_asked_for(service: Service, language: str, label: str) -> None:
    told = service.another_client(language=language).record_forms()
    assert label in {field.label for field in told.fields}


def test_the_history_says_who_when_why_and_what_it_was(service: Service, subject_id: str) -> None:
    service.client.update_subject(subject_id, {"birth_year": "1978", "occupation": "Thợ điện"}, access=ACCESS)
    service.client.update_subject(subject_id, {"occupation": ""})
    first, second = service.client.revisions(subject_id, page_size=1)
    assert (first.operator_id, first.case_number, first.purpose) == ("operator-7", "case-12", "burglary")
    assert [(one.field_id, one.before, one.after) for one in first.changes] == [
        ("birth_year", "1987", "1978"),
        ("occupation", "", "Thợ điện"),
    ]
    assert [(one.field_id, one.before, one.after) for one in second.changes] == [("occupation", "Thợ điện", "")]
    assert service.client.get_subject(subject_id).birth_year == 1978


def test_the_audit_record_names_fields_and_never_their_values(service: Service, subject_id: str) -> None:
    service.client.update_subject(subject_id, {"occupation": "Thợ sửa đồng hồ"})
    service.client.revisions(subject_id)
    (event,) = [one for one in service.audit.events if one.action == "update_subject"]
    assert (event.subject_id, event.changed_fields, event.operator_id) == (subject_id, ("occupation",), "operator-7")
    assert "đồng hồ" not in repr(service.audit.events)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"no_such_field": "x"}, "values[0].field_id"),
        ({"birth_date": "31/02/1987"}, "values[0].text"),
        ({"birth_date": "1987-02-03"}, "values[0].text"),
        ({"cccd_number": "79087000123"}, "values[0].text"),
        ({"cmnd_number": "0240001234"}, "values[0].text"),
        ({"passport_number": "c012"}, "values[0].text"),
        ({"sex": "nữ"}, "values[0].text"),
        ({"birth_year": "87"}, "values[0].text"),
        ({"occupation": "Thợ điện", "remarks": "x" * 2001}, "values[1].text"),
        ({"occupation": "Thợ\u200bđiện"}, "values[0].text"),
        ({"occupation": " Thợ điện"}, "values[0].text"),
        ({}, "values"),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_field_and_nothing_is_changed(
    service: Service, subject_id: str, values: dict[str, str], field: str
) -> None:
    error = refused(lambda: service.client.update_subject(subject_id, values))
    assert error.code == "INVALID_ARGUMENT"
    assert [violation.field for violation in error.violations] == [field]
    assert service.client.get_record(subject_id).revision == 0


@pytest.mark.parametrize("value", ["1987", "02/1987", "29/02/1988"])
def test_of_a_date_as_much_is_written_as_is_known(service: Service, subject_id: str, value: str) -> None:
    service.client.update_subject(subject_id, {"birth_date": value})
    assert [one.text for one in service.client.get_record(subject_id).values if one.field_id == "birth_date"] == [value]


def test_a_field_named_twice_is_refused(service: Service, subject_id: str) -> None:
    value = pb.RecordValue(field_id="occupation", text="Thợ điện")
    request = pb.UpdateSubjectRequest(subject_id=subject_id, values=[value, value])
    assert refused(lambda: service.client.call(service.client.records.UpdateSubject, request)).violations[0].field


def test_a_change_needs_a_purpose(service: Service, subject_id: str) -> None:
    nobody = service.another_client()
    access = ACCESS.__class__(operator_id="operator-7", case_number="", purpose="")
    for call in (nobody.seal_subject, nobody.unseal_subject):
        error = refused(lambda call=call: call(subject_id, access=access))  # type: ignore[misc]
        assert error.violations[0].field == "access.purpose"
    error = refused(lambda: nobody.update_subject(subject_id, {"occupation": "x"}, access=access))
    assert error.violations[0].field == "access.purpose"


def test_two_who_read_the_same_record_do_not_overwrite_each_other(service: Service, subject_id: str) -> None:
    service.client.update_subject(subject_id, {"occupation": "Thợ điện"}, expected_revision=0)
    error = refused(lambda: service.client.update_subject(subject_id, {"occupation": "Lái xe"}, expected_revision=0))
    assert (error.code, error.reason) == ("ABORTED", "ERROR_REASON_REVISION_CONFLICT")


def test_a_repeated_change_is_one(service: Service, subject_id: str) -> None:
    for replayed in (False, True):
        answer = service.client.update_subject(subject_id, {"occupation": "Thợ điện"}, request_id="once")
        assert (answer.replayed, answer.revision) == (replayed, 1)
    assert len(list(service.client.revisions(subject_id))) == 1


def test_a_sealed_subject_is_kept_and_not_searched(service: Service, subject_id: str) -> None:
    assert [one.subject_id for one in service.client.identify([face(1)]).candidates] == [subject_id]
    assert service.client.seal_subject(subject_id)
    assert not service.client.identify([face(1)]).candidates
    assert service.client.get_subject(subject_id).state == SUBJECT_STATE_SEALED
    assert service.client.unseal_subject(subject_id)
    assert [one.subject_id for one in service.client.identify([face(1)]).candidates] == [subject_id]
    assert service.client.get_subject(subject_id).state == SUBJECT_STATE_ACTIVE
    actions = [event.action for event in service.audit.events]
    assert actions.count("seal_subject") == actions.count("unseal_subject") == 1
    # What it was already is no change.
    service.client.unseal_subject(subject_id)
    told = [(one.event.kind, one.operator_id, one.purpose) for one in service.client.revisions(subject_id)]
    who = (ACCESS.operator_id, ACCESS.purpose)
    assert told == [(pb.RECORD_EVENT_KIND_SEALED, *who), (pb.RECORD_EVENT_KIND_UNSEALED, *who)]
    assert service.client.get_record(subject_id).revision == 2


def test_an_enrollment_that_says_otherwise_than_the_record_is_told_so(service: Service, subject_id: str) -> None:
    said = Subject("", external_id="HS-0001", display_name="Trần Thị Bình", sex=Sex.FEMALE, birth_year=1988)
    answer = service.client.enroll([face(1, impression=1)], subject=said)
    assert answer.subject_id == subject_id
    (notice,) = [one for one in answer.notices if one.code == NoticeCode.RECORD_DIFFERS.value]
    assert "display_name, birth_year" in notice.text
    assert service.client.get_subject(subject_id).display_name == "Nguyễn Thị Ánh"
    same = Subject("", external_id="HS-0001", birth_year=1987)
    answer = service.client.enroll([face(1, impression=2)], subject=same)
    assert not [one for one in answer.notices if one.code == NoticeCode.RECORD_DIFFERS.value]


def command(server: ServerProcess, *arguments: str) -> list[str]:
    said = ["--address", server.address, "--operator", "operator-7", "--purpose", "sửa hồ sơ"]
    return ["--lang", "vi", "record", *arguments, *said]


def test_the_command_line_corrects_a_record(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            subject = Subject("", external_id="HS-0001", display_name="Nguyễn Thị Ánh")
            subject_id = client.enroll([face(1)], subject=subject).subject_id
        assert main(command(server, "update", subject_id, "occupation=Thợ điện", "birth_date=09/02/1987")) == 0
        assert main(command(server, "history", subject_id)) == 0
        assert main(command(server, "show", subject_id)) == 0
        assert main(command(server, "forms")) == 0
        shown = capsys.readouterr().out
        for word in ("Thợ điện", "09/02/1987", "operator-7", "sửa hồ sơ", "Nghề nghiệp", "Danh bản"):
            assert word in shown
        assert main(command(server, "seal", subject_id)) == 0
        assert main(command(server, "show", subject_id)) == 0
        assert "niêm phong" in capsys.readouterr().out
        assert main(command(server, "unseal", subject_id)) == 0
        assert main(command(server, "update", subject_id, "occupation")) == 2
        assert main(command(server, "update", subject_id, "birth_date=9.2.87")) == 1
        assert "dd/mm/yyyy" in capsys.readouterr().err
    log = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    (update,) = [one for one in log if one.get("action") == "update_subject" and one.get("outcome", "ok") == "ok"]
    assert update["changed_fields"] == ["birth_date", "occupation"]


OWN_FIELDS = """
[fields]
external_id = { vi = "Số", en = "Number" }
display_name = { vi = "Họ tên", en = "Name" }
sex = { vi = "Giới tính", en = "Sex", kind = "sex" }
birth_year = { vi = "Năm sinh", en = "Year of birth", kind = "year" }
scar = { vi = "Sẹo", en = "Scar", longest = 5 }
"""


def test_a_force_declares_fields_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "fields.toml"
    path.write_text(OWN_FIELDS)
    environ = {"STATION_MATCHER_RECORDS_FIELDS_FILE": str(path)}
    assert load_settings(environ=environ).records.fields_file == path
    with server_process(tmp_path / "data", environ=environ) as server, server.client() as client:
        subject_id = client.enroll([face(1)], subject=Subject("")).subject_id
        assert client.update_subject(subject_id, {"scar": "tay"}).revision == 1
        assert refused(lambda: client.update_subject(subject_id, {"scar": "bàn tay"})).code == "INVALID_ARGUMENT"
        assert refused(lambda: client.update_subject(subject_id, {"occupation": "x"})).code == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[fields", "not valid TOML"),
        ("", "fields"),
        ("[fields]\nscar = { vi = 'Sẹo' }", "label"),
        ("[fields]\nscar = { vi = 'Sẹo', en = 'Scar', kind = 'colour' }", "scar: kind must be one of"),
        ("[fields]\nscar = { vi = 'Sẹo', en = 'Scar' }", "external_id"),
        (OWN_FIELDS.replace('kind = "year"', 'kind = "text"'), "birth_year must be of kind year"),
        (OWN_FIELDS + "[[forms]]\nid='1'\nvi='a'\nen='a'\nfields=['scars']", "scars"),
    ],
)
def test_a_file_of_fields_that_is_wrong_is_refused_with_the_reason(tmp_path: Path, content: str, told: str) -> None:
    path = tmp_path / "fields.toml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=told) as refusal:
        load_schema(path)
    assert isinstance(refusal.value, MatcherError)


def test_a_wrong_file_of_fields_is_told_in_vietnamese_too(tmp_path: Path) -> None:
    path = tmp_path / "fields.toml"
    path.write_text("[fields]\nScar = { vi = 'Sẹo', en = 'Scar' }", encoding="utf-8")
    with pytest.raises(ConfigError) as refusal:
        load_schema(path)
    said = "records.fields_file chưa đúng: “Scar” không dùng làm mã được: chỉ dùng chữ thường, chữ số và _"
    assert localized(refusal.value, "vi") == said


def test_a_subject_is_found_by_the_number_of_a_document_which_says_what_it_is(
    service: Service, subject_id: str
) -> None:
    number = "079087000123"
    client = service.client
    client.update_subject(subject_id, {"cccd_number": number, "cccd_expiry_date": "01/2099"})

    def standings(said: str) -> list[tuple[str, str, int]]:
        (page,) = client.subject_pages(document_number=said)
        found = {one.subject_id for one in page.subjects}
        assert {one.subject_id for one in page.document_matches} == found
        return [(one.subject_id, one.field_id, one.standing) for one in page.document_matches]

    assert standings("0790 8700-0123") == [(subject_id, "cccd_number", DOCUMENT_STANDING_CURRENT)]
    client.update_subject(subject_id, {"cccd_expiry_date": "31/12/2020"})
    assert standings(number) == [(subject_id, "cccd_number", DOCUMENT_STANDING_EXPIRED)]
    client.update_subject(subject_id, {"cccd_number": "079087000999", "cccd_expiry_date": ""})
    assert standings(number) == [(subject_id, "cccd_number", DOCUMENT_STANDING_FORMER)]
    other = client.enroll([face(2)], subject=Subject("", "HS-0002")).subject_id
    client.update_subject(other, {"passport_number": "C0123456"})
    assert standings("c012 3456") == [(other, "passport_number", DOCUMENT_STANDING_CURRENT)]
    client.update_subject(subject_id, {"passport_number": "B7654321"})
    client.merge_subjects(other, subject_id)
    assert standings("C0123456") == [(subject_id, "passport_number", DOCUMENT_STANDING_OF_MERGED)]
    (event, *_) = [one for one in service.audit.events if one.action == "list_subjects"]
    assert event.subject_ids == (subject_id,)
    assert number not in repr(service.audit.events)


def test_a_number_that_no_document_has_is_refused_and_a_search_by_one_needs_a_case(service: Service) -> None:
    error = refused(lambda: list(service.client.subjects(document_number="079-8")))
    assert [violation.field for violation in error.violations] == ["document_number"]
    assert "12 digits" in error.text
    access = ACCESS.__class__(operator_id="operator-7", case_number="", purpose="x1")
    error = refused(lambda: list(service.client.subjects(document_number="079087000123", access=access)))
    assert error.violations[0].field == "access.case_number"


@pytest.mark.parametrize(
    ("until", "is_past"),
    [
        ("25/11/2026", True),
        ("26/11/2026", False),
        ("10/2026", True),
        ("11/2026", False),
        ("2025", True),
        ("2026", False),
    ],
)
def test_what_is_not_known_of_a_validity_is_taken_as_late_as_it_may_be(until: str, is_past: bool) -> None:
    assert is_over(until, date(2026, 11, 26)) is is_past


def test_the_command_line_finds_subjects_by_name_and_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            subject = Subject("", external_id="HS-0001", display_name="Nguyễn Thị Ánh", birth_year=1987)
            subject_id = client.enroll([face(1)], subject=subject).subject_id
            client.update_subject(subject_id, {"cccd_number": "079087000123", "other_names": "Tư Đen"})
            client.update_subject(subject_id, {"cccd_number": "079087000999"})
        said = ["--address", server.address, "--operator", "op", "--case", "12", "--purpose", "xác minh"]

        def found(*asked: str) -> str:
            assert main(["--lang", "vi", "subject", "find", *asked, *said]) == 0
            return capsys.readouterr().out

        assert "Số CCCD: số cũ, không còn trong hồ sơ" in found("--document", "079087000123")
        for asked in (("--document", "079087000999"), ("--name", "anh nguyen"), ("--external-id", "HS-0001")):
            assert "Nguyễn Thị Ánh" in found(*asked)
        assert "Nguyễn Thị Ánh" in found("--name", "de", "--beginnings")
        assert found("--document", "079087000111").strip() == "Không tìm thấy hồ sơ nào."
        answer = json.loads(found("--document", "079087000999", "--json"))
        assert answer["document_matches"][0]["standing"] == "DOCUMENT_STANDING_CURRENT"
        assert main(["--lang", "vi", "subject", "find", *said]) == 2
        assert main(["--lang", "vi", "subject", "find", "--document", "12", *said]) == 1
        assert "12 chữ số" in capsys.readouterr().err


def test_recording_a_number_that_leads_to_somebody_else_is_told(service: Service, subject_id: str) -> None:
    client, number = service.client, "079087000123"
    assert not client.update_subject(subject_id, {"cccd_number": number}).same_document_subject_ids
    other = client.enroll([face(2)], subject=Subject("", "HS-0002")).subject_id
    answer = client.update_subject(other, {"cccd_number": number, "occupation": "Thợ điện"})
    assert list(answer.same_document_subject_ids) == [subject_id]
    event = [one for one in service.audit.events if one.action == "update_subject"][-1]
    assert (event.subject_id, event.subject_ids) == (other, (subject_id,))
    assert not client.update_subject(other, {"occupation": "Lái xe"}).same_document_subject_ids
    by_own_number = client.enroll([face(3)], subject=Subject("", "001087000999")).subject_id
    answer = client.update_subject(subject_id, {"cccd_number": "001087000999"})
    assert list(answer.same_document_subject_ids) == [by_own_number]
    client.merge_subjects(subject_id, other)
    assert not client.update_subject(other, {"cccd_number": ""}).same_document_subject_ids
    assert not client.update_subject(other, {"cccd_number": number}).same_document_subject_ids


def test_an_enrollment_under_a_number_of_a_document_of_somebody_else_is_told(service: Service, subject_id: str) -> None:
    client, number = service.client, "079087000123"
    client.update_subject(subject_id, {"cccd_number": number})
    answer = client.enroll([face(2)], subject=Subject("", number))
    (notice,) = [one for one in answer.notices if one.code == NoticeCode.DOCUMENT_KNOWN.value]
    assert list(notice.subject_ids) == [subject_id]
    assert subject_id in notice.text
    (event,) = [one for one in service.audit.events if one.action == "enroll" and one.subject_id == answer.subject_id]
    assert event.subject_ids == (subject_id,)
    client.merge_subjects(answer.subject_id, subject_id)
    again = client.enroll([face(2, impression=1)], subject=Subject("", number))
    assert again.subject_id == subject_id
    assert not [one for one in again.notices if one.code == NoticeCode.DOCUMENT_KNOWN.value]
