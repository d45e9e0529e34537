"""The cache files of the descriptor index: one a chunk, and a list of them with the stamp.

Saving writes the chunks that changed under new names and then replaces the list, so that the old list names nothing
but what it was written for until the new one stands. Scrubbing rewrites files in place without what was removed, and
adds nothing to them. Names are random: they say nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from index.arrays import UInt8Array, UInt32Array
from index.durable.cache_file import AnyArray, read_cache, write_cache
from index.errors import CacheFileError
from index.vector.votes.chunk import DescriptorChunk, Fingers, SavedPart, arrays_of, fingers_of
from index.vector.votes.lists import InvertedLists
from index.vector.votes.places import PlaceTable

LIST_NAME = "descriptors.cache"
LIST_KIND = "descriptor list"
CHUNK_KIND = "descriptor chunk"
CHUNK_SUFFIX = ".chunk"
_NAME_BYTES = 16
# Files whose codes are in memory beside the lists while these are filled: 70 MB.
_READ_TOGETHER = 64
# Index files of before did not say how many rows each list would have.
NOT_KNOWN = np.empty(0, dtype=np.int64)

Undisturbed = Callable[[], AbstractContextManager[object]]


def save_chunks(
    folder: Path,
    chunks: Sequence[DescriptorChunk],
    lists: InvertedLists,
    places: PlaceTable,
    undisturbed: Undisturbed,
    *,
    dim: int,
    codebook: str,
    stamp: str,
) -> None:
    """Write what changed and the list. undisturbed: nobody changes chunks or lists within it; entered while one chunk
    is copied, not while files are written.

    Raises CacheFileError, DatabaseFullError; the list of before stays whole then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for chunk in chunks:
        with undisturbed():
            is_there = chunk.is_saved and chunk.saved is not None and (folder / chunk.saved.file_name).is_file()
            fingers = chunk.fingers
            arrays = {} if is_there else arrays_of(fingers, lists, places)
        if not is_there:
            file_name = secrets.token_hex(_NAME_BYTES) + CHUNK_SUFFIX
            _write_chunk(folder / file_name, arrays)
            with undisturbed():
                chunk.mark_saved(file_name, fingers)
    names = [chunk.saved.file_name for chunk in chunks if chunk.saved is not None]
    packed = np.frombuffer(b"".join(name.encode("ascii") for name in names), dtype=np.uint8)
    meta = {"dim": dim, "codebook": codebook, "stamp": stamp, "chunk_count": len(names)}
    with undisturbed():
        row_counts = lists.row_counts()
    write_cache(folder / LIST_NAME, kind=LIST_KIND, meta=meta, arrays={"names": packed, "row_counts": row_counts})
    _delete_other_files(folder, names)


def scrub_chunks(
    folder: Path,
    chunks: Sequence[DescriptorChunk],
    lists: InvertedLists,
    places: PlaceTable,
    undisturbed: Undisturbed,
) -> None:
    """Rewrite the files that hold removed fingers without them. Raises CacheFileError, DatabaseFullError.

    Files of a list that a failed saving did not replace go: nobody knows what of them was removed since.
    """
    _delete_other_files(folder, [chunk.saved.file_name for chunk in chunks if chunk.saved is not None])
    for chunk in chunks:
        with undisturbed():
            saved = chunk.saved
            if saved is None or not saved.holds_removed:
                continue
            # Nothing that came after what the file holds.
            fingers = chunk.fingers.first(saved.finger_count)
            arrays = arrays_of(fingers, lists, places)
        _write_chunk(folder / saved.file_name, arrays)
        with undisturbed():
            chunk.mark_saved(saved.file_name, fingers)


def load_chunks(
    folder: Path, lists: InvertedLists, places: PlaceTable, *, codebook: str
) -> tuple[int, str, tuple[DescriptorChunk, ...]]:
    """Dimension, stamp and chunks that save_chunks wrote; fills the lists and places, which are empty. Raises
    CacheFileError."""
    contents = read_cache(folder / LIST_NAME, kind=LIST_KIND)
    if contents.text("codebook") != codebook:
        raise CacheFileError("the index files were made with another codebook; rebuild the index")
    packed = contents.array("names", np.uint8, 1).tobytes().decode("ascii")
    length = 2 * _NAME_BYTES + len(CHUNK_SUFFIX)
    if len(packed) != contents.integer("chunk_count") * length:
        raise CacheFileError("the list of index files is damaged; rebuild the index")
    names = [packed[start : start + length] for start in range(0, len(packed), length)]
    if len(known := contents.arrays.get("row_counts", NOT_KNOWN)) == lists.list_count:
        # At once: a list that grows bit by bit leaves memory behind that nobody uses, a third of what it holds.
        lists.make_room(known)
        places.make_room(int(known.sum()))
    chunks: list[DescriptorChunk] = []
    for start in range(0, len(names), _READ_TOGETHER):
        together = names[start : start + _READ_TOGETHER]
        parts = [_read_chunk(folder / name, lists) for name in together]
        row_counts = np.zeros(lists.list_count, dtype=np.int64)
        for fingers, _, _ in parts:
            row_counts += np.bincount(fingers.lists, minlength=lists.list_count)
        lists.make_room(row_counts)
        for name, (fingers, codes, of_rows) in zip(together, parts, strict=True):
            lists.append(fingers.lists, codes, fingers.row_ids())
            places.add(fingers.reference_ids, fingers.row_counts, of_rows)
            chunks.append(DescriptorChunk(fingers, SavedPart(name, len(fingers))))
    lists.trim()
    return contents.integer("dim"), contents.text("stamp"), tuple(chunks)


def _read_chunk(path: Path, lists: InvertedLists) -> tuple[Fingers, UInt8Array, UInt32Array]:
    return fingers_of(read_cache(path, kind=CHUNK_KIND, mapped=frozenset({"codes"})), lists.list_count)


def _delete_other_files(folder: Path, names: Sequence[str]) -> None:
    for path in folder.glob("*" + CHUNK_SUFFIX):
        if path.name not in names:
            path.unlink(missing_ok=True)


def _write_chunk(path: Path, arrays: dict[str, AnyArray]) -> None:
    write_cache(path, kind=CHUNK_KIND, meta={}, arrays=arrays)
