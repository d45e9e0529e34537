"""Rows of references and their templates."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from index.arrays import Float32Array
from index.errors import DatabaseDamagedError, DatabaseError, ReferenceNotFoundError, VectorError
from index.records import FingerPosition, Modality, NewReference, Reference, StoredPrint
from index.store.effects import PackKey, PackRow
from index.store.sqlite.images import delete_image_of_reference
from index.store.sqlite.row_checks import fits
from index.store.sqlite.row_digests import (
    SELECT_CHECKED,
    SELECT_ROW_CHECKED,
    SELECT_TEMPLATES_CHECKED,
    ReportDamage,
    intact,
    intact_rows,
    intact_templates,
    put_digest,
)
from index.store.sqlite.rows import from_microseconds, marks, parts_of, to_microseconds
from index.store.sqlite.sealed_rows import (
    keys_of_references,
    note_erased_keys,
    opened,
    opened_templates,
    owned,
    sealed_template,
)
from index.store.sqlite.set_aside import ids_set_aside
from index.store.sqlite.subjects import SubjectRow
from index.store.template_codec import (
    ENCODING_OF,
    check_template,
    decode_codes,
    decode_template,
    decode_vectors,
    encode_vectors,
)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedReference:
    """A reference checked and encoded before the writer is asked for. searchable: its vectors as read back later."""

    new: NewReference
    key: PackKey
    dim: int
    vectors: bytes
    searchable: Float32Array
    capture_time_us: int | None


def encode_reference(new: NewReference) -> EncodedReference:
    """Check and encode. Raises VectorError, DatabaseError."""
    template = new.template
    check_template(template)
    if not 0 <= new.quality <= 100:
        raise DatabaseError("quality must be 0 to 100")
    encoding = ENCODING_OF[template.modality]
    dim = int(template.vectors.shape[1])
    vectors = encode_vectors(template.vectors, encoding)
    try:
        capture_time_us = None if new.capture_time is None else to_microseconds(new.capture_time)
    except ValueError as error:
        raise DatabaseError("capture_time must state its time zone; give it in UTC") from error
    return EncodedReference(
        new=new,
        key=PackKey(template.modality, template.pack_id),
        dim=dim,
        vectors=vectors,
        searchable=decode_vectors(vectors, dim, encoding),
        capture_time_us=capture_time_us,
    )


def all_packs(connection: sqlite3.Connection) -> dict[PackKey, PackRow]:
    """Every pack of which something is or was stored; one whose row is damaged is left out."""
    rows = connection.execute(
        "SELECT pack_number, modality, pack_id, dim, encoding FROM pack"  # noqa: S608
        f" WHERE {fits(connection, 'pack')} ORDER BY pack_number"
    )
    packs = [PackRow(row[0], PackKey(Modality(row[1]), row[2]), row[3], row[4]) for row in rows]
    return {pack.key: pack for pack in packs}


def pack_for(connection: sqlite3.Connection, key: PackKey, dim: int) -> PackRow:
    """The row of this pack, made at its first reference. Raises VectorError when the dimension is another,
    DatabaseDamagedError."""
    row = connection.execute(
        "SELECT pack_number, dim, CAST(encoding AS BLOB), "  # noqa: S608
        f"{fits(connection, 'pack')} FROM pack WHERE modality = ? AND pack_id = ?",
        (key.modality.value, key.pack_id),
    ).fetchone()
    if row is None:
        encoding = ENCODING_OF[key.modality]
        cursor = connection.execute(
            "INSERT INTO pack (modality, pack_id, dim, encoding) VALUES (?, ?, ?, ?)",
            (key.modality.value, key.pack_id, dim, encoding),
        )
        assert cursor.lastrowid is not None
        return PackRow(cursor.lastrowid, key, dim, encoding)
    if not row[3]:
        raise DatabaseDamagedError("what is stored of a pack is damaged; restore a backup")
    if row[1] != dim:
        raise VectorError(f"vectors of this pack have {row[1]} components, not {dim}; give the pack a new version")
    return PackRow(row[0], key, row[1], row[2].decode())


def insert_reference(
    connection: sqlite3.Connection,
    encoded: EncodedReference,
    pack: PackRow,
    subject_number: int,
    now: datetime,
    *,
    subject_key: int | None,
) -> int:
    """Insert the reference and its template; returns its id."""
    new = encoded.new
    values = (
        subject_number,
        pack.pack_number,
        int(new.template.finger),
        int(new.quality),
        new.sample_sha256,
        new.station_id,
        encoded.capture_time_us,
        to_microseconds(now),
    )
    cursor = connection.execute(
        "INSERT INTO reference (subject_number, pack_number, finger, quality, sample_sha256, station_id,"
        " capture_time, create_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        values,
    )
    assert cursor.lastrowid is not None
    vectors, minutiae, keys = sealed_template(
        connection, subject_key, cursor.lastrowid, encoded.vectors, new.template.minutiae
    )
    connection.execute(
        "INSERT INTO template (reference_id, vectors, minutiae) VALUES (?, ?, ?)",
        (cursor.lastrowid, vectors, minutiae),
    )
    put_digest(connection, (cursor.lastrowid, *values, vectors, minutiae), keys)
    if new.capture_device:
        connection.execute(
            "INSERT INTO capture_device (reference_id, device) VALUES (?, ?)", (cursor.lastrowid, new.capture_device)
        )
    return cursor.lastrowid


def read_references(
    connection: sqlite3.Connection, packs: dict[int, PackRow], reference_ids: Sequence[int], report: ReportDamage
) -> list[Reference]:
    """References in the order of reference_ids; those that do not exist or are damaged are left out."""
    owners = checked_subject_ids_of(connection, reference_ids, report)
    devices = _devices_of(connection, reference_ids)
    found: dict[int, Reference] = {}
    for part in parts_of(reference_ids):
        rows = connection.execute(f"{SELECT_CHECKED} WHERE reference.reference_id IN ({marks(part)})", part)
        for row in opened(connection, intact(rows, report), report):
            # Of a pack whose own row is damaged nothing is read.
            if row[0] in owners and row[2] in packs:
                found[row[0]] = _reference(row, owners[row[0]], packs, devices)
    return [found[reference_id] for reference_id in reference_ids if reference_id in found]


def references_after(
    connection: sqlite3.Connection,
    packs: dict[int, PackRow],
    subject: SubjectRow,
    *,
    last_id: int,
    limit: int,
    report: ReportDamage,
) -> list[Reference]:
    """Up to limit references of one subject with higher ids; damaged ones are left out."""
    found: list[Reference] = []
    while len(found) < limit:
        rows = connection.execute(
            f"{SELECT_CHECKED} WHERE reference.subject_number = ? AND reference.reference_id > ? ORDER BY 1 LIMIT ?",
            (subject.subject_number, last_id, limit - len(found)),
        ).fetchall()
        if not rows:
            break
        devices = _devices_of(connection, [row[0] for row in rows])
        found += [
            _reference(row, subject.subject.subject_id, packs, devices)
            for row in opened(connection, intact(rows, report), report)
            if row[2] in packs
        ]
        last_id = rows[-1][0]
    return found


def reference_count_of_subject(connection: sqlite3.Connection, subject_number: int) -> int:
    """Of one subject, those that are not set aside."""
    counted = connection.execute(
        "SELECT count(*) FROM reference WHERE subject_number = ?"  # noqa: S608
        f" AND reference_id NOT IN ({ids_set_aside(connection)})",
        (subject_number,),
    )
    return int(counted.fetchone()[0])


def reference_ids_of_subject(connection: sqlite3.Connection, subject_number: int) -> tuple[int, ...]:
    """Ids of one subject's references, ascending."""
    rows = connection.execute(
        "SELECT reference_id FROM reference WHERE subject_number = ? ORDER BY reference_id", (subject_number,)
    )
    return tuple(row[0] for row in rows)


def checked_subject_ids_of(
    connection: sqlite3.Connection, reference_ids: Sequence[int], report: ReportDamage
) -> dict[int, str]:
    """Like subject_ids_of; references whose rows are damaged, and so may say another subject, are left out too, and
    those of subjects whose rows are."""
    numbers: dict[int, int] = {}
    # Ascending, as they lie in the file.
    for part in parts_of(sorted(reference_ids)):
        rows = connection.execute(f"{SELECT_ROW_CHECKED} WHERE reference.reference_id IN ({marks(part)})", part)
        numbers.update((row[0], row[1]) for row in owned(connection, intact_rows(rows, report), report))
    names: dict[int, str] = {}
    # Each once, though a subject may have ten fingers here.
    for part in parts_of(sorted(set(numbers.values()))):
        statement = (
            f"SELECT subject_number, subject_id FROM subject WHERE subject_number IN ({marks(part)})"  # noqa: S608
            f" AND {fits(connection, 'subject')}"
        )
        names.update(connection.execute(statement, part).fetchall())
    return {one: names[numbers[one]] for one in reference_ids if numbers.get(one) in names}


def subject_ids_of(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> dict[int, str]:
    """Subject id by reference id; references that do not exist are left out."""
    found: dict[int, str] = {}
    for part in parts_of(reference_ids):
        statement = (
            "SELECT reference_id, subject_id FROM reference JOIN subject USING (subject_number)"  # noqa: S608
            f" WHERE reference_id IN ({marks(part)})"
        )
        found.update(connection.execute(statement, part).fetchall())
    return found


def delete_reference_rows(connection: sqlite3.Connection, reference_id: int) -> tuple[int, int]:
    """Delete one reference; returns (subject number, removed rows). Raises ReferenceNotFoundError."""
    row = connection.execute("SELECT subject_number FROM reference WHERE reference_id = ?", (reference_id,)).fetchone()
    if row is None:
        raise ReferenceNotFoundError("no such reference; it may have been deleted")
    delete_image_of_reference(connection, reference_id)
    note_erased_keys(connection, keys_of_references(connection, (reference_id,)))
    removed = connection.execute("DELETE FROM template WHERE reference_id = ?", (reference_id,)).rowcount
    removed += connection.execute("DELETE FROM reference WHERE reference_id = ?", (reference_id,)).rowcount
    return int(row[0]), removed


def vector_blobs(
    connection: sqlite3.Connection, reference_ids: Sequence[int], report: ReportDamage
) -> Iterator[tuple[int, bytes]]:
    """(reference id, encoded vectors) of these references, ascending by id; reference_ids must be ascending. Damaged
    ones are left out."""
    for part in parts_of(reference_ids):
        statement = f"{SELECT_CHECKED} WHERE reference.reference_id IN ({marks(part)}) ORDER BY 1"
        rows = intact(connection.execute(statement, part), report)
        yield from ((row[0], row[9]) for row in opened(connection, rows, report))


def read_vectors(
    connection: sqlite3.Connection, key: PackKey, reference_ids: Sequence[int], report: ReportDamage
) -> dict[int, Float32Array]:
    """Vectors of references of one pack, float32 (n, dim) each, by id; quicker than whole references."""
    pack = all_packs(connection).get(key)
    if pack is None:
        return {}
    blobs = vector_blobs(connection, sorted(reference_ids), report)
    return {reference_id: decode_vectors(content, pack.dim, pack.encoding) for reference_id, content in blobs}


def read_prints(
    connection: sqlite3.Connection, key: PackKey, reference_ids: Sequence[int], report: ReportDamage
) -> dict[int, StoredPrint]:
    """Fingers of one pack by id; those that do not exist, are of another pack or are damaged are left out."""
    pack = all_packs(connection).get(key)
    if pack is None:
        return {}
    found = {}
    # Ascending, as they lie in the file.
    for part in parts_of(sorted(reference_ids)):
        rows = connection.execute(
            f"{SELECT_TEMPLATES_CHECKED} WHERE pack_number = ? AND reference.reference_id IN ({marks(part)})",
            (pack.pack_number, *part),
        )
        for reference_id, vectors, minutiae in opened_templates(connection, intact_templates(rows, report), report):
            try:
                found[reference_id] = StoredPrint(key.pack_id, decode_codes(vectors, pack.dim), minutiae)
            except DatabaseDamagedError:
                # Whole, and of another pack than its row says.
                report(reference_id)
    return found


def _devices_of(connection: sqlite3.Connection, reference_ids: Sequence[int]) -> dict[int, str]:
    """Of those whose device was said."""
    found: dict[int, str] = {}
    for part in parts_of(reference_ids):
        statement = f"SELECT reference_id, device FROM capture_device WHERE reference_id IN ({marks(part)})"  # noqa: S608
        statement += f" AND {fits(connection, 'capture_device')}"
        found.update(connection.execute(statement, part).fetchall())
    return found


def _reference(
    row: Sequence[object], subject_id: str, packs: Mapping[int, PackRow], devices: Mapping[int, str]
) -> Reference:
    reference_id, _, pack_number, finger, quality, sha256, station_id, captured, created, vectors, minutiae = row
    assert isinstance(reference_id, int)
    assert isinstance(pack_number, int)
    assert isinstance(finger, int)
    assert isinstance(quality, int)
    assert isinstance(created, int)
    assert isinstance(sha256, bytes)
    assert isinstance(station_id, bytes)
    assert isinstance(vectors, bytes)
    assert isinstance(minutiae, bytes)
    pack = packs[pack_number]
    template = decode_template(
        modality=pack.key.modality,
        pack_id=pack.key.pack_id,
        dim=pack.dim,
        encoding=pack.encoding,
        finger=FingerPosition(finger),
        vectors=vectors,
        minutiae=minutiae,
    )
    return Reference(
        reference_id=reference_id,
        subject_id=subject_id,
        template=template,
        quality=quality,
        create_time=from_microseconds(created),
        station_id=station_id.decode(),
        sample_sha256=sha256.decode(),
        capture_time=from_microseconds(captured) if isinstance(captured, int) else None,
        capture_device=devices.get(reference_id, ""),
    )
