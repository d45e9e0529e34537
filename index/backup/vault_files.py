"""Files of the vault in a backup: behind the snapshot, each a chunk that names it and chunks of its bytes.

They are ciphertext, and stay so: their keys are not in the backup.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from index.backup.sealed_stream import CHUNK_BYTES
from index.durable.files import replacement
from index.errors import BackupError
from index.store.vault import find_file, vault_path

_NAME: Final = re.compile(r"[0-9a-f]{32}")


def file_chunks(vault: Path, names: Iterable[str]) -> Iterator[bytes]:
    """Of these files; those that were deleted meanwhile are left out."""
    for name in names:
        path = find_file(vault, name)
        try:
            file = path.open("rb") if path is not None else None
        except FileNotFoundError:
            file = None
        if file is None:
            continue
        with file:
            size_bytes = file.seek(0, 2)
            file.seek(0)
            yield json.dumps({"name": name, "size_bytes": size_bytes}).encode()
            while block := file.read(CHUNK_BYTES):
                yield block


def read_files(chunks: Iterator[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """(name, its chunks, which must be read to their end) of each file. Raises BackupError."""
    for head in chunks:
        try:
            said = json.loads(head)
            name, size_bytes = str(said["name"]), int(said["size_bytes"])
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
            raise BackupError("an image of the backup is damaged; use another backup") from error
        if not _NAME.fullmatch(name):
            raise BackupError("a file of the backup has a name that this software gives none", reason="content")
        yield name, exactly(chunks, size_bytes)


def exactly(chunks: Iterator[bytes], size_bytes: int) -> Iterator[bytes]:
    """The chunks that make up so many bytes. Raises BackupError where they make up others."""
    left = size_bytes
    while left > 0:
        chunk = next(chunks, b"")
        left -= len(chunk)
        if not chunk or left < 0:
            raise BackupError("the backup holds another amount than it says; use another backup")
        yield chunk


def put_files(vault: Path, files: Iterator[tuple[str, Iterator[bytes]]], known: frozenset[str]) -> None:
    """Write those that the restored store names; the others are checked and dropped. Nobody else uses the vault."""
    vault.mkdir(mode=0o700, exist_ok=True)
    for unfinished in vault.rglob("*.part"):  # by a restore that was killed
        unfinished.unlink()
    for name, chunks in files:
        if name not in known:
            for _ in chunks:
                pass
            continue
        with replacement(vault_path(vault, name)) as file:
            file.writelines(chunks)
