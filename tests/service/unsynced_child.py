"""Enrolls a person; then another while the disk takes what is written and syncs nothing of the write-ahead log:
full_disk.c, preloaded. Ends there, or enrolls a third when the disk syncs again.

Arguments: the data folder, and "ends" or "goes on". Prints the class of what refused the second person.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from index.folder import STORE_NAME
from index.keys.master_key import MasterKey
from index.records import Subject
from matcher.audit.log import FileAuditLog
from tests.fakes import face
from tests.service.full_disk_child import MODES
from tests.service.joined_child import ACCESS, AUDIT_NAME, use_cases_of

MASTER: Final = MasterKey(bytes(range(32)))


def main(folder: Path, what: str) -> None:
    database = EnrollmentDatabase(folder, save_interval_s=3600, master_key=MASTER)
    enroller = use_cases_of(database, FileAuditLog(folder / AUDIT_NAME)).enroller

    def enroll(name: str, identity: int) -> None:
        enroller.enroll(Subject("", name), [face(identity)], ACCESS, request_id=name, skip_duplicate_check=True)

    enroll("first", 1)
    library = ctypes.CDLL(None)
    log = f"{folder / STORE_NAME}-wal"
    library.full_disk_begin(log.encode(), ctypes.c_long(1), MODES.index("unsynced"))
    try:
        enroll("second", 2)
    except DatabaseError as error:
        print(type(error).__name__, flush=True)
    library.full_disk_end()
    if what == "goes on":
        enroll("third", 3)
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
