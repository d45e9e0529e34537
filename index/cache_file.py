"""The one place where index files are written and read: versioned, checksummed, replaced atomically.

Index files are caches of the store. A file that is not byte for byte what was written raises CacheFileError and the
caller rebuilds; nothing is repaired or guessed. Encryption at rest belongs here: no other module opens an index file.

Layout (integers little-endian):
    8 bytes   magic b"STMATCH" and the format version
    8 bytes   length of the header
    32 bytes  SHA-256 of the header
    header    JSON: kind, meta, regions [name, dtype, shape, sha256]; padded with spaces to a multiple of 4096
    regions   one array each, in that order, zero-padded to a multiple of 4096 so that it can be memory-mapped;
              the padding is part of the region and of its checksum
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from index.errors import CacheFileError, DatabaseFullError

FORMAT_VERSION = 1
MAGIC = b"STMATCH" + bytes([FORMAT_VERSION])
ALIGNMENT_BYTES = 4096
_FIXED = struct.Struct("<8sQ32s")
_DTYPES = frozenset({"uint8", "uint16", "int32", "int64", "float32", "float64"})
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class CacheContents:
    """A verified file: meta as it was written, arrays by name. Mapped arrays are read-only."""

    meta: Mapping[str, object]
    arrays: Mapping[str, AnyArray]

    def integer(self, name: str) -> int:
        """An int of meta, or CacheFileError."""
        value = self.meta.get(name)
        if not isinstance(value, int):
            raise CacheFileError(f"the index file has no number {name}; rebuild the index")
        return value

    def text(self, name: str) -> str:
        """A string of meta, or CacheFileError."""
        value = self.meta.get(name)
        if not isinstance(value, str):
            raise CacheFileError(f"the index file has no text {name}; rebuild the index")
        return value

    def array(self, name: str, dtype: npt.DTypeLike, ndim: int) -> AnyArray:
        """An array of this dtype and number of dimensions, or CacheFileError."""
        array = self.arrays.get(name)
        if array is None or array.dtype != np.dtype(dtype) or array.ndim != ndim:
            raise CacheFileError(f"the index file has no array {name} of the right form; rebuild the index")
        return array


@dataclass(frozen=True, slots=True)
class Blocks:
    """An array of this shape and dtype that is written block by block along its first axis, never held whole."""

    dtype: str
    shape: tuple[int, ...]
    blocks: Iterable[AnyArray]


def write_cache(path: Path, *, kind: str, meta: Mapping[str, object], arrays: Mapping[str, AnyArray | Blocks]) -> None:
    """Write arrays and meta (JSON values) to path; a reader sees the old file or the whole new one.

    Raises DatabaseFullError when the disk is full, CacheFileError when it cannot be written; the old file stays.
    """
    regions = {name: array if isinstance(array, Blocks) else _one_block(array) for name, array in arrays.items()}
    # The header comes first in the file and is written last; digests all have the length of this one.
    digests = dict.fromkeys(regions, hashlib.sha256().hexdigest())
    header_length = len(_header_bytes(kind, meta, regions, digests))
    try:
        with _replacement(path) as file:
            file.seek(_FIXED.size + header_length)
            for name, region in regions.items():
                digests[name] = _write_region(file, region)
            header = _header_bytes(kind, meta, regions, digests)
            file.seek(0)
            file.write(_FIXED.pack(MAGIC, len(header), hashlib.sha256(header).digest()) + header)
    except OSError as error:
        raise _write_error(error) from error


def read_cache(
    path: Path, *, kind: str, mapped: frozenset[str] = frozenset(), wanted: frozenset[str] | None = None
) -> CacheContents:
    """Read and verify a whole file. Arrays named in mapped stay on disk, memory-mapped; the others are copied.

    wanted: names of the arrays to return; None for all. What is not wanted is verified all the same.

    Raises CacheFileError when the file is absent, of another version or kind, or differs in any byte.
    """
    try:
        with path.open("rb") as file:
            view = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise CacheFileError("the index file is not there or cannot be read; rebuild the index") from error
    header, offset = _verified_header(view)
    if header["kind"] != kind:
        raise CacheFileError("the index file is of another kind; rebuild the index")
    arrays: dict[str, AnyArray] = {}
    for region in header["regions"]:
        count = math.prod(region["shape"])
        length = count * np.dtype(region["dtype"]).itemsize
        end = offset + length + _padding_length(length)
        if end > len(view) or hashlib.sha256(view[offset:end]).hexdigest() != region["sha256"]:
            raise CacheFileError("the index file is damaged; rebuild the index")
        name = region["name"]
        if wanted is None or name in wanted:
            array = np.frombuffer(view, dtype=region["dtype"], count=count, offset=offset).reshape(region["shape"])
            arrays[name] = array if name in mapped else array.copy()
        offset = end
    if offset != len(view):
        raise CacheFileError("the index file is longer than it says; rebuild the index")
    return CacheContents(meta=header["meta"], arrays=arrays)


def _verified_header(view: memoryview) -> tuple[dict[str, Any], int]:
    """The header and the offset of the first region. Content is trusted once its checksum is right."""
    if len(view) < _FIXED.size:
        raise CacheFileError("the index file is truncated; rebuild the index")
    magic, length, digest = _FIXED.unpack_from(view)
    if magic[:-1] != MAGIC[:-1]:
        raise CacheFileError("this is not an index file; rebuild the index")
    if magic != MAGIC:
        raise CacheFileError(f"the index file has version {magic[-1]}, not {FORMAT_VERSION}; rebuild the index")
    end = _FIXED.size + length
    if end > len(view) or end % ALIGNMENT_BYTES or hashlib.sha256(view[_FIXED.size : end]).digest() != digest:
        raise CacheFileError("the header of the index file is damaged; rebuild the index")
    header: dict[str, Any] = json.loads(bytes(view[_FIXED.size : end]))
    if any(region["dtype"] not in _DTYPES for region in header["regions"]):
        raise CacheFileError("the index file holds an array of an unknown type; rebuild the index")
    return header, end


@contextlib.contextmanager
def _replacement(path: Path) -> Iterator[BinaryIO]:
    """A new file beside path that takes its place, on disk, when the block ends well, and vanishes otherwise."""
    handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_error(error: OSError) -> DatabaseFullError | CacheFileError:
    if error.errno in _DISK_FULL:
        return DatabaseFullError("no space is left on the disk for the index file; free some and try again")
    return CacheFileError("the index file cannot be written; check the disk and its permissions")


def _header_bytes(
    kind: str, meta: Mapping[str, object], regions: Mapping[str, Blocks], digests: Mapping[str, str]
) -> bytes:
    entries = [
        {"name": name, "dtype": region.dtype, "shape": region.shape, "sha256": digests[name]}
        for name, region in regions.items()
    ]
    header = json.dumps({"kind": kind, "meta": dict(meta), "regions": entries}, sort_keys=True).encode()
    return header + b" " * _padding_length(_FIXED.size + len(header))


def _one_block(array: AnyArray) -> Blocks:
    return Blocks(dtype=array.dtype.name, shape=array.shape, blocks=(array,))


def _write_region(file: BinaryIO, region: Blocks) -> str:
    """Write and pad one array; returns the checksum of both."""
    digest, length = hashlib.sha256(), 0
    for block in region.blocks:
        content = np.ascontiguousarray(block).reshape(-1).view(np.uint8).data
        file.write(content)
        digest.update(content)
        length += content.nbytes
    if length != math.prod(region.shape) * np.dtype(region.dtype).itemsize:
        raise ValueError("the blocks do not make up an array of the shape they were announced with")
    padding = bytes(_padding_length(length))
    file.write(padding)
    digest.update(padding)
    return digest.hexdigest()


def _padding_length(length: int) -> int:
    return -length % ALIGNMENT_BYTES
