"""VectorIndex that proves its answers: a scan of short codes with error bounds, then float64 on what they leave over.

Writers append rows, mark rows dead and publish a new View; a search works on the View it began with and waits for
nobody. Segments are merged in the background (background.py, compactor.py).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.checks import checked_ids, checked_k, checked_vectors, sorted_ids
from index.errors import DuplicateReferenceError
from index.vector.kernels.simd import Instruction, best_instruction
from index.vector.protocol import Hits
from index.vector.quantized.background import Background
from index.vector.quantized.compactor import Compactor
from index.vector.quantized.erasing import erase_from_files, erase_from_memory
from index.vector.quantized.leases import Leases
from index.vector.quantized.merge_policy import DEFAULT_POLICY, MaintenancePolicy, segments_in_memory, view_with
from index.vector.quantized.merging import merged, new_file_name
from index.vector.quantized.row_filter import allowed_words
from index.vector.quantized.search import DEFAULT_SCAN_POLICY, ProvedSearch, ScanPolicy, ViewSearch
from index.vector.quantized.segment_files import (
    delete_other_files,
    read_contents,
    read_segment,
    write_contents,
    write_segment,
)
from index.vector.quantized.segments import Segment, View

WRITE_ROW_COUNT = 1024

Places = list[tuple[Segment, Int64Array]]


@dataclass(frozen=True, slots=True)
class MaintenanceState:
    """What the background of an index does at the moment.

    is_running: there is or was just work. is_holding: replaced segments are held for searches that read them.
    interrupting_count: who waits for a merge to be given up. is_closed: nothing is merged any more.
    """

    is_running: bool
    is_holding: bool
    interrupting_count: int
    is_closed: bool


class QuantizedIndex:
    """Exact search at a fraction of the cost of an exhaustive one. See VectorIndex for what it promises.

    folder: where segments keep their vectors as cache files; None keeps them in memory. One index a folder.
    searcher: who searches; None takes the proved scan of codes, with these threads that share the rows of one search
    and this instruction of the inner loop; None takes the best of this processor.
    policy, scan_policy: how it maintains itself and searches; the answers do not depend on them.
    """

    def __init__(
        self,
        dim: int,
        *,
        folder: Path | None = None,
        searcher: ViewSearch | None = None,
        thread_count: int = 1,
        instruction: Instruction | None = None,
        policy: MaintenancePolicy = DEFAULT_POLICY,
        scan_policy: ScanPolicy = DEFAULT_SCAN_POLICY,
    ) -> None:
        self._dim = dim
        self._folder = folder
        self._policy = policy
        self._executor = ThreadPoolExecutor(thread_count, "index-search") if thread_count > 1 else None
        self._searcher = searcher or ProvedSearch(
            instruction or best_instruction(),
            executor=self._executor,
            thread_count=thread_count,
            policy=scan_policy,
        )
        self._write_lock = threading.Lock()
        self._leases = Leases()
        self._compactor = Compactor(
            folder, policy=policy, leases=self._leases, view=lambda: self._view, publish=self._publish_merged
        )
        self._background = Background(self._compactor.maintain)
        self._view = View(segments=(self._new_segment(),), row_counts=(0,), sequence=1, size=0)
        self.stamp = ""

    @property
    def dim(self) -> int:
        """Length of every vector."""
        return self._dim

    @property
    def folder(self) -> Path | None:
        """Where its segment files are; None for an index in memory."""
        return self._folder

    @property
    def view(self) -> View:
        """What a search that began now would see."""
        return self._view

    @property
    def maintenance(self) -> MaintenanceState:
        """What the background does now."""
        return MaintenanceState(
            is_running=self._background.is_running,
            is_holding=self._compactor.is_holding,
            interrupting_count=self._compactor.interrupting_count,
            is_closed=self._compactor.is_closed,
        )

    @property
    def hot_bytes(self) -> int:
        """Memory that searches read, mapped files left out."""
        return sum(segment.hot_bytes for segment in self._view.segments)

    def __len__(self) -> int:
        return self._view.size

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: the ids that are searchable now."""
        return self._view.reference_ids()

    def add(self, reference_ids: Int64Array, vectors: Float32Array | Sequence[Float32Array]) -> None:
        """See VectorIndex.add and SearchIndex.add: an array (n, dim), or n arrays (1, dim)."""
        rows = checked_vectors(vectors if isinstance(vectors, np.ndarray) else np.concatenate(vectors), self._dim)
        ids = checked_ids(reference_ids, count=len(rows))
        with self._write_lock:
            if self._places_of(np.sort(ids)):
                raise DuplicateReferenceError("a reference id is in the index already; replace it or use a new id")
            self._change(ids, rows, [])
        self._maintain_soon(ids.size)

    def replace(self, reference_ids: Int64Array, vectors: Float32Array) -> int:
        """See VectorIndex.replace."""
        rows = checked_vectors(vectors, self._dim)
        ids = checked_ids(reference_ids, count=len(rows))
        with self._write_lock:
            removed = self._change(ids, rows, self._places_of(np.sort(ids)))
        self._maintain_soon(ids.size)
        return removed

    def remove(self, reference_ids: Int64Array) -> int:
        """See VectorIndex.remove. The codes and vectors leave memory and files with the next merge of their segment."""
        ids = sorted_ids(reference_ids)
        with self._write_lock:
            nothing = np.empty((0, self._dim), dtype=np.float32)
            removed = self._change(np.empty(0, dtype=np.int64), nothing, self._places_of(ids))
        self._maintain_soon(0)
        return removed

    def erase(self, reference_ids: Int64Array) -> None:
        """Overwrite what is left of removed references, in memory and in the files of this index; see erasing.py.

        A merge that is under way is given up for it. A search that began before their removal may see zeros in their
        place. Raises CacheFileError: files that could not be changed are best deleted.
        """
        with self._compactor.interrupted():
            view = self._view
            for segment, row_count in zip(view.segments, view.row_counts, strict=True):
                erase_from_memory(segment, row_count, reference_ids)
            if self._folder is not None:
                erase_from_files(self._folder, reference_ids)

    def search(self, queries: Float32Array, k: int, *, allowed: Int64Array | None = None) -> Hits:
        """See VectorIndex.search. Never waits for a writer."""
        checked = checked_vectors(queries, self._dim)
        k, ids = checked_k(k), None if allowed is None else sorted_ids(allowed)
        # Nothing but the call inside holds the view, so that it is let go before the lease ends.
        with self._leases.reading():
            return self._searcher.search(self._view, checked, k, ids)

    def save(self, folder: Path, *, stamp: str = "") -> None:
        """See VectorIndex.save. Into its own folder only what is not there yet is written."""
        with self._compactor.lock:
            folder.mkdir(parents=True, exist_ok=True)
            if folder == self._folder:
                self._rewrite_lost_segments()
                # What a saving that failed left; a full disk would only get fuller with every attempt.
                in_use = [segment.file_name for segment in self._view.segments]
                delete_other_files(folder, [*self._compactor.saved_names, *in_use])
            view = self._view
            names, dead_rows = [], []
            for number, (segment, row_count) in enumerate(zip(view.segments, view.row_counts, strict=True)):
                if row_count == 0:
                    continue
                name = segment.file_name if folder == self._folder else ""
                if not name:
                    name = new_file_name()
                    write_segment(folder / name, segment, row_count, _blocks(segment, row_count))
                names.append(name)
                dead_rows.append(np.flatnonzero(~view.visible(number)))
            write_contents(folder, dim=self._dim, stamp=stamp, names=names, dead_rows=dead_rows)
            delete_other_files(folder, names)
            if folder == self._folder:
                self._compactor.saved_names = tuple(names)
        if self._compactor.is_holding:
            self._background.start()

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        searcher: ViewSearch | None = None,
        thread_count: int = 1,
        instruction: Instruction | None = None,
        policy: MaintenancePolicy = DEFAULT_POLICY,
    ) -> QuantizedIndex:
        """The index that save wrote; folder is its own from now on. Raises CacheFileError when any byte changed."""
        contents = read_contents(folder)
        delete_other_files(folder, contents.names)
        loaded = cls(
            contents.dim,
            folder=folder,
            searcher=searcher,
            thread_count=thread_count,
            instruction=instruction,
            policy=policy,
        )
        segments = [
            read_segment(folder / name, contents.dim, dead_rows)
            for name, dead_rows in zip(contents.names, contents.dead_rows, strict=True)
        ]
        segments.append(loaded._new_segment())
        row_counts = tuple(segment.row_count for segment in segments)
        size = sum(segment.row_count - segment.dead_count for segment in segments)
        loaded._view = View(segments=tuple(segments), row_counts=row_counts, sequence=1, size=size)
        loaded._compactor.saved_names = contents.names
        loaded.stamp = contents.stamp
        return loaded

    def warm_up(self) -> None:
        """Compile now what changes run, which takes seconds the first time on a machine. Once a process is enough."""
        small = QuantizedIndex(self._dim)
        row = np.zeros((1, self._dim), dtype=np.float32)
        row[0, 0] = 1.0
        small.add(np.ones(1, dtype=np.int64), row)
        allowed_words(small._view, np.ones(1, dtype=np.int64))
        merged(small._view, None)

    def compact(self) -> None:
        """Do now, and wait for, what the background does: merge segments, drop dead rows, write vectors to files."""
        self._compactor.compact()
        if self._compactor.is_holding:
            self._background.start()

    def wait_for_maintenance(self, timeout_s: float) -> bool:
        """Wait until the background has nothing more to do. Returns whether that was so before the time was over."""
        self._background.wait_while(lambda: True, timeout_s)
        return not self._background.is_running

    def close(self) -> None:
        """Stop the background, which gives up a merge that is under way, and the search threads. Do this before the
        folder is deleted or given to another index."""
        self._compactor.close()
        self._background.close()
        self._searcher.close()
        if self._executor is not None:
            self._executor.shutdown()

    def _publish_merged(self, made: Segment | None, instead_of: View) -> None:
        with self._write_lock:
            self._view = view_with(made, instead_of=instead_of, now=self._view)
        self._background.progressed()

    def _rewrite_lost_segments(self) -> None:
        """Write anew, without dead rows, segments whose files were deleted; what is mapped can still be read."""
        assert self._folder is not None
        for segment in self._view.segments:
            if segment.file_name and not (self._folder / segment.file_name).is_file():
                self._compactor.merge((self._view.segments.index(segment),))

    def _places_of(self, ascending_ids: Int64Array) -> Places:
        """The living rows of these ids, segment by segment. Only under the write lock."""
        places = []
        for segment, row_count in zip(self._view.segments, self._view.row_counts, strict=True):
            segment.row_count = row_count  # forgets rows that a failed call left behind
            rows = segment.alive_rows_of(ascending_ids)
            if (rows >= 0).any():
                places.append((segment, rows[rows >= 0]))
        return places

    def _change(self, ids: Int64Array, vectors: Float32Array, dead: Places) -> int:
        """Append rows, bury others and publish both as one change. Only under the write lock."""
        view = self._view
        segments, row_counts = list(view.segments), list(view.row_counts)
        start = 0
        while start < ids.size:
            growing = segments[-1]
            room = growing.capacity - growing.row_count
            if room == 0:
                segments.append(self._new_segment())
                row_counts.append(0)
                continue
            growing.append(ids[start : start + room], vectors[start : start + room])
            row_counts[-1] = growing.row_count
            start += room
        for segment, rows in dead:
            segment.bury(rows, view.sequence + 1)
        removed = sum(rows.size for _, rows in dead)
        size = view.size + int(ids.size) - removed
        self._view = View(segments=tuple(segments), row_counts=tuple(row_counts), sequence=view.sequence + 1, size=size)
        return removed

    def _maintain_soon(self, added_count: int) -> None:
        """Start the background if there is something to do; wait a little for it if it has fallen behind."""
        if self._compactor.has_work:
            self._background.start()
        if added_count and self._folder is not None and self._is_behind():
            turns = -(-added_count // self._policy.wait_row_count)
            self._background.wait_while(self._is_behind, turns * self._policy.wait_s)

    def _is_behind(self) -> bool:
        view, policy = self._view, self._policy
        small_count = sum(1 for row_count in view.row_counts if row_count < policy.small_row_count)
        in_memory_count = len(segments_in_memory(view, ()))
        return in_memory_count > policy.waiting_segment_count or small_count > policy.small_segment_count

    def _new_segment(self) -> Segment:
        return Segment.empty(self._policy.growing_row_count, self._dim)


def _blocks(segment: Segment, row_count: int) -> Iterator[Float32Array]:
    for start in range(0, row_count, WRITE_ROW_COUNT):
        yield segment.vectors[start : min(start + WRITE_ROW_COUNT, row_count)]
