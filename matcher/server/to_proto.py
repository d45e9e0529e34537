"""Domain to proto."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

from index.records import (
    Gallery,
    Modality,
    RecordEvent,
    RecordEventKind,
    RecordRevision,
    Reference,
    Sex,
    Subject,
    SubjectState,
)
from matcher.record_forms.schema import RecordField, RecordForm
from matcher.results import (
    AssessmentResult,
    Candidate,
    DocumentStanding,
    EnrollmentResult,
    FingerprintExplanation,
    FoundDocument,
    IdentificationResult,
    Minutia,
    ModalityStatus,
    Notice,
    PackFacts,
    ProbeSample,
    ReferenceImage,
    ReferenceMinutiae,
    SampleAssessment,
    SampleScore,
    ServerDescription,
    ShownPrint,
    VerificationResult,
)
from matcher.samples import FaceBox, Quality
from matcher.texts.catalog import quality_text, text
from matcher.texts.reasons import error_text, reason_of
from matcher.usecases.notices import notice_text
from protos.biometrics.v1 import (
    enrollment_service_pb2,
    matching_service_pb2,
    record_service_pb2,
    reference_service_pb2,
    sample_pb2,
    server_service_pb2,
)

_MODALITIES: Final = {
    Modality.FACE: sample_pb2.MODALITY_FACE,
    Modality.FINGERPRINT: sample_pb2.MODALITY_FINGERPRINT,
}
_SEXES: Final = {
    Sex.UNKNOWN: sample_pb2.SEX_UNSPECIFIED,
    Sex.FEMALE: sample_pb2.SEX_FEMALE,
    Sex.MALE: sample_pb2.SEX_MALE,
}
_STANDINGS: Final = {
    DocumentStanding.CURRENT: enrollment_service_pb2.DOCUMENT_STANDING_CURRENT,
    DocumentStanding.EXPIRED: enrollment_service_pb2.DOCUMENT_STANDING_EXPIRED,
    DocumentStanding.FORMER: enrollment_service_pb2.DOCUMENT_STANDING_FORMER,
    DocumentStanding.OF_MERGED: enrollment_service_pb2.DOCUMENT_STANDING_OF_MERGED,
}
_EVENT_KINDS: Final = {
    RecordEventKind.MERGED_FROM: record_service_pb2.RECORD_EVENT_KIND_MERGED_FROM,
    RecordEventKind.MERGED_INTO: record_service_pb2.RECORD_EVENT_KIND_MERGED_INTO,
    RecordEventKind.MOVED_FROM: record_service_pb2.RECORD_EVENT_KIND_MOVED_FROM,
    RecordEventKind.MOVED_TO: record_service_pb2.RECORD_EVENT_KIND_MOVED_TO,
    RecordEventKind.UNDONE: record_service_pb2.RECORD_EVENT_KIND_UNDONE,
    RecordEventKind.SEALED: record_service_pb2.RECORD_EVENT_KIND_SEALED,
    RecordEventKind.UNSEALED: record_service_pb2.RECORD_EVENT_KIND_UNSEALED,
}
_STATES: Final = {
    SubjectState.ACTIVE: enrollment_service_pb2.SUBJECT_STATE_ACTIVE,
    SubjectState.SEALED: enrollment_service_pb2.SUBJECT_STATE_SEALED,
}


def identification_to_proto(result: IdentificationResult, *, language: str) -> matching_service_pb2.IdentifyResponse:
    return matching_service_pb2.IdentifyResponse(
        candidates=[_candidate(candidate) for candidate in result.candidates],
        gallery_size=result.gallery_size,
        reference_count=result.reference_count,
        threshold_score=result.threshold_score,
        target_fpir=result.target_fpir,
        expected_false_candidate_count=result.expected_false_candidate_count,
        pack_ids=result.pack_ids,
        audit_id=result.audit_id,
        proved=result.proved,
        stage_ms=result.stage_ms,
        probe_samples=[_probe_sample(sample, language) for sample in result.probe],
        notices=[_notice(notice, language) for notice in result.notices],
    )


def verification_to_proto(result: VerificationResult, *, language: str) -> matching_service_pb2.VerifyResponse:
    return matching_service_pb2.VerifyResponse(
        score=result.score.value,
        score_extrapolated=result.score.extrapolated,
        above_threshold=result.above_threshold,
        threshold_score=result.threshold_score,
        sample_scores=[_sample_score(sample) for sample in result.samples],
        pack_ids=result.pack_ids,
        audit_id=result.audit_id,
        stage_ms=result.stage_ms,
        probe_samples=[_probe_sample(sample, language) for sample in result.probe],
        notices=[_notice(notice, language) for notice in result.notices],
    )


def assessment_to_proto(result: AssessmentResult, *, language: str) -> matching_service_pb2.AssessResponse:
    return matching_service_pb2.AssessResponse(
        assessments=[_assessment(assessment, language) for assessment in result.assessments],
        audit_id=result.audit_id,
        stage_ms=result.stage_ms,
    )


def enrollment_to_proto(result: EnrollmentResult, *, language: str) -> enrollment_service_pb2.EnrollResponse:
    return enrollment_service_pb2.EnrollResponse(
        subject_id=result.subject_id,
        samples=[
            enrollment_service_pb2.EnrolledSample(
                reference_id=sample.reference_id,
                modality=_MODALITIES[sample.modality],
                finger_position=int(sample.finger),  # type: ignore[arg-type]
                quality=_quality(Quality(sample.quality, sample.quality_reasons), language),
                pack_id=sample.pack_id,
                same_as_reference_id=sample.same_as_reference_id,
            )
            for sample in result.samples
        ],
        duplicates=[
            enrollment_service_pb2.DuplicateLead(
                subject_id=lead.subject_id,
                score=lead.score.value,
                score_extrapolated=lead.score.extrapolated,
                external_id=lead.subject.external_id,
                display_name=lead.subject.display_name,
                gallery_ids=sorted(lead.subject.galleries),
                sex=_SEXES[lead.subject.sex],
                birth_year=lead.subject.birth_year or 0,
            )
            for lead in result.duplicates
        ],
        create_time=_timestamp(result.create_time),
        audit_id=result.audit_id,
        replayed=result.replayed,
        stage_ms=result.stage_ms,
        notices=[_notice(notice, language) for notice in result.notices],
    )


def subject_to_proto(subject: Subject) -> enrollment_service_pb2.Subject:
    return enrollment_service_pb2.Subject(
        subject_id=subject.subject_id,
        external_id=subject.external_id,
        display_name=subject.display_name,
        gallery_ids=sorted(subject.galleries),
        sex=_SEXES[subject.sex],
        birth_year=subject.birth_year or 0,
        state=_STATES[subject.state],
        create_time=_timestamp(subject.create_time),
    )


def document_to_proto(found: FoundDocument) -> enrollment_service_pb2.DocumentMatch:
    return enrollment_service_pb2.DocumentMatch(
        subject_id=found.subject_id, field_id=found.field, standing=_STANDINGS[found.standing]
    )


def revision_to_proto(revision: RecordRevision) -> record_service_pb2.RecordRevision:
    author = revision.author
    return record_service_pb2.RecordRevision(
        revision=revision.revision,
        change_time=_timestamp(revision.change_time),
        operator_id=author.operator_id,
        case_number=author.case_number,
        purpose=author.purpose,
        station_id=author.station_id,
        changes=[
            record_service_pb2.FieldChange(field_id=one.field, before=one.before, after=one.after)
            for one in revision.changes
        ],
        event=None if revision.event is None else _record_event(revision.event),
    )


def _record_event(event: RecordEvent) -> record_service_pb2.RecordEvent:
    return record_service_pb2.RecordEvent(
        kind=_EVENT_KINDS[event.kind],
        reassignment_id=event.reassignment_id,
        other_subject_id=event.other_subject_id,
        reference_ids=event.reference_ids,
        is_undone=event.is_undone,
        merged_values=[
            record_service_pb2.RecordValue(field_id=name, text=value) for name, value in event.fields.items()
        ],
    )


def record_field_to_proto(field: RecordField, *, language: str) -> record_service_pb2.RecordField:
    return record_service_pb2.RecordField(
        field_id=field.field_id, label=field.labels[language], kind=field.kind.value, longest=field.longest
    )


def record_form_to_proto(form: RecordForm, *, language: str) -> record_service_pb2.RecordForm:
    return record_service_pb2.RecordForm(
        form_id=form.form_id,
        label=form.labels[language],
        field_ids=form.field_ids,
        images=[
            record_service_pb2.FormImage(
                image_id=image.image_id,
                label=image.labels[language],
                modality=_MODALITIES[image.modality],
                finger_positions=[int(finger) for finger in image.fingers],  # type: ignore[misc]
            )
            for image in form.images
        ],
    )


def reference_to_proto(reference: Reference) -> enrollment_service_pb2.Reference:
    return enrollment_service_pb2.Reference(
        reference_id=reference.reference_id,
        subject_id=reference.subject_id,
        modality=_MODALITIES[reference.template.modality],
        finger_position=int(reference.template.finger),  # type: ignore[arg-type]
        quality_score=reference.quality,
        pack_id=reference.template.pack_id,
        create_time=_timestamp(reference.create_time),
        capture_time=_timestamp(reference.capture_time),
        station_id=reference.station_id,
        capture_device=reference.capture_device,
    )


def reference_image_to_proto(shown: ReferenceImage) -> reference_service_pb2.ReferenceImage:
    reference = shown.reference
    return reference_service_pb2.ReferenceImage(
        reference_id=reference.reference_id,
        subject_id=reference.subject_id,
        modality=_MODALITIES[reference.template.modality],
        finger_position=int(reference.template.finger),  # type: ignore[arg-type]
        sha256=shown.sha256,
        size_bytes=len(shown.content),
        ppi=shown.ppi or 0.0,
        capture_time=_timestamp(reference.capture_time),
        station_id=reference.station_id,
        capture_device=reference.capture_device,
        create_time=_timestamp(reference.create_time),
        audit_id=shown.audit_id,
    )


def reference_minutiae_to_proto(shown: ReferenceMinutiae) -> reference_service_pb2.GetReferenceMinutiaeResponse:
    reference, explanation = shown.reference, shown.explanation
    return reference_service_pb2.GetReferenceMinutiaeResponse(
        reference_id=reference.reference_id,
        subject_id=reference.subject_id,
        finger_position=int(reference.template.finger),  # type: ignore[arg-type]
        pack_id=reference.template.pack_id,
        minutiae=_minutiae(shown.shown, [other for _, other in explanation.pairs] if explanation else ()),
        width_px=shown.shown.width_px,
        height_px=shown.shown.height_px,
        explanation=None if explanation is None else _explanation(explanation),
        audit_id=shown.audit_id,
    )


def gallery_to_proto(gallery: Gallery) -> enrollment_service_pb2.Gallery:
    return enrollment_service_pb2.Gallery(
        gallery_id=gallery.gallery_id,
        display_name=gallery.display_name,
        purpose=gallery.purpose,
        create_time=_timestamp(gallery.create_time),
    )


def description_to_proto(description: ServerDescription, *, language: str) -> server_service_pb2.ServerInfoResponse:
    """What the use case knows of the server; its own settings are added by the servicer."""
    return server_service_pb2.ServerInfoResponse(
        schema_version=description.schema,
        modalities=[_modality_status(status, language) for status in description.modalities],
        subject_count=description.subject_count,
        reference_count=description.reference_count,
        gallery_count=description.gallery_count,
        not_searchable=[
            server_service_pb2.NotSearchable(
                code=kept.code.value,
                text=text(f"server.{kept.code.value}", language),
                reference_count=kept.reference_count,
                pack_id=kept.pack_id,
                modality=_MODALITIES[kept.modality] if kept.modality else None,
            )
            for kept in description.not_searchable
        ],
        audit_id=description.audit_id,
    )


def _modality_status(status: ModalityStatus, language: str) -> server_service_pb2.ModalityStatus:
    why = "" if status.pack else text("server.pack_missing" if status.missing else "server.left_out", language)
    return server_service_pb2.ModalityStatus(
        modality=_MODALITIES[status.modality],
        served=status.pack is not None,
        text=why,
        pack=_pack(status.pack) if status.pack else None,
        quality_floor=status.quality_floor,
    )


def _pack(pack: PackFacts) -> server_service_pb2.Pack:
    return server_service_pb2.Pack(
        pack_id=pack.pack_id,
        license=pack.license,
        is_operational=pack.is_operational,
        calibration=server_service_pb2.Calibration(
            non_mated_count=pack.non_mated_count,
            measured_score=pack.measured_score,
            highest_score=pack.highest_score,
            source=pack.source,
            is_of_this_site=pack.is_of_this_site,
        ),
    )


def _candidate(candidate: Candidate) -> matching_service_pb2.Candidate:
    return matching_service_pb2.Candidate(
        rank=candidate.rank,
        subject_id=candidate.subject_id,
        external_id=candidate.external_id,
        display_name=candidate.display_name,
        score=candidate.score.value,
        score_extrapolated=candidate.score.extrapolated,
        above_threshold=candidate.above_threshold,
        reference_id=candidate.reference_id,
        sample_scores=[_sample_score(sample) for sample in candidate.samples],
        gallery_ids=sorted(candidate.galleries),
        sex=_SEXES[candidate.sex],
        birth_year=candidate.birth_year or 0,
    )


def _sample_score(sample: SampleScore) -> matching_service_pb2.SampleScore:
    return matching_service_pb2.SampleScore(
        modality=_MODALITIES[sample.modality],
        finger_position=int(sample.finger),  # type: ignore[arg-type]
        probe_index=sample.probe_number,
        reference_id=sample.reference_id,
        similarity=sample.similarity,
        score=sample.score.value,
        score_extrapolated=sample.score.extrapolated,
        explanation=_explanation(sample.explanation) if sample.explanation else None,
    )


def _explanation(explanation: FingerprintExplanation) -> matching_service_pb2.FingerprintExplanation:
    shift_x, shift_y = explanation.translation_px
    probe, reference = explanation.probe, explanation.reference
    return matching_service_pb2.FingerprintExplanation(
        pairs=[
            matching_service_pb2.MinutiaPair(
                probe=_place(probe.minutiae[mine]),
                reference=_place(reference.minutiae[other]),
                probe_index=mine,
                reference_index=other,
            )
            for mine, other in explanation.pairs
        ],
        rotation_deg=explanation.rotation_deg,
        translation_x_px=shift_x,
        translation_y_px=shift_y,
        probe_minutiae=_minutiae(probe, [mine for mine, _ in explanation.pairs]),
        reference_minutiae=_minutiae(reference, [other for _, other in explanation.pairs]),
        probe_width_px=probe.width_px,
        probe_height_px=probe.height_px,
        reference_width_px=reference.width_px,
        reference_height_px=reference.height_px,
    )


def _minutiae(shown: ShownPrint, paired: Sequence[int] = ()) -> list[matching_service_pb2.Minutia]:
    """paired: numbers of the minutiae that have a partner, in the order of the pairs."""
    pair_of = {number: pair for pair, number in enumerate(paired)}
    return [
        matching_service_pb2.Minutia(
            x_px=minutia.x_px,
            y_px=minutia.y_px,
            direction_deg=minutia.direction_deg,
            kind=minutia.kind,  # type: ignore[arg-type]  # enums are ints on the wire
            quality=100.0 * minutia.quality,
            pair_index=pair_of.get(number),
        )
        for number, minutia in enumerate(shown.minutiae)
    ]


def _place(minutia: Minutia) -> sample_pb2.PointPx:
    return sample_pb2.PointPx(x_px=minutia.x_px, y_px=minutia.y_px)


def _probe_sample(sample: ProbeSample, language: str) -> matching_service_pb2.ProbeSample:
    return matching_service_pb2.ProbeSample(
        modality=_MODALITIES[sample.modality],
        finger_position=int(sample.finger),  # type: ignore[arg-type]
        quality=_quality(sample.quality, language),
        pack_id=sample.pack_id,
        face=_boxes((sample.face,))[0] if sample.face else None,
        landmarks=[sample_pb2.PointPx(x_px=x, y_px=y) for x, y in sample.landmarks_px],
        minutia_count=sample.minutia_count,
        minutiae=_minutiae(sample.shown) if sample.shown else (),
        width_px=sample.shown.width_px if sample.shown else 0,
        height_px=sample.shown.height_px if sample.shown else 0,
    )


def _assessment(assessment: SampleAssessment, language: str) -> matching_service_pb2.SampleAssessment:
    error = assessment.error
    return matching_service_pb2.SampleAssessment(
        sample=_probe_sample(assessment.sample, language) if assessment.sample else None,
        usable=assessment.usable,
        error_reason=reason_of(error) if error else "",
        error_text=error_text(error, language) if error else "",
        faces=_boxes(assessment.faces),
    )


def _notice(notice: Notice, language: str) -> sample_pb2.Notice:
    told = notice_text(notice, language)
    return sample_pb2.Notice(
        code=notice.code.value, text=told, sample_index=notice.sample_number, subject_ids=notice.subject_ids
    )


def _quality(quality: Quality, language: str) -> sample_pb2.Quality:
    return sample_pb2.Quality(
        score=quality.score,
        reasons=[sample_pb2.QualityReason(code=code, text=quality_text(code, language)) for code in quality.reasons],
    )


def _boxes(boxes: Sequence[FaceBox]) -> list[sample_pb2.FaceBox]:
    return [
        sample_pb2.FaceBox(
            number=box.number, x_px=box.x_px, y_px=box.y_px, width_px=box.width_px, height_px=box.height_px
        )
        for box in boxes
    ]


def _timestamp(moment: datetime | None) -> Timestamp | None:
    if moment is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(moment)
    return timestamp
