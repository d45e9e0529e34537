"""References that another pack made of the image of a reference: its counterparts, deleted with it.

The reference that was enrolled is the original of all of them, and the family is the original with its counterparts.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from index.errors import DatabaseDamagedError
from index.outbox import Owe
from index.receipts import PackHolding, ReembeddingCounts
from index.records import ImagePart, Modality, NewReference, SubjectState
from index.store.effects import SEX_CODES, ReferenceAdded
from index.store.sqlite import galleries, references
from index.store.sqlite.owed_records import owe
from index.store.sqlite.references import EncodedReference
from index.store.sqlite.row_checks import fits
from index.store.sqlite.subjects import find_by_number
from index.store.sqlite.write_queue import WriteOutcome

_WHOLE = ImagePart()
# Originals of a modality, enrolled with other packs than one, of which that one has made no counterpart.
_ORIGINALS = (
    " FROM reference JOIN pack USING (pack_number)"
    " LEFT JOIN counterpart ON counterpart.reference_id = reference.reference_id"
)
_WITHOUT = (
    " WHERE pack.modality = ? AND pack.pack_id <> ? AND counterpart.original_id IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM counterpart AS other"
    " JOIN reference AS made ON made.reference_id = other.reference_id"
    " JOIN pack AS its ON its.pack_number = made.pack_number"
    " WHERE other.original_id = reference.reference_id AND its.pack_id = ?)"
)


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What another pack made of the image of a reference."""

    original_id: int
    encoded: EncodedReference


def put_image_part(connection: sqlite3.Connection, reference_id: int, part: ImagePart) -> None:
    """Note which part of its image a reference was made of, where that is not the whole."""
    if part != _WHOLE:
        connection.execute(
            "INSERT INTO image_part (reference_id, face_number, largest_face, region) VALUES (?, ?, ?, ?)",
            (reference_id, part.face_number, int(part.largest_face), json.dumps(part.region_px)),
        )


def image_part(connection: sqlite3.Connection, reference_id: int) -> ImagePart:
    """Which part of its image a reference was made of."""
    row = connection.execute(
        "SELECT face_number, largest_face, region, "  # noqa: S608
        f"{fits(connection, 'image_part')} FROM image_part WHERE reference_id = ?",
        (reference_id,),
    ).fetchone()
    if row is None:
        return _WHOLE
    if not row[3]:
        raise DatabaseDamagedError("what is stored of the image of a reference is damaged; restore a backup")
    return ImagePart(row[0], bool(row[1]), tuple((x, y) for x, y in json.loads(row[2])))


def counterparts(connection: sqlite3.Connection) -> dict[int, int]:
    """Of every counterpart its original."""
    # One whose kind was changed by the disk is none; the check of the whole row is left to `index verify`.
    return dict(
        connection.execute("SELECT reference_id, original_id FROM counterpart WHERE typeof(original_id) = 'integer'")
    )


def family_of(connection: sqlite3.Connection, reference_id: int) -> tuple[int, ...]:
    """Every reference of the same image part, this one included, ascending."""
    row = connection.execute("SELECT original_id FROM counterpart WHERE reference_id = ?", (reference_id,)).fetchone()
    original = reference_id if row is None else row[0]
    found = connection.execute("SELECT reference_id FROM counterpart WHERE original_id = ?", (original,))
    return tuple(sorted({original, reference_id, *(one for (one,) in found)}))


def without_counterpart(
    connection: sqlite3.Connection, modality: Modality, pack_id: str, *, after_id: int, limit: int
) -> tuple[int, ...]:
    """Ascending ids of up to limit originals that a pack still has to make something of: an image is kept of them, and
    it did not fail with this pack before."""
    rows = connection.execute(
        f"SELECT reference.reference_id{_ORIGINALS}{_WITHOUT} AND reference.reference_id > ?"  # noqa: S608
        " AND EXISTS (SELECT 1 FROM reference_image WHERE reference_image.reference_id = reference.reference_id)"
        " AND NOT EXISTS (SELECT 1 FROM failed_counterpart AS failed WHERE failed.original_id = reference.reference_id"
        " AND failed.pack_id = ?) ORDER BY 1 LIMIT ?",
        (modality.value, pack_id, pack_id, after_id, pack_id, limit),
    )
    return tuple(row[0] for row in rows)


def reembedding_counts(connection: sqlite3.Connection, modality: Modality, pack_id: str) -> ReembeddingCounts:
    """How far a pack has come with the images on record."""
    done = connection.execute(
        "SELECT count(*) FROM reference JOIN pack USING (pack_number) WHERE modality = ? AND pack_id = ?",
        (modality.value, pack_id),
    ).fetchone()[0]
    rows = connection.execute(
        "SELECT reference.reference_id, reference_image.reference_id IS NOT NULL, failed.reason"
        f"{_ORIGINALS} LEFT JOIN reference_image ON reference_image.reference_id = reference.reference_id"
        " LEFT JOIN failed_counterpart AS failed ON failed.original_id = reference.reference_id AND failed.pack_id = ?"
        f"{_WITHOUT} ORDER BY 1",
        (pack_id, modality.value, pack_id, pack_id),
    ).fetchall()
    return ReembeddingCounts(
        pack_id=pack_id,
        done_count=done,
        waiting_count=sum(1 for _, has_image, reason in rows if has_image and reason is None),
        without_image_ids=tuple(one for one, has_image, _ in rows if not has_image),
        failed=tuple((one, reason) for one, has_image, reason in rows if has_image and reason is not None),
    )


def passed_over(
    connection: sqlite3.Connection, in_use: Mapping[Modality, str], *, has_counterparts: bool
) -> tuple[PackHolding, ...]:
    """References that no search with these packs meets in any form, by the pack that made them. has_counterparts:
    False for a store of an older schema."""
    found: list[PackHolding] = []
    for modality in Modality:
        pack_id = in_use.get(modality, "")
        if has_counterparts and pack_id:
            statement, values = (
                f"SELECT pack.pack_id, count(*){_ORIGINALS}{_WITHOUT} GROUP BY 1",
                (modality.value, pack_id, pack_id),
            )
        else:
            statement = (
                "SELECT pack_id, count(*) FROM reference JOIN pack USING (pack_number)"
                " WHERE modality = ? AND pack_id <> ? AND pack_id <> ? GROUP BY 1"
            )
            values = (modality.value, pack_id, pack_id)
        found += [PackHolding(modality, name, count) for name, count in connection.execute(statement, values)]
    return tuple(found)


def add_counterparts(
    connection: sqlite3.Connection,
    made: Sequence[Counterpart],
    failed: Sequence[tuple[int, str]],
    *,
    pack_id: str,
    now: datetime,
    owed: Owe[tuple[int, ...]] | None,
) -> WriteOutcome[tuple[int, ...]]:
    """See Store.add_counterparts."""
    added: list[ReferenceAdded] = []
    reference_ids: list[int] = []
    for one in made:
        row = connection.execute(
            "SELECT subject_number FROM reference WHERE reference_id = ?", (one.original_id,)
        ).fetchone()
        if row is None:
            continue  # deleted meanwhile
        subject = find_by_number(connection, row[0])
        pack = references.pack_for(connection, one.encoded.key, one.encoded.dim)
        reference_id = references.insert_reference(
            connection, one.encoded, pack, row[0], now, subject_key=subject.key_number
        )
        connection.execute(
            "INSERT INTO counterpart (reference_id, original_id) VALUES (?, ?)", (reference_id, one.original_id)
        )
        connection.execute(
            "INSERT INTO reference_image (reference_id, image_number, ppi)"
            " SELECT ?, image_number, ppi FROM reference_image WHERE reference_id = ?",
            (reference_id, one.original_id),
        )
        reference_ids.append(reference_id)
        if subject.subject.state is SubjectState.ACTIVE:
            added.append(
                ReferenceAdded(
                    pack=pack,
                    reference_id=reference_id,
                    subject_number=row[0],
                    finger=int(one.encoded.new.template.finger),
                    sex=SEX_CODES[subject.subject.sex],
                    birth_year=subject.subject.birth_year or 0,
                    gallery_numbers=galleries.gallery_numbers_of_subject(connection, row[0]),
                    vectors=one.encoded.searchable,
                    minutiae=one.encoded.new.template.minutiae,
                    original_id=one.original_id,
                )
            )
    connection.executemany(
        "INSERT OR REPLACE INTO failed_counterpart (original_id, pack_id, reason)"
        " SELECT reference_id, ?, ? FROM reference WHERE reference_id = ?",
        [(pack_id, reason, original_id) for original_id, reason in failed],
    )
    owe(connection, owed, tuple(reference_ids))
    return WriteOutcome(tuple(reference_ids), tuple(added))


def encode(original_id: int, new: NewReference) -> Counterpart:
    """Checked and encoded, before the writer lock is asked for."""
    return Counterpart(original_id, references.encode_reference(new))
