"""The schema as named, ordered, transactional steps. A step that was released is never edited; add another.

Tables are STRICT, so that SQLite refuses a value of the wrong type. Numbers (subject_number, reference_id) are
AUTOINCREMENT: they are never given twice, which is what lets an index be compared with the store by ids alone.
Times are microseconds since 1970 in UTC and order nothing: a clock may jump, numbers only grow.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from index.errors import SchemaError
from index.store.sqlite.checkpoints import CLEANED
from index.store.sqlite.name_tokens import fill_names
from index.store.sqlite.row_checks import (
    COLUMN,
    NO_CHECK,
    add_functions,
    columns_checked,
    keep_checks,
    leave_checks,
    note_due,
    renew_checks,
)
from index.store.sqlite.row_digests import fill_digests


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: a name and its SQL statements, applied in one transaction. fill: puts values into what they made."""

    name: str
    statements: tuple[str, ...]
    fill: Callable[[sqlite3.Connection], None] = lambda _: None


FIRST_TABLES = Migration(
    "0001_first_tables",
    (
        """CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID""",
        """CREATE TABLE change_count (only INTEGER PRIMARY KEY CHECK (only = 1), value INTEGER NOT NULL) STRICT""",
        "INSERT INTO change_count VALUES (1, 0)",
        """CREATE TABLE pack (
            pack_number INTEGER PRIMARY KEY,
            modality TEXT NOT NULL CHECK (modality IN ('face', 'fingerprint')),
            pack_id TEXT NOT NULL,
            dim INTEGER NOT NULL CHECK (dim > 0),
            encoding TEXT NOT NULL CHECK (encoding IN ('float32', 'int8')),
            UNIQUE (modality, pack_id)) STRICT""",
        """CREATE TABLE subject (
            subject_number INTEGER PRIMARY KEY AUTOINCREMENT,
            subject_id TEXT NOT NULL UNIQUE,
            external_id TEXT NOT NULL,
            display_name TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('active', 'sealed')),
            sex TEXT NOT NULL CHECK (sex IN ('unknown', 'female', 'male')),
            birth_year INTEGER,
            create_time INTEGER NOT NULL) STRICT""",
        "CREATE UNIQUE INDEX subject_by_external_id ON subject (external_id) WHERE external_id <> ''",
        "CREATE INDEX subject_sealed ON subject (subject_number) WHERE state = 'sealed'",
        """CREATE TABLE gallery (
            gallery_number INTEGER PRIMARY KEY AUTOINCREMENT,
            gallery_id TEXT NOT NULL UNIQUE,
            display_name TEXT NOT NULL,
            purpose TEXT NOT NULL,
            create_time INTEGER NOT NULL) STRICT""",
        """CREATE TABLE membership (
            gallery_number INTEGER NOT NULL REFERENCES gallery ON DELETE CASCADE,
            subject_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            PRIMARY KEY (gallery_number, subject_number)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX membership_by_subject ON membership (subject_number)",
        """CREATE TABLE reference (
            reference_id INTEGER PRIMARY KEY AUTOINCREMENT,
            subject_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            pack_number INTEGER NOT NULL REFERENCES pack,
            finger INTEGER NOT NULL CHECK (finger BETWEEN 0 AND 10),
            quality INTEGER NOT NULL CHECK (quality BETWEEN 0 AND 100),
            sample_sha256 TEXT NOT NULL,
            station_id TEXT NOT NULL,
            capture_time INTEGER,
            create_time INTEGER NOT NULL) STRICT""",
        "CREATE INDEX reference_by_subject ON reference (subject_number)",
        # Apart from reference, so that reading all rows of that table at start touches no template page.
        """CREATE TABLE template (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE,
            vectors BLOB NOT NULL,
            minutiae BLOB NOT NULL) STRICT""",
        # A request whose subject was deleted keeps its id and nothing else, so that repeating it stores nothing anew.
        """CREATE TABLE request (
            request_id TEXT PRIMARY KEY,
            operation TEXT NOT NULL,
            digest BLOB NOT NULL,
            receipt TEXT NOT NULL,
            subject_number INTEGER) STRICT, WITHOUT ROWID""",
        "CREATE INDEX request_by_subject ON request (subject_number) WHERE subject_number IS NOT NULL",
        # The index files that hold nothing but what this store holds or held. A restored or copied older store does
        # not know newer files, and so never trusts them.
        """CREATE TABLE cache_mark (
            pack_number INTEGER PRIMARY KEY REFERENCES pack,
            folder_name TEXT NOT NULL,
            stamp TEXT NOT NULL) STRICT""",
    ),
)

ERASURES = Migration(
    "0002_erasures",
    (
        # References that were deleted and whose vectors may still stand in index files: a process that is killed
        # between the two finds here, at its next start, what it has to erase.
        "CREATE TABLE erasure (reference_id INTEGER PRIMARY KEY) STRICT",
        # Announced before files are saved, so that a kill between the two does not cost the files.
        "ALTER TABLE cache_mark ADD COLUMN next_stamp TEXT NOT NULL DEFAULT ''",
    ),
)

OWED_RECORDS = Migration(
    "0003_owed_records",
    (
        # Records of changes that a log outside of the store may not have yet (index/outbox.py). How far that log had
        # come is the setting "log_head".
        "CREATE TABLE owed_record (owed_id INTEGER PRIMARY KEY, content TEXT NOT NULL) STRICT",
    ),
)

ROW_DIGESTS = Migration(
    "0004_row_digests",
    (
        # Apart from reference and template, whose rows need not be written anew for it.
        """CREATE TABLE reference_digest (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE,
            row_digest BLOB NOT NULL,
            template_digest BLOB NOT NULL,
            vectors_crc INTEGER NOT NULL) STRICT""",
        """CREATE TABLE set_aside (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE) STRICT""",
    ),
    fill_digests,
)

SUBJECT_RECORDS = Migration(
    "0005_subject_records",
    (
        # Of subjects whose record was ever changed; the fields that filters and look-ups read stay in subject.
        """CREATE TABLE subject_record (
            subject_number INTEGER PRIMARY KEY REFERENCES subject ON DELETE CASCADE,
            revision INTEGER NOT NULL CHECK (revision > 0),
            fields TEXT NOT NULL) STRICT""",
        """CREATE TABLE subject_revision (
            subject_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            revision INTEGER NOT NULL CHECK (revision > 0),
            change_time INTEGER NOT NULL,
            content TEXT NOT NULL,
            PRIMARY KEY (subject_number, revision)) STRICT, WITHOUT ROWID""",
    ),
)

NAME_TOKENS = Migration(
    "0006_name_tokens",
    (
        # Apart from subject, whose rows need not be read for a search by name.
        """CREATE TABLE subject_name_token (
            token TEXT NOT NULL,
            subject_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            PRIMARY KEY (token, subject_number)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX subject_name_token_by_subject ON subject_name_token (subject_number)",
    ),
    fill_names,
)

SEALS = Migration(
    "0007_seals",
    (
        # What is known of a subject and is encrypted, in the place of the columns of subject, which are empty then.
        # key_number: a slot (index/keys/slots.py). external_id_token: a keyed hash, NULL where there is none.
        """CREATE TABLE subject_seal (
            subject_number INTEGER PRIMARY KEY REFERENCES subject ON DELETE CASCADE,
            key_number INTEGER NOT NULL,
            content BLOB NOT NULL,
            external_id_token BLOB UNIQUE) STRICT""",
        # Keys of vectors and minutiae; NULL where these are not encrypted. Here, since it is read with them anyway.
        "ALTER TABLE reference_digest ADD COLUMN subject_key INTEGER",
        "ALTER TABLE reference_digest ADD COLUMN reference_key INTEGER",
        # Slots of what was deleted that may not be erased yet: the file of slots is another one, and follows.
        "CREATE TABLE erased_key (key_number INTEGER PRIMARY KEY) STRICT",
    ),
)

IMAGES = Migration(
    "0008_images",
    (
        # Files of the vault. AUTOINCREMENT is not needed: nothing outside of the store knows the numbers.
        """CREATE TABLE image (
            image_number INTEGER PRIMARY KEY,
            subject_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            sha256 TEXT NOT NULL,
            size_bytes INTEGER NOT NULL,
            file_name TEXT NOT NULL UNIQUE,
            key_number INTEGER NOT NULL,
            UNIQUE (subject_number, sha256)) STRICT""",
        """CREATE TABLE reference_image (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE,
            image_number INTEGER NOT NULL REFERENCES image ON DELETE CASCADE,
            ppi REAL) STRICT""",
        "CREATE INDEX reference_image_by_image ON reference_image (image_number)",
        # Files of what was deleted that may not be removed yet.
        "CREATE TABLE erased_file (file_name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    ),
)

COUNTERPARTS = Migration(
    "0009_counterparts",
    (
        # What another pack made of the image of a reference.
        """CREATE TABLE counterpart (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE,
            original_id INTEGER NOT NULL REFERENCES reference ON DELETE CASCADE) STRICT""",
        "CREATE INDEX counterpart_by_original ON counterpart (original_id)",
        # Which part of its image a reference was made of, where that is not the whole.
        """CREATE TABLE image_part (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE,
            face_number INTEGER NOT NULL,
            largest_face INTEGER NOT NULL,
            region TEXT NOT NULL) STRICT""",
        # Of which images a pack can make nothing, so that it does not try each time.
        """CREATE TABLE failed_counterpart (
            original_id INTEGER NOT NULL REFERENCES reference ON DELETE CASCADE,
            pack_id TEXT NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (original_id, pack_id)) STRICT, WITHOUT ROWID""",
    ),
)

REASSIGNMENTS = Migration(
    "0010_reassignments",
    (
        # References that went from one subject to another, by a merge of the two or alone; see reassignment_rows.py.
        # Numbers and ids of subjects that may be gone: a merged one has no row but this.
        """CREATE TABLE reassignment (
            reassignment_id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('merge', 'move')),
            source_id TEXT NOT NULL,
            source_number INTEGER NOT NULL,
            target_id TEXT NOT NULL,
            target_number INTEGER NOT NULL,
            holder_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            is_undone INTEGER NOT NULL CHECK (is_undone IN (0, 1)),
            source_key INTEGER,
            external_id_token BLOB UNIQUE,
            content TEXT NOT NULL) STRICT""",
        "CREATE INDEX reassignment_by_source ON reassignment (source_id)",
        "CREATE INDEX reassignment_by_source_number ON reassignment (source_number)",
        "CREATE INDEX reassignment_by_target ON reassignment (target_number)",
        "CREATE INDEX reassignment_by_holder ON reassignment (holder_number)",
        """CREATE TABLE reassigned_reference (
            reassignment_id INTEGER NOT NULL REFERENCES reassignment ON DELETE CASCADE,
            reference_id INTEGER NOT NULL REFERENCES reference ON DELETE CASCADE,
            PRIMARY KEY (reassignment_id, reference_id)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX reassigned_reference_by_reference ON reassigned_reference (reference_id)",
    ),
)

DOCUMENTS = Migration(
    "0011_documents",
    (
        # Numbers of identity documents that stand or stood in records; filled at a start (look_ups.py), since a
        # restored store has no keys when it is made.
        """CREATE TABLE document_token (
            token BLOB NOT NULL,
            subject_number INTEGER NOT NULL REFERENCES subject ON DELETE CASCADE,
            field TEXT NOT NULL,
            PRIMARY KEY (token, subject_number, field)) STRICT, WITHOUT ROWID""",
        "CREATE INDEX document_token_by_subject ON document_token (subject_number)",
    ),
)

CAPTURE_DEVICES = Migration(
    "0012_capture_devices",
    (
        # Apart from reference, whose rows need not be written anew for it; of those whose device was said.
        """CREATE TABLE capture_device (
            reference_id INTEGER PRIMARY KEY REFERENCES reference ON DELETE CASCADE,
            device TEXT NOT NULL) STRICT""",
    ),
)

# A table that comes later has the column from the first (tests/unit/index/test_row_checks.py names one that lacks it).
ROW_CHECKS = Migration(
    "0013_row_checks",
    tuple(
        f"ALTER TABLE {table} ADD COLUMN {COLUMN} BLOB NOT NULL DEFAULT {NO_CHECK}"
        for table in (
            "setting",
            "change_count",
            "pack",
            "subject",
            "gallery",
            "membership",
            "request",
            "cache_mark",
            "erasure",
            "owed_record",
            "reference_digest",
            "set_aside",
            "subject_record",
            "subject_revision",
            "subject_seal",
            "erased_key",
            "image",
            "reference_image",
            "erased_file",
            "counterpart",
            "image_part",
            "failed_counterpart",
            "reassignment",
            "reassigned_reference",
            "capture_device",
        )
    ),
)

MIGRATIONS: tuple[Migration, ...] = (
    FIRST_TABLES,
    ERASURES,
    OWED_RECORDS,
    ROW_DIGESTS,
    SUBJECT_RECORDS,
    NAME_TOKENS,
    SEALS,
    IMAGES,
    COUNTERPARTS,
    REASSIGNMENTS,
    DOCUMENTS,
    CAPTURE_DEVICES,
    ROW_CHECKS,
)


def apply_migrations(connection: sqlite3.Connection, migrations: tuple[Migration, ...] = MIGRATIONS) -> tuple[str, ...]:
    """Bring the schema up to date, each step whole or not at all. Returns the names of the steps applied now.

    connection: in autocommit mode; from now on each row that it writes has its check (row_checks.py). Raises
    SchemaError when the database has a step that this software does not know, or its steps came in another order.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT"
    )
    applied = tuple(row[0] for row in connection.execute("SELECT name FROM migration ORDER BY number"))
    known = tuple(migration.name for migration in migrations)
    if applied != known[: len(applied)]:
        raise SchemaError("the database was written by a newer version of this software; install that version")
    for migration in migrations[len(applied) :]:
        leave_checks(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            checked = columns_checked(connection)
            for statement in migration.statements:
                connection.execute(statement)
            add_functions(connection)
            due = renew_checks(connection, checked)
            keep_checks(connection)
            if due:
                note_due(connection, due)
            migration.fill(connection)
            # Pages that it wrote may be left as they are by a process that is killed.
            connection.execute("DELETE FROM setting WHERE name = ?", (CLEANED,))
            connection.execute("INSERT INTO migration (name) VALUES (?)", (migration.name,))
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    keep_checks(connection)
    return known[len(applied) :]
