"""Files that are on disk when we say so, and take the place of others at once."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacement(path: Path) -> Iterator[BinaryIO]:
    """A new file beside path that takes its place, on disk, when the block ends well, and vanishes otherwise."""
    handle, name = tempfile.mkstemp(prefix=path.name + ".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file that everybody may read, so that readers see the old one or the whole new one, on disk when it
    returns. Makes the folder. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacement(path) as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content)


def make_private(path: Path, content: bytes) -> None:
    """A new file of a secret that nobody but its owner may read: whole and on disk, or not there. Raises
    FileExistsError where something lies there, which stays as it is, and OSError."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            raise
        except OSError:
            # Memory sticks with FAT know no links.
            if path.exists():
                raise FileExistsError(path) from None
            os.rename(name, path)
    finally:
        with contextlib.suppress(OSError):
            os.unlink(name)
    sync_folder(path.parent)


def write_all(handle: int, content: bytes, offset_bytes: int) -> None:
    """All of content at this place of an open file; a disk that is nearly full takes a part, and says so by the count
    alone. Raises OSError, with a part of it written."""
    view = memoryview(content)
    while view:
        written = os.pwrite(handle, view, offset_bytes)
        view, offset_bytes = view[written:], offset_bytes + written


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on disk: a new or renamed file is there after a power failure only then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
