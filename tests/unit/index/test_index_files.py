"""Index files are caches: whatever happens to them, the answers are those of the store."""

from __future__ import annotations

import gc
import shutil
import sqlite3
import threading
import time
import weakref
from pathlib import Path

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError, DatabaseError, SchemaError
from index.folder import CACHE_NAME, STORE_NAME, WAL_NAME
from index.records import Modality, NewReference, Subject
from index.store.sqlite.migrations import FIRST_TABLES, MIGRATIONS, Migration, apply_migrations
from index.vector.exact import ExactIndex
from index.vector.quantized import merging
from index.vector.quantized.index import QuantizedIndex
from index.vector.quantized.merge_policy import MaintenancePolicy

FACE_PACK = "face-test@1"
FLIPPED_RANGES = 24


def _filled(folder: Path, make, count: int = 40, *, with_fingers: bool = True) -> list[NewReference]:
    faces = [make.face() for _ in range(count)]
    with EnrollmentDatabase.open(folder) as database:
        for face in faces:
            database.enroll(Subject(""), [face, make.finger()] if with_fingers else [face])
    return faces


def _open_indexes(folder: Path) -> list[QuantizedIndex]:
    """The indexes of faces that have their files below a folder."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, QuantizedIndex)]
    return [one for one in found if one.folder is not None and folder in one.folder.parents]


def _index_files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / CACHE_NAME).rglob("*") if path.is_file())


def _check_answers(folder: Path, faces: list[NewReference]) -> None:
    """Every search equals that of the oracle over what was enrolled."""
    oracle = ExactIndex(faces[0].template.vectors.shape[1])
    queries = np.concatenate([face.template.vectors for face in faces])
    with EnrollmentDatabase.open(folder) as database:
        ids = database.allowed_reference_ids(Modality.FACE, FACE_PACK)
        stored = database.references(ids)
        oracle.add(ids, np.concatenate([reference.template.vectors for reference in stored]))
        expected, got = oracle.search(queries, 5), database.search(Modality.FACE, FACE_PACK, queries, 5)
        assert len(ids) == len(faces)
        assert got.reference_ids.tolist() == expected.reference_ids.tolist()
        np.testing.assert_allclose(got.similarities, expected.similarities, atol=1e-6)
        report = database.verify()
        assert report.ok, report.problems


def test_every_damaged_range_of_every_index_file_is_noticed(tmp_path, make):
    whole = tmp_path / "whole"
    faces = _filled(whole, make)
    names = [path.relative_to(whole) for path in _index_files(whole)]
    assert names, "no index file was written"
    for name in names:
        content = (whole / name).read_bytes()
        for start in np.linspace(0, len(content), FLIPPED_RANGES, endpoint=False).astype(int).tolist():
            damaged = tmp_path / "damaged"
            shutil.rmtree(damaged, ignore_errors=True)
            shutil.copytree(whole, damaged)
            flipped = bytearray(content)
            for position in range(start, min(start + 7, len(content))):
                flipped[position] ^= 0x5A
            (damaged / name).write_bytes(flipped)
            _check_answers(damaged, faces)


@pytest.mark.parametrize("damage", ["empty", "shorter", "longer", "missing", "another file"])
def test_index_files_of_another_length_are_noticed(tmp_path, make, damage):
    folder = tmp_path / "database"
    faces = _filled(folder, make)
    for path in _index_files(folder):
        content = path.read_bytes()
        if damage == "missing":
            path.unlink()
        else:
            changed = {"empty": b"", "shorter": content[:-1], "longer": content + b"\0", "another file": b"x" * 9999}
            path.write_bytes(changed[damage])
    _check_answers(folder, faces)


def test_the_files_save_reading_the_vectors_again(tmp_path, make):
    folder = tmp_path / "database"
    _filled(folder, make, with_fingers=False)
    read = []
    with EnrollmentDatabase.open(folder, progress=read.append):
        pass
    assert {one.total_count for one in read if one.stage == "index"} <= {0}
    shutil.rmtree(folder / CACHE_NAME)
    read.clear()
    with EnrollmentDatabase.open(folder, progress=read.append):
        pass
    assert max(one.done_count for one in read if one.stage == "index") == 40


def test_an_older_copy_of_the_store_never_meets_newer_index_files(tmp_path, make):
    folder = tmp_path / "database"
    _filled(folder, make, count=5)
    old_store = (folder / STORE_NAME).read_bytes()
    with EnrollmentDatabase.open(folder) as database:
        database.enroll(Subject(""), [make.face()])
    # As if someone had copied the store back: the next id is given again, to another face.
    (folder / STORE_NAME).write_bytes(old_store)
    replacement = make.face()
    with EnrollmentDatabase(folder, save_interval_s=3600) as database:
        reference_id = database.enroll(Subject(""), [replacement]).reference_ids[0]
        # As if the process were killed now: the ids in the files are those of the store, their faces are not.
        shutil.copytree(folder, tmp_path / "killed")
    for place in (folder, tmp_path / "killed"):
        with EnrollmentDatabase.open(place) as database:
            hits = database.search(Modality.FACE, FACE_PACK, replacement.template.vectors, 1)
            assert (int(hits.reference_ids[0, 0]), round(float(hits.similarities[0, 0]), 4)) == (reference_id, 1.0)
            assert database.verify().ok


def test_a_rebuild_under_load_loses_nothing(tmp_path, make):
    folder = tmp_path / "database"
    faces = _filled(folder, make, count=10)
    with EnrollmentDatabase.open(folder) as database:
        late = []

        def enroll_meanwhile(_progress: object) -> None:
            if len(late) < 6:
                late.append(make.face())
                database.enroll(Subject(""), [late[-1]])

        enroll_meanwhile(None)
        # Called between reading the store and swapping, where what comes in must be followed.
        database.rebuild(lambda progress: enroll_meanwhile(progress) if progress.stage == "columns" else None)
        assert database.ready
        report = database.verify()
        assert report.ok, report.problems
    _check_answers(folder, faces + late)


def test_a_saving_beside_a_rebuild_does_not_bring_the_old_folder_back(tmp_path, make, monkeypatch):
    """Nobody would erase there what is deleted later."""
    with EnrollmentDatabase(tmp_path / "a", save_interval_s=3600) as database:
        for _ in range(10):
            database.enroll(Subject(""), [make.face()])
        reached, opened, real = threading.Event(), threading.Event(), QuantizedIndex.save

        def save(saved: QuantizedIndex, *arguments: object, **options: object) -> None:
            if not reached.is_set():
                reached.set()
                assert opened.wait(60)
            real(saved, *arguments, **options)

        monkeypatch.setattr(QuantizedIndex, "save", save)
        (old,) = _open_indexes(tmp_path)
        saving = threading.Thread(target=database.save)
        rebuilding = threading.Thread(target=database.rebuild)
        saving.start()
        assert reached.wait(60)
        rebuilding.start()
        rebuilding.join(1)
        opened.set()
        saving.join(60)
        rebuilding.join(60)
        (kept,) = (tmp_path / "a" / CACHE_NAME).iterdir()
        assert kept != old.folder
        del old
        assert [one.folder for one in _open_indexes(tmp_path)] == [kept]


def test_a_replaced_index_is_freed(tmp_path, make):
    with EnrollmentDatabase.open(tmp_path / "a") as database:
        database.enroll(Subject(""), [make.face()])
        database.warm_up()
        assert gc.get_freeze_count() == 0, "the collector is the whole process's, and not for a database to stop"
        old = weakref.ref(*_open_indexes(tmp_path))
        database.rebuild()
        gc.collect()
        assert old() is None


def test_closing_gives_up_a_merge(tmp_path, make, monkeypatch):
    """Or it would go on in a folder that is another process's by then."""
    count = MaintenancePolicy().growing_row_count
    reached, opened, real = threading.Event(), threading.Event(), merging.copy_codes

    def copy(*arguments: object) -> None:
        reached.set()
        assert opened.wait(60)
        real(*arguments)

    monkeypatch.setattr(merging, "copy_codes", copy)
    database = EnrollmentDatabase(tmp_path / "a", save_interval_s=3600)
    for _ in range(6):
        database.enroll(Subject(""), [make.face() for _ in range(count)])
    assert reached.wait(60)
    (vector_index,) = _open_indexes(tmp_path)
    closing = threading.Thread(target=database.close)
    closing.start()
    end_s = time.monotonic() + 20
    while not vector_index.maintenance.is_closed:
        assert time.monotonic() < end_s
        time.sleep(0.001)
    opened.set()
    closing.join(60)
    assert not vector_index.maintenance.is_running
    # Given up and not ended: what is saved are the segments as they were filled.
    assert [segment.file_name for segment in vector_index.view.segments] == [""] * 6


def test_a_damaged_store_is_named_and_never_searched(tmp_path, make):
    folder = tmp_path / "database"
    _filled(folder, make)
    store = folder / STORE_NAME
    content = store.read_bytes()
    store.write_bytes(b"x" * 100 + content[100:])
    with pytest.raises(DatabaseDamagedError):
        EnrollmentDatabase.open(folder)
    # The inner part of a page: SQLite finds it when the page is read, or verify does.
    noticed = 0
    for page in range(1, len(content) // 8192):
        damaged = bytearray(content)
        damaged[page * 8192 : page * 8192 + 16] = b"\xff" * 16
        store.write_bytes(damaged)
        try:
            with EnrollmentDatabase.open(folder) as database:
                noticed += not database.verify().ok
        except DatabaseError:
            noticed += 1
    assert noticed == len(content) // 8192 - 1


@pytest.mark.parametrize("has_cache", [True, False])
@pytest.mark.parametrize("content", [bytes(4 * 32), b"\xff" * 4 * 32, bytes(7)], ids=["zeros", "nan", "cut off"])
def test_a_damaged_vector_in_the_store_is_named(folder, make, content, has_cache):
    _filled(folder, make, count=3)
    connection = sqlite3.connect(folder / STORE_NAME)
    connection.execute("UPDATE template SET vectors = ? WHERE reference_id = 3", (content,))
    connection.commit()
    connection.close()
    if not has_cache:
        shutil.rmtree(folder / CACHE_NAME)
    with EnrollmentDatabase.open(folder) as database:
        report = database.verify()
    assert (report.ok, report.set_aside_ids) == (False, (3,))
    assert report.problems == ("reference 3 is damaged; it is kept and not searched",)


@pytest.mark.parametrize("is_emptied", [True, False])
def test_a_store_that_is_lost_is_named_and_no_empty_one_takes_its_place(folder, make, is_emptied):
    _filled(folder, make, count=1)
    store, files = folder / STORE_NAME, sorted((folder / CACHE_NAME).rglob("*"))
    store.unlink()
    if is_emptied:
        store.touch()
    for create in (True, False):
        with pytest.raises(DatabaseDamagedError):
            EnrollmentDatabase.open(folder, create=create)
    assert sorted((folder / CACHE_NAME).rglob("*")) == files


def test_a_log_without_its_store_is_kept(folder, make):
    with EnrollmentDatabase.open(folder) as database:
        database.enroll(Subject(""), [make.face()])
        log = (folder / WAL_NAME).read_bytes()
    shutil.rmtree(folder / CACHE_NAME)
    (folder / STORE_NAME).write_bytes(b"")
    (folder / WAL_NAME).write_bytes(log)
    with pytest.raises(DatabaseDamagedError):
        EnrollmentDatabase.open(folder)
    assert (folder / WAL_NAME).read_bytes() == log


def test_a_process_killed_before_it_made_its_store_does_no_harm(folder, make, found):
    folder.mkdir()
    (folder / STORE_NAME).touch()
    with pytest.raises(DatabaseError, match="no database"):
        EnrollmentDatabase.open(folder, create=False)
    face = make.face()
    with EnrollmentDatabase.open(folder) as database:
        receipt = database.enroll(Subject(""), [face])
        assert found(database, face) == receipt.reference_ids[0]


def test_a_database_of_a_newer_version_is_refused(folder, make):
    _filled(folder, make, count=1)
    with sqlite3.connect(folder / STORE_NAME) as connection:
        connection.execute("INSERT INTO migration (name) VALUES ('9999_later')")
    connection.close()
    with pytest.raises(SchemaError):
        EnrollmentDatabase.open(folder)


def test_a_step_that_fails_leaves_nothing_of_itself(tmp_path):
    connection = sqlite3.connect(tmp_path / "steps.sqlite3", isolation_level=None)
    failing = Migration("0002_fails", ("CREATE TABLE half (a INTEGER) STRICT", "CREATE TABLE subject (a INTEGER)"))
    with pytest.raises(sqlite3.OperationalError):
        apply_migrations(connection, (FIRST_TABLES, failing))
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "half" not in tables
    assert "subject" in tables
    mended = Migration("0002_fails", ("CREATE TABLE half (a INTEGER) STRICT",))
    assert apply_migrations(connection, (FIRST_TABLES, mended)) == ("0002_fails",)
    assert apply_migrations(connection, (FIRST_TABLES, mended)) == ()
    connection.close()


def test_every_table_is_strict_and_names_of_steps_ascend(database, folder):
    connection = sqlite3.connect(folder / STORE_NAME)
    loose = connection.execute(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    connection.close()
    assert loose == []
    names = [migration.name for migration in MIGRATIONS]
    assert names == sorted(set(names))
