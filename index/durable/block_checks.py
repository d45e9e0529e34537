"""How the blocks of a cache file are checked: by SHA-256, or by AES-256-GCM where the file is encrypted.

Each block is written in pieces and ends with a check, a text of fixed length that stands in the header of the file.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM

# What a cipher may write beyond the end of what it was given.
SLACK_BYTES = 15
_TAG_BYTES = 16
_NONCE = struct.Struct("<I8s")
_RANDOM_BYTES = 8


class BlockWriter(Protocol):
    """One block on its way to the file."""

    def update(self, part: memoryview) -> bytes | memoryview:
        """The bytes to write for these."""

    def check(self) -> str:
        """Of all of them, once they are complete."""


class BlockChecks(Protocol):
    """The blocks of one file. number: of the block within the file, from 0."""

    empty_check: str

    def writer(self, number: int) -> BlockWriter:
        """Begin a block."""

    def read(self, content: memoryview, check: str, number: int, into: memoryview | None) -> bool:
        """Whether the block is what was written. An encrypted one is put into `into`, SLACK_BYTES longer than it."""


class DigestChecks:
    """As they are, with a SHA-256 each."""

    empty_check = hashlib.sha256().hexdigest()

    def writer(self, number: int) -> BlockWriter:
        """See BlockChecks."""
        return _PlainWriter()

    def read(self, content: memoryview, check: str, number: int, into: memoryview | None) -> bool:
        """See BlockChecks. Copies nothing."""
        return hashlib.sha256(content).hexdigest() == check


class _PlainWriter:
    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def update(self, part: memoryview) -> memoryview:
        self._digest.update(part)
        return part

    def check(self) -> str:
        return self._digest.hexdigest()


class SealChecks:
    """AES-256-GCM with a key of this file alone; the number of the block is part of its nonce, the rest is random and
    new at each writing, since blocks are written again in place."""

    empty_check = "0" * 2 * (_RANDOM_BYTES + _TAG_BYTES)

    def __init__(self, folder_key: bytes, file_id: bytes) -> None:
        self._file_id = file_id
        self._algorithm = AES256(hmac.digest(folder_key, b"blocks" + file_id, "sha256"))
        self._header_key = hmac.digest(folder_key, b"header" + file_id, "sha256")

    def header_check(self, content: bytes) -> bytes:
        """32 bytes that nobody makes without the key."""
        return hmac.digest(self._header_key, content, "sha256")

    def writer(self, number: int) -> BlockWriter:
        """See BlockChecks."""
        return _SealedWriter(self._algorithm, number, self._file_id)

    def read(self, content: memoryview, check: str, number: int, into: memoryview | None) -> bool:
        """See BlockChecks."""
        noted = bytes.fromhex(check)
        nonce = _NONCE.pack(number, noted[:_RANDOM_BYTES])
        opener = Cipher(self._algorithm, GCM(nonce, noted[_RANDOM_BYTES:])).decryptor()
        opener.authenticate_additional_data(self._file_id)
        opener.update_into(content, _scratch(len(content)) if into is None else into)
        try:
            opener.finalize()
        except InvalidTag:
            return False
        return True


class _SealedWriter:
    def __init__(self, algorithm: AES256, number: int, file_id: bytes) -> None:
        self._random = secrets.token_bytes(_RANDOM_BYTES)
        self._sealer = Cipher(algorithm, GCM(_NONCE.pack(number, self._random))).encryptor()
        self._sealer.authenticate_additional_data(file_id)

    def update(self, part: memoryview) -> bytes:
        return self._sealer.update(part)

    def check(self) -> str:
        self._sealer.finalize()
        return (self._random + self._sealer.tag).hex()


@lru_cache(maxsize=1)
def _scratch(length: int) -> bytearray:
    """Where a block goes that is checked and not wanted. Threads may share it: nobody reads it."""
    return bytearray(length + SLACK_BYTES)
