"""Which index serves which modality: the one place that names the classes.

Faces have one vector per reference and an exact vector index. Fingerprints have many, one per minutia, and an index
that counts their votes; it makes a shortlist for full comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from index.records import Modality
from index.vector.face_engine import FaceEngine, TellEngine, untold
from index.vector.face_search import FaceSearch
from index.vector.kernels.compiling import is_kept, may_be_kept
from index.vector.protocol import SearchIndex
from index.vector.quantized.index import QuantizedIndex
from index.vector.votes.index import LAST_COMPILED, DescriptorIndex
from index.vector.votes.index import warm_up as warm_up_descriptors

_ANY_DIM = 64


def is_compiled() -> bool:
    """Whether an earlier process kept what SearchEngines.warm_up compiles."""
    return is_kept(LAST_COMPILED)


def may_keep_compiled() -> bool:
    """Whether there is a folder where another process finds what SearchEngines.warm_up compiles."""
    return may_be_kept(LAST_COMPILED)


@dataclass(frozen=True, slots=True)
class SearchEngines:
    """Makes and loads the indexes of a database. face_engine: the setting; tell_face_engine: see FaceSearch."""

    face_engine: FaceEngine = FaceEngine.AUTO
    tell_face_engine: TellEngine = untold

    def make(self, modality: Modality, dim: int, folder: Path) -> SearchIndex:
        """An empty index that keeps its files in folder, which is its own."""
        if modality is Modality.FACE:
            return QuantizedIndex(dim, folder=folder, searcher=self._face_search())
        return DescriptorIndex(dim)

    def load(self, modality: Modality, folder: Path) -> SearchIndex:
        """The index saved in folder. Raises CacheFileError."""
        if modality is Modality.FACE:
            return QuantizedIndex.load(folder, searcher=self._face_search())
        return DescriptorIndex.load(folder)

    def warm_up(self, face_sizes: Sequence[tuple[int, int]]) -> None:
        """Compile the loops of the indexes, which takes seconds in each process, before somebody waits for them.

        face_sizes: references and dimensions of each index of faces.
        """
        QuantizedIndex(_ANY_DIM).warm_up()
        for reference_count, dim in face_sizes:
            self._face_search().prepare(reference_count, dim)
        warm_up_descriptors(_ANY_DIM)

    def _face_search(self) -> FaceSearch:
        return FaceSearch(self.face_engine, tell=self.tell_face_engine)
