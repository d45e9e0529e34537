"""A check in every row, by which one that changed on the disk is noticed when it is read, and by `index verify`.

BLAKE2b of 16 bytes of all that stands in the row, in its column `row_check`; of references and templates the digests
stand in a table of their own (row_digests.py). Whoever writes need
not think of it: the connection that writes has temporary triggers, which stand in no file and so come with none.

They are no secret and keep nobody out who writes the file; they tell a flipped bit. A row that does not fit is named in
the log once, kept, and left out of what is read; what it says of a person is never told.

Rows of before there were checks get theirs once: those of small tables in the step that brings the column, those of
large ones after it, in portions (make_due_checks). The setting DUE names the tables whose turn is still to come; until
then a row of them that has none fits.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Final

COLUMN: Final = "row_check"
CHECK_BYTES: Final = 16
# Of a row that is written before its check, which then takes no more room than this.
NO_CHECK: Final = f"x'{bytes(CHECK_BYTES).hex()}'"
# Tables without the column: see the module; what subjects are found by follows from their records and is compared with
# them (look_ups.py); migration is compared with the steps that are known at each start.
UNCHECKED: Final = frozenset({"reference", "template", "subject_name_token", "document_token", "migration"})
# Tables whose damage makes a subject one that is not searched: who it is, and whether it may be.
SUBJECT_TABLES: Final = frozenset({"subject"})
# Names of tables, with a space between them.
DUE: Final = "row_checks_due"
# Fewer are done in a moment.
PORTIONS_FROM_COUNT: Final = 50_000
# Some 25 MiB of write-ahead log, about a second.
PORTION_COUNT: Final = 200_000
# Their keys are what a client chose.
_NAMELESS: Final = frozenset({"request"})

log = logging.getLogger(__name__)
Columns = Mapping[str, tuple[tuple[str, str], ...]]


class FoundDamage:
    """Rows that did not fit, of one store and all of its connections. Thread safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: set[tuple[str, bytes]] = set()
        self._subjects: set[int] = set()

    def note(self, table: str, key: bytes) -> None:
        """The row of this key does not fit; named in the log at the first time."""
        with self._lock:
            is_new = (table, key) not in self._rows
            self._rows.add((table, key))
            if table in SUBJECT_TABLES and key.isdigit():
                self._subjects.add(int(key))
        if is_new:
            log.error("%s is damaged in the store; it is kept and left out", named(table, key))

    def take_subjects(self) -> tuple[int, ...]:
        """Numbers of subjects noted since the last call."""
        with self._lock:
            found, self._subjects = tuple(self._subjects), set()
        return found


class CheckedConnection(sqlite3.Connection):
    """A connection that knows the check of a row. damage: where it notes the rows that do not fit."""

    damage: FoundDamage | None = None
    # SQL by table and prefix, see fits.
    tests: dict[tuple[str, str], str]


def named(table: str, key: bytes) -> str:
    """A row as problems and the log name it; the keys are numbers and names of the store."""
    said = ascii(key[:60].decode("ascii", "backslashreplace"))[1:-1]
    return f"a row of the table {table}" + ("" if table in _NAMELESS else f" ({said})")


def add_functions(connection: sqlite3.Connection) -> None:
    """For every connection that uses `fits` or `keep_checks`."""

    def note(table: str, key: bytes) -> int:
        if isinstance(connection, CheckedConnection) and connection.damage is not None:
            connection.damage.note(table, key)
        return 0

    connection.create_function("check_of_row", -1, _check_of, deterministic=True)
    connection.create_function("note_damage", 2, note)


def fits(connection: sqlite3.Connection, table: str, of: str = "") -> str:
    """SQL of a condition on a row: that it is as it was written. One that is not is noted. of: the name by which the
    statement calls the table, where a bare column could be of another."""
    of = f"{of}." if of else ""
    if not isinstance(connection, CheckedConnection):
        add_functions(connection)
        return _test(connection, table, of)
    if (table, of) not in connection.tests:
        connection.tests[table, of] = _test(connection, table, of)
    return connection.tests[table, of]


def keep_checks(connection: sqlite3.Connection) -> None:
    """From now on each row that this connection writes has its check. Replaces what it kept before."""
    add_functions(connection)
    leave_checks(connection)
    if isinstance(connection, CheckedConnection):
        connection.tests.clear()
    for table, columns in _checked_tables(connection).items():
        key = " AND ".join(f"{name} IS NEW.{name}" for name in _key_columns(connection, table))
        put = f"UPDATE {table} SET {COLUMN} = {_check_sql(columns, 'NEW.')} WHERE {key}"  # noqa: S608
        names = ", ".join(name for name, _ in columns)
        connection.execute(f"CREATE TEMP TRIGGER check_{table}_new AFTER INSERT ON main.{table} BEGIN {put}; END")
        connection.execute(
            f"CREATE TEMP TRIGGER check_{table}_changed AFTER UPDATE OF {names} ON main.{table} BEGIN {put}; END"
        )


def leave_checks(connection: sqlite3.Connection) -> None:
    """Rows that this connection writes keep the checks that they come with."""
    triggers = connection.execute("SELECT name FROM temp.sqlite_schema WHERE type = 'trigger' AND name LIKE 'check_%'")
    for (name,) in triggers.fetchall():
        connection.execute(f"DROP TRIGGER temp.{name}")


def columns_checked(connection: sqlite3.Connection) -> Columns:
    """(name, type) of the columns that checks cover, by table."""
    return _checked_tables(connection)


def renew_checks(connection: sqlite3.Connection, before: Columns) -> tuple[str, ...]:
    """Inside a step that changed the schema: make the checks of tables that had none, and anew of those whose columns
    are others now, where the row fitted. before: what columns_checked said. Returns the tables without checks that have
    so many rows that they are left to make_due_checks, for note_due."""
    due = []
    for table, columns in _checked_tables(connection).items():
        if before.get(table) == columns:
            continue
        where = f"WHERE {COLUMN} = {_check_sql(before[table])}" if table in before else ""
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
        if count >= PORTIONS_FROM_COUNT and table not in before:
            due.append(table)
        else:
            connection.execute(f"UPDATE {table} SET {COLUMN} = {_check_sql(columns)} {where}")  # noqa: S608
    return tuple(due)


def note_due(connection: sqlite3.Connection, tables: Sequence[str]) -> None:
    """Rows of these tables have no check yet. For use inside a transaction, of a connection that keeps checks."""
    if tables:
        connection.execute("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", (DUE, " ".join(tables)))
    else:
        connection.execute("DELETE FROM setting WHERE name = ?", (DUE,))
    if isinstance(connection, CheckedConnection):
        connection.tests.clear()


def tables_due(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Tables of which rows may have no check yet."""
    row = connection.execute("SELECT CAST(value AS BLOB) FROM setting WHERE name = ?", (DUE,)).fetchone()
    named = set() if row is None else set(bytes(row[0]).decode(errors="replace").split())
    return tuple(table for table in _checked_tables(connection) if table in named) if named else ()


def make_due_checks(
    connection: sqlite3.Connection, *, in_commit: Callable[[], None], report: Callable[[int, int], None]
) -> None:
    """Make what is due, a portion of rows to a transaction: what a killed process made is kept, and the write-ahead log
    stays short where it is moved into the store in between.

    connection: it keeps checks. in_commit: called inside each transaction. report: before the first and after each,
    with the rows done and all that were to be done; what it raises ends the work, which goes on at the next start.
    """
    due = tables_due(connection)
    missing = {table: _count_without(connection, table) for table in due}
    done_count = 0
    report(done_count, sum(missing.values()))
    for number, table in enumerate(due):
        count = PORTION_COUNT
        while count == PORTION_COUNT:
            connection.execute("BEGIN IMMEDIATE")
            try:
                count = _make_portion(connection, table)
                if count < PORTION_COUNT:
                    note_due(connection, due[number + 1 :])
                in_commit()
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            done_count += count
            report(done_count, sum(missing.values()))


def _make_portion(connection: sqlite3.Connection, table: str) -> int:
    """How many checks were made; fewer than a portion: there are no more to make."""
    key = ", ".join(_key_columns(connection, table))
    check = _check_sql(_checked_tables(connection)[table])
    chosen = f"SELECT {key} FROM {table} WHERE {COLUMN} = {NO_CHECK} LIMIT {PORTION_COUNT}"  # noqa: S608
    return connection.execute(f"UPDATE {table} SET {COLUMN} = {check} WHERE ({key}) IN ({chosen})").rowcount  # noqa: S608


def _count_without(connection: sqlite3.Connection, table: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {COLUMN} = {NO_CHECK}").fetchone()  # noqa: S608
    return int(count)


def damaged_rows(connection: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    """(table, key) of every row that does not fit. Reads every row."""
    due = tables_due(connection)
    for table, columns in _checked_tables(connection).items():
        where = f"NOT ({_fits_sql(columns, is_due=table in due)})"
        for (key,) in connection.execute(f"SELECT {key_sql(connection, table)} FROM {table} WHERE {where}").fetchall():  # noqa: S608
            yield table, bytes(key)


def _checked_tables(connection: sqlite3.Connection) -> dict[str, tuple[tuple[str, str], ...]]:
    rows = connection.execute(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    )
    found = {str(name): _columns(connection, str(name)) for (name,) in rows.fetchall()}
    return {
        table: tuple(column for column in columns if column[0] != COLUMN)
        for table, columns in found.items()
        if any(name == COLUMN for name, _ in columns)
    }


def _columns(connection: sqlite3.Connection, table: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(row[1]), str(row[2])) for row in connection.execute(f"PRAGMA main.table_info({table})"))


def _key_columns(connection: sqlite3.Connection, table: str) -> list[str]:
    rows = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    return [str(row[1]) for row in sorted(rows, key=lambda row: int(row[5])) if row[5]]


def key_sql(connection: sqlite3.Connection, table: str, of: str = "") -> str:
    """SQL of the key of a row as bytes, whatever a damaged one holds."""
    said = " || ',' || ".join(f"quote({of}{name})" for name in _key_columns(connection, table))
    return f"CAST({said} AS BLOB)"


def _check_sql(columns: tuple[tuple[str, str], ...], of: str = "") -> str:
    # Texts as bytes: a flipped bit may have made them none.
    kinds = " || ".join(f"typeof({of}{name})" for name, _ in columns)
    values = ", ".join(f"CAST({of}{name} AS BLOB)" if kind == "TEXT" else f"{of}{name}" for name, kind in columns)
    return f"check_of_row({kinds}, {values})"


def _test(connection: sqlite3.Connection, table: str, of: str) -> str:
    columns = _checked_tables(connection).get(table)
    if columns is None:
        return "1"
    key = key_sql(connection, table, of)
    is_whole = _fits_sql(columns, of, is_due=table in tables_due(connection))
    return f"CASE WHEN {is_whole} THEN 1 ELSE note_damage('{table}', {key}) END"


def _fits_sql(columns: tuple[tuple[str, str], ...], of: str = "", *, is_due: bool) -> str:
    is_unmade = f" OR {of}{COLUMN} IS {NO_CHECK}" if is_due else ""
    return f"{of}{COLUMN} IS {_check_sql(columns, of)}{is_unmade}"


def _check_of(kinds: str, *values: bytes | float | str | None) -> bytes:
    """kinds: SQLite's types of the values, which a flipped bit may change."""
    contents = [value.encode() if isinstance(value, str) else value for value in values]
    head = f"{kinds} {[len(one) if isinstance(one, bytes) else one for one in contents]};".encode()
    parts = b"".join(one for one in contents if isinstance(one, bytes))
    return blake2b(head + parts, digest_size=CHECK_BYTES).digest()
