"""What an index and its filter columns are made of, read in bulk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.errors import DatabaseDamagedError
from index.records import Modality, Sex
from index.store.effects import SEX_CODES, PackRow
from index.store.protocol import StoreCounts, SubjectValues
from index.store.sqlite.references import all_packs, vector_blobs
from index.store.sqlite.row_checks import fits
from index.store.sqlite.row_digests import SELECT_VECTORS_CHECKED, ReportDamage, intact_vectors
from index.store.sqlite.rows import marks, parts_of
from index.store.sqlite.sealed_rows import opened_minutiae, opened_vectors
from index.store.sqlite.set_aside import ids_set_aside
from index.store.sqlite.subjects import LAST_YEAR
from index.store.template_codec import decode_vectors

_SEX_LETTERS = {sex.value.encode(): code for sex, code in SEX_CODES.items()}


def searchable_rows(connection: sqlite3.Connection, pack: PackRow) -> Int64Array:
    """int64 (n, 3): reference id, subject number and finger of every reference that is searched, ids ascending."""
    rows = _integers(
        connection,
        "SELECT reference_id, subject_number, finger FROM reference WHERE pack_number = ?"  # noqa: S608
        f" AND reference_id NOT IN ({ids_set_aside(connection)}) AND {_is_plausible(connection)}"
        " ORDER BY reference_id",
        (pack.pack_number,),
        3,
    )
    sealed = _integers(connection, "SELECT subject_number FROM subject WHERE state = 'sealed'", (), 1)
    return rows[~np.isin(rows[:, 1], sealed[:, 0])] if len(sealed) else rows


def implausible_references(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Ids of references that cannot be searched since numbers in their rows are none that were written; quicker than
    the digests of all."""
    statement = (
        f"SELECT reference_id FROM reference WHERE NOT {_is_plausible(connection)}"  # noqa: S608
        " OR pack_number NOT IN (SELECT pack_number FROM pack)"
    )
    return tuple(row[0] for row in connection.execute(statement))


def _is_plausible(connection: sqlite3.Connection) -> str:
    """SQL: numbers by which memory is laid out."""
    highest = connection.execute(
        "SELECT min((SELECT max(subject_number) FROM subject), max(seq)) FROM sqlite_sequence"
        " WHERE name = 'subject' AND typeof(seq) = 'integer'"
    ).fetchone()[0]
    return (
        f"(typeof(subject_number) = 'integer' AND subject_number BETWEEN 1 AND {int(highest or 0)}"
        " AND typeof(finger) = 'integer' AND finger BETWEEN 0 AND 10)"
    )


def subject_values(connection: sqlite3.Connection, last_number: int) -> SubjectValues:
    """What filters ask of the subjects 0 to last_number."""
    sexes = np.zeros(last_number + 1, dtype=np.uint8)
    birth_years = np.zeros(last_number + 1, dtype=np.int16)
    # Only recorded values are fetched; most subjects of a large import have neither. What the disk made of one counts
    # as not recorded: narrowing must not lose a mate for it.
    for number, sex, birth_year in connection.execute(
        "SELECT subject_number, CAST(sex AS BLOB), birth_year FROM subject WHERE (sex <> ? OR birth_year IS NOT NULL)"
        " AND subject_number BETWEEN 0 AND ?",
        (Sex.UNKNOWN.value, last_number),
    ):
        sexes[number] = _SEX_LETTERS.get(sex, 0)
        is_year = isinstance(birth_year, int) and 0 < birth_year <= LAST_YEAR
        birth_years[number] = birth_year if is_year else 0
    return SubjectValues(sexes, birth_years)


def members(connection: sqlite3.Connection, gallery_number: int) -> Int64Array:
    """int64 (n,): numbers of the subjects in a gallery."""
    statement = "SELECT subject_number FROM membership WHERE gallery_number = ? AND typeof(subject_number) = 'integer'"
    return _integers(connection, statement, (gallery_number,), 1)[:, 0]


def vectors(
    connection: sqlite3.Connection, pack: PackRow, reference_ids: Int64Array, report: ReportDamage
) -> dict[int, Float32Array]:
    """Vectors float32 (n, dim) by id, ascending like reference_ids; those that do not exist or are damaged are left
    out."""
    # Read to the end before decoding, which may raise: a statement left half way would hold the log.
    blobs = list(_blobs(connection, reference_ids, report))
    found = {}
    for reference_id, blob in blobs:
        try:
            found[reference_id] = decode_vectors(blob, pack.dim, pack.encoding)
        except DatabaseDamagedError:
            # Whole, and of another pack than its row says.
            report(reference_id)
    return found


def minutiae(connection: sqlite3.Connection, pack: PackRow, reference_ids: Int64Array) -> dict[int, bytes]:
    """Minutiae by id; those that do not exist or do not open are left out. None of faces, which have none."""
    if pack.key.modality is Modality.FACE or not len(reference_ids):
        return {}
    found: dict[int, bytes] = {}
    for part in parts_of(reference_ids.tolist()):
        rows = connection.execute(
            f"SELECT reference_id, minutiae, subject_key, reference_key FROM template"  # noqa: S608
            f" LEFT JOIN reference_digest USING (reference_id) WHERE template.reference_id IN ({marks(part)})",
            part,
        )
        found.update(opened_minutiae(connection, rows))
    return found


def counts(connection: sqlite3.Connection) -> StoreCounts:
    """How much there is."""
    subject_count = connection.execute("SELECT count(*) FROM subject").fetchone()[0]
    reference_count = connection.execute("SELECT count(*) FROM reference").fetchone()[0]
    damaged = f"reference_id IN ({ids_set_aside(connection)})"
    known, stored = len(all_packs(connection)), connection.execute("SELECT count(*) FROM pack").fetchone()[0]
    if known < stored:
        # Of a pack whose row is damaged nothing is searched.
        damaged += f" OR pack_number IN (SELECT pack_number FROM pack WHERE NOT {fits(connection, 'pack')})"  # noqa: S608
    left_out_count = connection.execute(
        "SELECT count(*) FROM reference WHERE subject_number IN"  # noqa: S608
        f" (SELECT subject_number FROM subject WHERE state = 'sealed') OR {damaged}"
    ).fetchone()[0]
    set_aside_count = connection.execute(f"SELECT count(*) FROM reference WHERE {damaged}").fetchone()[0]  # noqa: S608
    return StoreCounts(subject_count, reference_count, reference_count - left_out_count, set_aside_count)


def _blobs(
    connection: sqlite3.Connection, reference_ids: Int64Array, report: ReportDamage
) -> Iterable[tuple[int, bytes]]:
    """One range scan where the ids lie close together, single look-ups otherwise."""
    if not len(reference_ids):
        return ()
    first, last = int(reference_ids[0]), int(reference_ids[-1])
    if last - first < 4 * len(reference_ids):
        wanted = frozenset(reference_ids.tolist())
        rows = connection.execute(
            f"{SELECT_VECTORS_CHECKED} WHERE template.reference_id BETWEEN ? AND ? ORDER BY 1", (first, last)
        )
        return opened_vectors(connection, intact_vectors((row for row in rows if row[0] in wanted), report), report)
    return vector_blobs(connection, reference_ids.tolist(), report)


def _integers(connection: sqlite3.Connection, statement: str, values: tuple[object, ...], width: int) -> Int64Array:
    """Rows of integers as int64 (n, width), fetched in chunks so that no list of all rows exists."""
    cursor = connection.execute(statement, values)
    chunks = []
    while rows := cursor.fetchmany(65536):
        chunks.append(np.array(rows, dtype=np.int64).reshape(-1, width))
    return np.concatenate(chunks) if chunks else np.empty((0, width), dtype=np.int64)
