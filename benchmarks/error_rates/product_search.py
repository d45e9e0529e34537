"""A gallery enrolled in the product's own database and searched as the server searches it."""

import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.engines import Extracted
from benchmarks.error_rates.search import NOT_FOUND, SearchOutcome, outcome
from benchmarks.progress import track
from index.database import EnrollmentDatabase
from index.records import NewReference, SearchFilter, Subject, Template
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.results import Score
from matcher.search.searcher import Searcher
from matcher.search.settings import SearchSettings

CANDIDATE_COUNT = 20  # what a request asks for; the searcher keeps more behind them
# Enrollments wait for the disk one by one; together they share its waits.
ENROLLING_THREADS = 16


class TemplateMaker(Protocol):
    """The part of the product's adapters that this needs."""

    def template(self, sample: Extracted) -> Template: ...


class ProductSearcher:
    """Rows of a gallery as subjects of a database in a temporary folder, which close() removes."""

    def __init__(self, engine: TemplateMaker, gallery: Sequence[Extracted], *, shortlist_count: int | None) -> None:
        self._engine = engine
        self._resources = ExitStack()
        folder = Path(self._resources.enter_context(tempfile.TemporaryDirectory()))
        self._database = self._resources.enter_context(EnrollmentDatabase.open(folder / "database"))
        rows = [row for row, sample in enumerate(gallery) if not sample.failed]
        with ThreadPoolExecutor(ENROLLING_THREADS) as pool:
            enrolled = pool.map(lambda row: self._enroll(row, gallery[row]), rows)
            self._row_of = dict(zip(track(enrolled, total=len(rows), what="enroll"), rows, strict=True))
        settings = SearchSettings() if shortlist_count is None else SearchSettings(shortlist_count=shortlist_count)
        self._searcher = Searcher(self._database, MinutiaComparer(), _AnyCalibration(), settings=settings)

    def search(self, probe: Extracted, mate: int) -> SearchOutcome:
        """See GallerySearch of error_rates.search; the mate is not found where it is not among the candidates."""
        if probe.failed:
            return NOT_FOUND
        found = self._searcher.search(
            [self._engine.template(probe)], where=SearchFilter(), subject_count=CANDIDATE_COUNT
        )
        rows = [self._row_of[subject_id] for subject_id in found.sample_scores]
        similarities = [max(one.similarity for one in scores) for scores in found.sample_scores.values()]
        return outcome(np.array(rows, np.int64), np.array(similarities, np.float64), mate)

    def close(self) -> None:
        self._resources.close()

    def _enroll(self, row: int, sample: Extracted) -> str:
        reference = NewReference(self._engine.template(sample), max(0, sample.quality))
        receipt = self._database.enroll(Subject(subject_id="", external_id=f"row-{row}"), [reference])
        return receipt.subject_id


class _AnyCalibration(dict[str, "_AnyCalibration"]):
    """Error rates are counted on similarities, so a pack without a calibration can be measured, too; those of faces on
    plain cosines, as one to one (`conditions` measures what comes off them)."""

    shared_condition = None

    def __missing__(self, pack_id: str) -> "_AnyCalibration":
        return self

    def score(self, similarity: float) -> Score:
        return Score(similarity)
