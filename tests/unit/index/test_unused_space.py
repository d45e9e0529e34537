"""Nothing is left of rows in the unused space of pages, where rows were before SQLite moved them."""

from __future__ import annotations

import errno
import random
import sqlite3
import threading

import pytest

from index.database import EnrollmentDatabase
from index.folder import STORE_NAME
from index.records import Subject
from index.store.sqlite import cleaning, unused_space
from index.store.sqlite.checkpoints import CLEANED, Checkpoints
from index.store.sqlite.unused_space import pages_in_log


def unused_bytes(path) -> dict[int, bytes]:
    """What stands in the unused space of each page that has something there."""
    content = path.read_bytes()
    page_bytes = int.from_bytes(content[16:18], "big")
    found = {}
    for page in range(len(content) // page_bytes):
        whole = content[page * page_bytes :][:page_bytes]
        begin, end = unused_space.unused_range(whole, first=page == 0)
        if left := whole[begin:end].replace(b"\0", b""):
            found[page + 1] = left
    return found


def change_much(database: EnrollmentDatabase, make, seed: int, count: int) -> None:
    """Enrolls in no order of the external ids, and deletes between, so that pages are split and merged."""
    chance, subject_ids = random.Random(seed), []
    for number in range(count):
        subject = Subject("", external_id=f"{chance.randrange(10**12):012d}", display_name="Nguyễn " * (1 + number % 9))
        subject_ids.append(
            database.enroll(subject, [make.face(), make.finger()], request_id=f"r{seed}-{number}").subject_id
        )
        while subject_ids and chance.random() < 0.4:
            database.delete_subject(subject_ids.pop(chance.randrange(len(subject_ids))))


@pytest.fixture
def without_cleaning(monkeypatch):
    monkeypatch.setattr(unused_space.UnusedSpace, "clean", lambda *_: 0)


def test_without_cleaning_there_is_something(folder, make, without_cleaning):
    """The library alone leaves it: else the tests below would show nothing."""
    with EnrollmentDatabase.open(folder) as database:
        change_much(database, make, 1, 120)
    assert unused_bytes(folder / STORE_NAME)


def test_unused_space_is_empty_after_each_deletion_and_at_the_end(folder, make):
    with EnrollmentDatabase.open(folder) as database:
        change_much(database, make, 1, 60)
        last = database.enroll(Subject("", external_id="079000000001"), [make.face()])
        assert database.delete_subject(last.subject_id).files_scrubbed
        assert not unused_bytes(folder / STORE_NAME)
        change_much(database, make, 2, 40)
        assert database.verify().ok
    assert not unused_bytes(folder / STORE_NAME)
    with sqlite3.connect(folder / STORE_NAME) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_what_a_version_or_process_of_before_left_is_cleaned_at_the_next_start(folder, make):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unused_space.UnusedSpace, "clean", lambda *_: 0)
        with EnrollmentDatabase.open(folder) as database:
            change_much(database, make, 1, 120)
        with sqlite3.connect(folder / STORE_NAME) as connection:
            connection.execute("DELETE FROM setting WHERE name = 'unused_space_cleaned'")
        connection.close()
    assert unused_bytes(folder / STORE_NAME)
    with EnrollmentDatabase.open(folder) as database:
        assert not unused_bytes(folder / STORE_NAME)
        assert database.verify(thorough=True).ok
    assert not unused_bytes(folder / STORE_NAME)


def test_a_store_that_was_closed_in_order_is_not_read_again(folder, make, monkeypatch):
    with EnrollmentDatabase.open(folder) as database:
        change_much(database, make, 1, 20)
    cleaned = []
    monkeypatch.setattr(unused_space.UnusedSpace, "clean", lambda _, pages: cleaned.extend(pages) or 0)
    EnrollmentDatabase.open(folder).close()
    assert len(cleaned) < 5


def test_a_disk_that_refuses_to_be_cleaned_keeps_nobody_from_opening_the_store(folder, make, monkeypatch):
    with EnrollmentDatabase.open(folder) as database:
        change_much(database, make, 1, 20)
    with sqlite3.connect(folder / STORE_NAME) as connection:
        connection.execute("DELETE FROM setting WHERE name = ?", (CLEANED,))
    connection.close()
    cleaned, clean = threading.Event(), unused_space.UnusedSpace.clean

    def refused_once(space, pages):
        monkeypatch.setattr(unused_space.UnusedSpace, "clean", clean)
        cleaned.set()
        raise OSError(errno.EIO, "the disk refused")

    monkeypatch.setattr(cleaning, "_RETRY_S", 0.01)
    monkeypatch.setattr(unused_space.UnusedSpace, "clean", refused_once)
    monkeypatch.setattr(Checkpoints, "empty", lambda _, wait_ms: True)
    with EnrollmentDatabase.open(folder) as database:
        assert cleaned.is_set()
        database.store._cleaning._thread.join(30)
        assert not unused_bytes(folder / STORE_NAME)


def test_pages_in_a_log_are_those_of_its_frames(tmp_path):
    path = tmp_path / "one.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE one (content BLOB)")
    connection.execute("INSERT INTO one VALUES (zeroblob(20000))")
    assert pages_in_log(tmp_path / "one.sqlite3-wal") == frozenset(range(1, 7))
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    connection.execute("INSERT INTO one VALUES (1)")
    # The frames of before lie there still, behind those that count.
    assert 0 < len(pages_in_log(tmp_path / "one.sqlite3-wal")) < 6
    connection.close()
    assert pages_in_log(tmp_path / "one.sqlite3-wal") == frozenset()
