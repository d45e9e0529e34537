"""Many threads at once: acknowledged means stored, searchable and, when deleted, gone."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.errors import DatabaseError, GalleryNotFoundError
from index.records import Subject


def _work(database: EnrollmentDatabase, make_one, found, seed: int, rounds: int) -> tuple[dict, list]:
    """Enroll and delete by turns, searching after each; returns what stays and what went."""
    random = np.random.default_rng(seed)
    stays, went = {}, []
    for number in range(rounds):
        face = make_one(seed, number)
        receipt = database.enroll(Subject("", external_id=f"{seed}-{number}"), [face])
        assert found(database, face) == receipt.reference_ids[0]
        stays[receipt.subject_id] = (receipt.reference_ids[0], face)
        if random.random() < 0.4:
            subject_id = list(stays)[int(random.integers(len(stays)))]
            reference_id, gone = stays.pop(subject_id)
            database.delete_subject(subject_id)
            assert found(database, gone) == 0
            went.append((subject_id, reference_id))
    return stays, went


@pytest.mark.parametrize("rounds", [pytest.param(15, id="short"), pytest.param(300, id="full", marks=pytest.mark.soak)])
def test_threads_that_enroll_search_and_delete_see_their_own_writes(folder, make, found, rounds):
    lock = threading.Lock()

    def make_one(_seed: int, _number: int):
        with lock:
            return make.face()

    with EnrollmentDatabase.open(folder) as database, ThreadPoolExecutor(8) as threads:
        works = [threads.submit(_work, database, make_one, found, seed, rounds) for seed in range(8)]
        wait(works)
        results = [work.result() for work in works]
        report = database.verify()
        assert report.ok, report.problems
    with EnrollmentDatabase.open(folder) as database:
        for stays, went in results:
            for subject_id, (reference_id, face) in stays.items():
                assert database.get_subject(subject_id).subject_id == subject_id
                assert found(database, face) == reference_id
            for subject_id, reference_id in went:
                assert not database.references([reference_id])
                assert database.check_absence(subject_id=subject_id, reference_ids=[reference_id]).absent
        assert database.verify().subject_count == sum(len(stays) for stays, _ in results)


def test_threads_that_write_together_share_commits(folder, make):
    """Group commit: while one commit waits for the disk, the others gather and go in one."""
    with EnrollmentDatabase.open(folder) as database, ThreadPoolExecutor(16) as threads:
        faces = [make.face() for _ in range(200)]
        before = database.change_count
        list(threads.map(lambda face: database.enroll(Subject(""), [face]), faces))
        assert database.change_count - before < len(faces)
        assert database.verify().reference_count == len(faces)


def test_one_refused_write_takes_no_other_down(folder, make):
    def enroll(number: int) -> bool:
        galleries = frozenset({"none"}) if number % 3 == 0 else frozenset()
        try:
            database.enroll(Subject("", galleries=galleries), [faces[number]])
        except GalleryNotFoundError:
            return False
        return True

    faces = [make.face() for _ in range(12)]
    with EnrollmentDatabase.open(folder) as database, ThreadPoolExecutor(13) as threads:
        released = threading.Event()
        holder = threads.submit(database.store.exclusively, lambda _connection: released.wait())
        results = threads.map(enroll, range(12))
        while database.store.queue.waiting_count < 12:
            time.sleep(0.001)
        before = database.change_count
        released.set()
        assert holder.result()
        assert list(results) == [number % 3 != 0 for number in range(12)]
        assert database.change_count == before + 1, "they were to go into one commit"
        report = database.verify()
        # A subject is made before its galleries are looked up: that half of a refused write is taken back.
        assert (report.ok, report.subject_count, report.reference_count) == (True, 8, 8)


def test_a_closed_database_says_so(folder, make):
    database = EnrollmentDatabase.open(folder)
    database.close()
    database.close()
    with pytest.raises(DatabaseError):
        database.enroll(Subject(""), [make.face()])
    with pytest.raises(DatabaseError):
        database.list_subjects()
