"""Files that are on disk when we say so, and take the place of others at once."""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

_BLOCK_BYTES: Final = 1 << 20


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


def remove_unfinished(path: Path) -> None:
    """Remove what processes that were killed left of replacements of path, overwritten first: it may hold what was
    erased since. Nobody else may be about to replace it. Raises OSError."""
    for part in path.parent.glob(f"{glob.escape(path.name)}.????????.part"):
        with part.open("r+b") as file:
            overwrite(file.fileno())
        part.unlink()


def overwrite(handle: int) -> None:
    """Zeros over a whole open file, on disk when this returns. Raises OSError."""
    size_bytes = os.fstat(handle).st_size
    for start in range(0, size_bytes, _BLOCK_BYTES):
        write_all(handle, bytes(min(_BLOCK_BYTES, size_bytes - start)), start)
    os.fsync(handle)


def make_private(path: Path, content: bytes) -> None:
    """A new file of a secret that nobody but its owner may read: whole and on disk, or not there. Raises
    FileExistsError where something lies there, which stays as it is, and OSError."""
    if not _made_without_a_name(path, content):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
    sync_folder(path.parent)


def _made_without_a_name(path: Path, content: bytes) -> bool:
    """A process that is killed leaves no secret behind that nobody knows of. False where the disk cannot do that, as
    memory sticks cannot."""
    if not hasattr(os, "O_TMPFILE"):
        return False
    try:
        handle = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, PermissionError):
        raise
    except OSError:
        return False
    try:
        write_all(handle, content, 0)
        os.fsync(handle)
        try:
            # A folder is named so that the link to the open file is followed, and nothing else.
            os.link(f"/proc/self/fd/{handle}", path, src_dir_fd=handle)
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
                raise
            return False
    finally:
        os.close(handle)
    return True


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
