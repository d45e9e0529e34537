"""A disk that is full or cannot be written: a named error, nothing half stored, and on again when it is mended."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from index.database import EnrollmentDatabase
from index.errors import CacheFileError, DatabaseError, DatabaseFullError, DatabaseWriteError
from index.folder import CACHE_NAME
from index.records import Modality, Subject

ROOT = Path(__file__).parents[3]
FACE_PACK = "face-test@1"
# Enrolls until it is refused, then says what it has, searches, and deletes one. A second argument: how many bytes a
# file may have; set here, since code between fork and exec (preexec_fn) aborts now and then in a process with gRPC.
SCRIPT = """
import json, resource, sys
from pathlib import Path
import numpy as np
from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from index.records import FingerPosition, Modality, NewReference, Subject, Template
random = np.random.default_rng(1)
def face():
    v = random.standard_normal((1, 512)).astype(np.float32)
    return NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, "f@1", v / np.linalg.norm(v)), 9)
for limit in sys.argv[2:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
database = EnrollmentDatabase.open(Path(sys.argv[1]))
ids, error = [], ""
for _ in range(2000):
    one = face()
    try:
        ids.append(database.enroll(Subject(""), [one]).subject_id)
    except DatabaseError as refused:
        error = type(refused).__name__
        break
hits = database.search(Modality.FACE, "f@1", one.template.vectors, 1)
report = database.verify()
print(json.dumps({"ids": ids, "error": error, "found": float(hits.similarities[0, 0]), "problems": report.problems,
                  "count": report.reference_count}))
try:
    database.close()
except DatabaseError:
    pass
"""


def _run(folder: Path, *limits: str) -> dict:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", SCRIPT, str(folder), *limits]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_files_that_may_not_grow_refuse_by_name_and_keep_what_was_acknowledged(folder):
    said = _run(folder, "2000000")
    assert said["error"] in ("DatabaseWriteError", "DatabaseFullError")
    assert said["problems"] == []
    assert said["count"] == len(said["ids"]) > 10
    assert said["found"] < 0.9, "the refused reference must not be found"
    with EnrollmentDatabase.open(folder) as database:
        assert {subject.subject_id for subject in database.list_subjects(page_size=1000).items} == set(said["ids"])
        assert database.verify().ok


def test_a_full_file_system_refuses_by_name_and_takes_more_once_there_is_room(tmp_path):
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system needs rights that are not here")
    try:
        said = _run(place / "database")
        assert said["error"] == "DatabaseFullError"
        assert said["problems"] == []
        assert said["count"] == len(said["ids"]) > 10
        again = _run(place / "database")
        assert again["problems"] == [], "a full disk can still be opened and searched"
        assert again["count"] >= len(said["ids"])
        subprocess.run(["mount", "-o", "remount,size=16m", str(place)], check=True)
        with EnrollmentDatabase.open(place / "database") as database:
            stored = {subject.subject_id for subject in database.list_subjects(page_size=1000).items}
            assert stored == {*said["ids"], *again["ids"]}
            database.enroll(Subject(""), [])
            assert database.verify().ok
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_store_refuses_one_write_and_goes_on(folder, make, monkeypatch):
    with EnrollmentDatabase.open(folder) as database:
        database.enroll(Subject(""), [make.face()])
        queue = database.store.queue
        pages = queue.exclusively(lambda connection: connection.execute("PRAGMA page_count").fetchone()[0])
        queue.exclusively(lambda connection: connection.execute(f"PRAGMA max_page_count={pages}").fetchone())
        face = make.face(pack_id="face-large@1", dim=40_000)
        with pytest.raises(DatabaseFullError):
            database.enroll(Subject(""), [face])
        assert database.search(Modality.FACE, "face-large@1", face.template.vectors, 1).counts[0] == 0
        queue.exclusively(lambda connection: connection.execute("PRAGMA max_page_count=100000").fetchone())
        receipt = database.enroll(Subject(""), [face])
        hits = database.search(Modality.FACE, "face-large@1", face.template.vectors, 1)
        assert hits.reference_ids[0, 0] == receipt.reference_ids[0]
        assert database.verify().ok


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    """As another account, since root may write anywhere."""
    folder = tmp_path / "database"
    with EnrollmentDatabase.open(folder):
        pass
    script = (
        "import os, sys; from pathlib import Path; from index.database import EnrollmentDatabase\n"
        "from index.errors import DatabaseWriteError\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        "try: EnrollmentDatabase.open(Path(sys.argv[1]))\n"
        "except DatabaseWriteError: print('named')\n"
    )
    for path in (tmp_path, *tmp_path.parents):
        if os.getuid() == 0 and path.stat().st_mode & 0o005 != 0o005 and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    for path in (folder, *folder.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, str(folder)], check=False, capture_output=True, text=True, env=environment
        )
    finally:
        folder.chmod(0o755)
    if "PermissionError" in done.stderr and "site-packages" not in done.stdout and not done.stdout:
        pytest.skip("the other account cannot read the code")
    assert done.stdout.strip() == "named", done.stderr


def test_index_files_that_cannot_be_written_cost_nothing_but_time(folder, make, monkeypatch):
    def refuse(*_arguments: object, **_options: object) -> None:
        raise CacheFileError("the disk is read-only")

    face = make.face()
    with EnrollmentDatabase.open(folder) as database:
        database.enroll(Subject(""), [face])
        monkeypatch.setattr("index.partition.partition_set.save_cache", refuse)
    monkeypatch.undo()
    assert not list((folder / CACHE_NAME).rglob("contents*"))
    with EnrollmentDatabase.open(folder) as database:
        assert database.search(Modality.FACE, FACE_PACK, face.template.vectors, 1).counts[0] == 1
        assert database.verify().ok


def test_an_index_that_cannot_follow_stops_the_searching(folder, make, monkeypatch):
    """The store has it, the index has not: better no answer than a wrong one, and a restart mends it."""
    first, second = make.face(), make.face()
    database = EnrollmentDatabase.open(folder)
    database.enroll(Subject(""), [first])
    with monkeypatch.context() as patch:
        patch.setattr("index.partition.partition.Partition.add", _no_memory)
        with pytest.raises(DatabaseError, match="stored"):
            database.enroll(Subject(""), [second])
    assert not database.ready
    with pytest.raises(DatabaseError, match="step"):
        database.search(Modality.FACE, FACE_PACK, first.template.vectors, 1)
    database.close()
    with EnrollmentDatabase.open(folder) as database:
        hits = database.search(Modality.FACE, FACE_PACK, second.template.vectors, 1)
        assert hits.similarities[0, 0] > 0.999


def _no_memory(*_arguments: object) -> None:
    raise MemoryError


def test_the_writing_connection_syncs_checks_and_overwrites(database):
    """A power failure cannot be made in a test; what guards against it can be asked for."""
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}

    def ask(connection: sqlite3.Connection) -> dict[str, object]:
        return {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}

    assert database.store.queue.exclusively(ask) == wanted


def test_errors_of_the_disk_have_names():
    from index.store.sqlite.connection import named_errors

    for code, kind in (
        (sqlite3.SQLITE_FULL, DatabaseFullError),
        (sqlite3.SQLITE_IOERR_WRITE, DatabaseWriteError),
        (sqlite3.SQLITE_READONLY_DIRECTORY, DatabaseWriteError),
    ):
        error = sqlite3.OperationalError("made up")
        error.sqlite_errorcode = code
        with pytest.raises(kind), named_errors():
            raise error
