"""Two face packs on the records of a force: every reference as a probe, among all others, once with each pack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.arrays import Float64Array
from index.database import EnrollmentDatabase
from index.records import Modality
from matcher.scoring.calibration import Calibration

# A mate beyond this place counts as not found.
LAST_RANK: Final = 50
_STEP_COUNT: Final = 200

Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class PackFigures:
    """One pack. ranks: int (n,) of the first other reference of the probe's subject, 0 where it is not among the first
    LAST_RANK. mate_scores: of it, n at most. stranger_scores: float64 (n,), the highest of another subject."""

    pack_id: str
    ranks: tuple[int, ...]
    mate_scores: Float64Array
    stranger_scores: Float64Array

    @property
    def first_count(self) -> int:
        """Probes whose mate came first."""
        return sum(rank == 1 for rank in self.ranks)


@dataclass(frozen=True, slots=True)
class PackComparison:
    """figures: of the pack in use and of the next, over the same probes. better, worse: probes whose mate ranks higher,
    or lower, with the next pack."""

    probe_count: int
    figures: tuple[PackFigures, PackFigures]
    better_count: int
    worse_count: int


def compare_face_packs(
    database: EnrollmentDatabase,
    packs: Sequence[tuple[str, Calibration]],
    *,
    probe_count: int,
    seed: int = 0,
    report: Report = lambda _done, _total: None,
) -> PackComparison:
    """packs: (id, calibration) of the pack in use and of the next one. Probes are references of which both have a
    template, of subjects with a second image; probe_count of them are drawn. Raises DatabaseError."""
    used, following = packs
    probes = _probes(database, (used[0], following[0]), probe_count, seed)
    figures = []
    for place, (pack_id, calibration) in enumerate((used, following)):
        own = [one[place] for one in probes]
        done_before = place * len(probes)
        figures.append(
            _figures(
                database,
                pack_id,
                calibration,
                own,
                report=lambda done, before=done_before: report(before + done, 2 * len(probes)),  # type: ignore[misc]
            )
        )
    first, second = (np.where(np.array(one.ranks) == 0, LAST_RANK + 1, one.ranks) for one in figures)
    return PackComparison(
        len(probes),
        (figures[0], figures[1]),
        better_count=int((second < first).sum()),
        worse_count=int((second > first).sum()),
    )


def _probes(
    database: EnrollmentDatabase, pack_ids: tuple[str, str], probe_count: int, seed: int
) -> list[tuple[int, int]]:
    """(reference of the first pack, of the second) of the same image."""
    by_image: dict[tuple[str, str], dict[str, int]] = {}
    for pack_id in pack_ids:
        ids = database.allowed_reference_ids(Modality.FACE, pack_id).tolist()
        for start in range(0, len(ids), _STEP_COUNT):
            for reference in database.references(ids[start : start + _STEP_COUNT]):
                image = (reference.subject_id, reference.sample_sha256)
                by_image.setdefault(image, {})[pack_id] = reference.reference_id
    of_subject: dict[str, list[tuple[int, int]]] = {}
    for (subject_id, _), made in sorted(by_image.items()):
        if len(made) == len(pack_ids):
            of_subject.setdefault(subject_id, []).append((made[pack_ids[0]], made[pack_ids[1]]))
    usable = [pair for pairs in of_subject.values() if len(pairs) > 1 for pair in pairs]
    drawn = np.random.default_rng(seed).permutation(len(usable))[:probe_count]
    return [usable[place] for place in sorted(drawn.tolist())]


def _figures(
    database: EnrollmentDatabase,
    pack_id: str,
    calibration: Calibration,
    probe_ids: Sequence[int],
    *,
    report: Callable[[int], None],
) -> PackFigures:
    ranks: list[int] = []
    mates: list[float] = []
    strangers: list[float] = []
    for number, probe_id in enumerate(probe_ids):
        report(number)
        vectors = database.vectors_of(Modality.FACE, pack_id, [probe_id]).get(probe_id)
        if vectors is None:
            ranks.append(0)
            continue
        hits = database.search(Modality.FACE, pack_id, vectors, LAST_RANK + 1)
        found = hits.reference_ids[0, : int(hits.counts[0])].tolist()
        owners = database.subject_ids_of([probe_id, *found])
        rank, place, stranger = 0, 0, 0.0
        for reference_id, similarity in zip(found, hits.similarities[0].tolist(), strict=False):
            if reference_id == probe_id or reference_id not in owners:
                continue
            place += 1
            score = calibration.score(similarity).value
            if owners[reference_id] != owners.get(probe_id):
                stranger = max(stranger, score)
            elif not rank and place <= LAST_RANK:
                rank = place
                mates.append(score)
        ranks.append(rank)
        strangers.append(stranger)
    return PackFigures(pack_id, tuple(ranks), np.array(mates), np.array(strangers))
