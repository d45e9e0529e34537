"""An encrypted database: the same answers, nothing of a person in its files, and keys that can be destroyed."""

from __future__ import annotations

import contextlib
import errno
import hmac
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import unicodedata
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.absence import contains
from index.backup.backup import back_up, mend, restore
from index.database import EnrollmentDatabase
from index.errors import (
    BackupError,
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseWriteError,
    EncryptionKeyError,
    RequestConflictError,
)
from index.folder import SLOTS_NAME, STORE_NAME, database_files
from index.keys.master_key import MasterKey, new_master_key, parse_master_key, read_master_key
from index.keys.seals import TOKEN_BYTES, Mac, Seals
from index.keys.slots import FIRST_OFFSET, SLOT_BYTES, KeySlots, copy_slots, erased_slots, read_identity, rewrap
from index.receipts import Deletions, MendedStore
from index.records import Gallery, Modality, NewReference, RecordAuthor, Subject, SubjectQuery
from index.store.sqlite import references, row_digests, sealing, subjects
from index.store.sqlite.row_checks import keep_checks
from index.store.template_codec import ENCODING_OF, encode_vectors
from tests.files import files_with

MASTER, OTHER = MasterKey(bytes(range(32))), MasterKey(bytes(32))
NAME, NUMBER = unicodedata.normalize("NFC", "Trần Đức Ẩn"), "079203004567"


def needles(*references: NewReference) -> dict[str, bytes]:
    found = {"name": NAME.encode(), "number": NUMBER.encode()}
    for place, reference in enumerate(references):
        template = reference.template
        found[f"vector {place}"] = encode_vectors(template.vectors, ENCODING_OF[template.modality])[:24]
        if reference.template.minutiae:
            found[f"minutiae {place}"] = reference.template.minutiae[:24]
    return found


def person() -> Subject:
    return Subject("", external_id=NUMBER, display_name=NAME, galleries=frozenset({"watch"}))


def test_nothing_of_a_person_stands_in_any_file(folder, make, found) -> None:
    face, finger = make.face(), make.finger(count=40)
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        assert database.is_encrypted
        database.create_gallery(Gallery("watch", "watch"))
        receipt = database.enroll(person(), [face, finger])
        for name, needle in needles(face, finger).items():
            assert not files_with(folder, needle), name
    for name, needle in needles(face, finger).items():
        assert not files_with(folder, needle), name
    for use_cache in (True, False):
        with EnrollmentDatabase(folder, master_key=MASTER, use_cache=use_cache) as database:
            subject = database.get_subject(receipt.subject_id)
            assert (subject.external_id, subject.display_name) == (NUMBER, NAME)
            assert database.find_subject(NUMBER) == subject
            assert database.find_subject(NUMBER[1:]) is None
            assert database.list_subjects().items == (subject,)
            assert found(database, face) == receipt.reference_ids[0]
            first, second = database.references(receipt.reference_ids)
            assert first.template.vectors.tobytes() == face.template.vectors.tobytes()
            assert second.template.minutiae == finger.template.minutiae
            assert database.vectors_of(Modality.FACE, face.template.pack_id, [receipt.reference_ids[0]])
            assert database.verify().ok
            again = database.enroll(Subject("", external_id=NUMBER), [make.face()])
            assert again.subject_id == receipt.subject_id


def test_fields_filled_in_later_are_encrypted_and_found(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject(""), [make.face()])
        database.enroll(Subject(receipt.subject_id, external_id=NUMBER, display_name=NAME), [])
        found = database.find_subject(NUMBER)
        assert found is not None
        assert (found.subject_id, found.display_name) == (receipt.subject_id, NAME)
    assert not files_with(folder, NUMBER.encode())
    assert not files_with(folder, NAME.encode())


def test_a_sealed_subject_comes_back(folder, make, found) -> None:
    face = make.face()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject("", external_id=NUMBER), [face])
        database.seal_subject(receipt.subject_id)
        assert not found(database, face)
        database.unseal_subject(receipt.subject_id)
        assert found(database, face)


def test_without_the_key_or_with_another_nothing_opens(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(Subject(""), [make.face()])
    for key, reason in ((None, "missing"), (OTHER, "wrong")):
        with pytest.raises(EncryptionKeyError) as raised:
            EnrollmentDatabase.open(folder, master_key=key)
        assert raised.value.reason == reason
    (folder / SLOTS_NAME).rename(folder / "kept")
    for key, encrypt in ((None, False), (MASTER, False), (MASTER, True)):
        with pytest.raises(EncryptionKeyError) as raised:
            EnrollmentDatabase.open(folder, master_key=key, encrypt=encrypt)
        assert raised.value.reason == "slots"
        # New ones would open nothing, and stand where the copy is to be put back.
        assert not (folder / SLOTS_NAME).exists()
    KeySlots.create(folder / SLOTS_NAME, MASTER).close()
    with pytest.raises(EncryptionKeyError, match="another database"):
        EnrollmentDatabase.open(folder, master_key=MASTER)
    (folder / "kept").replace(folder / SLOTS_NAME)
    EnrollmentDatabase.open(folder, master_key=MASTER).close()


def test_a_value_put_in_another_place_does_not_open(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject("", display_name="one"), [])
        database.enroll(Subject("", display_name="two"), [])
    with sqlite3.connect(folder / STORE_NAME) as connection:
        connection.execute(
            "UPDATE subject_seal SET (key_number, content) ="
            " (SELECT key_number, content FROM subject_seal WHERE subject_number = 2) WHERE subject_number = 1"
        )
    connection.close()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database, pytest.raises(DatabaseDamagedError):
        database.get_subject(receipt.subject_id)


@pytest.mark.parametrize("whole", [True, False])
def test_old_copies_of_the_store_do_not_open_what_was_deleted(folder, make, tmp_path, whole: bool) -> None:
    face, other = make.face(), make.face()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject("", display_name=NAME), [face, other])
        bystander = database.enroll(Subject("", display_name="bystander"), [make.face()])
    shutil.copy(folder / STORE_NAME, tmp_path / "old")
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        if whole:
            database.delete_subject(receipt.subject_id)
        else:
            database.delete_reference(receipt.reference_ids[0])
    shutil.rmtree(folder / "cache")
    shutil.copy(tmp_path / "old", folder / STORE_NAME)
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        found = [one.reference_id for one in database.references(receipt.reference_ids)]
        assert found == ([] if whole else [receipt.reference_ids[1]])
        assert len(database.references(bystander.reference_ids)) == 1
        assert database.get_subject(bystander.subject_id).display_name == "bystander"
        if whole:
            with pytest.raises(DatabaseDamagedError):
                database.get_subject(receipt.subject_id)


def test_keys_that_a_killed_process_left_are_erased_at_the_next_start(folder, make, monkeypatch) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(Subject("", display_name=NAME), [make.face()])

        def refused(self: Seals, numbers: object) -> None:
            raise DatabaseWriteError("the disk refused the key slots")

        with monkeypatch.context() as patch:
            patch.setattr(Seals, "erase", refused)
            deletion = database.delete_subject(receipt.subject_id)
            assert not deletion.files_scrubbed
            assert erased_slots(folder / SLOTS_NAME, [1, 2])[0] == frozenset()
            database.close()
    EnrollmentDatabase.open(folder, master_key=MASTER).close()
    assert erased_slots(folder / SLOTS_NAME, [1, 2]) == (frozenset({1, 2}), frozenset())
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(Subject(""), [])
    with sqlite3.connect(folder / STORE_NAME) as connection:
        assert connection.execute("SELECT count(*) FROM erased_key").fetchone() == (0,)
    connection.close()


@pytest.fixture
def plain(folder: Path, make) -> tuple[Path, dict[str, bytes], tuple[int, ...]]:
    """A folder with a plain database, what must not be found in it later, and what is."""
    face, finger = make.face(), make.finger(count=40)
    with EnrollmentDatabase.open(folder) as database:
        database.create_gallery(Gallery("watch", "watch"))
        receipt = database.enroll(person(), [face, finger])
        for number in range(30):
            database.enroll(Subject("", f"number {number}", f"name {number}"), [make.face(), make.finger()])
        gone = database.enroll(Subject("", display_name="Gone from a page"), [make.face()])
        database.delete_subject(gone.subject_id)
    return folder, needles(face, finger), receipt.reference_ids


def test_a_plain_database_stays_plain_until_told(plain) -> None:
    folder, secrets, ids = plain
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        assert not database.is_encrypted
        assert len(database.references(ids)) == 2
    assert not (folder / SLOTS_NAME).exists()
    assert all(files_with(folder, needle) for needle in secrets.values())


def test_a_plain_database_is_encrypted_in_place(plain) -> None:
    folder, secrets, ids = plain
    told: list[tuple[int, int]] = []
    with EnrollmentDatabase.open(
        folder,
        master_key=MASTER,
        encrypt=True,
        progress=lambda one: told.append((one.done_count, one.total_count)) if one.stage == "encrypt" else None,
    ) as database:
        assert database.is_encrypted
        assert database.find_subject(NUMBER).display_name == NAME
        assert len(database.references(ids)) == 2
        assert len(database.list_subjects().items) == 31
        assert database.verify().ok
        for name, needle in secrets.items():
            assert not files_with(folder, needle), name
    assert told[0] == (0, 31)
    assert told[-1] == (31, 31)
    for name, needle in secrets.items():
        assert not files_with(folder, needle), name
    with pytest.raises(EncryptionKeyError):
        EnrollmentDatabase.open(folder)


def test_encrypting_goes_on_where_it_was_killed(plain, monkeypatch) -> None:
    folder, secrets, ids = plain
    monkeypatch.setattr(sealing, "_SUBJECTS_A_COMMIT", 4)

    def killed(progress) -> None:
        if progress.stage == "encrypt" and progress.done_count >= 12:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True, progress=killed)
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        assert not database.is_encrypted
        assert database.find_subject(NUMBER).display_name == NAME
        assert database.find_subject("number 29").display_name == "name 29"
        assert len(database.references(ids)) == 2
        database.enroll(Subject("", "new one", "in between"), [])
        assert not files_with(folder, b"in between")
    done = []
    with EnrollmentDatabase.open(
        folder, master_key=MASTER, encrypt=True, progress=lambda one: done.append((one.stage, one.done_count))
    ) as database:
        assert next(count for stage, count in done if stage == "encrypt") == 13
        assert database.is_encrypted
        assert len(database.list_subjects().items) == 32
    for name, needle in secrets.items():
        assert not files_with(folder, needle), name


def test_damage_stays_damage_when_it_is_encrypted(plain) -> None:
    folder, _, ids = plain
    with sqlite3.connect(folder / STORE_NAME) as connection:
        connection.execute("UPDATE template SET vectors = zeroblob(length(vectors)) WHERE reference_id = ?", (ids[0],))
    connection.close()
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        assert [one.reference_id for one in database.references(ids)] == [ids[1]]
        assert database.verify().set_aside_ids == (ids[0],)


def test_a_key_that_the_disk_changed_is_found(folder, make) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipt = database.enroll(person_without_gallery(), [make.face()])
        assert database.verify().ok
    whole = (folder / SLOTS_NAME).read_bytes()

    def verified_with_damage_in(slot: int) -> tuple[str, ...]:
        content = bytearray(whole)
        content[FIRST_OFFSET + slot * SLOT_BYTES + 20] ^= 1
        (folder / SLOTS_NAME).write_bytes(content)
        with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
            return database.verify().problems

    subject, reference = 1, 2
    assert any("1 subjects do not open" in problem for problem in verified_with_damage_in(subject))
    (problem,) = verified_with_damage_in(reference)
    assert f"reference {receipt.reference_ids[0]} is damaged" in problem


def test_an_older_copy_in_the_place_of_the_keys_is_refused(folder, make, tmp_path) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(Subject("", "early"), [make.face()])
        copy_slots(folder / SLOTS_NAME, tmp_path / "older")
        for number in range(20):
            database.enroll(Subject("", f"late {number}"), [make.face()])
        copy_slots(folder / SLOTS_NAME, tmp_path / "newest")
    shutil.copyfile(tmp_path / "older", folder / SLOTS_NAME)
    with pytest.raises(EncryptionKeyError) as raised:
        EnrollmentDatabase.open(folder, create=False, master_key=MASTER)
    assert raised.value.reason == "unknown"
    shutil.copyfile(tmp_path / "newest", folder / SLOTS_NAME)
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
        assert database.find_subject("late 19")
        assert database.verify().ok


def test_the_master_key_is_changed_without_writing_data(folder, make, found) -> None:
    face = make.face()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(person_without_gallery(), [face])
        gone = database.enroll(Subject(""), [make.face()])
        database.delete_subject(gone.subject_id)
    before = {path: path.read_bytes() for path in database_files(folder) if path.name != SLOTS_NAME}
    old_slots = (folder / SLOTS_NAME).read_bytes()
    slots_id, key_id = read_identity(folder / SLOTS_NAME)
    rewrap(folder / SLOTS_NAME, MASTER, OTHER)
    assert read_identity(folder / SLOTS_NAME) == (slots_id, OTHER.key_id)
    assert key_id == MASTER.key_id != OTHER.key_id
    assert {path: path.read_bytes() for path in before} == before
    new_slots = (folder / SLOTS_NAME).read_bytes()
    assert len(new_slots) == len(old_slots)
    assert new_slots[FIRST_OFFSET : FIRST_OFFSET + 60] != old_slots[FIRST_OFFSET : FIRST_OFFSET + 60]
    with pytest.raises(EncryptionKeyError):
        EnrollmentDatabase.open(folder, master_key=MASTER)
    with EnrollmentDatabase.open(folder, master_key=OTHER) as database:
        assert found(database, face)
        assert database.find_subject(NUMBER).display_name == NAME


KILLED_REWRAPPING = """
import os, signal, sys
from pathlib import Path
from index.keys import slots
from index.keys.master_key import MasterKey

def until_killed(done, total):
    if done >= total - 8:
        os.kill(os.getpid(), signal.SIGKILL)

slots._SLOTS_A_STEP = 8
slots.rewrap(Path(sys.argv[1]), MasterKey(bytes(range(32))), MasterKey(bytes(32)), until_killed)
"""


def test_what_a_killed_rewrapping_leaves_is_destroyed(tmp_path) -> None:
    """Its secrets would outlive their erasure."""
    path = tmp_path / SLOTS_NAME
    opened = KeySlots.create(path, MASTER)
    secrets_given = [opened.give() for _ in range(400)]
    opened.close()
    root = Path(__file__).parents[3]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    killed = subprocess.run([sys.executable, "-c", KILLED_REWRAPPING, str(path)], env=environ, cwd=root, check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = (one for one in tmp_path.iterdir() if one != path)
    assert left.stat().st_size > FIRST_OFFSET + 100 * SLOT_BYTES
    held = left.open("rb")  # its bytes are gone too, not its name alone
    with pytest.raises(EncryptionKeyError):
        KeySlots(path, OTHER)
    reopened = KeySlots(path, MASTER)
    assert [path] == list(tmp_path.iterdir())
    assert not held.read().strip(b"\0")
    held.close()
    assert all(reopened.secret(number) == secret for number, secret in secrets_given)
    reopened.close()
    rewrap(path, MASTER, OTHER)
    reopened = KeySlots(path, OTHER)
    assert all(reopened.secret(number) == secret for number, secret in secrets_given)
    reopened.close()


def changed(folder: Path, *statements: str) -> None:
    """As whoever can write the file, and has no key; checks of rows are no secret."""
    with contextlib.closing(sqlite3.connect(folder / STORE_NAME)) as connection:
        keep_checks(connection)
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def plain_copy(folder: Path, tmp_path: Path, make, *new: NewReference) -> Path:
    """A plain store with other people, under the same numbers."""
    with EnrollmentDatabase.open(tmp_path / "planted") as database:
        for number, reference in enumerate(new):
            database.enroll(Subject("", f"planted-{number}", "Người Khác"), [reference])
    return tmp_path / "planted" / STORE_NAME


def test_a_plain_row_in_an_encrypted_store_is_damage(folder, make, found, tmp_path, caplog) -> None:
    own, planted = make.face(), make.face()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        (own_id,) = database.enroll(person_without_gallery(), [own]).reference_ids
        (lost_id,) = database.enroll(Subject("", "2"), [make.face()]).reference_ids
    other = plain_copy(folder, tmp_path, make, make.face(), planted)
    changed(
        folder,
        f"ATTACH '{other}' AS other",
        "UPDATE template SET vectors = (SELECT vectors FROM other.template AS its"
        f" WHERE its.reference_id = {lost_id}), minutiae = x'' WHERE reference_id = {lost_id}",
        "UPDATE reference_digest SET subject_key = NULL, reference_key = NULL,"
        " (row_digest, template_digest, vectors_crc) ="
        " (SELECT row_digest, template_digest, vectors_crc FROM other.reference_digest AS its"
        f" WHERE its.reference_id = {lost_id}) WHERE reference_id = {lost_id}",
        f"INSERT OR REPLACE INTO reference SELECT * FROM other.reference WHERE reference_id = {lost_id}",
        # That encryption was still under way is believed with a token only.
        "UPDATE setting SET value = 'partly' WHERE name = 'sealing'",
    )
    for use_cache in (True, False):
        with EnrollmentDatabase(folder, master_key=MASTER, use_cache=use_cache) as database:
            assert database.is_encrypted
            assert found(database, own) == own_id
            hits = database.search(Modality.FACE, planted.template.pack_id, planted.template.vectors, 2)
            assert lost_id not in hits.reference_ids or hits.similarities.max() < 0.9
            assert database.references([lost_id]) == ()
            report = database.verify()
            assert report.set_aside_ids == (lost_id,)
    assert "damaged" in caplog.text


@pytest.mark.parametrize("also_key", [False, True])
def test_a_reference_put_to_another_subject_is_damage(folder, make, also_key: bool) -> None:
    """Whoever can write the file can make the digests fit, and has no key to make the template fit."""
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        (face_id,) = database.enroll(person_without_gallery(), [make.face()]).reference_ids
        other = database.enroll(Subject("", "2"), [make.face()]).subject_id
    of_other = "(SELECT key_number FROM subject_seal WHERE subject_number = 2)"
    with contextlib.closing(sqlite3.connect(folder / STORE_NAME)) as connection:
        connection.execute("UPDATE reference SET subject_number = 2 WHERE reference_id = ?", (face_id,))
        if also_key:
            connection.execute(
                f"UPDATE reference_digest SET subject_key = {of_other} WHERE reference_id = ?",
                (face_id,),
            )
        stored = connection.execute(f"{row_digests.SELECT_CHECKED} WHERE reference.reference_id = ?", (face_id,))
        row_digest, template_digest, _ = row_digests.digests_of(stored.fetchone()[: row_digests.COVERED_WIDTH])
        connection.execute(
            "UPDATE reference_digest SET row_digest = ?, template_digest = ? WHERE reference_id = ?",
            (row_digest, template_digest, face_id),
        )
        connection.commit()
    for use_cache in (True, False):
        with EnrollmentDatabase(folder, master_key=MASTER, use_cache=use_cache) as database:
            # With both changed it takes the template, which is not read for a name, to find out.
            assert also_key or other not in database.subject_ids_of([face_id]).values()
            assert database.references([face_id]) == ()
            assert face_id in database.verify().set_aside_ids


@pytest.mark.parametrize("progress", ["partly", "", None])
def test_a_plain_subject_in_an_encrypted_store_is_not_believed(folder, make, progress) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(person_without_gallery(), [make.face()])
    changed(
        folder,
        "INSERT INTO subject (subject_id, external_id, display_name, state, sex, create_time)"
        " VALUES ('planted', 'planted', 'Người Khác', 'active', 'male', 0)",
        "DELETE FROM setting WHERE name = 'sealing'"
        if progress is None
        else f"UPDATE setting SET value = '{progress}' WHERE name = 'sealing'",
    )
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        assert database.find_subject("planted") is None
        with pytest.raises(DatabaseDamagedError, match="damaged"):
            database.get_subject("planted")
        assert [one.external_id for one in database.list_subjects().items] == [NUMBER]
        assert not database.verify().ok


def test_another_store_in_the_place_of_the_encrypted_one_is_refused(folder, make, tmp_path) -> None:
    """Also one that says nothing of keys."""
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(person_without_gallery(), [make.face()])
    other = plain_copy(folder, tmp_path, make, make.face())
    (folder / STORE_NAME).write_bytes(other.read_bytes())
    for encrypt in (False, True):
        with pytest.raises(EncryptionKeyError) as raised:
            EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=encrypt)
        assert raised.value.reason == "store"
    # Nor is a new one made where it is lost: what is restored goes there.
    (folder / STORE_NAME).unlink()
    shutil.rmtree(folder / "cache", ignore_errors=True)
    with pytest.raises(EncryptionKeyError) as raised:
        EnrollmentDatabase.open(folder, master_key=MASTER)
    assert raised.value.reason == "store"
    assert not (folder / STORE_NAME).exists()


DUMPABLE = """
import ctypes, resource, sys
from pathlib import Path
from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey

with EnrollmentDatabase.open(Path(sys.argv[1]), master_key=MasterKey(bytes(range(32)))):
    print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


def test_whoever_opens_the_keys_leaves_no_core_dump(folder) -> None:
    """A command that crashes, too: its memory holds what is encrypted on the disk."""
    root = Path(__file__).parents[3]
    environ = {**os.environ, "PYTHONPATH": str(root)}
    for _ in range(2):  # a new database, and one that is there
        said = subprocess.run(
            [sys.executable, "-c", DUMPABLE, str(folder)], env=environ, cwd=root, check=True, stdout=subprocess.PIPE
        )
        assert said.stdout == b"(0, 0) 0\n"


def person_without_gallery() -> Subject:
    return Subject("", external_id=NUMBER, display_name=NAME)


def test_slots_are_given_once_and_a_flipped_bit_is_named(tmp_path) -> None:
    path = tmp_path / "slots"
    slots = KeySlots.create(path, MASTER)
    given = dict(slots.give() for _ in range(40))
    assert len(set(given.values())) == 40
    assert 0 not in given
    slots.close()
    slots = KeySlots(path, MASTER)
    later = dict(slots.give() for _ in range(3))
    assert not later.keys() & given.keys()
    assert all(slots.secret(number) == secret for number, secret in given.items())
    slots.erase([5])
    assert slots.secret(4) == given[4]
    for number, reason in ((5, "erased"), (10**6, "unknown")):
        with pytest.raises(EncryptionKeyError) as raised:
            slots.secret(number)
        assert raised.value.reason == reason
    slots.close()
    content = bytearray(path.read_bytes())
    content[FIRST_OFFSET + 7 * SLOT_BYTES + 20] ^= 1
    path.write_bytes(content)
    slots = KeySlots(path, MASTER)
    with pytest.raises(EncryptionKeyError) as raised:
        slots.secret(7)
    assert raised.value.reason == "damaged"
    slots.close()
    rewrap(path, MASTER, OTHER)
    slots = KeySlots(path, OTHER)
    assert slots.secret(4) == given[4]
    for number, reason in ((5, "erased"), (7, "damaged")):
        with pytest.raises(EncryptionKeyError) as raised:
            slots.secret(number)
        assert raised.value.reason == reason
    slots.close()


def test_no_secret_is_given_that_a_full_disk_did_not_take_whole(tmp_path, monkeypatch) -> None:
    slots = KeySlots.create(tmp_path / "slots", MASTER)
    written = os.pwrite

    def half_of_it(handle: int, content: bytes, offset: int) -> int:
        return written(handle, content[: len(content) // 2 + 1], offset)

    monkeypatch.setattr(os, "pwrite", half_of_it)
    given_slots = dict(slots.give() for _ in range(20))
    assert all(slots.secret(number) == secret for number, secret in given_slots.items())

    def refused_later(handle: int, content: bytes, offset: int) -> int:
        if len(content) < SLOT_BYTES * 8:
            raise OSError(errno.ENOSPC, "no space")
        return half_of_it(handle, content, offset)

    monkeypatch.setattr(os, "pwrite", refused_later)
    with pytest.raises(DatabaseFullError):
        dict(slots.give() for _ in range(40))
    monkeypatch.setattr(os, "pwrite", written)
    number, secret = slots.give()
    assert slots.secret(number) == secret
    assert number not in given_slots
    slots.close()


@given(st.binary(max_size=64), st.binary(max_size=200))
def test_tokens_are_hmac_sha256(key: bytes, content: bytes) -> None:
    assert Mac(key).digest(content) == hmac.digest(key, content, "sha256")


def test_a_master_key_file_is_the_owners_alone(tmp_path) -> None:
    path = tmp_path / "new" / "master.key"
    key = new_master_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_master_key(path) == key == parse_master_key(path.read_text())
    assert key.key.hex() not in repr(key)
    with pytest.raises(EncryptionKeyError):
        new_master_key(path)
    os.chmod(path, 0o640)
    with pytest.raises(EncryptionKeyError) as raised:
        read_master_key(path)
    assert raised.value.reason == "rights"
    for text in ("", "00" * 31, "zz" * 32, "ü"):
        with pytest.raises(EncryptionKeyError) as raised:
            parse_master_key(text)
        assert raised.value.reason == "form"


def test_a_backup_of_an_encrypted_database_comes_back_with_its_keys(folder, make, found, tmp_path) -> None:
    kept, gone, partly = make.face(), make.face(), make.face()
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(person_without_gallery(), [kept])
        erased = database.enroll(Subject("", "gone", "Gone Soon"), [gone])
        half = database.enroll(Subject("", "half"), [make.face(), partly])
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys of before")
        later = database.enroll(Subject("", "late", "Late"), [make.face()])
        back_up(folder, tmp_path / "backup")
        database.delete_subject(erased.subject_id)
        database.delete_reference(half.reference_ids[1])
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys")
    assert not contains(tmp_path / "backup", NAME.encode())
    assert not contains(tmp_path / "backup", kept.template.vectors.tobytes()[:16])
    with pytest.raises(BackupError) as raised:
        restore(tmp_path / "backup", tmp_path / "new")
    assert raised.value.reason == "keys"
    with pytest.raises(EncryptionKeyError):
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys")
    (tmp_path / "new" / SLOTS_NAME).write_bytes(b"other keys")
    with pytest.raises(BackupError) as raised:
        restore(tmp_path / "backup", tmp_path / "new", key_slots=tmp_path / "keys")
    assert raised.value.reason == "keys_there"
    (tmp_path / "new" / SLOTS_NAME).unlink()
    restored = restore(tmp_path / "backup", tmp_path / "new", key_slots=tmp_path / "keys")
    assert (restored.without_key.subject_count, restored.without_key.reference_count) == (1, 1)
    with EnrollmentDatabase.open(tmp_path / "new", create=False, master_key=MASTER) as database:
        assert database.find_subject(NUMBER).display_name == NAME
        assert database.find_subject("gone") is None
        assert database.find_subject("late").subject_id == later.subject_id
        assert found(database, kept)
        assert not found(database, gone)
        assert not found(database, partly)
        assert database.verify().ok


def test_keys_older_than_the_backup_are_refused_or_lose_what_is_told(folder, make, tmp_path) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        database.enroll(Subject("", "early"), [make.face()])
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys")
        for number in range(40):
            database.enroll(Subject("", f"late {number}"), [make.face()])
        back_up(folder, tmp_path / "backup")
    with pytest.raises(BackupError) as raised:
        restore(tmp_path / "backup", tmp_path / "new", key_slots=tmp_path / "keys")
    assert raised.value.reason == "keys_older"
    restored = restore(tmp_path / "backup", tmp_path / "new", key_slots=tmp_path / "keys", may_lose=True)
    assert restored.without_key.subject_count > 20
    given = max(used_slots(folder))
    with EnrollmentDatabase.open(tmp_path / "new", create=False, master_key=MASTER) as database:
        assert database.find_subject("early")
        assert database.verify().ok
        database.enroll(Subject("", "anew"), [make.face()])
    # Nobody has the number of a slot that was lost: deleting one would close the other.
    assert max(used_slots(tmp_path / "new")) > given
    restored = restore(tmp_path / "backup", tmp_path / "again", key_slots=tmp_path / "new" / SLOTS_NAME)
    assert restored.without_key.subject_count > 20


def test_what_the_log_deletes_again_is_closed_in_an_older_copy_of_the_keys_too(folder, make, tmp_path) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        subject_id = database.enroll(Subject("", "gone"), [make.face()]).subject_id
        database.enroll(Subject("", "stays"), [make.face()])
        back_up(folder, tmp_path / "backup")
        copy_slots(folder / SLOTS_NAME, tmp_path / "keys")
    deletions = Deletions(frozenset({subject_id}), frozenset())
    new = tmp_path / "new"
    restore(tmp_path / "backup", new, key_slots=tmp_path / "keys", deletions=deletions)
    EnrollmentDatabase.open(new, create=False, master_key=MASTER).close()
    numbers = range(1, 5)  # subject and reference, twice
    assert erased_slots(new / SLOTS_NAME, numbers)[0] == {1, 2}
    with EnrollmentDatabase.open(new, create=False, master_key=MASTER) as database:
        assert database.find_subject("stays")
        assert database.verify().ok


def test_requests_tell_nothing_of_whom_they_named(folder, make) -> None:
    with EnrollmentDatabase.open(folder) as database:
        face, author = make.face(), RecordAuthor("officer")
        asked = {"request_id": "enrolled", "request_digest": sha256(NUMBER.encode()).digest()}
        receipt = database.enroll(Subject("", NUMBER), [face], **asked)
        changes = {"display_name": NAME}
        database.update_record(receipt.subject_id, changes, author, request_id="plain")
    plain = _request_digests(folder)
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        database.update_record(receipt.subject_id, {"display_name": "B"}, author, request_id="sealed")
        assert database.enroll(Subject("", NUMBER), [face], **asked).replayed
        assert database.update_record(receipt.subject_id, changes, author, request_id="plain").replayed
        with pytest.raises(RequestConflictError):
            database.update_record(receipt.subject_id, {"display_name": "C"}, author, request_id="sealed")
    assert not any(files_with(folder, digest) for digest in plain.values())
    assert len(_request_digests(folder)["sealed"]) == TOKEN_BYTES


def used_slots(folder: Path) -> tuple[int, ...]:
    connection = sqlite3.connect(folder / STORE_NAME)
    try:
        return tuple(row[0] for row in connection.execute("SELECT reference_key FROM reference_digest"))
    finally:
        connection.close()


def _request_digests(folder: Path) -> dict[str, bytes]:
    connection = sqlite3.connect(folder / STORE_NAME)
    try:
        return dict(connection.execute("SELECT request_id, digest FROM request"))
    finally:
        connection.close()


def test_what_is_deleted_while_it_is_read_is_gone_and_not_damaged(folder, make, monkeypatch, caplog) -> None:
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        one = database.enroll(Subject("", "one"), [make.face()])
        other = database.enroll(Subject("", "other"), [make.face()])
        texts, opened = subjects.texts_of_subjects, references.opened

        def deleted_first(connection, numbers):
            monkeypatch.setattr(subjects, "texts_of_subjects", texts)
            database.delete_subject(one.subject_id)
            return texts(connection, numbers)

        def deleted_before(connection, rows, report):
            found = list(rows)
            monkeypatch.setattr(references, "opened", opened)
            database.delete_subject(other.subject_id)
            return opened(connection, found, report)

        monkeypatch.setattr(subjects, "texts_of_subjects", deleted_first)
        assert [subject.external_id for subject in database.list_subjects().items] == ["other"]
        monkeypatch.setattr(references, "opened", deleted_before)
        assert database.references(other.reference_ids) == ()
        assert database.store.set_damage_aside() == ()
    assert "damaged" not in caplog.text


def test_damaged_references_are_mended_from_plain_and_encrypted_backups(folder, make, tmp_path) -> None:
    face = make.face()
    with EnrollmentDatabase.open(folder) as database:
        (reference_id,) = database.enroll(Subject("", "one"), [face]).reference_ids
    back_up(folder, tmp_path / "plain")
    EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True).close()
    back_up(folder, tmp_path / "encrypted")
    for backup in ("plain", "encrypted"):
        with sqlite3.connect(folder / STORE_NAME) as connection:
            connection.execute("UPDATE template SET vectors = zeroblob(length(vectors))")
        connection.close()
        shutil.rmtree(folder / "cache")
        with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
            assert database.verify().set_aside_ids == (reference_id,)
        assert mend(tmp_path / backup, folder, master_key=MASTER) == MendedStore((reference_id,), (), 0, ())
        with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
            (mended,) = database.references([reference_id])
            assert mended.template.vectors.tobytes() == face.template.vectors.tobytes()
        assert not files_with(folder, face.template.vectors.tobytes()[:16])


def test_records_and_their_history_are_encrypted_too(folder, make) -> None:
    texts = ("Nguyễn Văn Cũ", "Trần Thị Mới", "Hẻm 12 Lê Lợi", "079200000001", "079200000002")
    secrets = [text.encode() for text in texts]
    author = RecordAuthor("officer")
    with EnrollmentDatabase.open(folder) as database:
        subject_id = database.enroll(Subject("", "079200000001", "Nguyễn Văn Cũ"), [make.face()]).subject_id
        database.update_record(subject_id, {"display_name": "Trần Thị Mới", "address": "Hẻm 12 Lê Lợi"}, author)
    assert files_with(folder, secrets[2])
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        database.update_record(subject_id, {"external_id": "079200000002"}, author)
        for needle in secrets:
            assert not files_with(folder, needle), needle
        assert database.find_subject("079200000002").display_name == "Trần Thị Mới"
        assert database.find_subject("079200000001") is None
        assert database.get_record(subject_id).fields["address"] == "Hẻm 12 Lê Lợi"
        first, second = database.list_revisions(subject_id).items
        assert {one.before for one in first.changes} == {"", "Nguyễn Văn Cũ"}
        assert [one.after for one in second.changes] == ["079200000002"]


def test_names_are_found_by_their_words_and_beginnings_and_no_word_is_stored(folder, make) -> None:
    with EnrollmentDatabase.open(folder) as database:
        database.enroll(Subject("", "1", "Nguyễn Thị Ẩn"), [make.face()])
    with EnrollmentDatabase.open(folder, master_key=MASTER, encrypt=True) as database:
        database.enroll(Subject("", "2", "Trần Văn Hùng"), [make.face()])

        def found(name: str, *, by_word_beginnings: bool = False) -> list[str]:
            query = SubjectQuery(name=name, by_word_beginnings=by_word_beginnings)
            return [one.external_id for one in database.list_subjects(query).items]

        assert found("an nguyen") == ["1"]
        assert found("hùng TRẦN") == ["2"]
        assert found("hun") == []
        assert found("hun tr", by_word_beginnings=True) == ["2"]
        assert found("ngu", by_word_beginnings=True) == ["1"]
        assert found("nguyen hung") == []
    for word in (b"nguyen", b"hung", b"Nguy", b"tran"):
        assert not files_with(folder, word), word


def test_after_many_deletions_no_byte_of_them_is_left_and_no_copy_opens_them(folder, make, tmp_path) -> None:
    """The random ids stand for the rows that they lie in; names and templates are looked for besides."""
    with EnrollmentDatabase.open(folder, master_key=MASTER) as database:
        receipts, wanted = [], []
        for number in range(60):
            face = replace(make.face(), image=b"picture %d" % number * 50, sample_sha256=f"{number:064x}")
            receipts.append(database.enroll(Subject("", f"07920300{number:04}", f"Họ Tên {number}"), [face]))
            wanted.append(face.template.vectors.tobytes()[:20])
        database.save()
        back_up(folder, tmp_path / "backup")
        gone = receipts[::2]
        for receipt in gone:
            assert database.delete_subject(receipt.subject_id).files_scrubbed
        for receipt, vector in zip(gone, wanted[::2], strict=True):
            for needle in (receipt.subject_id.encode(), vector):
                assert not files_with(folder, needle)
        assert not files_with(folder, b"picture ")
        assert not any(contains(tmp_path / "backup", vector) for vector in wanted)
    restored = restore(tmp_path / "backup", tmp_path / "new", key_slots=folder / SLOTS_NAME)
    assert restored.without_key.subject_count == len(gone)
    with EnrollmentDatabase.open(tmp_path / "new", create=False, master_key=MASTER) as database:
        assert len(database.list_subjects().items) == 30
        assert not any(database.check_absence(subject_id=one.subject_id).found_in for one in gone)
