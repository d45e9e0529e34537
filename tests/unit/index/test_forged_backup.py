"""A backup comes from a disk that others had in their hands: it chooses no protection and brings no code."""

from __future__ import annotations

import json
import sqlite3
import struct
from dataclasses import asdict
from pathlib import Path

import pytest

from index.backup.backup import back_up, check_backup, restore
from index.backup.sealed_stream import CHUNK_BYTES, KEY_BYTES, write_backup_file
from index.backup.vault_files import read_files
from index.database import EnrollmentDatabase
from index.errors import BackupError, DatabaseError
from index.folder import STORE_NAME, database_files
from index.receipts import Deletions
from index.records import Subject

KEY = bytes(range(KEY_BYTES))


@pytest.fixture
def store(tmp_path: Path, make) -> Path:
    with EnrollmentDatabase.open(tmp_path / "a") as database:
        for number in range(4):
            database.enroll(Subject("", f"{number}"), [make.face(), make.finger()], request_id=f"r-{number}")
    return tmp_path / "a"


def _forge(store: Path, target: Path, *statements: str, key: bytes | None = None) -> Path:
    """A backup file of the store after statements, written as whoever has no key would write it."""
    forged = store / "forged"
    summary = asdict(back_up(store, target).summary)
    target.unlink()
    with sqlite3.connect(store / STORE_NAME) as source, sqlite3.connect(forged) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("PRAGMA writable_schema=ON")
        for statement in statements:
            copy.execute(statement)
        copy.commit()
    source.close()
    copy.close()
    content = forged.read_bytes()
    manifest = json.dumps({**summary, "size_bytes": len(content)}).encode()
    parts = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    with target.open("wb") as file:
        write_backup_file(
            file,
            [struct.pack(">I", len(manifest)) + manifest, *parts],
            create_time="2026-01-01T00:00:00",
            key=key,
        )
    forged.unlink()
    return target


def test_with_a_key_nothing_unkeyed_is_accepted(store: Path, tmp_path: Path) -> None:
    forged = _forge(store, tmp_path / "backup", "UPDATE subject SET display_name = 'somebody else'")
    for attempt in (
        lambda: check_backup(forged, key=KEY),
        lambda: restore(forged, tmp_path / "b", key=KEY, deletions=Deletions()),
    ):
        with pytest.raises(BackupError) as refusal:
            attempt()
        assert refusal.value.reason == "not_sealed"
    assert not database_files(tmp_path / "b")
    restore(forged, tmp_path / "b")


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (
            "CREATE TRIGGER keeper BEFORE DELETE ON subject BEGIN SELECT raise(IGNORE); END",
            "trigger 'keeper'",
        ),
        ("CREATE VIEW other AS SELECT 1", "view 'other'"),
        ("CREATE TABLE other (value TEXT)", "table 'other'"),
        ("CREATE INDEX other ON subject (upper(display_name))", "index 'other'"),
        ("CREATE VIRTUAL TABLE other USING fts5(value)", "other"),
        ("ALTER TABLE subject ADD COLUMN other TEXT", "subject.'other'"),
        ("ALTER TABLE subject ADD COLUMN other TEXT AS (upper(display_name))", "subject.'other'"),
        ("DROP TABLE request", "request"),
        ("DROP INDEX subject_by_external_id", "subject_by_external_id"),
    ],
)
@pytest.mark.parametrize("key", [None, KEY], ids=["plain", "encrypted"])
def test_what_is_no_part_of_the_schema_is_refused_by_name(
    store: Path, tmp_path: Path, statement: str, name: str, key: bytes | None
) -> None:
    forged = _forge(store, tmp_path / "backup", statement, key=key)
    with pytest.raises(BackupError, match=name) as refusal:
        restore(forged, tmp_path / "b", key=key)
    assert refusal.value.reason == "content"
    assert not database_files(tmp_path / "b")
    # Whoever checks it is told the same, without making a database of it.
    with pytest.raises(BackupError, match=name) as refusal:
        check_backup(forged, key=key)
    assert refusal.value.reason == "content"


@pytest.mark.parametrize(
    "statements",
    [
        ("UPDATE subject SET subject_number = subject_number + 100 WHERE external_id = '1'",),
        ("DELETE FROM migration",),
        ("DROP TABLE migration",),
        ("DROP TABLE migration", "CREATE VIEW migration AS SELECT 1 AS number, '0001_first_tables' AS name"),
        ("UPDATE migration SET name = '0002_other' WHERE number = 2",),
        ("UPDATE sqlite_sequence SET seq = 'many'",),
        ("INSERT INTO sqlite_sequence VALUES ('other', 7)",),
        ("DROP TABLE change_count", "CREATE TABLE change_count (only INTEGER PRIMARY KEY, value ANY)"),
    ],
)
def test_rows_that_this_software_does_not_write_are_refused(
    store: Path, tmp_path: Path, statements: tuple[str, ...]
) -> None:
    forged = _forge(store, tmp_path / "backup", *statements)
    with pytest.raises(DatabaseError):
        restore(forged, tmp_path / "b")
    assert not database_files(tmp_path / "b")


def test_a_restored_store_is_the_one_backed_up_row_by_row(store: Path, tmp_path: Path, make) -> None:
    with EnrollmentDatabase.open(store) as database:
        gone = database.find_subject("3")
        assert gone is not None
        database.delete_subject(gone.subject_id)
    back_up(store, tmp_path / "backup", key=KEY)
    restore(tmp_path / "backup", tmp_path / "b", key=KEY)
    rows = []
    for folder in (store, tmp_path / "b"):
        with sqlite3.connect(folder / STORE_NAME) as connection:
            # What holds for the pages of one file only.
            connection.execute("DELETE FROM setting WHERE name = 'unused_space_cleaned'")
            schema = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            kept = [name for name in sorted(tables) if name not in ("cache_mark", "erasure", "sqlite_sequence")]
            rows.append([schema, *(sorted(connection.execute(f"SELECT * FROM {name}")) for name in kept)])
        connection.close()
    assert rows[0] == rows[1]
    with EnrollmentDatabase.open(tmp_path / "b") as database:
        replayed = database.enroll(Subject("", "1"), [make.face(), make.finger()], request_id="new")
        assert min(replayed.reference_ids) > 10_000_000


@pytest.mark.parametrize("head", [b'{"name": "00", "size_bytes": 1e999}', b"[" * 100_000, b"[]", b"no JSON"])
def test_what_names_no_image_is_named(head: bytes) -> None:
    with pytest.raises(BackupError):
        next(read_files(iter([head])))
