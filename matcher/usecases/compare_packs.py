"""Two packs on the records of a force: references as probes, among all others, once with each pack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from index.arrays import Float64Array
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, Reference
from matcher.access.context import AccessContext, check_comparison
from matcher.audit.entries import audited
from matcher.audit.records import AuditLog
from matcher.scoring.calibration import Calibration
from matcher.search.comparison import FingerprintComparing, TemplateComparer
from matcher.search.face_search import FaceSearcher
from matcher.search.settings import SearchSettings
from matcher.search.shortlist import REACHES

# A mate beyond this place counts as not found.
LAST_RANK: Final = 50
_STEP_COUNT: Final = 200

# Of a stage ("compare_read", "compare"), steps done and steps in all.
Report = Callable[[str, int, int], None]
Packs = tuple[tuple[str, Calibration], tuple[str, Calibration]]


@dataclass(frozen=True, slots=True)
class PackFigures:
    """One pack. ranks: int (n,) of the probe's first mate among the other references, 0 where it is not among the first
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
    or lower, with the next pack. audit_id: of the record of these searches."""

    probe_count: int
    figures: tuple[PackFigures, PackFigures]
    better_count: int
    worse_count: int
    audit_id: str


class PackComparer:
    """Searches references with each other, as an examiner would with a probe; nobody is shown, all are counted."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        audit: AuditLog,
        fingerprints: FingerprintComparing,
        *,
        settings: SearchSettings | None = None,
    ) -> None:
        """fingerprints: compares two of them, whatever pack made both. settings: of the search."""
        self._database = database
        self._audit = audit
        self._settings = settings or SearchSettings()
        self._comparer = TemplateComparer(database, fingerprints, cache_bytes=self._settings.prepared_cache_bytes)

    def compare(
        self,
        context: AccessContext,
        modality: Modality,
        packs: Packs,
        *,
        probe_count: int,
        seed: int = 0,
        report: Report = lambda _stage, _done, _total: None,
    ) -> PackComparison:
        """packs: (id, calibration) of the pack in use and of the next one. Probes are references of which both have a
        template: faces of subjects with a second image, fingers of a known position with a second image of the same
        one; probe_count of them are drawn. The audit record is on disk when this returns or raises. Raises RequestError
        (also without operator, case or purpose), AuditError, DatabaseError."""
        pack_ids = (packs[0][0], packs[1][0])
        with audited(self._audit, "compare_packs", context, pack_ids=pack_ids) as entry:
            check_comparison(context)
            probes = self._probes(modality, pack_ids, probe_count, seed, report)
            figures: list[PackFigures] = []
            for place, (pack_id, calibration) in enumerate(packs):

                def shown(done: int, before: int = place * len(probes)) -> None:
                    report("compare", before + done, 2 * len(probes))

                figures.append(self._figures(pack_id, calibration, [one[place] for one in probes], shown))
            audit_id = entry.finish(
                reference_ids=tuple(sorted(one for pair in probes for one in pair)),
                reason=f"{len(probes)} references were searched among all others, once with each pack",
            )
        first, second = (np.where(np.array(one.ranks) == 0, LAST_RANK + 1, one.ranks) for one in figures)
        return PackComparison(
            len(probes),
            (figures[0], figures[1]),
            better_count=int((second < first).sum()),
            worse_count=int((second > first).sum()),
            audit_id=audit_id,
        )

    def _probes(
        self, modality: Modality, pack_ids: tuple[str, str], probe_count: int, seed: int, report: Report
    ) -> list[tuple[int, int]]:
        """(reference of the first pack, of the second) of the same image."""
        ids_of = [self._database.allowed_reference_ids(modality, pack_id).tolist() for pack_id in pack_ids]
        by_image: dict[tuple[str, int, str], dict[str, int]] = {}
        total, done = sum(len(ids) for ids in ids_of), 0
        for pack_id, ids in zip(pack_ids, ids_of, strict=True):
            for start in range(0, len(ids), _STEP_COUNT):
                for reference in self._database.references(ids[start : start + _STEP_COUNT]):
                    finger = reference.template.finger
                    if modality is Modality.FACE or finger is not FingerPosition.UNKNOWN:
                        image = (reference.subject_id, int(finger), reference.sample_sha256)
                        by_image.setdefault(image, {})[pack_id] = reference.reference_id
                done += len(ids[start : start + _STEP_COUNT])
                report("compare_read", done, total)
        of_owner: dict[tuple[str, int], list[tuple[int, int]]] = {}
        for (subject_id, position, _), made in sorted(by_image.items()):
            if len(made) == len(pack_ids):
                of_owner.setdefault((subject_id, position), []).append((made[pack_ids[0]], made[pack_ids[1]]))
        usable = [pair for pairs in of_owner.values() if len(pairs) > 1 for pair in pairs]
        drawn = np.random.default_rng(seed).permutation(len(usable))[:probe_count]
        return [usable[place] for place in sorted(drawn.tolist())]

    def _figures(
        self, pack_id: str, calibration: Calibration, probe_ids: Sequence[int], report: Callable[[int], None]
    ) -> PackFigures:
        ranks: list[int] = []
        mates: list[float] = []
        strangers: list[float] = []
        for number, probe_id in enumerate(probe_ids):
            report(number)
            probe = next(iter(self._database.references([probe_id])), None)
            if probe is None:  # damaged
                ranks.append(0)
                continue
            neighbors, mate_ids = self._others(probe, calibration)
            places = [place for place, (one, _) in enumerate(neighbors, start=1) if one in mate_ids]
            rank = places[0] if places and places[0] <= LAST_RANK else 0
            if rank:
                mates.append(calibration.score(neighbors[rank - 1][1]).value)
            ranks.append(rank)
            scores = [calibration.score(similarity).value for one, similarity in neighbors if one not in mate_ids]
            strangers.append(max(scores, default=0.0))
        return PackFigures(pack_id, tuple(ranks), np.array(mates), np.array(strangers))

    def _others(self, probe: Reference, calibration: Calibration) -> tuple[list[tuple[int, float]], frozenset[int]]:
        """What a search finds beside the probe itself and other fingers of its subject, best first: (id, similarity).
        And which of them are mates."""
        is_face = probe.template.modality is Modality.FACE
        found = self._faces(probe, calibration) if is_face else self._fingers(probe)
        owners = self._database.subject_ids_of([one for one, _ in found])
        same = [one for one, owner in owners.items() if owner == probe.subject_id and one != probe.reference_id]
        mates = frozenset(
            one.reference_id for one in self._database.references(same) if one.template.finger is probe.template.finger
        )
        strangers = {one for one, owner in owners.items() if owner != probe.subject_id}
        return [(one, similarity) for one, similarity in found if one in mates or one in strangers], mates

    def _faces(self, probe: Reference, calibration: Calibration) -> list[tuple[int, float]]:
        template = probe.template
        hits = self._database.search(Modality.FACE, template.pack_id, template.vectors, LAST_RANK + 1)
        count = int(hits.counts[0])
        nearest = zip(hits.reference_ids[0, :count].tolist(), hits.similarities[0, :count].tolist(), strict=True)
        searcher = FaceSearcher(self._database, {template.pack_id: calibration})
        lowered = searcher.lowered(template, dict(nearest))
        return sorted(lowered.items(), key=lambda found: -found[1])

    def _fingers(self, probe: Reference) -> list[tuple[int, float]]:
        """Like a search of one print without a clear lead: a probe that is enrolled itself always has one."""
        template = probe.template
        ids = self._database.allowed_reference_ids(Modality.FINGERPRINT, template.pack_id)
        if len(ids) > self._settings.exhaustive_reference_limit:
            hits = self._database.shortlist(template, self._settings.shortlist_count, reach=REACHES[-1])
            ids = hits.reference_ids[0, : int(hits.counts[0])]
        ids, similarities = self._comparer.similarities(template, ids, check=lambda: None)
        order = np.lexsort((ids, -similarities))
        return list(zip(ids[order].tolist(), similarities[order].tolist(), strict=True))
