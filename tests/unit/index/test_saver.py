"""Index files are saved while the database serves: after a kill little is read from the store again."""

from __future__ import annotations

import itertools
import shutil
import threading
import time

from index.database import EnrollmentDatabase
from index.errors import CacheFileError
from index.partition.saver import Saver
from index.records import Subject


def _read_again(copy) -> int:
    """How many references a start from a copy of the folder, taken without closing, adds to its index."""
    seen = []
    with EnrollmentDatabase.open(copy, progress=seen.append) as database:
        assert database.verify().ok
    return max((progress.total_count for progress in seen if progress.stage == "index"), default=0)


def test_what_was_saved_while_serving_is_not_read_again(tmp_path, make, monkeypatch):
    # A kill leaves the folder as it is at one moment; a copy taken while files are replaced would be of several.
    between_savings = threading.Lock()
    save = EnrollmentDatabase.save

    def save_alone(database: EnrollmentDatabase) -> None:
        with between_savings:
            save(database)

    monkeypatch.setattr(EnrollmentDatabase, "save", save_alone)
    with EnrollmentDatabase(tmp_path / "a", save_interval_s=0.01) as database:
        for _ in range(10):
            database.enroll(Subject(""), [make.face()])
        for number in itertools.count():
            with between_savings:
                copy = shutil.copytree(tmp_path / "a", tmp_path / f"copy {number}")
            if _read_again(copy) < 10:
                break


def test_without_a_saving_everything_is_read_from_the_store(tmp_path, make):
    with EnrollmentDatabase(tmp_path / "a", save_interval_s=3600) as database:
        for _ in range(10):
            database.enroll(Subject(""), [make.face()])
        assert _read_again(shutil.copytree(tmp_path / "a", tmp_path / "copy")) == 10


def test_a_kill_in_the_middle_of_a_saving_costs_neither_the_old_files_nor_the_new(tmp_path, make, monkeypatch, caplog):
    with EnrollmentDatabase(tmp_path / "a", save_interval_s=3600) as database:
        for _ in range(10):
            database.enroll(Subject(""), [make.face()])
        database.save()
        with monkeypatch.context() as patch:
            patch.setattr("index.vector.quantized.index.QuantizedIndex.save", lambda *_arguments, **_options: None)
            database.enroll(Subject(""), [make.face()])
            database.save()
        # Announced and not written: the files before are still believed.
        assert _read_again(shutil.copytree(tmp_path / "a", tmp_path / "announced")) == 1
        assert "built again" not in caplog.text


def test_what_was_erased_is_noted_until_the_next_saving(tmp_path, make):
    with EnrollmentDatabase(tmp_path / "a", save_interval_s=3600) as database:
        receipt = database.enroll(Subject(""), [make.face()])
        database.delete_subject(receipt.subject_id)
        with database.store.reading() as reader:
            assert reader.pending_erasures() == receipt.reference_ids
        database.save()
        with database.store.reading() as reader:
            assert reader.pending_erasures() == ()


def test_old_folders_of_indexes_go(tmp_path, make):
    for _ in range(3):
        with EnrollmentDatabase(tmp_path / "a", use_cache=False) as database:
            database.enroll(Subject(""), [make.face()])
            database.rebuild()
    assert len(list((tmp_path / "a" / "cache").iterdir())) == 1


def test_a_saving_that_fails_is_tried_again():
    calls = []

    def save() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise CacheFileError("the disk is full")

    saver = Saver(save, interval_s=0.001)
    while len(calls) < 4:
        time.sleep(0.001)
    saver.stop()
    saver.stop()
