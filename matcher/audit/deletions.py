"""What the audit log says was deleted: a restored backup may be older than that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    found = _Found()
    for record in _records(audit_file, read_checkpoint(at_least)):
        if record.get("outcome") == "ok":
            found.take(record)
    return Deletions(frozenset(found.subject_ids), frozenset(found.references))


class _Found:
    """A backup of before a merge or a move has references with whom they were of then: these are deleted too."""

    def __init__(self) -> None:
        self.subject_ids: set[str] = set()
        self.references: set[tuple[int, str]] = set()
        self._merged: dict[str, str] = {}
        self._owners: dict[int, set[str]] = {}

    def take(self, record: Mapping[str, Any]) -> None:
        """One record after the other, in the order of the log."""
        subject_id = str(record.get("subject_id", ""))
        reference_ids = [int(value) for value in record.get("reference_ids", ())]
        match record.get("action"):
            case "merge_subjects" | "move_references" | "undo_reassignment" as action:
                self._reassigned(action, reference_ids, *map(str, record["subject_ids"]))
            case "delete_subject":
                self.subject_ids.update((subject_id, *self._merged_into(subject_id)))
                # Those that came from a subject which is still there.
                self._deleted(reference_ids)
            case "delete_reference":
                self.references.update((one, subject_id) for one in reference_ids)
                self._deleted(reference_ids)

    def _reassigned(self, action: str, reference_ids: list[int], source_id: str, target_id: str) -> None:
        for one in reference_ids:
            self._owners.setdefault(one, set()).update((source_id, target_id))
        if action == "merge_subjects":
            self._merged[source_id] = target_id
        elif action == "undo_reassignment":
            self._merged.pop(source_id, None)

    def _merged_into(self, subject_id: str) -> set[str]:
        found: set[str] = set()
        new = {subject_id}
        while new:
            new = {source for source, target in self._merged.items() if target in new} - found
            found |= new
        return found

    def _deleted(self, reference_ids: list[int]) -> None:
        self.references.update((one, owner) for one in reference_ids for owner in self._owners.get(one, ()))


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
