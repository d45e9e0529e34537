"""Keeper: subjects, references and galleries of the enrollment database, each access with its audit record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from index.database import EVERYBODY, EnrollmentDatabase
from index.errors import GalleryNotEmptyError, ReferenceNotFoundError, SubjectNotFoundError
from index.receipts import DeletionReceipt, Page
from index.records import GALLERY_ID_PATTERN, DocumentMatch, Gallery, Modality, Reference, Subject, SubjectQuery
from index.store.name_words import words_of
from matcher.access.context import AccessContext, check_caller, check_change, check_comparison
from matcher.access.wording import NAME, PURPOSE, REQUEST_ID, check_text
from matcher.audit.changes import ChangeLedger
from matcher.audit.entries import audited, changing
from matcher.audit.records import AuditLog
from matcher.errors import RequestError
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.formats.iso19794 import to_iso19794_2
from matcher.record_forms.kinds import document_number, is_over
from matcher.results import DocumentStanding, FoundDocument
from matcher.search.searcher import Searcher
from matcher.texts.catalog import told
from matcher.usecases.witness_erasure import ErasureWitness

_MAX_MEMBER_COUNT = 10_000
MAX_NAME_WORD_COUNT = 20


class Keeper:
    """Thread safe. The audit record is on disk when a method returns or raises. Raises DatabaseError, RequestError
    and AuditError."""

    def __init__(
        self,
        database: EnrollmentDatabase,
        searcher: Searcher,
        audit: AuditLog,
        changes: ChangeLedger,
        *,
        witness: ErasureWitness,
    ) -> None:
        self._database = database
        self._searcher = searcher
        self._audit = audit
        self._changes = changes
        self._witness = witness

    def get_subject(self, context: AccessContext, *, subject_id: str = "", external_id: str = "") -> Subject:
        """By one of the two ids. Raises SubjectNotFoundError."""
        with audited(self._audit, "get_subject", context, subject_id=subject_id) as entry:
            check_caller(context)
            if bool(subject_id) == bool(external_id):
                raise RequestError(told("field.one_key"), field="key")
            if subject_id:
                subject = self._database.get_subject(subject_id)
            else:
                found = self._database.find_subject(external_id)
                if found is None:
                    raise SubjectNotFoundError("no subject has this external id")
                subject = found
            entry.finish(subject_id=subject.subject_id)
        return subject

    def list_subjects(
        self, context: AccessContext, query: SubjectQuery = EVERYBODY, *, page_size: int = 0, page_token: str = ""
    ) -> tuple[Page[Subject], tuple[FoundDocument, ...]]:
        """The page, and of a search by the number of a document where it was found. A search by name or such a number
        needs what every search needs; the record of one by name or number says who was shown."""
        galleries = (query.gallery_id,) if query.gallery_id else ()
        with audited(self._audit, "list_subjects", context, galleries=galleries) as entry:
            (check_comparison if query.name or query.document_number else check_caller)(context)
            if query.name and not 1 <= len(words_of(query.name)) <= MAX_NAME_WORD_COUNT:
                raise RequestError(told("field.name_words", count=MAX_NAME_WORD_COUNT), field="name")
            if query.document_number:
                query = replace(query, document_number=document_number(query.document_number))
            page = self._database.list_subjects(query, page_size=page_size, page_token=page_token)
            found = self._found_documents(query.document_number, page.items) if query.document_number else ()
            is_search = query.name or query.external_id or query.document_number
            entry.finish(subject_ids=tuple(subject.subject_id for subject in page.items) if is_search else ())
        return page, found

    def _found_documents(self, number: str, subjects: Sequence[Subject]) -> tuple[FoundDocument, ...]:
        today = datetime.now().astimezone().date()
        return tuple(
            FoundDocument(one.subject_id, one.field, _standing(one, today))
            for one in self._database.document_matches(number, subjects)
        )

    def delete_subject(
        self, context: AccessContext, subject_id: str, *, request_id: str = ""
    ) -> tuple[DeletionReceipt, str, bytes]:
        """The receipt, the audit id and the certificate (see ErasureWitness). A repeated request_id gives the first
        receipt."""
        with changing(self._changes, "delete_subject", context, subject_id=subject_id, request_id=request_id) as entry:
            check_change(context)
            _check_request_id(request_id)
            require(subject_id, "subject_id")
            destroyed: list[Reference] = []
            receipt = self._database.delete_subject(
                subject_id, request_id=request_id, owed=entry.owes(self._witnessed(destroyed))
            )
            self._searcher.template_comparer.forget(receipt.reference_ids)
            audit_id = entry.finish(reference_ids=receipt.reference_ids, reason="replayed" if receipt.replayed else "")
        return receipt, audit_id, self._witness.certificate(receipt, destroyed, audit_id=audit_id, scope="subject")

    def list_references(
        self, context: AccessContext, subject_id: str, *, page_size: int = 0, page_token: str = ""
    ) -> Page[Reference]:
        with audited(self._audit, "list_references", context, subject_id=subject_id) as entry:
            check_caller(context)
            require(subject_id, "subject_id")
            page = self._database.list_references(subject_id, page_size=page_size, page_token=page_token)
            entry.finish()
        return page

    def delete_reference(
        self, context: AccessContext, reference_id: int, *, request_id: str = ""
    ) -> tuple[DeletionReceipt, str, bytes]:
        """Like delete_subject."""
        with changing(
            self._changes, "delete_reference", context, reference_ids=(reference_id,), request_id=request_id
        ) as entry:
            check_change(context)
            _check_request_id(request_id)
            if reference_id < 1:
                raise RequestError(told("field.reference_id"), field="reference_id")
            destroyed: list[Reference] = []
            receipt = self._database.delete_reference(
                reference_id, request_id=request_id, owed=entry.owes(self._witnessed(destroyed))
            )
            self._searcher.template_comparer.forget(receipt.reference_ids)
            audit_id = entry.finish(subject_id=receipt.subject_id, reason="replayed" if receipt.replayed else "")
        return receipt, audit_id, self._witness.certificate(receipt, destroyed, audit_id=audit_id, scope="reference")

    def export_template(self, context: AccessContext, reference_id: int) -> tuple[Reference, bytes, str]:
        """A fingerprint as a record of ISO/IEC 19794-2:2005, its reference, and the audit id. Its places are rounded to
        whole pixels at 500 ppi and its directions to 1.4 degrees. Raises ReferenceNotFoundError."""
        with audited(self._audit, "export_template", context, reference_ids=(reference_id,)) as entry:
            check_change(context)
            reference = next(iter(self._database.references([reference_id])), None)
            if reference is None:
                raise ReferenceNotFoundError("no such reference; it may have been deleted")
            template = reference.template
            entry.note(subject_id=reference.subject_id, pack_ids=(template.pack_id,))
            if template.modality is not Modality.FINGERPRINT:
                raise RequestError(told("field.only_fingerprints"), field="reference_id")
            minutiae = MinutiaSet.from_bytes(template.minutiae)
            record = to_iso19794_2(minutiae, finger=template.finger, quality=reference.quality)
            audit_id = entry.finish()
        return reference, record, audit_id

    def create_gallery(self, context: AccessContext, gallery: Gallery) -> Gallery:
        """gallery_id: lower-case letters, digits, "-" and "_", at most 64. Raises AlreadyExistsError."""
        with changing(self._changes, "create_gallery", context, galleries=(gallery.gallery_id,)) as entry:
            check_change(context)
            if not GALLERY_ID_PATTERN.fullmatch(gallery.gallery_id):
                raise RequestError(
                    told("field.gallery_id"),
                    field="gallery.gallery_id",
                )
            for name in ("display_name", "purpose"):
                check_text(getattr(gallery, name), NAME if name == "display_name" else PURPOSE, field=f"gallery.{name}")
            made = self._database.create_gallery(gallery, owed=entry.owes(_nothing_said))
            entry.finish()
        return made

    def update_gallery(
        self, context: AccessContext, gallery_id: str, *, display_name: str | None = None, purpose: str | None = None
    ) -> Gallery:
        """The gallery as it is then. What is None stays; so does the id. Raises GalleryNotFoundError."""
        with changing(self._changes, "update_gallery", context, galleries=(gallery_id,)) as entry:
            check_change(context)
            require(gallery_id, "gallery_id")
            if display_name is None and purpose is None:
                raise RequestError(told("field.gallery_texts"), field="display_name")
            for name, value, limit in (("display_name", display_name, NAME), ("purpose", purpose, PURPOSE)):
                check_text(value or "", limit, field=name)
            gallery = self._database.update_gallery(
                gallery_id, display_name=display_name, purpose=purpose, owed=entry.owes(_nothing_said)
            )
            entry.finish()
        return gallery

    def delete_gallery(
        self, context: AccessContext, gallery_id: str, *, even_if_not_empty: bool = False
    ) -> tuple[int, str]:
        """How many subjects were in it, who stay enrolled, and the audit id. Raises GalleryNotFoundError, and
        RequestError for a gallery with subjects in it unless even_if_not_empty."""
        with changing(self._changes, "delete_gallery", context, galleries=(gallery_id,)) as entry:
            check_change(context)
            require(gallery_id, "gallery_id")
            try:
                member_count = self._database.delete_gallery(
                    gallery_id, even_if_not_empty=even_if_not_empty, owed=entry.owes(_nothing_said)
                )
            except GalleryNotEmptyError as error:
                raise RequestError(
                    told("field.gallery_not_empty", count=error.member_count),
                    field="even_if_not_empty",
                ) from error
            audit_id = entry.finish(reason=f"{member_count} subjects left it")
        return member_count, audit_id

    def list_galleries(self, context: AccessContext, *, page_size: int = 0, page_token: str = "") -> Page[Gallery]:
        with audited(self._audit, "list_galleries", context) as entry:
            check_caller(context)
            page = self._database.list_galleries(page_size=page_size, page_token=page_token)
            entry.finish()
        return page

    def change_membership(
        self, context: AccessContext, gallery_id: str, subject_ids: Sequence[str], *, is_member: bool
    ) -> str:
        """Puts subjects into a gallery or takes them out, all or none; the audit id."""
        action = "add_to_gallery" if is_member else "remove_from_gallery"
        named = tuple(subject_ids[:_MAX_MEMBER_COUNT])
        with changing(self._changes, action, context, galleries=(gallery_id,), subject_ids=named) as entry:
            check_change(context)
            require(gallery_id, "gallery_id")
            if not 1 <= len(subject_ids) <= _MAX_MEMBER_COUNT:
                raise RequestError(told("field.subject_ids", count=_MAX_MEMBER_COUNT), field="subject_ids")
            change = self._database.add_to_gallery if is_member else self._database.remove_from_gallery
            change(gallery_id, subject_ids, owed=entry.owes(_nothing_said))
            audit_id = entry.finish()
        return audit_id

    def _witnessed(self, destroyed: list[Reference]) -> Callable[[DeletionReceipt], dict[str, Any]]:
        """deletion_said, which on the way puts into the list what the deletion destroys."""

        def said(receipt: DeletionReceipt) -> dict[str, Any]:
            destroyed.extend(self._witness.before(receipt.reference_ids))
            return deletion_said(receipt)

        return said


def _standing(match: DocumentMatch, today: date) -> DocumentStanding:
    if match.is_of_merged:
        return DocumentStanding.OF_MERGED
    if not match.is_current:
        return DocumentStanding.FORMER
    return DocumentStanding.EXPIRED if is_over(match.expiry, today) else DocumentStanding.CURRENT


def deletion_said(receipt: DeletionReceipt) -> dict[str, Any]:
    """What the record of a deletion says of its outcome."""
    return {"subject_id": receipt.subject_id, "reference_ids": receipt.reference_ids}


def _nothing_said(_: object) -> dict[str, Any]:
    return {}


def require(value: str, field: str) -> None:
    """Raises RequestError where a text is empty."""
    if not value:
        raise RequestError(told("field.required"), field=field)


def _check_request_id(request_id: str) -> None:
    check_text(request_id, REQUEST_ID, field="request_id")
