"""Which references a search with one pack passes over: another pack made them, and it nothing of the same image."""

from __future__ import annotations

import time
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from index.arrays import Int64Array
from index.store.effects import PackKey

# Counting anew takes at most about this share of the time, however often something changes that can only lessen what is
# passed over.
_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class _Counted:
    """As of a change. next_time: before it, what was counted stands, unless other packs got originals since, of which
    they had original_count."""

    version: int
    original_count: int
    next_time: float
    passed_over: Mapping[PackKey, Int64Array]


class Coverage:
    """Counterparts and their originals, 16 bytes each; see index/store/sqlite/counterparts.py. Changed under the writer
    lock of the store only; read by any number of threads."""

    def __init__(self) -> None:
        # Ids only grow, so that the first ascends. What was removed stays: only members are asked for.
        self._counterparts = array("q")
        self._originals = array("q")
        self._originals_added: Counter[PackKey] = Counter()
        self._counted: dict[PackKey, _Counted] = {}

    def add_original(self, key: PackKey) -> None:
        """A reference that was enrolled with this pack became searchable, which others may pass over."""
        self._originals_added[key] += 1

    def add(self, counterpart_id: int, original_id: int) -> None:
        """Counterparts come in ascending order; one that is known, as when a subject is unsealed, is passed over."""
        if self._counterparts and counterpart_id <= self._counterparts[-1]:
            return
        # In this order, so that a reader who sees the counterpart sees its original.
        self._originals.append(original_id)
        self._counterparts.append(counterpart_id)

    def passed_over(
        self, key: PackKey, members: Mapping[PackKey, Int64Array], *, version: int
    ) -> Mapping[PackKey, Int64Array]:
        """int64 (n,) by pack: of each image that a search with this pack meets in no form, one reference. members:
        searchable ids by pack of the modality. version: changes with them."""
        now = time.monotonic()
        original_count = sum(count for other, count in self._originals_added.copy().items() if other != key)
        counted = self._counted.get(key)
        if (
            counted is None
            or counted.original_count != original_count
            or (counted.version != version and now >= counted.next_time)
        ):
            found = self._count(key, members)
            took = time.monotonic() - now
            counted = _Counted(version, original_count, now + took / _SHARE, found)
            self._counted[key] = counted
        return counted.passed_over

    def _count(self, key: PackKey, members: Mapping[PackKey, Int64Array]) -> dict[PackKey, Int64Array]:
        covered = self._originals_of(members.get(key, np.empty(0, dtype=np.int64)))
        found: dict[PackKey, Int64Array] = {}
        for other, ids in members.items():
            if other == key:
                continue
            originals = self._originals_of(ids)
            missed = ids[~np.isin(originals, covered)]
            if len(missed):
                found[other] = missed
                covered = np.union1d(covered, originals)
        return found

    def _originals_of(self, ids: Int64Array) -> Int64Array:
        count = len(self._counterparts)
        counterparts = np.array(self._counterparts[:count], dtype=np.int64)
        if not count or not len(ids):
            return ids
        places = np.minimum(np.searchsorted(counterparts, ids), count - 1)
        originals = np.array(self._originals[:count], dtype=np.int64)
        return np.where(counterparts[places] == ids, originals[places], ids)
