"""The index files of a database folder: where they lie, when they are believed, when they go.

Each index has a folder of its own, which it fills while it lives. The store notes, with a stamp, the folder of each
pack that was saved last; every other folder belongs to an index that a killed process or a rebuild left behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import shutil
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from index.errors import CacheFileError
from index.partition import Partition
from index.search_index import SearchIndex, load_index
from index.store.effects import PackRow
from index.store.sqlite.store import ReferenceStore
from index.store.sqlite.write_queue import Outcome

log = logging.getLogger(__name__)


def new_folder(root: Path, pack: PackRow) -> Path:
    """A folder for a new index, not made yet. The name says nothing but what modality it is."""
    digest = hashlib.sha256(pack.key.pack_id.encode()).hexdigest()[:8]
    return root / f"{pack.key.modality.value}-{digest}-{secrets.token_hex(8)}"


def load_marked(connection: sqlite3.Connection, root: Path, pack: PackRow) -> tuple[SearchIndex, Path] | None:
    """The index whose files the store knows, and their folder; None when there is none or it is damaged.

    Files that carry neither the stamp saved last nor the one announced since are of a later store, and hold what this
    one has not.
    """
    row = connection.execute(
        "SELECT folder_name, stamp, next_stamp FROM cache_mark WHERE pack_number = ?", (pack.pack_number,)
    ).fetchone()
    if row is None:
        return None
    folder = root / row[0]
    for part in folder.glob("*.part"):
        # Half written when the process was killed; it may hold what was deleted since.
        part.unlink()
    try:
        loaded = load_index(pack.key.modality, folder)
    except CacheFileError as error:
        log.warning("the %s index is built again from the store: %s", pack.key.modality.value, error)
        return None
    if not loaded.stamp or loaded.stamp not in row[1:]:
        log.warning("the %s index is built again: its files are of another store", pack.key.modality.value)
        return None
    return loaded, folder


def save_cache(store: ReferenceStore, partition: Partition) -> None:
    """Announce a stamp to the store and write the index files of a partition with it.

    Whatever the files hold was committed before, so a store that knows their stamp holds it too; only a copy of the
    store made in the middle of a saving, around SQLite, would not. Raises CacheFileError, DatabaseFullError; the files
    saved before stay believed then.
    """
    stamp = secrets.token_hex(16)
    mark = (partition.pack.pack_number, partition.folder.name, partition.saved_stamp, stamp)

    def announce(connection: sqlite3.Connection) -> Outcome[None]:
        connection.execute(
            "INSERT OR REPLACE INTO cache_mark (pack_number, folder_name, stamp, next_stamp) VALUES (?, ?, ?, ?)", mark
        )
        return Outcome(None)

    store.write(announce)
    partition.search_index.save(partition.folder, stamp=stamp)
    partition.saved_stamp = stamp


def remove_other_folders(root: Path, kept: Iterable[Path]) -> None:
    """Remove the folders of all indexes but these. One that cannot be removed now goes next time."""
    names = {folder.name for folder in kept}
    if root.is_dir():
        for path in root.iterdir():
            if path.name not in names:
                with contextlib.suppress(OSError):
                    shutil.rmtree(path)
