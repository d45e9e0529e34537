"""After a restore: delete again what the audit log says was deleted, since the backup may be older than that."""

from __future__ import annotations

from pathlib import Path

from index.database import EnrollmentDatabase
from index.errors import NotFoundError
from matcher.audit_chain import BrokenChainError, ChainPoint, read_chain
from matcher.errors import AuditError


def delete_again(database: EnrollmentDatabase, audit_file: Path) -> tuple[int, int]:
    """Returns how many (subjects, references) were deleted.

    A reference is deleted only if it belongs to the subject of its audit line. Raises AuditError when the audit file
    cannot be read or its chain is broken: who can take lines out of it could bring subjects back.
    """
    subject_count = reference_count = 0
    try:
        with audit_file.open("rb") as file:
            for record, _ in read_chain(file, ChainPoint()):
                if record.get("outcome") != "ok":
                    continue
                if record.get("action") == "delete_subject":
                    subject_count += _subject_deleted(database, str(record.get("subject_id", "")))
                elif record.get("action") == "delete_reference":
                    reference_ids = [int(value) for value in record.get("reference_ids", ())]
                    reference_count += _references_deleted(database, reference_ids, str(record.get("subject_id", "")))
    except BrokenChainError as error:
        if error.reason != "incomplete_line":
            raise
    except OSError as error:
        raise AuditError("the audit file cannot be read; check the path and its rights") from error
    return subject_count, reference_count


def _subject_deleted(database: EnrollmentDatabase, subject_id: str) -> bool:
    try:
        database.delete_subject(subject_id)
    except NotFoundError:
        return False
    return True


def _references_deleted(database: EnrollmentDatabase, reference_ids: list[int], subject_id: str) -> int:
    owners = database.subject_ids_of(reference_ids)
    mine = [reference_id for reference_id in reference_ids if owners.get(reference_id) == subject_id]
    for reference_id in mine:
        database.delete_reference(reference_id)
    return len(mine)
