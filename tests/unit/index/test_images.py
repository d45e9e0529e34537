"""Images kept in the vault: encrypted, once for each subject, there when acknowledged, gone when deleted."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from index.absence import contains
from index.backup.backup import back_up, check_backup, restore
from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError, DatabaseError, DatabaseWriteError, RequestConflictError
from index.folder import SLOTS_NAME, VAULT_NAME
from index.keys.master_key import MasterKey
from index.keys.seals import Seal, Seals
from index.records import NewReference, Subject
from index.store.sqlite import writes
from index.store.vault import INCOMING

MASTER = MasterKey(bytes(range(32)))
PICTURE, OTHER = b"\xff\xd8 a picture of a face " * 500, b"RIFF another picture " * 300


def shown(reference: NewReference, image: bytes, ppi: float | None = None) -> NewReference:
    return replace(reference, image=image, sample_sha256=hashlib.sha256(image).hexdigest(), ppi=ppi)


def vault_files(folder: Path) -> list[Path]:
    return [path for path in (folder / VAULT_NAME).rglob("*") if path.is_file()]


def test_an_image_comes_back_as_it_came_and_stands_nowhere_plain(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        first = database.enroll(Subject(""), [shown(make.face(), PICTURE), shown(make.finger(), OTHER, 500.0)])
        without = database.enroll(Subject(""), [make.face()])
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        face, finger = (database.image_of(one) for one in first.reference_ids)
        assert (face.content, face.ppi) == (PICTURE, None)
        assert (finger.content, finger.ppi, finger.sha256) == (OTHER, 500.0, hashlib.sha256(OTHER).hexdigest())
        assert database.image_of(without.reference_ids[0]) is None
        assert database.image_of(999) is None
        assert database.verify().ok
    for picture in (PICTURE, OTHER):
        assert not any(contains(path, picture[:24]) for path in folder.rglob("*") if path.is_file())


def test_a_plain_database_keeps_no_image(folder, make) -> None:
    with EnrollmentDatabase.open(folder) as database:
        receipt = database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        assert database.image_of(receipt.reference_ids[0]) is None
    assert not any(contains(path, PICTURE[:24]) for path in folder.rglob("*") if path.is_file())


def test_one_image_of_one_subject_is_kept_once(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        first = database.enroll(Subject(""), [shown(make.face(), PICTURE), shown(make.face(), PICTURE)])
        again = database.enroll(Subject(first.subject_id), [shown(make.face(), PICTURE)])
        database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        assert len(vault_files(folder)) == 2
        database.delete_reference(first.reference_ids[0])
        assert database.image_of(again.reference_ids[0]).content == PICTURE
        database.delete_reference(first.reference_ids[1])
        assert len(vault_files(folder)) == 2
        database.delete_reference(again.reference_ids[0])
        assert len(vault_files(folder)) == 1
        assert database.verify().ok


def test_deleting_a_subject_removes_its_images_and_closes_copies_of_them(folder, make, tmp_path) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        (kept,) = vault_files(folder)
        copy = kept.read_bytes()
        deletion = database.delete_subject(receipt.subject_id)
        assert deletion.files_scrubbed
        assert not vault_files(folder)
        again = database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        (other,) = vault_files(folder)
        other.write_bytes(copy)
        with pytest.raises(DatabaseDamagedError):
            database.image_of(again.reference_ids[0])


def test_what_was_refused_or_repeated_leaves_no_file(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        face = shown(make.face(), PICTURE)
        with pytest.raises(DatabaseError):
            database.enroll(Subject("nobody"), [face])
        assert not vault_files(folder)
        for _ in range(2):
            database.enroll(Subject(""), [face], request_id="r", request_digest=b"1")
        with pytest.raises(RequestConflictError):
            database.enroll(Subject(""), [face], request_id="r", request_digest=b"2")
        assert len(vault_files(folder)) == 1


@pytest.mark.parametrize("is_committed", [True, False])
def test_a_process_killed_around_the_commit_loses_and_leaves_nothing(
    folder, make, monkeypatch, is_committed: bool
) -> None:
    real = writes.enroll

    class KilledError(BaseException):
        pass

    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        store = database._store
        monkeypatch.setattr(type(store._vault), "settle", lambda *_: None)
        monkeypatch.setattr(type(store._vault), "discard", lambda *_: None)
        if not is_committed:
            monkeypatch.setattr(writes, "enroll", lambda *_, **__: (_ for _ in ()).throw(KilledError))
        reference_ids = ()
        with contextlib.suppress(KilledError):
            reference_ids = database.enroll(Subject(""), [shown(make.face(), PICTURE)]).reference_ids
    assert [path.parent.name for path in vault_files(folder)] == [INCOMING]
    monkeypatch.undo()
    assert writes.enroll is real
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        if is_committed:
            assert database.image_of(reference_ids[0]).content == PICTURE
        assert [path.parent.name != INCOMING for path in vault_files(folder)] == [True] * is_committed


def test_an_image_that_is_deleted_while_it_is_read_is_gone_and_not_damaged(folder, make, monkeypatch) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        of_image = Seals.of_image

        def deleted_first(seals: Seals, image_key: int) -> Seal:
            database.delete_subject(receipt.subject_id)
            return of_image(seals, image_key)

        monkeypatch.setattr(Seals, "of_image", deleted_first)
        assert database.image_of(receipt.reference_ids[0]) is None


def test_a_vault_that_is_removed_while_in_use_is_told_and_nothing_is_stored(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        shutil.rmtree(folder / VAULT_NAME)
        with pytest.raises(DatabaseWriteError, match="vault"):
            database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        assert not database.list_subjects().items
        assert database.enroll(Subject(""), [make.face()]).reference_ids


def test_a_missing_image_is_named_by_the_check(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject(""), [shown(make.face(), PICTURE)])
        vault_files(folder)[0].unlink()
        assert "1 images are not in the vault" in database.verify().problems
        with pytest.raises(DatabaseDamagedError):
            database.image_of(receipt.reference_ids[0])


@pytest.mark.parametrize("key", [None, bytes(32)])
def test_a_backup_brings_the_images_back(folder, make, tmp_path, key: bytes | None) -> None:
    large = bytes(range(256)) * 9000
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        kept = database.enroll(Subject(""), [shown(make.face(), PICTURE), shown(make.finger(), large)])
        gone = database.enroll(Subject(""), [shown(make.face(), OTHER)])
        made = back_up(folder, tmp_path / "backup", key=key)
        assert made.summary.image_count == 3
        assert check_backup(tmp_path / "backup", key=key).summary.image_count == 3
        database.delete_subject(gone.subject_id)
    restore(tmp_path / "backup", tmp_path / "new", key=key, key_slots=folder / SLOTS_NAME)
    with EnrollmentDatabase.open(tmp_path / "new", create=False, master_key=MASTER) as database:
        assert database.image_of(kept.reference_ids[0]).content == PICTURE
        assert database.image_of(kept.reference_ids[1]).content == large
        assert database.verify().ok
    assert len(vault_files(tmp_path / "new")) == 2
