"""Faces: the subjects nearest to a probe, the references of each fused, exactly as comparing with all would say."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from types import MappingProxyType

import numpy as np

from index.database import EnrollmentDatabase
from index.records import SearchFilter, Template
from matcher.scoring.calibration import Calibration
from matcher.scoring.reference_fusion import distinct_rows, fused_similarities, highest_unseen
from matcher.scoring.shared_condition import SharedCondition
from matcher.search.allowed import allowed_references

# Best reference id and fused similarity of a subject.
Match = tuple[int, float]

# References looked at, or subjects fused, at a time, so that a deadline is seen and memory stays bounded.
_PART_COUNT = 64
# A subject may lead by its fusion though references of many others come first: a list of 20 takes about 110 of
# lfw_dev to prove. Fetched in one search, since a second one costs more than a longer list.
_FETCHED_PER_SUBJECT = 16
# Beyond the subjects asked for, where each has one reference: some of the nearest may be lowered.
_MORE_FETCHED = 16
# The index and this module sum the same products in another order; their similarities differ by less.
_ROUNDING = 1e-6
_NOTHING: Mapping[int, float] = MappingProxyType({})


class FaceSearcher:
    """Compares a probe face with subjects. Thread safe."""

    def __init__(self, database: EnrollmentDatabase, calibrations: Mapping[str, Calibration]) -> None:
        self._database = database
        self._calibrations = calibrations

    def nearest_subjects(
        self, template: Template, where: SearchFilter, subject_count: int, *, fuse: bool, check: Callable[[], None]
    ) -> dict[str, Match]:
        """The subject_count best subjects that pass the filter, or all there are, best first.

        Proved: references are taken, best first, until no subject of the rest can reach the last one of the list. A
        probe for which this comes true nowhere meets everybody. What two bad photographs share only ever lowers a
        similarity, so that the one by which the index sorts bounds all that were not taken. fuse: False where every
        subject has one reference, whose similarity is the subject's. check: see of_subjects.
        """
        calibration = self._calibrations[template.pack_id]
        found: dict[str, Match] = {}
        leading: list[float] = []  # a heap of the subject_count best similarities
        more = 0 if self._condition(template) is None else _MORE_FETCHED
        fetched = subject_count * _FETCHED_PER_SUBJECT if fuse else subject_count + more
        for part in self._nearest_references(template, where, fetched):
            check()
            owners = self._database.subject_ids_of(list(part))
            new = frozenset(owners.values()) - found.keys()
            if fuse:
                matches = self.of_subjects(template, where, new, check=check, known=part)
            else:
                matches = _first_of_each(self.lowered(template, part), owners)
            # In the order of matches: equal similarities stay in the order of the index, which knows them in float64.
            for subject_id in (one for one in matches if one in new):
                found[subject_id] = matches[subject_id]
                heapq.heappush(leading, matches[subject_id][1])
                if len(leading) > subject_count:
                    heapq.heappop(leading)
            lowest = list(part.values())[-1]
            if len(leading) == subject_count and (
                leading[0] > highest_unseen(lowest + _ROUNDING, calibration) if fuse else leading[0] >= lowest
            ):
                break
        ordered = sorted(found.items(), key=_by_similarity_and_id if fuse else _by_similarity)
        return dict(ordered[:subject_count])

    def of_subjects(
        self,
        template: Template,
        where: SearchFilter,
        subject_ids: Iterable[str],
        *,
        check: Callable[[], None],
        known: Mapping[int, float] = _NOTHING,
    ) -> dict[str, Match]:
        """Each of these subjects that has an allowed reference, by ascending reference id. check: called between parts,
        to end work nobody waits for. known: similarities by reference id that need not be computed."""
        found: dict[str, Match] = {}
        waiting = iter(subject_ids)
        while part := frozenset(islice(waiting, _PART_COUNT)):
            check()
            owners = self._database.subject_ids_of(allowed_references(self._database, template, where, part))
            counts = Counter(owners.values())
            alone = {one for one, owner in owners.items() if counts[owner] == 1 and one in known}
            lowered = self.lowered(template, {one: known[one] for one in alone})
            found.update({owners[one]: (one, similarity) for one, similarity in lowered.items()})
            found.update(self._fused(template, {one: owner for one, owner in owners.items() if one not in alone}))
        return dict(sorted(found.items(), key=lambda item: item[1][0]))

    def lowered(self, template: Template, similarities: Mapping[int, float]) -> Mapping[int, float]:
        """By reference id, without what probe and reference share because both were photographed badly alike. Those
        that are gone by now keep theirs."""
        condition = self._condition(template)
        if condition is None or not similarities:
            return similarities
        stored = self._database.vectors_of(template.modality, template.pack_id, list(similarities))
        if not stored:
            return similarities
        lowering = condition.lowering(template.vectors[0], np.concatenate(list(stored.values())))
        lowered = dict(zip(stored, lowering.tolist(), strict=True))
        # Rounded as the index does, so that one without anything to take off keeps its very similarity.
        return {one: float(np.float32(value - lowered.get(one, 0.0))) for one, value in similarities.items()}

    def _condition(self, template: Template) -> SharedCondition | None:
        """None also for a good photograph, from whose similarities nothing comes off."""
        condition = self._calibrations[template.pack_id].shared_condition
        return condition if condition is not None and condition.badness(template.vectors)[0] > 0.0 else None

    def _nearest_references(self, template: Template, where: SearchFilter, k: int) -> Iterator[dict[int, float]]:
        """Similarity by reference id, best first, in parts, until there are no more."""
        taken: set[int] = set()
        while True:
            hits = self._database.search(template.modality, template.pack_id, template.vectors, k, where=where)
            count = int(hits.counts[0])
            pairs = zip(hits.reference_ids[0][:count].tolist(), hits.similarities[0][:count].tolist(), strict=True)
            # By id, not by place: a deletion meanwhile moves up what comes after it.
            rest = [pair for pair in pairs if pair[0] not in taken]
            for start in range(0, len(rest), _PART_COUNT):
                yield dict(rest[start : start + _PART_COUNT])
            if count < k:
                return
            taken.update(reference_id for reference_id, _ in rest)
            k *= 4

    def _fused(self, template: Template, owners: Mapping[int, str]) -> dict[str, Match]:
        """Of all references of some subjects: subject id by reference id."""
        stored = self._database.vectors_of(template.modality, template.pack_id, list(owners))
        if not stored:
            return {}
        of_subject: dict[str, list[int]] = {}
        for reference_id in sorted(stored):
            of_subject.setdefault(owners[reference_id], []).append(reference_id)
        ids: list[int] = []
        starts: list[int] = []
        for subject_id in sorted(of_subject):
            own = of_subject[subject_id]
            rows = distinct_rows(np.concatenate([stored[one] for one in own])) if len(own) > 1 else [0]
            starts.append(len(ids))
            ids += [own[row] for row in rows]
        vectors = np.concatenate([stored[reference_id] for reference_id in ids]).astype(np.float64)
        # In float64 and rounded once, as the index does.
        probe, condition = template.vectors[0].astype(np.float64), self._condition(template)
        similarities = np.clip(vectors @ probe, -1.0, 1.0).astype(np.float32)
        counts = np.diff([*starts, len(ids)])
        sums = np.add.reduceat(vectors, starts, axis=0)
        lengths = np.linalg.norm(sums, axis=1)
        lowered, mean_lowering = similarities, np.zeros(len(starts))
        if condition is not None:
            lowered = (similarities - condition.lowering(probe, vectors)).astype(np.float32)
            fused_templates = sums / np.maximum(lengths, 1e-12)[:, np.newaxis]
            mean_lowering = condition.lowering(probe, fused_templates)
        fused = fused_similarities(
            np.maximum.reduceat(lowered, starts),
            np.add.reduceat(similarities.astype(np.float64), starts) / counts,
            lengths / counts,
            counts,
            self._calibrations[template.pack_id],
            mean_lowering=mean_lowering,
        )
        return {
            owners[ids[start]]: (ids[start + int(np.argmax(lowered[start:end]))], similarity)
            for start, end, similarity in zip(starts, [*starts[1:], len(ids)], fused.tolist(), strict=True)
        }


def _by_similarity(item: tuple[str, Match]) -> float:
    return -item[1][1]


def _by_similarity_and_id(item: tuple[str, Match]) -> tuple[float, int]:
    return -item[1][1], item[1][0]


def _first_of_each(similarities: Mapping[int, float], owners: Mapping[int, str]) -> dict[str, Match]:
    """Of references, best first, the first of each subject; deleted ones have no owner any more."""
    first: dict[str, Match] = {}
    for reference_id, similarity in similarities.items():
        if reference_id in owners:
            first.setdefault(owners[reference_id], (reference_id, similarity))
    return first
