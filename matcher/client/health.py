"""What a server says of its health, beside whether it serves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

# Trailing metadata of a check; docs/service.md says what each means.
_PROGRESS_KEY: Final = "x-progress"
_BUSY_KEY: Final = "x-busy"
_SET_ASIDE_KEY: Final = "x-set-aside"
_NOT_SEARCHED_KEY: Final = "x-not-searched"


@dataclass(frozen=True, slots=True)
class ServerHealth:
    """is_answering: the server was reached and answered. is_serving: it is ready for every call. progress: what it does
    before it serves, "stage done/total" or "stage", "" where it says nothing. busy: "taken/places" where a call would
    be refused as busy now, else "". set_aside_count: references that are damaged and not searched.
    not_searched_count: references of packs that are not loaded."""

    is_answering: bool = False
    is_serving: bool = False
    progress: str = ""
    busy: str = ""
    set_aside_count: int = 0
    not_searched_count: int = 0


def health_of(*, is_serving: bool, trailer: Iterable[tuple[str, str | bytes]]) -> ServerHealth:
    """The answer of a check with what its trailing metadata add."""
    said = {key: value for key, value in trailer if isinstance(value, str)}
    return ServerHealth(
        is_answering=True,
        is_serving=is_serving,
        progress=said.get(_PROGRESS_KEY, ""),
        busy=said.get(_BUSY_KEY, ""),
        set_aside_count=_count(said.get(_SET_ASIDE_KEY, "")),
        not_searched_count=_count(said.get(_NOT_SEARCHED_KEY, "")),
    )


def _count(said: str) -> int:
    return int(said) if said.isascii() and said.isdigit() else 0
