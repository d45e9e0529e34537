"""A probe of ten fingers among everybody: what the product's own searcher takes for it."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.product_files import pack_calibration
from index.database import EnrollmentDatabase
from index.records import SearchFilter, Template
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.fingerprint.comparison.descriptors import describe
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.search.searcher import Searcher

CANDIDATES = 10
# What a second capture of a generated template shows: so much of its minutiae, moved and turned.
_SEEN_SHARE, _MOVED_PX, _TURNED_RAD = 0.75, 1.5, 0.1


def ten_finger_ms(
    database: EnrollmentDatabase, people: Sequence[tuple[str, Sequence[Template]]]
) -> NDArray[np.float64]:
    """Milliseconds by the wall clock of one search for each of these people by second captures of all their fingers,
    fused, template extraction aside. people: (subject id, enrolled templates). Raises AssertionError where one of them
    is not found first."""
    pack_id = people[0][1][0].pack_id
    searcher = Searcher(database, MinutiaComparer(), {pack_id: pack_calibration(pack_id)})
    rng, times = np.random.default_rng(0), []
    for subject_id, enrolled in people:
        probe = [_seen_again(one, rng) for one in enrolled]
        start = time.perf_counter()
        found = searcher.search(probe, where=SearchFilter(), subject_count=CANDIDATES)
        times.append(1e3 * (time.perf_counter() - start))
        totals = {one: sum(score.similarity for score in scores) for one, scores in found.sample_scores.items()}
        assert max(totals, key=lambda one: totals[one]) == subject_id
    return np.array(times)


def _seen_again(template: Template, rng: np.random.Generator) -> Template:
    whole = MinutiaSet.from_bytes(template.minutiae)
    kept = np.sort(rng.permutation(len(whole))[: int(_SEEN_SHARE * len(whole))])
    seen = MinutiaSet.best_of(
        x_px=np.clip(whole.x_px[kept] + rng.normal(0, _MOVED_PX, len(kept)), 0, whole.width_px - 1),
        y_px=np.clip(whole.y_px[kept] + rng.normal(0, _MOVED_PX, len(kept)), 0, whole.height_px - 1),
        direction_rad=whole.direction_rad[kept] + rng.normal(0, _TURNED_RAD, len(kept)),
        kind=whole.kind[kept],
        quality=whole.quality[kept],
        width_px=whole.width_px,
        height_px=whole.height_px,
    )
    vectors = describe(seen)
    vectors.flags.writeable = False
    return Template(template.modality, template.finger, template.pack_id, vectors, seen.to_bytes())
