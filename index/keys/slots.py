"""The slots: a file of secrets, one for each subject and reference, wrapped by the master key.

It is not part of a backup: whoever erases a slot closes what it opened in every copy of the store. A slot is given
once.

Layout (integers little-endian):
    8 bytes   magic b"SMSLOTS" and the format version
    16 bytes  random id of the file, which the store keeps
    8 bytes   id of the master key
    32 bytes  random, of this wrapping
    32 bytes  HMAC-SHA256 of all that, by a key derived from the master key
    32 bytes  zeros
    slots     64 bytes each: nonce (12), wrapped secret (32), tag (16), 4 zeros; all zeros once it is erased

The wrapping key is derived from the master key and the random bytes of the wrapping; id of the file and number of the
slot are authenticated with each. 64 divides a sector: an erased slot never takes a part of its neighbor along.
"""

from __future__ import annotations

import hmac
import mmap
import os
import secrets
import struct
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from index.durable.disk_errors import named_disk_errors
from index.durable.files import overwrite, remove_unfinished, replacement, sync_folder, write_all
from index.errors import EncryptionKeyError
from index.keys.master_key import MasterKey

MAGIC: Final = b"SMSLOTS\x01"
SECRET_BYTES: Final = 32
_HEADER = struct.Struct("<8s16s8s32s")
_CHECK_BYTES: Final = 32
FIRST_OFFSET: Final = 128
SLOT_BYTES: Final = 64
_NONCE_BYTES, _SEALED_BYTES = 12, 12 + SECRET_BYTES + 16
_ERASED: Final = bytes(SLOT_BYTES)
# Slots made ahead, so that not every enrollment waits for a second sync. A process that ends leaves the rest unused, so
# a quiet one makes few.
_FIRST_BATCH, _LARGEST_BATCH = 16, 1024
_SLOTS_A_STEP: Final = 8192

Report = Callable[[int, int], None]


class KeySlots:
    """The open file of a database that nobody else has open. Thread safe."""

    def __init__(self, path: Path, master: MasterKey) -> None:
        """Open it; what a killed rewrapping left beside it is destroyed. Raises EncryptionKeyError: no such file,
        damaged, or wrapped by another master key."""
        self._path = path
        with named_disk_errors():
            # Secrets that are erased in the file itself would live on in them.
            remove_unfinished(path)
        try:
            self._handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise EncryptionKeyError("the key slots of the database cannot be opened", reason="slots") from error
        try:
            self.slots_id, self._cipher, self._identity = _opened(os.pread(self._handle, FIRST_OFFSET, 0), master)
        except BaseException:
            os.close(self._handle)
            raise
        self._lock = threading.Lock()
        self._mapped()
        # Up to here slots may have been given out, by this process or one before.
        self._next = self._end = self.count
        self._batch = _FIRST_BATCH
        # Of slots that are made and not given out.
        self._made: list[bytes] = []

    @classmethod
    def create(cls, path: Path, master: MasterKey) -> KeySlots:
        """A new file with a secret in slot 0. Raises EncryptionKeyError where there is one, DatabaseWriteError."""
        if path.exists():
            raise EncryptionKeyError("the database has key slots already", reason="slots")
        header = _header(secrets.token_bytes(16), master, secrets.token_bytes(32))
        _, cipher, identity = _opened(header, master)
        with named_disk_errors():
            with replacement(path) as file:
                file.write(header + _sealed(cipher, identity, 0, secrets.token_bytes(SECRET_BYTES)))
            sync_folder(path.parent)
        return cls(path, master)

    @property
    def count(self) -> int:
        """Slots in the file, erased and unused ones too."""
        return (os.fstat(self._handle).st_size - FIRST_OFFSET) // SLOT_BYTES

    def give(self) -> tuple[int, bytes]:
        """A slot that nobody had, and its secret; on disk. Raises DatabaseWriteError, DatabaseFullError."""
        with self._lock:
            if self._next == self._end:
                self._make()
            number = self._next
            self._next += 1
            return number, self._made.pop()

    def secret(self, number: int) -> bytes:
        """Raises EncryptionKeyError with reason "erased" where it was erased, "unknown" where there never was one,
        "damaged" where the disk changed it."""
        start = FIRST_OFFSET + number * SLOT_BYTES
        content = self._view[start : start + SLOT_BYTES]
        if len(content) < SLOT_BYTES:
            content = self._mapped()[start : start + SLOT_BYTES]
        if len(content) < SLOT_BYTES:
            raise EncryptionKeyError("the key slots are older than the store", reason="unknown")
        if content == _ERASED:
            raise EncryptionKeyError("the key was erased with what it opened", reason="erased")
        try:
            return self._cipher.decrypt(
                content[:_NONCE_BYTES],
                content[_NONCE_BYTES:_SEALED_BYTES],
                self._identity + number.to_bytes(8, "little"),
            )
        except InvalidTag as error:
            raise EncryptionKeyError("a key slot is damaged; put back the copy", reason="damaged") from error

    def _mapped(self) -> mmap.mmap:
        """The file as long as it is now. What is written to it shows in the mapping at once."""
        self._view = mmap.mmap(self._handle, 0, access=mmap.ACCESS_READ)
        return self._view

    def erase(self, numbers: Iterable[int]) -> None:
        """Overwrite these with zeros, on disk when this returns. Slot 0 stays. Raises DatabaseWriteError."""
        chosen = [number for number in numbers if 0 < number < self.count]
        with self._lock, named_disk_errors():
            for number in chosen:
                os.pwrite(self._handle, _ERASED, FIRST_OFFSET + number * SLOT_BYTES)
            if chosen:
                os.fsync(self._handle)

    def damaged(self, report: Report) -> frozenset[int]:
        """Numbers of slots that are neither erased nor open."""
        found, count = set(), self.count
        for number in range(count):
            if number % _SLOTS_A_STEP == 0:
                report(number, count)
            try:
                self.secret(number)
            except EncryptionKeyError as error:
                if error.reason != "erased":
                    found.add(number)
        report(count, count)
        return frozenset(found)

    def close(self) -> None:
        """Let go of the file. Safe to call twice."""
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1

    def overwrite(self) -> None:
        """Zeros over the whole open file, which another has replaced."""
        with named_disk_errors():
            overwrite(self._handle)

    def _make(self) -> None:
        first = self.count
        fresh = [secrets.token_bytes(SECRET_BYTES) for _ in range(self._batch)]
        made = b"".join(
            _sealed(self._cipher, self._identity, first + place, secret) for place, secret in enumerate(fresh)
        )
        with named_disk_errors():
            write_all(self._handle, made, FIRST_OFFSET + first * SLOT_BYTES)
            os.fsync(self._handle)
        self._made = fresh[::-1]
        self._next, self._end = first, first + self._batch
        self._batch = min(2 * self._batch, _LARGEST_BATCH)


def rewrap(path: Path, old: MasterKey, new: MasterKey, report: Report = lambda done, total: None) -> None:
    """Wrap every secret with another master key; no data is written. The old file's bytes are overwritten.

    Nobody has the database open. A process that dies in between leaves the old file whole or the new one. Raises
    EncryptionKeyError, DatabaseWriteError, DatabaseFullError.
    """
    slots = KeySlots(path, old)
    try:
        header = _header(slots.slots_id, new, secrets.token_bytes(32))
        _, cipher, identity = _opened(header, new)
        with named_disk_errors(), replacement(path) as file:
            file.write(header)
            for number in range(slots.count):
                if number % _SLOTS_A_STEP == 0:
                    report(number, slots.count)
                file.write(_rewrapped(slots, cipher, identity, number))
        slots.overwrite()
    finally:
        slots.close()


def copy_slots(path: Path, target: Path) -> None:
    """Copy the file of a database that may be in use; its master key opens the copy. Raises EncryptionKeyError where
    there is a target already, DatabaseWriteError, DatabaseFullError."""
    if target.exists():
        raise EncryptionKeyError("the file of the copy exists already; choose another name", reason="target")
    if not target.parent.is_dir():
        raise EncryptionKeyError("the folder of the copy is not there; make it first", reason="target")
    with named_disk_errors(), path.open("rb") as source:
        remove_unfinished(target)
        with replacement(target) as copy:
            while block := source.read(SLOT_BYTES * _SLOTS_A_STEP):
                copy.write(block)


def reserve_slots(path: Path, count: int) -> None:
    """Make the file of a database that nobody has open hold so many slots at least; those that it lacked are erased
    ones, so that nobody is given the number of a slot that is lost. Raises DatabaseWriteError, DatabaseFullError."""
    with named_disk_errors(), path.open("r+b") as file:
        if file.seek(0, os.SEEK_END) < FIRST_OFFSET + count * SLOT_BYTES:
            file.truncate(FIRST_OFFSET + count * SLOT_BYTES)
            os.fsync(file.fileno())


def erased_slots(path: Path, numbers: Iterable[int]) -> tuple[frozenset[int], frozenset[int]]:
    """Which of these are erased, and which the file does not have, read without a master key."""
    gone, unknown = set(), set()
    with path.open("rb") as file:
        for number in sorted(numbers):
            file.seek(FIRST_OFFSET + number * SLOT_BYTES)
            content = file.read(SLOT_BYTES)
            if len(content) < SLOT_BYTES:
                unknown.add(number)
            elif content == _ERASED:
                gone.add(number)
    return frozenset(gone), frozenset(unknown)


def read_identity(path: Path) -> tuple[bytes, str]:
    """(id of the slots, id of the master key that wraps them), read without it. Raises EncryptionKeyError."""
    try:
        with path.open("rb") as file:
            magic, slots_id, key_id, _ = _HEADER.unpack(file.read(_HEADER.size))
    except (OSError, struct.error) as error:
        raise EncryptionKeyError("the file of key slots cannot be read", reason="slots") from error
    if magic != MAGIC:
        raise EncryptionKeyError("this is not a file of key slots of this version", reason="slots")
    return slots_id, key_id.decode("ascii", "replace")


def _rewrapped(slots: KeySlots, cipher: AESGCM, identity: bytes, number: int) -> bytes:
    try:
        return _sealed(cipher, identity, number, slots.secret(number))
    except EncryptionKeyError as error:
        # A damaged one, perhaps of a batch that a killed process was making, stays damaged and is not taken for erased.
        return _ERASED if error.reason == "erased" else secrets.token_bytes(SLOT_BYTES)


def _header(slots_id: bytes, master: MasterKey, salt: bytes) -> bytes:
    content = _HEADER.pack(MAGIC, slots_id, master.key_id.encode("ascii"), salt)
    check = hmac.digest(master.derived(b"slots header"), content, "sha256")
    return (content + check).ljust(FIRST_OFFSET, b"\0")


def _opened(header: bytes, master: MasterKey) -> tuple[bytes, AESGCM, bytes]:
    if len(header) < FIRST_OFFSET or header[: len(MAGIC)] != MAGIC:
        raise EncryptionKeyError("this is not a file of key slots of this version", reason="slots")
    content = header[: _HEADER.size]
    _, slots_id, key_id, salt = _HEADER.unpack(content)
    if key_id.decode("ascii", "replace") != master.key_id:
        raise EncryptionKeyError("the database was encrypted with another master key", reason="wrong")
    check = hmac.digest(master.derived(b"slots header"), content, "sha256")
    if not hmac.compare_digest(check, header[_HEADER.size : _HEADER.size + _CHECK_BYTES]):
        raise EncryptionKeyError("the head of the key slots is damaged; put back the copy", reason="damaged")
    return slots_id, AESGCM(master.derived(b"slots " + salt)), slots_id


def _sealed(cipher: AESGCM, identity: bytes, number: int, secret: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return (nonce + cipher.encrypt(nonce, secret, identity + number.to_bytes(8, "little"))).ljust(SLOT_BYTES, b"\0")
