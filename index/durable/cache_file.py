"""The one place where index files are written and read: versioned, checksummed, replaced atomically.

Index files are caches of the store. A file that is not byte for byte what was written raises CacheFileError and the
caller rebuilds; nothing is repaired or guessed. Encryption at rest belongs here: no other module opens an index file.

Layout (integers little-endian):
    8 bytes   magic b"STMATCH" and the format version
    8 bytes   length of the header
    32 bytes  SHA-256 of the header
    header    JSON: kind, meta, regions [name, dtype, shape, sha256s]; padded with spaces to a multiple of 4096
    regions   one array each, in that order, zero-padded to a multiple of 4096 so that it can be memory-mapped;
              sha256s are those of its blocks of 1 MiB, padding included, so that erasing a row hashes little
"""

from __future__ import annotations

import errno
import hashlib
import json
import math
import mmap
import os
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from index.durable.files import replacement
from index.errors import CacheFileError, DatabaseFullError

FORMAT_VERSION = 2
MAGIC = b"STMATCH" + bytes([FORMAT_VERSION])
ALIGNMENT_BYTES = 4096
BLOCK_BYTES = 1 << 20
# Written blocks go to the disk after so many: one sync of hundreds of megabytes would hold up every other sync of the
# file system meanwhile, those of the store among them.
SYNC_BLOCK_COUNT = 16
_FIXED = struct.Struct("<8sQ32s")
_DTYPES = frozenset({"uint8", "uint16", "int32", "int64", "float32", "float64"})
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)

AnyArray = npt.NDArray[Any]
Select = Callable[[Mapping[str, AnyArray]], Mapping[str, npt.NDArray[np.int64]]]


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
    # The header comes first in the file and is written last; digests all have the length of these.
    digests = {name: [hashlib.sha256().hexdigest()] * _block_count(region) for name, region in regions.items()}
    header_length = len(_header_bytes(kind, meta, regions, digests))
    try:
        with replacement(path) as file:
            file.seek(_FIXED.size + header_length)
            for name, region in regions.items():
                digests[name] = _write_region(file, region)
            header = _header_bytes(kind, meta, regions, digests)
            file.seek(0)
            file.write(_FIXED.pack(MAGIC, len(header), hashlib.sha256(header).digest()) + header)
    except OSError as error:
        raise _write_error(error) from error


def read_cache(
    path: Path,
    *,
    kind: str,
    mapped: frozenset[str] = frozenset(),
    wanted: frozenset[str] | None = None,
    between: Callable[[], None] = lambda: None,
) -> CacheContents:
    """Read and verify a whole file. Arrays named in mapped stay on disk, memory-mapped; the others are copied.

    wanted: names of the arrays to return; None for all. What is not wanted is verified all the same.
    between: called between blocks; what it raises ends the reading.

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
        end = _region_end(region, offset)
        if end > len(view) or _block_digests(view[offset:end], between) != region["sha256s"]:
            raise CacheFileError("the index file is damaged; rebuild the index")
        name = region["name"]
        if wanted is None or name in wanted:
            array = _region_array(view, region, offset)
            arrays[name] = array if name in mapped else array.copy()
        offset = end
    if offset != len(view):
        raise CacheFileError("the index file is longer than it says; rebuild the index")
    return CacheContents(meta=header["meta"], arrays=arrays)


def erase_in_cache(path: Path, *, kind: str, select: Select) -> bool:
    """Overwrite bytes of a file with zeros, in place and on disk; returns whether there were any.

    select: from the arrays (mapped, not verified) to the positions of the bytes, int64 (n,), within each array. The
    blocks they lie in are verified before and get new checksums; a process that dies in between leaves a file that is
    refused. Raises CacheFileError.
    """
    try:
        with path.open("r+b") as file:
            mapping = mmap.mmap(file.fileno(), 0)
            erased = _erase(memoryview(mapping), kind, select)
            if erased:
                mapping.flush()
                os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        raise CacheFileError("the index file cannot be changed; rebuild the index") from error
    return erased


def _erase(view: memoryview, kind: str, select: Select) -> bool:
    header, offset = _verified_header(view)
    if header["kind"] != kind:
        raise CacheFileError("the index file is of another kind; rebuild the index")
    starts: dict[str, tuple[int, dict[str, Any]]] = {}
    for region in header["regions"]:
        starts[region["name"]] = (offset, region)
        offset = _region_end(region, offset)
    if offset != len(view):
        raise CacheFileError("the index file is truncated; rebuild the index")
    chosen = select({name: _region_array(view, region, start) for name, (start, region) in starts.items()})
    for name, positions in chosen.items():
        start, region = starts[name]
        content = view[start : _region_end(region, start)]
        for number in np.unique(positions // BLOCK_BYTES).tolist():
            block = content[number * BLOCK_BYTES : (number + 1) * BLOCK_BYTES]
            if hashlib.sha256(block).hexdigest() != region["sha256s"][number]:
                raise CacheFileError("the index file is damaged; rebuild the index")
            inside = positions[positions // BLOCK_BYTES == number] - number * BLOCK_BYTES
            np.frombuffer(block, dtype=np.uint8)[inside] = 0
            region["sha256s"][number] = hashlib.sha256(block).hexdigest()
    if any(positions.size for positions in chosen.values()):
        changed = _padded_header(header)
        fixed = _FIXED.pack(MAGIC, len(changed), hashlib.sha256(changed).digest())
        view[: len(fixed) + len(changed)] = fixed + changed
        return True
    return False


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


def _write_error(error: OSError) -> DatabaseFullError | CacheFileError:
    if error.errno in _DISK_FULL:
        return DatabaseFullError("no space is left on the disk for the index file; free some and try again")
    return CacheFileError("the index file cannot be written; check the disk and its permissions")


def _header_bytes(
    kind: str, meta: Mapping[str, object], regions: Mapping[str, Blocks], digests: Mapping[str, list[str]]
) -> bytes:
    entries = [
        {"name": name, "dtype": region.dtype, "shape": region.shape, "sha256s": digests[name]}
        for name, region in regions.items()
    ]
    return _padded_header({"kind": kind, "meta": dict(meta), "regions": entries})


def _padded_header(header: Mapping[str, object]) -> bytes:
    content = json.dumps(header, sort_keys=True).encode()
    return content + b" " * _padding_length(_FIXED.size + len(content))


def _region_end(region: Mapping[str, Any], start: int) -> int:
    length: int = math.prod(region["shape"]) * np.dtype(region["dtype"]).itemsize
    return start + length + _padding_length(length)


def _region_array(view: memoryview, region: Mapping[str, Any], start: int) -> AnyArray:
    count = math.prod(region["shape"])
    return np.frombuffer(view, dtype=region["dtype"], count=count, offset=start).reshape(region["shape"])


def _block_digests(content: memoryview, between: Callable[[], None]) -> list[str]:
    digests = []
    for start in range(0, len(content), BLOCK_BYTES):
        between()
        digests.append(hashlib.sha256(content[start : start + BLOCK_BYTES]).hexdigest())
    return digests


def _block_count(region: Blocks) -> int:
    length = math.prod(region.shape) * np.dtype(region.dtype).itemsize
    return -(-(length + _padding_length(length)) // BLOCK_BYTES)


def _one_block(array: AnyArray) -> Blocks:
    return Blocks(dtype=array.dtype.name, shape=array.shape, blocks=(array,))


def _write_region(file: BinaryIO, region: Blocks) -> list[str]:
    """Write and pad one array; returns the checksums of its blocks, padding included."""
    digests, digest, length = [], hashlib.sha256(), 0

    def write(content: memoryview) -> None:
        nonlocal digest, length
        while content.nbytes:
            part = content[: BLOCK_BYTES - length % BLOCK_BYTES]
            file.write(part)
            digest.update(part)
            length += part.nbytes
            content = content[part.nbytes :]
            if length % BLOCK_BYTES == 0:
                digests.append(digest.hexdigest())
                digest = hashlib.sha256()
                if len(digests) % SYNC_BLOCK_COUNT == 0:
                    file.flush()
                    os.fsync(file.fileno())

    for block in region.blocks:
        write(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)
    if length != math.prod(region.shape) * np.dtype(region.dtype).itemsize:
        raise ValueError("the blocks do not make up an array of the shape they were announced with")
    write(memoryview(bytes(_padding_length(length))))
    if length % BLOCK_BYTES:
        digests.append(digest.hexdigest())
    return digests


def _padding_length(length: int) -> int:
    return -length % ALIGNMENT_BYTES
