"""Subjects by the words of their names: a table of its own, so that a search by name reads no row of other people.

`tokens_of` and `stored_tokens` are the one place where words become what is looked for and stored: in an encrypted
store keyed hashes, of the word and of each of its beginnings, for which one range scan serves in a plain one.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import Final

from index.store.name_words import words_of
from index.store.sqlite.connection import seals_of

log = logging.getLogger(__name__)

# Of keyed hashes: longer beginnings of words are looked for by so many letters.
MAX_BEGINNING: Final = 24
_WORD, _BEGINNING = "=", "^"
_FILL_ROWS: Final = 16_384
# Fewer are done in a moment.
_TOLD_FROM_COUNT: Final = 50_000


def tokens_of(connection: sqlite3.Connection, name: str, *, by_beginnings: bool = False) -> tuple[str, ...]:
    """What stands for the words of a name in this store, each once. by_beginnings: they are beginnings of words."""
    seals = seals_of(connection)
    words = words_of(name)
    if seals is None:
        return words
    if by_beginnings:
        return tuple(dict.fromkeys(seals.name_token(_BEGINNING + word[:MAX_BEGINNING]) for word in words))
    return tuple(seals.name_token(_WORD + word) for word in words)


def are_keyed(connection: sqlite3.Connection) -> bool:
    """Whether beginnings have tokens of their own, which are looked for like words."""
    return seals_of(connection) is not None


def stored_tokens(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    """What is stored of a name, each once."""
    seals = seals_of(connection)
    words = words_of(name)
    if seals is None:
        return words
    return tuple(dict.fromkeys(token for word in words for token in seals.name_tokens(word, _forms_of)))


def _forms_of(word: str) -> list[str]:
    """The word and each of its beginnings, marked."""
    longest = min(len(word), MAX_BEGINNING)
    return [_WORD + word, *(_BEGINNING + word[:length] for length in range(1, longest + 1))]


def put_names(connection: sqlite3.Connection, subject_number: int, *names: str) -> None:
    """From now on the subject is found by the words of these names and by no others."""
    connection.execute("DELETE FROM subject_name_token WHERE subject_number = ?", (subject_number,))
    add_names(connection, subject_number, *names)


def add_names(connection: sqlite3.Connection, subject_number: int, *names: str) -> None:
    """From now on the subject is also found by the words of these names."""
    connection.executemany(
        "INSERT OR IGNORE INTO subject_name_token (token, subject_number) VALUES (?, ?)",
        [(token, subject_number) for token in stored_tokens(connection, " ".join(names))],
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
            [(token, number) for number, name in rows for token in stored_tokens(connection, name)],
        )
        last_number, done_count = rows[-1][0], done_count + len(rows)
        if count >= _TOLD_FROM_COUNT:
            log.warning("listing the words of the stored names, once: %d of %d", done_count, count)
