"""One search of the enrollment database with all samples of a probe: how each subject compares with each sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, SearchFilter, Template
from matcher.results import SampleScore, Score
from matcher.scoring.calibration import Calibration
from matcher.search.allowed import allowed_references
from matcher.search.comparison import PART_COUNT, FingerprintComparing, TemplateComparer
from matcher.search.face_search import FaceSearcher, Match
from matcher.search.settings import SearchSettings
from matcher.search.several_samples import Found, SeveralSamples
from matcher.search.shortlist import shortlist
from matcher.stages import Stages

_LEAST_TOGETHER = 60


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """sample_scores: of each subject, how it compares with each probe sample that it has a reference for: by the best
    finger, by all faces fused.

    gallery_size: subjects searched, the most that any one sample could meet. reference_counts: references searched
    with each sample. trial_count: chances to match a stranger, summed over subjects; the threshold of the search is set
    for it. A finger has one with each reference of a subject that it meets, a face one with the subject; of several
    samples each takes the best, so that every combination of them is a chance. proved: the lists equal those of an
    exhaustive search; never where no reference was searched.
    """

    sample_scores: Mapping[str, tuple[SampleScore, ...]]
    gallery_size: int
    reference_counts: tuple[int, ...]
    trial_count: int
    proved: bool

    @property
    def reference_count(self) -> int:
        """References searched, summed over samples."""
        return sum(self.reference_counts)


@dataclass(frozen=True, slots=True, eq=False)
class _FingerHits:
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
        self._faces = FaceSearcher(database, calibrations)
        self.template_comparer = TemplateComparer(database, comparer, cache_bytes=self._settings.prepared_cache_bytes)
        self._several = SeveralSamples(database, self._faces, self.template_comparer, calibrations, self._settings)

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
        moves = self._database.moves
        mark = moves.mark()
        search = partial(
            self._search, templates, where=where, subject_count=subject_count, exhaustive=exhaustive, stages=stages
        )
        outcome = search()
        # Where references went to another subject meanwhile, one may have been met with both of them, or none.
        if moves.is_same_since(mark):
            return outcome
        with moves.quiet():
            return search()

    def _search(
        self,
        templates: Sequence[Template],
        *,
        where: SearchFilter,
        subject_count: int,
        exhaustive: bool,
        stages: Stages,
    ) -> SearchOutcome:
        filters = [_filter_of(template, where) for template in templates]
        counts = [
            self._database.count(template.modality, template.pack_id, sample_where)
            for template, sample_where in zip(templates, filters, strict=True)
        ]
        if len(templates) == 1:
            found = self._found_by_one(
                templates[0], filters[0], counts[0], subject_count=subject_count, exhaustive=exhaustive, stages=stages
            )
        else:
            found = self._several.search(
                templates, filters, subject_count=subject_count, exhaustive=exhaustive, stages=stages
            )
        reference_counts = tuple(references for _, references in counts)
        return SearchOutcome(
            self._sample_scores(templates, found.matches),
            max((subjects for subjects, _ in counts), default=0),
            reference_counts,
            self._trial_count(templates, filters),
            found.proved and any(reference_counts),
        )

    def highest_score(self, template: Template) -> Score:
        """What this sample reaches with its very self: no reference has a higher score."""
        return self._calibrations[template.pack_id].score(self.similarity(template, template))

    def similarity(self, template: Template, other: Template) -> float:
        """Of two templates of one pack, neither of which need be enrolled; of faces without what they share because
        both were photographed badly alike."""
        similarity = self.template_comparer.compare_templates(template, other)
        condition = self._calibrations[template.pack_id].shared_condition
        if condition is None or template.modality is not Modality.FACE:
            return similarity
        return similarity - float(condition.lowering(template.vectors[0], other.vectors)[0])

    def score_of(self, template: Template, probe_number: int, reference_id: int, similarity: float) -> SampleScore:
        """A comparison with its calibrated score. finger is the probe's."""
        score = self._calibrations[template.pack_id].score(similarity)
        # Fused references are lowered, and what resembles nobody falls below any cosine then.
        shown = max(similarity, -1.0)
        return SampleScore(template.modality, template.finger, probe_number, reference_id, shown, score)

    def subject_match(self, template: Template, subject_id: str, *, stages: Stages) -> tuple[int, int, float] | None:
        """(chances to match a stranger, reference id, similarity) of one subject; None without a comparable reference.

        A finger's chances are its references, the same print enrolled again counted once. A face has one: its fused
        similarity pays for the others already.
        """
        where, wanted = _filter_of(template, SearchFilter()), frozenset((subject_id,))
        if template.modality is Modality.FACE:
            found = self._faces.of_subjects(template, where, wanted, check=stages.check)
            return (1, *found[subject_id]) if found else None
        allowed = allowed_references(self._database, template, where, wanted)
        ids, similarities = self._compared(template, allowed, stages)
        if not len(ids):
            return None
        return max(1, self._print_count(template.pack_id, ids)), int(ids[0]), float(similarities[0])

    def _print_count(self, pack_id: str, reference_ids: Int64Array) -> int:
        """How many different prints these are. Read in parts, of which no more than a digest of each stays: somebody
        may have thousands."""
        digests = set()
        for start in range(0, len(reference_ids), PART_COUNT):
            for one in self._database.prints_of(pack_id, reference_ids[start : start + PART_COUNT]).values():
                digests.add(sha256(b"%d " % len(one.minutiae) + one.minutiae + one.codes.tobytes()).digest())
        return len(digests)

    def _trial_count(self, templates: Sequence[Template], filters: Sequence[SearchFilter]) -> int:
        """See SearchOutcome."""
        if len(templates) == 1:
            subjects, references = self._database.count(templates[0].modality, templates[0].pack_id, filters[0])
            return subjects if templates[0].modality is Modality.FACE else references
        combinations = np.zeros(0)
        for template, where in zip(templates, filters, strict=True):
            counts = self._database.counts_by_subject(template.modality, template.pack_id, where)
            chances = np.minimum(counts, 1) if template.modality is Modality.FACE else counts
            size = max(len(combinations), len(chances))
            chances, combinations = (np.pad(one, (0, size - len(one))) for one in (chances, combinations))
            # Whoever has nothing for this sample is compared by the others.
            combinations = np.where(chances > 0, np.maximum(combinations, 1.0) * chances, combinations)
        return int(combinations.sum())

    def _found_by_one(
        self,
        template: Template,
        where: SearchFilter,
        counts: tuple[int, int],
        *,
        subject_count: int,
        exhaustive: bool,
        stages: Stages,
    ) -> Found:
        """One sample alone ranks by itself. counts: of subjects and references."""
        if template.modality is Modality.FACE:
            with stages.stage("search"):
                matches = self._faces.nearest_subjects(
                    template, where, subject_count, fuse=counts[0] < counts[1], check=stages.check
                )
            return Found((matches,), proved=True)
        hits = self._finger_hits(template, where, subject_count, exhaustive=exhaustive, stages=stages)
        return Found((self._best_of_subjects(hits.reference_ids, hits.similarities, subject_count),), hits.proved)

    def _finger_hits(
        self, template: Template, where: SearchFilter, kept_count: int, *, exhaustive: bool, stages: Stages
    ) -> _FingerHits:
        with stages.stage("search"):
            allowed = self._database.allowed_reference_ids(template.modality, template.pack_id, where)
            compare_all = self._settings.compares_all(len(allowed), exhaustive=exhaustive)
            if not compare_all:
                allowed = self._shortlist(template, where, kept_count)
        with stages.stage("rerank"):
            ids, similarities = self._compared(template, allowed, stages)
        return _FingerHits(ids, similarities, compare_all)

    def _shortlist(self, template: Template, where: SearchFilter, kept_count: int) -> Int64Array:
        return shortlist(
            lambda count, reach: self._database.shortlist(template, count, where=where, reach=reach),
            kept_count=kept_count,
            clear_count=self._settings.clear_shortlist_count,
            longest_count=self._settings.shortlist_count,
        ).reference_ids

    def _compared(
        self, template: Template, reference_ids: Int64Array, stages: Stages
    ) -> tuple[Int64Array, Float32Array]:
        """Fingers compared in full, best first; references deleted meanwhile are left out."""
        ids, similarities = self.template_comparer.similarities(template, reference_ids, check=stages.check)
        order = np.lexsort((ids, -similarities))
        return ids[order], similarities[order]

    def _best_of_subjects(
        self, reference_ids: Int64Array, similarities: Float32Array, kept_count: int
    ) -> dict[str, Match]:
        """Best (reference id, similarity) of the first kept_count subjects; the input is best first."""
        best: dict[str, Match] = {}
        # Whose a reference is takes a row and its check to know; most subjects have one reference here.
        together = max(2 * kept_count, _LEAST_TOGETHER)
        for start in range(0, len(reference_ids), together):
            ids = reference_ids[start : start + together].tolist()
            subject_ids = self._database.subject_ids_of(ids)
            for reference_id, similarity in zip(ids, similarities[start : start + together].tolist(), strict=True):
                subject_id = subject_ids.get(reference_id)
                if subject_id is not None and subject_id not in best:
                    best[subject_id] = (reference_id, similarity)
                    if len(best) == kept_count:
                        return best
        return best

    def _sample_scores(
        self, templates: Sequence[Template], best: Sequence[Mapping[str, Match]]
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
