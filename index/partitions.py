"""All partitions of a database: loaded from the store, changed by its commits, saved, verified and rebuilt."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.cache_files import discard_cache, save_cache
from index.errors import CacheFileError, DatabaseError, DatabaseFullError
from index.filter_resolution import column_filter, references_of_subjects
from index.partition import Partition
from index.partition_loader import load_partition, refresh_partition
from index.receipts import ReportProgress, VerifyReport
from index.records import SearchFilter
from index.reference_columns import Resolved
from index.store import ReferenceStore
from index.store_effects import (
    GalleryCreated,
    MembershipChanged,
    PackKey,
    ReferenceAdded,
    ReferencesRemoved,
    SubjectChanged,
)
from index.store_galleries import gallery_numbers
from index.store_references import all_packs
from index.verification import verify_partitions

_NOTHING = Resolved(np.empty(0, dtype=np.int64), 0)


class Partitions:
    """Changed under the writer lock of the store only; read by any number of threads."""

    def __init__(self, cache_root: Path, report: ReportProgress) -> None:
        self._cache_root = cache_root
        self._report = report
        # Both are replaced, never changed in place, so that readers need no lock.
        self._by_key: dict[PackKey, Partition] = {}
        self.gallery_numbers: dict[str, int] = {}
        self.in_step = False
        self._unsaved: set[PackKey] = set()

    def load(self, store: ReferenceStore, *, use_cache: bool) -> None:
        """Bring every partition in step with the store."""
        with store.read() as connection:
            self.gallery_numbers = gallery_numbers(connection)
            for pack in all_packs(connection).values():
                cache_root = self._cache_root if use_cache else None
                partition, is_changed = load_partition(connection, pack, cache_root, self._report)
                self._by_key = {**self._by_key, pack.key: partition}
                if is_changed:
                    self._unsaved.add(pack.key)
        self.in_step = True

    def get(self, key: PackKey) -> Partition | None:
        """The partition of a pack; None when nothing of it was ever enrolled."""
        return self._by_key.get(key)

    def resolve(self, store: ReferenceStore, key: PackKey, where: SearchFilter) -> Resolved:
        """What a filter lets through. Raises GalleryNotFoundError, SubjectNotFoundError."""
        columns = column_filter(where, self.gallery_numbers)
        among = references_of_subjects(store, where.subject_ids)
        partition = self._by_key.get(key)
        return _NOTHING if partition is None else partition.resolve(columns, among)

    def any_known(self, reference_ids: Sequence[int]) -> bool:
        """Whether an index or a filter still knows one of these references."""
        wanted = np.array(reference_ids, dtype=np.int64)
        return any(
            bool(np.isin(wanted, known).any())
            for partition in self._by_key.values()
            for known in (partition.search_index.reference_ids(), partition.columns.reference_ids())
        )

    def apply(self, effects: Sequence[object]) -> None:
        """Follow a commit. When that fails the store is right and the indexes are not, so searching stops."""
        try:
            for kind, run in itertools.groupby(effects, key=type):
                if kind is ReferenceAdded:
                    self._add([effect for effect in run if isinstance(effect, ReferenceAdded)])
                else:
                    for effect in run:
                        self._apply_one(effect)
        except BaseException as error:
            self.in_step = False
            raise DatabaseError(
                "what was asked for is stored, but the index could not follow; restart the server"
            ) from error

    def save(self, store: ReferenceStore) -> None:
        """Write the index files of every partition that changed."""
        for key in sorted(self._unsaved, key=str):
            self._unsaved.discard(key)
            try:
                save_cache(store, self._by_key[key], self._cache_root)
            except (CacheFileError, DatabaseFullError):
                self._unsaved.add(key)
                raise

    def close(self, store: ReferenceStore) -> None:
        """Save what can be saved. A cache that cannot be written costs time at the next start and nothing else."""
        if self.in_step:
            self.in_step = False
            with contextlib.suppress(DatabaseError):
                self.save(store)

    def verify(self, store: ReferenceStore, *, thorough: bool) -> VerifyReport:
        """Compare store, indexes and filter columns."""
        return verify_partitions(store, self._by_key, thorough=thorough)

    def rebuild(self, store: ReferenceStore, report: ReportProgress) -> None:
        """Build each partition from the store while the old one answers, then follow what changed and swap."""
        with store.read() as connection:
            packs = all_packs(connection)
        for pack in packs.values():
            with store.read() as connection:
                built, _ = load_partition(connection, pack, None, report)

            def swap(connection: sqlite3.Connection, built: Partition = built) -> None:
                current = refresh_partition(connection, built)
                self._by_key = {**self._by_key, current.pack.key: current}
                self._unsaved.add(current.pack.key)

            store.exclusively(swap)
        self.in_step = True
        self.save(store)

    def _add(self, added: Sequence[ReferenceAdded]) -> None:
        by_number: dict[int, list[ReferenceAdded]] = {}
        for one in added:
            by_number.setdefault(one.pack.pack_number, []).append(one)
        for group in by_number.values():
            pack = group[0].pack
            partition = self._by_key.get(pack.key)
            if partition is None:
                partition = Partition(pack)
                partition.add(group)
                self._by_key = {**self._by_key, pack.key: partition}
            else:
                partition.add(group)
            self._unsaved.add(pack.key)

    def _apply_one(self, effect: object) -> None:
        if isinstance(effect, GalleryCreated):
            self.gallery_numbers = {**self.gallery_numbers, effect.gallery_id: effect.gallery_number}
        elif isinstance(effect, ReferencesRemoved):
            self._remove(effect)
        for partition in self._by_key.values():
            if isinstance(effect, MembershipChanged):
                partition.columns.set_membership(
                    effect.gallery_number, effect.subject_numbers, is_member=effect.is_member
                )
            elif isinstance(effect, SubjectChanged):
                partition.columns.set_subject(effect.subject_number, sex=effect.sex, birth_year=effect.birth_year)

    def _remove(self, effect: ReferencesRemoved) -> None:
        reference_ids = np.array(effect.reference_ids, dtype=np.int64)
        for key, partition in self._by_key.items():
            if partition.remove(reference_ids):
                # The files still hold the vectors. They are caches: they go now and come back without them.
                discard_cache(self._cache_root, partition.pack)
                self._unsaved.add(key)
