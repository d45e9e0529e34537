"""One search of a View: encode, filter, scan, rank. Pure reading; any number at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from index.arrays import Float32Array, Float64Array, Int64Array
from index.vector.kernels.dots import GROUP_ROW_COUNT
from index.vector.kernels.simd import Instruction
from index.vector.protocol import Hits, best_first, cosine_similarities, hits_from_rows, read_only
from index.vector.quantized.candidates import Found, absorb, new_found
from index.vector.quantized.codes import NORM_LIMIT, ROUNDING_MARGIN, encode_queries
from index.vector.quantized.row_filter import NO_FILTER, UInt64Array, allowed_words, row_mask
from index.vector.quantized.scan import Queries, scanner
from index.vector.quantized.scan_table import Part, parts_table
from index.vector.quantized.segments import Segment, View

# A candidate's key: number of its segment in the view, times this, plus its row.
ROWS_PER_SEGMENT = 1 << 32
BLOCK_ROW_COUNT = 8192
Ranked = tuple[Int64Array, Float64Array]


Share = tuple[int, int, int]  # number of the segment, first group, group after the last


class ViewSearch(Protocol):
    """How one state of the rows is searched; thread-safe. Whoever searches, the answer is the same."""

    def search(self, view: View, queries: Float32Array, k: int, allowed: Int64Array | None) -> Hits:
        """queries and k are checked; allowed is ascending and unique. See VectorIndex.search."""

    def close(self) -> None:
        """End what it does in the background; it can still be asked."""


@dataclass(frozen=True, slots=True)
class ScanPolicy:
    """query_chunk_count: queries scanned together; bounds the memory of one search.
    candidate_capacity: candidates of a query before it is handed to the exhaustive search; pages that are not reached
        cost no memory.
    parallel_group_count: groups of rows; a thread gets no less to do.
    """

    query_chunk_count: int = 96
    candidate_capacity: int = 1 << 16
    parallel_group_count: int = 256


DEFAULT_SCAN_POLICY = ScanPolicy()


class ProvedSearch:
    """Scans codes with one instruction and, if given an executor, several threads. Thread-safe."""

    def __init__(
        self,
        instruction: Instruction,
        *,
        executor: Executor | None = None,
        thread_count: int = 1,
        policy: ScanPolicy = DEFAULT_SCAN_POLICY,
    ) -> None:
        self._policy = policy
        self._instruction = instruction
        self._executor = executor
        self._thread_count = thread_count

    @property
    def is_prepared(self) -> bool:
        """Whether a search need not wait for a compilation."""
        scan, _ = scanner(self._instruction)
        return bool(getattr(scan, "signatures", True))

    def prepare(self) -> None:
        """Compile the loops, which takes seconds the first time on a machine, and not in the first search."""
        if not self.is_prepared:
            segment, row = Segment.empty(1, 1), np.ones((1, 1), dtype=np.float32)
            segment.append(np.ones(1, dtype=np.int64), row)
            self.search(View(segments=(segment,), row_counts=(1,), sequence=1, size=1), row, 1, None)

    def search(self, view: View, queries: Float32Array, k: int, allowed: Int64Array | None) -> Hits:
        """See ViewSearch."""
        words = allowed_words(view, allowed)
        ranked: list[Ranked] = []
        proved = np.ones(len(queries), dtype=np.bool_)
        for start in range(0, len(queries), self._policy.query_chunk_count):
            chunk = queries[start : start + self._policy.query_chunk_count]
            found = self._scanned(view, words, chunk, k)
            for number, query in enumerate(chunk):
                if found.overflowed[number]:
                    proved[start + number] = False
                    ranked.append(rank_exhaustively(view, words, query, k))
                else:
                    reaching = found.uppers[number, : found.counts[number]] >= found.floors[number]
                    keys = found.keys[number, : found.counts[number]][reaching]
                    ranked.append(rank_candidates(view, keys, query, k))
        return hits_from_rows(ranked, k, proved)

    def close(self) -> None:
        """See ViewSearch: there is no background. The executor is its owner's."""

    def _scanned(self, view: View, words: Sequence[UInt64Array], queries: Float32Array, k: int) -> Found:
        _, pass_query_count = scanner(self._instruction)
        coded = _coded(queries, pass_query_count)
        capacity = max(1, min(view.total_row_count, max(self._policy.candidate_capacity, 2 * k)))
        k = max(1, min(k, capacity))
        shares = _shares(view, self._thread_count, self._policy.parallel_group_count)
        founds = [new_found(len(queries), k, capacity) for _ in (shares if self._executor else shares[:1])]
        if self._executor is None:
            self._scan_parts(view, words, coded, founds[0], [part for share in shares for part in share])
            return founds[0]
        jobs = [
            self._executor.submit(self._scan_parts, view, words, coded, found, share)
            for found, share in zip(founds, shares, strict=True)
        ]
        for job in jobs:
            job.result()
        return founds[0] if len(founds) == 1 else _joined(founds, k)

    def _scan_parts(
        self, view: View, words: Sequence[UInt64Array], queries: Queries, found: Found, shares: Sequence[Share]
    ) -> None:
        scan, _ = scanner(self._instruction)
        parts = []
        for number, first_group, last_group in shares:
            if words[number] is NO_FILTER or words[number].any():
                segment = view.segments[number]
                parts.append(
                    Part(
                        codes=segment.codes,
                        vectors=segment.vectors,
                        died=segment.died,
                        row_count=view.row_counts[number],
                        sequence=view.sequence,
                        allowed=words[number],
                        first_key=number * ROWS_PER_SEGMENT,
                        first_group=first_group,
                        last_group=last_group,
                    )
                )
        scan(parts_table(parts), queries, found)


def _coded(queries: Float32Array, pass_query_count: int) -> Queries:
    coded = encode_queries(queries)
    count, length = coded.codes.shape
    room = count if count == 1 else -(-count // pass_query_count) * pass_query_count
    codes = np.zeros((room, length), dtype=np.int8)
    codes[:count] = coded.codes
    return Queries(
        codes=codes.reshape(-1),
        totals=coded.totals,
        scales=coded.scales,
        residual_factors=coded.norms + coded.errors,
        slacks=coded.errors * NORM_LIMIT + ROUNDING_MARGIN,
        vectors=read_only(queries),
    )


def _shares(view: View, thread_count: int, smallest: int) -> list[list[Share]]:
    """The groups of all segments, cut into runs of about equal length, at most one per thread, none below smallest."""
    group_counts = [-(-row_count // GROUP_ROW_COUNT) for row_count in view.row_counts]
    share_length = max(smallest, -(-sum(group_counts) // thread_count))
    shares: list[list[Share]] = [[]]
    room = share_length
    for number, group_count in enumerate(group_counts):
        first = 0
        while first < group_count:
            if room == 0:
                shares.append([])
                room = share_length
            last = min(group_count, first + room)
            shares[-1].append((number, first, last))
            room -= last - first
            first = last
    return shares


def _joined(parts: Sequence[Found], k: int) -> Found:
    """What several threads found over disjoint rows, as one."""
    capacity = sum(int(part.counts.max(initial=0)) for part in parts)
    joined = new_found(parts[0].counts.size, k, capacity + 1)
    for part in parts:
        absorb(joined, part)
    return joined


def rank_candidates(view: View, keys: Int64Array, query: Float32Array, k: int) -> Ranked:
    """The k best of these rows as ids and float64 similarities, best first."""
    ids, similarities = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.float64)]
    numbers, rows = keys // ROWS_PER_SEGMENT, keys % ROWS_PER_SEGMENT
    for number in np.unique(numbers):
        segment = view.segments[number]
        chosen = np.sort(rows[numbers == number])
        ids.append(segment.reference_ids[chosen])
        similarities.append(cosine_similarities(segment.vectors[chosen], query))
    return _ranked(np.concatenate(ids), np.concatenate(similarities), k)


def rank_exhaustively(view: View, allowed: Sequence[UInt64Array], query: Float32Array, k: int) -> Ranked:
    """The k best of all searchable, allowed rows. allowed: one bit array a segment (row_filter.py).

    A float32 product passes over every row; rows within its rounding of the k-th best are compared in float64.
    """
    # The bound of index/vector/faiss_flat.py, for the product and for the floor it is compared with.
    rounding = 2.02 * query.size * 2.0**-24
    best: Ranked = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))
    for number, (segment, row_count) in enumerate(zip(view.segments, view.row_counts, strict=True)):
        searched = np.flatnonzero(view.visible(number) & row_mask(allowed[number], row_count))
        for start in range(0, searched.size, BLOCK_ROW_COUNT):
            rows = searched[start : start + BLOCK_ROW_COUNT]
            vectors = segment.vectors[rows]
            if best[0].size == k:
                reaching = vectors @ query >= best[1][-1] - rounding
                rows, vectors = rows[reaching], vectors[reaching]
            ids = np.concatenate([best[0], segment.reference_ids[rows]])
            best = _ranked(ids, np.concatenate([best[1], cosine_similarities(vectors, query)]), k)
    return best


def _ranked(ids: Int64Array, similarities: Float64Array, k: int) -> Ranked:
    order = best_first(ids, similarities, k)
    return ids[order], similarities[order]
