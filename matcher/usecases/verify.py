"""Verifier, the 1:1 use case, and the one that answers with a decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality
from matcher.access.context import AccessContext, check_comparison
from matcher.audit.entries import audited
from matcher.audit.records import AuditLog
from matcher.errors import RequestError
from matcher.extraction.engines import Engines, Extraction
from matcher.extraction.probe import check_probe, extract_all, probe_sample, sample_digests
from matcher.results import SampleScore, VerificationResult
from matcher.samples import EncodedSample
from matcher.scoring.scores import fuse_scores, threshold_score
from matcher.search.searcher import Searcher
from matcher.stages import Stages
from matcher.texts.catalog import told
from matcher.usecases.notices import reach_notices

DEFAULT_FMR = 1e-4


class Verifier:
    """Compares a probe with one subject, or with another probe. Thread safe."""

    def __init__(self, database: EnrollmentDatabase, engines: Engines, searcher: Searcher, audit: AuditLog) -> None:
        self._database = database
        self._engines = engines
        self._searcher = searcher
        self._audit = audit

    def verify(
        self,
        samples: Sequence[EncodedSample],
        context: AccessContext,
        *,
        subject_id: str = "",
        other: Sequence[EncodedSample] = (),
        target_fmr: float = DEFAULT_FMR,
        explained: bool = False,
        stages: Stages | None = None,
    ) -> VerificationResult:
        """Exactly one of subject_id and other. target_fmr: false match rate of the decision, above 0 and below 1.

        The best of several references of a finger has more chances to match a stranger, so the threshold rises with
        their number, and with that of their combinations where several fingers each take their best; several references
        of a face are fused to one score that has paid for their number already. The audit record is on disk when this
        returns or raises. Raises RequestError, SampleError, SubjectNotFoundError, PackError, SessionError, AuditError,
        DeadlineError.
        """
        stages = stages or Stages()
        with audited(
            self._audit,
            "verify",
            context,
            probe_sha256=sample_digests(samples),
            other_probe_sha256=sample_digests(other),
            subject_id=subject_id,
        ) as entry:
            check_comparison(context)
            if not 0.0 < target_fmr < 1.0:
                raise RequestError(told("field.fraction", name="target_fmr"), field="target_fmr")
            if bool(subject_id) == bool(other):
                raise RequestError(told("field.target"), field="target")
            check_probe(samples)
            if other:
                check_probe(other, field="other_probe.samples")
            else:
                self._database.get_subject(subject_id)
            extractions = extract_all(self._engines, samples, stages)
            pack_ids = tuple(dict.fromkeys(made.template.pack_id for made in extractions))
            entry.note(pack_ids=pack_ids)
            if other:
                others = extract_all(self._engines, other, stages, field="other_probe.samples")
                scores, trial_count = self._with_probe(extractions, others, stages, explained=explained)
            else:
                scores, trial_count = self._with_subject(extractions, subject_id, stages, explained=explained)
            if not scores:
                raise RequestError(
                    told("field.nothing_to_compare"),
                    field="probe.samples",
                )
            threshold = threshold_score(target_fmr, trial_count)
            compared = [extractions[sample.probe_number].template for sample in scores]
            notices = reach_notices(self._searcher, compared, threshold)
            score = fuse_scores([sample.score for sample in scores])
            stages.check()
            with stages.stage("audit"):
                audit_id = entry.finish(threshold=threshold, score=score.value)
        return VerificationResult(
            score=score,
            above_threshold=score.value >= threshold,
            threshold_score=threshold,
            samples=tuple(scores),
            pack_ids=pack_ids,
            audit_id=audit_id,
            stage_ms=stages.milliseconds,
            probe=tuple(probe_sample(extraction) for extraction in extractions),
            notices=notices,
        )

    def _with_subject(
        self, extractions: Sequence[Extraction], subject_id: str, stages: Stages, *, explained: bool
    ) -> tuple[list[SampleScore], int]:
        scores: list[SampleScore] = []
        trial_count = 1
        for number, extraction in enumerate(extractions):
            template = extraction.template
            with stages.stage("compare"):
                match = self._searcher.subject_match(template, subject_id, stages=stages)
            if match is None:
                continue
            chance_count, reference_id, similarity = match
            trial_count *= chance_count
            score = self._searcher.score_of(template, number, reference_id, similarity)
            if explained and template.modality is Modality.FINGERPRINT:
                explanation = self._searcher.template_comparer.explain(template, reference_id)
                score = replace(score, explanation=explanation)
            scores.append(score)
        return scores, trial_count

    def _with_probe(
        self, extractions: Sequence[Extraction], others: Sequence[Extraction], stages: Stages, *, explained: bool
    ) -> tuple[list[SampleScore], int]:
        scores: list[SampleScore] = []
        trial_count = 1
        template_comparer = self._searcher.template_comparer
        for number, extraction in enumerate(extractions):
            comparable = [other.template for other in others if _comparable(extraction, other)]
            if not comparable:
                continue
            trial_count *= len(comparable)
            with stages.stage("compare"):
                template = extraction.template
                similarities = [self._searcher.similarity(template, other) for other in comparable]
                best = max(range(len(comparable)), key=similarities.__getitem__)
                score = self._searcher.score_of(template, number, 0, similarities[best])
                if explained and template.modality is Modality.FINGERPRINT:
                    score = replace(score, explanation=template_comparer.explain_templates(template, comparable[best]))
            scores.append(score)
        return scores, trial_count


def _comparable(probe: Extraction, other: Extraction) -> bool:
    mine, theirs = probe.template, other.template
    if mine.modality is not theirs.modality:
        return False
    return mine.finger is theirs.finger or FingerPosition.UNKNOWN in (mine.finger, theirs.finger)
