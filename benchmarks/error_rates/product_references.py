"""People with several face references in the product's own database: are its lists those of comparing with all?"""

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.error_rates.product_search import CANDIDATE_COUNT, ENROLLING_THREADS
from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, SearchFilter, Subject, Template
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.scoring.calibration import Calibration
from matcher.search.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Checked:
    """equal_count: searches whose list has the similarities that comparing with everybody gives. search_cpu_ms: p50
    and p95 of processor time."""

    search_count: int
    equal_count: int
    search_cpu_ms: tuple[float, float]


def check_searches(
    pack_id: str,
    calibration: Calibration,
    references: Sequence[NDArray[np.float32]],
    probes: NDArray[np.float32],
    expected: NDArray[np.float64],
) -> Checked:
    """references: (n, dim) of each person. expected (p, s): fused similarity of each probe to each person."""
    with ExitStack() as resources:
        folder = Path(resources.enter_context(tempfile.TemporaryDirectory()))
        database = resources.enter_context(EnrollmentDatabase.open(folder / "database"))
        with ThreadPoolExecutor(ENROLLING_THREADS) as pool:
            list(pool.map(lambda rows: _enroll(database, pack_id, rows), references))
        database.warm_up()
        # Ways to fuse are held against each other by plain cosines.
        plain = replace(calibration, shared_condition=None)
        searcher = Searcher(database, MinutiaComparer(), {pack_id: plain})
        equal_count = 0
        cpu_ms = []
        for probe, row in zip(probes, expected, strict=True):
            start = time.process_time()
            found = searcher.search([_template(pack_id, probe)], where=SearchFilter(), subject_count=CANDIDATE_COUNT)
            cpu_ms.append(1000 * (time.process_time() - start))
            listed = [scores[0].similarity for scores in found.sample_scores.values()]
            # A fused similarity below that of opposite vectors is shown as theirs.
            wanted = np.maximum(np.sort(row)[::-1][: len(listed)], -1.0)
            equal_count += np.allclose(listed, wanted, rtol=0, atol=2e-6)
    return Checked(len(probes), equal_count, (float(np.percentile(cpu_ms, 50)), float(np.percentile(cpu_ms, 95))))


def _enroll(database: EnrollmentDatabase, pack_id: str, rows: NDArray[np.float32]) -> None:
    database.enroll(Subject(""), [NewReference(_template(pack_id, row), 80) for row in rows])


def _template(pack_id: str, vector: NDArray[np.float32]) -> Template:
    return Template(Modality.FACE, FingerPosition.UNKNOWN, pack_id, vector[np.newaxis])
