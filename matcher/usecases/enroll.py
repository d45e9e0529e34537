"""Enroller, one subject: samples to stored references."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from index.database import EnrollmentDatabase
from index.errors import SubjectNotFoundError
from index.receipts import EnrollmentReceipt
from index.records import ImagePart, Modality, NewReference, Reference, SearchFilter, Subject, Template
from matcher.access.context import AccessContext, check_change, check_comparison
from matcher.access.wording import ID, NAME, PURPOSE, REQUEST_ID, check_text
from matcher.audit.changes import ChangeLedger
from matcher.audit.entries import changing
from matcher.errors import QualityError, RequestError
from matcher.extraction.engines import Engines, Extraction
from matcher.extraction.probe import about_sample, extract_all, sample_digests
from matcher.results import DuplicateLead, EnrolledSample, EnrollmentResult, Notice, NoticeCode
from matcher.samples import EncodedSample, Quality
from matcher.scoring.ranking import rank_candidates
from matcher.scoring.scores import threshold_score
from matcher.search.searcher import Searcher
from matcher.stages import Stages
from matcher.texts.catalog import told
from matcher.usecases.naming import recorded_subject
from matcher.usecases.notices import (
    differing_notices,
    disagreeing_notices,
    known_document_notices,
    missed_notices,
    reach_notices,
)

MAX_SAMPLE_COUNT = 20
MAX_DUPLICATE_COUNT = 5
_BIRTH_YEARS = range(1850, 2201)


@dataclass(frozen=True, slots=True)
class EnrollmentSettings:
    """quality_floors: 0-100 by modality, below which a sample is refused. duplicate_fpir: how often a new subject may
    be reported as resembling a stranger; lower than in searches, since nobody asked for leads. kept_images: modalities
    whose images are kept, where the database is encrypted. agreement_fmr: false match rate that a sample has to reach
    against what is enrolled of its subject already, or a notice says so."""

    quality_floors: Mapping[Modality, int] = field(default_factory=dict)
    duplicate_fpir: float = 0.001
    kept_images: frozenset[Modality] = frozenset(Modality)
    agreement_fmr: float = 0.001


class Enroller:
    """Enrolls one subject at a time; call it from several threads. Both doors, RPC and command line, use it."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        engines: Engines,
        searcher: Searcher,
        changes: ChangeLedger,
        *,
        settings: EnrollmentSettings | None = None,
    ) -> None:
        self._database = database
        self._engines = engines
        self._searcher = searcher
        self._changes = changes
        self._settings = settings or EnrollmentSettings()

    def enroll(
        self,
        subject: Subject,
        samples: Sequence[EncodedSample],
        context: AccessContext,
        *,
        request_id: str = "",
        skip_duplicate_check: bool = False,
        accept_low_quality_reason: str = "",
        stages: Stages | None = None,
    ) -> EnrollmentResult:
        """All samples are stored or none is; durable and searchable when it returns.

        Resembling subjects of the same galleries are reported, never merged. A repeated request_id with the same
        content returns the first answer. accept_low_quality_reason: why samples below the quality floor or of doubtful
        quality are stored; it goes into the audit record. Raises SampleError (QualityError without such a reason),
        RequestError, PackError,
        SessionError, DatabaseError, AuditError (then a repeat with the same request_id is safe), DeadlineError.
        """
        stages = stages or Stages()
        with changing(
            self._changes,
            "enroll",
            context,
            request_id=request_id,
            probe_sha256=sample_digests(samples),
            galleries=tuple(sorted(subject.galleries)),
            subject_id=subject.subject_id,
        ) as entry:
            # The search for duplicates tells whom a face resembles, which is what a search tells.
            (check_change if skip_duplicate_check else check_comparison)(context)
            _check_request(subject, samples, request_id, accept_low_quality_reason)
            extractions = extract_all(self._engines, samples, stages, field="samples")
            entry.note(pack_ids=tuple(dict.fromkeys(made.template.pack_id for made in extractions)))
            if self._has_low_quality(extractions, accept_low_quality_reason):
                entry.note(accepted_quality_reason=accept_low_quality_reason)
            resembling: tuple[DuplicateLead, ...] = ()
            notices: tuple[Notice, ...] = ()
            if not skip_duplicate_check:
                with stages.stage("duplicates"):
                    resembling, notices = self._resembling(extractions, subject, stages)
            # Without a case nothing may be compared, not even with the subject's own references.
            disagreeing: tuple[Notice, ...] = ()
            if not skip_duplicate_check or context.case_number:
                with stages.stage("agreement"):
                    disagreeing = self._disagreeing(extractions, subject, stages)
            stages.check()

            def said(receipt: EnrollmentReceipt) -> dict[str, Any]:
                found = [lead for lead in resembling if lead.subject_id != receipt.subject_id]
                return {
                    "subject_id": receipt.subject_id,
                    "reference_ids": receipt.reference_ids,
                    "candidates": tuple((lead.subject_id, lead.score.value) for lead in found),
                    "disagreeing_scores": tuple(notice.score for notice in disagreeing),
                }

            with stages.stage("store"):
                receipt = self._database.enroll(
                    subject,
                    [self._new_reference(made, sample) for made, sample in zip(extractions, samples, strict=True)],
                    request_id=request_id,
                    request_digest=request_digest(subject, samples),
                    owed=entry.owes(said),
                )
            duplicates = tuple(lead for lead in resembling if lead.subject_id != receipt.subject_id)
            known = known_document_notices(self._database, subject, receipt.subject_id)
            with stages.stage("audit"):
                audit_id = entry.finish(
                    reason="replayed" if receipt.replayed else "",
                    subject_ids=known[0].subject_ids if known else (),
                    **said(receipt),
                )
        return EnrollmentResult(
            subject_id=receipt.subject_id,
            samples=tuple(
                _enrolled_sample(made, reference_id, earlier)
                for made, reference_id, earlier in zip(
                    extractions, receipt.reference_ids, self._made_before(receipt, extractions), strict=True
                )
            ),
            duplicates=duplicates,
            create_time=receipt.create_time,
            audit_id=audit_id,
            replayed=receipt.replayed,
            stage_ms=stages.milliseconds,
            notices=(*notices, *disagreeing, *self._differing(subject, receipt), *known),
        )

    def _disagreeing(self, extractions: Sequence[Extraction], subject: Subject, stages: Stages) -> tuple[Notice, ...]:
        """Before anything is stored: notices of samples that do not agree with what the subject has already."""
        subject_id = subject.subject_id
        if not subject_id and subject.external_id:
            stored = self._database.find_subject(subject.external_id)
            subject_id = "" if stored is None else stored.subject_id
        if not subject_id:
            return ()
        templates = [made.template for made in extractions]
        fmr = self._settings.agreement_fmr
        return disagreeing_notices(self._searcher, templates, subject_id, target_fmr=fmr, stages=stages)

    def _differing(self, said: Subject, receipt: EnrollmentReceipt) -> tuple[Notice, ...]:
        """A notice where the subject was on record with other particulars than are said of it now: those stay."""
        stored = recorded_subject(self._database, receipt.subject_id)
        return () if stored is None else differing_notices(said, stored)

    def _new_reference(self, made: Extraction, sample: EncodedSample) -> NewReference:
        return NewReference(
            template=made.template,
            quality=made.quality.score,
            sample_sha256=made.sha256,
            station_id=sample.station_id,
            capture_time=sample.capture_time,
            capture_device=sample.capture_device,
            image=sample.image_bytes if sample.modality in self._settings.kept_images else b"",
            ppi=sample.ppi,
            part=part_taken(made, sample),
        )

    def _made_before(self, receipt: EnrollmentReceipt, extractions: Sequence[Extraction]) -> list[int]:
        """Of each sample, the first reference of the subject that the same pack made of the same bytes; 0 for none."""
        first: dict[tuple[object, ...], int] = {}
        for reference in self._references_of(receipt.subject_id):
            first.setdefault(_origin(reference.template, reference.sample_sha256), reference.reference_id)
        found = [first.get(_origin(made.template, made.sha256), 0) for made in extractions]
        return [earlier if earlier < own else 0 for earlier, own in zip(found, receipt.reference_ids, strict=True)]

    def _references_of(self, subject_id: str) -> Iterator[Reference]:
        """None where the subject was deleted meanwhile."""
        token, is_last = "", False
        while not is_last:
            try:
                page = self._database.list_references(subject_id, page_token=token)
            except SubjectNotFoundError:
                return
            yield from page.items
            token = page.next_page_token
            is_last = not token

    def _has_low_quality(self, extractions: Sequence[Extraction], accepted_reason: str) -> bool:
        """Whether a sample is below the floor or of doubtful quality. Raises QualityError where nobody says why it is
        stored all the same."""
        has_low = False
        for number, made in enumerate(extractions):
            floor = self._settings.quality_floors.get(made.template.modality, 0)
            if not is_low(made.quality, floor):
                continue
            has_low = True
            if not accepted_reason.strip():
                with about_sample(f"samples[{number}]"):
                    raise _low_quality_error(made.quality, floor)
        return has_low

    def _resembling(
        self, extractions: Sequence[Extraction], subject: Subject, stages: Stages
    ) -> tuple[tuple[DuplicateLead, ...], tuple[Notice, ...]]:
        """Subjects of the same galleries above the duplicate threshold, best first; and a notice where not even these
        very samples would come above it."""
        templates = [made.template for made in extractions]
        where = SearchFilter(galleries=subject.galleries)
        outcome = self._searcher.search(
            templates,
            where=where,
            subject_count=MAX_DUPLICATE_COUNT + 1,
            stages=stages,
        )
        threshold = threshold_score(self._settings.duplicate_fpir, outcome.trial_count)
        # One more than is told, since the subject itself may be among them.
        candidates = rank_candidates(
            outcome.sample_scores, threshold_score=threshold, max_candidates=MAX_DUPLICATE_COUNT + 1
        )
        above = ((recorded_subject(self._database, one.subject_id), one) for one in candidates if one.above_threshold)
        leads = tuple(DuplicateLead(who, one.score) for who, one in above if who is not None)
        is_blind = bool(outcome.reference_count and reach_notices(self._searcher, templates, threshold))
        blind = (Notice(NoticeCode.DUPLICATES_NOT_TOLD),) if is_blind else ()
        return leads, (*blind, *missed_notices(self._database, templates, where))


def part_taken(made: Extraction, sample: EncodedSample) -> ImagePart:
    """A face that was chosen of several is noted with its place: another detector may number them otherwise."""
    corners = sample.region_px
    if made.detection is not None and (sample.face_number or sample.largest_face):
        left, top, right, bottom = (float(side) for side in made.detection.box_px)
        corners = ((left, top), (right, bottom))
    return ImagePart(sample.face_number, sample.largest_face, corners)


def is_low(quality: Quality, floor: int) -> bool:
    """Whether enrollment refuses a sample unless somebody says why it is stored."""
    return quality.is_doubtful or quality.score < floor


def _low_quality_error(quality: Quality, floor: int) -> QualityError:
    need = told("quality.need_floor", floor=floor) if quality.score < floor else told("quality.need_doubtful")
    return QualityError(
        told("quality.below", score=quality.score, need=need),
        score=quality.score,
        reasons=quality.reasons,
    )


def request_digest(subject: Subject, samples: Sequence[EncodedSample]) -> bytes:
    """SHA-256 over everything an enrollment says, so that a request id that comes with other content is noticed."""
    said: list[object] = [
        subject.subject_id,
        subject.external_id,
        subject.display_name,
        sorted(subject.galleries),
        subject.sex.value,
        subject.birth_year,
    ]
    for sample, digest in zip(samples, sample_digests(samples), strict=True):
        capture_time = sample.capture_time.isoformat() if sample.capture_time else ""
        words: list[object] = [
            sample.modality.value,
            digest,
            int(sample.finger),
            sample.ppi,
            capture_time,
            sample.station_id,
            sample.face_number,
            sample.largest_face,
        ]
        # Nothing where there is no region and no device, so that requests of before these keep their digest.
        said.append([*words, *([sample.region_px] if sample.region_px else []), *_device_said(sample)])
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).digest()


def _device_said(sample: EncodedSample) -> list[str]:
    return [f"device {sample.capture_device}"] if sample.capture_device else []


def _check_request(
    subject: Subject, samples: Sequence[EncodedSample], request_id: str, accept_low_quality_reason: str
) -> None:
    if not 1 <= len(samples) <= MAX_SAMPLE_COUNT:
        raise RequestError(told("field.samples", count=MAX_SAMPLE_COUNT), field="samples")
    check_text(request_id, REQUEST_ID, field="request_id")
    check_text(accept_low_quality_reason, PURPOSE, field="accept_low_quality_reason")
    check_text(subject.subject_id, ID, field="subject.subject_id")
    check_text(subject.external_id, ID, field="subject.external_id")
    check_text(subject.display_name, NAME, field="subject.display_name")
    for number, sample in enumerate(samples):
        check_text(sample.station_id, ID, field=f"samples[{number}].station_id")
        check_text(sample.capture_device, ID, field=f"samples[{number}].capture_device")
    if subject.birth_year is not None and subject.birth_year not in _BIRTH_YEARS:
        raise RequestError(told("field.birth_year"), field="subject.birth_year")


def _origin(template: Template, sha256: str) -> tuple[object, ...]:
    """Equal for references of one image: its digest, and its face where it shows several."""
    face = template.vectors.tobytes() if template.modality is Modality.FACE else b""
    return template.modality, template.finger, template.pack_id, sha256, face


def _enrolled_sample(made: Extraction, reference_id: int, same_as_reference_id: int) -> EnrolledSample:
    return EnrolledSample(
        reference_id=reference_id,
        modality=made.template.modality,
        finger=made.template.finger,
        quality=made.quality.score,
        quality_reasons=made.quality.reasons,
        pack_id=made.template.pack_id,
        same_as_reference_id=same_as_reference_id,
    )
