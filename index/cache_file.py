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
from collections.abc import Iterator, Mapping
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


def write_cache(path: Path, *, kind: str, meta: Mapping[str, object], arrays: Mapping[str, AnyArray]) -> None:
    """Write arrays and meta (JSON values) to path; a reader sees the old file or the whole new one.

    Raises DatabaseFullError when the disk is full, CacheFileError when it cannot be written; the old file stays.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    regions = [
        {"name": name, "dtype": array.dtype.name, "shape": array.shape, "sha256": _region_digest(_bytes_of(array))}
        for name, array in contiguous.items()
    ]
    header = json.dumps({"kind": kind, "meta": dict(meta), "regions": regions}, sort_keys=True).encode()
    header += b" " * _padding_length(_FIXED.size + len(header))
    try:
        with _replacement(path) as file:
            file.write(_FIXED.pack(MAGIC, len(header), hashlib.sha256(header).digest()))
            file.write(header)
            for array in contiguous.values():
                file.write(_bytes_of(array))
                file.write(bytes(_padding_length(array.nbytes)))
    except OSError as error:
        raise _write_error(error) from error


def read_cache(path: Path, *, kind: str, mapped: frozenset[str] = frozenset()) -> CacheContents:
    """Read and verify a whole file. Arrays named in mapped stay on disk, memory-mapped; the others are copied.

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
        array = np.frombuffer(view, dtype=region["dtype"], count=count, offset=offset).reshape(region["shape"])
        arrays[region["name"]] = array if region["name"] in mapped else array.copy()
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


def _region_digest(content: memoryview) -> str:
    digest = hashlib.sha256(content)
    digest.update(bytes(_padding_length(content.nbytes)))
    return digest.hexdigest()


def _bytes_of(array: AnyArray) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def _padding_length(length: int) -> int:
    return -length % ALIGNMENT_BYTES
