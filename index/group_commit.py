"""Group commit: work of concurrent threads shares one trip to the disk, each acknowledged after it.

Whoever gets the lock does the work of all who wait for it, so there is no thread of its own and a lone caller waits
for nobody. While one group waits for the disk the next one gathers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Ticket(Generic[Item]):
    """One waiting item. The runner sets result or error; done is set last, under the lock."""

    __slots__ = ("done", "error", "item", "result")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Any = None
        self.error: BaseException | None = None
        self.done = False


class GroupCommit(Generic[Item]):
    """Runs items in the order in which they were submitted, in groups. Thread safe."""

    def __init__(self, run: Callable[[Sequence[Ticket[Item]]], None], *, max_group_count: int) -> None:
        """run: handles a group, one call at a time; what it raises, every ticket of the group without an error of its
        own raises (see error_of_one). max_group_count bounds how long the first of a group waits for the last."""
        self._run = run
        self._max_group_count = max_group_count
        self._pending: list[Ticket[Item]] = []
        self._pending_lock = threading.Lock()
        self._lock = threading.Lock()

    def submit(self, item: Item) -> Any:
        """The result of the item once its group is through; raises its error."""
        ticket = Ticket(item)
        with self._pending_lock:
            self._pending.append(ticket)
        while not ticket.done:
            with self._lock:
                if not ticket.done:
                    with self._pending_lock:
                        group = self._pending[: self._max_group_count]
                        del self._pending[: self._max_group_count]
                    self._run_group(group)
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A block during which no group runs."""
        with self._lock:
            yield

    def _run_group(self, group: Sequence[Ticket[Item]]) -> None:
        try:
            self._run(group)
        except BaseException as error:
            for ticket in group:
                ticket.error = ticket.error or error_of_one(error)
            if not isinstance(error, Exception):
                raise
        finally:
            for ticket in group:
                ticket.done = True


def error_of_one(error: BaseException) -> BaseException:
    """A copy, since each waiting thread raises an error of its own: one object must not collect many tracebacks."""
    if type(error).__init__ is not Exception.__init__:
        return error
    copy = type(error)(*error.args)
    copy.__cause__ = error
    return copy
