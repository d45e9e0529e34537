"""A row of any table that changed on the disk is named and left out; everything else is served, and a backup mends."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

import pytest

from index.backup.backup import back_up, mend
from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError, DatabaseError
from index.folder import STORE_NAME
from index.store.sqlite.connection import open_reader
from index.store.sqlite.row_checks import COLUMN, UNCHECKED, columns_checked, damaged_rows
from matcher.audit.changes import ChangeLedger
from matcher.audit.log import FileAuditLog
from matcher.results import Candidate, Score
from matcher.usecases.naming import named
from tests.unit.index.conftest import References
from tests.unit.index.every_table import (
    AUTHOR,
    COUNT,
    MASTER,
    NEXT_PACK,
    changed,
    columns_of,
    fill,
    note_leftovers,
    past_the_store,
)

TABLES = (
    "capture_device",
    "cache_mark",
    "change_count",
    "counterpart",
    "erased_file",
    "erased_key",
    "erasure",
    "failed_counterpart",
    "gallery",
    "image",
    "image_part",
    "membership",
    "owed_record",
    "pack",
    "reassigned_reference",
    "reassignment",
    "reference_digest",
    "reference_image",
    "request",
    "set_aside",
    "setting",
    "subject",
    "subject_record",
    "subject_revision",
    "subject_seal",
)
# One column of each, of what reads use most, for what a whole database does then.
COLUMN_OF = {
    "capture_device": "device",
    "cache_mark": "stamp",
    "counterpart": "original_id",
    "failed_counterpart": "reason",
    "gallery": "gallery_id",
    "image": "file_name",
    "image_part": "region",
    "membership": COLUMN,
    "owed_record": "content",
    "pack": "pack_id",
    "reassigned_reference": COLUMN,
    "reassignment": "content",
    "reference_digest": "reference_key",
    "reference_image": "ppi",
    "request": "receipt",
    "subject": "display_name",
    "subject_record": "fields",
    "subject_revision": "content",
    "subject_seal": "key_number",
}


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> tuple[Path, dict]:
    """An encrypted folder with something in every table but those of leftovers, a backup beside it, and what was
    enrolled."""
    folder = tmp_path_factory.mktemp("every") / "data"
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        made = fill(database, References())
    back_up(folder, folder.parent / "backup")
    return folder, made


def test_every_table_has_a_check_in_each_row(filled) -> None:
    """A table that is new needs the column row_check, or a line in UNCHECKED and a reason there."""
    folder, _ = filled
    with contextlib.closing(open_reader(folder / STORE_NAME)) as connection:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        checked = set(columns_checked(connection))
    assert checked | UNCHECKED == tables - {"sqlite_sequence"}
    assert set(TABLES) == checked


@pytest.mark.parametrize("table", TABLES)
def test_a_change_of_any_column_of_any_row_is_found(filled, tmp_path: Path, table: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder)
    note_leftovers(folder)
    with past_the_store(folder) as connection, contextlib.closing(open_reader(folder / STORE_NAME)) as reader:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute(f"CREATE TEMP TABLE kept AS SELECT * FROM {table}")
        (count,) = connection.execute("SELECT count(*) FROM kept").fetchone()
        assert count
        for name, kind in columns_of(connection, table):
            assert list(damaged_rows(reader)) == []
            connection.execute(f"UPDATE {table} SET {name} = {changed(kind, name)}")
            assert [one[0] for one in damaged_rows(reader)] == [table] * count, name
            connection.execute(f"DELETE FROM {table}")
            connection.execute(f"INSERT INTO {table} SELECT * FROM kept")


@pytest.mark.parametrize("table", sorted(COLUMN_OF))
def test_a_damaged_row_is_named_and_left_out_and_comes_back_from_a_backup(filled, tmp_path: Path, table: str) -> None:
    folder, made = tmp_path / "data", filled[1]
    shutil.copytree(filled[0], folder)
    with past_the_store(folder) as connection:
        name = COLUMN_OF[table]
        kind = dict(columns_of(connection, table))[name]
        made_by = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
        key = COLUMN if "WITHOUT ROWID" in made_by else "rowid"
        where = f"WHERE {key} = (SELECT max({key}) FROM {table})"
        assert connection.execute(f"UPDATE {table} SET {name} = {changed(kind, name)} {where}").rowcount == 1
    # From the store alone, or else nothing reads what is known of index files.
    with EnrollmentDatabase(folder, create=False, master_key=MASTER, use_cache=table == "cache_mark") as database:
        assert database.verify(thorough=False).ok
        report = database.verify()
        word = f"reference {max(made)} is damaged" if table == "reference_digest" else f"a row of the table {table} "
        assert any(word in problem for problem in report.problems), report.problems
        check_the_rest_is_served(database, made, report.set_aside_ids)
    mended = mend(filled[0].parent / "backup", folder, master_key=MASTER)
    assert mended.left_reference_ids == ()
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
        report = database.verify()
        assert mended.left_rows == () or table == "owed_record"
        assert report.ok or table == "owed_record", report.problems
        assert report.set_aside_ids == ()
        check_the_rest_is_served(database, made, ())


def check_the_rest_is_served(database: EnrollmentDatabase, made: dict, set_aside: tuple[int, ...]) -> None:
    """Lists come to their end, and whoever is not damaged is found."""
    served = 0
    token = ""
    while True:
        page = database.list_subjects(page_size=1, page_token=token)
        for subject in page.items:
            served += 1
            database.list_references(subject.subject_id)
            for read in (database.get_record, database.list_revisions):
                with contextlib.suppress(DatabaseDamagedError):
                    read(subject.subject_id)
        token = page.next_page_token
        if not token:
            break
    assert served >= COUNT - 1
    assert len(database.list_galleries().items) >= COUNT - 1
    assert len(database.owed_records()) == COUNT
    for reference_id, new in made.items():
        with contextlib.suppress(DatabaseDamagedError):
            database.image_of(reference_id)
        if reference_id in set_aside:
            continue
        hits = database.search(new.template.modality, new.template.pack_id, new.template.vectors, 1)
        if not hits.counts[0]:
            assert new.template.pack_id == NEXT_PACK
            continue
        assert int(hits.reference_ids[0, 0]) == reference_id
        owners = database.subject_ids_of([reference_id])
        with contextlib.suppress(DatabaseDamagedError):
            assert database.get_subject(owners[reference_id]).subject_id == owners[reference_id]
    with contextlib.suppress(DatabaseError):
        database.update_record(next(iter(database.list_subjects().items)).subject_id, {"address": "Huế"}, AUTHOR)


def test_a_start_names_a_damaged_setting(filled, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder)
    with past_the_store(folder) as connection:
        connection.execute("UPDATE setting SET name = 'datacase_id' WHERE name = 'database_id'")
    with pytest.raises(DatabaseDamagedError, match="setting"):
        EnrollmentDatabase.open(folder, create=False, master_key=MASTER)


def test_a_damaged_owed_record_leaves_a_record_that_something_was_changed(filled, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder)
    with past_the_store(folder) as connection:
        connection.execute("DELETE FROM owed_record WHERE owed_id > 1")
        connection.execute("""UPDATE owed_record SET content = '{"event": {"action": "enrolk"}}'""")
    for paid in (1, 0):
        with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
            with FileAuditLog(folder / "audit.jsonl", noted=database.log_head) as audit:
                assert ChangeLedger(database, audit).pay_at_start() == paid
            assert database.owed_records() == ()
    (record,) = map(json.loads, (folder / "audit.jsonl").read_text().splitlines())
    assert (record["action"], record["reason"]) == ("unknown_change", "owed_record_damaged")


def test_a_candidate_whose_record_does_not_open_is_shown_without_a_name(filled, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    shutil.copytree(filled[0], folder)
    with past_the_store(folder) as connection:
        connection.execute("UPDATE subject_seal SET content = x'00' WHERE subject_number = 1")
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
        owners = [database.subject_ids_of([one])[one] for one in (1, 3)]
        shown = named(database, [candidate(one) for one in owners])
        assert [(one.subject_id, one.external_id) for one in shown] == [(owners[0], ""), (owners[1], "002")]


def candidate(subject_id: str) -> Candidate:
    return Candidate(1, subject_id, 1, similarity=0.9, score=Score(50.0), above_threshold=True)


@pytest.mark.parametrize("column", ["vectors", "minutiae"])
def test_a_reference_whose_kind_the_disk_changed_is_encrypted_and_stays_damaged(tmp_path: Path, column: str) -> None:
    """A bit in the head of a row makes a text of bytes."""
    folder = tmp_path / "data"
    with EnrollmentDatabase.open(folder) as database:
        fill(database, References())
    with past_the_store(folder) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE name = 'template'")
    with past_the_store(folder) as connection:
        connection.execute(f"UPDATE template SET {column} = CAST(x'61ff62' AS TEXT) WHERE reference_id = 1")
        connection.execute("UPDATE subject SET display_name = CAST(x'61ff' AS TEXT) WHERE subject_number = 2")
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER, encrypt=True) as database:
        assert database.is_encrypted
        assert len(database.list_subjects().items) == COUNT - 1
        assert 1 in database.verify().set_aside_ids
        assert {3, 4} <= {*database.references_set_aside()}
    with past_the_store(folder) as connection:
        kept = connection.execute("SELECT display_name FROM subject WHERE subject_number = 2").fetchone()
    assert kept == ("",)
