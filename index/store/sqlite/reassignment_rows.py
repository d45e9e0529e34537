"""Rows of reassignments: which references went from one subject to another, and what takes that back.

What is known of a merged subject alone, and what it changed in the record of the other, is encrypted under the key of
the merged subject, which is kept for it: it goes with either of the two, and nothing need be sealed anew when subjects
are merged further.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NoReturn

from index.errors import DatabaseDamagedError, SubjectMergedError, SubjectNotFoundError
from index.store.sqlite.connection import seals_of
from index.store.sqlite.row_checks import COLUMN, NO_CHECK, fits
from index.store.sqlite.sealed_rows import note_erased_keys, opened_text, sealed_text

MERGE: Final = "merge"
MOVE: Final = "move"
_COLUMNS: Final = (
    "reassignment_id, kind, source_id, source_number, target_id, target_number, holder_number, is_undone, source_key,"
    " content"
)
# Subjects that were merged into this one, at first or second hand, and are.
_MERGED: Final = f"holder_number = ? AND kind = '{MERGE}' AND is_undone = 0"


@dataclass(frozen=True, slots=True)
class ReassignmentRow:
    """target: whom the references went to. holder_number: whose they are now that the target may have been merged.
    source_key: slot of a merged subject, None where it is plain."""

    reassignment_id: int
    kind: str
    source_id: str
    source_number: int
    target_id: str
    target_number: int
    holder_number: int
    is_undone: bool
    source_key: int | None
    content: str


def add_reassignment(
    connection: sqlite3.Connection,
    kind: str,
    source: tuple[str, int],
    target: tuple[str, int],
    *,
    source_key: int | None = None,
) -> int:
    """The id of a new one. source, target: id and number."""
    cursor = connection.execute(
        "INSERT INTO reassignment (kind, source_id, source_number, target_id, target_number, holder_number, is_undone,"
        " source_key, content) VALUES (?, ?, ?, ?, ?, ?, 0, ?, '')",
        (kind, *source, *target, target[1], source_key),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def find_reassignment(connection: sqlite3.Connection, reassignment_id: int) -> ReassignmentRow | None:
    """The row of this id."""
    return next(iter(_rows(connection, "reassignment_id = ?", reassignment_id)), None)


def find_merge(connection: sqlite3.Connection, source_id: str) -> ReassignmentRow | None:
    """By which a subject was merged that is."""
    return next(iter(_rows(connection, f"source_id = ? AND kind = '{MERGE}' AND is_undone = 0", source_id)), None)


def is_named(connection: sqlite3.Connection, subject_id: str) -> bool:
    """Whether a row is left of a subject."""
    statement = "SELECT 1 FROM reassignment WHERE source_id = ? OR target_id = ? LIMIT 1"
    return connection.execute(statement, (subject_id, subject_id)).fetchone() is not None


def raise_missing(connection: sqlite3.Connection, subject_id: str) -> NoReturn:
    """Says what became of a subject that is not there. Raises SubjectMergedError, SubjectNotFoundError."""
    row = find_merge(connection, subject_id)
    if row is not None:
        found = connection.execute("SELECT subject_id FROM subject WHERE subject_number = ?", (row.holder_number,))
        raise SubjectMergedError("the subject was merged into another one", merged_into=str(found.fetchone()[0]))
    raise SubjectNotFoundError("no such subject; it may have been deleted")


def holder_by_external_id(connection: sqlite3.Connection, external_id: str) -> int | None:
    """Number of the subject into which the one with exactly this external id was merged."""
    if not external_id:
        return None
    tokens = [external_id.encode()]
    seals = seals_of(connection)
    if seals is not None:
        tokens.append(seals.external_id_token(external_id))
    for token in tokens:
        row = connection.execute(
            "SELECT holder_number FROM reassignment WHERE external_id_token = ?", (token,)
        ).fetchone()
        if row is not None:
            return int(row[0])
    return None


def put_content(
    connection: sqlite3.Connection, row: ReassignmentRow, content: Mapping[str, Any], *, external_id: str = ""
) -> None:
    """Keep what takes it back. external_id: by which the source is still found."""
    said = sealed_text(
        connection,
        row.source_number,
        row.source_key,
        json.dumps(content, ensure_ascii=False),
        _place(row.reassignment_id),
    )
    token = None
    if external_id:
        seals = seals_of(connection) if row.source_key is not None else None
        token = external_id.encode() if seals is None else seals.external_id_token(external_id)
    connection.execute(
        "UPDATE reassignment SET content = ?, external_id_token = ?, source_key = ? WHERE reassignment_id = ?",
        (said, token, row.source_key, row.reassignment_id),
    )


def content_of(connection: sqlite3.Connection, row: ReassignmentRow) -> dict[str, Any]:
    """What put_content kept. Raises DatabaseDamagedError, EncryptionKeyError."""
    if not row.content:
        return {}
    said = opened_text(connection, row.source_number, row.source_key, row.content, _place(row.reassignment_id))
    content: dict[str, Any] = json.loads(said)
    return content


def merges_into(connection: sqlite3.Connection, holder_number: int) -> list[ReassignmentRow]:
    """Of every subject that is merged into this one, at first or second hand, the oldest first."""
    return _rows(connection, _MERGED, holder_number)


def _rows(
    connection: sqlite3.Connection, where: str, value: int | str, *, may_be_damaged: bool = False
) -> list[ReassignmentRow]:
    """In the order in which they came. may_be_damaged: then such a one is left out. Raises DatabaseDamagedError."""
    found = connection.execute(
        f"SELECT {fits(connection, 'reassignment')}, {_COLUMNS} FROM reassignment"  # noqa: S608
        f" WHERE {where} ORDER BY reassignment_id",
        (value,),
    ).fetchall()
    whole = [_row(tuple(row[1:])) for row in found if row[0]]
    if len(whole) < len(found) and not may_be_damaged:
        raise DatabaseDamagedError("what is stored of a merge or move of references is damaged; restore a backup")
    return whole


def hand_over(connection: sqlite3.Connection, source_number: int, target_number: int) -> list[int]:
    """What a subject holds of others is the target's from now on; the ids of these reassignments."""
    rows = connection.execute("SELECT reassignment_id FROM reassignment WHERE holder_number = ?", (source_number,))
    ids = [int(row[0]) for row in rows.fetchall()]
    set_holder(connection, ids, target_number)
    return ids


def set_holder(connection: sqlite3.Connection, reassignment_ids: list[int], holder_number: int) -> None:
    """Whose the references of these are."""
    connection.executemany(
        "UPDATE reassignment SET holder_number = ? WHERE reassignment_id = ?",
        [(holder_number, one) for one in reassignment_ids],
    )


def set_undone(connection: sqlite3.Connection, reassignment_id: int) -> None:
    """It was taken back."""
    connection.execute("UPDATE reassignment SET is_undone = 1 WHERE reassignment_id = ?", (reassignment_id,))


def note_references(connection: sqlite3.Connection, reassignment_id: int, reference_ids: tuple[int, ...]) -> None:
    """Which references it moved."""
    connection.executemany(
        "INSERT INTO reassigned_reference (reassignment_id, reference_id) VALUES (?, ?)",
        [(reassignment_id, one) for one in reference_ids],
    )


def references_of(connection: sqlite3.Connection, reassignment_id: int) -> tuple[int, ...]:
    """Those that it moved and that are still enrolled, ascending."""
    rows = connection.execute(
        "SELECT reference_id FROM reassigned_reference WHERE reassignment_id = ? ORDER BY 1", (reassignment_id,)
    )
    return tuple(int(row[0]) for row in rows)


def moves_of_reference(connection: sqlite3.Connection, reference_id: int) -> list[tuple[int, int]]:
    """(reassignment id, whether it was undone), by which two stores agree on whose a reference is."""
    rows = connection.execute(
        "SELECT reassignment_id, is_undone FROM reassigned_reference JOIN reassignment USING (reassignment_id)"
        " WHERE reference_id = ? ORDER BY 1",
        (reference_id,),
    )
    return [(int(row[0]), int(row[1])) for row in rows]


def reassigned_since(connection: sqlite3.Connection, before: sqlite3.Connection) -> frozenset[int]:
    """Numbers of the subjects from or to which references went, or came back, since the store of before."""
    statement = "SELECT source_number, target_number, holder_number, reassignment_id, is_undone FROM reassignment"
    now, then = ({*one.execute(statement)} for one in (connection, before))
    return frozenset(number for row in now - then for number in row[:3])


def forget_reassignments(connection: sqlite3.Connection, subject_number: int) -> int:
    """Of a subject that is being deleted with everybody merged into it: every row that names one of them; the keys of
    the merged are noted as to be erased. How many rows."""
    merged = _rows(connection, _MERGED, subject_number, may_be_damaged=True)
    note_erased_keys(connection, [row.source_key for row in merged if row.source_key is not None])
    removed = 0
    for number in (subject_number, *(row.source_number for row in merged)):
        removed += connection.execute(
            "DELETE FROM reassignment WHERE source_number = ? OR target_number = ? OR holder_number = ?",
            (number, number, number),
        ).rowcount
    return removed


def seal_reassignments(connection: sqlite3.Connection, subject_number: int) -> None:
    """Encrypt what is plain of the subjects merged into one that has just been encrypted, and of the one itself, where
    it was merged once and that was undone. What is damaged of it is not kept in the clear, and opens nothing any more.
    """
    seals = seals_of(connection)
    assert seals is not None
    damaged = connection.execute(
        "SELECT reassignment_id FROM reassignment WHERE (holder_number = ? OR source_number = ?)"  # noqa: S608
        f" AND NOT {fits(connection, 'reassignment')}",
        (subject_number, subject_number),
    ).fetchall()
    # One after the other: the first makes a check that fits.
    for change in ("content = '', external_id_token = NULL", f"{COLUMN} = {NO_CHECK}"):
        connection.executemany(f"UPDATE reassignment SET {change} WHERE reassignment_id = ?", damaged)  # noqa: S608
    rows = connection.execute(
        f"SELECT {_COLUMNS}, external_id_token FROM reassignment WHERE (holder_number = ? OR source_number = ?)"  # noqa: S608
        f" AND source_key IS NULL AND kind = '{MERGE}' AND {fits(connection, 'reassignment')}",
        (subject_number, subject_number),
    )
    for *values, token in rows.fetchall():
        row = _row(tuple(values))
        # One that was taken back is of a subject with a key of its own, or one that gets it later.
        statement = "SELECT key_number FROM subject_seal WHERE subject_number = ?"
        own = connection.execute(statement, (row.source_number,)).fetchone()
        key = int(own[0]) if own else None
        if key is None and not row.is_undone:
            key = seals.new_subject()
        if key is not None:
            sealed = replace(row, source_key=key)
            put_content(connection, sealed, content_of(connection, row), external_id=(token or b"").decode())


def unreadable_count(connection: sqlite3.Connection) -> int:
    """How many do not open, whose rows are whole."""
    count = 0
    for row in _rows(connection, "?", 1, may_be_damaged=True):
        try:
            content_of(connection, row)
        except DatabaseDamagedError:
            count += 1
    return count


def _row(found: tuple[Any, ...]) -> ReassignmentRow:
    return replace(ReassignmentRow(*found), is_undone=bool(found[7]))


def _place(reassignment_id: int) -> str:
    return f"reassignment content {reassignment_id}"
