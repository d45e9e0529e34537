"""Subjects, references and galleries through the running server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from index.records import Subject
from matcher.client import ServiceError
from matcher.client.messages import access_message
from protos.biometrics.v1 import enrollment_service_pb2 as pb
from tests.fakes import face, finger
from tests.service.conftest import ACCESS, Service


def test_lists_are_paged_and_complete(service: Service) -> None:
    for identity in range(7):
        service.client.enroll([face(identity)], subject=Subject("", f"number-{identity}"), skip_duplicate_check=True)
    page = service.client.call(
        service.client.enrollment.ListSubjects, pb.ListSubjectsRequest(access=access_message(ACCESS), page_size=3)
    )
    assert len(page.subjects) == 3
    assert page.next_page_token
    everyone = [subject.external_id for subject in service.client.subjects(page_size=3)]
    assert everyone == [f"number-{identity}" for identity in range(7)]


@pytest.mark.parametrize(
    ("request_message", "field"),
    [
        (pb.ListSubjectsRequest(access=access_message(ACCESS), page_token="made up"), "page_token"),
        (pb.ListSubjectsRequest(access=access_message(ACCESS), page_size=-1), "page_size"),
        (pb.ListSubjectsRequest(access=access_message(ACCESS), page_size=1001), "page_size"),
    ],
)
def test_a_wrong_page_is_refused_by_field(
    service: Service, request_message: pb.ListSubjectsRequest, field: str
) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.call(service.client.enrollment.ListSubjects, request_message)
    assert refusal.value.code == "INVALID_ARGUMENT"
    assert [violation.field for violation in refusal.value.violations] == [field]
    if field == "page_size":
        assert "1 to 1000" in refusal.value.violations[0].description


def test_deleting_a_subject_can_be_repeated_and_leaves_only_the_record(service: Service) -> None:
    answer = service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1"))
    first = service.client.delete_subject(answer.subject_id, request_id="d-1", access=ACCESS)
    assert first.deleted_reference_count == 2
    again = service.client.delete_subject(answer.subject_id, request_id="d-1", access=ACCESS)
    assert again.replayed
    assert again.deleted_reference_count == 2
    with pytest.raises(ServiceError) as refusal:
        service.client.delete_subject(answer.subject_id, request_id="d-2")
    assert refusal.value.reason == "ERROR_REASON_SUBJECT_NOT_FOUND"
    with pytest.raises(ServiceError):
        service.client.get_subject(answer.subject_id)
    deletions = [event for event in service.audit.events if event.action == "delete_subject"]
    assert [event.outcome for event in deletions] == ["ok", "ok", "refused"]
    assert deletions[0].operator_id == "operator-7"
    assert len(deletions[0].reference_ids) == 2


def test_deleting_a_reference_leaves_the_others(service: Service) -> None:
    answer = service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1"))
    service.client.delete_reference(answer.samples[0].reference_id)
    kept = [reference.reference_id for reference in service.client.references(answer.subject_id)]
    assert kept == [answer.samples[1].reference_id]
    with pytest.raises(ServiceError) as refusal:
        service.client.delete_reference(answer.samples[0].reference_id)
    assert refusal.value.reason == "ERROR_REASON_REFERENCE_NOT_FOUND"


def test_galleries_are_made_filled_and_emptied(service: Service) -> None:
    made = service.client.create_gallery("wanted", display_name="Wanted", purpose="warrants", access=ACCESS)
    assert made.create_time.seconds > 0
    with pytest.raises(ServiceError) as refusal:
        service.client.create_gallery("wanted")
    assert refusal.value.code == "ALREADY_EXISTS"
    assert [gallery.display_name for gallery in service.client.galleries()] == ["Wanted"]
    subject_id = service.client.enroll([face(1)], subject=Subject("", "number-1")).subject_id
    service.client.add_to_gallery("wanted", [subject_id])
    event = service.audit.events[-1]
    assert (event.action, event.subject_ids, event.candidates) == ("add_to_gallery", (subject_id,), ())
    assert [subject.subject_id for subject in service.client.subjects(gallery_id="wanted")] == [subject_id]
    service.client.remove_from_gallery("wanted", [subject_id])
    assert not list(service.client.subjects(gallery_id="wanted"))
    with pytest.raises(ServiceError) as refusal:
        service.client.add_to_gallery("wanted", [subject_id, "nobody"])
    assert refusal.value.reason == "ERROR_REASON_SUBJECT_NOT_FOUND"
    assert not list(service.client.subjects(gallery_id="wanted"))


@pytest.mark.parametrize("gallery_id", ["", "Wanted", "-a", "a" * 65, "a/b", "ä"])
def test_a_gallery_id_is_plain(service: Service, gallery_id: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.create_gallery(gallery_id)
    assert [violation.field for violation in refusal.value.violations] == ["gallery.gallery_id"]


def test_every_reading_access_is_recorded(service: Service) -> None:
    subject_id = service.client.enroll([face(1)], subject=Subject("", "number-1")).subject_id
    service.client.get_subject(subject_id, access=ACCESS)
    list(service.client.subjects(access=ACCESS))
    list(service.client.references(subject_id, access=ACCESS))
    list(service.client.galleries(access=ACCESS))
    actions = [event.action for event in service.audit.events]
    assert actions == ["enroll", "get_subject", "list_subjects", "list_references", "list_galleries"]
    assert all(event.operator_id == "operator-7" for event in service.audit.events[1:])


def test_a_subject_is_found_by_exactly_one_key(service: Service) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.get_subject()
    assert [violation.field for violation in refusal.value.violations] == ["key"]


def test_subjects_are_found_by_name_and_by_number(service: Service) -> None:
    for external_id, name in (("079", "Nguyễn Thị Hồng Đào"), ("080", "Trần Văn An"), ("081", "Trần Văn Anh")):
        service.client.enroll([face(1)], subject=Subject("", external_id, name), skip_duplicate_check=True)
    (dao,) = service.client.subjects(name="dao NGUYEN")
    assert (dao.external_id, dao.display_name) == ("079", "Nguyễn Thị Hồng Đào")
    event = service.audit.events[-1]
    assert (event.action, event.subject_ids, event.case_number) == ("list_subjects", (dao.subject_id,), "case-12")
    assert [one.external_id for one in service.client.subjects(name="van an")] == ["080"]
    assert [one.external_id for one in service.client.subjects(name="van an", by_word_beginnings=True)] == [
        "080",
        "081",
    ]
    assert [one.display_name for one in service.client.subjects(external_id="081")] == ["Trần Văn Anh"]
    assert list(service.client.subjects(external_id="081", name="dao")) == []


@pytest.mark.parametrize("missing", ["case_number", "purpose"])
def test_a_search_by_name_needs_what_every_search_needs(service: Service, missing: str) -> None:
    access = replace(ACCESS, **{missing: ""})
    with pytest.raises(ServiceError) as refusal:
        list(service.client.subjects(name="dao", access=access))
    assert [violation.field for violation in refusal.value.violations] == [f"access.{missing}"]
    assert service.audit.events[-1].outcome == "refused"
    assert list(service.client.subjects(access=access)) == []


@pytest.mark.parametrize("name", ["'-", " ".join(f"word{number}" for number in range(21))])
def test_a_name_to_search_for_has_one_to_twenty_words(service: Service, name: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        list(service.client.subjects(name=name))
    assert [violation.field for violation in refusal.value.violations] == ["name"]


def test_lists_say_how_many_there_are_on_all_pages(service: Service) -> None:
    service.client.create_gallery("wanted")
    service.client.create_gallery("other")
    for number in range(3):
        galleries = frozenset({"wanted"} if number else set())
        service.client.enroll([face(number), finger(number)], subject=Subject("", f"{number}", galleries=galleries))
    subject_id = service.client.get_subject(external_id="1").subject_id
    access, ask = access_message(ACCESS), service.client.enrollment
    assert ask.ListSubjects(pb.ListSubjectsRequest(access=access, page_size=1)).total_count == 3
    assert ask.ListSubjects(pb.ListSubjectsRequest(access=access, gallery_id="wanted")).total_count == 2
    references = ask.ListReferences(pb.ListReferencesRequest(access=access, subject_id=subject_id, page_size=1))
    assert (len(references.references), references.total_count) == (1, 2)
    assert ask.ListGalleries(pb.ListGalleriesRequest(access=access, page_size=1)).total_count == 2
