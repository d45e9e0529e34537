"""ErasureWitness: after a deletion, looks for what was deleted and signs what it found."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from index.receipts import AbsenceReport, DeletionReceipt
from index.records import Reference
from matcher.audit.erasure import SigningKey
from matcher.audit.records import AuditLog

log = logging.getLogger(__name__)

# Of a subject with more references no more are held in memory until they are gone and looked for.
MAX_REFERENCE_COUNT = 1000
# Neighbors that a search looks at: what is destroyed must be none of them.
_NEIGHBOR_COUNT = 20
_PAUSE_S, _PAUSE_COUNT = 0.05, 20


class ErasureWitness:
    """Thread safe. Without a key it sees nothing and certifies nothing."""

    def __init__(self, database: EnrollmentDatabase, audit: AuditLog, key: SigningKey | None) -> None:
        self._database = database
        self._audit = audit
        self._key = key

    def before(self, reference_ids: Sequence[int]) -> tuple[Reference, ...]:
        """What is about to be destroyed, to search with afterwards. For use inside the deleting transaction, which
        alone knows all of it: what other packs made of the same images too. Damaged references are left out."""
        if self._key is None:
            return ()
        try:
            return self._database.references(reference_ids[:MAX_REFERENCE_COUNT])
        except DatabaseError:
            # The deletion itself says what is wrong.
            return ()

    def certificate(
        self, receipt: DeletionReceipt, destroyed: Sequence[Reference], *, audit_id: str, scope: str
    ) -> bytes:
        """Signed; b"" without a key. destroyed: what `before` gave; of the rest the certificate says that it was not
        searched for. scope: "subject" or "reference". The deletion stands, whatever is found."""
        if self._key is None:
            return b""
        try:
            return self._key.certificate(self._content(receipt, destroyed, audit_id, scope))
        except DatabaseError as error:
            log.warning("a deletion has no certificate: %s", type(error).__name__)
            return b""

    def _content(
        self, receipt: DeletionReceipt, destroyed: Sequence[Reference], audit_id: str, scope: str
    ) -> dict[str, Any]:
        database = self._database
        absence = self._absence(receipt, scope)
        counts = database.counts()
        state = {
            "database_id": database.database_id,
            "change_count": database.change_count,
            "subject_count": counts.subject_count,
            "reference_count": counts.reference_count,
            "audit_log": self._audit.checkpoint().text,
        }
        return {
            "scope": scope,
            "subject_id": receipt.subject_id,
            "merged_subject_ids": list(receipt.merged_subject_ids),
            "reference_ids": list(receipt.reference_ids),
            "delete_time": receipt.delete_time.isoformat(),
            "certified_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "audit_id": audit_id,
            "is_repeated": receipt.replayed,
            "destroyed": {
                "rows": receipt.removed_row_count,
                "keys": receipt.key_count,
                "images": receipt.image_count,
                "is_encrypted": database.is_encrypted,
            },
            "found_in": list(absence.found_in),
            "searched_again": [self._searched(one, receipt.reference_ids) for one in destroyed],
            "not_searched_ids": sorted({*receipt.reference_ids} - {one.reference_id for one in destroyed}),
            "state": state,
            "state_sha256": hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest(),
        }

    def _absence(self, receipt: DeletionReceipt, scope: str) -> AbsenceReport:
        """What is left. Other deletions that are being written keep the log from being empty for a moment."""
        subject_ids = (receipt.subject_id, *receipt.merged_subject_ids) if scope == "subject" else ("",)
        for pause_s in (*(_PAUSE_S,) * _PAUSE_COUNT, 0.0):
            reports = [
                self._database.check_absence(subject_id=one, reference_ids=receipt.reference_ids, in_files=False)
                for one in subject_ids
            ]
            left = tuple(dict.fromkeys(place for report in reports for place in report.found_in))
            found = AbsenceReport(not left, left)
            if found.found_in != ("log",):
                break
            time.sleep(pause_s)
        return found

    def _searched(self, reference: Reference, destroyed_ids: Sequence[int]) -> dict[str, Any]:
        """The search that would have found the reference, with its own template."""
        template = reference.template
        hits = self._database.search(template.modality, template.pack_id, template.vectors, _NEIGHBOR_COUNT)
        found = {int(one) for one in hits.reference_ids.ravel()} & set(destroyed_ids)
        return {
            "reference_id": reference.reference_id,
            "modality": template.modality.value,
            "pack_id": template.pack_id,
            "is_found": bool(found),
        }
