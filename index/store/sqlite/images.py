"""Rows of images: which file of the vault (index/store/vault.py) holds what a reference was made of.

An image that came twice for one subject is kept once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from index.errors import DatabaseDamagedError
from index.store.sqlite.row_checks import fits
from index.store.sqlite.rows import marks, parts_of
from index.store.sqlite.sealed_rows import note_erased_keys
from index.store.vault import VaultFile


@dataclass(frozen=True, slots=True)
class ImageRow:
    """What the store knows of an image. ppi: as the sender said it, None where nobody did."""

    file_name: str
    key_number: int
    size_bytes: int
    sha256: str
    ppi: float | None


def put_image(
    connection: sqlite3.Connection,
    subject_number: int,
    reference_id: int,
    file: VaultFile,
    *,
    sha256: str,
    ppi: float | None,
) -> None:
    """Note what a reference was made of; the file is named nowhere where the subject has the image already."""
    row = connection.execute(
        "SELECT image_number FROM image WHERE subject_number = ? AND sha256 = ?", (subject_number, sha256)
    ).fetchone()
    if row is None:
        cursor = connection.execute(
            "INSERT INTO image (subject_number, sha256, size_bytes, file_name, key_number) VALUES (?, ?, ?, ?, ?)",
            (subject_number, sha256, file.size_bytes, file.name, file.key_number),
        )
        row = (cursor.lastrowid,)
    connection.execute(
        "INSERT INTO reference_image (reference_id, image_number, ppi) VALUES (?, ?, ?)", (reference_id, row[0], ppi)
    )


def image_of(connection: sqlite3.Connection, reference_id: int) -> ImageRow | None:
    """The image of a reference, if one was kept. Raises DatabaseDamagedError."""
    row = connection.execute(
        f"SELECT {fits(connection, 'image', 'image')} AND {fits(connection, 'reference_image', 'reference_image')},"  # noqa: S608
        " file_name, key_number, size_bytes, sha256, ppi FROM reference_image LEFT JOIN image USING (image_number)"
        " WHERE reference_id = ?",
        (reference_id,),
    ).fetchone()
    if row is not None and not row[0]:
        raise DatabaseDamagedError("what is stored of the image of a reference is damaged; restore a backup")
    return None if row is None else ImageRow(*row[1:])


def delete_images_of_subject(connection: sqlite3.Connection, subject_number: int) -> None:
    """Forget every image of a subject; keys and files are noted as to be erased."""
    rows = connection.execute(
        f"SELECT file_name, key_number FROM image WHERE subject_number = ? AND {fits(connection, 'image')}",  # noqa: S608
        (subject_number,),
    )
    _note(connection, rows.fetchall())
    connection.execute(
        "DELETE FROM reference_image WHERE image_number IN (SELECT image_number FROM image WHERE subject_number = ?)",
        (subject_number,),
    )
    connection.execute("DELETE FROM image WHERE subject_number = ?", (subject_number,))


def delete_image_of_reference(connection: sqlite3.Connection, reference_id: int) -> None:
    """Forget what a reference was made of; the image goes with the last reference that was."""
    row = connection.execute(
        f"SELECT image_number, file_name, key_number, {fits(connection, 'image', 'image')}"  # noqa: S608
        " FROM reference_image JOIN image USING (image_number) WHERE reference_id = ?",
        (reference_id,),
    ).fetchone()
    if row is None:
        return
    connection.execute("DELETE FROM reference_image WHERE reference_id = ?", (reference_id,))
    if connection.execute("SELECT 1 FROM reference_image WHERE image_number = ?", (row[0],)).fetchone() is None:
        # The key that a damaged row names may be another one's.
        _note(connection, [row[1:3]] if row[3] else [])
        connection.execute("DELETE FROM image WHERE image_number = ?", (row[0],))


def images_to_copy(
    connection: sqlite3.Connection, reference_ids: Sequence[int], target_number: int
) -> dict[int, ImageRow]:
    """By their numbers, the images that move_images needs a copy of: others than these references are made of them as
    well, and the target has none of the same content."""
    return {
        number: ImageRow(*row)
        for number, row in _images_of(connection, reference_ids).items()
        if _is_shared(connection, number, reference_ids) and _same_image(connection, target_number, row[3]) is None
    }


def move_images(
    connection: sqlite3.Connection, reference_ids: Sequence[int], target_number: int, copies: Mapping[int, VaultFile]
) -> None:
    """What references are made of goes with them to another subject; copies: of images_to_copy, in this transaction."""
    for number, (file_name, key_number, size_bytes, sha256, _) in _images_of(connection, reference_ids).items():
        there = _same_image(connection, target_number, sha256)
        is_shared = _is_shared(connection, number, reference_ids)
        if there is None and not is_shared:
            statement = "UPDATE image SET subject_number = ? WHERE image_number = ?"
            connection.execute(statement, (target_number, number))
            continue
        if there is None:
            copy = copies[number]
            there = connection.execute(
                "INSERT INTO image (subject_number, sha256, size_bytes, file_name, key_number) VALUES (?, ?, ?, ?, ?)",
                (target_number, sha256, size_bytes, copy.name, copy.key_number),
            ).lastrowid
        for part in parts_of(reference_ids):
            connection.execute(
                "UPDATE reference_image SET image_number = ? WHERE image_number = ?"  # noqa: S608
                f" AND reference_id IN ({marks(part)})",
                (there, number, *part),
            )
        if not is_shared:
            _note(connection, [(file_name, key_number)])
            connection.execute("DELETE FROM image WHERE image_number = ?", (number,))


def known_files(connection: sqlite3.Connection, names: Sequence[str]) -> set[str]:
    """Which of these files the store names."""
    found: set[str] = set()
    for part in parts_of(names):
        statement = f"SELECT file_name FROM image WHERE file_name IN ({marks(part)})"  # noqa: S608
        found.update(row[0] for row in connection.execute(statement, part))
    if len(found) < len(names) and _count(connection, f"image WHERE NOT {fits(connection, 'image')}"):
        # One of the others may be what a damaged row named.
        return {*names}
    return found


def _count(connection: sqlite3.Connection, among: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {among}").fetchone()[0])  # noqa: S608


def all_files(connection: sqlite3.Connection) -> Iterable[str]:
    """Every file that the store names, but for those of damaged rows."""
    statement = f"SELECT file_name FROM image WHERE {fits(connection, 'image')} ORDER BY image_number"  # noqa: S608
    return (str(row[0]) for row in connection.execute(statement))


def noted_counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many keys and files are noted as to be erased."""
    return _count(connection, "erased_key"), _count(connection, "erased_file")


def noted_files(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Files to be removed that may be there still."""
    statement = f"SELECT file_name FROM erased_file WHERE {fits(connection, 'erased_file')}"  # noqa: S608
    return tuple(row[0] for row in connection.execute(statement))


def forget_files(connection: sqlite3.Connection, names: Sequence[str]) -> None:
    """These are removed."""
    connection.executemany("DELETE FROM erased_file WHERE file_name = ?", [(name,) for name in names])


def _images_of(
    connection: sqlite3.Connection, reference_ids: Sequence[int]
) -> dict[int, tuple[str, int, int, str, float | None]]:
    """The values of an ImageRow by its number. Raises DatabaseDamagedError."""
    found: dict[int, tuple[str, int, int, str, float | None]] = {}
    for part in parts_of(reference_ids):
        rows = connection.execute(
            "SELECT image_number, file_name, key_number, size_bytes, sha256, ppi,"  # noqa: S608
            f" {fits(connection, 'image', 'image')} FROM reference_image"
            f" JOIN image USING (image_number) WHERE reference_id IN ({marks(part)}) ORDER BY image_number",
            part,
        ).fetchall()
        if not all(row[-1] for row in rows):
            raise DatabaseDamagedError("what is stored of an image is damaged; restore a backup")
        found.update((row[0], row[1:-1]) for row in rows)
    return found


def _is_shared(connection: sqlite3.Connection, image_number: int, reference_ids: Sequence[int]) -> bool:
    """Whether other references are made of the image as well."""
    rows = connection.execute("SELECT reference_id FROM reference_image WHERE image_number = ?", (image_number,))
    return not {row[0] for row in rows.fetchall()} <= set(reference_ids)


def _same_image(connection: sqlite3.Connection, subject_number: int, sha256: str) -> int | None:
    row = connection.execute(
        "SELECT image_number FROM image WHERE subject_number = ? AND sha256 = ?", (subject_number, sha256)
    ).fetchone()
    return None if row is None else int(row[0])


def _note(connection: sqlite3.Connection, rows: Sequence[tuple[str, int]]) -> None:
    connection.executemany("INSERT OR IGNORE INTO erased_file (file_name) VALUES (?)", [(name,) for name, _ in rows])
    note_erased_keys(connection, [key for _, key in rows])
