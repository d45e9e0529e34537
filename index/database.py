"""EnrollmentDatabase: the store and its indexes in step. The one door to everything that is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np

from index.absence import find_traces
from index.arrays import Float32Array, Int64Array
from index.durable.sealed_folders import forget_folder, seal_folder
from index.errors import DatabaseError, EncryptionKeyError
from index.folder import (
    CACHE_NAME,
    LOCK_NAME,
    FolderLock,
    check_folder,
    has_store,
    make_folder,
    remove_caches,
    remove_leftovers,
)
from index.keys.master_key import MasterKey
from index.keys.opening import open_seals
from index.keys.seals import Seals
from index.outbox import Owe, OwedRecord
from index.partition.columns import Resolved
from index.partition.moves import Moves
from index.partition.partition_set import PartitionSet
from index.partition.saver import SAVE_INTERVAL_S, Saver
from index.receipts import (
    AbsenceReport,
    Census,
    DeletionReceipt,
    EnrollmentReceipt,
    OpenProgress,
    PackHolding,
    Page,
    Problem,
    ReassignmentReceipt,
    RecordReceipt,
    ReembeddingCounts,
    ReportProgress,
    VerifyReport,
    silent,
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
    SearchFilter,
    StoredPrint,
    Subject,
    SubjectQuery,
    SubjectRecord,
    Template,
)
from index.store.effects import PackKey
from index.store.opening import key_slots_of, open_store
from index.store.protocol import Store, StoreCounts
from index.vector.engines import SearchEngines
from index.vector.protocol import Hits

EVERYTHING = SearchFilter()
EVERYBODY = SubjectQuery()
DEFAULT_ENGINES = SearchEngines()
_now = partial(datetime.now, UTC)


class EnrollmentDatabase:
    """One process opens a folder; any number of threads call any method at any time.

    A write is on disk (fsync) and visible to every search that starts after it returned. Searches never wait for the
    disk. Errors: the tree of index.errors.
    """

    def __init__(
        self,
        folder: Path,
        *,
        create: bool = True,
        progress: ReportProgress | None = None,
        clock: Callable[[], datetime] = _now,
        use_cache: bool = True,
        save_interval_s: float = SAVE_INTERVAL_S,
        master_key: MasterKey | None = None,
        encrypt: bool = False,
        engines: SearchEngines = DEFAULT_ENGINES,
    ) -> None:
        """See open. clock: the current time in UTC. use_cache: False builds every index from the store alone.
        save_interval_s: between two savings of index files that changed. engines: who searches."""
        self._folder = folder
        self._clock = clock
        self._report = progress or silent
        check_folder(folder, create=create)
        make_folder(folder)
        self._moves = Moves()
        self._seals: Seals | None = None
        self._lock = FolderLock(folder / LOCK_NAME)
        try:
            remove_leftovers(folder)
            # The slots of a store that is encrypted are lost, and new ones would only stand in their way.
            is_plain = encrypt and not key_slots_of(folder)
            self._seals = open_seals(folder, master_key, may_make=is_plain or not has_store(folder))
            if self._seals is not None:
                if self._seals.are_used and not has_store(folder):
                    # Of a store that is lost, or of a restore that was killed: no new one may take its place.
                    raise EncryptionKeyError("the store of these key slots is gone; restore a backup", reason="store")
                seal_folder(folder / CACHE_NAME, self._seals.folder_key())
            self._partitions = PartitionSet(folder / CACHE_NAME, self._report, engines)
            self._store: Store = open_store(
                folder, create=create, apply_effects=self._partitions.apply, seals=self._seals, report=self._report
            )
            try:
                if encrypt and not self._store.is_sealed:
                    self._store.seal(lambda done, total: self._report(OpenProgress("encrypt", done, total)))
                    remove_caches(folder)
                self._partitions.load(self._store, use_cache=use_cache)
                self._saver = Saver(self.save, interval_s=save_interval_s)
            except BaseException:
                self._partitions.close()
                self._store.close()
                raise
        except BaseException:
            self._let_go()
            raise

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        create: bool = True,
        progress: ReportProgress | None = None,
        master_key: MasterKey | None = None,
        encrypt: bool = False,
        engines: SearchEngines = DEFAULT_ENGINES,
    ) -> EnrollmentDatabase:
        """Open a database folder: take its lock, bring the indexes in step with the store, report how far it is.

        master_key: a new database is encrypted with it, and one that is needs it. encrypt: so is one that was plain,
        now. Raises EncryptionKeyError, DatabaseLockedError, SchemaError, DatabaseDamagedError, DatabaseWriteError,
        DatabaseFullError.
        """
        return cls(folder, create=create, progress=progress, engines=engines, master_key=master_key, encrypt=encrypt)

    def close(self) -> None:
        """Stop merging, write the index files, empty the log, let go of the lock. Safe to call twice."""
        with ExitStack() as after:
            after.callback(self._let_go)
            after.callback(self._store.close)
            after.callback(self._saver.stop)
            self._partitions.close()

    def __enter__(self) -> EnrollmentDatabase:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def store(self) -> Store:
        """The truth that the indexes follow. Searches and changes go through the methods of the database."""
        return self._store

    @property
    def ready(self) -> bool:
        """Whether the indexes hold exactly what the store holds."""
        return self._partitions.in_step

    @property
    def database_id(self) -> str:
        """Random, made with the store; a restored backup keeps it."""
        return self._store.database_id

    @property
    def is_encrypted(self) -> bool:
        """Whether everything that tells of a person is encrypted in every file of the folder."""
        return self._store.is_sealed

    @property
    def change_count(self) -> int:
        """How many commits the store has seen; those of concurrent writes are shared. Grows only."""
        return self._store.change_count()

    def enroll(
        self,
        subject: Subject,
        references: Sequence[NewReference],
        *,
        request_id: str = "",
        request_digest: bytes = b"",
        owed: Owe[EnrollmentReceipt] | None = None,
    ) -> EnrollmentReceipt:
        """Store references of a subject; on disk and searchable on return.

        subject_id "" and an external_id that nobody has make a new subject; otherwise the references are added to
        the one meant, which keeps what is recorded of it and joins the galleries named. A repeated request_id gives
        the first receipt again. Raises VectorError, SubjectNotFoundError, GalleryNotFoundError, AlreadyExistsError,
        RequestConflictError, DatabaseFullError, DatabaseWriteError; nothing is stored then. owed, here and below: see
        index.outbox.
        """
        return self._store.enroll(
            subject, references, request_id=request_id, request_digest=request_digest, now=self._clock(), owed=owed
        )

    def add_counterparts(
        self,
        pack_id: str,
        made: Sequence[tuple[int, NewReference]],
        failed: Sequence[tuple[int, str]] = (),
        *,
        owed: Owe[tuple[int, ...]] | None = None,
    ) -> tuple[int, ...]:
        """Store what a pack made of the images of references, by their ids, and why it made nothing of others; the new
        ids. They are searched with that pack, and deleted with the reference that was enrolled. What was deleted
        meanwhile is passed over. Raises VectorError, DatabaseFullError, DatabaseWriteError."""
        return self._store.add_counterparts(pack_id, made, failed, now=self._clock(), owed=owed)

    def without_counterpart(
        self, modality: Modality, pack_id: str, *, after_id: int = 0, limit: int = 100
    ) -> tuple[int, ...]:
        """Ascending ids of references of other packs, whose images a pack has still to make something of."""
        return self._store.without_counterpart(modality, pack_id, after_id=after_id, limit=limit)

    def reembedding_counts(self, modality: Modality, pack_id: str) -> ReembeddingCounts:
        """How far a pack has come with the images on record."""
        return self._store.reembedding_counts(modality, pack_id)

    def passed_over(
        self, modality: Modality, pack_id: str, where: SearchFilter = EVERYTHING
    ) -> tuple[PackHolding, ...]:
        """References of other packs that a search with this pack and filter meets in no form, because this pack made
        nothing of the same images. Packs without any are left out."""
        found = []
        for key, ids in self._partitions.passed_over(PackKey(modality, pack_id)).items():
            allowed = self._resolve(modality, key.pack_id, where).reference_ids
            count = int(np.isin(ids, allowed).sum())
            if count:
                found.append(PackHolding(modality, key.pack_id, count))
        return tuple(found)

    def update_record(
        self,
        subject_id: str,
        changes: Mapping[str, str],
        author: RecordAuthor,
        *,
        expected_revision: int | None = None,
        request_id: str = "",
        owed: Owe[RecordReceipt] | None = None,
    ) -> RecordReceipt:
        """Change fields of a record: what they were, who changed them and why stays in its history.

        changes: new text by field id, "" to record nothing there. sex is a value of Sex, birth_year a year. Nothing is
        changed where the revision is not the expected one, or a field has a value that cannot be. A repeated request_id
        gives the first receipt. Raises SubjectNotFoundError, AlreadyExistsError for another subject's external id,
        RevisionConflictError, RequestConflictError, DatabaseFullError, DatabaseWriteError.
        """
        return self._store.update_record(
            subject_id,
            changes,
            author,
            expected_revision=expected_revision,
            request_id=request_id,
            now=self._clock(),
            owed=owed,
        )

    def get_record(self, subject_id: str) -> SubjectRecord:
        """Every field that is recorded. Raises SubjectNotFoundError."""
        return self._store.get_record(subject_id)

    def list_revisions(self, subject_id: str, *, page_size: int = 0, page_token: str = "") -> Page[RecordRevision]:
        """Every change of a record, oldest first. Raises SubjectNotFoundError, PageTokenError."""
        return self._store.list_revisions(subject_id, page_size, page_token)

    def list_records(self, *, page_size: int = 0, page_token: str = "") -> Page[tuple[Subject, SubjectRecord]]:
        """Every record that was changed since the enrollment, in the order in which the subjects came; the others have
        nothing but what Subject says. Raises PageSizeError, PageTokenError."""
        return self._store.list_records(page_size, page_token)

    def merge_subjects(
        self,
        source_id: str,
        target_id: str,
        author: RecordAuthor,
        *,
        request_id: str = "",
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """Make one of two subjects that are one person: the target has all references, images and galleries of the
        source, and what its own record lacks; the name of the source becomes another name. Both histories tell of it.

        The ids of the source lead to the target from then on: its external id finds it, and its subject id raises
        SubjectMergedError. Deleting the target destroys all that came from either. A repeated request_id gives the
        first receipt. Raises SubjectNotFoundError, SubjectMergedError, ReassignmentError, RequestConflictError.
        """
        with self._moves.moving():
            return self._store.merge_subjects(
                source_id, target_id, author, request_id=request_id, now=self._clock(), owed=owed
            )

    def move_references(
        self,
        reference_ids: Sequence[int],
        source_id: str,
        target_id: str,
        author: RecordAuthor,
        *,
        request_id: str = "",
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """Give references of the source, which are another person's, to the target, with what they were made of and
        what other packs made of it. Raises like merge_subjects, and ReferenceNotFoundError."""
        with self._moves.moving():
            return self._store.move_references(
                reference_ids, source_id, target_id, author, request_id=request_id, now=self._clock(), owed=owed
            )

    def undo_reassignment(
        self,
        reassignment_id: int,
        author: RecordAuthor,
        *,
        request_id: str = "",
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """Take back a merge or a move: who has what, as it was. What was enrolled or changed of the target since stays
        with it. Raises ReassignmentError where what happened since makes it impossible, RequestConflictError."""
        with self._moves.moving():
            return self._store.undo_reassignment(
                reassignment_id, author, request_id=request_id, now=self._clock(), owed=owed
            )

    @property
    def moves(self) -> Moves:
        """By which a search notices that references went to other subjects meanwhile."""
        return self._moves

    def delete_subject(
        self, subject_id: str, *, request_id: str = "", owed: Owe[DeletionReceipt] | None = None
    ) -> DeletionReceipt:
        """Delete a subject with everything stored of it. Raises SubjectNotFoundError, RequestConflictError.

        With owed the receipt never says files_scrubbed: what is owed names the subject, until it is settled.
        """
        receipt = self._store.delete_subject(subject_id, request_id=request_id, now=self._clock(), owed=owed)
        return self._scrubbed(receipt, owes=owed is not None)

    def delete_reference(
        self, reference_id: int, *, request_id: str = "", owed: Owe[DeletionReceipt] | None = None
    ) -> DeletionReceipt:
        """Delete one reference; its subject stays. Raises ReferenceNotFoundError, RequestConflictError."""
        receipt = self._store.delete_reference(reference_id, request_id=request_id, now=self._clock(), owed=owed)
        return self._scrubbed(receipt, owes=owed is not None)

    def owed_records(self) -> tuple[OwedRecord, ...]:
        """Records of changes that were not settled, in no order; see index.outbox."""
        return self._store.owed_records()

    def settle(self, owed_ids: Sequence[int] = (), *, log_head: str = "", at_once: bool = False) -> None:
        """These records are in the log, and how far that has come; see Store.settle."""
        self._store.settle(owed_ids, log_head=log_head, at_once=at_once)

    @property
    def log_head(self) -> str:
        """How far the log had come that records of changes are owed to; "" while that was never said."""
        return self._store.log_head

    @property
    def is_in_place(self) -> bool:
        """Whether the files of the store that are open still lie in the folder. If not, nothing is stored any more."""
        return self._store.is_in_place

    def check_absence(
        self, *, subject_id: str = "", reference_ids: Iterable[int] = (), in_files: bool = True
    ) -> AbsenceReport:
        """Look for a deleted subject or references in store, indexes and, where in_files, which reads all of them, byte
        by byte in the files of the folder."""
        ids = tuple(reference_ids)
        known_in = self._partitions.known_in(ids)
        return find_traces(self._folder, self._store, subject_id, ids, known_in=known_in, in_files=in_files)

    def counts(self) -> StoreCounts:
        """How much there is."""
        with self._store.reading() as reader:
            return reader.counts()

    def seal_subject(
        self, subject_id: str, *, author: RecordAuthor | None = None, owed: Owe[None] | None = None
    ) -> None:
        """Keep a subject but never search it; the history tells of it where there is an author. Raises
        SubjectNotFoundError."""
        self._store.seal_subject(subject_id, author=author, now=self._clock(), owed=owed)

    def unseal_subject(
        self, subject_id: str, *, author: RecordAuthor | None = None, owed: Owe[None] | None = None
    ) -> None:
        """Search a sealed subject again; like seal_subject."""
        self._store.unseal_subject(subject_id, author=author, now=self._clock(), owed=owed)

    def create_gallery(self, gallery: Gallery, *, owed: Owe[None] | None = None) -> Gallery:
        """Make a gallery. Raises AlreadyExistsError. Returns it with its create_time."""
        now = self._clock()
        self._store.create_gallery(gallery, now=now, owed=owed)
        return dataclasses.replace(gallery, create_time=now)

    def update_gallery(
        self,
        gallery_id: str,
        *,
        display_name: str | None = None,
        purpose: str | None = None,
        owed: Owe[Gallery] | None = None,
    ) -> Gallery:
        """Change what is said of a gallery; None leaves a text as it is. The gallery as it is then. Raises
        GalleryNotFoundError."""
        return self._store.update_gallery(gallery_id, display_name=display_name, purpose=purpose, owed=owed)

    def delete_gallery(self, gallery_id: str, *, even_if_not_empty: bool = False, owed: Owe[int] | None = None) -> int:
        """Delete a gallery; how many subjects were in it, who stay enrolled. Raises GalleryNotFoundError, and
        GalleryNotEmptyError unless even_if_not_empty."""
        return self._store.delete_gallery(gallery_id, even_if_not_empty=even_if_not_empty, owed=owed)

    def add_to_gallery(self, gallery_id: str, subject_ids: Sequence[str], *, owed: Owe[None] | None = None) -> None:
        """Put subjects into a gallery. Raises GalleryNotFoundError, SubjectNotFoundError; nothing changes then."""
        self._store.change_membership(gallery_id, subject_ids, is_member=True, owed=owed)

    def remove_from_gallery(
        self, gallery_id: str, subject_ids: Sequence[str], *, owed: Owe[None] | None = None
    ) -> None:
        """Take subjects out of a gallery; they stay enrolled. Raises like add_to_gallery."""
        self._store.change_membership(gallery_id, subject_ids, is_member=False, owed=owed)

    def search(
        self, modality: Modality, pack_id: str, queries: Float32Array, k: int, *, where: SearchFilter = EVERYTHING
    ) -> Hits:
        """Best k references of each query among those that pass the filter, which is applied before the search.

        queries: float32 (q, dim), unit rows. Raises VectorError, GalleryNotFoundError, SubjectNotFoundError.
        """
        self._check_in_step()
        return self._partitions.search(self._store, PackKey(modality, pack_id), queries, k, where)

    def shortlist(self, probe: Template, k: int, *, where: SearchFilter = EVERYTHING, reach: int = 0) -> Hits:
        """One row of at most k references worth a full comparison with a finger, the likeliest first.

        reach: 0, 1 or 2, how far the index looks. similarities are scores in [0, 1] that mean something only beside
        each other. Raises like search."""
        self._check_in_step()
        return self._partitions.shortlist(
            self._store, PackKey(Modality.FINGERPRINT, probe.pack_id), probe, k, where, reach=reach
        )

    def allowed_reference_ids(self, modality: Modality, pack_id: str, where: SearchFilter = EVERYTHING) -> Int64Array:
        """int64 (n,), ascending, read-only: the references that a search with this filter covers."""
        return self._resolve(modality, pack_id, where).reference_ids

    def count(self, modality: Modality, pack_id: str, where: SearchFilter = EVERYTHING) -> tuple[int, int]:
        """(subjects, references) that a search with this filter covers."""
        resolved = self._resolve(modality, pack_id, where)
        return resolved.subject_count, len(resolved.reference_ids)

    def counts_by_subject(self, modality: Modality, pack_id: str, where: SearchFilter = EVERYTHING) -> Int64Array:
        """int64 (m,): how many references of each subject a search with this filter covers. A subject has the same
        place whatever the pack and the filter; places beyond the last subject that has any are left off."""
        return self._resolve(modality, pack_id, where).counts_by_subject()

    def coverage(self, modality: Modality, pack_id: str, where: SearchFilter = EVERYTHING) -> Resolved:
        """What a search with this filter covers, as it is now: which references, and whose each of them is, by the
        places of counts_by_subject. It stays as it is when something changes. Nothing is read from the disk for it."""
        return self._resolve(modality, pack_id, where)

    def references(self, reference_ids: Sequence[int] | Int64Array) -> tuple[Reference, ...]:
        """References in the order asked for; deleted ones are left out."""
        return self._store.references([int(reference_id) for reference_id in reference_ids])

    def vectors_of(self, modality: Modality, pack_id: str, reference_ids: Sequence[int]) -> dict[int, Float32Array]:
        """Vectors of references of this pack, float32 (n, dim) each, by id; deleted ones are left out."""
        return self._store.vectors_of(PackKey(modality, pack_id), reference_ids)

    def prints_of(self, pack_id: str, reference_ids: Sequence[int] | Int64Array) -> dict[int, StoredPrint]:
        """Fingers of this pack by id; deleted ones are left out. Quicker than whole references."""
        key = PackKey(Modality.FINGERPRINT, pack_id)
        return self._store.prints_of(key, [int(reference_id) for reference_id in reference_ids])

    def subject_ids_of(self, reference_ids: Sequence[int] | Int64Array) -> dict[int, str]:
        """Subject id by reference id; deleted ones are left out."""
        return self._store.subject_ids_of([int(reference_id) for reference_id in reference_ids])

    def get_subject(self, subject_id: str) -> Subject:
        """Raises SubjectNotFoundError."""
        return self._store.get_subject(subject_id)

    def image_of(self, reference_id: int) -> KeptImage | None:
        """The image that a reference was made of; None where none is kept, or the reference is gone. Raises
        DatabaseDamagedError."""
        return self._store.image_of(reference_id)

    def find_subject(self, external_id: str) -> Subject | None:
        """The subject with exactly this external id, code point by code point."""
        return self._store.find_subject(external_id)

    def list_subjects(
        self, query: SubjectQuery = EVERYBODY, *, page_size: int = 0, page_token: str = ""
    ) -> Page[Subject]:
        """Subjects in the order in which they came. page_size 0: 100, at most 1000. Raises PageSizeError,
        PageTokenError, GalleryNotFoundError, DatabaseError where the name has no letter or digit."""
        return self._store.list_subjects(query, page_size, page_token)

    def document_matches(self, number: str, subjects: Sequence[Subject]) -> tuple[DocumentMatch, ...]:
        """Where a number stands or stood in the records of subjects that list_subjects found by it."""
        return self._store.document_matches(number, subjects)

    def list_references(self, subject_id: str, *, page_size: int = 0, page_token: str = "") -> Page[Reference]:
        """References of a subject in the order in which they came. Raises PageTokenError, SubjectNotFoundError."""
        return self._store.list_references(subject_id, page_size, page_token)

    def list_galleries(self, *, page_size: int = 0, page_token: str = "") -> Page[Gallery]:
        """Galleries in the order in which they were made. Raises PageTokenError."""
        return self._store.list_galleries(page_size, page_token)

    def holdings(self) -> tuple[PackHolding, ...]:
        """How many references of each pack a search with that pack covers; packs without any are left out."""
        return self._partitions.holdings()

    def references_set_aside(self) -> tuple[int, ...]:
        """Ids of references that are kept and not searched, because their rows in the store are damaged."""
        return self._store.references_set_aside()

    def census(self) -> Census:
        """What is enrolled and what of it a search covers. Reads no template."""
        with self._store.reading() as reader:
            counts, gallery_count, schema = reader.counts(), len(reader.gallery_numbers()), reader.schema()
        return Census(
            schema=schema,
            subject_count=counts.subject_count,
            reference_count=counts.reference_count,
            gallery_count=gallery_count,
            searchable=self.holdings(),
            sealed_count=counts.reference_count - counts.searchable_reference_count - counts.set_aside_count,
            damaged_count=counts.set_aside_count,
        )

    def warm_up(self) -> None:
        """Compile the loops of the search now; the first search of the process waits for them otherwise."""
        self._partitions.warm_up()

    def verify(self, *, thorough: bool = True) -> VerifyReport:
        """Check the store, and every index against it. thorough: read each page of the store too."""
        return self._partitions.verify(self._store, thorough=thorough)

    def inspect(self, progress: ReportProgress | None = None) -> tuple[Problem, ...]:
        """What verify does not answer for of the files of the database, read to their last byte. Codes: see
        Store.inspect; also cache_refused, of indexes that were made anew when the database was opened, and
        cache_files, of index files that differ from what was written."""
        report = progress or self._report
        return self._store.inspect(report) + self._partitions.inspect(report)

    def save(self) -> None:
        """Write the index files now. Raises CacheFileError, DatabaseFullError."""
        self._partitions.save(self._store)

    def rebuild(self, progress: ReportProgress | None = None) -> None:
        """Make every index anew from the store, beside the old one, which answers until the new one is whole."""
        self._partitions.rebuild(self._store, progress or self._report)

    def _scrubbed(self, receipt: DeletionReceipt, *, owes: bool) -> DeletionReceipt:
        is_erased = self._partitions.erase(receipt.reference_ids)
        return dataclasses.replace(receipt, files_scrubbed=is_erased and self._store.is_scrubbed and not owes)

    def _let_go(self) -> None:
        forget_folder(self._folder / CACHE_NAME)
        if self._seals is not None:
            self._seals.close()
        self._lock.release()

    def _resolve(self, modality: Modality, pack_id: str, where: SearchFilter) -> Resolved:
        self._check_in_step()
        return self._partitions.resolve(self._store, PackKey(modality, pack_id), where)

    def _check_in_step(self) -> None:
        if not self._partitions.in_step:
            raise DatabaseError("the index is not in step with the store; restart the server, which rebuilds it")
