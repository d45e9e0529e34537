"""The one place where index files are written and read: versioned, checksummed, replaced atomically.

Index files are caches of the store. A file that is not byte for byte what was written raises CacheFileError and the
caller rebuilds; nothing is repaired or guessed. Below a sealed folder (sealed_folders.py) every file is encrypted, and
a plain one is refused; no other module opens an index file.

Layout (integers little-endian):
    8 bytes   magic b"STMATCH" and the format version: 2 plain, 3 encrypted
    8 bytes   length of the header
    32 bytes  plain: SHA-256 of the header; encrypted: HMAC-SHA256 of everything else before the regions
    24 bytes  encrypted only: random id of the file (16), id of the folder's key (8)
    header    JSON: kind, meta, regions [name, dtype, shape, sha256s]; padded with spaces to a multiple of 4096
    regions   one array each, in that order, zero-padded to a multiple of 4096 so that it can be memory-mapped;
              sha256s are those of its blocks of 1 MiB, padding included, so that erasing a row hashes little

In an encrypted file blocks are ciphertext of the same length in the same places, and in the place of its SHA-256 each
has 8 random bytes of its nonce and its tag (block_checks.py). The header is not secret: it says forms, stamps and file
names.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import math
import mmap
import os
import secrets
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from index.durable.block_checks import SLACK_BYTES, BlockChecks, DigestChecks, SealChecks
from index.durable.files import replacement
from index.durable.sealed_folders import key_for
from index.errors import CacheFileError, DatabaseFullError

PLAIN_VERSION: Final = 2
SEALED_VERSION: Final = 3
MAGIC: Final = b"STMATCH"
ALIGNMENT_BYTES = 4096
BLOCK_BYTES = 1 << 20
# Written blocks go to the disk after so many: one sync of hundreds of megabytes would hold up every other sync of the
# file system meanwhile, those of the store among them.
SYNC_BLOCK_COUNT = 16
_FIXED = struct.Struct("<8sQ32s")
_IDENTITY = struct.Struct("<16s8s")
_DTYPES = frozenset({"uint8", "uint16", "uint32", "int32", "int64", "float32", "float64"})
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)

AnyArray = npt.NDArray[Any]
Select = Callable[["Regions"], Mapping[str, npt.NDArray[np.int64]]]


@dataclass(frozen=True, slots=True, eq=False)
class CacheContents:
    """A verified file: meta as it was written, arrays by name. Mapped arrays are read-only, those of an encrypted file
    are memory of their own."""

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
    frame = _new_frame(path)
    # The header comes first in the file and is written last; checks all have the length of these.
    checks = {name: [frame.checks.empty_check] * _block_count(region) for name, region in regions.items()}
    first = frame.prefix_bytes + len(frame.padded(_header(kind, meta, regions, checks)))
    try:
        with replacement(path) as file:
            file.seek(first)
            number = 0
            for name, region in regions.items():
                checks[name] = _write_region(file, region, frame.checks, number)
                number += len(checks[name])
            file.seek(0)
            file.write(frame.head(_header(kind, meta, regions, checks)))
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
    """Read and verify a whole file. Arrays named in mapped stay on disk, memory-mapped; the others are copied. Those of
    an encrypted file are decrypted into memory, all of them.

    wanted: names of the arrays to return; None for all. What is not wanted is verified all the same.
    between: called between blocks; what it raises ends the reading.

    Raises CacheFileError when the file is absent, of another version or kind, differs in any byte, or is not encrypted
    with the key of its folder.
    """
    view = _mapped(path)
    arrays: dict[str, AnyArray] = {}
    regions = Regions(view, *_opened(view, path, kind))
    for name in regions.names:
        array = regions.verified(name, between, keep=wanted is None or name in wanted)
        if array is not None:
            arrays[name] = array if name in mapped or regions.are_sealed else array.copy()
    return CacheContents(meta=regions.meta, arrays=arrays)


def check_cache(path: Path) -> None:
    """Read a whole file of any kind. Raises CacheFileError where it differs in any byte."""
    view = _mapped(path)
    regions = Regions(view, *_opened(view, path, None))
    for name in regions.names:
        regions.verified(name, lambda: None, keep=False)


def erase_in_cache(path: Path, *, kind: str, select: Select) -> bool:
    """Overwrite bytes of a file with zeros, in place and on disk; returns whether there were any.

    select: from the arrays (of plain files mapped and not verified) to the positions of the bytes, int64 (n,), within
    each array. The blocks they lie in are verified before and get new checks; a process that dies in between leaves a
    file that is refused. Raises CacheFileError.
    """
    try:
        with path.open("r+b") as file:
            mapping = mmap.mmap(file.fileno(), 0)
            erased = _erase(memoryview(mapping), path, kind, select)
            if erased:
                mapping.flush()
                os.fsync(file.fileno())
    except (OSError, ValueError) as error:
        raise CacheFileError("the index file cannot be changed; rebuild the index") from error
    return erased


def _erase(view: memoryview, path: Path, kind: str, select: Select) -> bool:
    frame, header, end = _opened(view, path, kind)
    regions = Regions(view, frame, header, end)
    chosen = {name: positions for name, positions in select(regions).items() if positions.size}
    for name, positions in chosen.items():
        regions.erase(name, positions)
    if chosen:
        head = frame.head(header)
        view[: len(head)] = head
    return bool(chosen)


class _Frame:
    """What stands around the regions of a file: its first bytes, and how blocks are checked."""

    def __init__(self, checks: BlockChecks, identity: bytes) -> None:
        """identity: of an encrypted file, b"" of a plain one."""
        self.checks = checks
        self._identity = identity

    @property
    def prefix_bytes(self) -> int:
        """What lies before the header."""
        return _FIXED.size + len(self._identity)

    def padded(self, header: Mapping[str, object]) -> bytes:
        """The header as it is written."""
        content = json.dumps(header, sort_keys=True).encode()
        return content + b" " * _padding_length(self.prefix_bytes + len(content))

    def head(self, header: Mapping[str, object]) -> bytes:
        """Everything before the regions."""
        content = self.padded(header)
        magic = MAGIC + bytes([SEALED_VERSION if self._identity else PLAIN_VERSION])
        return _FIXED.pack(magic, len(content), self._digest(magic, content)) + self._identity + content

    def fits(self, magic: bytes, digest: bytes, content: memoryview) -> bool:
        """Whether the digest is that of the header."""
        return hmac.compare_digest(self._digest(magic, bytes(content)), digest)

    def _digest(self, magic: bytes, content: bytes) -> bytes:
        if isinstance(self.checks, SealChecks):
            return self.checks.header_check(magic + len(content).to_bytes(8, "little") + self._identity + content)
        return hashlib.sha256(content).digest()


class Regions:
    """The arrays of a file that is open, by name."""

    def __init__(self, view: memoryview, frame: _Frame, header: Mapping[str, Any], start: int) -> None:
        """start: of the first one. Raises CacheFileError where the file has another length than its header states."""
        self._view = view
        self._checks = frame.checks
        self._places: dict[str, tuple[int, int, dict[str, Any]]] = {}
        offset, number = start, 0
        for region in header["regions"]:
            self._places[region["name"]] = (offset, number, region)
            offset, number = _region_end(region, offset), number + len(region["sha256s"])
        if offset != len(view):
            raise CacheFileError("the index file does not have the length it states; rebuild the index")
        self.meta: Mapping[str, object] = header["meta"]

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(self._places)

    @property
    def are_sealed(self) -> bool:
        """Whether the file is encrypted."""
        return isinstance(self._checks, SealChecks)

    def shape(self, name: str) -> tuple[int, ...]:
        """Of an array."""
        return tuple(self._places[name][2]["shape"])

    def array(self, name: str) -> AnyArray:
        """One array, of a plain file mapped and not verified. Raises CacheFileError."""
        offset, _, region = self._places[name]
        if not self.are_sealed:
            return _region_array(self._view, region, offset)
        array = self.verified(name, lambda: None, keep=True)
        assert array is not None
        return array

    def verified(self, name: str, between: Callable[[], None], *, keep: bool) -> AnyArray | None:
        """One array, every block of it checked; mapped, or decrypted. None unless keep. Raises CacheFileError."""
        offset, _, region = self._places[name]
        length = _region_end(region, offset) - offset
        room = np.empty(length + SLACK_BYTES, dtype=np.uint8).data if self.are_sealed and keep else None
        for start, content, check, number in self._blocks(name):
            between()
            into = None if room is None else room[start : start + len(content) + SLACK_BYTES]
            if not self._checks.read(content, check, number, into):
                raise CacheFileError("the index file is damaged; rebuild the index")
        if not keep:
            return None
        return _region_array(self._view, region, offset) if room is None else _region_array(room, region, 0)

    def erase(self, name: str, positions: npt.NDArray[np.int64]) -> None:
        """Zeros at these positions of an array, in the file; the header's checks become those of the new blocks."""
        *_, region = self._places[name]
        touched = frozenset(np.unique(positions // BLOCK_BYTES).tolist())
        for start, content, check, number in self._blocks(name):
            if start // BLOCK_BYTES not in touched:
                continue
            plain = np.empty(len(content) + SLACK_BYTES, dtype=np.uint8)
            if not self._checks.read(content, check, number, plain.data):
                raise CacheFileError("the index file is damaged; rebuild the index")
            if not self.are_sealed:
                plain[: len(content)] = np.frombuffer(content, dtype=np.uint8)
            plain[positions[positions // BLOCK_BYTES == start // BLOCK_BYTES] - start] = 0
            writer = self._checks.writer(number)
            content[:] = writer.update(plain[: len(content)].data)
            region["sha256s"][start // BLOCK_BYTES] = writer.check()

    def _blocks(self, name: str) -> Iterator[tuple[int, memoryview, str, int]]:
        """(start within the region, bytes in the file, check, number within the file) of each block."""
        offset, first, region = self._places[name]
        content = self._view[offset : _region_end(region, offset)]
        starts = range(0, len(content), BLOCK_BYTES)
        if len(starts) != len(region["sha256s"]):
            raise CacheFileError("the index file is damaged; rebuild the index")
        for place, (start, check) in enumerate(zip(starts, region["sha256s"], strict=True)):
            yield start, content[start : start + BLOCK_BYTES], check, first + place


def _new_frame(path: Path) -> _Frame:
    key = key_for(path)
    if key is None:
        return _Frame(DigestChecks(), b"")
    file_id = secrets.token_bytes(16)
    return _Frame(SealChecks(key.key, file_id), _IDENTITY.pack(file_id, key.key_id.encode("ascii")))


def _mapped(path: Path) -> memoryview:
    """Raises CacheFileError."""
    try:
        with path.open("rb") as file:
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as error:
        raise CacheFileError("the index file is not there or cannot be read; rebuild the index") from error


def _opened(view: memoryview, path: Path, kind: str | None) -> tuple[_Frame, dict[str, Any], int]:
    """Frame, header, and where the regions begin. kind: None for any. What the header says is believed once its check
    is right."""
    if len(view) < _FIXED.size:
        raise CacheFileError("the index file is truncated; rebuild the index")
    magic, length, digest = _FIXED.unpack_from(view)
    if magic[:-1] != MAGIC:
        raise CacheFileError("this is not an index file; rebuild the index")
    frame = _frame_of(view, path, version=magic[-1])
    start = frame.prefix_bytes
    end = start + length
    if end > len(view) or end % ALIGNMENT_BYTES or not frame.fits(magic, digest, view[start:end]):
        raise CacheFileError("the header of the index file is damaged; rebuild the index")
    header: dict[str, Any] = json.loads(bytes(view[start:end]))
    if any(region["dtype"] not in _DTYPES for region in header["regions"]):
        raise CacheFileError("the index file holds an array of an unknown type; rebuild the index")
    if kind is not None and header["kind"] != kind:
        raise CacheFileError("the index file is of another kind; rebuild the index")
    return frame, header, end


def _frame_of(view: memoryview, path: Path, *, version: int) -> _Frame:
    key = key_for(path)
    expected = PLAIN_VERSION if key is None else SEALED_VERSION
    if version not in (PLAIN_VERSION, SEALED_VERSION):
        raise CacheFileError(f"the index file has version {version}, not {expected}; rebuild the index")
    if version != expected:
        what = "is encrypted and there is no key" if key is None else "is not encrypted"
        raise CacheFileError(f"the index file {what}; rebuild the index")
    if key is None:
        return _Frame(DigestChecks(), b"")
    identity = bytes(view[_FIXED.size : _FIXED.size + _IDENTITY.size])
    if len(identity) < _IDENTITY.size or identity[16:].rstrip(b"\0") != key.key_id.encode("ascii"):
        raise CacheFileError("the index file is encrypted with another key; rebuild the index")
    return _Frame(SealChecks(key.key, identity[:16]), identity)


def _write_error(error: OSError) -> DatabaseFullError | CacheFileError:
    if error.errno in _DISK_FULL:
        return DatabaseFullError("no space is left on the disk for the index file; free some and try again")
    return CacheFileError("the index file cannot be written; check the disk and its permissions")


def _header(
    kind: str, meta: Mapping[str, object], regions: Mapping[str, Blocks], checks: Mapping[str, list[str]]
) -> dict[str, object]:
    entries = [
        {"name": name, "dtype": region.dtype, "shape": region.shape, "sha256s": checks[name]}
        for name, region in regions.items()
    ]
    return {"kind": kind, "meta": dict(meta), "regions": entries}


def _region_end(region: Mapping[str, Any], start: int) -> int:
    length: int = math.prod(region["shape"]) * np.dtype(region["dtype"]).itemsize
    return start + length + _padding_length(length)


def _region_array(view: memoryview, region: Mapping[str, Any], start: int) -> AnyArray:
    count = math.prod(region["shape"])
    return np.frombuffer(view, dtype=region["dtype"], count=count, offset=start).reshape(region["shape"])


def _block_count(region: Blocks) -> int:
    length = math.prod(region.shape) * np.dtype(region.dtype).itemsize
    return -(-(length + _padding_length(length)) // BLOCK_BYTES)


def _one_block(array: AnyArray) -> Blocks:
    return Blocks(dtype=array.dtype.name, shape=array.shape, blocks=(array,))


def _write_region(file: BinaryIO, region: Blocks, checks: BlockChecks, first: int) -> list[str]:
    """Write and pad one array; returns the checks of its blocks, padding included. first: number of the first one."""
    found: list[str] = []
    writer, length = checks.writer(first), 0

    def write(content: memoryview) -> None:
        nonlocal writer, length
        while content.nbytes:
            part = content[: BLOCK_BYTES - length % BLOCK_BYTES]
            file.write(writer.update(part))
            length += part.nbytes
            content = content[part.nbytes :]
            if length % BLOCK_BYTES == 0:
                found.append(writer.check())
                writer = checks.writer(first + len(found))
                if len(found) % SYNC_BLOCK_COUNT == 0:
                    file.flush()
                    os.fsync(file.fileno())

    for block in region.blocks:
        write(np.ascontiguousarray(block).reshape(-1).view(np.uint8).data)
    if length != math.prod(region.shape) * np.dtype(region.dtype).itemsize:
        raise ValueError("the blocks do not make up an array of the shape they were announced with")
    write(memoryview(bytes(_padding_length(length))))
    if length % BLOCK_BYTES:
        found.append(writer.check())
    return found


def _padding_length(length: int) -> int:
    return -length % ALIGNMENT_BYTES
