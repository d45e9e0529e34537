"""From the store to searchable partitions: columns from its rows, indexes from their cache files or from its vectors.

A cache file is believed when its checksums hold and the store knows its stamp: then it holds nothing but references
that this store had when the file was written. Ids are never given twice and templates never change, so adding the ids
it lacks and removing those it has too many makes it equal to the store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from index.cache_files import load_marked, new_folder
from index.partition import Partition
from index.receipts import OpenProgress, ReportProgress, silent
from index.records import Int64Array, Sex
from index.search_index import make_index
from index.store.effects import PackRow
from index.store.sqlite.references import vector_blobs
from index.store.sqlite.subjects import SEX_CODES
from index.store.template_codec import damage_named, decode_vectors

ROWS_A_CHUNK = 8192
_SEX_LETTERS = {sex.value: code for sex, code in SEX_CODES.items()}


def load_partition(
    connection: sqlite3.Connection, pack: PackRow, cache_root: Path, report: ReportProgress
) -> tuple[Partition, bool]:
    """The partition as the store is now, and whether its index differs from the files (so that saving is worth it).

    connection: in a read transaction.
    """
    report(OpenProgress("cache", 0, 1))
    loaded = load_marked(connection, cache_root, pack)
    report(OpenProgress("cache", 1, 1))
    if loaded is None:
        return build_partition(connection, pack, cache_root, report)
    partition = Partition(pack, *loaded)
    fill_columns(connection, partition, report)
    return partition, _reconcile(connection, partition, report)


def build_partition(
    connection: sqlite3.Connection, pack: PackRow, cache_root: Path, report: ReportProgress
) -> tuple[Partition, bool]:
    """Like load_partition, from the store alone."""
    folder = new_folder(cache_root, pack)
    partition = Partition(pack, make_index(pack.key.modality, pack.dim, folder), folder)
    fill_columns(connection, partition, report)
    _reconcile(connection, partition, report)
    return partition, True


def refresh_partition(connection: sqlite3.Connection, built: Partition) -> Partition:
    """The same index in step with what connection sees now; built itself is used up. Called under the writer lock,
    so it tells nobody how far it is."""
    partition = Partition(built.pack, built.search_index, built.folder)
    fill_columns(connection, partition, silent)
    _reconcile(connection, partition, silent)
    return partition


def fill_columns(connection: sqlite3.Connection, partition: Partition, report: ReportProgress) -> None:
    """Read what filters need of every reference whose subject is not sealed."""
    rows = searchable_rows(connection, partition.pack)
    if not len(rows):
        return
    report(OpenProgress("columns", 0, len(rows)))
    sexes = np.zeros(int(rows[:, 1].max()) + 1, dtype=np.uint8)
    birth_years = np.zeros(len(sexes), dtype=np.int16)
    # Only recorded values are fetched; most subjects of a large import have neither.
    for number, sex, birth_year in connection.execute(
        "SELECT subject_number, sex, birth_year FROM subject WHERE (sex <> ? OR birth_year IS NOT NULL)"
        " AND subject_number <= ?",
        (Sex.UNKNOWN.value, len(sexes) - 1),
    ):
        sexes[number] = _SEX_LETTERS[sex]
        birth_years[number] = birth_year or 0
    partition.columns.append(
        rows[:, 0].copy(),
        subject_numbers=rows[:, 1].copy(),
        fingers=rows[:, 2].astype(np.uint8),
        sexes=sexes[rows[:, 1]],
        birth_years=birth_years[rows[:, 1]],
    )
    for (gallery_number,) in connection.execute("SELECT gallery_number FROM gallery").fetchall():
        members = _integers(
            connection, "SELECT subject_number FROM membership WHERE gallery_number = ?", (gallery_number,), 1
        )
        partition.columns.set_membership(gallery_number, members[:, 0], is_member=True)
    report(OpenProgress("columns", len(rows), len(rows)))


def searchable_rows(connection: sqlite3.Connection, pack: PackRow) -> Int64Array:
    """int64 (n, 3): reference id, subject number and finger of every reference that is searched, ids ascending."""
    rows = _integers(
        connection,
        "SELECT reference_id, subject_number, finger FROM reference WHERE pack_number = ? ORDER BY reference_id",
        (pack.pack_number,),
        3,
    )
    sealed = _integers(connection, "SELECT subject_number FROM subject WHERE state = 'sealed'", (), 1)
    return rows[~np.isin(rows[:, 1], sealed[:, 0])] if len(sealed) else rows


def _reconcile(connection: sqlite3.Connection, partition: Partition, report: ReportProgress) -> bool:
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
        _add_from_store(connection, partition, chunk)
        done_count += len(chunk)
    report(OpenProgress("index", done_count, len(missing)))
    return bool(len(extra) or len(missing))


def _add_from_store(connection: sqlite3.Connection, partition: Partition, reference_ids: Int64Array) -> None:
    pack = partition.pack
    blobs = list(_blobs(connection, pack, reference_ids))
    ids = np.array([reference_id for reference_id, _ in blobs], dtype=np.int64)
    with damage_named():
        partition.search_index.add(ids, [decode_vectors(blob, pack.dim, pack.encoding) for _, blob in blobs])


def _blobs(connection: sqlite3.Connection, pack: PackRow, reference_ids: Int64Array) -> Iterator[tuple[int, bytes]]:
    """One range scan where the ids lie close together, single look-ups otherwise."""
    first, last = int(reference_ids[0]), int(reference_ids[-1])
    if last - first < 4 * len(reference_ids):
        wanted = frozenset(reference_ids.tolist())
        rows = connection.execute(
            "SELECT reference_id, vectors FROM template WHERE reference_id BETWEEN ? AND ? ORDER BY 1", (first, last)
        )
        return (row for row in rows if row[0] in wanted)
    return vector_blobs(connection, pack, reference_ids.tolist())


def _integers(connection: sqlite3.Connection, statement: str, values: tuple[object, ...], width: int) -> Int64Array:
    """Rows of integers as int64 (n, width), fetched in chunks so that no list of all rows exists."""
    cursor = connection.execute(statement, values)
    chunks = []
    while rows := cursor.fetchmany(65536):
        chunks.append(np.array(rows, dtype=np.int64).reshape(-1, width))
    return np.concatenate(chunks) if chunks else np.empty((0, width), dtype=np.int64)
