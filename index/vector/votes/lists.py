"""The descriptors of all fingers in a FAISS inverted file: lists of 4-bit product codes, searched a few at a time.

FAISS searches (IndexIVFPQFastScan; Jegou, Douze, Schmid, "Product quantization for nearest neighbor search", IEEE
PAMI 33(1), 2011; Andre, Kermarrec, Le Scouarnec, "Cache locality is not enough", VLDB 2015) and owns the memory; this
module writes into it, since FAISS itself neither appends codes nor overwrites those of one reference.
"""

from __future__ import annotations

from typing import Final

import faiss
import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array, UInt8Array
from index.vector.votes.codebook import DIM, PART_DIM, Codebook
from index.vector.votes.packing import BLOCK_ROW_COUNT, drop_rows, gather_rows, write_rows

UInt16Array = npt.NDArray[np.uint16]

CODE_BYTES: Final = DIM // PART_DIM // 2
ID_BYTES: Final = 8


class InvertedLists:
    """Not thread safe: any number may search and encode while nobody changes anything."""

    def __init__(self, codebook: Codebook) -> None:
        self._quantizer = faiss.IndexFlatIP(DIM)
        self._quantizer.add(codebook.centroids)
        self.list_count = len(codebook.centroids)
        parts = DIM // PART_DIM
        self._index = faiss.IndexIVFPQFastScan(
            self._quantizer, DIM, self.list_count, parts, 4, faiss.METRIC_INNER_PRODUCT, BLOCK_ROW_COUNT
        )
        self._index.by_residual = False
        faiss.copy_array_to_vector(codebook.words.ravel(), self._index.pq.centroids)
        self._index.is_trained = True
        self._lists = faiss.downcast_InvertedLists(self._index.invlists)  # type: ignore[arg-type]
        self._sizes = np.zeros(self.list_count, dtype=np.int64)
        self._room = np.zeros(self.list_count, dtype=np.int64)
        self._code_addresses = np.zeros(self.list_count, dtype=np.int64)
        self._id_addresses = np.zeros(self.list_count, dtype=np.int64)

    @property
    def row_count(self) -> int:
        """Of all lists."""
        return int(self._sizes.sum())

    def row_counts(self) -> Int64Array:
        """int64 (lists,): row_count of each."""
        return self._sizes.copy()

    @property
    def memory_bytes(self) -> int:
        """Memory of what is filled."""
        return self.row_count * (CODE_BYTES + ID_BYTES)

    def encode(self, vectors: Float32Array) -> tuple[UInt16Array, UInt8Array]:
        """(n,) list numbers and (n, CODE_BYTES) codes of float32 (n, dim) unit rows."""
        one_thread()
        rows = padded(vectors)
        _, numbers = self._quantizer.search(rows, 1)
        return numbers[:, 0].astype(np.uint16), self._index.pq.compute_codes(rows)

    def make_room(self, row_counts: Int64Array) -> None:
        """For so many more rows, int64 (lists,), which are appended before anything else happens: lists that are filled
        bit by bit do not move then."""
        needed = self._sizes + row_counts
        for number in np.flatnonzero(needed > self._room).tolist():
            self._resize(number, int(needed[number]))

    def trim(self) -> None:
        """Give back room that nothing was appended to."""
        for number in np.flatnonzero(self._room > self._sizes).tolist():
            self._resize(number, int(self._sizes[number]))

    def append(self, lists: UInt16Array, codes: UInt8Array, ids: Int64Array) -> None:
        """Add rows; ids: int64 (n,), see NUMBER_BITS."""
        self.make_room(np.bincount(lists, minlength=self.list_count))
        # Sorted, rows of one list meet the same memory again.
        order = np.argsort(lists, kind="stable")
        write_rows(
            self._code_addresses, self._id_addresses, self._sizes, lists[order], codes.take(order, axis=0), ids[order]
        )
        self._index.ntotal = self.row_count

    def gather(
        self, reference_ids: Int64Array, row_counts: UInt8Array, lists: UInt16Array
    ) -> tuple[UInt16Array, UInt8Array]:
        """List numbers and codes of references, finger by finger. row_counts: uint8 (n,). lists: where they lie."""
        order = np.argsort(reference_ids)
        starts = np.cumsum(row_counts, dtype=np.int64) - row_counts
        of_rows = np.zeros(int(row_counts.sum(dtype=np.int64)), dtype=np.uint16)
        codes = np.zeros((len(of_rows), CODE_BYTES), dtype=np.uint8)
        addresses = self._code_addresses, self._id_addresses
        gather_rows(*addresses, self._sizes, lists, reference_ids[order], starts[order], of_rows, codes)
        return of_rows, codes

    def clear(self, lists: UInt16Array, ids: Int64Array) -> None:
        """Overwrite and forget rows: that of ids[n] in list lists[n]."""
        drop_rows(self._code_addresses, self._id_addresses, self._sizes, CODE_BYTES, lists, ids)
        for number in np.unique(lists).tolist():
            self._resize(number, int(self._sizes[number]))
        self._index.ntotal = self.row_count

    def search(
        self, vectors: Float32Array, *, nearest_count: int, probed_count: int
    ) -> tuple[Float32Array, Int64Array]:
        """(n, nearest_count) similarities, best first, and the ids of these rows, -1 where there are fewer.

        probed_count: lists read for each row.
        """
        one_thread()
        # The shipped stubs do not know that the Python wrapper takes keywords.
        parameters = faiss.SearchParametersIVF(nprobe=probed_count)  # type: ignore[call-arg]
        similarities, ids = self._index.search(padded(vectors), nearest_count, params=parameters)
        return similarities, ids

    def _resize(self, number: int, size: int) -> None:
        self._lists.resize(number, size)
        self._room[number] = size
        if not size:
            return
        self._code_addresses[number] = int(self._lists.get_codes(number))
        self._id_addresses[number] = int(self._lists.get_ids(number))


def padded(vectors: Float32Array) -> Float32Array:
    """float32 (n, DIM): shorter vectors end in zeros, which change no product."""
    return np.ascontiguousarray(np.pad(vectors, ((0, 0), (0, DIM - vectors.shape[1]))), dtype=np.float32)


def one_thread() -> None:
    """Keep FAISS to the calling thread: requests are what runs side by side."""
    faiss.omp_set_num_threads(1)
