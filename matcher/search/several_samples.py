"""One search with several samples: who is likely by all of them together, and how each of these compares with each.

Comparing everybody whom one sample brings up with all other samples reads thousands of fingers from all over the store,
nearly all of them of strangers. So subjects are first ranked by what is known without reading anything: whoever was
compared has a score; where the index only ranked a finger, its rank says how few strangers do as well, which is a
score, too: 10*log10 of how many were searched, by the rank. These are fused as scores are. Somebody low in every list
may lead by all of them; somebody whom one sample alone brings up stands by that. The first of this ranking are compared
with every sample: whatever an answer shows is measured, and nothing is left out that would lower it.

Where every finger is compared, nothing is estimated, and the ranking is that of the answer. Of faces, the nearest are
known then, and how near others are at most; subjects are completed until nobody else can come among those asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.arrays import BoolArray, Float32Array, Float64Array, Int64Array
from index.database import EnrollmentDatabase
from index.partition.columns import Resolved
from index.records import Modality, SearchFilter, Template
from matcher.scoring.calibration import Calibration
from matcher.scoring.sample_fusion import fused_of_some
from matcher.search.comparison import TemplateComparer
from matcher.search.face_search import FaceSearcher, Match
from matcher.search.settings import SearchSettings
from matcher.search.shortlist import shortlist
from matcher.search.side_by_side import side_by_side
from matcher.stages import Stages

KEPT_PER_CANDIDATE: Final = 3
LEAST_KEPT_COUNT: Final = 60
"""So many subjects are completed for each candidate that the caller ranks, and so many at least."""
COMPLETED_COMPARISONS: Final = 600
"""Comparisons that completing takes, about, where this allows more subjects. Of 360 mates of probes of 2 to 10 fingers,
good and bad, among 10,000 people, 356 were among the first seven of the ranking, one 93rd (of two small pieces) and
three beyond the 300th. What the search loses with these numbers is in docs/search.md."""
LEADERS: Final = 3
LEADERS_PER_CANDIDATE: Final = 2
"""Of each sample those who compare best are completed whatever the others say: LEADERS, and for each candidate
LEADERS_PER_CANDIDATE, divided among the samples. Where all samples but one are somebody else's, or show nothing, the
mate has nothing else; farther down, as many strangers of every sample would come before it."""
SCORED_COUNT: Final = 4096
"""Fingers of each sample whose rank in the index counts."""
_STRANGER_SCORE: Final = 10.0 / np.log(10.0)
"""Of everybody whom the index did not rank: what a stranger has on average."""
LEADING_COUNT: Final = 10
"""Fingers compared at once with a sample that one leads clearly by: who else is worth it, all samples say."""


# Fused scores of one subject computed in two ways differ by less.
_ROUNDING: Final = 1e-9

Compared = tuple[Int64Array, Float32Array]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """matches: by sample, best first: the best reference and its similarity of each subject that was compared with all
    samples. proved: the first subject_count of these are the first of everybody."""

    matches: Sequence[Mapping[str, Match]]
    proved: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    """What one sample says by itself. compared_ids: fingers to compare in full. scored_ids: fingers in the order of the
    index. faces: subjects nearest by their faces, best first. is_proved: nobody else comes before these. is_whole: nor
    is there anybody else."""

    compared_ids: Int64Array
    scored_ids: Int64Array
    faces: Mapping[str, Match]
    is_proved: bool
    is_whole: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Standing:
    """Of subjects by one sample. places: int64 (n,), each once. scores, similarities: float64 (n,). rest: score and
    similarity of everybody else. has: bool by place, who has a reference at all. leaders: int64 (m,), places of those
    who were compared, best first."""

    places: Int64Array
    scores: Float64Array
    similarities: Float64Array
    rest: tuple[float, float]
    has: BoolArray
    leaders: Int64Array


class SeveralSamples:
    """Searches with probes of several samples. Thread safe."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        faces: FaceSearcher,
        comparer: TemplateComparer,
        calibrations: Mapping[str, Calibration],
        settings: SearchSettings,
    ) -> None:
        self._database = database
        self._faces = faces
        self._comparer = comparer
        self._calibrations = calibrations
        self._settings = settings

    def search(
        self,
        templates: Sequence[Template],
        filters: Sequence[SearchFilter],
        *,
        subject_count: int,
        exhaustive: bool,
        stages: Stages,
    ) -> Found:
        """filters: of each sample. subject_count: how many subjects the caller ranks. Raises like Searcher.search."""
        kept_count = max(KEPT_PER_CANDIDATE * subject_count, LEAST_KEPT_COUNT)
        # As of now: a reference that is deleted meanwhile still says whose it was, who may have others.
        coverages = self._coverages(templates, filters)

        def look(number: int, own: Stages) -> _Looked:
            template, where, coverage = templates[number], filters[number], coverages[number]
            with own.stage("search"):
                if template.modality is Modality.FACE:
                    return self._look_for_face(template, where, coverage, kept_count, own)
                return self._look_for_finger(template, where, coverage, exhaustive=exhaustive)

        looked = side_by_side(look, len(templates), stages)
        compared = self._compared(templates, [one.compared_ids for one in looked], stages)
        known = list(zip(looked, compared, strict=True))
        is_proved = all(one.is_proved for one in looked)
        standings = [
            self._standing(template, coverage, one, of_one, is_bound=is_proved)
            for template, coverage, one, of_one in zip(templates, coverages, looked, compared, strict=True)
        ]
        places, most = _likeliest(standings, everybody=is_proved)
        count = kept_count
        if not is_proved:
            likeliest = places[: max(kept_count, COMPLETED_COMPARISONS // len(templates))]
            leading = LEADERS + LEADERS_PER_CANDIDATE * subject_count // len(templates)
            places = _each_once(np.concatenate([likeliest, *(one.leaders[:leading] for one in standings)]))
            count = len(places)
        while True:
            matches = self._completed(templates, filters, places[:count], known, stages=stages)
            if not is_proved or count >= len(places) or all(one.is_whole for one in looked):
                break
            # Of faces beyond a list is known how near they are at most.
            if self._is_settled(templates, matches, subject_count, most[count]):
                break
            count *= 4
        return Found(matches, is_proved)

    def _look_for_face(
        self, template: Template, where: SearchFilter, coverage: Resolved, kept_count: int, stages: Stages
    ) -> _Looked:
        is_fused = coverage.subject_count < len(coverage.reference_ids)
        found = self._faces.nearest_subjects(template, where, kept_count, fuse=is_fused, check=stages.check)
        nobody = np.zeros(0, dtype=np.int64)
        return _Looked(nobody, nobody, found, is_proved=True, is_whole=len(found) < kept_count)

    def _look_for_finger(
        self, template: Template, where: SearchFilter, coverage: Resolved, *, exhaustive: bool
    ) -> _Looked:
        allowed = coverage.reference_ids
        if self._settings.compares_all(len(allowed), exhaustive=exhaustive):
            return _Looked(allowed, allowed[:0], {}, is_proved=True, is_whole=True)
        found = shortlist(
            lambda count, reach: self._database.shortlist(template, count, where=where, reach=reach),
            kept_count=0,
            clear_count=LEADING_COUNT,
            longest_count=self._settings.shortlist_count,
            scored_count=SCORED_COUNT,
        )
        return _Looked(np.sort(found.reference_ids), found.scored_ids, {}, is_proved=False, is_whole=False)

    def _standing(
        self, template: Template, coverage: Resolved, looked: _Looked, compared: Compared, *, is_bound: bool
    ) -> _Standing:
        """is_bound: the rest is what nobody else exceeds; else what a stranger has."""
        calibration, has = self._calibrations[template.pack_id], coverage.counts_by_subject() > 0
        if template.modality is Modality.FACE:
            ids = np.array([reference_id for reference_id, _ in looked.faces.values()], dtype=np.int64)
            similarities = np.array([similarity for _, similarity in looked.faces.values()], dtype=np.float64)
        else:
            order = np.lexsort((compared[0], -compared[1]))
            ids, similarities = compared[0][order], compared[1][order].astype(np.float64)
        scores = calibration.values_of(similarities)
        last = (float(scores[-1]), float(similarities[-1])) if is_bound and len(ids) else None
        if len(looked.scored_ids):
            ranks = np.arange(1, len(looked.scored_ids) + 1)
            ids = np.concatenate([ids, looked.scored_ids])
            scores = np.concatenate([scores, 10.0 * np.log10(len(coverage.reference_ids) / ranks)])
            similarities = np.pad(similarities, (0, len(ranks)))
        places = coverage.numbers_of(ids)
        leaders = _each_once(places[: len(ids) - len(looked.scored_ids)])
        # The first of each counts: what was compared comes before what was ranked, and each of them best first.
        places, first = np.unique(places, return_index=True)
        known = places >= 0
        rest = last or (_STRANGER_SCORE, 0.0)
        return _Standing(places[known], scores[first[known]], similarities[first[known]], rest, has, leaders)

    def _completed(
        self,
        templates: Sequence[Template],
        filters: Sequence[SearchFilter],
        places: Int64Array,
        known: Sequence[tuple[_Looked, Compared]],
        *,
        stages: Stages,
    ) -> Sequence[Mapping[str, Match]]:
        """By sample, best first: how the subjects at these places compare. known: what each sample found before."""
        compared = [of_one for _, of_one in known]
        # As of now: what was deleted meanwhile is left out.
        allowed = [one.of_subjects(places) for one in self._coverages(templates, filters)]
        missing = [np.setdiff1d(ids, done[0], assume_unique=True) for ids, done in zip(allowed, compared, strict=True)]
        others = self._compared(templates, missing, stages)
        with stages.stage("rerank"):
            owners = self._database.subject_ids_of(np.unique(np.concatenate(allowed)))
        matches: list[Mapping[str, Match]] = []
        for number, template in enumerate(templates):
            if template.modality is Modality.FACE:
                wanted = frozenset(owners[one] for one in allowed[number].tolist() if one in owners)
                with stages.stage("rerank"):
                    matches.append(
                        self._face_matches(template, filters[number], known[number][0].faces, wanted, stages)
                    )
                continue
            is_wanted = np.isin(compared[number][0], allowed[number], assume_unique=True)
            ids = np.concatenate([compared[number][0][is_wanted], others[number][0]])
            similarities = np.concatenate([compared[number][1][is_wanted], others[number][1]])
            order = np.lexsort((ids, -similarities))
            best: dict[str, Match] = {}
            for reference_id, similarity in zip(ids[order].tolist(), similarities[order].tolist(), strict=True):
                if reference_id in owners:
                    best.setdefault(owners[reference_id], (reference_id, similarity))
            matches.append(best)
        return matches

    def _face_matches(
        self,
        template: Template,
        where: SearchFilter,
        found: Mapping[str, Match],
        wanted: frozenset[str],
        stages: Stages,
    ) -> dict[str, Match]:
        matches = {subject_id: match for subject_id, match in found.items() if subject_id in wanted}
        missing = wanted - matches.keys()
        matches.update(self._faces.of_subjects(template, where, missing, check=stages.check))
        return matches

    def _compared(
        self, templates: Sequence[Template], reference_ids: Sequence[Int64Array], stages: Stages
    ) -> list[Compared]:
        """By sample; nothing of faces. reference_ids: of each, ascending."""
        nothing = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        fingers = [number for number, one in enumerate(templates) if one.modality is not Modality.FACE]
        found: list[Compared] = [nothing] * len(templates)
        answers = self._comparer.similarities_of_several(
            [templates[number] for number in fingers], [reference_ids[number] for number in fingers], stages
        )
        for number, answer in zip(fingers, answers, strict=True):
            found[number] = answer
        return found

    def _is_settled(
        self,
        templates: Sequence[Template],
        matches: Sequence[Mapping[str, Match]],
        subject_count: int,
        most: Float64Array,
    ) -> bool:
        """Whether nobody else can come among the first subject_count. most: fused score and sum of similarities that
        no other exceeds."""
        similarities: dict[str, list[float]] = {}
        scores: dict[str, list[float]] = {}
        for template, found in zip(templates, matches, strict=True):
            calibration = self._calibrations[template.pack_id]
            for subject_id, (_, similarity) in found.items():
                similarities.setdefault(subject_id, []).append(max(similarity, -1.0))
                scores.setdefault(subject_id, []).append(calibration.score(similarity).value)
        ranked = sorted(
            ((float(fused_of_some([scores[one]])[0]), sum(similarities[one])) for one in scores), reverse=True
        )
        if len(ranked) < subject_count:
            return False
        fused, total = ranked[subject_count - 1]
        most_fused, most_total = (float(one) for one in most)
        return fused > most_fused + _ROUNDING or (fused > most_fused - _ROUNDING and total > most_total + _ROUNDING)

    def _coverages(self, templates: Sequence[Template], filters: Sequence[SearchFilter]) -> list[Resolved]:
        return [
            self._database.coverage(template.modality, template.pack_id, where)
            for template, where in zip(templates, filters, strict=True)
        ]


def _each_once(places: Int64Array) -> Int64Array:
    """The first time each occurs, without the -1 of nobody."""
    known = places[places >= 0]
    return known[np.sort(np.unique(known, return_index=True)[1])]


def _likeliest(standings: Sequence[_Standing], *, everybody: bool) -> tuple[Int64Array, Float64Array]:
    """(places int64 (n,), most float64 (n, 2)), best first: subjects, and the fused score and sum of similarities that
    each has, as far as is known. everybody: also those whom no standing names."""
    size = max(len(one.has) for one in standings)
    if everybody:
        has_any = np.zeros(size, dtype=np.bool_)
        for one in standings:
            has_any[: len(one.has)] |= one.has
        places = np.flatnonzero(has_any)
    else:
        places = np.unique(np.concatenate([one.places for one in standings]))
    scores = np.full((len(places), len(standings)), np.nan)
    sums = np.zeros(len(places))
    for number, one in enumerate(standings):
        score, similarity = one.rest
        has = np.pad(one.has, (0, size - len(one.has)))[places]
        rows = np.searchsorted(places, one.places)
        scores[has, number] = score
        scores[rows, number] = one.scores
        similarities = np.where(has, similarity, 0.0)
        similarities[rows] = one.similarities
        sums += np.maximum(similarities, -1.0)
    fused = fused_of_some(scores)
    order = np.lexsort((places, -sums, -np.round(fused, 9)))
    return places[order], np.column_stack([fused[order], sums[order]])
