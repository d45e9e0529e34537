"""Group commit: work of concurrent threads shares one trip to the disk, each acknowledged after it.

The first thread to arrive becomes the leader: it does the work of all that wait by then, and hands over to one that
arrived meanwhile. So there is no thread of its own, a lone caller waits for nobody, and a caller goes on as soon as its
work is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")


class Ticket(Generic[Item]):
    """One waiting item. The runner sets result or error."""

    __slots__ = ("error", "is_abandoned", "is_chosen", "is_done", "item", "result", "wake")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Any = None
        self.error: BaseException | None = None
        self.is_done = False
        self.is_abandoned = False
        self.is_chosen = False
        # Released when the item is done or its thread is to work for the others.
        self.wake = threading.Lock()
        self.wake.acquire()


class GroupCommit(Generic[Item]):
    """Runs items in the order in which they were submitted, in groups. Thread safe."""

    def __init__(self, run: Callable[[Sequence[Ticket[Item]]], None], *, max_group_count: int) -> None:
        """run: handles a group, one call at a time; what it raises, every ticket of the group without an error of its
        own raises (see error_of_one). max_group_count bounds how long the first of a group waits for the last."""
        self._run = run
        self._max_group_count = max_group_count
        self._pending: list[Ticket[Item]] = []
        self._has_leader = False
        self._mutex = threading.Lock()
        self._work = threading.Lock()

    @property
    def pending_count(self) -> int:
        """Items that wait for their group."""
        return len(self._pending)

    def submit(self, item: Item) -> Any:
        """The result of the item once its group is through; raises its error."""
        ticket = Ticket(item)
        with self._mutex:
            self._pending.append(ticket)
            leads = not self._has_leader
            self._has_leader = True
        while not ticket.is_done:
            if leads:
                self._lead()
                leads = False
            else:
                self._wait(ticket)
                leads = not ticket.is_done
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A block during which no group runs."""
        with self._work:
            yield

    def _wait(self, ticket: Ticket[Item]) -> None:
        try:
            ticket.wake.acquire()
        except BaseException:
            # Interrupted: the item is carried out all the same, by others, who must not wait for this thread.
            with self._mutex:
                ticket.is_abandoned = True
                was_chosen = ticket.is_chosen and not ticket.is_done
            if was_chosen:
                self._hand_over()
            raise

    def _lead(self) -> None:
        try:
            with self._work:
                with self._mutex:
                    group = self._pending[: self._max_group_count]
                    del self._pending[: self._max_group_count]
                self._run_group(group)
        finally:
            self._hand_over()

    def _hand_over(self) -> None:
        with self._mutex:
            following = next((ticket for ticket in self._pending if not ticket.is_abandoned), None)
            if following is None:
                self._has_leader = False
            else:
                following.is_chosen = True
                following.wake.release()

    def _run_group(self, group: Sequence[Ticket[Item]]) -> None:
        try:
            self._run(group)
        except BaseException as error:
            for ticket in group:
                ticket.error = ticket.error or error_of_one(error)
            if not isinstance(error, Exception):
                raise
        finally:
            with self._mutex:
                for ticket in group:
                    ticket.is_done = True
                    if ticket.wake.locked():
                        ticket.wake.release()


def error_of_one(error: BaseException) -> BaseException:
    """A copy, since each waiting thread raises an error of its own: one object must not collect many tracebacks."""
    if type(error).__init__ is not Exception.__init__:
        return error
    copy = type(error)(*error.args)
    copy.__cause__ = error
    return copy
