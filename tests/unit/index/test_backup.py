"""Backups: consistent while the database is written, every damage noticed, restored to what identifies again."""

from __future__ import annotations

import fcntl
import io
import itertools
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from index.backup.backup import back_up, check_backup, restore
from index.backup.sealed_stream import KEY_BYTES, new_key_file, read_chunks, read_key_file, write_backup_file
from index.database import EnrollmentDatabase
from index.errors import BackupError, DatabaseDamagedError
from index.folder import CACHE_NAME, STORE_NAME, WAL_NAME, database_files
from index.records import Gallery, Modality, SearchFilter, Subject
from index.store.sqlite.snapshot import REFERENCE_ID_GAP
from matcher.audit.deletions import read_deletions
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.errors import AuditError

FACE_PACK = "face-test@1"
KEY = bytes(range(KEY_BYTES))


@pytest.fixture(params=[None, KEY], ids=["plain", "encrypted"])
def key(request) -> bytes | None:
    return request.param


def _filled(folder: Path, make, count: int = 12) -> dict[str, object]:
    faces = {}
    with EnrollmentDatabase.open(folder) as database:
        database.create_gallery(Gallery("watch", "Truy nã"))
        for number in range(count):
            face = make.face()
            subject = Subject("", external_id=f"{number:012d}", galleries=frozenset({"watch"} if number % 2 else ()))
            faces[database.enroll(subject, [face, make.finger()]).subject_id] = face
    return faces


def test_a_restored_database_identifies_as_before(tmp_path, make, key, found):
    faces = _filled(tmp_path / "a", make)
    written = back_up(tmp_path / "a", tmp_path / "backup", key=key)
    assert written.header.encrypted == (key is not None)
    assert written.summary.subject_count == len(faces)
    assert check_backup(tmp_path / "backup", key=key) == written
    restore(tmp_path / "backup", tmp_path / "b", key=key)
    with EnrollmentDatabase.open(tmp_path / "b", create=False) as database:
        report = database.verify()
        assert (report.ok, report.subject_count, report.reference_count) == (True, len(faces), 2 * len(faces))
        for subject_id, face in faces.items():
            assert database.subject_ids_of([found(database, face)]) == {found(database, face): subject_id}
        where = SearchFilter(galleries=frozenset({"watch"}))
        assert database.count(Modality.FACE, FACE_PACK, where)[0] == len(faces) // 2
        assert database.find_subject("000000000003") is not None


def test_what_a_killed_backup_left_is_gone_after_the_next_and_what_another_writes_stays(tmp_path, make):
    folder, target = tmp_path / "a", tmp_path / "backups"
    target.mkdir()
    with EnrollmentDatabase.open(folder) as database:
        database.enroll(Subject(""), [make.face()])
    left, written = target / ".backup-left.part", target / ".backup-held.part"
    left.write_bytes(b"people")
    with written.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        back_up(folder, target / "backup")
        assert sorted(path.name for path in target.iterdir()) == [written.name, "backup"]


def test_a_backup_of_a_database_in_use_is_one_moment_of_it(tmp_path, make):
    """Every subject is enrolled with two references in one commit: a backup never holds one of them."""
    lock, stop = threading.Lock(), threading.Event()

    def write() -> None:
        while not stop.is_set():
            with lock:
                references = [make.face(), make.finger()]
            receipt = database.enroll(Subject(""), references)
            if receipt.reference_ids[0] % 3 == 0:
                database.delete_subject(receipt.subject_id)

    with EnrollmentDatabase.open(tmp_path / "a") as database:
        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            counts = []
            for number in range(5):
                seen = database.change_count
                while database.change_count < seen + 3:
                    pass
                summary = back_up(tmp_path / "a", tmp_path / f"backup{number}").summary
                assert summary.reference_count == 2 * summary.subject_count
                counts.append(summary.change_count)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert database.verify().ok
    assert counts == sorted(set(counts)), "nothing was written between the backups"
    restore(tmp_path / "backup4", tmp_path / "b")
    with EnrollmentDatabase.open(tmp_path / "b", create=False) as database:
        report = database.verify()
        assert report.ok, report.problems
        assert report.reference_count == 2 * report.subject_count > 0


def test_an_encrypted_backup_shows_nothing_and_opens_with_its_key_alone(tmp_path, make):
    faces = _filled(tmp_path / "a", make)
    back_up(tmp_path / "a", tmp_path / "backup", key=KEY)
    content = (tmp_path / "backup").read_bytes()
    plain_store = (tmp_path / "a" / STORE_NAME).read_bytes()
    for subject_id, face in faces.items():
        for needle in (subject_id.encode(), face.template.vectors.tobytes(), b"000000000003", b"CREATE TABLE"):
            assert needle in plain_store
            assert needle not in content
    for wrong in (None, bytes(KEY_BYTES)):
        with pytest.raises(BackupError):
            check_backup(tmp_path / "backup", key=wrong)
        with pytest.raises(BackupError):
            restore(tmp_path / "backup", tmp_path / "b", key=wrong)
        assert not database_files(tmp_path / "b")
    back_up(tmp_path / "a", tmp_path / "again", key=KEY)
    again = (tmp_path / "again").read_bytes()
    assert again[400:] != content[400:], "two backups must not share a key stream"


def test_every_damaged_place_is_noticed_and_nothing_is_restored(tmp_path, make, key):
    _filled(tmp_path / "a", make, count=3)
    back_up(tmp_path / "a", tmp_path / "backup", key=key)
    content = (tmp_path / "backup").read_bytes()
    positions = [*range(0, 420, 3), *np.linspace(420, len(content) - 1, 60).astype(int).tolist()]
    for position in positions:
        damaged = bytearray(content)
        damaged[position] ^= 0x11
        (tmp_path / "damaged").write_bytes(damaged)
        with pytest.raises(BackupError):
            check_backup(tmp_path / "damaged", key=key)
    for position in (0, 5, 200, len(content) // 2, len(content) - 1):
        (tmp_path / "damaged").write_bytes(content[:position])
        with pytest.raises(BackupError):
            restore(tmp_path / "damaged", tmp_path / "b", key=key)
    (tmp_path / "damaged").write_bytes(content + b"x")
    with pytest.raises(BackupError):
        restore(tmp_path / "damaged", tmp_path / "b", key=key)
    assert not database_files(tmp_path / "b")


def test_chunks_cannot_be_dropped_moved_or_taken_from_another_backup(tmp_path, key):
    chunks = [bytes([number]) * 50 for number in range(5)]

    def written(name: str) -> list[bytes]:
        with (tmp_path / name).open("wb") as file:
            write_backup_file(file, chunks, create_time="2026-01-01T00:00:00+00:00", key=key)
        content = (tmp_path / name).read_bytes()
        size = 50 + (16 if key else 32) + 4
        start = len(content) - 5 * size
        return [content[:start], *(content[start + number * size :][:size] for number in range(5))]

    def read(parts: list[bytes]) -> list[bytes]:
        (tmp_path / "made").write_bytes(b"".join(parts))
        with (tmp_path / "made").open("rb") as file:
            return list(read_chunks(file, key=key))

    head, *sealed = written("one")
    _, *foreign = written("two")
    assert read([head, *sealed]) == chunks
    for order in itertools.permutations(range(5), 4):
        with pytest.raises(BackupError):
            read([head, *(sealed[number] for number in order)])
    with pytest.raises(BackupError):
        read([head, sealed[1], sealed[0], *sealed[2:]])
    with pytest.raises(BackupError):
        read([head, *sealed[:2], foreign[2], *sealed[3:]])


def test_nothing_is_overwritten(tmp_path, make):
    _filled(tmp_path / "a", make, count=1)
    back_up(tmp_path / "a", tmp_path / "backup")
    before = (tmp_path / "backup").read_bytes()
    with pytest.raises(BackupError, match="exists"):
        back_up(tmp_path / "a", tmp_path / "backup")
    with pytest.raises(BackupError, match="already"):
        restore(tmp_path / "backup", tmp_path / "a")
    assert (tmp_path / "backup").read_bytes() == before
    (tmp_path / "emptied").mkdir()
    (tmp_path / "emptied" / STORE_NAME).touch()
    for folder in ("nowhere", "emptied"):
        with pytest.raises(BackupError, match="no database"):
            back_up(tmp_path / folder, tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "backup", "emptied"]
    assert {path.name for path in (tmp_path / "a").iterdir()} == {CACHE_NAME, STORE_NAME, "lock"}


def test_a_damaged_store_is_not_backed_up(tmp_path, make):
    _filled(tmp_path / "a", make)
    store = tmp_path / "a" / STORE_NAME
    content = bytearray(store.read_bytes())
    for page in range(8, len(content) // 8192):
        content[page * 8192 : page * 8192 + 64] = b"\xff" * 64
    store.write_bytes(content)
    with pytest.raises((BackupError, DatabaseDamagedError)):
        back_up(tmp_path / "a", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_index_files_of_the_old_line_are_not_trusted_after_a_restore(tmp_path, make, found):
    """The folder of a database whose store was lost still has index files, with ids that are given again."""
    _filled(tmp_path / "a", make, count=3)
    back_up(tmp_path / "a", tmp_path / "backup")
    with EnrollmentDatabase.open(tmp_path / "a") as database:
        later = database.enroll(Subject(""), [make.face()])
    (tmp_path / "a" / STORE_NAME).unlink()
    restore(tmp_path / "backup", tmp_path / "a")
    face = make.face()
    with EnrollmentDatabase.open(tmp_path / "a") as database:
        receipt = database.enroll(Subject(""), [face])
        assert receipt.reference_ids[0] > later.reference_ids[0]
        assert receipt.reference_ids[0] > REFERENCE_ID_GAP
        assert found(database, face) == receipt.reference_ids[0]
        assert database.verify().ok


def test_what_was_deleted_after_the_backup_is_deleted_again(tmp_path, make, found):
    faces = _filled(tmp_path / "a", make, count=4)
    ids = list(faces)
    back_up(tmp_path / "a", tmp_path / "backup")
    with EnrollmentDatabase.open(tmp_path / "a") as database, FileAuditLog(tmp_path / "audit.jsonl") as audit:
        kept_reference = database.list_references(ids[1]).items[0].reference_id
        audit.append(AuditEvent("delete_subject", subject_id=ids[0]))
        audit.append(AuditEvent("delete_subject", outcome="failed", subject_id=ids[2]))
        audit.append(AuditEvent("delete_reference", subject_id=ids[1], reference_ids=(kept_reference,)))
        # Another subject's reference by now: the number alone proves nothing.
        foreign = database.list_references(ids[2]).items[0].reference_id
        audit.append(AuditEvent("delete_reference", subject_id=ids[1], reference_ids=(foreign,)))
    deletions = read_deletions(tmp_path / "audit.jsonl")
    deleted = restore(tmp_path / "backup", tmp_path / "b", deletions=deletions).deleted
    assert (deleted.subject_count, deleted.reference_count) == (1, 1)
    assert not any(ids[0].encode() in path.read_bytes() for path in database_files(tmp_path / "b"))
    with EnrollmentDatabase.open(tmp_path / "b") as database:
        assert {subject.subject_id for subject in database.list_subjects().items} == set(ids[1:])
        assert not database.references([kept_reference])
        assert database.references([foreign])
        assert found(database, faces[ids[0]]) == 0
        assert database.verify().ok
    lines = (tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)
    for kept in (lines[1:], lines[:-1]):
        (tmp_path / "audit.jsonl").write_bytes(b"".join(kept))
        with pytest.raises(AuditError):
            read_deletions(tmp_path / "audit.jsonl")
    (tmp_path / "audit.jsonl").write_bytes(b"".join(lines) + b'{"sequence":5,')
    assert read_deletions(tmp_path / "audit.jsonl") == deletions, "a killed process leaves an unfinished line"


def test_a_log_that_a_killed_process_left_is_not_taken_for_the_restored_store(tmp_path, make):
    _filled(tmp_path / "a", make, count=2)
    back_up(tmp_path / "a", tmp_path / "backup")
    with EnrollmentDatabase.open(tmp_path / "a") as database:
        database.enroll(Subject("", external_id="later"), [make.face()])
        shutil.copytree(tmp_path / "a", tmp_path / "killed")
    (tmp_path / "killed" / STORE_NAME).unlink()
    with pytest.raises(BackupError, match="already"):
        restore(tmp_path / "backup", tmp_path / "killed")
    (tmp_path / "killed" / WAL_NAME).unlink()
    restore(tmp_path / "backup", tmp_path / "killed")
    with EnrollmentDatabase.open(tmp_path / "killed") as database:
        assert database.verify().subject_count == 2
        assert database.find_subject("later") is None


def test_an_older_schema_is_brought_up_to_date(tmp_path, make):
    _filled(tmp_path / "a", make, count=1)
    back_up(tmp_path / "a", tmp_path / "backup")
    restore(tmp_path / "backup", tmp_path / "b")
    with sqlite3.connect(tmp_path / "b" / STORE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM cache_mark").fetchone() == (0,)
    connection.close()


def test_leftovers_of_a_killed_backup_go_at_the_next_start_and_a_snapshot_has_no_name(tmp_path, make):
    _filled(tmp_path / "a", make, count=1)
    leftover = tmp_path / "a" / "snapshot-killed.part"
    shutil.copy(tmp_path / "a" / STORE_NAME, leftover)
    seen = []

    def open_meanwhile(_done: int, _total: int) -> None:
        if not seen:
            with EnrollmentDatabase.open(tmp_path / "a"):
                seen.extend(path.name for path in (tmp_path / "a").glob("snapshot-*"))
                seen.append("asked")

    back_up(tmp_path / "a", tmp_path / "backup", progress=open_meanwhile)
    assert not leftover.exists()
    # The snapshot itself has no name while there is anything in it.
    assert seen == ["asked"]
    assert check_backup(tmp_path / "backup").summary.subject_count == 1


_KILLED = """
import os, signal, sys
from pathlib import Path
from index.backup import backup
kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
folder, target, where = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
if where == "copying":
    backup.back_up(folder, target, key=bytes(32), progress=kill)
else:
    backup.write_backup_file = kill
    backup.back_up(folder, target, key=bytes(32))
"""


@pytest.mark.parametrize("where", ["copying", "sealing"])
def test_a_killed_backup_with_a_key_leaves_nothing_in_the_clear(tmp_path, make, where):
    """Every file that is there afterwards and was not before: nothing of the store is in it."""
    _filled(tmp_path / "a", make, count=40)
    before = set(tmp_path.rglob("*"))
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "a"), str(tmp_path / "backup"), where]
    killed = subprocess.run(command, check=False, capture_output=True, cwd=Path(__file__).parents[3])
    assert killed.returncode == -9, killed.stderr
    for path in {path for path in tmp_path.rglob("*") if path.is_file()} - before:
        content = path.read_bytes()
        assert not [number for number in range(40) if f"{number:012d}".encode() in content], path.name
        assert b"SQLite format 3" not in content


_KILLED_RESTORE = """
import os, signal, sys
from pathlib import Path
from index.backup import backup
from index.store.sqlite import snapshot
kill = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
setattr({"unpacking": backup, "copying": snapshot, "placing": backup}[sys.argv[3]], sys.argv[4], kill)
backup.restore(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    ("where", "name"), [("unpacking", "restored_store"), ("copying", "copy_known_rows"), ("placing", "put_files")]
)
def test_a_killed_restore_leaves_at_most_the_new_store_and_the_next_one_removes_it(tmp_path, make, where, name):
    _filled(tmp_path / "a", make, count=5)
    back_up(tmp_path / "a", tmp_path / "backup")
    command = [sys.executable, "-c", _KILLED_RESTORE, str(tmp_path / "backup"), str(tmp_path / "b"), where, name]
    killed = subprocess.run(command, check=False, capture_output=True, cwd=Path(__file__).parents[3])
    assert killed.returncode == -9, killed.stderr
    filled = [path for path in (tmp_path / "b").rglob("*") if path.is_file() and path.stat().st_size]
    if where == "copying":
        assert not any(b"000000000004" in path.read_bytes() for path in filled)
    assert len(filled) <= 1
    restore(tmp_path / "backup", tmp_path / "b")
    assert not list((tmp_path / "b").glob("restore-*"))
    with EnrollmentDatabase.open(tmp_path / "b") as database:
        assert database.verify().subject_count == 5


def test_a_key_file_is_private_and_never_replaced(tmp_path):
    new_key_file(tmp_path / "key")
    key = read_key_file(tmp_path / "key")
    assert len(key) == KEY_BYTES
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    with pytest.raises(BackupError):
        new_key_file(tmp_path / "key")
    assert read_key_file(tmp_path / "key") == key
    for wrong in ("", "zz" * 32, "ab" * 31):
        (tmp_path / "wrong").write_text(wrong)
        with pytest.raises(BackupError):
            read_key_file(tmp_path / "wrong")


def test_each_cause_of_a_key_that_does_not_fit_has_a_reason_of_its_own(tmp_path):
    written = io.BytesIO()
    key, other = bytes(KEY_BYTES), bytes([1]) * KEY_BYTES
    write_backup_file(written, [b"content"], create_time="2026-01-01T00:00:00+00:00", key=key)
    sealed = written.getvalue()

    def reason(content: bytes, with_key: bytes | None) -> str:
        with pytest.raises(BackupError) as refusal:
            list(read_chunks(io.BytesIO(content), key=with_key))
        return refusal.value.reason

    assert list(read_chunks(io.BytesIO(sealed), key=key)) == [b"content"]
    assert reason(sealed, None) == "key_missing"
    assert reason(sealed, other) == "key_other"
    assert reason(sealed[:-1] + bytes([sealed[-1] ^ 1]), key) == "damaged"
    # A backup of version 0.1 does not say which key it is of.
    plain_end = sealed.index(b', "key_check"')
    header = sealed[12:plain_end] + b"}"
    old = sealed[:8] + len(header).to_bytes(4, "big") + header + sealed[sealed.index(b"}") + 1 :]
    assert reason(old, other) == "key"
    (tmp_path / "words").write_text("no key")
    for path, expected in ((tmp_path / "none", "key_file_missing"), (tmp_path, "key_file_unreadable"),
                           (tmp_path / "words", "key_file")):  # fmt: skip
        with pytest.raises(BackupError) as refusal:
            read_key_file(path)
        assert refusal.value.reason == expected
    for path, expected in ((tmp_path / "words", "key_file_exists"), (tmp_path / "none" / "key", "key_file_unwritable")):
        with pytest.raises(BackupError) as refusal:
            new_key_file(path)
        assert refusal.value.reason == expected
