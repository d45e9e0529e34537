"""What the database asks of a store: verbs that are whole transactions, and readers that see one moment.

A back end (a folder beside this file) implements `Store` and is named in opening.py. How it reaches the disk, shares
commits between threads or keeps connections is its own affair.

Every verb is atomic: it takes effect as a whole or not at all, and whoever reads sees it whole or not at all. A write
is on disk when it returns, and its effects (see effects.py) have been applied: the back end calls apply_effects after
the commit and before it acknowledges the write, in the order of the commits, one call at a time. What apply_effects
raises, the writers of that commit raise; the commit stands. Every method may be called by any thread at any time;
reads see the last commit and never wait for writes. Errors are those of index.errors; besides the ones named below,
every verb raises DatabaseError when the store is closed or a value cannot be stored, and DatabaseDamagedError,
DatabaseFullError or DatabaseWriteError when the disk fails it, and nothing is stored then. Times are in UTC.

A change may owe a record to a log outside of the store (see index.outbox): `owed` makes it of the receipt, it is kept
in the transaction of the change, and a repeated request, which changes nothing, owes none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array
from index.outbox import Owe, OwedRecord
from index.receipts import (
    DeletionReceipt,
    EnrollmentReceipt,
    Page,
    Problem,
    ReassignmentReceipt,
    RecordReceipt,
    ReembeddingCounts,
    ReportProgress,
)
from index.records import (
    DocumentMatch,
    Gallery,
    KeptImage,
    Modality,
    NewReference,
    RecordAuthor,
    RecordRevision,
    Reference,
    StoredPrint,
    Subject,
    SubjectQuery,
    SubjectRecord,
)
from index.store.effects import PackKey, PackRow

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class IndexMark:
    """Which index files of a pack hold nothing but what this store holds or held.

    folder_name: where they lie. stamp: of the files saved last, "" for none. next_stamp: of the files being saved.
    """

    pack_number: int
    folder_name: str
    stamp: str
    next_stamp: str


@dataclass(frozen=True, slots=True, eq=False)
class SubjectValues:
    """What filters ask of subjects; row i belongs to subject number i.

    sexes: uint8, of effects.SEX_CODES. birth_years: int16, 0 when not recorded.
    """

    sexes: npt.NDArray[np.uint8]
    birth_years: npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class StoreCounts:
    """How much the store holds. searchable_reference_count: of references whose subject is not sealed and that are not
    set aside. set_aside_count: of references."""

    subject_count: int
    reference_count: int
    searchable_reference_count: int
    set_aside_count: int


class StoreReader(Protocol):
    """The store at one moment: all verbs of one reader see the same commit. For one thread, inside its block only."""

    def packs(self) -> dict[PackKey, PackRow]:
        """Every pack of which something is or was stored, oldest first."""

    def gallery_numbers(self) -> dict[str, int]:
        """Every gallery: its number by its id."""

    def searchable_rows(self, pack: PackRow) -> Int64Array:
        """int64 (n, 3): reference id, subject number and finger of every reference that is searched, ids ascending."""

    def subject_values(self, last_number: int) -> SubjectValues:
        """Of the subjects 0 to last_number; numbers that nobody has count as not recorded."""

    def members(self, gallery_number: int) -> Int64Array:
        """int64 (n,): numbers of the subjects in a gallery."""

    def vectors(self, pack: PackRow, reference_ids: Int64Array) -> dict[int, Float32Array]:
        """Vectors of references of this pack, float32 (n, dim) each, by id; deleted and damaged ones are left out.

        reference_ids must ascend, and so do the keys. See Store.set_damage_aside.
        """

    def minutiae(self, pack: PackRow, reference_ids: Int64Array) -> dict[int, bytes]:
        """Like vectors: Template.minutiae of each. They are not checked for damage; whoever compares them does."""

    def index_mark(self, pack: PackRow) -> IndexMark | None:
        """The index files of a pack that the store knows."""

    def pending_erasures(self) -> tuple[int, ...]:
        """Ascending ids of deleted references whose vectors may still stand in index files; see forget_erasures."""

    def counts(self) -> StoreCounts:
        """How much there is."""

    def counterparts(self) -> dict[int, int]:
        """Of every reference that was made of another one's image by another pack, that original."""

    def schema(self) -> str:
        """Name of the last step that made the schema what it is."""


class Store(Protocol):
    """The source of truth. See the module for what every verb promises."""

    @property
    def database_id(self) -> str:
        """Random, made with the store."""

    @property
    def is_scrubbed(self) -> bool:
        """Whether the bytes of everything deleted have left the files. Every write tries again while they have not."""

    def contains(self, needle: bytes) -> bool:
        """Whether the bytes of the store's own files contain needle."""

    @property
    def is_sealed(self) -> bool:
        """Whether everything that tells of a person is encrypted, in rows and in what pages hold besides."""

    def seal(self, report: Callable[[int, int], None]) -> None:
        """Encrypt what is plain, with the keys that the store was opened with; nobody writes meanwhile. report: of
        subjects done and in all. May be killed and repeated. Raises EncryptionKeyError."""

    def change_count(self) -> int:
        """How many commits the store has seen; concurrent writes may share one. Grows only."""

    def enroll(
        self,
        subject: Subject,
        new_references: Sequence[NewReference],
        *,
        request_id: str,
        request_digest: bytes,
        now: datetime,
        owed: Owe[EnrollmentReceipt] | None = None,
    ) -> EnrollmentReceipt:
        """See EnrollmentDatabase.enroll, also for the errors. Numbers of references are never given twice."""

    def delete_subject(
        self, subject_id: str, *, request_id: str, now: datetime, owed: Owe[DeletionReceipt] | None = None
    ) -> DeletionReceipt:
        """Delete a subject with all that refers to it, and note its references as pending erasures.

        files_scrubbed of the receipt says nothing yet. Raises SubjectNotFoundError, RequestConflictError.
        """

    def delete_reference(
        self, reference_id: int, *, request_id: str, now: datetime, owed: Owe[DeletionReceipt] | None = None
    ) -> DeletionReceipt:
        """Delete one reference like delete_subject. Raises ReferenceNotFoundError, RequestConflictError."""

    def add_counterparts(
        self,
        pack_id: str,
        made: Sequence[tuple[int, NewReference]],
        failed: Sequence[tuple[int, str]],
        *,
        now: datetime,
        owed: Owe[tuple[int, ...]] | None = None,
    ) -> tuple[int, ...]:
        """Store what a pack made of the images of references, and why it made nothing of others; the new ids. What was
        deleted meanwhile is passed over. Deleting a reference deletes its counterparts."""

    def without_counterpart(self, modality: Modality, pack_id: str, *, after_id: int, limit: int) -> tuple[int, ...]:
        """Ascending ids of references of other packs, whose images a pack has still to make something of."""

    def reembedding_counts(self, modality: Modality, pack_id: str) -> ReembeddingCounts:
        """How far a pack has come with the images on record."""

    def update_record(
        self,
        subject_id: str,
        changes: Mapping[str, str],
        author: RecordAuthor,
        *,
        expected_revision: int | None,
        request_id: str,
        now: datetime,
        owed: Owe[RecordReceipt] | None = None,
    ) -> RecordReceipt:
        """See EnrollmentDatabase.update_record, also for the errors."""

    def get_record(self, subject_id: str) -> SubjectRecord:
        """Raises SubjectNotFoundError."""

    def list_revisions(self, subject_id: str, page_size: int, page_token: str) -> Page[RecordRevision]:
        """Oldest first; also of a subject that was merged. Raises SubjectNotFoundError, PageTokenError."""

    def list_records(self, page_size: int, page_token: str) -> Page[tuple[Subject, SubjectRecord]]:
        """Records that were ever changed, in the order in which the subjects came. Raises PageTokenError."""

    def merge_subjects(
        self,
        source_id: str,
        target_id: str,
        author: RecordAuthor,
        *,
        request_id: str,
        now: datetime,
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """See EnrollmentDatabase.merge_subjects, also for the errors."""

    def move_references(
        self,
        reference_ids: Sequence[int],
        source_id: str,
        target_id: str,
        author: RecordAuthor,
        *,
        request_id: str,
        now: datetime,
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """See EnrollmentDatabase.move_references, also for the errors."""

    def undo_reassignment(
        self,
        reassignment_id: int,
        author: RecordAuthor,
        *,
        request_id: str,
        now: datetime,
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """See EnrollmentDatabase.undo_reassignment, also for the errors."""

    def seal_subject(
        self, subject_id: str, *, author: RecordAuthor | None, now: datetime, owed: Owe[None] | None = None
    ) -> None:
        """Keep a subject and never search it, told of in its history by author. Raises SubjectNotFoundError."""

    def unseal_subject(
        self, subject_id: str, *, author: RecordAuthor | None, now: datetime, owed: Owe[None] | None = None
    ) -> None:
        """Search a sealed subject again. Raises SubjectNotFoundError."""

    def create_gallery(self, gallery: Gallery, *, now: datetime, owed: Owe[None] | None = None) -> None:
        """Make a gallery. Raises AlreadyExistsError."""

    def update_gallery(
        self,
        gallery_id: str,
        *,
        display_name: str | None,
        purpose: str | None,
        owed: Owe[Gallery] | None = None,
    ) -> Gallery:
        """Change the texts of a gallery that are not None; the gallery then. Raises GalleryNotFoundError."""

    def delete_gallery(self, gallery_id: str, *, even_if_not_empty: bool, owed: Owe[int] | None = None) -> int:
        """Delete a gallery and who is in it, the subjects stay; how many these were. Raises GalleryNotFoundError,
        GalleryNotEmptyError."""

    def change_membership(
        self, gallery_id: str, subject_ids: Sequence[str], *, is_member: bool, owed: Owe[None] | None = None
    ) -> None:
        """Put subjects into a gallery or take them out. Raises GalleryNotFoundError, SubjectNotFoundError."""

    def owed_records(self) -> tuple[OwedRecord, ...]:
        """What is owed and not settled, in no order."""

    def settle(self, owed_ids: Sequence[int], *, log_head: str, at_once: bool) -> None:
        """These records are in the log, which has come as far as log_head says (opaque, "" to leave it as it is).

        Kept with the next write, or on disk and its bytes gone when this returns, where at_once. What was not kept
        when the process died is owed again.
        """

    @property
    def log_head(self) -> str:
        """How far the log had come by what is on disk here; "" while that was never said."""

    @property
    def is_in_place(self) -> bool:
        """Whether the open files are still those that lie where the store lies."""

    def put_index_mark(self, mark: IndexMark) -> None:
        """Know these index files of a pack, and no others."""

    def forget_erasures(self, reference_ids: Sequence[int]) -> None:
        """Nothing of these references stands in an index file any more."""

    def set_damage_aside(self, lost: Sequence[int] = ()) -> tuple[int, ...]:
        """Keep what reads found damaged since the last call, and what was lost besides, and search it no more; the
        ids. A reference is damaged when its row differs from what was written; every read leaves it out."""

    def references_set_aside(self) -> tuple[int, ...]:
        """Ids of everything that was set aside and not mended or deleted since, ascending."""

    def find_damage(self) -> tuple[int, ...]:
        """Ids of every damaged reference, ascending, set aside or not. Reads every template."""

    def find_damaged_rows(self) -> tuple[str, ...]:
        """Every other row that differs from what was written, or does not fit the others, one sentence each; every read
        leaves it out. Subjects among them go with the next set_damage_aside. Reads every row but templates."""

    def references(self, reference_ids: Sequence[int]) -> tuple[Reference, ...]:
        """References in the order asked for; deleted and damaged ones are left out."""

    def vectors_of(self, key: PackKey, reference_ids: Sequence[int]) -> dict[int, Float32Array]:
        """Like StoreReader.vectors, in any order; quicker than whole references."""

    def prints_of(self, key: PackKey, reference_ids: Sequence[int]) -> dict[int, StoredPrint]:
        """Fingers of this pack by id, in any order; deleted and damaged ones are left out."""

    def subject_ids_of(self, reference_ids: Sequence[int]) -> dict[int, str]:
        """Subject id by reference id; deleted ones are left out."""

    def reference_ids_of(self, subject_ids: frozenset[str]) -> Int64Array:
        """int64 (n,), ascending: all references of these subjects. Raises SubjectNotFoundError when one is unknown."""

    def holds(self, subject_id: str, reference_ids: Sequence[int]) -> bool:
        """Whether the subject, one merged of this id, or one of the references is stored."""

    def get_subject(self, subject_id: str) -> Subject:
        """Raises SubjectNotFoundError."""

    def image_of(self, reference_id: int) -> KeptImage | None:
        """The image that a reference was made of; None where none is kept. Raises DatabaseDamagedError."""

    def find_subject(self, external_id: str) -> Subject | None:
        """The subject with exactly this external id, code point by code point."""

    def list_subjects(self, query: SubjectQuery, page_size: int, page_token: str) -> Page[Subject]:
        """In the order in which they came. Raises GalleryNotFoundError, PageTokenError, DatabaseError where the name
        has no letter or digit."""

    def document_matches(self, number: str, subjects: Sequence[Subject]) -> tuple[DocumentMatch, ...]:
        """Where a number stands or stood in the records of subjects that were found by it."""

    def list_references(self, subject_id: str, page_size: int, page_token: str) -> Page[Reference]:
        """In the order in which they came. Raises SubjectNotFoundError, PageTokenError."""

    def list_galleries(self, page_size: int, page_token: str) -> Page[Gallery]:
        """In the order in which they were made. Raises PageTokenError."""

    def reading(self) -> AbstractContextManager[StoreReader]:
        """A block that reads one moment of the store while others write."""

    def exclusively(self, action: Callable[[StoreReader], Result]) -> Result:
        """Run action while nobody writes and no effects are applied; it sees the last commit. It must not write."""

    def check(self) -> tuple[str, ...]:
        """Why rows cannot be trusted to be there, found when every page of the store is read; empty when they can."""

    def inspect(self, report: ReportProgress) -> tuple[Problem, ...]:
        """What `check` and `find_damaged_rows` do not answer for: the rest of the files, keys that nobody uses, images,
        each read whole. Codes: header, schema, numbers, free_pages, unused_space, key_slots, key_slots_unused, images,
        stray_files. Nobody writes meanwhile."""

    def close(self) -> None:
        """Let go of the files; deleted bytes leave them where they still can. Safe to call twice."""
