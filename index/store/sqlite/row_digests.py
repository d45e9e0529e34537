"""A digest of each reference, by which a row that changed on the disk is noticed before anybody is compared with it.

It covers the row of the reference and its template, the subject it belongs to included: BLAKE2b of 16 bytes. It is no
secret and keeps nobody out who writes the file; it tells a flipped bit. A row that does not fit its digest is left out
of every answer, named, and set aside until it is mended from a backup.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from index.errors import DatabaseDamagedError, VectorError
from index.store.template_codec import FLOAT32, decode_vectors

DIGEST_BYTES: Final = 16
# In this order in every statement below; the digest that was stored comes last.
COVERED: Final = (
    "reference.reference_id, subject_number, pack_number, finger, quality, CAST(sample_sha256 AS BLOB),"
    " CAST(station_id AS BLOB), capture_time, reference.create_time, vectors, minutiae"
)
_FROM: Final = "FROM reference JOIN template USING (reference_id) LEFT JOIN row_digest USING (reference_id)"
SELECT_CHECKED: Final = f"SELECT {COVERED}, digest {_FROM}"
_FILL_ROWS: Final = 4096
# Unit vectors of float32 are this near to length 1; a flipped exponent bit is far off.
_NORM_TOLERANCE: Final = 1e-3

ReportDamage = Callable[[int], None]


def digest_of(row: Sequence[Any]) -> bytes:
    """The digest of the COVERED values of one reference, texts as bytes."""
    *numbers, sha256, station_id, captured, created, vectors, minutiae = row
    # Numbers and lengths first, so that no two rows are the same bytes.
    lengths = len(sha256), len(station_id), len(vectors), len(minutiae)
    digest = blake2b(f"{numbers} {captured} {created} {lengths}".encode(), digest_size=DIGEST_BYTES)
    digest.update(sha256)
    digest.update(station_id)
    digest.update(vectors)
    digest.update(minutiae)
    return digest.digest()


def put_digest(connection: sqlite3.Connection, row: Sequence[Any]) -> None:
    """row: the COVERED values."""
    row = [value.encode() if isinstance(value, str) else value for value in row]
    connection.execute("INSERT OR REPLACE INTO row_digest VALUES (?, ?)", (row[0], digest_of(row)))


def intact(rows: Iterable[Sequence[Any]], report: ReportDamage) -> Iterator[Sequence[Any]]:
    """The rows of SELECT_CHECKED that fit their digest, without it; the ids of the others go to report."""
    for row in rows:
        if is_intact(row):
            yield row[:-1]
        else:
            report(int(row[0]))


def is_intact(row: Sequence[Any]) -> bool:
    """Whether a row of SELECT_CHECKED fits its digest."""
    try:
        return bool(digest_of(row[:-1]) == row[-1])
    except TypeError:
        # A flipped bit may also have made a number of what was bytes.
        return False


def damaged_references(connection: sqlite3.Connection) -> tuple[int, ...]:
    """Ids of every reference that does not fit its digest, or has no template, ascending. Reads every template."""
    found = [
        row[0]
        for row in connection.execute(
            "SELECT reference_id FROM reference WHERE reference_id NOT IN (SELECT reference_id FROM template)"
        )
    ]
    for _ in intact(connection.execute(SELECT_CHECKED), found.append):
        pass
    return tuple(sorted(found))


def fill_digests(connection: sqlite3.Connection) -> None:
    """The step that brings digests to an older store. A vector that cannot be one gets none, and so is set aside."""
    encodings = {
        number: (dim, kind) for number, dim, kind in connection.execute("SELECT pack_number, dim, encoding FROM pack")
    }
    last_id = 0
    while True:
        rows = connection.execute(
            f"SELECT {COVERED} FROM reference JOIN template USING (reference_id)"  # noqa: S608
            " WHERE reference.reference_id > ? ORDER BY 1 LIMIT ?",
            (last_id, _FILL_ROWS),
        ).fetchall()
        if not rows:
            return
        connection.executemany(
            "INSERT INTO row_digest VALUES (?, ?)",
            [(row[0], digest_of(row) if _is_usable(row, encodings) else b"") for row in rows],
        )
        last_id = rows[-1][0]


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
