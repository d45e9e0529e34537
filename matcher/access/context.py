"""Who asks, in which case and why; checked before anything else happens."""

from __future__ import annotations

from dataclasses import dataclass

from matcher.access.wording import ID, PURPOSE, check_text, is_meaningful
from matcher.errors import RequestError
from matcher.texts.catalog import told


def check_caller(context: AccessContext) -> None:
    """Every call has an operator. Raises RequestError naming the field."""
    _check(context, "operator_id")


def check_change(context: AccessContext) -> None:
    """Every change has an operator and a purpose. Raises RequestError naming the field."""
    _check(context, "operator_id", "purpose")


def check_comparison(context: AccessContext) -> None:
    """Every comparison has an operator, a case and a purpose. Raises RequestError naming the field."""
    _check(context, "operator_id", "case_number", "purpose")


def _check(context: AccessContext, *needed: str) -> None:
    """What is needed says something, and what goes into the audit record is bounded."""
    for name in needed:
        if not is_meaningful(getattr(context, name)):
            raise RequestError(told("field.access", name=name), field=f"access.{name}")
    for name in ("operator_id", "case_number", "purpose", "station_id"):
        check_text(getattr(context, name), PURPOSE if name == "purpose" else ID, field=f"access.{name}")


@dataclass(frozen=True, slots=True)
class AccessContext:
    """Who asks and why. Every call needs operator_id, every change purpose too, and every comparison all three.

    peer: transport address or certificate name, filled in by the server.
    """

    operator_id: str
    case_number: str
    purpose: str
    station_id: str = ""
    peer: str = ""
