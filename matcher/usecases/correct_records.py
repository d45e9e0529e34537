"""RecordKeeper: what is recorded of a subject is corrected, with its history; a subject is sealed and unsealed, merged
with another one, and references go to whom they belong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from index.database import EnrollmentDatabase
from index.receipts import Page, ReassignmentReceipt, RecordReceipt
from index.records import (
    DOCUMENT_FIELDS,
    LEGAL_GROUND,
    RETENTION_DATE,
    RecordAuthor,
    RecordRevision,
    Subject,
    SubjectQuery,
    SubjectRecord,
)
from matcher.access.context import AccessContext, check_caller, check_change, check_comparison
from matcher.access.wording import REQUEST_ID, TextLimit, check_text
from matcher.audit.changes import ChangeLedger
from matcher.audit.entries import ChangeEntry, audited, changing
from matcher.audit.records import AuditLog
from matcher.errors import RequestError
from matcher.record_forms.kinds import fits, is_over, rule
from matcher.record_forms.schema import RecordField, RecordSchema
from matcher.results import OverdueRecord
from matcher.texts.catalog import told
from matcher.usecases.keep_records import require


class RecordKeeper:
    """Thread safe. The audit record is on disk when a method returns or raises; it names the fields and never their
    values. Raises DatabaseError, RequestError and AuditError."""

    def __init__(
        self, database: EnrollmentDatabase, audit: AuditLog, changes: ChangeLedger, schema: RecordSchema
    ) -> None:
        self._database = database
        self._audit = audit
        self._changes = changes
        self._schema = schema

    def update(
        self,
        context: AccessContext,
        subject_id: str,
        values: Mapping[str, str],
        *,
        expected_revision: int | None = None,
        request_id: str = "",
    ) -> tuple[RecordReceipt, str, tuple[str, ...]]:
        """The receipt, the audit id, and to whom a document number that was given leads as well. values: text by field
        id, "" to record nothing there. A repeated request_id gives the first receipt. Raises RevisionConflictError
        where the record has another revision."""
        with changing(self._changes, "update_subject", context, subject_id=subject_id, request_id=request_id) as entry:
            check_change(context)
            check_text(request_id, REQUEST_ID, field="request_id")
            require(subject_id, "subject_id")
            if not values:
                raise RequestError(told("field.no_field"), field="values")
            for number, (field_id, value) in enumerate(values.items()):
                self._check_value(field_id, value, number)
            receipt = self._database.update_record(
                subject_id,
                values,
                _author(context),
                expected_revision=expected_revision,
                request_id=request_id,
                owed=entry.owes(_update_said),
            )
            others = self._same_documents(subject_id, values)
            audit_id = entry.finish(
                changed_fields=receipt.changed_fields,
                reason="replayed" if receipt.replayed else "",
                subject_ids=others,
            )
        return receipt, audit_id, others

    def get(self, context: AccessContext, subject_id: str) -> tuple[Subject, SubjectRecord]:
        """The subject and its record, with the fields in the order of the schema."""
        with audited(self._audit, "get_record", context, subject_id=subject_id) as entry:
            check_caller(context)
            require(subject_id, "subject_id")
            subject, record = self._database.get_subject(subject_id), self._database.get_record(subject_id)
            entry.finish()
        places = {name: place for place, name in enumerate(self._schema.fields)}
        # A field that the schema no longer declares is kept and shown, after the others.
        ordered = sorted(record.fields, key=lambda name: (places.get(name, len(places)), name))
        return subject, SubjectRecord(subject_id, record.revision, {name: record.fields[name] for name in ordered})

    def list_revisions(
        self, context: AccessContext, subject_id: str, *, page_size: int = 0, page_token: str = ""
    ) -> Page[RecordRevision]:
        """Oldest first."""
        with audited(self._audit, "list_revisions", context, subject_id=subject_id) as entry:
            check_caller(context)
            require(subject_id, "subject_id")
            page = self._database.list_revisions(subject_id, page_size=page_size, page_token=page_token)
            entry.finish()
        return page

    def list_past_retention(
        self, context: AccessContext, *, on: str = "", page_size: int = 0, page_token: str = ""
    ) -> Page[OverdueRecord]:
        """Of one page of the records, those whose retention date lies before a day: dd/mm/yyyy, "" for today. A page
        may have none and not be the last; total_count is that of the records. Nothing is deleted."""
        with audited(self._audit, "list_past_retention", context) as entry:
            check_caller(context)
            day = _day_of(on)
            page = self._database.list_records(page_size=page_size, page_token=page_token)
            found = tuple(
                OverdueRecord(subject, record.fields[RETENTION_DATE], record.fields.get(LEGAL_GROUND, ""))
                for subject, record in page.items
                if is_over(record.fields.get(RETENTION_DATE, ""), day)
            )
            entry.finish(subject_ids=tuple(one.subject.subject_id for one in found))
        return Page(found, page.next_page_token, page.total_count)

    def set_sealed(self, context: AccessContext, subject_id: str, *, sealed: bool) -> str:
        """Search a subject no more, or again; the audit id."""
        action = "seal_subject" if sealed else "unseal_subject"
        with changing(self._changes, action, context, subject_id=subject_id) as entry:
            check_change(context)
            require(subject_id, "subject_id")
            change = self._database.seal_subject if sealed else self._database.unseal_subject
            change(subject_id, author=_author(context), owed=entry.owes(_nothing_said))
            audit_id = entry.finish()
        return audit_id

    def merge(
        self, context: AccessContext, source_id: str, target_id: str, *, request_id: str = ""
    ) -> tuple[ReassignmentReceipt, str]:
        """Make one of two subjects that are one person; the receipt and the audit id. See
        EnrollmentDatabase.merge_subjects."""
        both = (source_id, target_id)
        with self._reassigning(context, "merge_subjects", both, request_id) as (entry, author):
            require(source_id, "source_subject_id")
            require(target_id, "target_subject_id")
            receipt = self._database.merge_subjects(
                source_id, target_id, author, request_id=request_id, owed=entry.owes(_reassignment_said)
            )
            audit_id = _finished(entry, receipt)
        return receipt, audit_id

    def move(
        self,
        context: AccessContext,
        reference_ids: Sequence[int],
        source_id: str,
        target_id: str,
        *,
        request_id: str = "",
    ) -> tuple[ReassignmentReceipt, str]:
        """Give references of one subject to another; like merge. See EnrollmentDatabase.move_references."""
        both = (source_id, target_id)
        with self._reassigning(context, "move_references", both, request_id) as (entry, author):
            require(source_id, "source_subject_id")
            require(target_id, "target_subject_id")
            entry.note(reference_ids=tuple(reference_ids))
            if any(one < 1 for one in reference_ids):
                raise RequestError(told("field.reference_id"), field="reference_ids")
            receipt = self._database.move_references(
                reference_ids, source_id, target_id, author, request_id=request_id, owed=entry.owes(_reassignment_said)
            )
            audit_id = _finished(entry, receipt)
        return receipt, audit_id

    def undo(
        self, context: AccessContext, reassignment_id: int, *, request_id: str = ""
    ) -> tuple[ReassignmentReceipt, str]:
        """Take a merge or a move back; like merge. See EnrollmentDatabase.undo_reassignment."""
        with self._reassigning(context, "undo_reassignment", (), request_id) as (entry, author):
            receipt = self._database.undo_reassignment(
                reassignment_id, author, request_id=request_id, owed=entry.owes(_reassignment_said)
            )
            audit_id = _finished(entry, receipt)
        return receipt, audit_id

    @contextlib.contextmanager
    def _reassigning(
        self, context: AccessContext, action: str, subject_ids: tuple[str, ...], request_id: str
    ) -> Iterator[tuple[ChangeEntry, RecordAuthor]]:
        """It decides whose a print is, and so needs what every comparison needs."""
        with changing(self._changes, action, context, subject_ids=subject_ids, request_id=request_id) as entry:
            check_comparison(context)
            check_text(request_id, REQUEST_ID, field="request_id")
            yield entry, _author(context)

    def forms(self, context: AccessContext) -> RecordSchema:
        """Which fields a record may have."""
        with audited(self._audit, "get_record_forms", context) as entry:
            check_caller(context)
            entry.finish()
        return self._schema

    def _same_documents(self, subject_id: str, values: Mapping[str, str]) -> tuple[str, ...]:
        """Other subjects to whom a document number of these values leads; no more than a page of them."""
        numbers = {values[name] for name in DOCUMENT_FIELDS if values.get(name)}
        pages = (self._database.list_subjects(SubjectQuery(document_number=number)) for number in sorted(numbers))
        found = {subject.subject_id for page in pages for subject in page.items}
        return tuple(sorted(found - {subject_id}))

    def _check_value(self, field_id: str, value: str, number: int) -> None:
        declared = self._schema.fields.get(field_id)
        if declared is None:
            raise RequestError(told("field.no_such_field"), field=f"values[{number}].field_id")
        _check_text_of(declared, value, field=f"values[{number}].text")


def _author(context: AccessContext) -> RecordAuthor:
    return RecordAuthor(context.operator_id, context.case_number, context.purpose, context.station_id)


def _day_of(said: str) -> date:
    if not said:
        return datetime.now().astimezone().date()
    try:
        return datetime.strptime(said, "%d/%m/%Y").astimezone().date()
    except ValueError as error:
        raise RequestError(told("field.day"), field="on") from error


def _check_text_of(declared: RecordField, value: str, *, field: str) -> None:
    check_text(value, TextLimit(declared.longest), field=field)
    if value and value != value.strip():
        raise RequestError(told("field.spaces"), field=field)
    if value and not fits(declared.kind, value):
        raise RequestError(rule(declared.kind), field=field)


def _reassignment_said(receipt: ReassignmentReceipt) -> dict[str, Any]:
    """subject_ids: the source first. What a restored backup of before is held against (matcher/audit/deletions.py)."""
    return {
        "subject_ids": (receipt.source_id, receipt.target_id),
        "reference_ids": receipt.reference_ids,
        "changed_fields": receipt.changed_fields,
    }


def _finished(entry: ChangeEntry, receipt: ReassignmentReceipt) -> str:
    return entry.finish(reason="replayed" if receipt.replayed else "", **_reassignment_said(receipt))


def _update_said(receipt: RecordReceipt) -> dict[str, Any]:
    return {"changed_fields": receipt.changed_fields}


def _nothing_said(_: None) -> dict[str, Any]:
    return {}
