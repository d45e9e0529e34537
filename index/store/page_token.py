"""Opaque page tokens: where a list goes on. A token fits one list of one database and nothing else."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from index.errors import PageSizeError, PageTokenError

MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
_TOKEN = struct.Struct(">QQ8s")


def checked_page_size(page_size: int) -> int:
    """page_size, 0 meaning the default. Raises PageSizeError below 0 and above the maximum: who is given a shorter page
    than they asked for may take it for the last."""
    if not 0 <= page_size <= MAX_PAGE_SIZE:
        raise PageSizeError(f"page_size must be 1 to {MAX_PAGE_SIZE}, or 0 for the default")
    return page_size or DEFAULT_PAGE_SIZE


@dataclass(frozen=True, slots=True)
class PagePlace:
    """Where a list goes on. last_number: of the page before. total_count: of all pages as counted for the first; None
    where nobody has counted yet."""

    last_number: int = 0
    total_count: int | None = None


def make_page_token(last_number: int, total_count: int, *, scope: str) -> str:
    """Token of the page after last_number, which carries the count on. scope names database, list and its arguments."""
    packed = _TOKEN.pack(last_number, total_count, _digest(last_number, total_count, scope))
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def read_page_token(token: str, *, scope: str) -> PagePlace:
    """The beginning for "". Raises PageTokenError."""
    if not token:
        return PagePlace()
    try:
        packed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        number, count, digest = _TOKEN.unpack(packed)
    except (binascii.Error, struct.error, ValueError) as error:
        raise PageTokenError("page_token is not one that this list gave; start from the first page") from error
    if digest != _digest(number, count, scope):
        raise PageTokenError("page_token belongs to another list; start from the first page")
    return PagePlace(number, count)


def _digest(number: int, count: int, scope: str) -> bytes:
    return hashlib.blake2b(f"{number} {count}\0{scope}".encode(), digest_size=8).digest()
