"""Snapshots: the store copied into one file while it is in use, checked, and made ready to be a store again."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from index.errors import BackupError, SchemaError
from index.receipts import BackupSummary, DeletionCounts, Deletions, PackHolding, ReembeddingCounts, ReportBytes
from index.records import Modality
from index.store.effects import PackRow
from index.store.sqlite import counterparts, references, sealing, searchable, set_aside
from index.store.sqlite.checkpoints import CLEANED
from index.store.sqlite.connection import PAGE_SIZE_BYTES, named_errors, open_reader, open_source
from index.store.sqlite.images import all_files
from index.store.sqlite.migrations import MIGRATIONS, Migration, apply_migrations
from index.store.sqlite.owed_records import log_head
from index.store.sqlite.row_copy import check_schema, copy_known_rows
from index.store.sqlite.writes import delete_again

# Pages copied between two reports of progress.
_PAGES_A_STEP = 4096
# Reference ids given out after the backup stand in audit lines; the restored database must not give them again.
REFERENCE_ID_GAP = 10_000_000


def peek_log_head(store: Path) -> str:
    """The log head of a store file that may be in use; "" for a store of an older schema."""
    with named_errors(), contextlib.closing(open_reader(store)) as connection:
        return log_head(connection) if _has_table(connection, "setting") else ""


def key_slots_of(store: Path) -> str:
    """See index.store.opening."""
    with _reading(store, table="setting") as connection:
        return "" if connection is None else sealing.key_slots_of(connection)


def references_set_aside(store: Path) -> tuple[int, ...]:
    """See index.store.opening."""
    with _reading(store, table="set_aside") as connection:
        return () if connection is None else set_aside.references_set_aside(connection)


def pack_sizes(store: Path) -> tuple[tuple[PackRow, int], ...]:
    """See index.store.opening."""
    with _reading(store, table="set_aside") as connection:
        if connection is None:
            return ()
        return tuple(
            (pack, len(searchable.searchable_rows(connection, pack)))
            for pack in references.all_packs(connection).values()
        )


def passed_over(store: Path, in_use: Mapping[Modality, str]) -> tuple[PackHolding, ...]:
    """See index.store.opening."""
    with _reading(store, table="reference") as connection:
        if connection is None:
            return ()
        return counterparts.passed_over(connection, in_use, has_counterparts=_has_table(connection, "counterpart"))


def reembedding_counts(store: Path, modality: Modality, pack_id: str) -> ReembeddingCounts | None:
    """See index.store.opening."""
    with _reading(store, table="counterpart") as connection:
        return None if connection is None else counterparts.reembedding_counts(connection, modality, pack_id)


@contextlib.contextmanager
def _reading(store: Path, *, table: str) -> Iterator[sqlite3.Connection | None]:
    """A store file that may be in use; None where there is none, or one of an older schema without this table."""
    if not store.is_file() or not store.stat().st_size:
        yield None
        return
    with named_errors(), contextlib.closing(open_reader(store)) as connection:
        yield connection if _has_table(connection, table) else None


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (name,)).fetchone()
    return found is not None


def take_snapshot(store: Path, snapshot: Path, report: ReportBytes) -> tuple[BackupSummary, tuple[str, ...]]:
    """Copy one commit of the store file into the file snapshot, which is empty, and check the copy.

    The file loses its name before anything is in it, so that nothing is left of it when the process is killed; the
    caller holds it open.
    """
    with named_errors(), contextlib.closing(open_source(store)) as source:
        # An open transaction keeps one commit in view for all steps; without it each write would start the copy anew.
        source.execute("BEGIN")
        summary = _summary(source)
        page_bytes = int(source.execute("PRAGMA page_size").fetchone()[0])

        def step(_status: int, remaining: int, total: int) -> None:
            report((total - remaining) * page_bytes, total * page_bytes)

        with (
            snapshot.open("r+b", buffering=0) as file,
            contextlib.closing(sqlite3.connect(snapshot, isolation_level=None)) as copy,
        ):
            # A journal on the disk would be refused beside a file without a name.
            copy.execute("PRAGMA journal_mode=MEMORY")
            snapshot.unlink()
            source.backup(copy, pages=_PAGES_A_STEP, progress=step, sleep=0)
            source.execute("ROLLBACK")
            _say_without_log(file.fileno())
            _check_snapshot(copy)
            page_count = int(copy.execute("PRAGMA page_count").fetchone()[0])
            files = tuple(all_files(copy)) if _has_table(copy, "image") else ()
    return BackupSummary(**{**asdict(summary), "size_bytes": page_count * page_bytes}), files


def _say_without_log(handle: int) -> None:
    """A store says in its header that a write-ahead log lies beside it (bytes 18 and 19), and SQLite opens none beside
    a file without a name. The counter of changes, of which there are two, makes the connection read the header anew.

    https://www.sqlite.org/fileformat2.html, section 1.3.
    """
    counter = int.from_bytes(os.pread(handle, 4, 24), "big") + 1
    os.pwrite(handle, b"\1\1", 18)
    for place in (24, 92):
        os.pwrite(handle, (counter % (1 << 32)).to_bytes(4, "big"), place)


def _summary(connection: sqlite3.Connection) -> BackupSummary:
    def one(statement: str) -> object:
        row = connection.execute(statement).fetchone()
        return row[0] if row else ""

    has_images = _has_table(connection, "image")
    return BackupSummary(
        database_id=str(one("SELECT value FROM setting WHERE name = 'database_id'")),
        schema=str(one("SELECT name FROM migration ORDER BY number DESC LIMIT 1")),
        change_count=int(str(one("SELECT value FROM change_count"))),
        subject_count=int(str(one("SELECT count(*) FROM subject"))),
        reference_count=int(str(one("SELECT count(*) FROM reference"))),
        size_bytes=0,
        log_head=str(one("SELECT value FROM setting WHERE name = 'log_head'")),
        image_count=int(str(one("SELECT count(*) FROM image"))) if has_images else 0,
        image_bytes=int(str(one("SELECT coalesce(sum(size_bytes), 0) FROM image"))) if has_images else 0,
    )


def image_files(store: Path) -> tuple[str, ...]:
    """See index.store.opening."""
    with named_errors(), contextlib.closing(sqlite3.connect(store, isolation_level=None)) as connection:
        return tuple(all_files(connection)) if _has_table(connection, "image") else ()


def _check_snapshot(copy: sqlite3.Connection) -> None:
    """Raises DatabaseDamagedError or BackupError."""
    # One file alone: a log beside it would not be part of the backup.
    copy.execute("PRAGMA journal_mode=MEMORY")
    found = [row[0] for row in copy.execute("PRAGMA quick_check(1)")]
    orphans = copy.execute("PRAGMA foreign_key_check").fetchone()
    if found != ["ok"] or orphans:
        raise BackupError("the copied store is damaged; nothing was kept, verify the database", reason="source")


def restored_store(snapshot: Path, made: Path, deletions: Deletions) -> DeletionCounts:
    """Read the rows of a restored snapshot into the empty file made, which becomes a store of its own line.

    The snapshot loses its name once it is open. It is no code of ours: it is opened read-only, nothing of its schema
    runs, and what is not of a known schema is refused by name. Today's schema, ids that go on beyond those given since,
    no index files, no deleted rows.
    """
    with named_errors(), contextlib.closing(sqlite3.connect(made, isolation_level=None, uri=True)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute(f"PRAGMA page_size={PAGE_SIZE_BYTES}")
        # A journal on the disk would hold what is deleted; a restore that is killed begins anew.
        connection.execute("PRAGMA journal_mode=MEMORY")
        connection.execute("PRAGMA synchronous=OFF")
        _attach(connection, snapshot, forget_name=True)
        apply_migrations(connection, _steps_of_source(connection))
        copy_known_rows(connection)
        connection.execute("DETACH source")
        apply_migrations(connection, MIGRATIONS)
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("BEGIN")
        deleted = delete_again(connection, deletions)
        # Which log goes on beside the restored store, its first start finds; and its pages are not those of before.
        connection.execute("DELETE FROM setting WHERE name IN ('log_head', ?)", (CLEANED,))
        counted = "UPDATE sqlite_sequence SET seq = seq + ? WHERE name IN ('reference', 'reassignment')"
        connection.execute(counted, (REFERENCE_ID_GAP,))
        connection.execute("COMMIT")
    with named_errors(), contextlib.closing(sqlite3.connect(made, isolation_level=None)) as connection:
        _check_snapshot(connection)
    with made.open("rb") as file:
        os.fsync(file.fileno())
    return deleted


def check_restorable(snapshot: Path) -> None:
    """That a snapshot is whole and of a known schema, without making a store of it. It may lose its name once it is
    open, and does. Raises BackupError, SchemaError, DatabaseDamagedError."""
    with named_errors(), contextlib.closing(sqlite3.connect(":memory:", isolation_level=None, uri=True)) as connection:
        _attach(connection, snapshot, forget_name=True)
        apply_migrations(connection, _steps_of_source(connection))
        check_schema(connection)


def _attach(connection: sqlite3.Connection, snapshot: Path, *, forget_name: bool = False) -> None:
    """As source, which is no code of ours, read-only."""
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("ATTACH ? AS source", (f"{snapshot.absolute().as_uri()}?mode=ro&immutable=1",))
    if forget_name:
        snapshot.unlink()
    if [row[0] for row in connection.execute("PRAGMA source.quick_check(1)")] != ["ok"]:
        raise BackupError("the store in the backup is damaged; use another backup")


def _steps_of_source(connection: sqlite3.Connection) -> tuple[Migration, ...]:
    """The steps that the attached snapshot has. Raises BackupError, or SchemaError for one of a newer version."""
    kinds = {row[1]: row[2] for row in connection.execute("PRAGMA source.table_list") if row[0] == "source"}
    if kinds.get("migration") != "table":
        raise BackupError("the backup holds no store of this software", reason="content")
    names = tuple(str(row[0]) for row in connection.execute("SELECT name FROM source.migration ORDER BY number"))
    if not names or names != tuple(step.name for step in MIGRATIONS[: len(names)]):
        raise SchemaError("the database was written by a newer version of this software; install that version")
    return MIGRATIONS[: len(names)]
