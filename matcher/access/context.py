"""Who asks, in which case and why; checked before anything else happens."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.access.wording import ID, PURPOSE, check_text
from matcher.errors import RequestError


def check_access(context: AccessContext) -> None:
    """A search needs operator, case and purpose. Raises RequestError naming the field."""
    for name in ("operator_id", "case_number", "purpose"):
        if not getattr(context, name).strip():
            raise RequestError(f"{name} is required for a search", field=f"access.{name}")
    check_access_lengths(context)


def check_access_lengths(context: AccessContext) -> None:
    """What goes into the audit record is bounded. Raises RequestError naming the field."""
    for name in ("operator_id", "case_number", "purpose", "station_id"):
        check_text(getattr(context, name), PURPOSE if name == "purpose" else ID, field=f"access.{name}")


@dataclass(frozen=True, slots=True)
class AccessContext:
    """Who asks and why. operator_id, case_number and purpose are required for every search.

    peer: transport address or certificate name, filled in by the server.
    """

    operator_id: str
    case_number: str
    purpose: str
    station_id: str = ""
    peer: str = ""
