"""How values stand in rows, and statements about many of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

# The number of SQL parameters in one statement stays far below SQLite's limit of 32,766.
ROWS_A_STATEMENT = 500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(time: datetime) -> int:
    """Microseconds since 1970 in UTC. A time without a zone is taken as a mistake: ValueError."""
    if time.tzinfo is None:
        raise ValueError("a time without a time zone cannot be stored; give it in UTC")
    return (time - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The UTC time of to_microseconds."""
    return _EPOCH + value * _MICROSECOND


def parts_of(values: Sequence[object]) -> Iterator[Sequence[object]]:
    """values in parts that one statement takes.

    A connection keeps the statements that it prepared last, and one of 500 placeholders takes some tens of KiB. So
    parts have few lengths, powers of two: the last value stands in them as often as is needed, which changes nothing
    in what is meant.
    """
    for start in range(0, len(values), ROWS_A_STATEMENT):
        part = values[start : start + ROWS_A_STATEMENT]
        length = min(1 << (len(part) - 1).bit_length(), ROWS_A_STATEMENT)
        yield [*part, *(part[-1],) * (length - len(part))]


def marks(values: Sequence[object]) -> str:
    """Placeholders for values."""
    return ",".join("?" * len(values))
