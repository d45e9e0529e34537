"""Subjects by the words of their names: a table of its own, so that a search by name reads no row of other people.

`tokens_of` is the one place where words become what is stored and looked for.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

from index.store.name_words import words_of

log = logging.getLogger(__name__)

_FILL_ROWS: Final = 16_384
# Fewer are done in a moment.
_TOLD_FROM_COUNT: Final = 50_000


def tokens_of(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """What stands for the words of a name in this store, each once."""
    del connection
    return words_of(name)


def put_name(connection: sqlite3.Connection, subject_number: int, name: str) -> None:
    """From now on the subject is found by the words of this name and by no others."""
    connection.execute("DELETE FROM subject_name_token WHERE subject_number = ?", (subject_number,))
    connection.executemany(
        "INSERT INTO subject_name_token (token, subject_number) VALUES (?, ?)",
        [(token, subject_number) for token in tokens_of(connection, name)],
    )


def fill_names(connection: sqlite3.Connection) -> None:
    """The step that brings the table to an older store."""
    (count,) = connection.execute("SELECT count(*) FROM subject").fetchone()
    last_number = done_count = 0
    while True:
        rows = connection.execute(
            "SELECT subject_number, display_name FROM subject WHERE subject_number > ? ORDER BY 1 LIMIT ?",
            (last_number, _FILL_ROWS),
        ).fetchall()
        if not rows:
            return
        connection.executemany(
            "INSERT INTO subject_name_token (token, subject_number) VALUES (?, ?)",
            [(token, number) for number, name in rows for token in tokens_of(connection, name)],
        )
        last_number, done_count = rows[-1][0], done_count + len(rows)
        if count >= _TOLD_FROM_COUNT:
            log.warning("listing the words of the stored names, once: %d of %d", done_count, count)
