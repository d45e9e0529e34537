"""What each writing call does inside its transaction, and what has to change outside it afterwards."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from index.outbox import Owe
from index.receipts import DeletionCounts, DeletionReceipt, Deletions, EnrollmentReceipt
from index.records import Gallery, RecordAuthor, RecordEvent, RecordEventKind, Subject, SubjectState
from index.store.effects import (
    SEX_CODES,
    Effect,
    GalleryCreated,
    GalleryDeleted,
    MembershipChanged,
    ReferenceAdded,
    ReferencesRemoved,
    SubjectChanged,
)
from index.store.sqlite import galleries, references, subjects
from index.store.sqlite.counterparts import counterparts, family_of, put_image_part
from index.store.sqlite.images import noted_counts, put_image
from index.store.sqlite.index_marks import note_erasures
from index.store.sqlite.owed_records import owe
from index.store.sqlite.reassignment_rows import merges_into
from index.store.sqlite.references import EncodedReference
from index.store.sqlite.requests import earlier_receipt, remember_request
from index.store.sqlite.row_digests import SELECT_CHECKED, intact
from index.store.sqlite.rows import from_microseconds, to_microseconds
from index.store.sqlite.sealed_rows import opened
from index.store.sqlite.set_aside import ids_set_aside
from index.store.sqlite.subject_records import put_event
from index.store.sqlite.subjects import SubjectRow
from index.store.sqlite.write_queue import WriteOutcome
from index.store.template_codec import decode_vectors
from index.store.vault import VaultFile


def enroll(
    connection: sqlite3.Connection,
    subject: Subject,
    encoded: Sequence[EncodedReference],
    *,
    request_id: str,
    request_digest: bytes,
    now: datetime,
    owed: Owe[EnrollmentReceipt] | None,
    images: Sequence[VaultFile | None] = (),
) -> WriteOutcome[EnrollmentReceipt]:
    """Store a subject or add to one; see EnrollmentDatabase.enroll. images: the files of the references, in the order
    of encoded; whoever put them there finds in the rows which are needed."""
    earlier = earlier_receipt(connection, request_id, "enroll", request_digest)
    if earlier is not None:
        create_time = from_microseconds(earlier["create_time"])
        return WriteOutcome(
            EnrollmentReceipt(earlier["subject_id"], tuple(earlier["reference_ids"]), create_time, replayed=True)
        )
    row, is_changed = subjects.find_or_create(connection, subject, now=now)
    effects: list[Effect] = []
    if is_changed:
        stored = row.subject
        effects.append(SubjectChanged(row.subject_number, SEX_CODES[stored.sex], stored.birth_year or 0))
    for gallery_id in sorted(subject.galleries - row.subject.galleries):
        number = galleries.gallery_number(connection, gallery_id)
        galleries.join(connection, number, (row.subject_number,))
        effects.append(MembershipChanged(number, (row.subject_number,), is_member=True))
    added = _insert_references(connection, row, encoded, now)
    for one, reference, file in zip(added, encoded, images or (None,) * len(encoded), strict=True):
        if file is not None:
            new = reference.new
            put_image(connection, row.subject_number, one.reference_id, file, sha256=new.sample_sha256, ppi=new.ppi)
    for one, reference in zip(added, encoded, strict=True):
        put_image_part(connection, one.reference_id, reference.new.part)
    if row.subject.state is SubjectState.ACTIVE:
        effects.extend(added)
    receipt = EnrollmentReceipt(row.subject.subject_id, tuple(one.reference_id for one in added), now)
    kept = {
        "subject_id": receipt.subject_id,
        "reference_ids": receipt.reference_ids,
        "create_time": to_microseconds(now),
    }
    remember_request(connection, request_id, "enroll", request_digest, kept, subject_number=row.subject_number)
    owe(connection, owed, receipt)
    return WriteOutcome(receipt, tuple(effects))


def delete_subject(
    connection: sqlite3.Connection,
    subject_id: str,
    *,
    request_id: str,
    now: datetime,
    owed: Owe[DeletionReceipt] | None,
) -> WriteOutcome[DeletionReceipt]:
    """Delete a subject with all its references."""
    digest = _digest_of("delete_subject", subject_id)
    earlier = earlier_receipt(connection, request_id, "delete_subject", digest)
    if earlier is not None:
        return WriteOutcome(_deletion_again(subject_id, earlier))
    number = subjects.number_of(connection, subject_id)
    reference_ids = references.reference_ids_of_subject(connection, number)
    before, merged = noted_counts(connection), merges_into(connection, number)
    removed = subjects.delete_subject_rows(connection, number)
    note_erasures(connection, reference_ids)
    keys, images = (after - count for after, count in zip(noted_counts(connection), before, strict=True))
    receipt = DeletionReceipt(
        subject_id,
        reference_ids,
        now,
        removed,
        files_scrubbed=False,
        key_count=keys,
        image_count=images,
        merged_subject_ids=tuple(row.source_id for row in merged),
    )
    remember_request(connection, request_id, "delete_subject", digest, _kept(receipt), subject_number=None)
    owe(connection, owed, receipt)
    return WriteOutcome(receipt, (ReferencesRemoved(reference_ids),), frees_rows=True)


def delete_reference(
    connection: sqlite3.Connection,
    reference_id: int,
    *,
    request_id: str,
    now: datetime,
    owed: Owe[DeletionReceipt] | None,
) -> WriteOutcome[DeletionReceipt]:
    """Delete one reference with its counterparts; its subject stays, also without any."""
    digest = _digest_of("delete_reference", str(reference_id))
    earlier = earlier_receipt(connection, request_id, "delete_reference", digest)
    if earlier is not None:
        return WriteOutcome(_deletion_again("", earlier))
    subject_id = references.subject_ids_of(connection, (reference_id,)).get(reference_id, "")
    before = noted_counts(connection)
    # What other packs made of the same image goes with it, before the original that it refers to.
    family, removed = family_of(connection, reference_id), 0
    for one in sorted(family, reverse=True):
        number, count = references.delete_reference_rows(connection, one)
        removed += count
    note_erasures(connection, family)
    keys, images = (after - count for after, count in zip(noted_counts(connection), before, strict=True))
    receipt = DeletionReceipt(
        subject_id, family, now, removed, files_scrubbed=False, key_count=keys, image_count=images
    )
    # Kept under the subject, so that deleting it later blanks this answer, which names it.
    kept = {**_kept(receipt), "subject_id": subject_id}
    remember_request(connection, request_id, "delete_reference", digest, kept, subject_number=number)
    owe(connection, owed, receipt)
    return WriteOutcome(receipt, (ReferencesRemoved(family),), frees_rows=True)


def seal_subject(
    connection: sqlite3.Connection,
    subject_id: str,
    *,
    author: RecordAuthor | None,
    now: datetime,
    owed: Owe[None] | None,
) -> WriteOutcome[None]:
    """Keep a subject and never search it."""
    row = subjects.find_subject(connection, subject_id)
    if author is not None and row.subject.state is not SubjectState.SEALED:
        put_event(connection, row, RecordEvent(RecordEventKind.SEALED), author, now)
    subjects.set_state(connection, row.subject_number, SubjectState.SEALED)
    owe(connection, owed, None)
    return WriteOutcome(None, (ReferencesRemoved(references.reference_ids_of_subject(connection, row.subject_number)),))


def unseal_subject(
    connection: sqlite3.Connection,
    subject_id: str,
    *,
    author: RecordAuthor | None,
    now: datetime,
    owed: Owe[None] | None,
) -> WriteOutcome[None]:
    """Search a sealed subject again."""
    row = subjects.find_subject(connection, subject_id)
    owe(connection, owed, None)
    if row.subject.state is not SubjectState.SEALED:
        return WriteOutcome(None)
    if author is not None:
        put_event(connection, row, RecordEvent(RecordEventKind.UNSEALED), author, now)
    subjects.set_state(connection, row.subject_number, SubjectState.ACTIVE)
    gallery_numbers = galleries.gallery_numbers_of_subject(connection, row.subject_number)
    effects: list[Effect] = []
    originals = counterparts(connection)
    for pack in references.all_packs(connection).values():
        stored = connection.execute(
            f"{SELECT_CHECKED} WHERE subject_number = ? AND pack_number = ? AND reference.reference_id NOT IN"
            f" ({ids_set_aside(connection)}) ORDER BY 1",
            (row.subject_number, pack.pack_number),
        )
        # A damaged one stays unsearched; the next check names it.
        for reference_id, _, _, finger, *_, blob, minutiae in opened(
            connection, intact(stored, _pass_over), _pass_over
        ):
            effects.append(
                ReferenceAdded(
                    pack=pack,
                    reference_id=reference_id,
                    subject_number=row.subject_number,
                    finger=finger,
                    sex=SEX_CODES[row.subject.sex],
                    birth_year=row.subject.birth_year or 0,
                    gallery_numbers=gallery_numbers,
                    vectors=decode_vectors(blob, pack.dim, pack.encoding),
                    minutiae=minutiae,
                    original_id=originals.get(reference_id, 0),
                )
            )
    return WriteOutcome(None, tuple(effects))


def create_gallery(
    connection: sqlite3.Connection, gallery: Gallery, *, now: datetime, owed: Owe[None] | None
) -> WriteOutcome[None]:
    """Make a gallery."""
    number = galleries.create_gallery(connection, gallery, now=now)
    owe(connection, owed, None)
    return WriteOutcome(None, (GalleryCreated(gallery.gallery_id, number),))


def update_gallery(
    connection: sqlite3.Connection,
    gallery_id: str,
    *,
    display_name: str | None,
    purpose: str | None,
    owed: Owe[Gallery] | None,
) -> WriteOutcome[Gallery]:
    """Change what is said of a gallery."""
    gallery = galleries.update_gallery(connection, gallery_id, display_name=display_name, purpose=purpose)
    owe(connection, owed, gallery)
    return WriteOutcome(gallery, ())


def delete_gallery(
    connection: sqlite3.Connection, gallery_id: str, *, even_if_not_empty: bool, owed: Owe[int] | None
) -> WriteOutcome[int]:
    """Delete a gallery; the subjects in it stay."""
    number, members = galleries.delete_gallery(connection, gallery_id, even_if_not_empty=even_if_not_empty)
    owe(connection, owed, len(members))
    effects = (MembershipChanged(number, members, False), GalleryDeleted(gallery_id))
    return WriteOutcome(len(members), effects)


def change_membership(
    connection: sqlite3.Connection,
    gallery_id: str,
    subject_ids: Sequence[str],
    *,
    is_member: bool,
    owed: Owe[None] | None,
) -> WriteOutcome[None]:
    """Put subjects into a gallery or take them out: all of them or, when one is unknown, none."""
    number = galleries.gallery_number(connection, gallery_id)
    subject_numbers = galleries.known_subject_numbers(connection, subject_ids)
    if is_member:
        galleries.join(connection, number, subject_numbers)
    else:
        galleries.leave(connection, number, subject_numbers)
    owe(connection, owed, None)
    return WriteOutcome(None, (MembershipChanged(number, subject_numbers, is_member),))


def delete_again(connection: sqlite3.Connection, deletions: Deletions) -> DeletionCounts:
    """Inside a transaction. A reference goes only if it belongs to the subject it was deleted of."""
    numbers = subjects.subject_numbers_of(connection, deletions.subject_ids)
    for number in numbers.values():
        subjects.delete_subject_rows(connection, number)
    owners = references.subject_ids_of(connection, sorted({reference_id for reference_id, _ in deletions.references}))
    gone = [reference_id for reference_id, owner in owners.items() if (reference_id, owner) in deletions.references]
    for reference_id in gone:
        references.delete_reference_rows(connection, reference_id)
    return DeletionCounts(len(numbers), len(gone))


def _insert_references(
    connection: sqlite3.Connection, row: SubjectRow, encoded: Sequence[EncodedReference], now: datetime
) -> list[ReferenceAdded]:
    # Read after the joins above, so that it names the new galleries too.
    gallery_numbers = galleries.gallery_numbers_of_subject(connection, row.subject_number)
    added = []
    for one in encoded:
        pack = references.pack_for(connection, one.key, one.dim)
        added.append(
            ReferenceAdded(
                pack=pack,
                reference_id=references.insert_reference(
                    connection, one, pack, row.subject_number, now, subject_key=row.key_number
                ),
                subject_number=row.subject_number,
                finger=int(one.new.template.finger),
                sex=SEX_CODES[row.subject.sex],
                birth_year=row.subject.birth_year or 0,
                gallery_numbers=gallery_numbers,
                vectors=one.searchable,
                minutiae=one.new.template.minutiae,
            )
        )
    return added


def _pass_over(reference_id: int) -> None:
    """A damaged reference is not searched."""


def _kept(receipt: DeletionReceipt) -> dict[str, object]:
    """What is remembered of a deletion: numbers and the time, nothing that names the subject."""
    return {
        "reference_ids": receipt.reference_ids,
        "delete_time": to_microseconds(receipt.delete_time),
        "removed_row_count": receipt.removed_row_count,
        "key_count": receipt.key_count,
        "image_count": receipt.image_count,
    }


def _deletion_again(subject_id: str, earlier: dict[str, object]) -> DeletionReceipt:
    reference_ids = earlier["reference_ids"]
    assert isinstance(reference_ids, list)

    def number(name: str) -> int:
        # Version 0.1.0 remembered neither keys nor images, of which it had none.
        value = earlier.get(name, 0)
        assert isinstance(value, int)
        return value

    return DeletionReceipt(
        subject_id=str(earlier.get("subject_id", subject_id)),
        reference_ids=tuple(reference_ids),
        delete_time=from_microseconds(number("delete_time")),
        removed_row_count=number("removed_row_count"),
        files_scrubbed=False,
        replayed=True,
        key_count=number("key_count"),
        image_count=number("image_count"),
    )


def _digest_of(operation: str, target: str) -> bytes:
    return hashlib.sha256(f"{operation}\0{target}".encode()).digest()
