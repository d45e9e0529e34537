"""One search of the enrollment database with all samples of a probe: the best reference of each subject and sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from index.database import EnrollmentDatabase
from index.errors import SubjectNotFoundError
from index.records import FingerPosition, Float32Array, Int64Array, Modality, SearchFilter, Template
from matcher.calibrate import Calibration
from matcher.rerank import FingerprintComparing, Reranker
from matcher.results import SampleScore
from matcher.trace import Stages

# A subject among this many best of one sample is compared with the other samples too.
_KEPT_PER_CANDIDATE = 3
_LEAST_KEPT_COUNT = 60


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """shortlist_count: fingers that the index proposes for full comparison. exhaustive_reference_limit: with at most
    this many allowed references every one is compared. prepared_cache_bytes: memory for prepared references."""

    shortlist_count: int = 200
    exhaustive_reference_limit: int = 1000
    prepared_cache_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """sample_scores: of each subject, the best reference for each probe sample that has one.

    gallery_size: subjects searched, the most that any one sample could meet. reference_count: references searched,
    summed over samples. trial_count: the most references that any one sample was compared with; the threshold of the
    search is set for it. proved: the lists equal those of an exhaustive search.
    """

    sample_scores: Mapping[str, tuple[SampleScore, ...]]
    gallery_size: int
    reference_count: int
    trial_count: int
    proved: bool


@dataclass(frozen=True, slots=True, eq=False)
class _SampleHits:
    """reference_ids int64 (n,), similarities float32 (n,), best first."""

    reference_ids: Int64Array
    similarities: Float32Array
    proved: bool


class Searcher:
    """Finds the subjects that a probe resembles. Thread safe."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        comparer: FingerprintComparing,
        calibrations: Mapping[str, Calibration],
        *,
        settings: SearchSettings | None = None,
    ) -> None:
        self._database = database
        self._calibrations = calibrations
        self._settings = settings or SearchSettings()
        self.reranker = Reranker(database, comparer, cache_bytes=self._settings.prepared_cache_bytes)

    def search(
        self,
        templates: Sequence[Template],
        *,
        where: SearchFilter,
        subject_count: int,
        exhaustive: bool = False,
        stages: Stages | None = None,
    ) -> SearchOutcome:
        """subject_count: how many subjects the caller wants to rank. The filter narrows before the search.

        A probe finger of known position meets references of that position, of the filter's positions and of unknown
        position. Raises DatabaseError, GalleryNotFoundError, DeadlineError, CanceledError.
        """
        stages = stages or Stages()
        # One sample alone ranks by itself; several are fused, and a subject low in one list may rise by another.
        is_fused = len(templates) > 1
        kept_count = max(_KEPT_PER_CANDIDATE * subject_count, _LEAST_KEPT_COUNT) if is_fused else subject_count
        best: list[dict[str, tuple[int, float]]] = []
        gallery_size = reference_count = trial_count = 0
        proved = True
        filters = [_filter_of(template, where) for template in templates]
        for template, sample_where in zip(templates, filters, strict=True):
            subjects, references = self._database.count(template.modality, template.pack_id, sample_where)
            gallery_size, trial_count = max(gallery_size, subjects), max(trial_count, references)
            reference_count += references
            hits = self._sample_hits(template, sample_where, kept_count, exhaustive=exhaustive, stages=stages)
            best.append(self._best_of_subjects(hits.reference_ids, hits.similarities, kept_count))
            proved &= hits.proved
        if is_fused:
            with stages.stage("rerank"):
                self._complete(templates, filters, best, stages)
        return SearchOutcome(self._sample_scores(templates, best), gallery_size, reference_count, trial_count, proved)

    def score_of(self, template: Template, probe_number: int, reference_id: int, similarity: float) -> SampleScore:
        """A comparison with its calibrated score. finger is the probe's."""
        score = self._calibrations[template.pack_id].score(similarity)
        return SampleScore(template.modality, template.finger, probe_number, reference_id, similarity, score)

    def best_of_subject(self, template: Template, subject_id: str, *, stages: Stages) -> tuple[int, int, float] | None:
        """(reference count, best reference id, similarity) of the subject's comparable references; None without any."""
        where = _filter_of(template, SearchFilter(subject_ids=frozenset((subject_id,))))
        allowed = self._database.allowed_reference_ids(template.modality, template.pack_id, where)
        ids, similarities = self.reranker.similarities(template, allowed, check=stages.check)
        if not len(ids):
            return None
        best = int(np.lexsort((ids, -similarities))[0])
        return len(ids), int(ids[best]), float(similarities[best])

    def _sample_hits(
        self, template: Template, where: SearchFilter, kept_count: int, *, exhaustive: bool, stages: Stages
    ) -> _SampleHits:
        if template.modality is Modality.FACE:
            with stages.stage("search"):
                return self._face_hits(template, where, kept_count)
        with stages.stage("search"):
            allowed = self._database.allowed_reference_ids(template.modality, template.pack_id, where)
            compare_all = exhaustive or len(allowed) <= self._settings.exhaustive_reference_limit
            if not compare_all:
                k = max(self._settings.shortlist_count, kept_count)
                shortlist = self._database.shortlist(template.pack_id, template.vectors, k, where=where)
                allowed = shortlist.reference_ids[0][: int(shortlist.counts[0])]
        with stages.stage("rerank"):
            ids, similarities = self.reranker.similarities(template, allowed, check=stages.check)
        order = np.lexsort((ids, -similarities))
        return _SampleHits(ids[order], similarities[order], compare_all)

    def _face_hits(self, template: Template, where: SearchFilter, kept_count: int) -> _SampleHits:
        """Enough references for kept_count different subjects, or all there are."""
        k = kept_count
        while True:
            hits = self._database.search(template.modality, template.pack_id, template.vectors, k, where=where)
            count = int(hits.counts[0])
            ids = hits.reference_ids[0][:count]
            if count < k or len(set(self._database.subject_ids_of(ids.tolist()).values())) >= kept_count:
                # Every answer of the exact index equals an exhaustive search; `proved` there only says by which path.
                return _SampleHits(ids, hits.similarities[0][:count], True)
            k *= 4

    def _best_of_subjects(
        self, reference_ids: Int64Array, similarities: Float32Array, kept_count: int
    ) -> dict[str, tuple[int, float]]:
        """Best (reference id, similarity) of the first kept_count subjects; the input is best first."""
        subject_ids = self._database.subject_ids_of(reference_ids.tolist())
        best: dict[str, tuple[int, float]] = {}
        for reference_id, similarity in zip(reference_ids.tolist(), similarities.tolist(), strict=True):
            subject_id = subject_ids.get(reference_id)
            if subject_id is not None and subject_id not in best:
                best[subject_id] = (reference_id, similarity)
                if len(best) == kept_count:
                    break
        return best

    def _complete(
        self,
        templates: Sequence[Template],
        filters: Sequence[SearchFilter],
        best: list[dict[str, tuple[int, float]]],
        stages: Stages,
    ) -> None:
        """Compares every sample with every subject that another sample brought up."""
        wanted = frozenset().union(*best)
        for template, sample_where, found in zip(templates, filters, best, strict=True):
            missing = wanted - found.keys()
            if not missing:
                continue
            allowed = self._allowed_of(template, sample_where, missing)
            ids, similarities = self.reranker.similarities(template, allowed, check=stages.check)
            order = np.lexsort((ids, -similarities))
            found.update(self._best_of_subjects(ids[order], similarities[order], len(missing)))

    def _allowed_of(self, template: Template, where: SearchFilter, subject_ids: frozenset[str]) -> Int64Array:
        """Allowed references of these subjects; one that is deleted while we search drops out."""
        while True:
            try:
                return self._database.allowed_reference_ids(
                    template.modality, template.pack_id, replace(where, subject_ids=subject_ids)
                )
            except SubjectNotFoundError:
                subject_ids = frozenset(filter(self._is_enrolled, subject_ids))
                if not subject_ids:
                    return np.zeros(0, dtype=np.int64)

    def _is_enrolled(self, subject_id: str) -> bool:
        try:
            self._database.get_subject(subject_id)
        except SubjectNotFoundError:
            return False
        return True

    def _sample_scores(
        self, templates: Sequence[Template], best: Sequence[Mapping[str, tuple[int, float]]]
    ) -> dict[str, tuple[SampleScore, ...]]:
        scores: dict[str, list[SampleScore]] = {}
        for number, (template, found) in enumerate(zip(templates, best, strict=True)):
            for subject_id, (reference_id, similarity) in found.items():
                scores.setdefault(subject_id, []).append(self.score_of(template, number, reference_id, similarity))
        return {subject_id: tuple(of_subject) for subject_id, of_subject in scores.items()}


def _filter_of(template: Template, where: SearchFilter) -> SearchFilter:
    if template.modality is Modality.FACE:
        return replace(where, fingers=frozenset())
    if template.finger is FingerPosition.UNKNOWN:
        return where
    return replace(where, fingers=where.fingers | {template.finger})
