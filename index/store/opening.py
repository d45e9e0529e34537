"""The one place that names back ends: a data folder becomes a Store, and files for backups come and go."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from index.folder import STORE_NAME, has_store
from index.keys.seals import Seals
from index.receipts import (
    BackupSummary,
    DeletionCounts,
    Deletions,
    MendedStore,
    PackHolding,
    ReembeddingCounts,
    ReportBytes,
    ReportProgress,
    silent,
)
from index.records import Modality
from index.store.effects import ApplyEffects, PackRow
from index.store.protocol import Store
from index.store.sqlite import mending, restored_keys
from index.store.sqlite import snapshot as sqlite_snapshot
from index.store.sqlite.store import SqliteStore


def open_store(
    folder: Path,
    *,
    create: bool,
    apply_effects: ApplyEffects,
    seals: Seals | None = None,
    report: ReportProgress = silent,
) -> Store:
    """Open the store of a data folder, recovered and with today's schema. create: make it where there is none.

    apply_effects: see the protocol. seals: its keys. report: how far it is, where that takes long. Raises
    EncryptionKeyError, SchemaError, DatabaseDamagedError, DatabaseWriteError, DatabaseFullError.
    """
    return SqliteStore(folder / STORE_NAME, create=create, apply_effects=apply_effects, seals=seals, report=report)


def peek_log_head(folder: Path) -> str:
    """How far a log outside had come by what the store of a folder says, which may be in use; see index.outbox.

    "" where there is no store, or one that was never told. Raises DatabaseDamagedError, DatabaseWriteError.
    """
    return sqlite_snapshot.peek_log_head(folder / STORE_NAME) if has_store(folder) else ""


def key_slots_of(folder: Path) -> str:
    """Which key slots the store of a data folder, in use or not, has its keys in; "" where it is plain, or there is
    none. Raises DatabaseDamagedError."""
    return sqlite_snapshot.key_slots_of(folder / STORE_NAME)


def references_set_aside(folder: Path) -> tuple[int, ...]:
    """Ids of the references of a data folder, in use or not, that are damaged and not searched. Empty where there is no
    store, or one of an older schema. Raises DatabaseDamagedError."""
    return sqlite_snapshot.references_set_aside(folder / STORE_NAME)


def pack_sizes(folder: Path) -> tuple[tuple[PackRow, int], ...]:
    """The packs of a data folder, in use or not, and how many references of each are searched. Empty where there is no
    store, or one of an older schema. Raises DatabaseDamagedError."""
    return sqlite_snapshot.pack_sizes(folder / STORE_NAME)


def passed_over(folder: Path, in_use: Mapping[Modality, str]) -> tuple[PackHolding, ...]:
    """References of a data folder, in use or not, damaged ones included, that no search with these packs meets in any
    form, by the pack that made them. in_use: pack id by modality. Empty where there is no store. Raises
    DatabaseDamagedError."""
    return sqlite_snapshot.passed_over(folder / STORE_NAME, in_use)


def reembedding_counts(folder: Path, modality: Modality, pack_id: str) -> ReembeddingCounts | None:
    """How far a pack has come with the images of a data folder, in use or not. None where there is no store, or one of
    an older schema. Raises DatabaseDamagedError."""
    return sqlite_snapshot.reembedding_counts(folder / STORE_NAME, modality, pack_id)


def mend_store(folder: Path, restored: Path, seals: Seals | None = None) -> MendedStore:
    """Put back what the store file restored has whole of what is damaged in a data folder, which nobody else has open.
    Raises BackupError where it is of another database."""
    return mending.mend_store(folder / STORE_NAME, restored, seals)


def take_snapshot(folder: Path, snapshot: Path, report: ReportBytes) -> tuple[BackupSummary, tuple[str, ...]]:
    """Copy one commit of a store, which may be in use, into the empty file snapshot, which loses its name, and check
    the copy. Also the files of the vault that it names.

    Raises DatabaseDamagedError, DatabaseFullError, BackupError when the copy is damaged.
    """
    return sqlite_snapshot.take_snapshot(folder / STORE_NAME, snapshot, report)


def leave_out_what_no_key_opens(made: Path, slots: Path, *, may_lose: bool) -> tuple[DeletionCounts, int] | None:
    """Delete from a restored store what the file of key slots does not open: what was erased since the backup, and
    where may_lose what came after the slots were copied. How much that was, and how many slots were given when the
    backup was made. None where the store is plain. Raises BackupError."""
    return restored_keys.leave_out_what_no_key_opens(made, slots, may_lose=may_lose)


def image_files(store: Path) -> tuple[str, ...]:
    """The files of the vault that a snapshot or a restored store names. Raises DatabaseDamagedError."""
    return sqlite_snapshot.image_files(store)


def check_restorable(snapshot: Path) -> None:
    """That the snapshot of a backup is whole and holds a store of a known schema; the file loses its name. Raises
    BackupError, SchemaError, DatabaseDamagedError."""
    sqlite_snapshot.check_restorable(snapshot)


def restored_store(snapshot: Path, made: Path, deletions: Deletions) -> DeletionCounts:
    """Read the rows of a snapshot into the empty file made: a store of its own line, on disk; what was deleted since
    the snapshot was taken is gone. Nothing but rows of the known schema comes over.

    Its reference ids go on well beyond those that the store may have given after the snapshot. Raises BackupError,
    DatabaseDamagedError, SchemaError, DatabaseFullError.
    """
    return sqlite_snapshot.restored_store(snapshot, made, deletions)
