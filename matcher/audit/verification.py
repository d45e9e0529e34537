"""Verify an audit file from its first record to its last. Works beside a running server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from matcher.audit.chain import BrokenChainError, ChainPoint, read_chain
from matcher.audit.checkpoint import read_checkpoint
from matcher.audit.head import peek_head
from matcher.audit.log import RECOVERED
from matcher.audit.records import AuditVerification
from matcher.errors import AuditError
from matcher.texts.catalog import told

_RECORDS_A_REPORT: Final = 4096


def verify_audit_log(
    path: Path,
    *,
    anchor: tuple[int, str] | None = None,
    noted: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> AuditVerification:
    """Check every line, its place in the chain, and the end against the head file.

    anchor: (record number, hash) noted earlier in another place; who can rewrite the log and its head cannot rewrite
    that. noted: the text of a checkpoint, as the store beside the log keeps it. progress: told bytes done and of all,
    now and then. Raises AuditError when the file
    cannot be read.
    """
    head, ends_in_use = peek_head(path)
    expected = {head.sequence: head.record_hash} if head and head.sequence else {}
    checkpoint = read_checkpoint(noted)
    if checkpoint is not None and checkpoint.point.sequence:
        expected[checkpoint.point.sequence] = checkpoint.point.record_hash
    if anchor is not None:
        expected[anchor[0]] = anchor[1]
    point, recovered_count = ChainPoint(), 0
    broken: tuple[int, str] | None = None
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            for record, reached in read_chain(file, point):
                if expected.get(reached.sequence, reached.record_hash) != reached.record_hash:
                    broken = (reached.sequence, "differs_from_noted_hash")
                    break
                recovered_count += record.get("action") == RECOVERED
                point = reached
                if point.sequence % _RECORDS_A_REPORT == 0:
                    progress(point.offset_bytes, max(size_bytes, point.offset_bytes))
    except BrokenChainError as error:
        in_the_making = ends_in_use and error.reason == "incomplete_line"
        broken = None if in_the_making else (point.sequence + 1, error.reason)
    except OSError as error:
        raise AuditError(told("log.unreadable_path")) from error
    last_expected = max(expected, default=0)
    if broken is None and point.sequence < last_expected:
        broken = (point.sequence + 1, "missing_at_end")
    return AuditVerification(
        record_count=point.sequence,
        first_broken_record=None if broken is None else broken[0],
        reason="" if broken is None else broken[1],
        last_hash=point.record_hash if point.sequence else "",
        head_checked=head is not None or checkpoint is not None,
        recovered_count=recovered_count,
        ends_in_use=ends_in_use,
    )
