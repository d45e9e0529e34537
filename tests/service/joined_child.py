"""Enrolls and deletes through the use cases, with the real store and audit file, until it is killed.

Lines: "+ SUBJECT_ID" and "- SUBJECT_ID" for what was acknowledged, "! TEXT" for an error, "= COUNT" first: how many
records the start had to pay. Arguments: the data folder, a seed, and where it is to die by itself "ACTION before_audit"
(or after_audit).
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

from index.database import EnrollmentDatabase
from index.records import Gallery, Subject
from matcher.access.context import AccessContext
from matcher.assembly.use_cases import UseCases, build_use_cases
from matcher.audit.log import FileAuditLog
from matcher.extraction.engines import Engines
from tests.fakes import (
    CALIBRATION,
    FACE_PACK_ID,
    FINGERPRINT_PACK_ID,
    FakeComparer,
    FakeFaceEngine,
    FakeFingerprintEngine,
    face,
)
from tests.faults import kill_beside_record
from tests.service.killed import guarded, say

THREAD_COUNT = 4
AUDIT_NAME = "audit.jsonl"
ACCESS = AccessContext(operator_id="operator-7", case_number="case-12", purpose="burglary")


def use_cases_of(database: EnrollmentDatabase, audit: FileAuditLog) -> UseCases:
    """As the server makes them, with fake engines."""
    calibrations = {FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION}
    return build_use_cases(
        database, Engines(FakeFaceEngine(), FakeFingerprintEngine()), FakeComparer(), calibrations, audit
    )


def _work(use_cases: UseCases, seed: int) -> None:
    random = np.random.default_rng(seed)
    sample, mine, number = face(seed % 200), [], 0
    while True:
        number += 1
        gallery = f"g-{seed}-{number}"
        use_cases.keeper.create_gallery(ACCESS, Gallery(gallery, display_name=gallery))
        answer = use_cases.enroller.enroll(
            Subject("", f"{seed}-{number}"), [sample], ACCESS, request_id=f"{seed}-{number}", skip_duplicate_check=True
        )
        say(f"+ {answer.subject_id}")
        mine.append(answer.subject_id)
        use_cases.keeper.change_membership(ACCESS, gallery, [answer.subject_id], is_member=True)
        if random.random() < 0.5:
            subject_id = mine.pop(int(random.integers(len(mine))))
            use_cases.keeper.delete_subject(ACCESS, subject_id, request_id=f"d-{subject_id}")
            say(f"- {subject_id}")
        if random.random() < 0.2 and mine:
            subject_id = mine[-1]
            (reference, *_) = use_cases.keeper.list_references(ACCESS, subject_id).items or (None,)
            if reference is not None:
                use_cases.keeper.delete_reference(ACCESS, reference.reference_id)


def main(folder: Path, seed: int) -> None:
    """Runs until killed."""
    database = EnrollmentDatabase(folder)
    use_cases = use_cases_of(database, FileAuditLog(folder / AUDIT_NAME, noted=database.log_head))
    say(f"= {use_cases.changes.pay_at_start()}")
    for number in range(THREAD_COUNT):
        threading.Thread(target=guarded, args=(_work, use_cases, seed * THREAD_COUNT + number)).start()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        kill_beside_record(*sys.argv[3].split())
    main(Path(sys.argv[1]), int(sys.argv[2]))
