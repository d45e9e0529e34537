"""Whether the indexes hold exactly what the store holds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from index.arrays import Int64Array
from index.partition.columns import ColumnFilter
from index.partition.partition import Partition
from index.receipts import VerifyReport
from index.records import Modality
from index.store.effects import PackKey
from index.store.protocol import Store, StoreCounts, StoreReader
from index.store.template_codec import damage_named

SAMPLE_COUNT, QUICK_SAMPLE_COUNT = 256, 16
# A vector compared with itself; what is missing is float32 rounding.
SELF_SIMILARITY = 0.9999


def verify_partitions(store: Store, partitions: Mapping[PackKey, Partition], *, thorough: bool) -> VerifyReport:
    """Compare store, filter columns and indexes while nobody writes, and let a sample of references find themselves.

    thorough: read every page of the store and every id in it; otherwise the ids of the columns, which were read from
    the store at start and followed every commit, are compared with the index, and their number with the store.
    """
    problems = list(store.check()) if thorough else []

    def compare(reader: StoreReader) -> StoreCounts:
        for partition in partitions.values():
            problems.extend(_id_problems(reader, partition, thorough=thorough))
        counts = reader.counts()
        searched = sum(len(partition.columns) for partition in partitions.values())
        if counts.searchable_reference_count != searched:
            problems.append(f"{counts.searchable_reference_count} references should be searched, and {searched} are")
        return counts

    if problems:
        return VerifyReport(False, tuple(problems), 0, 0)
    if thorough:
        problems.extend(store.find_damaged_rows())
        store.set_damage_aside(store.find_damage())
    counts = store.exclusively(compare)
    for partition in partitions.values():
        problems.extend(_vector_problems(store, partition, SAMPLE_COUNT if thorough else QUICK_SAMPLE_COUNT))
    # References that this look-up found damaged are set aside like those known before.
    store.set_damage_aside()
    set_aside_ids = store.references_set_aside()
    if thorough:
        problems.extend(f"reference {one} is damaged; it is kept and not searched" for one in set_aside_ids)
    return VerifyReport(not problems, tuple(problems), counts.subject_count, counts.reference_count, set_aside_ids)


def _id_problems(reader: StoreReader, partition: Partition, *, thorough: bool) -> list[str]:
    filtered = partition.columns.reference_ids()
    compared = [("index", partition.search_index.reference_ids())]
    stored = filtered
    if thorough:
        stored = reader.searchable_rows(partition.pack)[:, 0]
        compared.append(("filter columns", filtered))
    problems = []
    for name, known in compared:
        lacking, extra = _count_beyond(stored, known), _count_beyond(known, stored)
        if lacking or extra:
            problems.append(
                f"the {partition.pack.key.modality.value} {name} lacks {lacking} references of the store"
                f" and has {extra} that it does not hold"
            )
    return problems


def _vector_problems(store: Store, partition: Partition, sample_count: int) -> list[str]:
    known = partition.columns.reference_ids()
    picked = np.unique(np.random.default_rng().choice(known, min(sample_count, len(known)), replace=False))
    with store.reading() as reader:
        looked_up = reader.vectors(partition.pack, picked)
    wrong_count = 0
    for reference_id, vectors in looked_up.items():
        with damage_named():
            hits = partition.search(vectors, 1, ColumnFilter(), np.array([reference_id], dtype=np.int64))
        found = bool(hits.counts[0]) and int(hits.reference_ids[0, 0]) == reference_id
        if found and partition.pack.key.modality is Modality.FACE:
            found = float(hits.similarities[0, 0]) >= SELF_SIMILARITY
        # One that was removed meanwhile is not a problem.
        if not found and len(partition.columns.resolve_among(ColumnFilter(), np.array([reference_id])).reference_ids):
            wrong_count += 1
    if wrong_count:
        return [f"{wrong_count} of {len(looked_up)} references looked up were not found by their own vectors"]
    return []


def _count_beyond(ids: Int64Array, others: Int64Array) -> int:
    """How many ascending ids are not among the ascending others."""
    return len(np.setdiff1d(ids, others, assume_unique=True))
