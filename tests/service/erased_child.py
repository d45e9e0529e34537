"""For each line of standard input, "DATA_FOLDER SEED", a process that enrolls and deletes through the use cases, with
the real store and audit file, until it is killed. Their imports are made once.

Lines: "> PID" for each process, "- SUBJECT_ID EXTERNAL_ID NAME" for what was deleted and acknowledged, "= STATUS" when
the process has ended.
"""

from __future__ import annotations

import os
import secrets
import sys
import threading
from pathlib import Path

import numpy as np

from index.database import EnrollmentDatabase
from index.folder import SLOTS_NAME
from index.keys.master_key import MasterKey
from index.records import Subject
from index.vector.engines import SearchEngines
from matcher.assembly.use_cases import UseCases
from matcher.audit.log import FileAuditLog
from tests.fakes import face, finger
from tests.service.joined_child import ACCESS, AUDIT_NAME, use_cases_of
from tests.service.killed import guarded, say

THREAD_COUNT = 6
MASTER = MasterKey(bytes(range(32)))


def master_of(folder: Path) -> MasterKey | None:
    """None where the database is plain."""
    return MASTER if (folder / SLOTS_NAME).exists() else None


def _work(use_cases: UseCases, seed: int) -> None:
    random = np.random.default_rng(seed)
    mine: list[tuple[str, str, str]] = []
    samples = [face(seed % 200), finger(seed % 200)]
    while True:
        number = f"0{random.integers(10**11, 10**12 - 1)}"
        name = f"Nguyễn-{secrets.token_hex(int(random.integers(4, 30)))}"
        answer = use_cases.enroller.enroll(
            Subject("", number, display_name=name),
            samples[: int(random.integers(1, 3))],
            ACCESS,
            request_id="",
            skip_duplicate_check=True,
        )
        mine.append((answer.subject_id, number, name))
        while mine and random.random() < 0.45:
            one = mine.pop(int(random.integers(len(mine))))
            use_cases.keeper.delete_subject(ACCESS, one[0])
            say("- " + " ".join(one))


def run(folder: Path, seed: int) -> None:
    """Until killed."""
    database = EnrollmentDatabase(folder, save_interval_s=0.3, master_key=master_of(folder))
    use_cases = use_cases_of(database, FileAuditLog(folder / AUDIT_NAME, noted=database.log_head))
    use_cases.changes.pay_at_start()
    for number in range(1, THREAD_COUNT):
        threading.Thread(target=guarded, args=(_work, use_cases, seed * THREAD_COUNT + number)).start()
    guarded(_work, use_cases, seed * THREAD_COUNT)


def main() -> None:
    """Until standard input ends."""
    SearchEngines().warm_up([(0, 1)])
    for line in sys.stdin:
        folder, seed = line.split()
        pid = os.fork()
        if pid == 0:
            run(Path(folder), int(seed))
        say(f"> {pid}")
        say(f"= {os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}")


if __name__ == "__main__":
    main()
