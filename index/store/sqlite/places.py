"""Whether the files that are open still lie where they were opened.

SQLite writes on into files that were unlinked or replaced, and so would a store that acknowledged such writes.
"""

from __future__ import annotations

import os
from pathlib import Path

_Identity = tuple[int, int]


class Places:
    """The store and its write-ahead log. Thread safe; a question costs two stat calls."""

    def __init__(self, path: Path) -> None:
        """path: of the store, which is open."""
        # Text, since this is asked at every commit.
        self._paths = (str(path), f"{path}-wal")
        self._identities = [_identity(path) for path in self._paths]

    def are_kept(self) -> bool:
        """Whether every file that was there is the same one. The log may come later, and then stays."""
        found = [_identity(path) for path in self._paths]
        for number, (first, now) in enumerate(zip(self._identities, found, strict=True)):
            if first is None:
                self._identities[number] = now
            elif first != now:
                return False
        return True


def _identity(path: str) -> _Identity | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
