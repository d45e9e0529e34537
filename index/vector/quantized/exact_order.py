"""From candidates to an answer: float64 similarities in their final order, and the exhaustive search itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from index.arrays import Float32Array, Float64Array, Int64Array
from index.vector.protocol import best_first, cosine_similarities
from index.vector.quantized.row_filter import UInt64Array, row_mask
from index.vector.quantized.segments import View

# A candidate's key: number of its segment in the view, times this, plus its row.
ROWS_PER_SEGMENT = 1 << 32
BLOCK_ROW_COUNT = 8192

Ranked = tuple[Int64Array, Float64Array]


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
    """The k best of all searchable, allowed rows. allowed: one bit array a segment (index/vector/quantized/row_filter.py).

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
