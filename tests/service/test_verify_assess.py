"""Verify and Assess through the running server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from index.records import FingerPosition, Modality, Subject
from matcher.client import ServiceError, template_sample
from matcher.formats.iso19794 import single_view, to_iso19794_2
from matcher.samples import EncodedSample
from tests.fakes import NOTHING, face, few_minutiae, finger, record_minutiae
from tests.service.conftest import ACCESS, Service


def test_a_mated_probe_is_above_the_threshold_and_a_non_mated_one_is_not(service: Service) -> None:
    subject_id = service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1")).subject_id
    mated = service.client.verify([face(1, impression=1), finger(1, impression=1)], subject_id=subject_id)
    assert mated.above_threshold
    assert mated.threshold_score == pytest.approx(40.0, abs=0.01)
    assert {score.probe_index for score in mated.sample_scores} == {0, 1}
    stranger = service.client.verify([face(2)], subject_id=subject_id)
    assert not stranger.above_threshold
    assert stranger.score < stranger.threshold_score
    record = service.audit.records[-1]
    assert record.audit_id == stranger.audit_id
    assert (record.event.subject_id, record.event.score) == (subject_id, pytest.approx(stranger.score))
    assert not record.event.candidates


def test_the_threshold_follows_the_rate_asked_for_and_the_number_of_references_of_a_finger(service: Service) -> None:
    subject_id = service.client.enroll([finger(1)], subject=Subject("", "number-1")).subject_id
    strict = service.client.verify([finger(1, impression=1)], subject_id=subject_id, target_fmr=1e-6)
    assert strict.threshold_score == pytest.approx(60.0, abs=0.01)
    service.client.enroll([finger(1, impression=2)], subject=Subject(subject_id))
    two = service.client.verify([finger(1, impression=1)], subject_id=subject_id, target_fmr=1e-6)
    assert two.threshold_score == pytest.approx(63.01, abs=0.01)


def test_several_photographs_of_one_person_are_fused_to_one_score(service: Service) -> None:
    subject_id = service.client.enroll([face(1), face(1, impression=2)], subject=Subject("", "number-1")).subject_id
    for other in (7, 1):
        service.client.enroll([face(other, impression=3)], subject=Subject(subject_id))
        mated = service.client.verify([face(1, impression=1)], subject_id=subject_id)
        assert mated.above_threshold
        assert mated.threshold_score == pytest.approx(40.0, abs=0.01)
        (score,) = mated.sample_scores
        assert score.reference_id in (1, 2, 4)
    assert not service.client.verify([face(2)], subject_id=subject_id).above_threshold


@pytest.mark.parametrize("sample", [face, finger])
def test_the_same_sample_enrolled_again_changes_no_decision(
    service: Service, sample: Callable[..., EncodedSample]
) -> None:
    subject_id = service.client.enroll([sample(1)], subject=Subject("", "number-1")).subject_id
    probe = [sample(1, impression=1)]
    first = service.client.verify(probe, subject_id=subject_id)
    for _ in range(4):
        again = service.client.enroll([sample(1)], subject=Subject(subject_id))
        assert again.samples[0].same_as_reference_id == 1
    last = service.client.verify(probe, subject_id=subject_id)
    assert (last.score, last.threshold_score) == (first.score, first.threshold_score)
    found = service.client.identify(probe, access=ACCESS)
    assert found.candidates[0].score == pytest.approx(first.score)
    assert not service.client.enroll([sample(1)], subject=Subject("", "number-2")).samples[0].same_as_reference_id


def test_two_probes_are_compared_without_storing_either(service: Service) -> None:
    mated = service.client.verify([face(1)], other=[face(1, impression=1)])
    assert mated.above_threshold
    assert mated.sample_scores[0].reference_id == 0
    event = service.audit.events[-1]
    assert (len(event.probe_sha256), len(event.other_probe_sha256)) == (1, 1)
    assert event.probe_sha256 != event.other_probe_sha256
    assert (event.subject_id, event.candidates, event.score) == ("", (), pytest.approx(mated.score))
    assert not service.client.verify([face(1)], other=[face(2)]).above_threshold
    assert not list(service.client.subjects())


def test_nothing_comparable_is_said_and_not_scored(service: Service) -> None:
    subject_id = service.client.enroll([face(1)], subject=Subject("", "number-1")).subject_id
    with pytest.raises(ServiceError) as refusal:
        service.client.verify([finger(1)], subject_id=subject_id)
    assert refusal.value.reason == "ERROR_REASON_FIELD_INVALID"
    with pytest.raises(ServiceError):
        service.client.verify(
            [finger(1, position=FingerPosition.LEFT_INDEX)], other=[finger(1, position=FingerPosition.RIGHT_INDEX)]
        )


def test_a_verification_names_a_subject_or_another_probe(service: Service) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.verify([face(1)])
    assert [violation.field for violation in refusal.value.violations] == ["target"]
    with pytest.raises(ServiceError) as refusal:
        service.client.verify([face(1)], subject_id="nobody")
    assert refusal.value.code == "NOT_FOUND"


def test_an_interchange_template_is_enrolled_and_searched(service: Service) -> None:
    record = to_iso19794_2(record_minutiae(33), finger=FingerPosition.RIGHT_INDEX)
    sample = EncodedSample(Modality.FINGERPRINT, finger=FingerPosition.RIGHT_INDEX, minutiae_template=record)
    answer = service.client.enroll([sample], subject=Subject("", "number-1"))
    assert [reason.code for reason in answer.samples[0].quality.reasons] == ["imported_template"]
    found = service.client.identify([sample], access=ACCESS)
    assert found.candidates[0].subject_id == answer.subject_id
    assert found.candidates[0].above_threshold
    broken = EncodedSample(Modality.FINGERPRINT, minutiae_template=record[:-3])
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([broken], access=ACCESS)
    assert refusal.value.reason == "ERROR_REASON_TEMPLATE_FORMAT"


def test_a_print_is_exported_and_taken_in_again(service: Service, tmp_path: Path) -> None:
    record = to_iso19794_2(record_minutiae(33), finger=FingerPosition.RIGHT_INDEX)
    sample = EncodedSample(Modality.FINGERPRINT, finger=FingerPosition.RIGHT_INDEX, minutiae_template=record)
    enrolled = service.client.enroll([sample], subject=Subject("", "number-1"))
    told = service.client.export_template(enrolled.samples[0].reference_id)
    event = service.audit.events[-1]
    assert (event.action, event.subject_id, event.reference_ids) == ("export_template", enrolled.subject_id, (1,))
    assert service.audit.records[-1].audit_id == told.audit_id
    assert told.reference.finger_position == FingerPosition.RIGHT_INDEX
    view = single_view(told.iso_19794_2_template)
    assert (view.finger, view.quality) == (FingerPosition.RIGHT_INDEX, told.reference.quality_score)
    assert view.minutiae.to_bytes() == single_view(record).minutiae.to_bytes()
    path = tmp_path / "print.fmr"
    path.write_bytes(told.iso_19794_2_template)
    assert service.client.verify([template_sample(path)], subject_id=enrolled.subject_id).above_threshold


def test_a_face_or_a_reference_that_is_gone_is_not_exported(service: Service) -> None:
    service.client.enroll([face(1)], subject=Subject("", "number-1"))
    for reference_id, reason in ((1, "ERROR_REASON_FIELD_INVALID"), (7, "ERROR_REASON_REFERENCE_NOT_FOUND")):
        with pytest.raises(ServiceError) as refusal:
            service.client.export_template(reference_id)
        assert refusal.value.reason == reason
        assert service.audit.events[-1].outcome == "refused"


def test_a_record_that_contradicts_the_request_or_holds_too_little_is_refused(service: Service) -> None:
    record = to_iso19794_2(record_minutiae(33), finger=FingerPosition.RIGHT_INDEX)
    wrong = EncodedSample(Modality.FINGERPRINT, finger=FingerPosition.LEFT_THUMB, minutiae_template=record)
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([wrong], subject=Subject("", "number-1"))
    assert refusal.value.reason == "ERROR_REASON_MODALITY"
    assert "finger position right index" in refusal.value.text
    for minutiae in (few_minutiae(0), few_minutiae(1), few_minutiae(2), few_minutiae(40, at_one_point=True)):
        sample = EncodedSample(Modality.FINGERPRINT, minutiae_template=to_iso19794_2(minutiae))
        with pytest.raises(ServiceError) as refusal:
            service.client.enroll([sample], subject=Subject("", "number-1"))
        assert refusal.value.reason == "ERROR_REASON_TEMPLATE_FORMAT"
        assert "minutiae" in refusal.value.text
        (assessment,) = service.client.assess([sample]).assessments
        assert not assessment.usable
    few = EncodedSample(Modality.FINGERPRINT, minutiae_template=to_iso19794_2(few_minutiae(6)))
    with pytest.raises(ServiceError) as refusal:
        service.client.enroll([few], subject=Subject("", "number-1"))
    assert refusal.value.reason == "ERROR_REASON_QUALITY"
    assert not list(service.client.subjects())


def test_an_assessment_tells_minutiae_where_it_is_asked(service: Service) -> None:
    for wanted in (False, True):
        (one, other) = service.client.assess([finger(1), face(1)], with_minutiae=wanted).assessments
        assert one.sample.minutia_count == 4
        assert len(one.sample.minutiae) == (4 if wanted else 0)
        assert one.sample.width_px == (200 if wanted else 0)
        assert not other.sample.minutiae


def test_an_assessment_judges_each_sample_and_stores_none(service: Service) -> None:
    answer = service.client.assess([face(1), face(2, quality=10), face(NOTHING), face(3, face_count=3)])
    good, poor, empty, several = answer.assessments
    assert good.usable
    assert good.sample.quality.score == 80
    assert len(good.faces) == 1
    assert not poor.usable
    assert poor.sample.quality.reasons[0].code == "too_dark"
    assert empty.error_reason == "ERROR_REASON_NO_FACE"
    assert empty.error_text
    assert several.error_reason == "ERROR_REASON_SEVERAL_FACES"
    assert [box.number for box in several.faces] == [1, 2, 3]
    assert not list(service.client.subjects())
    assert service.audit.records[0].audit_id == answer.audit_id
