"""Identifier, the 1:N use case: samples of one probe to a ranked list of leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from index.database import EnrollmentDatabase
from index.records import Modality, SearchFilter
from matcher.access.context import AccessContext, check_comparison
from matcher.audit.entries import audited
from matcher.audit.records import AuditLog
from matcher.errors import RequestError
from matcher.extraction.engines import Engines, Extraction
from matcher.extraction.probe import check_probe, extract_all, probe_sample, sample_digests
from matcher.results import Candidate, IdentificationResult, SampleScore
from matcher.samples import EncodedSample
from matcher.scoring.ranking import rank_candidates
from matcher.scoring.scores import expected_false_candidate_count, threshold_score
from matcher.search.searcher import Searcher
from matcher.stages import Stages
from matcher.texts.catalog import told
from matcher.usecases.naming import named
from matcher.usecases.notices import missed_notices, reach_notices, scope_notices

MAX_CANDIDATES = 200


@dataclass(frozen=True, slots=True)
class IdentificationQuery:
    """max_candidates: 1 to 200. target_fpir: false positive identification rate for the threshold, above 0 and
    below 1. exhaustive: compare every allowed reference. explained_candidate_count: for this many candidates from
    rank 1, finger comparisons carry their paired minutiae."""

    max_candidates: int = 20
    target_fpir: float = 0.01
    exhaustive: bool = False
    explained_candidate_count: int = 0


class Identifier:
    """Searches the enrollment database. Thread safe. The same one serves RPC, command line and benchmarks."""

    def __init__(self, database: EnrollmentDatabase, engines: Engines, searcher: Searcher, audit: AuditLog) -> None:
        self._database = database
        self._engines = engines
        self._searcher = searcher
        self._audit = audit

    def identify(
        self,
        samples: Sequence[EncodedSample],
        context: AccessContext,
        *,
        where: SearchFilter | None = None,
        query: IdentificationQuery | None = None,
        stages: Stages | None = None,
    ) -> IdentificationResult:
        """The candidates are leads for an examiner, never an identification.

        The audit record is on disk when this returns or raises. Raises RequestError (also for a missing operator,
        case or purpose), SampleError, PackError, SessionError, DatabaseError, AuditError, DeadlineError.
        """
        where, query, stages = where or SearchFilter(), query or IdentificationQuery(), stages or Stages()
        digests = sample_digests(samples)
        galleries = tuple(sorted(where.galleries))
        with audited(self._audit, "identify", context, probe_sha256=digests, galleries=galleries) as entry:
            check_comparison(context)
            _check_query(query)
            check_probe(samples)
            extractions = extract_all(self._engines, samples, stages)
            templates = [extraction.template for extraction in extractions]
            pack_ids = tuple(dict.fromkeys(template.pack_id for template in templates))
            entry.note(pack_ids=pack_ids)
            outcome = self._searcher.search(
                templates,
                where=where,
                subject_count=query.max_candidates,
                exhaustive=query.exhaustive,
                stages=stages,
            )
            threshold = threshold_score(query.target_fpir, outcome.trial_count)
            notices = scope_notices(self._database, templates, where, outcome)
            missed = missed_notices(self._database, templates, where)
            notices += missed
            notices += reach_notices(self._searcher, templates, threshold)
            with stages.stage("rank"):
                candidates = rank_candidates(
                    outcome.sample_scores, threshold_score=threshold, max_candidates=query.max_candidates
                )
                candidates = named(self._database, candidates)
                candidates = self._explained(candidates, extractions, query.explained_candidate_count)
            stages.check()
            with stages.stage("audit"):
                audit_id = entry.finish(
                    threshold=threshold,
                    candidates=tuple((found.subject_id, found.score.value) for found in candidates),
                )
        return IdentificationResult(
            candidates=candidates,
            gallery_size=outcome.gallery_size,
            reference_count=outcome.reference_count,
            threshold_score=threshold,
            target_fpir=query.target_fpir,
            expected_false_candidate_count=expected_false_candidate_count(threshold, outcome.trial_count),
            pack_ids=pack_ids,
            audit_id=audit_id,
            proved=outcome.proved and not missed,
            stage_ms=stages.milliseconds,
            probe=tuple(probe_sample(extraction) for extraction in extractions),
            notices=notices,
        )

    def _explained(
        self, candidates: tuple[Candidate, ...], extractions: Sequence[Extraction], count: int
    ) -> tuple[Candidate, ...]:
        explained = [
            replace(candidate, samples=tuple(self._explain(sample, extractions) for sample in candidate.samples))
            for candidate in candidates[:count]
        ]
        return (*explained, *candidates[count:])

    def _explain(self, sample: SampleScore, extractions: Sequence[Extraction]) -> SampleScore:
        if sample.modality is not Modality.FINGERPRINT:
            return sample
        probe = extractions[sample.probe_number].template
        return replace(sample, explanation=self._searcher.template_comparer.explain(probe, sample.reference_id))


def _check_query(query: IdentificationQuery) -> None:
    if not 1 <= query.max_candidates <= MAX_CANDIDATES:
        raise RequestError(told("field.from_one", name="max_candidates", most=MAX_CANDIDATES), field="max_candidates")
    if not 0.0 < query.target_fpir < 1.0:
        raise RequestError(told("field.fraction", name="target_fpir"), field="target_fpir")
    if not 0 <= query.explained_candidate_count <= MAX_CANDIDATES:
        raise RequestError(told("field.from_zero", most=MAX_CANDIDATES), field="explained_candidate_count")
