"""Rows from a store that came from outside into one made here, table by table; what is not of the schema is refused."""

from __future__ import annotations

import sqlite3
from typing import Final

from index.errors import BackupError
from index.store.sqlite.row_checks import leave_checks

# What holds for the files of the store that was backed up, and not for those of a restored one.
_LEFT_OUT: Final = frozenset({"cache_mark", "erasure", "erased_file", "erased_key", "migration"})
# SQLite's own: the highest number given of each table.
_SEQUENCE: Final = "sqlite_sequence"


def copy_known_rows(connection: sqlite3.Connection) -> None:
    """From the database attached as source into main, which has the tables of the source's schema step and no rows.

    Raises BackupError naming what the source has too much or too little: a table, column, view, trigger or index.
    """
    tables = check_schema(connection)
    # The rows come with their checks: what was damaged there is damaged here.
    leave_checks(connection)
    connection.execute("BEGIN")
    try:
        for table in tables:
            names = ", ".join(column[0] for column in _columns(connection, "main", table))
            connection.execute(f"DELETE FROM main.{table}")  # noqa: S608
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM source.{table}")  # noqa: S608
        _copy_sequences(connection, tables)
        if connection.execute("PRAGMA main.foreign_key_check").fetchone():
            raise BackupError("rows of the backup refer to rows that it does not hold; use another backup")
        connection.execute("COMMIT")
    except sqlite3.IntegrityError as error:
        raise BackupError("a row of the backup is not one that this software writes", reason="content") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def check_schema(connection: sqlite3.Connection) -> list[str]:
    """The tables to copy, where source has the schema of main. Raises BackupError, see copy_known_rows."""
    _check_objects(connection)
    tables = [name for name in _tables(connection, "main") if name not in _LEFT_OUT]
    for table in tables:
        _check_columns(connection, table)
    return tables


def _check_objects(connection: sqlite3.Connection) -> None:
    """Same tables and indexes by name, and nothing that runs."""
    known, found = ({*_objects(connection, schema)} for schema in ("main", "source"))
    for kind, name in sorted(found - known):
        raise BackupError(f"the backup holds what is no part of its schema: {kind} {name[:80]!a}", reason="content")
    for kind, name in sorted(known - found):
        raise BackupError(f"the backup lacks a part of its schema: {kind} {name}", reason="content")


def _check_columns(connection: sqlite3.Connection, table: str) -> None:
    known, found = ({*_columns(connection, schema, table)} for schema in ("main", "source"))
    for name, *_ in sorted(found ^ known):
        raise BackupError(f"a column of the backup is none of its schema: {table}.{name[:80]!a}", reason="content")


def _objects(connection: sqlite3.Connection, schema: str) -> list[tuple[str, str]]:
    """(kind, name). The kind of a table is what SQLite makes of it, so that a virtual one or a view is none."""
    kinds = {row[1]: row[2] for row in connection.execute(f"PRAGMA {schema}.table_list") if row[0] == schema}
    rows = connection.execute(f"SELECT type, name FROM {schema}.sqlite_schema")  # noqa: S608
    return [(kinds.get(name, kind) if kind == "table" else str(kind), str(name)) for kind, name in rows]


def _tables(connection: sqlite3.Connection, schema: str) -> list[str]:
    return [name for kind, name in _objects(connection, schema) if kind == "table" and name != _SEQUENCE]


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> list[tuple[str, str, int, int, int]]:
    """(name, type, not null, place in the primary key, hidden or generated) of every column."""
    rows = connection.execute(f"PRAGMA {schema}.table_xinfo({table})")
    return [(str(name), str(kind), not_null, key, hidden) for _, name, kind, not_null, _, key, hidden in rows]


def _copy_sequences(connection: sqlite3.Connection, tables: list[str]) -> None:
    highest: dict[str, int] = {}
    for name, number in connection.execute(f"SELECT name, seq FROM source.{_SEQUENCE}"):  # noqa: S608
        if name not in tables or not isinstance(number, int) or number < 0:
            raise BackupError("the numbers of the backup are none that this software writes", reason="content")
        highest[name] = max(highest.get(name, 0), number)
    for name, number in highest.items():
        given = connection.execute(f"UPDATE main.{_SEQUENCE} SET seq = max(seq, ?) WHERE name = ?", (number, name))  # noqa: S608
        if given.rowcount == 0:
            connection.execute(f"INSERT INTO main.{_SEQUENCE} VALUES (?, ?)", (name, number))  # noqa: S608
