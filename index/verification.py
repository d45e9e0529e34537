"""Whether the indexes hold exactly what the store holds."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

import numpy as np

from index.partition import Partition
from index.receipts import VerifyReport
from index.records import Int64Array, Modality
from index.reference_columns import ColumnFilter
from index.store import ReferenceStore
from index.store_effects import PackKey
from index.store_references import vector_blobs
from index.template_codec import decode_vectors

SAMPLE_COUNT = 256
# A vector compared with itself; what is missing is float32 rounding.
SELF_SIMILARITY = 0.9999


def verify_partitions(
    store: ReferenceStore, partitions: Mapping[PackKey, Partition], *, thorough: bool
) -> VerifyReport:
    """Check the store, compare ids while nobody writes, and search a sample of references for themselves."""
    problems = list(store.check()) if thorough else []

    def compare(connection: sqlite3.Connection) -> tuple[int, int]:
        for partition in partitions.values():
            problems.extend(_id_problems(connection, partition))
        subjects = connection.execute("SELECT count(*) FROM subject").fetchone()[0]
        references = connection.execute("SELECT count(*) FROM reference").fetchone()[0]
        return int(subjects), int(references)

    if problems:
        return VerifyReport(False, tuple(problems), 0, 0)
    subject_count, reference_count = store.exclusively(compare)
    for partition in partitions.values():
        problems.extend(_vector_problems(store, partition))
    return VerifyReport(not problems, tuple(problems), subject_count, reference_count)


def _id_problems(connection: sqlite3.Connection, partition: Partition) -> list[str]:
    stored = np.array(
        [
            row[0]
            for row in connection.execute(
                "SELECT reference_id FROM reference JOIN subject USING (subject_number)"
                " WHERE pack_number = ? AND state = 'active' ORDER BY reference_id",
                (partition.pack.pack_number,),
            )
        ],
        dtype=np.int64,
    )
    problems = []
    for name, known in (
        ("index", partition.search_index.reference_ids()),
        ("filter columns", partition.columns.reference_ids()),
    ):
        lacking, extra = len(np.setdiff1d(stored, known)), len(np.setdiff1d(known, stored))
        if lacking or extra:
            problems.append(
                f"the {partition.pack.key.modality.value} {name} lacks {lacking} references of the store"
                f" and has {extra} that it does not hold"
            )
    return problems


def _vector_problems(store: ReferenceStore, partition: Partition) -> list[str]:
    known = partition.columns.reference_ids()
    picked: Int64Array = np.unique(np.random.default_rng().choice(known, min(SAMPLE_COUNT, len(known)), replace=False))
    with store.read() as connection:
        blobs = list(vector_blobs(connection, partition.pack, picked.tolist()))
    wrong_count = 0
    for reference_id, blob in blobs:
        vectors = decode_vectors(blob, partition.pack.dim, partition.pack.encoding)
        hits = partition.search(vectors, 1, ColumnFilter(), np.array([reference_id], dtype=np.int64))
        found = bool(hits.counts[0]) and int(hits.reference_ids[0, 0]) == reference_id
        if found and partition.pack.key.modality is Modality.FACE:
            found = float(hits.similarities[0, 0]) >= SELF_SIMILARITY
        # One that was removed meanwhile is not a problem.
        if not found and len(partition.columns.resolve_among(ColumnFilter(), np.array([reference_id])).reference_ids):
            wrong_count += 1
    if wrong_count:
        return [f"{wrong_count} of {len(blobs)} references looked up were not found by their own vectors"]
    return []
