"""What the store keeps for a log outside of it, so that a change and its record in that log cannot part.

The store knows nothing of the log. Whoever changes something hands over what makes the record of the change; it is
kept in the transaction of the change and stays until it is settled, that is until the record is in the log. After a
sudden stop whoever owns the log finds here what the log may lack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Receipt = TypeVar("Receipt")


@dataclass(frozen=True, slots=True)
class OwedRecord:
    """owed_id: 1 to 2**63 - 1, random, made by the owner of the log. content: what the owner reads again."""

    owed_id: int
    content: str


# Called inside the transaction of a change with its receipt, while everybody who writes waits: quick, and calling
# nothing of the database. What it raises takes the change back.
Owe = Callable[[Receipt], OwedRecord]
