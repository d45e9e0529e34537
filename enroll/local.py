"""Target in process: the same Enroller as the server's, for a first backlog on the server's own machine.

The database takes one process; while the server runs it is locked, and this target says so.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from enroll.errors import TargetError
from enroll.items import EnrollmentItem
from enroll.messages import backlog_text
from enroll.remote import sample_of, subject_of
from enroll.target import ItemResult, Outcome
from index.database import EnrollmentDatabase
from index.errors import AlreadyExistsError, DatabaseError, DatabaseLockedError, SubjectNotFoundError
from index.records import Gallery, Subject
from matcher.access.context import AccessContext
from matcher.assembly.keys import database_keys
from matcher.assembly.settings import load_configured_packs, open_use_cases
from matcher.assembly.use_cases import UseCases
from matcher.audit.log import FileAuditLog
from matcher.config import Settings
from matcher.errors import AuditError, ConfigError, MatcherError, PackError, SampleError, SessionError
from matcher.results import NoticeCode
from matcher.texts.catalog import localized, text
from matcher.texts.reasons import error_text, reason_of
from matcher.usecases.notices import notice_text


class LocalTarget:
    """EnrollmentTarget on the database of this machine; thread safe."""

    def __init__(
        self,
        use_cases: UseCases,
        *,
        access: AccessContext,
        language: str,
        skip_duplicate_check: bool,
        resources: ExitStack,
    ) -> None:
        self._use_cases = use_cases
        self._access = access
        self._language = language
        self._skip_duplicate_check = skip_duplicate_check
        self._resources = resources

    @classmethod
    def open(
        cls,
        data_folder: Path,
        settings: Settings,
        *,
        access: AccessContext,
        language: str = "vi",
        skip_duplicate_check: bool = False,
    ) -> Self:
        """Loads the packs of the settings and takes the database of data_folder. Raises TargetError."""
        with ExitStack() as stack:
            try:
                settings = replace(settings, storage=settings.storage.with_data_folder(data_folder))
                keys = database_keys(settings.storage)
                database = stack.enter_context(
                    EnrollmentDatabase.open(data_folder, master_key=keys.master, encrypt=keys.encrypt)
                )
                if keys.made is not None:
                    print(text("serve.key_made", language, path=keys.made), file=sys.stderr)
                audit = stack.enter_context(FileAuditLog(settings.storage.audit_file, noted=database.log_head))
                use_cases = open_use_cases(settings, database, load_configured_packs(settings), audit)
            except DatabaseLockedError as error:
                raise TargetError(backlog_text("local_locked", language), is_retriable=False) from error
            except (DatabaseError, AuditError, PackError, SessionError, ConfigError) as error:
                raise TargetError(localized(error, language)) from error
            return cls(
                use_cases,
                access=access,
                language=language,
                skip_duplicate_check=skip_duplicate_check,
                resources=stack.pop_all(),
            )

    def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        """See EnrollmentTarget."""
        try:
            answer = self._use_cases.enroller.enroll(
                subject_of(item),
                [sample_of(item, image_bytes, station_id=self._access.station_id)],
                self._access,
                request_id=item.request_id(image_bytes),
                skip_duplicate_check=self._skip_duplicate_check,
            )
        except AuditError as error:
            raise TargetError(localized(error, self._language)) from error
        except (MatcherError, DatabaseError) as error:
            outcome = Outcome.REFUSED if isinstance(error, SampleError) else Outcome.FAILED
            return ItemResult(item, outcome, reason=reason_of(error), detail=error_text(error, self._language))
        (sample,) = answer.samples
        return ItemResult(
            item,
            Outcome.ALREADY if answer.replayed else Outcome.ENROLLED,
            subject_id=answer.subject_id,
            reference_id=sample.reference_id,
            quality=sample.quality,
            duplicates=tuple((lead.subject_id, lead.score.value) for lead in answer.duplicates),
            notices=tuple(
                notice_text(notice, self._language)
                for notice in answer.notices
                if notice.code is not NoticeCode.REFERENCES_DISAGREE
            ),
            warning=" ".join(
                notice_text(notice, self._language)
                for notice in answer.notices
                if notice.code is NoticeCode.REFERENCES_DISAGREE
            ),
        )

    def find_subject(self, external_id: str) -> Subject | None:
        """See EnrollmentTarget."""
        try:
            return self._use_cases.keeper.get_subject(self._access, external_id=external_id)
        except SubjectNotFoundError:
            return None
        except (MatcherError, DatabaseError) as error:
            raise TargetError(localized(error, self._language)) from error

    def gallery_ids(self) -> frozenset[str]:
        """See EnrollmentTarget."""
        found: set[str] = set()
        page_token = ""
        try:
            while True:
                page = self._use_cases.keeper.list_galleries(self._access, page_token=page_token)
                found.update(gallery.gallery_id for gallery in page.items)
                page_token = page.next_page_token
                if not page_token:
                    return frozenset(found)
        except (MatcherError, DatabaseError) as error:
            raise TargetError(localized(error, self._language)) from error

    def create_gallery(self, gallery_id: str) -> None:
        """See EnrollmentTarget."""
        try:
            self._use_cases.keeper.create_gallery(self._access, Gallery(gallery_id=gallery_id, display_name=gallery_id))
        except AlreadyExistsError:
            return
        except (MatcherError, DatabaseError) as error:
            raise TargetError(localized(error, self._language)) from error

    def is_serving(self) -> bool:
        """Always: it is this process."""
        return True

    def close(self) -> None:
        """Close the database and the audit file."""
        self._resources.close()
