"""Prints of a gallery in files, as the store keeps them: read one by one where they lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

import numpy as np

from index.records import StoredPrint

_CODES, _MINUTIAE, _COUNTS, _SIZES = "codes.bin", "minutiae.bin", "counts.npy", "sizes.npy"


class KeptPrints(Sequence[StoredPrint]):
    """Codes and minutiae, mapped into memory, not read."""

    def __init__(self, folder: Path, pack_id: str, dim: int) -> None:
        """Raises OSError, ValueError where files are missing or not whole."""
        counts, sizes = np.load(folder / _COUNTS), np.load(folder / _SIZES)
        self._pack_id = pack_id
        self._codes = np.memmap(folder / _CODES, np.int8, "r", shape=(int(counts.sum()), dim))
        self._minutiae = np.memmap(folder / _MINUTIAE, np.uint8, "r", shape=(int(sizes.sum()),))
        self._code_ends = np.concatenate([[0], np.cumsum(counts)])
        self._ends = np.concatenate([[0], np.cumsum(sizes)])

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, number: int) -> StoredPrint: ...
    @overload
    def __getitem__(self, number: slice) -> list[StoredPrint]: ...
    def __getitem__(self, number: int | slice) -> StoredPrint | list[StoredPrint]:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        codes = np.asarray(self._codes[self._code_ends[number] : self._code_ends[number + 1]])
        return StoredPrint(self._pack_id, codes, self._minutiae[self._ends[number] : self._ends[number + 1]].tobytes())


def write_prints(folder: Path, prints: Iterable[StoredPrint]) -> None:
    """What KeptPrints reads."""
    counts, sizes = [], []
    with (folder / _CODES).open("wb") as codes, (folder / _MINUTIAE).open("wb") as minutiae:
        for one in prints:
            counts.append(len(one.codes))
            sizes.append(len(one.minutiae))
            codes.write(np.ascontiguousarray(one.codes).tobytes())
            minutiae.write(one.minutiae)
    np.save(folder / _COUNTS, np.array(counts, dtype=np.int64))
    np.save(folder / _SIZES, np.array(sizes, dtype=np.int64))
