"""The cache files of the descriptor index: one a chunk, and a list of them with the stamp.

Saving writes the chunks that changed under new names and then replaces the list, so that the old list names nothing
but what it was written for until the new one stands. Scrubbing rewrites files in place without what was removed, and
adds nothing to them. Names are random: they say nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from index.durable.cache_file import AnyArray, read_cache, write_cache
from index.errors import CacheFileError
from index.vector.votes.chunk import DescriptorChunk

LIST_NAME = "descriptors.cache"
LIST_KIND = "descriptor list"
CHUNK_KIND = "descriptor chunk"
CHUNK_SUFFIX = ".chunk"
_NAME_BYTES = 16


def save_chunks(
    folder: Path, chunks: Sequence[DescriptorChunk], lock: AbstractContextManager[object], *, dim: int, stamp: str
) -> None:
    """Write what changed and the list. lock: guards the chunks; held while one is copied, not while files are written.

    Raises CacheFileError, DatabaseFullError; the list of before stays whole then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for chunk in chunks:
        with lock:
            is_there = chunk.is_saved and chunk.saved is not None and (folder / chunk.saved.file_name).is_file()
            copied = None if is_there else chunk.to_save(secrets.token_hex(_NAME_BYTES) + CHUNK_SUFFIX)
        if copied is not None:
            part, arrays = copied
            _write_chunk(folder / part.file_name, arrays)
            with lock:
                chunk.mark_saved(part)
    names = [chunk.saved.file_name for chunk in chunks if chunk.saved is not None]
    packed = np.frombuffer(b"".join(name.encode("ascii") for name in names), dtype=np.uint8)
    meta = {"dim": dim, "stamp": stamp, "chunk_count": len(names)}
    write_cache(folder / LIST_NAME, kind=LIST_KIND, meta=meta, arrays={"names": packed})
    _delete_other_files(folder, names)


def scrub_chunks(folder: Path, chunks: Sequence[DescriptorChunk], lock: AbstractContextManager[object]) -> None:
    """Rewrite the files that hold removed fingers without them. Raises CacheFileError, DatabaseFullError.

    Files of a list that a failed saving did not replace go: nobody knows what of them was removed since.
    """
    _delete_other_files(folder, [chunk.saved.file_name for chunk in chunks if chunk.saved is not None])
    for chunk in chunks:
        with lock:
            copied = chunk.to_scrub()
        if copied is not None:
            part, arrays = copied
            try:
                _write_chunk(folder / part.file_name, arrays)
            except BaseException:
                with lock:
                    chunk.mark_not_scrubbed()
                raise


def load_chunks(folder: Path) -> tuple[int, str, tuple[DescriptorChunk, ...]]:
    """Dimension, stamp and chunks that save_chunks wrote. Raises CacheFileError."""
    contents = read_cache(folder / LIST_NAME, kind=LIST_KIND)
    dim, count = contents.integer("dim"), contents.integer("chunk_count")
    packed = contents.array("names", np.uint8, 1).tobytes().decode("ascii")
    length = 2 * _NAME_BYTES + len(CHUNK_SUFFIX)
    if len(packed) != count * length:
        raise CacheFileError("the list of index files is damaged; rebuild the index")
    chunks = []
    for start in range(0, len(packed), length):
        name = packed[start : start + length]
        chunks.append(DescriptorChunk.from_file(dim, read_cache(folder / name, kind=CHUNK_KIND), name))
    return dim, contents.text("stamp"), tuple(chunks)


def _delete_other_files(folder: Path, names: Sequence[str]) -> None:
    for path in folder.glob("*" + CHUNK_SUFFIX):
        if path.name not in names:
            path.unlink(missing_ok=True)


def _write_chunk(path: Path, arrays: dict[str, AnyArray]) -> None:
    write_cache(path, kind=CHUNK_KIND, meta={}, arrays=arrays)
