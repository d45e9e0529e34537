"""Standard health, with how far the opening is in the trailing metadata of a check."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2

from index.errors import DatabaseError
from matcher.server.peers import share_of

PROGRESS_KEY: Final = "x-progress"
SET_ASIDE_KEY: Final = "x-set-aside"
NOT_SEARCHED_KEY: Final = "x-not-searched"
BUSY_KEY: Final = "x-busy"
SERVICE_NAME: Final = health.SERVICE_NAME


def never_full(_peer: str) -> str:
    """Of a server that bounds nothing."""
    return ""


def none() -> int:
    """Before the database is open."""
    return 0


def _counted(count: Callable[[], int]) -> int:
    with contextlib.suppress(DatabaseError):
        return count()
    return 0


class HealthReport(health.HealthServicer):  # type: ignore[misc]  # grpc brings no types
    """grpc.health.v1: NOT_SERVING until the index is verified. progress: "stage done/total", "" when there is none.
    count_set_aside: how many references are damaged and not searched. count_not_searched: how many are of packs that
    are not loaded. full: "taken/places" where a call of whoever asks (see share_of) would be refused now. A server that
    is busy serves: whoever starts it again helps nobody."""

    def __init__(self, service_names: tuple[str, ...], *, full: Callable[[str], str] = never_full) -> None:
        super().__init__()
        self._full = full
        self._service_names = service_names
        self.progress = ""
        self.count_set_aside: Callable[[], int] = none
        self.count_not_searched: Callable[[], int] = none
        self.tell(serving=False)

    def set_aside_count(self) -> int:
        """References that are damaged and not searched; 0 where the store cannot be asked."""
        return _counted(self.count_set_aside)

    def not_searched_count(self) -> int:
        """References of packs that are not loaded; 0 where the store cannot be asked."""
        return _counted(self.count_not_searched)

    def tell(self, *, serving: bool) -> None:
        """Sets the answer for the server as a whole and for each service."""
        states = health_pb2.HealthCheckResponse
        for name in ("", *self._service_names):
            self.set(name, states.SERVING if serving else states.NOT_SERVING)

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        told = [(PROGRESS_KEY, self.progress)] if self.progress else []
        if count := self.set_aside_count():
            told.append((SET_ASIDE_KEY, str(count)))
        if count := self.not_searched_count():
            told.append((NOT_SEARCHED_KEY, str(count)))
        if full := self._full(share_of(context)):
            told.append((BUSY_KEY, full))
        if told:
            context.set_trailing_metadata(tuple(told))
        return super().Check(request, context)
