"""Which folders hold nothing but encrypted files, and with which key.

A folder is sealed as a whole, so that whoever writes a file below it need not know that there are keys, and cannot
forget to use one.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class FolderKey:
    """key: KEY_BYTES. key_id: up to 8 ASCII characters that stand in the files and say which key it is."""

    key: bytes
    key_id: str

    def __post_init__(self) -> None:
        if len(self.key) != KEY_BYTES or len(self.key_id.encode("ascii")) > 8:
            raise ValueError(f"a folder key has {KEY_BYTES} bytes and an id of at most 8 characters")


_lock = threading.Lock()
_sealed: dict[Path, FolderKey] = {}


def seal_folder(root: Path, key: FolderKey) -> None:
    """From now on every cache file below root is encrypted with key, and one that is not is refused. Thread safe."""
    with _lock:
        _sealed[root.absolute()] = key


def forget_folder(root: Path) -> None:
    """The files below root are of nobody here any more. Thread safe."""
    with _lock:
        _sealed.pop(root.absolute(), None)


def key_for(path: Path) -> FolderKey | None:
    """The key of the nearest sealed folder that path lies in; None where there is none. Thread safe."""
    if not _sealed:
        return None
    return next((key for parent in path.absolute().parents if (key := _sealed.get(parent)) is not None), None)
