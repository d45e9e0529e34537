"""A digest of each reference, by which a row that changed on the disk is noticed before anybody is compared with it.

BLAKE2b of 16 bytes, one of the row of the reference, which says whose it is, and one of its template; and a CRC-32 of
the vectors for the building of a whole index. They are no secret and keep nobody out who writes the file; they tell a
flipped bit. A row that does not fit its digest is left out
of every answer, named, and set aside until it is mended from a backup.
"""

from __future__ import annotations

import logging
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from index.errors import DatabaseDamagedError, VectorError
from index.store.template_codec import FLOAT32, decode_vectors

log = logging.getLogger(__name__)

DIGEST_BYTES: Final = 16
# The row of the reference, in this order in every statement below, texts as bytes; then the template, and what was
# stored to check them by.
_ROW: Final = (
    "reference.reference_id, subject_number, pack_number, finger, quality, CAST(sample_sha256 AS BLOB),"
    " CAST(station_id AS BLOB), capture_time, reference.create_time"
)
_ROW_WIDTH: Final = 9
COVERED: Final = f"{_ROW}, vectors, minutiae"
COVERED_WIDTH: Final = _ROW_WIDTH + 2
# The key of the subject that the row says. A reference with another one was put there by somebody without keys.
_KEY_OF_SUBJECT: Final = (
    "(SELECT key_number FROM subject_seal WHERE subject_seal.subject_number = reference.subject_number)"
)
# Slot 0 opens no row.
SELECT_CHECKED: Final = (
    f"SELECT {COVERED}, CASE WHEN subject_key IS NULL OR subject_key = {_KEY_OF_SUBJECT} THEN subject_key ELSE 0 END,"  # noqa: S608
    " reference_key, row_digest, template_digest"
    " FROM reference JOIN template USING (reference_id) LEFT JOIN reference_digest USING (reference_id)"
)
SELECT_ROW_CHECKED: Final = (
    f"SELECT {_ROW}, subject_key, {_KEY_OF_SUBJECT}, row_digest"  # noqa: S608
    " FROM reference LEFT JOIN reference_digest USING (reference_id)"
)
SELECT_TEMPLATES_CHECKED: Final = (
    "SELECT reference.reference_id, vectors, minutiae, subject_key, reference_key, template_digest"
    " FROM reference JOIN template USING (reference_id) LEFT JOIN reference_digest USING (reference_id)"
)
# For reading in bulk: digests of a million templates would take longer than the index takes to hold them.
SELECT_VECTORS_CHECKED: Final = (
    "SELECT template.reference_id, vectors, subject_key, reference_key, vectors_crc"
    " FROM template LEFT JOIN reference_digest USING (reference_id)"
)
_FILL_ROWS: Final = 16_384
# Fewer are done in a moment.
_TOLD_FROM_COUNT: Final = 50_000
# Unit vectors of float32 are this near to length 1; a flipped exponent bit is far off.
_NORM_TOLERANCE: Final = 1e-3

# No CRC-32 is negative.
NO_DIGESTS: Final = (b"", b"", -1)

ReportDamage = Callable[[int], None]


def digests_of(row: Sequence[Any]) -> tuple[bytes, bytes, int]:
    """Digest of the row, digest of the template, CRC-32 of the vectors. row: the COVERED values."""
    return row_digest(row[:_ROW_WIDTH]), template_digest(row[0], *row[_ROW_WIDTH:]), zlib.crc32(row[_ROW_WIDTH])


def row_digest(row: Sequence[Any]) -> bytes:
    """Of the row of a reference; its texts have lengths, so that no two rows are the same bytes."""
    *numbers, sha256, station_id, captured, created = row
    head = f"{numbers} {captured} {created} {len(sha256)} {len(station_id)};".encode()
    return blake2b(head + sha256 + station_id, digest_size=DIGEST_BYTES).digest()


def template_digest(reference_id: int, vectors: bytes, minutiae: bytes) -> bytes:
    """Of a template, and whose it is."""
    digest = blake2b(f"{reference_id} {len(vectors)} {len(minutiae)};".encode(), digest_size=DIGEST_BYTES)
    digest.update(vectors)
    digest.update(minutiae)
    return digest.digest()


def put_digest(connection: sqlite3.Connection, row: Sequence[Any], keys: tuple[int | None, int | None]) -> None:
    """row: the COVERED values as they are stored. keys: of subject and reference, None where they are plain."""
    row = [value.encode() if isinstance(value, str) else value for value in row]
    connection.execute(
        "INSERT OR REPLACE INTO reference_digest (reference_id, row_digest, template_digest, vectors_crc, subject_key,"
        " reference_key) VALUES (?, ?, ?, ?, ?, ?)",
        (row[0], *digests_of(row), *keys),
    )


def put_no_digest(connection: sqlite3.Connection, reference_id: int, keys: tuple[int | None, int | None]) -> None:
    """Of a reference that is damaged, and stays so."""
    connection.execute(
        "INSERT OR REPLACE INTO reference_digest (reference_id, row_digest, template_digest, vectors_crc, subject_key,"
        " reference_key) VALUES (?, ?, ?, ?, ?, ?)",
        (reference_id, *NO_DIGESTS, *keys),
    )


def intact_rows(rows: Iterable[Sequence[Any]], report: ReportDamage) -> Iterator[Sequence[Any]]:
    """Like intact, for SELECT_ROW_CHECKED; both keys of the subject follow."""
    return _intact(rows, report, lambda row: row_digest(row[:_ROW_WIDTH]))


def intact_vectors(rows: Iterable[Sequence[Any]], report: ReportDamage) -> Iterator[Sequence[Any]]:
    """(reference id, vectors, both keys) of the rows of SELECT_VECTORS_CHECKED that fit their CRC-32."""
    return _intact(rows, report, lambda row: zlib.crc32(row[1]))


def intact_templates(rows: Iterable[Sequence[Any]], report: ReportDamage) -> Iterator[Sequence[Any]]:
    """(reference id, vectors, minutiae, both keys) of the rows of SELECT_TEMPLATES_CHECKED that fit their digests."""
    return _intact(rows, report, lambda row: template_digest(*row[:3]))


def _intact(
    rows: Iterable[Sequence[Any]], report: ReportDamage, digest_of: Callable[[Sequence[Any]], object]
) -> Iterator[Sequence[Any]]:
    """The rows whose last column is the digest of the others, without it."""
    for *row, digest in rows:
        try:
            fits = digest_of(row) == digest
        except TypeError:
            # A flipped bit may also have made a number of what was bytes.
            fits = False
        if fits:
            yield row
        else:
            report(int(row[0]))


def intact(rows: Iterable[Sequence[Any]], report: ReportDamage) -> Iterator[Sequence[Any]]:
    """The rows of SELECT_CHECKED that fit their digests, without them; the ids of the others go to report. Vectors and
    minutiae are as stored, and their keys follow; see sealed_rows.py."""
    for *row, of_row, of_template in rows:
        if _fits(row[:COVERED_WIDTH], of_row, of_template):
            yield row
        else:
            report(int(row[0]))


def _fits(row: Sequence[Any], of_row: object, of_template: object) -> bool:
    try:
        return (row_digest(row[:_ROW_WIDTH]), template_digest(row[0], *row[_ROW_WIDTH:])) == (of_row, of_template)
    except TypeError:
        # A flipped bit may also have made a number of what was bytes.
        return False


def fill_digests(connection: sqlite3.Connection) -> None:
    """The step that brings digests to an older store. A vector that cannot be one gets none, and so is set aside."""
    encodings = {
        number: (dim, kind) for number, dim, kind in connection.execute("SELECT pack_number, dim, encoding FROM pack")
    }
    (count,) = connection.execute("SELECT count(*) FROM reference").fetchone()
    last_id = done_count = 0
    while True:
        rows = connection.execute(
            f"SELECT {COVERED} FROM reference JOIN template USING (reference_id)"  # noqa: S608
            " WHERE reference.reference_id > ? ORDER BY 1 LIMIT ?",
            (last_id, _FILL_ROWS),
        ).fetchall()
        if not rows:
            return
        connection.executemany(
            "INSERT INTO reference_digest VALUES (?, ?, ?, ?)",
            [(row[0], *(digests_of(row) if _is_usable(row, encodings) else NO_DIGESTS)) for row in rows],
        )
        last_id, done_count = rows[-1][0], done_count + len(rows)
        if count >= _TOLD_FROM_COUNT:
            log.warning("making digests of the stored references, once: %d of %d", done_count, count)


def _is_usable(row: Sequence[Any], encodings: dict[int, tuple[int, str]]) -> bool:
    dim, encoding = encodings[row[2]]
    try:
        vectors = decode_vectors(row[9], dim, encoding)
    except (DatabaseDamagedError, VectorError):
        return False
    if encoding != FLOAT32:
        return bool(np.isfinite(vectors).all())
    norms = np.sqrt(np.einsum("ij,ij->i", vectors.astype(np.float64), vectors.astype(np.float64)))
    return bool((np.abs(norms - 1.0) <= _NORM_TOLERANCE).all())
