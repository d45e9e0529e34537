"""Which chunk each reference lies in: a number a reference id; a dictionary of them took 74 bytes each."""

from __future__ import annotations

from typing import Final

import numpy as np

from index.arrays import Int32Array, Int64Array
from index.vector.votes.places import NOBODY, grown

_FIRST_SIZE: Final = 1024


class ChunkNumbers:
    """Not thread safe: any number may read while nobody changes anything. Reference ids are 1 or greater."""

    def __init__(self) -> None:
        self._numbers: Int32Array = np.full(_FIRST_SIZE, NOBODY, dtype=np.int32)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def memory_bytes(self) -> int:
        """Memory of the table."""
        return self._numbers.nbytes

    def reference_ids(self) -> Int64Array:
        """int64 (n,), ascending: those that are here."""
        here: Int64Array = np.flatnonzero(self._numbers != NOBODY)
        return here

    def known(self, reference_ids: Int64Array) -> Int64Array:
        """Of these, int64 (n,), those that are here, in their order."""
        inside = reference_ids[(reference_ids > 0) & (reference_ids < len(self._numbers))]
        known: Int64Array = inside[self._numbers[inside] != NOBODY]
        return known

    def put(self, reference_ids: Int64Array, number: int) -> int:
        """These, int64 (n,), are in this chunk now. Returns how many were nowhere before."""
        most = int(reference_ids.max(initial=0)) + 1
        if most > len(self._numbers):
            self._numbers = grown(self._numbers, most, NOBODY)
        new_count = len(np.unique(reference_ids[self._numbers[reference_ids] == NOBODY]))
        self._numbers[reference_ids] = number
        self._count += new_count
        return new_count

    def take(self, reference_ids: Int64Array) -> list[int]:
        """Forget these, int64 (n,), all here, each named once; the chunks that they were in, each once."""
        numbers = np.unique(self._numbers[reference_ids])
        self._numbers[reference_ids] = NOBODY
        self._count -= len(reference_ids)
        return [int(number) for number in numbers]
