"""A write-ahead log as SQLite itself writes it: what a crash leaves is no damage, a bit that changed is."""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from index.errors import DatabaseDamagedError
from index.store.sqlite.connection import PAGE_SIZE_BYTES
from index.store.sqlite.log_frames import check_log

FRAME_BYTES = 24 + PAGE_SIZE_BYTES
BEFORE_COUNT = 3


def _commit(path: Path, page_count: int) -> None:
    """One transaction of more pages than that, left in the log as a killed process leaves it."""
    stored = path.read_bytes()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA wal_autocheckpoint = 0")
    connection.execute("BEGIN")
    for _ in range(page_count):
        connection.execute("INSERT INTO kept VALUES (?)", (os.urandom(PAGE_SIZE_BYTES - 200),))
    connection.execute("COMMIT")
    content = _log(path).read_bytes()
    connection.close()
    path.write_bytes(stored)
    _log(path).write_bytes(content)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE_BYTES}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE kept (content BLOB)")
    connection.close()
    for _ in range(BEFORE_COUNT):
        _commit(path, 2)
    return path


def _log_after(store: Path, page_count: int) -> bytes:
    """What the log is after one more commit, of which the store itself knows nothing."""
    copy = store.with_name(f"copy-{page_count}")
    shutil.copyfile(store, copy)
    shutil.copyfile(_log(store), _log(copy))
    _commit(copy, page_count)
    return _log(copy).read_bytes()


def test_what_a_crash_leaves_at_any_byte_of_the_last_commit_is_no_damage(store):
    before, after = _log(store).stat().st_size, _log_after(store, 3)
    for end in (*range(before, len(after), 1000), len(after)):
        _log(store).write_bytes(after[:end])
        check_log(_log(store))


def test_commits_that_were_taken_back_and_written_over_are_no_damage(store):
    """As where the disk refused to sync twice, and took a third commit before the process was killed."""
    longest, shorter, stands = (_log_after(store, count) for count in (12, 6, 2))
    content = stands + shorter[len(stands) :] + longest[len(shorter) :]
    _log(store).write_bytes(content)
    check_log(_log(store))
    # A bit of what stands before it is told all the same.
    _flip(_log(store), 32 + FRAME_BYTES // 2, 3)
    with pytest.raises(DatabaseDamagedError):
        check_log(_log(store))


@pytest.mark.parametrize("at", [0, 5, 12, 16, 20, 24, 5000], ids=lambda at: f"byte {at}")
def test_a_bit_of_any_frame_before_the_last_commit_is_told(store, at):
    whole = _log(store).read_bytes()
    last = _log_after(store, 2)
    for start in range(32, len(whole) - FRAME_BYTES, FRAME_BYTES):
        _log(store).write_bytes(last)
        _flip(_log(store), start + at, 1)
        with pytest.raises(DatabaseDamagedError):
            check_log(_log(store))


def _flip(path: Path, at: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1 << bit
    path.write_bytes(content)
