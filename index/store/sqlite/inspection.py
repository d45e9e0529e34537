"""What no read meets: the parts of a store, its keys and its vault that answer for no row, or that rows only name."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from typing import Final

from index.errors import EncryptionKeyError
from index.keys.seals import Seals
from index.receipts import OpenProgress, Problem, ReportProgress
from index.store.sqlite.migrations import apply_migrations
from index.store.sqlite.page_inspection import PageFindings
from index.store.sqlite.row_checks import fits
from index.store.vault import Vault

_NUMBERED: Final = (("subject", "subject_number"), ("gallery", "gallery_number"), ("reference", "reference_id"))
_REPORTED_COUNT: Final = 256


def of_store(connection: sqlite3.Connection, pages: PageFindings) -> tuple[Problem, ...]:
    """Of the file, whose pages were read. connection: nobody writes meanwhile."""
    found = []
    if not pages.header_fits:
        found.append(Problem("header"))
    if pages.free:
        found.append(Problem("free_pages", len(pages.free)))
    if pages.unused:
        found.append(Problem("unused_space", len(pages.unused)))
    if pages.tails:
        found.append(Problem("row_tails", len(pages.tails)))
    differing = sorted(_schema(connection).symmetric_difference(_known_schema()))
    if differing:
        found.append(Problem("schema", len({name for _, name, _ in differing}), differing[0][1]))
    for table, number in _NUMBERED:
        (given,) = connection.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
        (highest,) = connection.execute(f"SELECT max({number}) FROM {table}").fetchone()  # noqa: S608
        if highest is not None and (not isinstance(given, int) or given < highest):
            found.append(Problem("numbers", said=table))
    return tuple(found)


def of_keys(connection: sqlite3.Connection, seals: Seals, report: ReportProgress) -> tuple[Problem, ...]:
    """Of every slot: those in use that do not open, and those that are neither erased nor open and nobody's."""
    used = set[int]()
    for table, key in (("subject_seal", "key_number"), ("reference_digest", "reference_key"), ("image", "key_number")):
        statement = f"SELECT {key} FROM {table} WHERE {key} IS NOT NULL AND {fits(connection, table)}"  # noqa: S608
        used.update(row[0] for row in connection.execute(statement))
    damaged = seals.damaged_slots(lambda done, total: report(OpenProgress("keys", done, total)))
    lost = {number for number in used if number in damaged or not seals.has_secret(number)}
    problems = []
    if lost:
        problems.append(Problem("key_slots", len(lost)))
    if damaged - lost:
        problems.append(Problem("key_slots_unused", len(damaged - lost)))
    return tuple(problems)


def of_vault(connection: sqlite3.Connection, vault: Vault, report: ReportProgress) -> tuple[Problem, ...]:
    """Of every image: that it opens and is the one that came; and of files that are nobody's."""
    rows = connection.execute(
        f"SELECT file_name, key_number, size_bytes, CAST(sha256 AS BLOB) FROM image WHERE {fits(connection, 'image')}"  # noqa: S608
    ).fetchall()
    damaged_count = 0
    for done, (name, key, size_bytes, sha256) in enumerate(rows):
        if done % _REPORTED_COUNT == 0:
            report(OpenProgress("images", done, len(rows)))
        content = None
        with contextlib.suppress(EncryptionKeyError):
            content = vault.read(name, key)
        # One that is gone is missing already.
        is_whole = content is not None and len(content) == size_bytes
        is_whole = is_whole and hashlib.sha256(content or b"").hexdigest().encode() == sha256
        damaged_count += not is_whole and vault.holds(name)
    report(OpenProgress("images", len(rows), len(rows)))
    named = {row[0] for row in connection.execute("SELECT file_name FROM image")}
    stray_count = sum(name not in named for name in vault.names())
    problems = []
    if damaged_count:
        problems.append(Problem("images", damaged_count))
    if stray_count:
        problems.append(Problem("stray_files", stray_count))
    return tuple(problems)


def _schema(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """(kind, name, how it was made)."""
    rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM main.sqlite_schema")
    return {(str(kind), str(name), str(sql)) for kind, name, sql in rows}


def _known_schema() -> set[tuple[str, str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        apply_migrations(connection)
        return _schema(connection)
