"""The index files of a database folder: where they lie, when they are written, when they must go."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
from pathlib import Path

from index.partition import Partition
from index.store import ReferenceStore
from index.store_effects import PackRow
from index.write_queue import Outcome


def cache_folder(root: Path, pack: PackRow) -> Path:
    """Where the index files of a pack lie. The name says nothing but what modality it is."""
    digest = hashlib.sha256(pack.key.pack_id.encode()).hexdigest()[:16]
    return root / f"{pack.key.modality.value}-{digest}"


def save_cache(store: ReferenceStore, partition: Partition, root: Path) -> None:
    """Write the index files of a partition and let the store know their stamp.

    In this order: a copy of the store that knows the stamp then holds everything that the files hold. Raises
    CacheFileError, DatabaseFullError; the files before stay valid or are missing, both of which are safe.
    """
    stamp = secrets.token_hex(16)
    pack_number = partition.pack.pack_number
    partition.search_index.save(cache_folder(root, partition.pack), stamp=stamp)

    def remember(connection: sqlite3.Connection) -> Outcome[None]:
        connection.execute("DELETE FROM cache_mark WHERE pack_number = ?", (pack_number,))
        connection.execute("INSERT INTO cache_mark SELECT ?, ?, value FROM change_count", (stamp, pack_number))
        return Outcome(None)

    store.write(remember)


def discard_cache(root: Path, pack: PackRow) -> None:
    """Remove the index files of a pack."""
    folder = cache_folder(root, pack)
    if folder.exists():
        shutil.rmtree(folder)
