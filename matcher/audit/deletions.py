"""What the audit log says was deleted: a restored backup may be older than that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from index.receipts import Deletions
from matcher.audit.chain import BrokenChainError, ChainPoint, read_chain
from matcher.audit.checkpoint import Checkpoint, read_checkpoint
from matcher.audit.head import peek_head
from matcher.errors import AuditError
from matcher.texts.catalog import told


def read_deletions(audit_file: Path, *, at_least: str = "") -> Deletions:
    """Every deletion that was carried out. at_least: the text of a checkpoint that the log must hold.

    Raises AuditError when the log is older than that or another one, cannot be read, or its chain is broken or does
    not reach its head file: who can take lines out of it could bring subjects back.
    """
    subject_ids: set[str] = set()
    references: set[tuple[int, str]] = set()
    for record in _records(audit_file, read_checkpoint(at_least)):
        if record.get("outcome") != "ok":
            continue
        subject_id = str(record.get("subject_id", ""))
        if record.get("action") == "delete_subject":
            subject_ids.add(subject_id)
        elif record.get("action") == "delete_reference":
            references.update((int(value), subject_id) for value in record.get("reference_ids", ()))
    return Deletions(frozenset(subject_ids), frozenset(references))


def _records(audit_file: Path, noted: Checkpoint | None) -> Iterator[dict[str, Any]]:
    # Before the log, which a running server appends to: then the log is never behind.
    head, _ = peek_head(audit_file)
    reached = ChainPoint()
    try:
        with audit_file.open("rb") as file:
            for record, reached in read_chain(file, ChainPoint()):
                if head and reached.sequence == head.sequence and reached.record_hash != head.record_hash:
                    raise BrokenChainError("differs_from_noted_hash")
                if noted and reached.sequence == noted.point.sequence and reached != noted.point:
                    raise AuditError(told("log.not_of_backup"))
                yield record
    except BrokenChainError as error:
        if error.reason != "incomplete_line":
            raise
    except OSError as error:
        raise AuditError(told("log.unreadable_path")) from error
    if head and reached.sequence < head.sequence:
        raise BrokenChainError("missing_at_end")
    if noted and reached.sequence < noted.point.sequence:
        raise AuditError(told("log.older"))
