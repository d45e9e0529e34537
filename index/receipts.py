"""What the enrollment database answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from index.records import Modality

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class EnrollmentReceipt:
    """On disk and searchable. create_time in UTC. replayed: an earlier request with this id made it."""

    subject_id: str
    reference_ids: tuple[int, ...]
    create_time: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class RecordReceipt:
    """On disk. revision: of the record now. changed_fields: ids in alphabetical order; empty where all of it stood
    there already. replayed: an earlier request with this id did it."""

    subject_id: str
    revision: int
    changed_fields: tuple[str, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class ReassignmentReceipt:
    """References went from source to target, or came back: on disk, and every search that starts from now on sees it.

    reassignment_id: by which it is undone. reference_ids: ascending. changed_fields: of the record of the target.
    kept_fields: of an undoing, those that stay as they are, because they were changed since. replayed: an earlier
    request with this id did it.
    """

    reassignment_id: int
    source_id: str
    target_id: str
    reference_ids: tuple[int, ...]
    changed_fields: tuple[str, ...] = ()
    kept_fields: tuple[str, ...] = ()
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """Gone from the store and from every answer that starts from now on.

    reference_ids: what was removed. removed_row_count: rows of all tables. files_scrubbed: the bytes are gone from
    the files of the database folder too; False while a long read (a backup) holds an old page, in which case the next
    write or the closing of the database finishes the work. replayed: an earlier request with this id did it.
    key_count, image_count: keys and images that were destroyed; 0 in a plain database.
    merged_subject_ids: of subjects that had been merged into this one, destroyed with it; none when replayed.
    """

    subject_id: str
    reference_ids: tuple[int, ...]
    delete_time: datetime
    removed_row_count: int
    files_scrubbed: bool
    replayed: bool = False
    key_count: int = 0
    image_count: int = 0
    merged_subject_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AbsenceReport:
    """absent: nothing of the subject or reference was found. found_in: where else, as "store", "index" or "file"."""

    absent: bool
    found_in: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list. next_page_token is "" on the last page. total_count: of the items on all pages."""

    items: tuple[Item, ...]
    next_page_token: str = ""
    total_count: int = 0


@dataclass(frozen=True, slots=True)
class PackHolding:
    """How many references of one pack are on record."""

    modality: Modality
    pack_id: str
    reference_count: int


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """problems: one sentence each, without subjects or paths; empty when ok. set_aside_ids: references that are kept
    and not searched, because their rows are damaged; ok says nothing of those that were known before."""

    ok: bool
    problems: tuple[str, ...]
    subject_count: int
    reference_count: int
    set_aside_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReembeddingCounts:
    """How far a pack has come with the images on record of its modality.

    done_count: references of the pack. waiting_count: images that it has still to be tried on. without_image_ids:
    references of other packs of which no image is kept. failed: (reference id, reason) of those that it can make
    nothing of.
    """

    pack_id: str
    done_count: int
    waiting_count: int
    without_image_ids: tuple[int, ...]
    failed: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it was written. code: which; whoever shows it has the texts. said: a name, where there
    is one, of a table or another part that this software made."""

    code: str
    count: int = 1
    said: str = ""


@dataclass(frozen=True, slots=True)
class MendedStore:
    """What a backup gave back. reference_ids: searched again. left_reference_ids: those it has not whole.

    row_count: of other rows, which are what they were when the backup was made. left_rows: those it has not, named.
    """

    reference_ids: tuple[int, ...]
    left_reference_ids: tuple[int, ...]
    row_count: int
    left_rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Census:
    """What is enrolled. schema: name of the store's last step. searchable: by pack, what a search with it covers.
    sealed_count, damaged_count: references that no search covers; a damaged one of a sealed subject counts as damaged.
    """

    schema: str
    subject_count: int
    reference_count: int
    gallery_count: int
    searchable: tuple[PackHolding, ...]
    sealed_count: int
    damaged_count: int


@dataclass(frozen=True, slots=True)
class OpenProgress:
    """How far the opening is. stage: what is done now, texts in matcher/texts/store.py ("stage."). Counts are
    references, or whatever the stage is about."""

    stage: str
    done_count: int
    total_count: int


@dataclass(frozen=True, slots=True)
class BackupSummary:
    """What a backup holds. size_bytes: of the snapshot. change_count: commits that the store had seen.

    image_count, image_bytes: of images kept, as they came; those deleted while the backup was made are not in it.
    log_head: how far the log outside had come by what the store knew (index/outbox.py); "" in older backups.
    """

    database_id: str
    schema: str
    change_count: int
    subject_count: int
    reference_count: int
    size_bytes: int
    log_head: str = ""
    image_count: int = 0
    image_bytes: int = 0


ReportProgress = Callable[[OpenProgress], None]
# Of bytes done and bytes in all.
ReportBytes = Callable[[int, int], None]


def silent(progress: OpenProgress) -> None:
    """Nobody asked for progress."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """references: (reference id, subject id) of references that were deleted alone."""

    subject_ids: frozenset[str] = frozenset()
    references: frozenset[tuple[int, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class DeletionCounts:
    """What was there and is gone. reference_count: of references that were deleted alone."""

    subject_count: int
    reference_count: int
