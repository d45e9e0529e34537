"""The write-ahead log moved into the store, and what SQLite leaves of rows in unused space overwritten with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from index.store.sqlite.connection import BUSY_TIMEOUT_MS
from index.store.sqlite.page_inspection import PageFindings, Report, inspect_pages
from index.store.sqlite.unused_space import UnusedSpace, pages_in_log

# SQLite's own bound is 1,000 pages.
_LONG_LOG_BYTES: Final = 8 << 20
# Cleaned or looked at in one go.
_PAGES_AT_ONCE: Final = 16_384
# Present: no page has anything in its unused space. The first commit takes it out, closing in order puts it back.
CLEANED: Final = "unused_space_cleaned"


class Checkpoints:
    """Of the one connection that writes; each method under its lock, and but for `before_commit` in no transaction.

    SQLite's own checkpoints are off (open_writer): each has to be followed by the cleaning of the pages that it wrote.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._log = Path(f"{path}-wal")
        self._space = UnusedSpace(path)
        self._pending: set[int] = set()
        self._tried_bytes = 0
        self._is_marked = bool(connection.execute("SELECT 1 FROM setting WHERE name = ?", (CLEANED,)).fetchone())
        # Whatever a process that was killed, or a version that knew nothing of this, has left, beginning here.
        self._next_page = 0 if self._is_marked else 1

    @property
    def is_done(self) -> bool:
        """Whether no page is known that was not cleaned."""
        return not self._pending and not self._next_page

    def before_commit(self, connection: sqlite3.Connection) -> None:
        """Inside the transaction of a commit: from now on pages have to be cleaned again."""
        if self._is_marked:
            connection.execute("DELETE FROM setting WHERE name = ?", (CLEANED,))

    def committed(self) -> None:
        """After each commit."""
        self._is_marked = False

    def shorten(self) -> None:
        """Moves a long log into the store. Raises sqlite3.Error, OSError, which fail nothing: it is tried again."""
        size_bytes = self._log.stat().st_size if self._log.exists() else 0
        if size_bytes >= self._tried_bytes + _LONG_LOG_BYTES:
            # A long read holds the log; then it grows by as much again before the next attempt.
            self._tried_bytes = size_bytes
            self._checkpoint("PASSIVE", 0)

    def empty(self, wait_ms: int) -> bool:
        """Move the log into the store, cut it to nothing, clean what it wrote. False when a reader holds it for
        longer. Raises sqlite3.Error, OSError."""
        is_empty = self._checkpoint("TRUNCATE", wait_ms)
        if is_empty:
            self._tried_bytes = 0
        return is_empty

    def clean_on(self, most_pages: int) -> bool:
        """Cleans some of the pages that a killed process may have left. Returns whether none is left."""
        if self._next_page:
            end = min(self._next_page + most_pages, self._space.page_count + 1)
            self._clean(range(self._next_page, end))
            self._next_page = end if end <= self._space.page_count else 0
        return not self._next_page

    def inspect(self, report: Report) -> PageFindings:
        """What stands in the file beside rows, after all that a killed process may have left was cleaned. Raises
        sqlite3.Error, OSError."""
        self.empty(BUSY_TIMEOUT_MS)
        while not self.clean_on(_PAGES_AT_ONCE):
            pass
        found = inspect_pages(self._space.page, self._space.page_count, report)
        self._clean(found.unused)
        return found

    def mark(self) -> None:
        """The store is about to be closed; it is said in it whether every page is clean."""
        if self.is_done and not self._is_marked:
            self._connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, '1')", (CLEANED,))
            self._is_marked = True

    def contains(self, needle: bytes) -> bool:
        """Whether the bytes of store or log contain needle."""
        if any(needle in block for block in self._space.blocks(1 << 22, len(needle))):
            return True
        return self._log.exists() and needle in self._log.read_bytes()

    def close(self) -> None:
        """When the connection is closed. Safe to call twice."""
        self._space.close()

    def _checkpoint(self, mode: str, wait_ms: int) -> bool:
        self._pending |= pages_in_log(self._log)
        self._connection.execute(f"PRAGMA busy_timeout={wait_ms}")
        try:
            busy, log_frames, done_frames = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        finally:
            self._connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        self._clean(self._pending)
        if log_frames == done_frames:
            self._pending.clear()
        return bool(busy == 0)

    def _clean(self, pages: Iterable[int]) -> None:
        if self._space.clean(pages):
            # The connection holds the pages as they were, and would write them so again.
            self._connection.execute("PRAGMA shrink_memory")
