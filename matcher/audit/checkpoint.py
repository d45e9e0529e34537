"""Checkpoints: how far the audit log had come, as a text that is kept outside of it.

The form is that of C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint): origin, number of records, hash, then
lines of our own; the lines of signatures would follow after an empty one. The hash is the one of the last record, which
chains all before it, and not the root of a tree. With the SHA-256 of all bytes up to there a start compares a whole log
at the speed of reading it, and parses only what came after.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from matcher.audit.chain import ChainPoint
from matcher.errors import AuditError
from matcher.texts.catalog import told

_ORIGIN = "station-matcher/audit-log"
_OFFSET, _CONTENT = "bytes ", "content-sha256 "


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """point: of the last record. content_hash: SHA-256 of every byte of the log before point.offset_bytes, hex."""

    point: ChainPoint
    content_hash: str

    @property
    def text(self) -> str:
        """What is kept elsewhere."""
        lines = (
            _ORIGIN,
            str(self.point.sequence),
            _base64(self.point.record_hash),
            f"{_OFFSET}{self.point.offset_bytes}",
            f"{_CONTENT}{_base64(self.content_hash)}",
        )
        return "".join(f"{line}\n" for line in lines)


def read_checkpoint(text: str) -> Checkpoint | None:
    """The checkpoint of a text; None of "". Signature lines are not read. Raises AuditError."""
    if not text:
        return None
    lines = text.split("\n\n", 1)[0].splitlines()
    try:
        origin, sequence, record_hash, offset, content = lines[:5]
        if origin != _ORIGIN or not offset.startswith(_OFFSET) or not content.startswith(_CONTENT):
            raise ValueError("form")
        point = ChainPoint(int(sequence), _hex(record_hash), int(offset.removeprefix(_OFFSET)))
        return Checkpoint(point, _hex(content.removeprefix(_CONTENT)))
    except (ValueError, binascii.Error) as error:
        raise AuditError(told("log.checkpoint")) from error


def _base64(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode()


def _hex(text: str) -> str:
    return base64.b64decode(text, validate=True).hex()
