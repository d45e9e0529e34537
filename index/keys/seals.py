"""What is sealed with the keys of a database, and opened again: values of rows, look-up tokens, cache files.

A sealed value is nonce (12 bytes), ciphertext, tag (16 bytes); where it stands (table, row, column) and which keys it
has are authenticated with it, so that a value moved to another place does not open.
"""

from __future__ import annotations

import hmac
import itertools
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b, sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from index.durable.sealed_folders import FolderKey
from index.errors import EncryptionKeyError
from index.keys.slots import KeySlots

# Of a nonce 8 bytes are random, of whoever seals, and 4 count what it seals.
_NONCE_BYTES, _RANDOM_BYTES = 12, 8
TOKEN_BYTES: Final = 16
_NAME_TOKEN_BYTES: Final = 10
# Secrets of subjects held in memory, whose references are read one after the other; and words of names.
_HELD_COUNT: Final = 4096


class Seal:
    """Seals and opens the values of one subject or reference. Thread safe."""

    __slots__ = ("_cipher", "_count", "_keys", "_random")

    def __init__(self, key: bytes, keys: str) -> None:
        """keys: numbers of the slots that the key comes from."""
        self._cipher = AESGCM(key)
        self._keys = keys
        self._random = b""
        self._count = itertools.count()

    def close(self, content: bytes, *, place: str) -> bytes:
        """place: table, row and column."""
        self._random = self._random or os.urandom(_RANDOM_BYTES)
        nonce = self._random + next(self._count).to_bytes(_NONCE_BYTES - _RANDOM_BYTES, "big")
        return nonce + self._cipher.encrypt(nonce, content, f"{place} {self._keys}".encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """What was sealed there. Raises EncryptionKeyError with reason "damaged"."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], f"{place} {self._keys}".encode())
        except (InvalidTag, ValueError) as error:
            raise EncryptionKeyError("a stored value does not open with its key", reason="damaged") from error


class Mac:
    """HMAC-SHA256 with one key, for many short texts: its two first blocks are hashed once. Thread safe."""

    def __init__(self, key: bytes) -> None:
        """key: at most 64 bytes."""
        padded = key.ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in padded))

    def digest(self, content: bytes) -> bytes:
        """32 bytes."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(content)
        outer.update(inner.digest())
        return outer.digest()


class Seals:
    """The keys of one database. Thread safe."""

    def __init__(self, slots: KeySlots) -> None:
        """takes_plain: rows without keys are believed, since the store is being encrypted; else whoever writes one into
        the file is found out."""
        self._slots = slots
        self.takes_plain = False
        self._database_secret = slots.secret(0)
        self._of_external_id = Mac(self._derived(b"external id"))
        self._of_document = Mac(self._derived(b"document number"))
        self._of_name = Mac(self._derived(b"name"))
        self._of_request = Mac(self._derived(b"request"))
        self._held: dict[int, bytes] = {}
        # Reading and writing an entry of a dict is atomic.
        self._of_words: dict[str, tuple[str, ...]] = {}
        self._lock = threading.Lock()

    @property
    def slots_id(self) -> str:
        """Which slots these are; the store keeps it."""
        return self._slots.slots_id.hex()

    def has_given(self, number: int) -> bool:
        """Whether there is a slot of this number, erased or not."""
        return number < self._slots.count

    @property
    def are_used(self) -> bool:
        """Whether any slot was ever made for a row; then a store somewhere names these slots."""
        return self._slots.count > 1

    def progress_token(self, progress: str) -> str:
        """Hexadecimal digits by which the store proves how far its encryption has come."""
        return self._derived(b"progress " + progress.encode())[:TOKEN_BYTES].hex()

    def folder_key(self) -> FolderKey:
        """Of the cache files."""
        return FolderKey(self._derived(b"cache files"), self.slots_id[:8])

    def external_id_token(self, external_id: str) -> bytes:
        """TOKEN_BYTES by which an external id is found, code point by code point."""
        return self._of_external_id.digest(external_id.encode())[:TOKEN_BYTES]

    def document_token(self, number: str) -> bytes:
        """TOKEN_BYTES by which the number of an identity document is found."""
        return self._of_document.digest(number.encode())[:TOKEN_BYTES]

    def name_token(self, word: str) -> str:
        """Hexadecimal digits by which a word of a name is found."""
        return self._of_name.digest(word.encode())[:_NAME_TOKEN_BYTES].hex()

    def name_tokens(self, word: str, forms_of: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
        """name_token of each form of a word, which is the same at every call; remembered, since the words of names are
        few."""
        tokens = self._of_words.get(word)
        if tokens is None:
            tokens = tuple(map(self.name_token, forms_of(word)))
            if len(self._of_words) >= _HELD_COUNT:
                self._of_words.clear()
            self._of_words[word] = tokens
        return tokens

    def request_token(self, digest: bytes) -> bytes:
        """TOKEN_BYTES by which a repeated request is known; a plain digest could be found by trying names and
        numbers."""
        return self._of_request.digest(digest)[:TOKEN_BYTES]

    def new_subject(self) -> int:
        """The number of a slot that nobody had, on disk. Raises DatabaseWriteError, DatabaseFullError."""
        number, secret = self._slots.give()
        self._hold(number, secret)
        return number

    def new_reference(self, subject_key: int) -> tuple[int, Seal]:
        """Like new_subject, for a reference; and its seal."""
        number, secret = self._slots.give()
        return number, self._reference_seal(subject_key, number, secret)

    def new_image(self) -> tuple[int, Seal]:
        """Like new_subject, for an image, whose key depends on nothing else; and its seal."""
        number, secret = self._slots.give()
        return number, Seal(_derived(secret, b"image", b""), str(number))

    def of_image(self, image_key: int) -> Seal:
        """For one image. Raises EncryptionKeyError."""
        return Seal(_derived(self._slots.secret(image_key), b"image", b""), str(image_key))

    def of_subject(self, subject_key: int) -> Seal:
        """For what is known of the subject itself. Raises EncryptionKeyError."""
        return Seal(_derived(self._secret_of_subject(subject_key), b"subject", b""), str(subject_key))

    def of_reference(self, subject_key: int, reference_key: int) -> Seal:
        """For one reference, with the secrets of both: either erased closes it. Raises EncryptionKeyError."""
        return self._reference_seal(subject_key, reference_key, self._slots.secret(reference_key))

    def open_of_reference(self, subject_key: int, reference_key: int, sealed: bytes, *, place: str) -> bytes:
        """What of_reference(...).open gives, for many. Raises EncryptionKeyError."""
        key = _derived(self._secret_of_subject(subject_key), b"reference", self._slots.secret(reference_key))
        said = f"{place} {subject_key} {reference_key}".encode()
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], said)
        except (InvalidTag, ValueError) as error:
            raise EncryptionKeyError("a stored value does not open with its key", reason="damaged") from error

    def erase(self, numbers: Iterable[int]) -> None:
        """Destroy secrets, on disk when this returns. Raises DatabaseWriteError."""
        chosen = tuple(numbers)
        self._slots.erase(chosen)
        with self._lock:
            for number in chosen:
                self._held.pop(number, None)

    def has_secret(self, number: int) -> bool:
        """Whether a slot opens."""
        try:
            self._slots.secret(number)
        except EncryptionKeyError:
            return False
        return True

    def damaged_slots(self, report: Callable[[int, int], None]) -> frozenset[int]:
        """Numbers of slots that are neither erased nor open. report: of slots done and in all."""
        return self._slots.damaged(report)

    def close(self) -> None:
        """Let go of the slots. Safe to call twice."""
        self._slots.close()

    def _secret_of_subject(self, number: int) -> bytes:
        secret = self._held.get(number)
        if secret is None:
            secret = self._slots.secret(number)
            self._hold(number, secret)
        return secret

    def _hold(self, number: int, secret: bytes) -> None:
        with self._lock:
            if len(self._held) >= _HELD_COUNT:
                self._held.clear()
            self._held[number] = secret

    def _reference_seal(self, subject_key: int, reference_key: int, secret: bytes) -> Seal:
        key = _derived(self._secret_of_subject(subject_key), b"reference", secret)
        return Seal(key, f"{subject_key} {reference_key}")

    def _derived(self, purpose: bytes) -> bytes:
        return hmac.digest(self._database_secret, purpose, "sha256")


def _derived(secret: bytes, purpose: bytes, content: bytes) -> bytes:
    """A key of 32 bytes for one purpose: BLAKE2b keyed with a secret (RFC 7693), which takes a microsecond."""
    return blake2b(content, digest_size=32, key=secret, person=purpose).digest()
