"""Searching faces with the engine that the setting and the size of the gallery call for.

Both engines search the same rows (index/vector/quantized/), so that a gallery which grows or shrinks past the limit
changes the engine between two searches and copies nothing.
"""

from __future__ import annotations

import threading

from index.arrays import Float32Array, Int64Array
from index.vector.face_engine import FaceEngine, TellEngine, engine_for, untold
from index.vector.faiss_flat import FlatSearch
from index.vector.kernels.simd import best_instruction
from index.vector.protocol import Hits
from index.vector.quantized.background import Background
from index.vector.quantized.search import ProvedSearch, ViewSearch
from index.vector.quantized.segments import View


class FaceSearch:
    """A ViewSearch made of two. Thread-safe.

    A gallery that outgrows the limit while it serves is left to FAISS until the scan of codes is compiled, which the
    background does.
    """

    def __init__(self, setting: FaceEngine, *, tell: TellEngine = untold) -> None:
        """tell: called at the first search and whenever the engine changes, in the thread of a search."""
        self._setting = setting
        self._tell = tell
        self._told: FaceEngine | None = None
        self._lock = threading.Lock()
        self._flat = FlatSearch()
        self._proved = ProvedSearch(best_instruction())
        self._background = Background(self._proved.prepare)

    def search(self, view: View, queries: Float32Array, k: int, allowed: Int64Array | None) -> Hits:
        """See ViewSearch."""
        engine = engine_for(self._setting, view.size, queries.shape[1])
        if engine is FaceEngine.QUANTIZED and self._setting is FaceEngine.AUTO and not self._proved.is_prepared:
            self._background.start()
            engine = FaceEngine.FAISS
        if engine is not self._told:
            self._note(engine, view.size)
        searcher: ViewSearch = self._flat if engine is FaceEngine.FAISS else self._proved
        return searcher.search(view, queries, k, allowed)

    def prepare(self, reference_count: int, dim: int) -> None:
        """Compile what searching so many references runs, which takes seconds the first time on a machine."""
        if engine_for(self._setting, reference_count, dim) is FaceEngine.QUANTIZED:
            self._proved.prepare()

    def close(self) -> None:
        """See ViewSearch."""
        self._background.close()

    def _note(self, engine: FaceEngine, reference_count: int) -> None:
        with self._lock:
            is_new, self._told = engine is not self._told, engine
        if is_new:
            self._tell(engine, reference_count)
