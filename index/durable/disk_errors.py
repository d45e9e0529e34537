"""What the operating system says of a disk, in the words of index.errors."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator

from index.errors import DatabaseFullError, DatabaseWriteError


@contextlib.contextmanager
def named_disk_errors() -> Iterator[None]:
    """Of a write: DatabaseFullError, DatabaseWriteError. That a file is not there passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DatabaseFullError("no space is left on the disk; nothing was stored, free some space") from error
        raise DatabaseWriteError("the disk refused a file; nothing was stored, check the disk") from error
