"""Identify through the running server: ranks, scores, filters, refusals, audit."""

from __future__ import annotations

import numpy as np
import pytest

from index.records import FingerPosition, Sex, Subject
from matcher.access.context import AccessContext
from matcher.client import ServiceError
from tests.fakes import NOTHING, face, fake_minutiae, finger
from tests.service.conftest import ACCESS, Service

THUMB, INDEX = FingerPosition.RIGHT_THUMB, FingerPosition.RIGHT_INDEX


def enroll(service: Service, identity: int, *samples: object, **said: object) -> str:
    subject = Subject("", external_id=f"number-{identity}", display_name=f"Name {identity}", **said)  # type: ignore[arg-type]
    return service.client.enroll(list(samples), subject=subject, access=ACCESS).subject_id  # type: ignore[arg-type]


def test_the_mate_is_ranked_first_with_its_score_and_the_numbers_an_examiner_needs(service: Service) -> None:
    enrolled = {identity: enroll(service, identity, face(identity)) for identity in range(1, 21)}
    answer = service.client.identify([face(7, impression=1)], access=ACCESS, max_candidates=5)
    assert [candidate.rank for candidate in answer.candidates] == [1, 2, 3, 4, 5]
    best = answer.candidates[0]
    assert (best.subject_id, best.external_id, best.display_name) == (enrolled[7], "number-7", "Name 7")
    assert best.above_threshold
    assert best.score > answer.threshold_score > answer.candidates[1].score
    assert (answer.gallery_size, answer.reference_count) == (20, 20)
    assert answer.proved
    # 1 % of searches without a mate may bring a candidate: that many are expected above the threshold.
    assert answer.expected_false_candidate_count == pytest.approx(0.01, rel=0.02)
    assert list(answer.pack_ids) == ["fake-face@1"]
    assert {"decode", "extract_face", "search", "rank", "audit"} <= set(answer.stage_ms)
    assert answer.probe_samples[0].quality.score == 80


def test_face_and_fingers_are_searched_together_and_fused(service: Service) -> None:
    for identity in range(1, 11):
        enroll(
            service, identity, face(identity), finger(identity, position=INDEX), finger(identity + 20, position=THUMB)
        )
    one = service.client.identify([finger(4, impression=1)], access=ACCESS)
    thumb = finger(24, impression=1, position=THUMB)
    answer = service.client.identify([face(4, impression=1), finger(4, impression=1), thumb], access=ACCESS)
    best = answer.candidates[0]
    assert best.external_id == "number-4"
    assert {score.probe_index for score in best.sample_scores} == {0, 1, 2}
    assert best.score > one.candidates[0].score
    # Every candidate was compared with every sample, also those that only one sample brought up.
    assert all(len(candidate.sample_scores) == 3 for candidate in answer.candidates)
    assert list(answer.pack_ids) == ["fake-face@1", "fake-finger@1"]


def test_a_finger_of_known_position_meets_that_position_only(service: Service) -> None:
    enroll(service, 1, finger(1, position=THUMB))
    enroll(service, 2, finger(2, position=FingerPosition.UNKNOWN))
    answer = service.client.identify([finger(1, impression=1, position=INDEX)], access=ACCESS)
    assert [candidate.external_id for candidate in answer.candidates] == ["number-2"]
    anywhere = service.client.identify([finger(1, impression=1, position=FingerPosition.UNKNOWN)], access=ACCESS)
    assert anywhere.candidates[0].external_id == "number-1"


def test_a_search_of_galleries_touches_nobody_else(service: Service) -> None:
    service.client.create_gallery("wanted", access=ACCESS)
    service.client.create_gallery("staff", access=ACCESS)
    enroll(service, 1, face(1), galleries=frozenset({"staff"}))
    enroll(service, 2, face(2), galleries=frozenset({"wanted"}))
    answer = service.client.identify([face(1, impression=1)], access=ACCESS, gallery_ids=["wanted"])
    assert [candidate.external_id for candidate in answer.candidates] == ["number-2"]
    assert not answer.candidates[0].above_threshold
    assert answer.gallery_size == 1
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1)], access=ACCESS, gallery_ids=["nobody"])
    assert (refusal.value.code, refusal.value.reason) == ("NOT_FOUND", "ERROR_REASON_GALLERY_NOT_FOUND")


def test_an_empty_database_answers_without_candidates_and_with_a_record(service: Service) -> None:
    answer = service.client.identify([face(1)], access=ACCESS)
    assert not answer.candidates
    assert answer.gallery_size == 0
    assert answer.expected_false_candidate_count == 0
    assert service.audit.records[-1].audit_id == answer.audit_id


@pytest.mark.parametrize("missing", ["operator_id", "case_number", "purpose"])
def test_a_search_without_operator_case_or_purpose_is_refused_and_recorded(service: Service, missing: str) -> None:
    given = {"operator_id": "operator-7", "case_number": "case-12", "purpose": "burglary", missing: "  "}
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1)], access=AccessContext(**given))
    assert (refusal.value.code, refusal.value.reason) == ("INVALID_ARGUMENT", "ERROR_REASON_FIELD_INVALID")
    assert [violation.field for violation in refusal.value.violations] == [f"access.{missing}"]
    (event,) = service.audit.events
    assert (event.action, event.outcome, event.reason) == ("identify", "refused", "RequestError")
    assert len(event.probe_sha256) == 1


def test_every_answer_has_its_record_with_who_why_and_what_came_out(service: Service) -> None:
    subject_id = enroll(service, 1, face(1))
    answer = service.client.identify([face(1, impression=1)], access=ACCESS)
    record = service.audit.records[-1]
    event = record.event
    assert record.audit_id == answer.audit_id
    assert (event.action, event.outcome) == ("identify", "ok")
    assert (event.operator_id, event.case_number, event.purpose) == ("operator-7", "case-12", "burglary")
    assert event.station_id == "station-3"
    assert event.peer.startswith("ipv4:127.0.0.1")
    assert event.candidates[0][0] == subject_id
    assert event.threshold == pytest.approx(answer.threshold_score)


def test_no_answer_leaves_when_the_record_cannot_be_written(service: Service) -> None:
    enroll(service, 1, face(1))
    service.audit.is_broken = True
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1, impression=1)], access=ACCESS)
    assert (refusal.value.code, refusal.value.reason) == ("INTERNAL", "ERROR_REASON_AUDIT")
    assert not service.client.is_serving()
    with pytest.raises(ServiceError) as second:
        service.client.identify([], access=ACCESS)
    assert second.value.reason == "ERROR_REASON_AUDIT"
    service.audit.is_broken = False
    assert service.client.identify([face(1, impression=1)], access=ACCESS).candidates
    assert service.client.is_serving()


def test_several_faces_are_listed_and_one_can_be_named(service: Service) -> None:
    enroll(service, 1, face(1))
    enroll(service, 101, face(101))
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1, face_count=2)], access=ACCESS)
    assert refusal.value.reason == "ERROR_REASON_SEVERAL_FACES"
    assert [box.number for box in refusal.value.faces] == [1, 2]
    assert refusal.value.faces[1].x_px == 20
    second = service.client.identify([face(1, face_count=2, face_number=2)], access=ACCESS)
    assert second.candidates[0].external_id == "number-101"
    assert second.probe_samples[0].face.number == 2
    largest = service.client.identify([face(1, face_count=2, largest_face=True)], access=ACCESS)
    assert largest.candidates[0].external_id == "number-1"
    with pytest.raises(ServiceError) as refusal:
        service.another_client(language="vi").identify([face(1, face_count=2, face_number=7)], access=ACCESS)
    assert refusal.value.text.startswith("Yêu cầu thiếu hoặc sai một trường")
    assert "probe.samples[0].face_number" in refusal.value.text


def test_a_bad_sample_is_named_by_its_place(service: Service) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1), finger(NOTHING)], access=ACCESS)
    assert refusal.value.reason == "ERROR_REASON_NO_FINGERPRINT"
    assert [violation.field for violation in refusal.value.violations] == ["probe.samples[1]"]


@pytest.mark.parametrize(
    ("samples", "field"),
    [
        ([], "probe.samples"),
        ([face(1), face(2)], "probe.samples"),
        ([finger(1), finger(2)], "probe.samples"),
    ],
)
def test_a_probe_is_one_capture_subject(service: Service, samples: list[object], field: str) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.identify(samples, access=ACCESS)  # type: ignore[arg-type]
    assert [violation.field for violation in refusal.value.violations] == [field]


@pytest.mark.parametrize(
    ("option", "value"),
    [("max_candidates", -1), ("max_candidates", 201), ("target_fpir", 1.0), ("target_fpir", float("nan"))],
)
def test_numbers_out_of_range_are_refused_by_name(service: Service, option: str, value: float) -> None:
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1)], access=ACCESS, **{option: value})  # type: ignore[arg-type]
    assert [violation.field for violation in refusal.value.violations] == [option]


def test_a_candidate_says_who_it_is_as_the_subject_is_recorded(service: Service) -> None:
    service.client.create_gallery("wanted")
    who = Subject("", "079", "Nguyễn Thị Đào", frozenset({"wanted"}), sex=Sex.FEMALE, birth_year=1990)
    service.client.enroll([face(1)], subject=who, access=ACCESS)
    (candidate,) = service.client.identify([face(1, impression=1)], access=ACCESS).candidates
    recorded = service.client.get_subject(candidate.subject_id)
    for name in ("external_id", "display_name", "gallery_ids", "sex", "birth_year"):
        assert getattr(candidate, name) == getattr(recorded, name), name
    assert candidate.birth_year == 1990


def test_candidates_can_be_explained_by_their_minutiae(service: Service) -> None:
    for identity in (1, 2, 3):
        enroll(service, identity, finger(identity))
    answer = service.client.identify([finger(2, impression=1)], access=ACCESS, explained_candidate_count=1)
    explanation = answer.candidates[0].sample_scores[0].explanation
    assert len(explanation.pairs) == 2
    minutiae = fake_minutiae()
    for told, indexes in (
        (explanation.probe_minutiae, [pair.probe_index for pair in explanation.pairs]),
        (explanation.reference_minutiae, [pair.reference_index for pair in explanation.pairs]),
    ):
        assert [one.x_px for one in told] == minutiae.x_px.tolist()
        assert [one.y_px for one in told] == minutiae.y_px.tolist()
        assert [one.direction_deg for one in told] == pytest.approx(np.degrees(minutiae.direction_rad).tolist())
        assert [one.kind for one in told] == minutiae.kind.tolist()
        assert [one.quality for one in told] == pytest.approx((100.0 * minutiae.quality).tolist())
        paired = {one.pair_index: number for number, one in enumerate(told) if one.HasField("pair_index")}
        assert [paired[pair] for pair in range(len(paired))] == indexes
    assert (explanation.probe_width_px, explanation.reference_height_px) == (minutiae.width_px, minutiae.height_px)
    for pair in explanation.pairs:
        mine, other = (
            explanation.probe_minutiae[pair.probe_index],
            explanation.reference_minutiae[pair.reference_index],
        )
        assert (pair.probe.x_px, pair.probe.y_px) == (mine.x_px, mine.y_px)
        assert (pair.reference.x_px, pair.reference.y_px) == (other.x_px, other.y_px)
    assert explanation.rotation_deg == pytest.approx(28.648, abs=0.01)
    assert not answer.candidates[1].sample_scores[0].HasField("explanation")


def test_a_deleted_subject_is_in_no_later_answer(service: Service) -> None:
    gone = enroll(service, 1, face(1), finger(1))
    enroll(service, 2, face(2), finger(2))
    service.client.delete_subject(gone, access=ACCESS)
    for probe in (face(1, impression=1), finger(1, impression=1)):
        answer = service.client.identify([probe], access=ACCESS)
        assert [candidate.external_id for candidate in answer.candidates] == ["number-2"]


def test_a_search_that_met_nobody_says_what_kept_it_from_any_and_proves_nothing(service: Service) -> None:
    service.client.create_gallery("wanted", access=ACCESS)
    nothing = service.client.identify([face(1)], access=ACCESS)
    enroll(service, 1, face(1), finger(1, position=THUMB))
    elsewhere = service.client.identify([face(1)], access=ACCESS, gallery_ids=["wanted"])
    position = service.client.identify([face(1), finger(1, position=INDEX)], access=ACCESS)
    thumb_of_nobody = service.client.identify([finger(1, position=THUMB)], access=ACCESS, gallery_ids=["wanted"])
    found = [
        [(notice.code, notice.HasField("sample_index"), notice.sample_index) for notice in answer.notices]
        for answer in (nothing, elsewhere, position, thumb_of_nobody)
    ]
    assert found == [
        [("nothing_enrolled", True, 0)],
        [("scope_matches_nothing", True, 0)],
        [("finger_position_not_enrolled", True, 1)],
        [("scope_matches_nothing", True, 0)],
    ]
    assert [answer.proved for answer in (nothing, elsewhere, position, thumb_of_nobody)] == [False, False, True, False]
    assert "Widen it" in elsewhere.notices[0].text
    vietnamese = service.another_client(language="vi", timeout_s=30.0)
    assert "nới bộ lọc" in vietnamese.identify([face(1)], access=ACCESS, gallery_ids=["wanted"]).notices[0].text


def test_a_threshold_that_no_such_sample_can_reach_is_told(service: Service) -> None:
    """The fake packs' scores end at 90."""
    enroll(service, 1, face(1))
    assert not service.client.identify([face(1)], access=ACCESS, target_fpir=1e-8).notices
    beyond = service.client.identify([face(1)], access=ACCESS, target_fpir=1e-10)
    assert [notice.code for notice in beyond.notices] == ["threshold_out_of_reach"]
    assert not beyond.candidates[0].above_threshold
    assert not beyond.notices[0].HasField("sample_index")
    verified = service.client.verify([face(1)], subject_id=beyond.candidates[0].subject_id, target_fmr=1e-10)
    assert [notice.code for notice in verified.notices] == ["threshold_out_of_reach"]
