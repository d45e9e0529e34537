"""A row that changed on the disk is noticed, named and searched no more, and everything else goes on."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from index.backup.backup import back_up, mend
from index.backup.sealed_stream import KEY_BYTES
from index.database import EnrollmentDatabase
from index.errors import BackupError
from index.folder import CACHE_NAME, STORE_NAME
from index.receipts import MendedStore
from index.records import Modality, NewReference, Subject
from index.store.opening import references_set_aside
from tests.unit.index.conftest import FINGER_PACK

KEY = bytes(range(KEY_BYTES))
COUNT = 8


class Filled:
    """A closed database of COUNT subjects with a face and a finger each."""

    def __init__(self, folder: Path, make) -> None:
        self.folder = folder
        self.references: dict[int, NewReference] = {}
        with EnrollmentDatabase.open(folder) as database:
            for number in range(COUNT):
                new = [make.face(), make.finger()]
                receipt = database.enroll(Subject("", f"{number}"), new)
                self.references.update(zip(receipt.reference_ids, new, strict=True))
            self.owners = database.subject_ids_of(list(self.references))

    def change(self, statement: str, *values: object) -> None:
        """As a disk would, past the database; every index file stays."""
        with sqlite3.connect(self.folder / STORE_NAME) as connection:
            assert connection.execute(statement, values).rowcount == 1
        connection.close()

    def flip(self, column: str, reference_id: int, bit: int) -> None:
        with sqlite3.connect(self.folder / STORE_NAME) as connection:
            (blob,) = connection.execute(
                f"SELECT {column} FROM template WHERE reference_id = ?", (reference_id,)
            ).fetchone()
        connection.close()
        content = bytearray(blob)
        bit %= 8 * len(content)
        content[bit // 8] ^= 1 << bit % 8
        self.change(f"UPDATE template SET {column} = ? WHERE reference_id = ?", bytes(content), reference_id)

    def check_set_aside(self, damaged: int, *, use_cache: bool) -> None:
        """Only the damaged reference is not found, and it is named."""
        with EnrollmentDatabase(self.folder, create=False, use_cache=use_cache) as database:
            quick = database.verify(thorough=False)
            assert quick.ok, quick.problems
            thorough = database.verify()
            assert thorough.problems == (f"reference {damaged} is damaged; it is kept and not searched",)
            assert thorough.set_aside_ids == database.references_set_aside() == (damaged,)
            known = [reference.reference_id for reference in database.references(list(self.references))]
            assert known == [one for one in self.references if one != damaged]
            for reference_id, new in self.references.items():
                template = new.template
                where = database.allowed_reference_ids(template.modality, template.pack_id)
                assert (reference_id in where.tolist()) == (reference_id != damaged)
                hits = database.search(template.modality, template.pack_id, template.vectors, COUNT)
                found = hits.reference_ids[0][: int(hits.counts[0])].tolist()
                assert damaged not in found
                if reference_id != damaged:
                    assert found[0] == reference_id
            prints = database.prints_of(FINGER_PACK, list(self.references))
            fingers = {one for one, new in self.references.items() if new.template.pack_id == FINGER_PACK}
            assert fingers - {damaged} <= prints.keys() <= fingers
            subject_id = self.owners[damaged]
            assert damaged not in [one.reference_id for one in database.list_references(subject_id).items]
        assert references_set_aside(self.folder) == (damaged,)


@pytest.fixture
def filled(tmp_path: Path, make) -> Filled:
    return Filled(tmp_path / "a", make)


@pytest.mark.parametrize("use_cache", [True, False], ids=["files", "store"])
@pytest.mark.parametrize(
    ("statement", "reference_id"),
    [
        ("UPDATE reference SET subject_number = 2 WHERE reference_id = 1", 1),
        ("UPDATE reference SET finger = 7 WHERE reference_id = 4", 4),
        ("UPDATE reference SET quality = quality + 1 WHERE reference_id = 1", 1),
        ("UPDATE reference SET station_id = 'other' WHERE reference_id = 3", 3),
        ("UPDATE reference SET sample_sha256 = CAST(x'80ff' AS TEXT) WHERE reference_id = 3", 3),
        ("UPDATE reference SET create_time = create_time + 1 WHERE reference_id = 3", 3),
        ("UPDATE template SET vectors = x'' WHERE reference_id = 1", 1),
        ("UPDATE template SET minutiae = CAST(x'00' || minutiae AS BLOB) WHERE reference_id = 4", 4),
        ("UPDATE reference_digest SET template_digest = x'' WHERE reference_id = 4", 4),
        ("DELETE FROM reference_digest WHERE reference_id = 3", 3),
        ("DELETE FROM template WHERE reference_id = 3", 3),
    ],
)
def test_a_changed_row_is_set_aside(filled: Filled, statement: str, reference_id: int, *, use_cache: bool) -> None:
    filled.change(statement)
    if "subject_number" in statement:
        filled.owners[reference_id] = filled.owners[3]
    filled.check_set_aside(reference_id, use_cache=use_cache)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    column=st.sampled_from(["vectors", "minutiae"]),
    reference_id=st.integers(1, 2 * COUNT),
    bit=st.integers(0, 1 << 20),
    use_cache=st.booleans(),
)
def test_a_flipped_bit_is_set_aside(
    filled: Filled, tmp_path: Path, column: str, reference_id: int, bit: int, *, use_cache: bool
) -> None:
    if column == "minutiae" and filled.references[reference_id].template.modality is Modality.FACE:
        column = "vectors"
    kept = tmp_path / "kept"
    if not kept.exists():
        shutil.copytree(filled.folder, kept)
    filled.flip(column, reference_id, bit)
    with EnrollmentDatabase(filled.folder, create=False, use_cache=use_cache) as database:
        assert reference_id not in database.prints_of(FINGER_PACK, [reference_id])
    filled.check_set_aside(reference_id, use_cache=use_cache)
    shutil.rmtree(filled.folder)
    shutil.copytree(kept, filled.folder)


def test_a_good_index_is_not_replaced_by_a_damaged_store(filled: Filled) -> None:
    """The highest bit of an exponent: not a vector any more."""
    before = {path.name for path in (filled.folder / CACHE_NAME).iterdir()}
    filled.flip("vectors", 1, 30)
    with EnrollmentDatabase.open(filled.folder, create=False) as database:
        for _ in range(3):
            assert database.verify(thorough=False).ok
    assert {path.name for path in (filled.folder / CACHE_NAME).iterdir()} == before
    filled.check_set_aside(1, use_cache=False)


def test_damage_that_an_older_version_left_is_found_when_digests_are_made(filled: Filled) -> None:
    filled.flip("vectors", 1, 30)
    with sqlite3.connect(filled.folder / STORE_NAME) as connection:
        # What came after has to go with it.
        for table in (
            "capture_device",
            "document_token",
            "reassigned_reference",
            "reassignment",
            "reference_digest",
            "set_aside",
            "subject_record",
            "subject_revision",
            "subject_name_token",
            "subject_seal",
            "erased_key",
            "reference_image",
            "image",
            "erased_file",
            "counterpart",
            "image_part",
            "failed_counterpart",
        ):
            connection.execute(f"DROP TABLE {table}")
        rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '% row_check %'")
        for (table,) in rows.fetchall():
            connection.execute(f"ALTER TABLE {table} DROP COLUMN row_check")
        connection.execute("DELETE FROM migration WHERE name >= '0004'")
    connection.close()
    filled.check_set_aside(1, use_cache=False)


def test_what_is_deleted_is_set_aside_no_more(filled: Filled) -> None:
    filled.flip("vectors", 1, 3)
    filled.check_set_aside(1, use_cache=True)
    with EnrollmentDatabase.open(filled.folder, create=False) as database:
        database.delete_reference(1)
        report = database.verify()
        assert (report.ok, report.set_aside_ids) == (True, ())
    assert references_set_aside(filled.folder) == ()


def test_damaged_references_come_back_from_a_backup_and_nothing_else_does(filled: Filled, tmp_path: Path, make) -> None:
    back_up(filled.folder, tmp_path / "backup", key=KEY)
    with EnrollmentDatabase.open(filled.folder, create=False) as database:
        gone = database.find_subject("5")
        assert gone is not None
        database.delete_subject(gone.subject_id)
        later = make.face()
        late_id = database.enroll(Subject("", "later"), [later]).reference_ids[0]
    filled.flip("vectors", 1, 30)
    filled.flip("minutiae", 4, 5)
    filled.change("UPDATE reference SET subject_number = 2 WHERE reference_id = 7")
    filled.flip("vectors", late_id, 30)
    with EnrollmentDatabase.open(filled.folder, create=False) as database:
        assert database.verify().set_aside_ids == (1, 4, 7, late_id)
    assert mend(tmp_path / "backup", filled.folder, key=KEY) == MendedStore((1, 4, 7), (late_id,), 0, ())
    with EnrollmentDatabase.open(filled.folder, create=False) as database:
        assert database.verify().set_aside_ids == (late_id,)
        assert database.subject_ids_of([1, 4, 7]) == {one: filled.owners[one] for one in (1, 4, 7)}
        assert database.find_subject("5") is None
        for reference_id in (1, 7):
            template = filled.references[reference_id].template
            hits = database.search(template.modality, template.pack_id, template.vectors, 1)
            assert int(hits.reference_ids[0, 0]) == reference_id
        stored = database.references([4])[0].template
        assert stored.minutiae == filled.references[4].template.minutiae


def test_a_backup_of_another_database_mends_nothing(filled: Filled, tmp_path: Path, make) -> None:
    other = Filled(tmp_path / "other", make)
    back_up(other.folder, tmp_path / "backup")
    filled.flip("vectors", 1, 30)
    filled.check_set_aside(1, use_cache=True)
    with pytest.raises(BackupError) as refusal:
        mend(tmp_path / "backup", filled.folder)
    assert refusal.value.reason == "other_database"
    assert references_set_aside(filled.folder) == (1,)
