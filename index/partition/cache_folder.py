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
from collections.abc import Iterable, Sequence
from pathlib import Path

from index.durable.cache_file import check_cache
from index.errors import CacheFileError
from index.partition.partition import Partition
from index.receipts import OpenProgress, ReportProgress
from index.store.effects import PackRow
from index.store.protocol import IndexMark, Store, StoreReader
from index.vector.engines import SearchEngines
from index.vector.protocol import SearchIndex

log = logging.getLogger(__name__)


def new_folder(root: Path, pack: PackRow) -> Path:
    """A folder for a new index, not made yet. The name says nothing but what modality it is."""
    digest = hashlib.sha256(pack.key.pack_id.encode()).hexdigest()[:8]
    return root / f"{pack.key.modality.value}-{digest}-{secrets.token_hex(8)}"


def load_marked(
    mark: IndexMark | None, root: Path, pack: PackRow, engines: SearchEngines
) -> tuple[SearchIndex, Path] | None:
    """The index whose files the store knows, by its mark of them, and their folder; None when there is none or it is
    damaged. Reads files only, most of the time without the GIL.

    Files that carry neither the stamp saved last nor the one announced since are of a later store, and hold what this
    one has not.
    """
    if mark is None:
        return None
    folder = root / mark.folder_name
    for part in folder.glob("*.part"):
        # Half written when the process was killed; it may hold what was deleted since.
        part.unlink()
    try:
        loaded = engines.load(pack.key.modality, folder)
    except CacheFileError as error:
        log.warning("the %s index is built again from the store: %s", pack.key.modality.value, error)
        return None
    if not loaded.stamp or loaded.stamp not in (mark.stamp, mark.next_stamp):
        log.warning("the %s index is built again: its files are of another store", pack.key.modality.value)
        return None
    return loaded, folder


def is_refused(reader: StoreReader, root: Path, partition: Partition) -> bool:
    """Whether a partition was made anew though there are index files of its pack that the store knows."""
    mark = reader.index_mark(partition.pack)
    if mark is None or partition.folder.name == mark.folder_name:
        return False
    return any((root / mark.folder_name).glob("*"))


def damaged_files(folders: Sequence[Path], report: ReportProgress) -> int:
    """How many index files in these folders are not byte for byte what was written; each is read whole."""
    paths = [path for folder in folders for path in sorted(folder.glob("*")) if path.is_file()]
    damaged_count = 0
    for done, path in enumerate(paths):
        report(OpenProgress("cache_files", done, len(paths)))
        try:
            check_cache(path)
        except CacheFileError:
            damaged_count += 1
    report(OpenProgress("cache_files", len(paths), len(paths)))
    return damaged_count


def save_cache(store: Store, partition: Partition) -> None:
    """Announce a stamp to the store and write the index files of a partition with it.

    Whatever the files hold was committed before, so a store that knows their stamp holds it too; only a copy of the
    store made in the middle of a saving, around SQLite, would not. Raises CacheFileError, DatabaseFullError; the files
    saved before stay believed then.
    """
    stamp = secrets.token_hex(16)
    store.put_index_mark(
        IndexMark(partition.pack.pack_number, partition.folder.name, partition.saved_stamp, next_stamp=stamp)
    )
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
