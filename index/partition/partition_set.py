"""All partitions of a database: loaded from the store, changed by its commits, saved, verified and rebuilt."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import assert_never

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.durable.group_commit import GroupCommit, Ticket
from index.errors import CacheFileError, DatabaseError, DatabaseFullError
from index.partition.cache_folder import damaged_files, is_refused, new_folder, remove_other_folders, save_cache
from index.partition.columns import ColumnFilter, Resolved
from index.partition.coverage import Coverage
from index.partition.filters import column_filter, references_of_subjects
from index.partition.loading import build_partition, build_partitions, load_partitions, refresh_partition
from index.partition.partition import Partition
from index.partition.verification import verify_partitions
from index.receipts import PackHolding, Problem, ReportProgress, VerifyReport
from index.records import Modality, SearchFilter, Template
from index.store.effects import (
    Effect,
    GalleryCreated,
    GalleryDeleted,
    MembershipChanged,
    PackKey,
    PackRow,
    ReferenceAdded,
    ReferencesMoved,
    ReferencesRemoved,
    SubjectChanged,
)
from index.store.protocol import Store, StoreReader
from index.vector.engines import SearchEngines
from index.vector.protocol import Hits, no_hits

_NOTHING = Resolved(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), 0)
_ERASURES_A_GROUP = 1000


class PartitionSet:
    """Changed under the writer lock of the store only; read by any number of threads."""

    def __init__(self, cache_root: Path, report: ReportProgress, engines: SearchEngines) -> None:
        self._cache_root = cache_root
        self._engines = engines
        self._report = report
        # Both are replaced, never changed in place, so that readers need no lock.
        self._by_key: dict[PackKey, Partition] = {}
        self.gallery_numbers: dict[str, int] = {}
        self.in_step = False
        self._unsaved: set[PackKey] = set()
        self._coverage = Coverage()
        # Of what is searchable.
        self._version = 0
        # Held while index files are saved, and while folders of indexes that were replaced are removed.
        self._file_lock = threading.Lock()
        self._erasures = GroupCommit[tuple[int, ...]](self._erase_group, max_group_count=_ERASURES_A_GROUP)
        self._not_erased: set[int] = set()
        self._refused_count = 0
        # Done, and still noted in the store.
        self._erased: set[int] = set()

    def load(self, store: Store, *, use_cache: bool) -> None:
        """Bring every partition in step with the store."""
        with store.reading() as reader:
            self.gallery_numbers = reader.gallery_numbers()
            work = reader, self._cache_root, self._engines, self._report
            for partition, is_changed in load_partitions(*work) if use_cache else build_partitions(*work):
                self._refused_count += use_cache and is_refused(reader, self._cache_root, partition)
                self._by_key = {**self._by_key, partition.pack.key: partition}
                if is_changed:
                    self._unsaved.add(partition.pack.key)
            not_erased = reader.pending_erasures()
            for counterpart_id, original_id in sorted(reader.counterparts().items()):
                self._coverage.add(counterpart_id, original_id)
        self._remove_old_folders()
        if not_erased:
            self.erase(not_erased)
        lost = [one for partition in self._by_key.values() for one in partition.lost_ids]
        store.set_damage_aside(lost)
        self.in_step = True

    def holdings(self) -> tuple[PackHolding, ...]:
        """Of every pack that has a reference in the indexes."""
        found = []
        for key, partition in self._by_key.items():
            count = len(partition.search_index.reference_ids())
            if count:
                found.append(PackHolding(key.modality, key.pack_id, count))
        return tuple(found)

    def passed_over(self, key: PackKey) -> Mapping[PackKey, Int64Array]:
        """int64 (n,) by pack: of each image that a search with this pack meets in no form, one reference of another."""
        members = {
            other: partition.columns.reference_ids()
            for other, partition in self._by_key.items()
            if other.modality is key.modality
        }
        if not any(len(ids) for other, ids in members.items() if other != key):
            return {}
        return self._coverage.passed_over(key, members, version=self._version)

    def resolve(self, store: Store, key: PackKey, where: SearchFilter) -> Resolved:
        """What a filter lets through. Raises GalleryNotFoundError, SubjectNotFoundError."""
        columns, among = self._in_numbers(store, where)
        partition = self._by_key.get(key)
        return _NOTHING if partition is None else partition.resolve(columns, among)

    def search(self, store: Store, key: PackKey, queries: Float32Array, k: int, where: SearchFilter) -> Hits:
        """Best k of what a filter lets through; no hits where nothing of the pack was ever enrolled. Raises
        VectorError, GalleryNotFoundError, SubjectNotFoundError."""
        columns, among = self._in_numbers(store, where)
        partition = self._by_key.get(key)
        return no_hits(len(queries), k) if partition is None else partition.search(queries, k, columns, among)

    def shortlist(
        self, store: Store, key: PackKey, probe: Template, k: int, where: SearchFilter, *, reach: int
    ) -> Hits:
        """See FingerIndex.shortlist. Raises like search."""
        columns, among = self._in_numbers(store, where)
        partition = self._by_key.get(key)
        return no_hits(1, k) if partition is None else partition.shortlist(probe, k, columns, among, reach=reach)

    def known_in(self, reference_ids: Sequence[int]) -> tuple[str, ...]:
        """Where these references still are: "index" when it or a filter knows one, "index file" for what could not be
        erased so far."""
        wanted = np.array(reference_ids, dtype=np.int64)
        known = any(
            bool(np.isin(wanted, ids).any())
            for partition in self._by_key.values()
            for ids in (partition.search_index.reference_ids(), partition.columns.reference_ids())
        )
        not_erased = not self._not_erased.isdisjoint(reference_ids)
        return (*(("index",) if known else ()), *(("index file",) if not_erased else ()))

    def apply(self, effects: Sequence[Effect]) -> None:
        """Follow a commit. When that fails the store is right and the indexes are not, so searching stops."""
        try:
            self._version += 1
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

    def erase(self, reference_ids: Sequence[int]) -> bool:
        """Overwrite what indexes and their files still hold of removed references. Not under the writer lock: it may
        wait for a merge. Returns whether nothing is left; what is goes with the next erasure or the next start."""
        self._erasures.submit(tuple(reference_ids))
        return not self._not_erased

    def save(self, store: Store) -> None:
        """Write the index files of every partition that changed, and set aside what was found damaged. Raises
        CacheFileError, DatabaseFullError."""
        store.set_damage_aside()
        with self._file_lock:
            self._save(store)

    def warm_up(self) -> None:
        """Compile what searches and changes of these partitions run."""
        faces = [partition for key, partition in self._by_key.items() if key.modality is Modality.FACE]
        self._engines.warm_up([(len(partition.columns), partition.pack.dim) for partition in faces])

    def close(self) -> None:
        """Stop what the indexes do in the background."""
        for partition in self._by_key.values():
            partition.search_index.close()

    def _save(self, store: Store) -> None:
        if self._erased:
            erased = tuple(self._erased)
            store.forget_erasures(erased)
            self._erased.difference_update(erased)
        for key in tuple(self._unsaved):
            self._unsaved.discard(key)
            try:
                save_cache(store, self._by_key[key])
            except BaseException:
                self._unsaved.add(key)
                raise

    def verify(self, store: Store, *, thorough: bool) -> VerifyReport:
        """Compare store, indexes and filter columns."""
        return verify_partitions(store, self._by_key, thorough=thorough)

    def inspect(self, report: ReportProgress) -> tuple[Problem, ...]:
        """Of the index files: see EnrollmentDatabase.inspect."""
        with self._file_lock:
            damaged_count = damaged_files([one.folder for one in self._by_key.values()], report)
        problems = []
        if self._refused_count:
            problems.append(Problem("cache_refused", self._refused_count))
        if damaged_count:
            problems.append(Problem("cache_files", damaged_count))
        return tuple(problems)

    def rebuild(self, store: Store, report: ReportProgress) -> None:
        """Build each partition from the store while the old one answers, then follow what changed and swap."""
        with store.reading() as reader:
            packs = reader.packs()
        for pack in packs.values():
            self._replace(store, pack, report)
        self.in_step = True
        # Nobody saves or merges into an old folder any more, which would make it anew.
        with self._file_lock:
            self._save(store)
            self._remove_old_folders()

    def _in_numbers(self, store: Store, where: SearchFilter) -> tuple[ColumnFilter, Int64Array | None]:
        """A filter in the numbers of the store, and the only references it admits, if it names subjects."""
        return column_filter(where, self.gallery_numbers), references_of_subjects(store, where.subject_ids)

    def _replace(self, store: Store, pack: PackRow, report: ReportProgress) -> None:
        with store.reading() as reader:
            built, _ = build_partition(reader, pack, self._cache_root, self._engines, report)
        replaced = self._by_key.get(pack.key)

        def swap(reader: StoreReader) -> None:
            current = refresh_partition(reader, built)
            self._by_key = {**self._by_key, current.pack.key: current}
            self._unsaved.add(current.pack.key)

        store.exclusively(swap)
        if replaced is not None:
            replaced.search_index.close()

    def _remove_old_folders(self) -> None:
        remove_other_folders(self._cache_root, [partition.folder for partition in self._by_key.values()])

    def _erase_group(self, group: Sequence[Ticket[tuple[int, ...]]]) -> None:
        self._not_erased.update(*(ticket.item for ticket in group))
        reference_ids = np.array(sorted(self._not_erased), dtype=np.int64)
        try:
            for partition in self._by_key.values():
                partition.search_index.erase(reference_ids)
        except (CacheFileError, DatabaseFullError):
            # The deletion stands; its receipt says that the files are not scrubbed yet.
            return
        self._erased.update(self._not_erased)
        self._not_erased.clear()

    def _add(self, added: Sequence[ReferenceAdded]) -> None:
        by_pack: dict[PackRow, list[ReferenceAdded]] = {}
        for one in added:
            by_pack.setdefault(one.pack, []).append(one)
        for one in added:
            if one.original_id:
                self._coverage.add(one.reference_id, one.original_id)
            else:
                self._coverage.add_original(one.pack.key)
        for pack, group in by_pack.items():
            partition = self._by_key.get(pack.key)
            if partition is None:
                folder = new_folder(self._cache_root, pack)
                partition = Partition(pack, self._engines.make(pack.key.modality, pack.dim, folder), folder)
            partition.add(group)
            self._by_key = {**self._by_key, pack.key: partition}
            self._unsaved.add(pack.key)

    def _apply_one(self, effect: Effect) -> None:
        match effect:
            case ReferenceAdded():
                # Runs of them were added together in apply.
                self._add((effect,))
            case ReferencesRemoved(reference_ids):
                gone = np.array(reference_ids, dtype=np.int64)
                self._unsaved.update(key for key, partition in self._by_key.items() if partition.remove(gone))
            case SubjectChanged() | MembershipChanged() | ReferencesMoved():
                for partition in self._by_key.values():
                    partition.columns.follow(effect)
            case GalleryCreated(gallery_id, gallery_number):
                self.gallery_numbers = {**self.gallery_numbers, gallery_id: gallery_number}
            case GalleryDeleted(gallery_id):
                self.gallery_numbers = {name: one for name, one in self.gallery_numbers.items() if name != gallery_id}
            case _:
                assert_never(effect)
