"""Assessor: quality of samples, without storing or searching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from index.records import Modality
from matcher.access.context import AccessContext, check_caller
from matcher.audit.entries import audited
from matcher.audit.records import AuditLog
from matcher.errors import PackError, RequestError, SampleError, SeveralFacesError
from matcher.extraction.engines import Engines
from matcher.extraction.probe import face_box, probe_sample, sample_digests
from matcher.results import AssessmentResult, SampleAssessment
from matcher.samples import EncodedSample
from matcher.stages import Stages
from matcher.texts.catalog import told
from matcher.usecases.enroll import is_low

MAX_SAMPLE_COUNT = 20


class Assessor:
    """Judges samples one by one. Thread safe. quality_floors: 0-100 by modality, as enrollment applies them."""

    def __init__(self, engines: Engines, audit: AuditLog, *, quality_floors: Mapping[Modality, int]) -> None:
        self._engines = engines
        self._audit = audit
        self._quality_floors = quality_floors

    def assess(
        self,
        samples: Sequence[EncodedSample],
        context: AccessContext,
        *,
        with_minutiae: bool = False,
        stages: Stages | None = None,
    ) -> AssessmentResult:
        """A sample that cannot be used is an assessment, not an error. with_minutiae: those of fingerprints are told.
        The audit record is on disk when this returns or raises. Raises RequestError, SessionError, AuditError,
        DeadlineError."""
        stages = stages or Stages()
        with audited(self._audit, "assess", context, probe_sha256=sample_digests(samples)) as entry:
            check_caller(context)
            if not 1 <= len(samples) <= MAX_SAMPLE_COUNT:
                raise RequestError(told("field.samples", count=MAX_SAMPLE_COUNT), field="samples")
            assessments = tuple(self._assess_one(sample, stages, with_minutiae=with_minutiae) for sample in samples)
            audit_id = entry.finish(pack_ids=self._engines.pack_ids())
        return AssessmentResult(assessments, audit_id, stages.milliseconds)

    def _assess_one(self, sample: EncodedSample, stages: Stages, *, with_minutiae: bool) -> SampleAssessment:
        try:
            extraction, found = self._engines.extract_with_faces(sample, stages=stages)
        except (SampleError, RequestError, PackError) as error:
            boxes = error.boxes if isinstance(error, SeveralFacesError) else ()
            return SampleAssessment(None, False, _without_frames(error), boxes)
        faces = tuple(face_box(face, number) for number, face in enumerate(found, start=1))
        floor = self._quality_floors.get(sample.modality, 0)
        judged = probe_sample(extraction, with_minutiae=with_minutiae)
        return SampleAssessment(judged, not is_low(extraction.quality, floor), None, faces)


def _without_frames(error: Exception) -> Exception:
    """The error alone: its traceback would hold the pixels of its sample until the last sample is judged."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
