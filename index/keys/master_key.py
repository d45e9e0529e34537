"""The master key: 32 bytes that open the slots of a database and lie neither with them nor in a backup."""

from __future__ import annotations

import hmac
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from index.durable.files import make_private
from index.errors import EncryptionKeyError

KEY_BYTES: Final = 32
KEY_ID_LENGTH: Final = 8


@dataclass(frozen=True, slots=True, repr=False)
class MasterKey:
    """key: KEY_BYTES."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES:
            raise EncryptionKeyError("a master key has 64 hexadecimal digits", reason="form")

    @property
    def key_id(self) -> str:
        """KEY_ID_LENGTH hexadecimal digits that tell one key from another and nothing of either."""
        return self.derived(b"id").hex()[:KEY_ID_LENGTH]

    def derived(self, purpose: bytes) -> bytes:
        """A key of 32 bytes for one purpose (HMAC-SHA256, which is HKDF-Expand of RFC 5869 with one block)."""
        return hmac.digest(self.key, b"station-matcher master key: " + purpose + b"\x01", "sha256")


def parse_master_key(text: str) -> MasterKey:
    """From 64 hexadecimal digits, white space around them left out. Raises EncryptionKeyError, which names no digit."""
    try:
        return MasterKey(bytes.fromhex(text.strip()))
    except ValueError:
        raise EncryptionKeyError("a master key has 64 hexadecimal digits", reason="form") from None


def read_master_key(path: Path) -> MasterKey:
    """Of a file that nobody but its owner may read. Raises EncryptionKeyError."""
    try:
        rights = stat.S_IMODE(path.stat().st_mode)
        content = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise EncryptionKeyError("the master key file cannot be read; check the path and its rights") from error
    if rights & 0o077:
        raise EncryptionKeyError("others may read the master key file; set its mode to 0600", reason="rights")
    return parse_master_key(content)


def new_master_key(path: Path) -> MasterKey:
    """Make a key and its file, on disk when this returns. Makes the folder. Raises EncryptionKeyError."""
    key = MasterKey(secrets.token_bytes(KEY_BYTES))
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        make_private(path, f"{key.key.hex()}\n".encode("ascii"))
    except OSError as error:
        raise EncryptionKeyError("the master key file exists already or cannot be written", reason="target") from error
    return key
