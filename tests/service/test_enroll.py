"""Enroll and BatchEnroll through the running server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from index.records import FingerPosition, Sex, Subject
from matcher.client import ServiceError, enroll_message, error_of
from matcher.samples import EncodedSample
from protos.biometrics.v1 import enrollment_service_pb2
from tests.fakes import DOUBTFUL, NOTHING, face, finger
from tests.service.conftest import ACCESS, Service, start_service, stop_service

NEW = Subject("", external_id="number-1")


def test_an_enrollment_is_acknowledged_searchable_and_recorded(service: Service) -> None:
    captured = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    device = "Máy ảnh Canon EOS 2000D, số 0417"
    samples = [
        face(1, capture_time=captured, station_id="station-9", capture_device=device),
        finger(1, position=FingerPosition.LEFT_LITTLE),
    ]
    subject = Subject("", "number-1", "Name 1", sex=Sex.FEMALE, birth_year=1990)
    answer = service.client.enroll(samples, subject=subject, access=ACCESS)
    assert [sample.quality.score for sample in answer.samples] == [80, 80]
    assert answer.samples[1].finger_position == 10
    assert not answer.replayed
    kept = service.client.get_subject(external_id="number-1")
    assert (kept.subject_id, kept.display_name, kept.birth_year) == (answer.subject_id, "Name 1", 1990)
    references = list(service.client.references(answer.subject_id))
    assert [reference.reference_id for reference in references] == [s.reference_id for s in answer.samples]
    assert references[0].capture_time.ToDatetime(UTC) == captured
    assert references[0].station_id == "station-9"
    assert [one.capture_device for one in references] == [device, ""]
    event = next(event for event in service.audit.events if event.action == "enroll")
    assert (event.subject_id, event.outcome) == (answer.subject_id, "ok")
    assert event.reference_ids == tuple(reference.reference_id for reference in references)


def test_a_repeated_request_id_gives_the_first_answer_and_stores_nothing(service: Service) -> None:
    first = service.client.enroll([face(1)], subject=NEW, request_id="r-1")
    again = service.client.enroll([face(1)], subject=NEW, request_id="r-1")
    assert again.replayed
    assert (again.subject_id, again.samples[0].reference_id) == (first.subject_id, first.samples[0].reference_id)
    assert len(list(service.client.references(first.subject_id))) == 1
    with pytest.raises(ServiceError):
        service.client.enroll([face(1, capture_device="x")], subject=NEW, request_id="r-1")
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(2)], subject=NEW, request_id="r-1")
    assert refusal.value.reason == "ERROR_REASON_REQUEST_CONFLICT"


def test_a_sample_that_does_not_agree_with_what_is_enrolled_of_its_subject_is_told_and_recorded(
    service: Service,
) -> None:
    def told(*samples: EncodedSample, **options: Any) -> list[tuple[str, int]]:
        answer = service.client.enroll(list(samples), subject=NEW, **options)
        return [(notice.code, notice.sample_index) for notice in answer.notices]

    assert told(face(1), finger(1)) == []
    assert told(face(1, impression=1)) == []
    # Nothing of another position can be compared.
    assert told(finger(2, position=FingerPosition.LEFT_THUMB)) == []
    assert not any(event.disagreeing_scores for event in service.audit.events)
    assert told(face(1, impression=2), finger(3)) == [("references_disagree", 1)]
    (score,) = service.audit.events[-1].disagreeing_scores
    assert score < 30
    by_id = service.client.enroll(
        [face(4)], subject=Subject(service.client.get_subject(external_id="number-1").subject_id)
    )
    assert [notice.code for notice in by_id.notices] == ["references_disagree"]
    assert "does not agree" in by_id.notices[0].text
    # Without a case nothing is compared.
    no_case = replace(ACCESS, case_number="")
    assert told(face(5), access=no_case, skip_duplicate_check=True) == []
    assert told(face(6), skip_duplicate_check=True) == [("references_disagree", 0)]


def test_a_resembling_subject_is_reported_and_not_merged(service: Service) -> None:
    first = service.client.enroll([face(1)], subject=NEW)
    other = service.client.enroll([face(1, impression=1)], subject=Subject("", "number-2"))
    assert other.subject_id != first.subject_id
    assert [lead.subject_id for lead in other.duplicates] == [first.subject_id]
    assert other.duplicates[0].score > 50
    recorded = service.client.get_subject(first.subject_id)
    for name in ("external_id", "display_name", "gallery_ids", "sex", "birth_year"):
        assert getattr(other.duplicates[0], name) == getattr(recorded, name), name
    assert other.duplicates[0].external_id
    unchecked = service.client.enroll(
        [face(1, impression=2)], subject=Subject("", "number-3"), skip_duplicate_check=True
    )
    assert not unchecked.duplicates


def test_a_duplicate_check_that_cannot_tell_says_so(tmp_path: Path) -> None:
    """With this rate and one reference the threshold lies at 100, and the fake packs' scores end at 90."""
    running = start_service(tmp_path / "database", duplicate_fpir=1e-10)
    try:
        assert not running.client.enroll([face(1)], subject=NEW).notices
        again = running.client.enroll([face(1)], subject=Subject("", "number-2"))
        unchecked = running.client.enroll([face(1)], subject=Subject("", "number-3"), skip_duplicate_check=True)
    finally:
        stop_service(running)
    assert not again.duplicates
    assert [notice.code for notice in again.notices] == ["duplicates_not_told"]
    assert "cannot be told" in again.notices[0].text
    assert not unchecked.notices


def test_more_samples_of_a_subject_are_not_duplicates_of_itself(service: Service) -> None:
    first = service.client.enroll([face(1)], subject=NEW)
    second = service.client.enroll([face(1, impression=1)], subject=NEW)
    assert second.subject_id == first.subject_id
    assert not second.duplicates
    assert len(list(service.client.references(first.subject_id))) == 2


def test_resemblance_is_looked_for_in_the_same_galleries(service: Service) -> None:
    for gallery in ("wanted", "staff"):
        service.client.create_gallery(gallery)
    service.client.enroll([face(1)], subject=Subject("", "number-1", galleries=frozenset({"staff"})))
    apart = Subject("", "number-2", galleries=frozenset({"wanted"}))
    assert not service.client.enroll([face(1, impression=1)], subject=apart).duplicates


def test_a_sample_below_the_floor_is_refused_with_reasons_and_nothing_is_stored(service: Service) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1), finger(1, quality=20)], subject=NEW)
    assert (refusal.value.code, refusal.value.reason) == ("INVALID_ARGUMENT", "ERROR_REASON_QUALITY")
    (violation,) = refusal.value.violations
    assert violation.field == "samples[1]"
    assert refusal.value.text.startswith("the quality is 20, enrollment needs at least 30: capture again, or state ")
    assert refusal.value.text.endswith(violation.description)
    assert not list(service.client.subjects())
    assert service.audit.events[0].outcome == "refused"


@pytest.mark.parametrize(
    ("subject", "field"),
    [
        (Subject("", "x" * 201), "subject.external_id"),
        (Subject("", "number\x00"), "subject.external_id"),
        (Subject("", "n", birth_year=17), "subject.birth_year"),
    ],
)
def test_a_wrong_subject_field_is_named(service: Service, subject: Subject, field: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1)], subject=subject)
    assert [violation.field for violation in refusal.value.violations] == [field]


def test_an_unknown_subject_or_gallery_is_not_made_up(service: Service) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1)], subject=Subject("nobody"))
    assert refusal.value.reason == "ERROR_REASON_SUBJECT_NOT_FOUND"
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1)], subject=Subject("", "n", galleries=frozenset({"none"})))
    assert refusal.value.reason == "ERROR_REASON_GALLERY_NOT_FOUND"
    assert not list(service.client.subjects())


def test_an_enrollment_without_its_record_fails_and_can_be_repeated(service: Service) -> None:
    service.audit.is_broken = True
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1)], subject=NEW, request_id="r-1")
    assert refusal.value.reason == "ERROR_REASON_AUDIT"
    service.audit.is_broken = False
    answer = service.client.enroll([face(1)], subject=NEW, request_id="r-1")
    assert len(list(service.client.references(answer.subject_id))) == 1


def test_a_batch_answers_every_item_in_order_and_goes_on_after_an_error(service: Service) -> None:
    def items() -> Iterator[tuple[str, enrollment_service_pb2.EnrollRequest]]:
        for identity in range(6):
            samples = [face(NOTHING if identity == 3 else identity)]
            message = enroll_message(
                samples, subject=Subject("", f"number-{identity}"), request_id=f"r-{identity}", access=ACCESS
            )
            if identity == 4:
                message.samples[0].modality = 0
            yield f"item-{identity}", message

    answers = list(service.client.batch_enroll(items()))
    assert [answer.item_index for answer in answers] == list(range(6))
    assert [answer.item_id for answer in answers] == [f"item-{identity}" for identity in range(6)]
    assert [answer.WhichOneof("outcome") for answer in answers] == [
        "result", "result", "result", "error", "error", "result"
    ]  # fmt: skip
    no_face, no_modality = (error_of(answers[index].error) for index in (3, 4))
    assert (no_face.code, no_face.reason) == ("INVALID_ARGUMENT", "ERROR_REASON_NO_FACE")
    assert no_face.text
    assert no_face.call_id == service.audit.events[3].call_id
    assert answers[3].error.language == "en"
    assert no_modality.violations[0].field == "enrollment.samples[0].modality"
    outcomes = [event.outcome for event in service.audit.events]
    assert outcomes == ["ok", "ok", "ok", "refused", "refused", "ok"]
    assert {subject.external_id for subject in service.client.subjects()} == {f"number-{i}" for i in (0, 1, 2, 5)}


@pytest.mark.parametrize("sample", [finger(1, quality=10), finger(1, quality=DOUBTFUL), face(1, quality=10)])
def test_low_quality_is_stored_only_for_a_stated_reason(service: Service, sample: EncodedSample) -> None:
    for nothing in ("", "   "):
        with pytest.raises(ServiceError) as refusal:
            service.client.enroll([sample], subject=NEW, access=ACCESS, accept_low_quality_reason=nothing)
        assert refusal.value.reason == "ERROR_REASON_QUALITY"
    reason = "ngón tay bị bỏng, không lấy lại được"
    answer = service.client.enroll([sample], subject=NEW, access=ACCESS, accept_low_quality_reason=reason)
    assert answer.samples[0].quality.score == (DOUBTFUL if sample == finger(1, quality=DOUBTFUL) else 10)
    events = [event for event in service.audit.events if event.action == "enroll"]
    assert [event.outcome for event in events] == ["refused", "refused", "ok"]
    assert [event.accepted_quality_reason for event in events] == ["", "", reason]


def test_a_reason_for_what_is_good_enough_is_not_recorded(service: Service) -> None:
    service.client.enroll([finger(1)], subject=NEW, accept_low_quality_reason="habit")
    assert [event.accepted_quality_reason for event in service.audit.events if event.action == "enroll"] == [""]


def test_a_reason_is_bounded(service: Service) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([finger(1)], subject=NEW, accept_low_quality_reason="x" * 501)
    assert [violation.field for violation in refusal.value.violations] == ["accept_low_quality_reason"]


def test_a_doubtful_print_is_searched_and_not_usable(service: Service) -> None:
    assessed = service.client.assess([finger(1, quality=DOUBTFUL)]).assessments[0]
    assert not assessed.usable
    assert [reason.code for reason in assessed.sample.quality.reasons] == ["few_ridges"]
    service.client.enroll([finger(1)], subject=NEW)
    assert service.client.identify([finger(1, quality=DOUBTFUL)], access=ACCESS).candidates


def test_the_region_reaches_the_engine_and_belongs_to_the_request(service: Service) -> None:
    region = ((1.0, 2.0), (30.5, 2.0), (30.0, 40.0))
    service.client.enroll([finger(1, region_px=region)], subject=NEW, request_id="r-1")
    assert service.fingerprint_engine.regions == [region]
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([finger(1)], subject=NEW, request_id="r-1")
    assert refusal.value.reason == "ERROR_REASON_REQUEST_CONFLICT"
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([face(1, region_px=region)], subject=Subject("", "number-2"))
    assert refusal.value.reason == "ERROR_REASON_MODALITY"
