"""Merges, moves and takes back through the use cases, with the real store and audit file, until it is killed.

Lines: "+ SUBJECT REFERENCE REFERENCE SEED" for each subject that is there, "! TEXT" for an error. Arguments: the data
folder, a seed, and where it is to die by itself "ACTION before_audit" (or after_audit).
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import numpy as np

from index.database import EnrollmentDatabase
from index.errors import ReassignmentError, SubjectMergedError
from index.keys.master_key import MasterKey
from index.records import Subject
from matcher.assembly.use_cases import UseCases
from matcher.audit.log import FileAuditLog
from tests.fakes import face, finger
from tests.faults import kill_beside_record
from tests.service.joined_child import ACCESS, AUDIT_NAME, use_cases_of
from tests.service.killed import guarded, say

THREAD_COUNT = 3
MASTER = MasterKey(bytes(range(32)))


def _work(use_cases: UseCases, seed: int) -> None:
    random = np.random.default_rng(seed)
    keeper = use_cases.record_keeper
    mine: list[tuple[str, tuple[int, ...]]] = []
    done: list[int] = []
    while True:
        if len(mine) < 4:
            number = seed * 4 + len(mine)
            samples = [face(number % 200), finger(number % 200)]
            made = use_cases.enroller.enroll(
                Subject("", f"HS-{number}", f"Nguyễn {number}"), samples, ACCESS, skip_duplicate_check=True
            )
            references = tuple(sample.reference_id for sample in made.samples)
            say(f"+ {made.subject_id} {references[0]} {references[1]} {number}")
            mine.append((made.subject_id, references))
            continue
        (one, references), (other, _) = (mine[index] for index in random.choice(4, 2, replace=False))
        try:
            match int(random.integers(4)):
                case 0:
                    done.append(keeper.merge(ACCESS, one, other)[0].reassignment_id)
                case 1:
                    done.append(keeper.move(ACCESS, references[:1], one, other)[0].reassignment_id)
                case _ if done:
                    keeper.undo(ACCESS, done.pop())
        except (ReassignmentError, SubjectMergedError):
            continue


def main(folder: Path, seed: int) -> None:
    """Runs until killed."""
    database = EnrollmentDatabase(folder, save_interval_s=0.3, master_key=MASTER)
    use_cases = use_cases_of(database, FileAuditLog(folder / AUDIT_NAME, noted=database.log_head))
    use_cases.changes.pay_at_start()
    for number in range(THREAD_COUNT):
        threading.Thread(target=guarded, args=(_work, use_cases, seed * THREAD_COUNT + number)).start()


if __name__ == "__main__":
    if len(sys.argv) > 3:
        kill_beside_record(*sys.argv[3].split())
    main(Path(sys.argv[1]), int(sys.argv[2]))
