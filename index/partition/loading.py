"""From the store to searchable partitions: columns from its rows, indexes from their cache files or from its vectors.

A cache file is believed when its checksums hold and the store knows its stamp: then it holds nothing but references
that this store had when the file was written. Ids are never given twice and templates never change, so adding the ids
it lacks and removing those it has too many makes it equal to the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.errors import DatabaseDamagedError
from index.partition.cache_folder import load_marked, new_folder
from index.partition.partition import Partition
from index.receipts import OpenProgress, ReportProgress, silent
from index.store.effects import PackRow
from index.store.protocol import StoreReader
from index.store.template_codec import damage_named
from index.vector.engines import SearchEngines

ROWS_A_CHUNK = 8192
LOADED_TOGETHER = 2
"""Faces and fingers; a third pack waits, so that no more is decrypted at a time than two take."""


def load_partitions(
    reader: StoreReader, cache_root: Path, engines: SearchEngines, report: ReportProgress
) -> Iterator[tuple[Partition, bool]]:
    """Of every pack, the partition as the store is now, and whether its index differs from the files (so that saving is
    worth it). The files of several packs are read side by side."""
    packs = list(reader.packs().values())
    with ThreadPoolExecutor(LOADED_TOGETHER) as files:
        waiting = [files.submit(load_marked, reader.index_mark(pack), cache_root, pack, engines) for pack in packs]
        for pack, index_files in zip(packs, waiting, strict=True):
            report(OpenProgress("cache", 0, 1))
            loaded = index_files.result()
            report(OpenProgress("cache", 1, 1))
            if loaded is None:
                yield build_partition(reader, pack, cache_root, engines, report)
                continue
            partition = Partition(pack, *loaded)
            fill_columns(reader, partition, report)
            yield partition, _reconcile(reader, partition, report)


def build_partitions(
    reader: StoreReader, cache_root: Path, engines: SearchEngines, report: ReportProgress
) -> Iterator[tuple[Partition, bool]]:
    """Like load_partitions, from the store alone."""
    for pack in reader.packs().values():
        yield build_partition(reader, pack, cache_root, engines, report)


def build_partition(
    reader: StoreReader, pack: PackRow, cache_root: Path, engines: SearchEngines, report: ReportProgress
) -> tuple[Partition, bool]:
    """Like load_partitions, of one pack, from the store alone."""
    folder = new_folder(cache_root, pack)
    partition = Partition(pack, engines.make(pack.key.modality, pack.dim, folder), folder)
    fill_columns(reader, partition, report)
    _reconcile(reader, partition, report)
    return partition, True


def refresh_partition(reader: StoreReader, built: Partition) -> Partition:
    """The same index in step with what reader sees now; built itself is used up. Called under the writer lock,
    so it tells nobody how far it is."""
    partition = Partition(built.pack, built.search_index, built.folder)
    fill_columns(reader, partition, silent)
    _reconcile(reader, partition, silent)
    return partition


def fill_columns(reader: StoreReader, partition: Partition, report: ReportProgress) -> None:
    """Read what filters need of every reference whose subject is not sealed."""
    rows = reader.searchable_rows(partition.pack)
    if not len(rows):
        return
    report(OpenProgress("columns", 0, len(rows)))
    subject_numbers = rows[:, 1].copy()
    values = reader.subject_values(int(subject_numbers.max()))
    partition.columns.append(
        rows[:, 0].copy(),
        subject_numbers=subject_numbers,
        fingers=rows[:, 2].astype(np.uint8),
        sexes=values.sexes[subject_numbers],
        birth_years=values.birth_years[subject_numbers],
    )
    for gallery_number in reader.gallery_numbers().values():
        partition.columns.set_membership(gallery_number, reader.members(gallery_number), is_member=True)
    report(OpenProgress("columns", len(rows), len(rows)))


def _reconcile(reader: StoreReader, partition: Partition, report: ReportProgress) -> bool:
    """Make the index hold exactly the ids of the columns. Returns whether anything had to be done."""
    wanted = partition.columns.reference_ids()
    present = partition.search_index.reference_ids()
    extra = np.setdiff1d(present, wanted, assume_unique=True)
    missing = np.setdiff1d(wanted, present, assume_unique=True)
    if len(extra):
        partition.search_index.remove(extra)
        # They were deleted just before the process was killed; their vectors are still in the files.
        partition.search_index.erase(extra)
    done_count = 0
    for start in range(0, len(missing), ROWS_A_CHUNK):
        report(OpenProgress("index", done_count, len(missing)))
        chunk = missing[start : start + ROWS_A_CHUNK]
        _add_from_store(reader, partition, chunk)
        done_count += len(chunk)
    report(OpenProgress("index", done_count, len(missing)))
    return bool(len(extra) or len(missing))


def _add_from_store(reader: StoreReader, partition: Partition, reference_ids: Int64Array) -> None:
    vectors = reader.vectors(partition.pack, reference_ids)
    lost = np.setdiff1d(reference_ids, np.fromiter(vectors, np.int64, len(vectors)), assume_unique=True)
    if len(lost):
        partition.columns.remove(lost)
        partition.lost_ids += tuple(lost.tolist())
    if not vectors:
        return
    minutiae = reader.minutiae(partition.pack, reference_ids)
    try:
        _add(partition, vectors, minutiae)
    except DatabaseDamagedError:
        # One that is whole and of another pack than its row says; the index took none of them.
        for reference_id, rows in vectors.items():
            try:
                _add(partition, {reference_id: rows}, minutiae)
            except DatabaseDamagedError:
                partition.columns.remove(np.array([reference_id]))
                partition.lost_ids += (reference_id,)


def _add(partition: Partition, vectors: Mapping[int, Float32Array], minutiae: Mapping[int, bytes]) -> None:
    """Raises DatabaseDamagedError, and adds none."""
    with damage_named():
        partition.add_to_index(
            np.array(list(vectors), dtype=np.int64), list(vectors.values()), [minutiae.get(one, b"") for one in vectors]
        )
