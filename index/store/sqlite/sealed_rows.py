"""What is encrypted in rows, on its way in and out: names and numbers of subjects, vectors and minutiae of references.

A row without keys is plain: of a store that is not encrypted, or not yet. In one that is, all of it, it is damage.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from index.errors import DatabaseDamagedError, EncryptionKeyError
from index.keys.seals import Seals
from index.store.sqlite.connection import seals_of
from index.store.sqlite.row_checks import fits
from index.store.sqlite.row_digests import COVERED_WIDTH, SELECT_CHECKED, ReportDamage, intact
from index.store.sqlite.rows import marks, parts_of

Keys = tuple[int | None, int | None]
PLAIN: Keys = (None, None)
# Before what is encrypted in a column of texts, which are JSON otherwise.
_SEALED = "sealed:"
# Where a damaged row says that a reference is damaged.
REFERENCES = "reference_digest"
# Of a store that has keys: in which file of slots they are.
SLOTS_SETTING = "key_slots"


@dataclass(frozen=True, slots=True)
class SealedText:
    """What is encrypted of a subject."""

    external_id: str
    display_name: str


def seal_subject(connection: sqlite3.Connection, subject_number: int, text: SealedText, key: int | None) -> int:
    """Keep what is known of a subject, whose plain columns are empty; its key, which is a new one where it had none."""
    seals = seals_of(connection)
    assert seals is not None
    key = seals.new_subject() if key is None else key
    content = json.dumps([text.external_id, text.display_name], ensure_ascii=False).encode()
    sealed = seals.of_subject(key).close(content, place=f"subject_seal {subject_number} content")
    token = seals.external_id_token(text.external_id) if text.external_id else None
    connection.execute(
        "INSERT INTO subject_seal (subject_number, key_number, content, external_id_token) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (subject_number) DO UPDATE SET content = excluded.content,"
        " external_id_token = excluded.external_id_token",
        (subject_number, key, sealed, token),
    )
    return key


def key_of_subject(connection: sqlite3.Connection, subject_number: int) -> int | None:
    """The slot of a subject; None where it is plain. Raises DatabaseDamagedError."""
    statement = f"SELECT key_number, {fits(connection, 'subject_seal')} FROM subject_seal WHERE subject_number = ?"  # noqa: S608
    row = connection.execute(statement, (subject_number,)).fetchone()
    if row is not None and not row[1]:
        raise DatabaseDamagedError("what is stored of a subject is damaged; restore a backup")
    return None if row is None else int(row[0])


def texts_of_subjects(
    connection: sqlite3.Connection, subject_numbers: Sequence[int]
) -> dict[int, tuple[int, SealedText] | None]:
    """Key of the encrypted ones among these, and what is known of them; None for one that is damaged. Raises
    EncryptionKeyError."""
    seals, found = seals_of(connection), dict[int, tuple[int, SealedText] | None]()
    for part in parts_of(subject_numbers):
        rows = connection.execute(
            f"SELECT subject_number, key_number, content, {fits(connection, 'subject_seal')} FROM subject_seal"  # noqa: S608
            f" WHERE subject_number IN ({marks(part)})",
            part,
        ).fetchall()
        for number, key, content, is_whole in rows:
            found[number] = None
            with contextlib.suppress(DatabaseDamagedError):
                if is_whole:
                    found[number] = key, _opened_subject(_given(seals), number, key, content)
    if _is_planted(seals):
        # One that is plain in an encrypted store is damaged.
        found.update((number, None) for number in subject_numbers if number not in found)
    return found


def number_by_external_id(connection: sqlite3.Connection, external_id: str) -> int | None:
    """The encrypted subject with this external id."""
    seals = seals_of(connection)
    if seals is None or not external_id:
        return None
    row = connection.execute(
        "SELECT subject_number FROM subject_seal WHERE external_id_token = ?", (seals.external_id_token(external_id),)
    ).fetchone()
    return None if row is None else int(row[0])


def sealed_template(
    connection: sqlite3.Connection, subject_key: int | None, reference_id: int, vectors: bytes, minutiae: bytes
) -> tuple[bytes, bytes, Keys]:
    """Vectors and minutiae as they are stored, and their keys. subject_key: see key_of_subject."""
    seals = seals_of(connection)
    if seals is None or subject_key is None:
        return vectors, minutiae, PLAIN
    reference_key, seal = seals.new_reference(subject_key)
    return (
        seal.close(vectors, place=_place(reference_id, "vectors")),
        seal.close(minutiae, place=_place(reference_id, "minutiae")),
        (subject_key, reference_key),
    )


def resealed_template(
    connection: sqlite3.Connection, subject_key: int | None, row: Sequence[Any]
) -> tuple[bytes, bytes, Keys]:
    """Vectors and minutiae for another subject, and the keys: the secret of the reference stays, so that backups of
    before still open. row: COVERED values and keys, as `intact` gives them. Raises EncryptionKeyError."""
    *_, vectors, minutiae = row[:COVERED_WIDTH]
    old_subject_key, reference_key = row[COVERED_WIDTH:]
    seals, reference_id = seals_of(connection), int(row[0])
    if old_subject_key is not None:
        seal = _given(seals).of_reference(old_subject_key, reference_key)
        vectors = seal.open(vectors, place=_place(reference_id, "vectors"))
        minutiae = seal.open(minutiae, place=_place(reference_id, "minutiae"))
    if subject_key is None:
        return vectors, minutiae, PLAIN
    if reference_key is None:
        return sealed_template(connection, subject_key, reference_id, vectors, minutiae)
    seal = _given(seals).of_reference(subject_key, reference_key)
    return (
        seal.close(vectors, place=_place(reference_id, "vectors")),
        seal.close(minutiae, place=_place(reference_id, "minutiae")),
        (subject_key, reference_key),
    )


def opened(
    connection: sqlite3.Connection, rows: Iterable[Sequence[Any]], report: ReportDamage
) -> Iterator[Sequence[Any]]:
    """The COVERED values of rows of `intact`, vectors and minutiae plain. One whose key does not open it, or is gone,
    is damaged."""
    seals = seals_of(connection)
    for row in rows:
        *plain, vectors, minutiae = row[:COVERED_WIDTH]
        subject_key, reference_key = row[COVERED_WIDTH:]
        if _is_foreign(connection, seals, subject_key):
            report(int(row[0]))
            continue
        if subject_key is None:
            yield row[:COVERED_WIDTH]
            continue
        try:
            template = _opened_template(seals, row[0], vectors, minutiae, (subject_key, reference_key))
        except EncryptionKeyError as error:
            _or_raise(error)
            report(int(row[0]))
            continue
        yield (*plain, *template)


def owned(
    connection: sqlite3.Connection, rows: Iterable[Sequence[Any]], report: ReportDamage
) -> Iterator[Sequence[Any]]:
    """The rows of `intact_rows` whose key is that of the subject they say, without the keys: a reference that somebody
    gave to another subject, or made plain, is damaged."""
    seals = seals_of(connection)
    for *row, key, key_of_its_subject in rows:
        if _is_planted(seals) if key is None else key != key_of_its_subject:
            report(int(row[0]))
        else:
            yield row


def opened_templates(
    connection: sqlite3.Connection, rows: Iterable[Sequence[Any]], report: ReportDamage
) -> Iterator[tuple[int, bytes, bytes]]:
    """(reference id, vectors, minutiae) of rows of `intact_templates`."""
    seals = seals_of(connection)
    for reference_id, vectors, minutiae, subject_key, reference_key in rows:
        if _is_foreign(connection, seals, subject_key):
            report(int(reference_id))
            continue
        if subject_key is None:
            if _is_planted(seals):
                report(int(reference_id))
            else:
                yield reference_id, vectors, minutiae
            continue
        try:
            yield reference_id, *_opened_template(seals, reference_id, vectors, minutiae, (subject_key, reference_key))
        except EncryptionKeyError as error:
            _or_raise(error)
            report(int(reference_id))


def opened_vectors(
    connection: sqlite3.Connection, rows: Iterable[Sequence[Any]], report: ReportDamage
) -> Iterator[tuple[int, bytes]]:
    """(reference id, vectors) of rows of `intact_vectors`."""
    seals = seals_of(connection)
    for reference_id, vectors, subject_key, reference_key in rows:
        if _is_foreign(connection, seals, subject_key):
            report(int(reference_id))
            continue
        if subject_key is None:
            yield reference_id, vectors
            continue
        try:
            yield (
                reference_id,
                _given(seals).open_of_reference(
                    subject_key, reference_key, vectors, place=f"template {reference_id} vectors"
                ),
            )
        except EncryptionKeyError as error:
            _or_raise(error)
            report(int(reference_id))


def opened_minutiae(
    connection: sqlite3.Connection, rows: Iterable[tuple[int, Any, int | None, int]]
) -> Iterator[tuple[int, bytes]]:
    """(reference id, minutiae) of rows of id, minutiae and both keys; what does not open is left out, and found damaged
    by whoever reads the whole template."""
    seals = seals_of(connection)
    for reference_id, minutiae, subject_key, reference_key in rows:
        if not isinstance(minutiae, bytes) or _is_foreign(connection, seals, subject_key):
            continue
        try:
            if subject_key is not None:
                place = _place(reference_id, "minutiae")
                minutiae = _given(seals).open_of_reference(subject_key, reference_key, minutiae, place=place)  # noqa: PLW2901
        except EncryptionKeyError as error:
            _or_raise(error)
            continue
        yield reference_id, minutiae


def sealed_text(connection: sqlite3.Connection, subject_number: int, key: int | None, text: str, column: str) -> str:
    """A text about a subject as it is stored. key: of the subject, None where it is plain. column: table and column,
    and what tells this row from others of the subject."""
    if key is None:
        return text
    seal = _given(seals_of(connection)).of_subject(key)
    return _SEALED + b64encode(seal.close(text.encode(), place=f"{column} {subject_number}")).decode("ascii")


def opened_text(connection: sqlite3.Connection, subject_number: int, key: int | None, stored: str, column: str) -> str:
    """The text that sealed_text made what is stored of. Raises EncryptionKeyError, DatabaseDamagedError."""
    seals = seals_of(connection)
    if key is None or not stored.startswith(_SEALED):
        if _is_planted(seals):
            raise DatabaseDamagedError("a text is plain in an encrypted store; restore a backup")
        return stored
    seal = _given(seals).of_subject(key)
    try:
        return seal.open(b64decode(stored[len(_SEALED) :]), place=f"{column} {subject_number}").decode()
    except (EncryptionKeyError, ValueError) as error:
        raise DatabaseDamagedError("what is stored of a subject does not open; restore a backup") from error


def damaged_references(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Ids of every reference that does not fit its digest, does not open, or has no template, ascending. Reads every
    template."""
    found = [
        row[0]
        for row in connection.execute(
            "SELECT reference_id FROM reference WHERE reference_id NOT IN (SELECT reference_id FROM template)"
        )
    ]
    for _ in opened(connection, intact(connection.execute(SELECT_CHECKED), found.append), found.append):
        pass
    return tuple(sorted({*found, *damaged_digests(connection)}))


def damaged_digests(connection: sqlite3.Connection) -> list[int]:
    """Ids of references of which what is kept beside their digests, as their keys, is damaged."""
    statement = f"SELECT reference_id FROM {REFERENCES} WHERE NOT {fits(connection, REFERENCES)}"  # noqa: S608
    return [row[0] for row in connection.execute(statement)]


def unreadable_subject_count(connection: sqlite3.Connection) -> int:
    """How many encrypted subjects do not open, whose rows are whole, or are plain where none is."""
    seals, count = seals_of(connection), 0
    statement = f"SELECT subject_number, key_number, content FROM subject_seal WHERE {fits(connection, 'subject_seal')}"  # noqa: S608
    for number, key, content in connection.execute(statement):
        try:
            _opened_subject(_given(seals), number, key, content)
        except DatabaseDamagedError:
            count += 1
    if _is_planted(seals):
        (plain,) = connection.execute(
            "SELECT count(*) FROM subject WHERE subject_number NOT IN (SELECT subject_number FROM subject_seal)"
        ).fetchone()
        count += plain
    return count


def keys_of_references(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> tuple[int, ...]:
    """Slots of the encrypted ones among these references, without those of their subjects."""
    found: list[int] = []
    for part in parts_of(reference_ids):
        statement = (
            "SELECT reference_key FROM reference_digest WHERE reference_key IS NOT NULL"  # noqa: S608
            f" AND reference_id IN ({marks(part)}) AND {fits(connection, 'reference_digest')}"
        )
        found += [row[0] for row in connection.execute(statement, part)]
    return tuple(found)


def note_erased_keys(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """In the transaction that deletes what they open."""
    connection.executemany(
        "INSERT OR IGNORE INTO erased_key (key_number) VALUES (?)", [(number,) for number in numbers]
    )


def noted_keys(connection: sqlite3.Connection) -> tuple[int, ...]:
    """What was noted and not forgotten."""
    # A flipped bit would name the key of somebody who is there.
    statement = f"SELECT key_number FROM erased_key WHERE {fits(connection, 'erased_key')}"  # noqa: S608
    return tuple(row[0] for row in connection.execute(statement))


def forget_erased_keys(connection: sqlite3.Connection, numbers: Sequence[int]) -> None:
    """These slots are erased."""
    connection.executemany("DELETE FROM erased_key WHERE key_number = ?", [(number,) for number in numbers])


def _is_foreign(connection: sqlite3.Connection, seals: Seals | None, subject_key: int | None) -> bool:
    """Whether a template cannot be of this store: plain in one that is encrypted, or encrypted in one that is not."""
    return _is_planted(seals) if subject_key is None else seals is None and not is_bound(connection)


def _opened_template(
    seals: Seals | None, reference_id: int, vectors: bytes, minutiae: bytes, keys: tuple[int, int]
) -> tuple[bytes, bytes]:
    """Vectors and minutiae. Raises EncryptionKeyError."""
    seal = _given(seals).of_reference(*keys)
    return (
        seal.open(vectors, place=_place(reference_id, "vectors")),
        seal.open(minutiae, place=_place(reference_id, "minutiae")),
    )


def _opened_subject(seals: Seals, number: int, key: int, content: bytes) -> SealedText:
    try:
        return SealedText(*json.loads(seals.of_subject(key).open(content, place=f"subject_seal {number} content")))
    except EncryptionKeyError as error:
        _or_raise(error)
        raise DatabaseDamagedError("what is stored of a subject does not open; restore a backup") from error


def is_bound(connection: sqlite3.Connection) -> bool:
    """Whether the store has keys; else a row that names one is damaged."""
    found = connection.execute("SELECT 1 FROM setting WHERE name = ?", (SLOTS_SETTING,)).fetchone()
    return found is not None


def _is_planted(seals: Seals | None) -> bool:
    """Whether a row without keys is one that this software did not write: the store is encrypted, all of it."""
    return seals is not None and not seals.takes_plain


def _given(seals: Seals | None) -> Seals:
    if seals is None:
        raise EncryptionKeyError("the database is encrypted; give its master key", reason="missing")
    return seals


def _or_raise(error: EncryptionKeyError) -> None:
    """That no key was given is said, and not taken for damage."""
    if error.reason == "missing":
        raise error


def _place(reference_id: int, column: str) -> str:
    return f"template {reference_id} {column}"
