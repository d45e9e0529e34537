"""One search in a gallery of extracted samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.engines import Engine, Extracted


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """mate_rank: from 1, +inf where the mate is not on the list. Similarities -inf where there is none."""

    mate_rank: float
    mate_similarity: float
    best_non_mated_similarity: float


NOT_FOUND = SearchOutcome(np.inf, -np.inf, -np.inf)


class GallerySearch(Protocol):
    def search(self, probe: Extracted, mate: int) -> SearchOutcome:
        """mate: row of the gallery that shows the probe's finger or person."""

    def close(self) -> None: ...


class ExhaustiveSearcher:
    """Compares the probe with every reference."""

    def __init__(self, engine: Engine, gallery: Sequence[Extracted]) -> None:
        self._engine = engine
        self._rows = [row for row, sample in enumerate(gallery) if not sample.failed]
        self._references = [engine.prepare(gallery[row]) for row in self._rows]

    def search(self, probe: Extracted, mate: int) -> SearchOutcome:
        if probe.failed or not self._rows:
            return NOT_FOUND
        similarities = self._engine.similarities(self._engine.prepare(probe), self._references)
        return outcome(np.array(self._rows, np.int64), np.asarray(similarities, np.float64), mate)

    def close(self) -> None:
        """Holds nothing."""


def outcome(rows: NDArray[np.int64], similarities: NDArray[np.float64], mate: int) -> SearchOutcome:
    """The mate's place among compared references; rows int64 (n,) of the gallery, similarities float64 (n,).

    Strangers that tie with the mate come before it: a tie is no success.
    """
    is_mate = rows == mate
    strangers = similarities[~is_mate]
    best = float(strangers.max()) if strangers.size else -np.inf
    if not is_mate.any():
        return SearchOutcome(np.inf, -np.inf, best)
    similarity = float(similarities[is_mate][0])
    return SearchOutcome(float(1 + np.count_nonzero(strangers >= similarity)), similarity, best)
