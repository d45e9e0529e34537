"""The vault: images as they came, each an encrypted file under a key of its own.

A file is written, on disk, before the transaction that names it, in `incoming`, and goes to its place after it. So
whatever was acknowledged is there, in one of the two, and what a killed process left in `incoming` that no row names is
nobody's.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from index.durable.disk_errors import named_disk_errors
from index.durable.files import replacement, sync_folder
from index.errors import DatabaseWriteError, EncryptionKeyError
from index.keys.seals import Seals

MAGIC: Final = b"SMIMAGE\x01"
INCOMING: Final = "incoming"
_NAME_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class VaultFile:
    """key_number: of its slot. size_bytes: of the image, not of the file."""

    name: str
    key_number: int
    size_bytes: int


class Vault:
    """Thread safe."""

    def __init__(self, folder: Path, seals: Seals) -> None:
        """Makes the folder. Raises DatabaseWriteError, DatabaseFullError."""
        self._folder = folder
        self._seals = seals
        with named_disk_errors():
            (folder / INCOMING).mkdir(parents=True, exist_ok=True, mode=0o700)

    def put(self, content: bytes) -> VaultFile:
        """On disk when this returns, and nobody's until it is settled. Raises DatabaseWriteError, DatabaseFullError."""
        key, seal = self._seals.new_image()
        name = secrets.token_hex(_NAME_BYTES)
        try:
            with named_disk_errors(), replacement(self._folder / INCOMING / name) as file:
                file.write(MAGIC + seal.close(content, place=f"image {name}"))
        except FileNotFoundError as error:
            raise DatabaseWriteError("the vault was removed while in use; put it back; nothing was stored") from error
        return VaultFile(name, key, len(content))

    def settle(self, names: Iterable[str]) -> None:
        """The transaction that names them is on disk. What cannot be moved is read where it is until the next start."""
        for name in names:
            with contextlib.suppress(OSError):
                (self._folder / INCOMING / name).rename(self._place(name))

    def discard(self, files: Iterable[VaultFile]) -> None:
        """They belong to nobody after all."""
        for one in files:
            with contextlib.suppress(OSError):
                (self._folder / INCOMING / one.name).unlink()

    def remove(self, names: Iterable[str]) -> None:
        """Remove what was deleted; its keys are gone already. Raises DatabaseWriteError."""
        with named_disk_errors():
            for name in names:
                for path in self._paths(name):
                    path.unlink(missing_ok=True)

    def read(self, name: str, key_number: int) -> bytes | None:
        """The image; None where the file is gone. Raises EncryptionKeyError where it does not open."""
        # From the first place it may move to the second meanwhile.
        for path in (*self._paths(name), *self._paths(name)):
            with contextlib.suppress(FileNotFoundError), named_disk_errors():
                content = path.read_bytes()
                if content[: len(MAGIC)] != MAGIC:
                    raise EncryptionKeyError("a file of the vault is none", reason="damaged")
                return self._seals.of_image(key_number).open(content[len(MAGIC) :], place=f"image {name}")
        return None

    def holds(self, name: str) -> bool:
        """Whether the file is there, in whichever place."""
        return any(path.exists() for path in (*self._paths(name), *self._paths(name)))

    def names(self) -> Iterator[str]:
        """Of every file of the vault, whosever it is."""
        return (path.name for path in self._folder.rglob("*") if path.is_file())

    def sweep(self, known: Callable[[list[str]], set[str]]) -> None:
        """At a start: what lies in `incoming` goes to its place or away. known: which of these the store names. What
        the disk keeps there is nobody's until the next start."""
        names = [path.name for path in (self._folder / INCOMING).iterdir()]
        kept = known(names)
        self.settle(name for name in names if name in kept)
        for name in names:
            if name not in kept:
                with contextlib.suppress(OSError):
                    (self._folder / INCOMING / name).unlink()

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self._folder / INCOMING / name, self._folder / name[:2] / name

    def _place(self, name: str) -> Path:
        return vault_path(self._folder, name)


def vault_path(folder: Path, name: str) -> Path:
    """Where a file lies for good; its folder is made."""
    shard = folder / name[:2]
    if not shard.is_dir():
        shard.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder)
    return shard / name


def find_file(folder: Path, name: str) -> Path | None:
    """A file of a vault that may be in use."""
    for path in (folder / INCOMING / name, folder / name[:2] / name, folder / INCOMING / name):
        if os.path.exists(path):
            return path
    return None
