"""Which subjects pass a query, page by page and counted.

Each condition is a table with a column subject_number. The rarest of them is walked in the order of the numbers, the
others are asked of each of its rows, so that a page costs what it shows and no list of everybody is made.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from functools import partial

from index.errors import DatabaseError
from index.records import SubjectQuery
from index.store.sqlite.galleries import gallery_number
from index.store.sqlite.look_ups import numbers_with
from index.store.sqlite.name_tokens import are_keyed, tokens_of
from index.store.sqlite.rows import marks
from index.store.sqlite.subjects import SubjectRow, find_by_external_id, find_by_numbers

# Above the last code point, so that every longer word lies below.
_AFTER_ALL_LETTERS = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class _Condition:
    """where: on the columns of the table, with the values of its placeholders. is_unique: no subject has two rows."""

    table: str
    where: str
    values: tuple[object, ...]
    is_unique: bool = True


class PassingSubjects:
    """Those that pass a query, for one thread. Raises GalleryNotFoundError, DatabaseError where a name has no letter or
    digit."""

    def __init__(self, connection: sqlite3.Connection, query: SubjectQuery) -> None:
        self._connection = connection
        conditions = _conditions(connection, query)
        if len(conditions) > 1:
            conditions.sort(key=partial(_row_count, connection))
        walked, others = conditions[0], conditions[1:]
        self._among = " AND ".join([f"FROM {walked.table} AS one WHERE {walked.where}", *map(_asked_of_each, others)])
        self._values = tuple(value for condition in conditions for value in condition.values)
        self._is_unique = walked.is_unique

    def after(self, last_number: int, limit: int) -> list[SubjectRow]:
        """Up to limit of them with higher numbers, in the order in which they came; damaged ones are left out."""
        distinct = "" if self._is_unique else "DISTINCT"
        statement = f"SELECT {distinct} one.subject_number {self._among} AND one.subject_number > ? ORDER BY 1 LIMIT ?"
        found: list[SubjectRow] = []
        while len(found) < limit:
            rows = self._connection.execute(statement, (*self._values, last_number, limit - len(found))).fetchall()
            if not rows:
                break
            found += find_by_numbers(self._connection, [row[0] for row in rows])
            last_number = rows[-1][0]
        return found

    def count(self) -> int:
        """How many there are."""
        what = "*" if self._is_unique else "DISTINCT one.subject_number"
        return int(self._connection.execute(f"SELECT count({what}) {self._among}", self._values).fetchone()[0])


def _asked_of_each(condition: _Condition) -> str:
    return f"EXISTS (SELECT 1 FROM {condition.table} WHERE subject_number = one.subject_number AND {condition.where})"  # noqa: S608


def _conditions(connection: sqlite3.Connection, query: SubjectQuery) -> list[_Condition]:
    found = []
    if query.gallery_id:
        number = gallery_number(connection, query.gallery_id)
        found.append(_Condition("membership", "gallery_number = ?", (number,)))
    if query.external_id:
        row = find_by_external_id(connection, query.external_id)
        found.append(_Condition("subject", "subject_number = ?", (row.subject_number if row else 0,)))
    if query.document_number:
        numbers = numbers_with(connection, query.document_number) or (0,)
        found.append(_Condition("subject", f"subject_number IN ({marks(numbers)})", numbers))
    if query.name:
        tokens = tokens_of(connection, query.name, by_beginnings=query.by_word_beginnings)
        if not tokens:
            raise DatabaseError("a name to search for needs a letter or digit")
        by_range = query.by_word_beginnings and not are_keyed(connection)
        found += [_of_token(token, by_range) for token in tokens]
    return found or [_Condition("subject", "1", ())]


def _of_token(token: str, by_range: bool) -> _Condition:
    if by_range:
        between = (token, token + _AFTER_ALL_LETTERS)
        return _Condition("subject_name_token", "token BETWEEN ? AND ?", between, is_unique=False)
    return _Condition("subject_name_token", "token = ?", (token,))


def _row_count(connection: sqlite3.Connection, condition: _Condition) -> int:
    counted = connection.execute(f"SELECT count(*) FROM {condition.table} WHERE {condition.where}", condition.values)  # noqa: S608
    return int(counted.fetchone()[0])
