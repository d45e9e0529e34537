"""The backup file: a stream of chunks, each checked before it is used, encrypted if there is a key.

Layout (integers big-endian):
    8 bytes   magic b"SMBACKUP"
    4 bytes   length of the header, then the header: JSON with format, backup_id, create_time, encryption, salt and,
              encrypted and since version 0.2, key_check: derived from key and salt, so that another key and a damaged
              file are told apart; the key cannot be found from it
    chunks    4 bytes length of the sealed chunk, then the sealed chunk; the last one is marked inside its seal

Plain chunks are sealed with a SHA-256 that covers the header, the number of the chunk and whether it is the last.
Encrypted ones with AES-256-GCM under a key that HKDF-SHA256 derives from the configured key and a random salt for
this file alone; the nonce is the chunk number and the mark of the last (the STREAM construction: Hoang, Reyhanitabar,
Rogaway, Vizar, CRYPTO 2015). So a byte changed, chunks cut off, added or moved are noticed where they are.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from index.durable.files import make_private
from index.errors import BackupError

MAGIC = b"SMBACKUP"
FORMAT = 1
KEY_BYTES = 32
CHUNK_BYTES = 1 << 20
_MAX_HEADER_BYTES = 1 << 16
_LENGTH = struct.Struct(">I")
_NO_ENCRYPTION, _AES = "none", "aes-256-gcm"
_DIGEST_BYTES = 32
_CHECK_BYTES = 16
# The names under which keys are derived.
_SEALING, _CHECKING = b"station-matcher backup", b"station-matcher backup key check"


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What a backup says of itself without its key. create_time: ISO 8601 in UTC."""

    backup_id: str
    create_time: str
    encrypted: bool
    salt: str
    key_check: str = ""


class _Seal(Protocol):
    def close(self, content: bytes, number: int, *, is_last: bool) -> bytes: ...

    def open(self, sealed: bytes, number: int, *, is_last: bool) -> bytes | None: ...


def write_backup_file(file: BinaryIO, chunks: Iterable[bytes], *, create_time: str, key: bytes | None) -> BackupHeader:
    """Write header and chunks, none of which is empty. key: KEY_BYTES, None for a plain backup."""
    salt = secrets.token_hex(32)
    key_check = "" if key is None else _key_check(key, salt)
    header = BackupHeader(secrets.token_hex(16), create_time, key is not None, salt, key_check)
    content = json.dumps(
        {
            "format": FORMAT,
            "backup_id": header.backup_id,
            "create_time": create_time,
            "encryption": _AES if header.encrypted else _NO_ENCRYPTION,
            "salt": header.salt,
            **({"key_check": header.key_check} if header.key_check else {}),
        }
    ).encode()
    file.write(MAGIC + _LENGTH.pack(len(content)) + content)
    seal = _make_seal(content, header, key)
    number, waiting = 0, None
    for chunk in chunks:
        if waiting is not None:
            _write_chunk(file, seal.close(waiting, number, is_last=False))
            number += 1
        waiting = chunk
    _write_chunk(file, seal.close(waiting or b"", number, is_last=True))
    return header


def read_header(file: BinaryIO) -> tuple[BackupHeader, bytes]:
    """The header and its bytes. Raises BackupError."""
    if file.read(len(MAGIC)) != MAGIC:
        raise BackupError("this is not a backup file", reason="format")
    content = _exactly(file, _length(file, _MAX_HEADER_BYTES))
    try:
        noted: dict[str, Any] = json.loads(content)
        encryption = noted["encryption"]
        header = BackupHeader(
            str(noted["backup_id"]),
            str(noted["create_time"]),
            encryption == _AES,
            noted["salt"],
            str(noted.get("key_check", "")),
        )
        bytes.fromhex(header.salt)
        known_format = noted["format"] == FORMAT and encryption in (_AES, _NO_ENCRYPTION)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError("the header of the backup is damaged; use another backup") from error
    if not known_format:
        raise BackupError("the backup was written by another version; use that version to restore it", reason="format")
    return header, content


def read_chunks(file: BinaryIO, *, key: bytes | None) -> Iterator[bytes]:
    """Every chunk, each checked before it is given. Raises BackupError at the first fault, also a missing end, and
    where there is a key and the file was not sealed with it."""
    header, content = read_header(file)
    if header.encrypted and key is None:
        raise BackupError("the backup is encrypted; give its key file", reason="key_missing")
    # What the file says of itself must not choose how it is checked: anybody can write one that says "none".
    if key is not None and not header.encrypted:
        raise BackupError("the backup is not encrypted and so not known to be yours; give no key", reason="not_sealed")
    seal = _make_seal(content, header, key)
    if key is not None and header.key_check and not hmac.compare_digest(header.key_check, _key_check(key, header.salt)):
        raise BackupError("the backup was encrypted with another key", reason="key_other")
    number = 0
    while True:
        sealed = _exactly(file, _length(file, CHUNK_BYTES + _DIGEST_BYTES))
        chunk = seal.open(sealed, number, is_last=False)
        if chunk is not None:
            yield chunk
            number += 1
            continue
        chunk = seal.open(sealed, number, is_last=True)
        if chunk is None:
            where, reason = (
                ("the key is another one, or the backup is damaged", "key")
                if header.encrypted and not header.key_check
                else ("the backup is damaged", "damaged")
            )
            raise BackupError(f"{where} (block {number + 1}); use another backup", reason=reason)
        if file.read(1):
            raise BackupError("the backup is longer than it says; use another backup")
        yield chunk
        return


def new_key_file(path: Path) -> None:
    """Make a random key in a new file that only its owner may read. Raises BackupError when the file exists."""
    try:
        make_private(path, f"{secrets.token_hex(KEY_BYTES)}\n".encode("ascii"))
    except FileExistsError as error:
        raise BackupError("the key file exists already; choose another name", reason="key_file_exists") from error
    except OSError as error:
        raise BackupError(f"the key file cannot be written: {error.strerror}", reason="key_file_unwritable") from error


def read_key_file(path: Path) -> bytes:
    """The key of new_key_file: 64 hexadecimal digits. Raises BackupError."""
    try:
        written = path.read_bytes()
    except FileNotFoundError as error:
        raise BackupError("there is no such key file", reason="key_file_missing") from error
    except OSError as error:
        raise BackupError(f"the key file cannot be read: {error.strerror}", reason="key_file_unreadable") from error
    try:
        key = bytes.fromhex(written.decode("ascii").strip())
    except ValueError as error:
        raise BackupError("the key file must hold 64 hexadecimal digits", reason="key_file") from error
    if len(key) != KEY_BYTES:
        raise BackupError("the key file must hold 64 hexadecimal digits", reason="key_file")
    return key


class _DigestSeal:
    def __init__(self, header: bytes) -> None:
        self._header_digest = hashlib.sha256(header).digest()

    def close(self, content: bytes, number: int, *, is_last: bool) -> bytes:
        return content + self._digest(content, number, is_last)

    def open(self, sealed: bytes, number: int, *, is_last: bool) -> bytes | None:
        content, digest = sealed[:-_DIGEST_BYTES], sealed[-_DIGEST_BYTES:]
        return content if digest == self._digest(content, number, is_last) else None

    def _digest(self, content: bytes, number: int, is_last: bool) -> bytes:
        digest = hashlib.sha256(self._header_digest + _nonce(number, is_last))
        digest.update(content)
        return digest.digest()


class _AesSeal:
    def __init__(self, header: bytes, salt: str, key: bytes) -> None:
        # Needed for encrypted backups only, so that everything else works without it.
        from cryptography.exceptions import InvalidTag  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: PLC0415
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: PLC0415

        derived = HKDF(hashes.SHA256(), KEY_BYTES, bytes.fromhex(salt), _SEALING).derive(key)
        self._cipher, self._invalid_tag, self._header = AESGCM(derived), InvalidTag, header

    def close(self, content: bytes, number: int, *, is_last: bool) -> bytes:
        return bytes(self._cipher.encrypt(_nonce(number, is_last), content, self._header))

    def open(self, sealed: bytes, number: int, *, is_last: bool) -> bytes | None:
        try:
            return bytes(self._cipher.decrypt(_nonce(number, is_last), sealed, self._header))
        except self._invalid_tag:
            return None


def _key_check(key: bytes, salt: str) -> str:
    """HKDF-SHA256 under a name of its own: the same key and salt give another key for the seal. RFC 5869 with one
    block of output."""
    extracted = hmac.digest(bytes.fromhex(salt), key, "sha256")
    return hmac.digest(extracted, _CHECKING + b"\x01", "sha256")[:_CHECK_BYTES].hex()


def _make_seal(content: bytes, header: BackupHeader, key: bytes | None) -> _Seal:
    if key is None:
        return _DigestSeal(content)
    if len(key) != KEY_BYTES:
        raise BackupError(f"the backup key must have {KEY_BYTES} bytes", reason="key_file")
    try:
        return _AesSeal(content, header.salt, key)
    except ImportError as error:
        raise BackupError("encrypted backups need the package cryptography; install it", reason="key_file") from error


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([is_last])


def _write_chunk(file: BinaryIO, sealed: bytes) -> None:
    file.write(_LENGTH.pack(len(sealed)))
    file.write(sealed)


def _length(file: BinaryIO, largest: int) -> int:
    (length,) = _LENGTH.unpack(_exactly(file, _LENGTH.size))
    if length > largest:
        raise BackupError("the backup is damaged (impossible length); use another backup")
    return int(length)


def _exactly(file: BinaryIO, count: int) -> bytes:
    content = file.read(count)
    if len(content) != count:
        raise BackupError("the backup ends too early; use another backup")
    return content
