"""SqliteStore: the store in one SQLite file on one machine."""

from __future__ import annotations

import contextlib
import logging
import secrets
import sqlite3
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np

from index.arrays import Float32Array, Int64Array
from index.durable.disk_errors import named_disk_errors
from index.errors import (
    DatabaseDamagedError,
    DatabaseError,
    DatabaseFullError,
    DatabaseWriteError,
    EncryptionKeyError,
    ReassignmentError,
    StoreMovedError,
)
from index.folder import VAULT_NAME
from index.keys.seals import Seals
from index.outbox import Owe, OwedRecord
from index.receipts import (
    DeletionReceipt,
    EnrollmentReceipt,
    OpenProgress,
    Page,
    Problem,
    ReassignmentReceipt,
    RecordReceipt,
    ReembeddingCounts,
    ReportProgress,
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
    StoredPrint,
    Subject,
    SubjectQuery,
    SubjectRecord,
)
from index.store.effects import ApplyEffects, Effect, PackKey
from index.store.protocol import IndexMark, StoreReader
from index.store.sqlite import (
    counterparts,
    images,
    index_marks,
    inspection,
    lists,
    look_ups,
    reassignment_rows,
    reassignments,
    references,
    sealed_rows,
    sealing,
    searchable,
    set_aside,
    subject_records,
    subjects,
    writes,
)
from index.store.sqlite.checkpoints import Checkpoints
from index.store.sqlite.cleaning import Cleaning
from index.store.sqlite.connection import ReaderPool, named_errors, open_writer
from index.store.sqlite.log_frames import check_log
from index.store.sqlite.migrations import apply_migrations
from index.store.sqlite.owed_records import Settlements, check_settings, log_head, owed_records, setting
from index.store.sqlite.places import Places
from index.store.sqlite.reader import SqliteReader
from index.store.sqlite.row_checks import FoundDamage, damaged_rows, make_due_checks, named, tables_due
from index.store.sqlite.write_queue import Result, WriteOutcome, WriteQueue
from index.store.vault import Vault, VaultFile

log = logging.getLogger(__name__)

# Ordinary reads last a few milliseconds; only a backup holds the log for longer.
SCRUB_WAIT_MS = 250
# Cleaned while writers wait: 128 MiB, some tenths of a second.
_PAGES_AT_ONCE = 16_384
_PART_PAUSE_S = 0.2
# A backup holds the log for minutes; each attempt to empty it looks at all of it.
_HELD_PAUSE_S = 2.0


class SqliteStore:
    """A Store. Concurrent writes share one commit and so one fsync; readers have connections of their own."""

    def __init__(
        self,
        path: Path,
        *,
        create: bool = True,
        apply_effects: ApplyEffects = lambda _: None,
        seals: Seals | None = None,
        report: ReportProgress = silent,
    ) -> None:
        """Open, recover and migrate. apply_effects: see the protocol. seals: the keys, None for a plain store. report:
        may end the opening by what it raises. Raises SchemaError, DatabaseDamagedError, EncryptionKeyError, ..."""
        self._path = path
        self._seals = seals
        self._found = FoundDamage()
        with named_errors():
            self._connection = _writer(path, create, seals, self._found)
        self._readers = ReaderPool(path, seals, self._found)
        # Slots that are erased and still noted as to be erased.
        self._erased_keys: tuple[int, ...] = ()
        self._removed_files: tuple[str, ...] = ()
        # Images are kept encrypted or not at all.
        self._vault = None if seals is None else Vault(path.parent / VAULT_NAME, seals)
        # Of commits that the disk refused, and that may be there at the next start all the same.
        self._doubtful_files: deque[VaultFile] = deque()
        # Found by reads, and not set aside yet. Adding to a set is atomic.
        self._damaged: set[int] = set()
        self._apply_effects = apply_effects
        self._settlements = Settlements()
        self._checkpoints = Checkpoints(self._connection, path)
        try:
            self._make_due_checks(report)
        except BaseException:
            self._connection.close()
            self._checkpoints.close()
            raise
        # After the migrations, which made the log beside the store where there was none.
        self._places = Places(path)
        # Whoever has the queue writes: for this room, and for tests of what a disk refuses.
        self.queue = WriteQueue(self._connection, self._before_commit, self._after_commit)
        # What a killed process left in the log goes to its place, so that deleted bytes are gone from both. A disk
        # that is too full for it can still be searched.
        self._scrub_pending = True
        with contextlib.suppress(sqlite3.Error, DatabaseError, OSError):
            self._erase_noted_keys()
            self._scrub_pending = not self._checkpoints.empty(SCRUB_WAIT_MS)
        self._cleaning = Cleaning(self._clean_on)
        if self._vault is not None:
            with self._readers.borrow() as connection:
                self._vault.sweep(partial(images.known_files, connection))
        with self._readers.borrow() as connection:
            self._database_id = str(setting(connection, "database_id"))
            self._damaged.update(searchable.implausible_references(connection))

    @property
    def database_id(self) -> str:
        """See Store."""
        return self._database_id

    @property
    def is_scrubbed(self) -> bool:
        """See Store. Deleted bytes may stand in the write-ahead log, which a long read holds."""
        return not self._scrub_pending and self._checkpoints.is_done

    def contains(self, needle: bytes) -> bool:
        """See Store."""
        return self.queue.exclusively(lambda _: self._checkpoints.contains(needle))

    @property
    def is_sealed(self) -> bool:
        """See Store."""
        with self._readers.borrow() as connection:
            return self._seals is not None and sealing.is_sealed(connection)

    def seal(self, report: Callable[[int, int], None]) -> None:
        """See Store."""
        if self._seals is None:
            raise EncryptionKeyError("there is no key to encrypt the database with", reason="missing")

        def run(connection: sqlite3.Connection) -> None:
            sealing.seal_rows(connection, report)
            with named_disk_errors():
                self._scrub_pending = not self._checkpoints.empty(SCRUB_WAIT_MS)

        self.queue.exclusively(run)

    def change_count(self) -> int:
        """See Store."""
        with self._readers.borrow() as connection:
            return int(connection.execute("SELECT value FROM change_count").fetchone()[0])

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
        """See Store."""
        # Checked and encoded before the writer lock is asked for.
        encoded = [references.encode_reference(new) for new in new_references]
        with self._kept_images(new_references) as files:
            return self.queue.submit(
                lambda connection: writes.enroll(
                    connection,
                    subject,
                    encoded,
                    request_id=request_id,
                    request_digest=request_digest,
                    now=now,
                    owed=owed,
                    images=files,
                )
            )

    def delete_subject(
        self, subject_id: str, *, request_id: str, now: datetime, owed: Owe[DeletionReceipt] | None = None
    ) -> DeletionReceipt:
        """See Store."""
        return self.queue.submit(
            lambda connection: writes.delete_subject(connection, subject_id, request_id=request_id, now=now, owed=owed)
        )

    def delete_reference(
        self, reference_id: int, *, request_id: str, now: datetime, owed: Owe[DeletionReceipt] | None = None
    ) -> DeletionReceipt:
        """See Store."""
        return self.queue.submit(
            lambda connection: writes.delete_reference(
                connection, reference_id, request_id=request_id, now=now, owed=owed
            )
        )

    def add_counterparts(
        self,
        pack_id: str,
        made: Sequence[tuple[int, NewReference]],
        failed: Sequence[tuple[int, str]],
        *,
        now: datetime,
        owed: Owe[tuple[int, ...]] | None = None,
    ) -> tuple[int, ...]:
        """See Store."""
        encoded = [counterparts.encode(original_id, new) for original_id, new in made]
        return self.queue.submit(
            lambda connection: counterparts.add_counterparts(
                connection, encoded, failed, pack_id=pack_id, now=now, owed=owed
            )
        )

    def without_counterpart(self, modality: Modality, pack_id: str, *, after_id: int, limit: int) -> tuple[int, ...]:
        """See Store."""
        with self._readers.borrow() as connection:
            return counterparts.without_counterpart(connection, modality, pack_id, after_id=after_id, limit=limit)

    def reembedding_counts(self, modality: Modality, pack_id: str) -> ReembeddingCounts:
        """See Store."""
        with self._readers.borrow() as connection:
            return counterparts.reembedding_counts(connection, modality, pack_id)

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
        """See Store."""
        return self.queue.submit(
            lambda connection: subject_records.update_record(
                connection,
                subject_id,
                changes,
                author,
                expected_revision=expected_revision,
                request_id=request_id,
                now=now,
                owed=owed,
            )
        )

    def get_record(self, subject_id: str) -> SubjectRecord:
        """See Store."""
        return self._read(lambda connection: subject_records.read_record(connection, subject_id))

    def list_revisions(self, subject_id: str, page_size: int, page_token: str) -> Page[RecordRevision]:
        """See Store."""
        return self._read(
            lambda connection: lists.list_revisions(connection, self._database_id, subject_id, page_size, page_token)
        )

    def list_records(self, page_size: int, page_token: str) -> Page[tuple[Subject, SubjectRecord]]:
        """See Store."""
        return self._read(lambda connection: lists.list_records(connection, self._database_id, page_size, page_token))

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
        """See Store."""
        occasion = reassignments.Occasion(author, now, request_id, owed)
        return self.queue.submit(
            lambda connection: reassignments.merge_subjects(connection, source_id, target_id, occasion)
        )

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
        """See Store."""
        occasion = reassignments.Occasion(author, now, request_id, owed)
        return self._with_copies(
            lambda connection, copies: reassignments.move_references(
                connection, reference_ids, source_id, target_id, occasion, copies=copies
            )
        )

    def undo_reassignment(
        self,
        reassignment_id: int,
        author: RecordAuthor,
        *,
        request_id: str,
        now: datetime,
        owed: Owe[ReassignmentReceipt] | None = None,
    ) -> ReassignmentReceipt:
        """See Store."""
        occasion = reassignments.Occasion(author, now, request_id, owed)
        return self._with_copies(
            lambda connection, copies: reassignments.undo_reassignment(
                connection, reassignment_id, occasion, copies=copies
            )
        )

    def seal_subject(
        self, subject_id: str, *, author: RecordAuthor | None, now: datetime, owed: Owe[None] | None = None
    ) -> None:
        """See Store."""
        self.queue.submit(
            lambda connection: writes.seal_subject(connection, subject_id, author=author, now=now, owed=owed)
        )

    def unseal_subject(
        self, subject_id: str, *, author: RecordAuthor | None, now: datetime, owed: Owe[None] | None = None
    ) -> None:
        """See Store."""
        self.queue.submit(
            lambda connection: writes.unseal_subject(connection, subject_id, author=author, now=now, owed=owed)
        )

    def create_gallery(self, gallery: Gallery, *, now: datetime, owed: Owe[None] | None = None) -> None:
        """See Store."""
        self.queue.submit(lambda connection: writes.create_gallery(connection, gallery, now=now, owed=owed))

    def update_gallery(
        self,
        gallery_id: str,
        *,
        display_name: str | None,
        purpose: str | None,
        owed: Owe[Gallery] | None = None,
    ) -> Gallery:
        """See Store."""
        return self.queue.submit(
            lambda connection: writes.update_gallery(
                connection, gallery_id, display_name=display_name, purpose=purpose, owed=owed
            )
        )

    def delete_gallery(self, gallery_id: str, *, even_if_not_empty: bool, owed: Owe[int] | None = None) -> int:
        """See Store."""
        return self.queue.submit(
            lambda connection: writes.delete_gallery(
                connection, gallery_id, even_if_not_empty=even_if_not_empty, owed=owed
            )
        )

    def change_membership(
        self, gallery_id: str, subject_ids: Sequence[str], *, is_member: bool, owed: Owe[None] | None = None
    ) -> None:
        """See Store."""
        self.queue.submit(
            lambda connection: writes.change_membership(
                connection, gallery_id, subject_ids, is_member=is_member, owed=owed
            )
        )

    def owed_records(self) -> tuple[OwedRecord, ...]:
        """See Store."""
        with self._readers.borrow() as connection:
            return owed_records(connection)

    def settle(self, owed_ids: Sequence[int], *, log_head: str, at_once: bool) -> None:
        """See Store."""
        self._settlements.note(owed_ids, log_head)
        if at_once and not self._settlements.is_empty:
            self.queue.submit(lambda _: WriteOutcome(None, frees_rows=True))

    @property
    def log_head(self) -> str:
        """See Store."""
        with self._readers.borrow() as connection:
            return log_head(connection)

    @property
    def is_in_place(self) -> bool:
        """See Store."""
        return self._places.are_kept()

    def put_index_mark(self, mark: IndexMark) -> None:
        """See Store."""
        self.queue.submit(lambda connection: index_marks.put_index_mark(connection, mark))

    def forget_erasures(self, reference_ids: Sequence[int]) -> None:
        """See Store."""
        self.queue.submit(lambda connection: index_marks.forget_erasures(connection, reference_ids))

    def references(self, reference_ids: Sequence[int]) -> tuple[Reference, ...]:
        """See Store."""
        with self._readers.borrow() as connection:
            return tuple(
                references.read_references(
                    connection, lists.packs_by_number(connection), reference_ids, self._damaged.add
                )
            )

    def vectors_of(self, key: PackKey, reference_ids: Sequence[int]) -> dict[int, Float32Array]:
        """See Store."""
        with self._readers.borrow() as connection:
            return references.read_vectors(connection, key, reference_ids, self._damaged.add)

    def prints_of(self, key: PackKey, reference_ids: Sequence[int]) -> dict[int, StoredPrint]:
        """See Store."""
        with self._readers.borrow() as connection:
            return references.read_prints(connection, key, reference_ids, self._damaged.add)

    def subject_ids_of(self, reference_ids: Sequence[int]) -> dict[int, str]:
        """See Store."""
        with self._readers.borrow() as connection:
            return references.checked_subject_ids_of(connection, reference_ids, self._damaged.add)

    def reference_ids_of(self, subject_ids: frozenset[str]) -> Int64Array:
        """See Store."""
        with self._readers.borrow() as connection:
            numbers = subjects.subject_numbers_of(connection, subject_ids)
            for subject_id in subject_ids:
                if subject_id not in numbers:
                    reassignment_rows.raise_missing(connection, subject_id)
            found = [references.reference_ids_of_subject(connection, number) for number in numbers.values()]
        return np.sort(np.array([one for ids in found for one in ids], dtype=np.int64))

    def holds(self, subject_id: str, reference_ids: Sequence[int]) -> bool:
        """See Store."""
        with self._readers.borrow() as connection:
            return bool(
                subjects.subject_numbers_of(connection, (subject_id,))
                or reassignment_rows.is_named(connection, subject_id)
                or references.subject_ids_of(connection, reference_ids)
            )

    def get_subject(self, subject_id: str) -> Subject:
        """See Store."""
        return self._read(lambda connection: subjects.find_subject(connection, subject_id).subject)

    def image_of(self, reference_id: int) -> KeptImage | None:
        """See Store."""
        with self._readers.borrow() as connection:
            row = images.image_of(connection, reference_id)
            part = counterparts.image_part(connection, reference_id)
        if row is None or self._vault is None:
            return None
        content, found = None, "gone"
        try:
            content = self._vault.read(row.file_name, row.key_number)
        except EncryptionKeyError:
            found = "damaged"
        if content is not None:
            return KeptImage(content, row.sha256, row.ppi, part)
        with self._readers.borrow() as connection:
            if images.image_of(connection, reference_id) is not None:
                raise DatabaseDamagedError(f"the image of a reference is {found}; restore a backup")
        # It was deleted in between.
        return None

    def find_subject(self, external_id: str) -> Subject | None:
        """See Store."""
        row = self._read(lambda connection: subjects.find_by_external_id(connection, external_id))
        return None if row is None else row.subject

    def list_subjects(self, query: SubjectQuery, page_size: int, page_token: str) -> Page[Subject]:
        """See Store."""
        return self._read(
            lambda connection: lists.list_subjects(connection, self._database_id, query, page_size, page_token)
        )

    def document_matches(self, number: str, subjects: Sequence[Subject]) -> tuple[DocumentMatch, ...]:
        """See Store."""
        return self._read(lambda connection: tuple(look_ups.document_matches(connection, number, subjects)))

    def list_references(self, subject_id: str, page_size: int, page_token: str) -> Page[Reference]:
        """See Store."""
        return self._read(
            lambda connection: lists.list_references(
                connection,
                self._database_id,
                subject_id,
                page_size=page_size,
                page_token=page_token,
                report=self._damaged.add,
            )
        )

    def list_galleries(self, page_size: int, page_token: str) -> Page[Gallery]:
        """See Store."""
        return self._read(lambda connection: lists.list_galleries(connection, self._database_id, page_size, page_token))

    @contextlib.contextmanager
    def reading(self) -> Iterator[StoreReader]:
        """See Store."""
        with self._readers.borrow() as connection:
            yield SqliteReader(connection, self._damaged.add)

    def exclusively(self, action: Callable[[StoreReader], Result]) -> Result:
        """See Store."""
        return self.queue.exclusively(lambda connection: action(SqliteReader(connection, self._damaged.add)))

    def set_damage_aside(self, lost: Sequence[int] = ()) -> tuple[int, ...]:
        """See Store."""
        suspected = {*self._damaged, *lost}
        with self._readers.borrow() as connection:
            for number in self._found.take_subjects():
                # Who a damaged one is, and whether it may be searched, nobody knows.
                suspected.update(references.reference_ids_of_subject(connection, number))
            # What was deleted while it was read is not damaged.
            found = tuple(sorted(references.subject_ids_of(connection, tuple(suspected))))
        self._damaged.difference_update(suspected.difference(found))
        for reference_id in found:
            log.error("reference %d is damaged in the store; it is kept and not searched", reference_id)
        # They are left out of every answer already; a disk that refuses to note it must not stop the service.
        with contextlib.suppress(DatabaseFullError, DatabaseWriteError):
            if found:
                self.queue.submit(lambda connection: set_aside.set_aside(connection, found))
                self._damaged.difference_update(found)
        return found

    def references_set_aside(self) -> tuple[int, ...]:
        """See Store."""
        with self._readers.borrow() as connection:
            return set_aside.references_set_aside(connection)

    def find_damage(self) -> tuple[int, ...]:
        """See Store. Reads every template."""
        with self._readers.borrow() as connection:
            return sealed_rows.damaged_references(connection)

    def find_damaged_rows(self) -> tuple[str, ...]:
        """See Store. Reads every row."""
        with self._readers.borrow() as connection:
            found = tuple(one for one in damaged_rows(connection) if one[0] != sealed_rows.REFERENCES)
            not_found = look_ups.wrong_look_ups(connection)
            orphan_count = len(connection.execute("PRAGMA foreign_key_check").fetchall())
            missing = sum(not self._vault.holds(name) for name in images.all_files(connection)) if self._vault else 0
            unreadable = sealed_rows.unreadable_subject_count(connection)
            unreadable += reassignment_rows.unreadable_count(connection)
        for table, key in found:
            self._found.note(table, key)
        problems = [f"{named(table, key)} is damaged; it is kept and left out" for table, key in found]
        problems += [f"subject number {one} is not found by what is recorded of it" for one in not_found]
        if missing:
            problems.append(f"{missing} images are not in the vault")
        if unreadable:
            problems.append(f"{unreadable} subjects do not open with their keys; put back the copy of the keys")
        if orphan_count:
            problems.append(f"{orphan_count} rows refer to rows that do not exist")
        return tuple(problems)

    def check(self) -> tuple[str, ...]:
        """See Store. Reads every page."""
        try:
            with self._readers.borrow() as connection:
                found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)")]
        except DatabaseDamagedError as error:
            return (str(error),)
        return tuple(f"the store is damaged: {line}" for line in found if line != "ok")

    def inspect(self, report: ReportProgress) -> tuple[Problem, ...]:
        """See Store."""

        def run(connection: sqlite3.Connection) -> tuple[Problem, ...]:
            pages = self._checkpoints.inspect(lambda done, total: report(OpenProgress("pages", done, total)))
            return inspection.of_store(connection, pages)

        problems = self.queue.exclusively(run)
        with self._readers.borrow() as connection:
            if self._seals is not None:
                problems += inspection.of_keys(connection, self._seals, report)
            if self._vault is not None:
                problems += inspection.of_vault(connection, self._vault, report)
        return problems

    def close(self) -> None:
        """See Store. Empties the log."""
        with contextlib.suppress(DatabaseError):
            # What is lost here is owed again at the next start, and found in the log then.
            self.settle((), log_head="", at_once=True)
        self._cleaning.stop()
        self._readers.close()
        with named_errors(), named_disk_errors():
            try:
                if self._path.exists() and self._checkpoints.empty(SCRUB_WAIT_MS):
                    self._checkpoints.mark()
            except sqlite3.ProgrammingError:
                return
            finally:
                self._connection.close()
                self._checkpoints.close()

    def _make_due_checks(self, report: ReportProgress) -> None:
        """Of rows of before there were checks; nobody else uses the store yet."""
        if not tables_due(self._connection):
            return

        def told(done: int, total: int) -> None:
            self._checkpoints.committed()
            with contextlib.suppress(sqlite3.Error, OSError):
                self._checkpoints.empty(0)
            report(OpenProgress("checks", done, total))

        with named_errors():
            before_commit = partial(self._checkpoints.before_commit, self._connection)
            make_due_checks(self._connection, in_commit=before_commit, report=told)

    @contextlib.contextmanager
    def _kept_images(self, new_references: Sequence[NewReference]) -> Iterator[Sequence[VaultFile | None]]:
        """The images in the vault, on disk before a transaction names them; what none names goes again."""
        vault, files = self._vault, dict[str, VaultFile]()
        if vault is None or not any(new.image for new in new_references):
            yield ()
            return
        with self._settling(vault, files.values()):
            for new in new_references:
                if new.image and new.sample_sha256 not in files:
                    files[new.sample_sha256] = vault.put(new.image)
            yield [files.get(new.sample_sha256) if new.image else None for new in new_references]

    @contextlib.contextmanager
    def _settling(self, vault: Vault, files: Collection[VaultFile]) -> Iterator[None]:
        """Settles files that a transaction inside may name; they may become more meanwhile. A commit that was written
        and not synced is undone by the next one, but if the process ends before, the next start finds it whole."""
        try:
            yield
        except (DatabaseWriteError, DatabaseFullError):
            self._doubtful_files.extend(files)
            raise
        except BaseException:
            self._settle_files(vault, files)
            raise
        self._settle_files(vault, files)

    def _settle_doubtful(self, vault: Vault) -> None:
        """After a commit, before the next: nothing of what was refused before it can come back."""
        self._settle_files(vault, [self._doubtful_files.popleft() for _ in range(len(self._doubtful_files))])

    def _settle_files(self, vault: Vault, files: Collection[VaultFile]) -> None:
        """Those that a transaction named go to their place, and the others away."""
        if not files:
            return
        names = [one.name for one in files]
        try:
            with self._readers.borrow() as connection:
                needed = images.known_files(connection, names)
        except DatabaseError:
            # The next start finds out.
            needed = set(names)
        else:
            vault.settle(needed)
        vault.discard(one for one in files if one.name not in needed)

    def _with_copies(
        self, write: Callable[[sqlite3.Connection, Mapping[int, VaultFile]], WriteOutcome[Result]]
    ) -> Result:
        """What write makes, with copies of the images that it asks for in the vault before."""
        files: dict[int, VaultFile] = {}
        vault = self._vault
        with contextlib.nullcontext() if vault is None else self._settling(vault, files.values()):
            while True:
                try:
                    return self.queue.submit(lambda connection: write(connection, files))
                except reassignments.CopiesNeededError as error:
                    for number, row in error.needed.items():
                        if number not in files:
                            files[number] = self._copied_image(row)

    def _copied_image(self, row: images.ImageRow) -> VaultFile:
        content = None
        if self._vault is not None:
            with contextlib.suppress(EncryptionKeyError):
                content = self._vault.read(row.file_name, row.key_number)
        if self._vault is None or content is None:
            raise ReassignmentError("an image that two references share cannot be read", reason="damaged")
        return self._vault.put(content)

    def _read(self, read: Callable[[sqlite3.Connection], Result]) -> Result:
        """What read finds in one commit. What a deletion closes meanwhile seems damaged, and is gone when it is read
        again."""
        try:
            with self._readers.borrow() as connection:
                return read(connection)
        except DatabaseDamagedError:
            with self._readers.borrow() as connection:
                return read(connection)

    def _before_commit(self, connection: sqlite3.Connection) -> None:
        self._settlements.write(connection)
        self._checkpoints.before_commit(connection)
        self._forget_what_is_gone(connection)
        if not self._places.are_kept():
            raise StoreMovedError("the store was removed or replaced while in use; nothing was stored, see docs")

    def _forget_what_is_gone(self, connection: sqlite3.Connection) -> None:
        """Inside a transaction: what was noted to be erased and is."""
        if self._erased_keys:
            sealed_rows.forget_erased_keys(connection, self._erased_keys)
            self._erased_keys = ()
        if self._removed_files:
            images.forget_files(connection, self._removed_files)
            self._removed_files = ()

    def _after_commit(self, effects: Sequence[Effect], frees_rows: bool) -> None:
        self._settlements.written()
        self._checkpoints.committed()
        if not self._places.are_kept():
            raise StoreMovedError("the store was removed or replaced while in use; nothing was stored, see docs")
        if self._vault is not None:
            self._settle_doubtful(self._vault)
        if effects:
            self._apply_effects(effects)
        if frees_rows or self._scrub_pending:
            # The deletion itself is committed: a disk that refuses here delays the scrubbing and fails nothing.
            self._scrub_pending = True
            with contextlib.suppress(sqlite3.Error, DatabaseError, OSError):
                self._erase_noted_keys()
                self._scrub_pending = not self._checkpoints.empty(SCRUB_WAIT_MS if frees_rows else 0)
            if self._scrub_pending:
                self._cleaning.go_on()
        else:
            with contextlib.suppress(sqlite3.Error, OSError):
                self._checkpoints.shorten()

    def _clean_on(self) -> float | None:
        """For Cleaning."""

        def run(_: sqlite3.Connection) -> float | None:
            if self._scrub_pending:
                self._erase_noted_keys()
                self._scrub_pending = not self._checkpoints.empty(0)
            if not self._checkpoints.clean_on(_PAGES_AT_ONCE):
                return _PART_PAUSE_S
            return _HELD_PAUSE_S if self._scrub_pending else None

        return self.queue.exclusively(run)

    def _erase_noted_keys(self) -> None:
        """On the writing connection, outside of a transaction: what deletions of before have left to be closed."""
        noted = sealed_rows.noted_keys(self._connection) if self._seals is not None else ()
        if self._seals is not None and noted and noted != self._erased_keys:
            self._seals.erase(noted)
            self._erased_keys = noted
        if self._vault is not None and (files := images.noted_files(self._connection)) != self._removed_files:
            self._vault.remove(files)
            self._removed_files = files


def _writer(path: Path, create: bool, seals: Seals | None, found: FoundDamage) -> sqlite3.Connection:
    """The connection that writes, to a store of today's schema with these keys and an id."""
    check_log(Path(f"{path}-wal"))
    connection = open_writer(path, create=create, seals=seals, damage=found)
    try:
        apply_migrations(connection)
        check_settings(connection)
        sealing.bind_keys(connection)
        look_ups.fill_look_ups(connection)
        statement = "INSERT OR IGNORE INTO setting (name, value) VALUES ('database_id', ?)"
        connection.execute(statement, (secrets.token_hex(16),))
    except BaseException:
        connection.close()
        raise
    return connection
