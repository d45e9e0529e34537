"""Lines of the audit file and the chain that their hashes make.

A line is one JSON object in UTF-8. Its last member is "hash", the SHA-256 of the line's own bytes before that member,
closed with a brace; its "previous_hash" is the hash of the line before, 64 zeros in the first. So a line that was
changed, removed, added or moved breaks the chain at its place.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from matcher.errors import AuditError
from matcher.texts.catalog import told

FIRST_PREVIOUS_HASH = "0" * 64
_ENDING = re.compile(rb',"hash":"([0-9a-f]{64})"\}\Z')


@dataclass(frozen=True, slots=True)
class ChainPoint:
    """A place in the chain: after so many records, the hash of the last, and where the next line begins."""

    sequence: int = 0
    record_hash: str = FIRST_PREVIOUS_HASH
    offset_bytes: int = 0


class BrokenChainError(AuditError):
    """A line does not continue the chain. reason: a code for the report."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the audit chain is broken ({reason}); run audit verify and keep the file")
        self.reason = reason


def make_line(members: Mapping[str, Any], after: ChainPoint) -> tuple[bytes, ChainPoint]:
    """The line (with its newline) of the next record, and the point after it. Raises AuditError."""
    numbered = {"sequence": after.sequence + 1, **members, "previous_hash": after.record_hash}
    try:
        body = _json_bytes(numbered)
    except (TypeError, ValueError) as error:
        raise AuditError(told("log.value_answered")) from error
    record_hash = hashlib.sha256(body).hexdigest()
    line = body[:-1] + f',"hash":"{record_hash}"}}\n'.encode()
    return line, ChainPoint(after.sequence + 1, record_hash, after.offset_bytes + len(line))


def check_line(line: bytes, after: ChainPoint) -> tuple[dict[str, Any], ChainPoint]:
    """The record of a line (with its newline) and the point after it. Raises BrokenChainError."""
    if not line.endswith(b"\n"):
        raise BrokenChainError("incomplete_line")
    ending = _ENDING.search(line[:-1])
    if ending is None:
        raise BrokenChainError("not_a_record")
    body = line[: ending.start()] + b"}"
    record_hash = ending[1].decode()
    if hashlib.sha256(body).hexdigest() != record_hash:
        raise BrokenChainError("record_changed")
    try:
        record = json.loads(body)
    except ValueError as error:
        raise BrokenChainError("not_a_record") from error
    if not isinstance(record, dict) or record.get("previous_hash") != after.record_hash:
        raise BrokenChainError("record_missing_or_moved")
    if record.get("sequence") != after.sequence + 1:
        raise BrokenChainError("sequence_broken")
    return record, ChainPoint(after.sequence + 1, record_hash, after.offset_bytes + len(line))


def read_chain(file: BinaryIO, start: ChainPoint) -> Iterator[tuple[dict[str, Any], ChainPoint]]:
    """Every record after start with the point after it. Raises BrokenChainError at the first that does not fit."""
    file.seek(start.offset_bytes)
    point = start
    for line in file:
        record, point = check_line(line, point)
        yield record, point


def _json_bytes(members: Mapping[str, Any]) -> bytes:
    """Readable UTF-8; escapes only where a text is not valid Unicode, which must not keep it out of the record."""
    try:
        return json.dumps(members, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        return json.dumps(members, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
