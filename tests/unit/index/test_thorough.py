"""`index verify --thorough`: an answer for every byte that stands in the folder."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from index.database import EnrollmentDatabase
from index.folder import CACHE_NAME, SLOTS_NAME, STORE_NAME, VAULT_NAME
from index.records import Subject
from index.store.sqlite.connection import open_writer
from index.store.sqlite.row_checks import CHECK_BYTES, keep_checks
from tests.unit.index.conftest import References
from tests.unit.index.every_table import MASTER, fill, past_the_store


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A folder with something in every table and some free pages."""
    folder = tmp_path_factory.mktemp("thorough") / "data"
    make = References()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        fill(database, make)
        gone = [database.enroll(Subject(""), [make.finger(count=60)]).subject_id for _ in range(60)]
        for subject_id in gone:
            database.delete_subject(subject_id)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(whole, copy)
    return copy


def problems_of(folder: Path) -> list[tuple[str, int]]:
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
        found = [(one.code, one.count) for one in database.inspect()]
        return found + [(problem, 1) for problem in database.verify().problems]


def flip(path: Path, at: int, mask: int = 1) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ mask]))


def test_a_whole_folder_has_no_problem_and_progress_comes_to_its_end(folder: Path) -> None:
    assert problems_of(folder) == []
    told: dict[str, tuple[int, int]] = {}
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
        database.inspect(lambda one: told.update({one.stage: (one.done_count, one.total_count)}))
    assert {"pages", "keys", "images", "cache_files"} <= set(told)
    assert all(done == total for done, total in told.values())


def test_what_stands_in_a_free_page_is_told(folder: Path) -> None:
    first = (folder / STORE_NAME).read_bytes()[:100]
    trunk, page_bytes = int.from_bytes(first[32:36], "big"), int.from_bytes(first[16:18], "big")
    assert trunk
    content = (folder / STORE_NAME).read_bytes()
    leaf = int.from_bytes(content[(trunk - 1) * page_bytes + 8 :][:4], "big")
    flip(folder / STORE_NAME, (leaf - 1) * page_bytes + 4000)
    assert problems_of(folder) == [("free_pages", 1)]


def test_what_stands_in_unused_space_is_told_and_overwritten(folder: Path) -> None:
    content = (folder / STORE_NAME).read_bytes()
    begin = 100 + 8 + 2 * int.from_bytes(content[103:105], "big") + 12
    assert content[begin : begin + 8] == bytes(8)
    flip(folder / STORE_NAME, begin)
    assert problems_of(folder) == [("unused_space", 1)]
    assert problems_of(folder) == []


def test_what_stands_behind_the_end_of_a_long_row_is_told(folder: Path) -> None:
    """Of lengths of which the last page is not full."""
    with contextlib.closing(open_writer(folder / STORE_NAME, create=False)) as connection:
        keep_checks(connection)
        for number, length in enumerate((8200, 16_888, 33_600), start=101):
            row = (number, f"{number}{'x' * length}")
            connection.execute("INSERT INTO owed_record (owed_id, content) VALUES (?, ?)", row)
        # Of the other kind of tree.
        for number in (5000, 14_000):
            row = (f"long {number}", "x" * number)
            connection.execute("INSERT INTO request VALUES (?, 'enroll', x'', ?, NULL, x'00')", row)
    assert problems_of(folder) == []
    content = (folder / STORE_NAME).read_bytes()
    size = int.from_bytes(content[16:18], "big")
    ends = [at for at in range(0, len(content), size) if content[at : at + 5] == bytes(4) + b"x"]
    assert len(ends) == 5
    for start in ends:
        end = content.rindex(b"x", start, start + size) + 1 + CHECK_BYTES
        assert not any(content[end : start + size])
        for at in (end, (end + start + size) // 2, start + size - 1):
            flip(folder / STORE_NAME, at)
            assert problems_of(folder) == [("row_tails", 1)]
            flip(folder / STORE_NAME, at)
    assert problems_of(folder) == []


def test_a_header_of_another_software_is_told(folder: Path) -> None:
    flip(folder / STORE_NAME, 60)
    assert problems_of(folder) == [("header", 1)]


def test_a_part_of_the_schema_that_is_none_is_told(folder: Path) -> None:
    with past_the_store(folder) as connection:
        connection.execute("CREATE TRIGGER hidden AFTER DELETE ON subject BEGIN SELECT 1; END")
    assert problems_of(folder) == [("schema", 1)]


def test_a_next_number_below_one_that_was_given_is_told(folder: Path) -> None:
    with past_the_store(folder) as connection:
        connection.execute("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'reference'")
    assert ("numbers", 1) in problems_of(folder)


def test_an_image_that_differs_is_told_and_so_is_a_file_of_nobody(folder: Path) -> None:
    path = next(path for path in sorted((folder / VAULT_NAME).rglob("*")) if path.is_file())
    flip(path, 40)
    (path.parent / ("0" * 32)).write_bytes(b"left")
    assert problems_of(folder) == [("images", 1), ("stray_files", 1)]


def test_a_key_of_nobody_that_does_not_open_is_told(folder: Path) -> None:
    # Slots are made some dozens ahead.
    size_bytes = (folder / SLOTS_NAME).stat().st_size
    flip(folder / SLOTS_NAME, size_bytes - 30)
    assert problems_of(folder) == [("key_slots_unused", 1)]


def test_a_key_in_use_that_does_not_open_is_told(folder: Path) -> None:
    with sqlite3.connect(folder / STORE_NAME) as connection:
        (number,) = connection.execute("SELECT min(key_number) FROM image").fetchone()
    connection.close()
    flip(folder / SLOTS_NAME, 128 + 64 * number + 20)
    assert problems_of(folder)[:2] == [("key_slots", 1), ("images", 1)]


def test_index_files_that_were_made_anew_are_told(folder: Path) -> None:
    path = next(path for path in sorted((folder / CACHE_NAME).rglob("*")) if path.is_file())
    flip(path, path.stat().st_size - 5)
    assert problems_of(folder) == [("cache_refused", 1)]
    assert problems_of(folder) == []
