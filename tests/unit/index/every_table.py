"""A database with something in every table, for tests of what happens when it is damaged."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from index.database import EnrollmentDatabase
from index.folder import STORE_NAME
from index.keys.master_key import MasterKey
from index.outbox import OwedRecord
from index.records import DOCUMENT_FIELDS, Gallery, ImagePart, NewReference, RecordAuthor, Sex, Subject

MASTER = MasterKey(bytes(range(32)))
PICTURE = b"\xff\xd8 a picture of a face " * 40
NEXT_PACK = "face-next@1"
DOCUMENT = next(iter(DOCUMENT_FIELDS))
AUTHOR = RecordAuthor("op-1", "corrected")
COUNT = 4


def shown(reference: NewReference, number: int) -> NewReference:
    image = PICTURE + str(number).encode()
    part = ImagePart(face_number=2, region_px=((1.0, 2.0), (3.0, 4.0)))
    sha256 = hashlib.sha256(image).hexdigest()
    return replace(
        reference, image=image, sample_sha256=sha256, station_id="station 4", ppi=500.0, part=part, capture_device="X1"
    )


def fill(database: EnrollmentDatabase, make) -> dict[int, NewReference]:
    """Subject i has external id "00i", a face and a finger, is in a gallery, was corrected, and owes a record; another
    one was merged into the last."""
    made: dict[int, NewReference] = {}
    for number in range(1, COUNT + 1):
        database.create_gallery(Gallery(f"g{number}", f"Gallery {number}", "search"))
        new = [shown(make.face(), number), shown(make.finger(), number)]
        subject = Subject(
            "", f"00{number}", f"Nguyễn Thị {number}", frozenset([f"g{number}"]), sex=Sex.FEMALE, birth_year=1980
        )
        receipt = database.enroll(
            subject,
            new,
            request_id=f"request {number}",
            request_digest=b"d" * 32,
            owed=lambda _, number=number: OwedRecord(number, "{}"),
        )
        made.update(zip(receipt.reference_ids, new, strict=True))
        database.update_record(receipt.subject_id, {"address": f"{number} Lê Lợi", DOCUMENT: f"02{number}"}, AUTHOR)
        face_id = receipt.reference_ids[0]
        next_face = make.face(pack_id=NEXT_PACK)
        if number == 1:
            database.add_counterparts(NEXT_PACK, [], [(face_id, "no face")])
        else:
            made[database.add_counterparts(NEXT_PACK, [(face_id, next_face)])[0]] = next_face
    face = make.face()
    merged = database.enroll(Subject("", "900"), [face])
    made[merged.reference_ids[0]] = face
    database.merge_subjects(merged.subject_id, receipt.subject_id, AUTHOR)
    return made


def note_leftovers(folder: Path) -> None:
    """What a killed process leaves noted of deletions: of nobody who is there. By the connection that keeps checks."""
    from index.store.sqlite.connection import open_writer
    from index.store.sqlite.row_checks import keep_checks

    with contextlib.closing(open_writer(folder / STORE_NAME, create=False)) as connection:
        keep_checks(connection)
        for statement in (
            "INSERT INTO erasure (reference_id) VALUES (5000)",
            "INSERT INTO erased_key (key_number) VALUES (5000)",
            f"INSERT INTO erased_file (file_name) VALUES ('{'e' * 32}')",
            "INSERT INTO set_aside (reference_id) VALUES (1)",
        ):
            connection.execute(statement)


@contextlib.contextmanager
def past_the_store(folder: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes as a disk would: without checks."""
    with contextlib.closing(sqlite3.connect(folder / STORE_NAME, isolation_level=None)) as connection:
        yield connection


def columns_of(connection: sqlite3.Connection, table: str) -> list[tuple[str, str]]:
    """(name, type)."""
    return [(row[1], row[2]) for row in connection.execute(f"PRAGMA table_info({table})")]


def changed(kind: str, name: str) -> str:
    """SQL: another value of the same type, for any row."""
    return {
        "INTEGER": f"coalesce({name}, 0) + 1000000",
        "REAL": f"coalesce({name}, 0) + 1",
        "TEXT": f"CAST(x'80ff' || CAST({name} AS BLOB) || cast(random() AS BLOB) AS TEXT)",
        "BLOB": f"CAST(x'00' || coalesce({name}, x'') AS BLOB)",
    }[kind]
