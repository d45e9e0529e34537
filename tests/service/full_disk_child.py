"""Does what needs room on a disk, once for each call that could be refused, which is refused: full_disk.c, preloaded.

Arguments: a folder for everything, the numbers of the first and last call, a step, and whether the disk stays full.
Lines of JSON: of each number what was acknowledged, what was refused by name and what was wrong, and whether a fault
was met. Number 0 first, without a fault: how many calls there are.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from index.backup.backup import back_up, check_backup
from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from index.records import Gallery, Subject
from matcher.audit.log import FileAuditLog
from matcher.audit.verification import verify_audit_log
from matcher.errors import MatcherError
from matcher.packs.store import PackStore
from tests.fakes import face, finger
from tests.service.joined_child import ACCESS, AUDIT_NAME, use_cases_of

_KEY = bytes(32)
Said = dict[str, list[str]]


class Attempts:
    """Runs one thing after the other; each is done, or refused by name."""

    def __init__(self, said: Said) -> None:
        self._said = said

    def run(self, what: str, do: Callable[[], Any]) -> Any:
        try:
            done = do()
        except (DatabaseError, MatcherError) as error:
            self._said["refused"].append(f"{what}: {type(error).__name__}")
            return None
        except Exception as error:
            self._said["wrong"].append(f"{what}: {type(error).__name__}: {error} {traceback.format_exc()[-700:]}")
            return None
        self._said["done"].append(what)
        return done


def work(folder: Path, said: Said) -> None:
    """Start, enroll, make a gallery, delete, save caches, back up, install a pack, close."""
    attempts = Attempts(said)
    data = folder / "data"
    database = attempts.run("open", lambda: EnrollmentDatabase(data, save_interval_s=3600))
    if database is None:
        return
    audit = attempts.run("audit", lambda: FileAuditLog(data / AUDIT_NAME, noted=database.log_head))
    if audit is not None:
        use_cases = use_cases_of(database, audit)
        attempts.run("start", use_cases.changes.pay_at_start)
        attempts.run("gallery", lambda: use_cases.keeper.create_gallery(ACCESS, Gallery("g", "g")))
        for number in range(2):
            answer = attempts.run(
                f"enroll {number}",
                lambda number=number: use_cases.enroller.enroll(
                    Subject("", f"new-{number}"), [face(10 + number), finger(10 + number)], ACCESS
                ),
            )
            if answer is not None:
                said["enrolled"].append(answer.subject_id)
        old = database.find_subject("old-1")
        if old is not None and attempts.run("delete", lambda: use_cases.keeper.delete_subject(ACCESS, old.subject_id)):
            said["deleted"].append(old.subject_id)
        attempts.run("identify", lambda: use_cases.identifier.identify([face(2)], ACCESS))
    # A cache that cannot be saved is made anew; the saver logs it.
    with contextlib.suppress(OSError):
        attempts.run("save", database.save)
    attempts.run("backup", lambda: back_up(data, folder / "backup", key=_KEY))
    attempts.run("pack", lambda: PackStore(folder / "packs").install("face-builtin"))
    attempts.run("close", database.close)
    if audit is not None:
        attempts.run("close audit", audit.close)


def check(folder: Path, said: Said) -> None:
    """There is room again: what was acknowledged holds, and everything is whole."""
    wrong, data = said["wrong"], folder / "data"
    with EnrollmentDatabase.open(data) as database:
        with FileAuditLog(data / AUDIT_NAME, noted=database.log_head) as audit:
            use_cases_of(database, audit).changes.pay_at_start()
        stored = {subject.subject_id for subject in database.list_subjects(page_size=1000).items}
        wrong += [f"lost {one}" for one in said["enrolled"] if one not in stored]
        wrong += [f"back {one}" for one in said["deleted"] if one in stored]
        wrong += database.verify().problems
    if not verify_audit_log(data / AUDIT_NAME).ok:
        wrong.append("the audit log is broken")
    if (folder / "backup").exists():
        check_backup(folder / "backup", key=_KEY)
    elif "backup" in said["done"]:
        wrong.append("no backup")


def _child(template: Path, folder: Path, number: int, lasting: bool) -> Said:
    said: Said = {name: [] for name in ("done", "refused", "wrong", "enrolled", "deleted")}
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    library = ctypes.CDLL(None)
    library.full_disk_begin(str(folder).encode(), ctypes.c_long(number), int(lasting))
    try:
        work(folder, said)
    finally:
        count = library.full_disk_end()
    said["count"] = [str(count)]
    try:
        check(folder, said)
    except Exception as error:
        said["wrong"].append(f"afterwards {type(error).__name__}: {error} {traceback.format_exc()[-700:]}")
    return said


def _forked(template: Path, folder: Path, number: int, lasting: bool) -> Said:
    """In a process of its own, which begins with everything imported."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        with os.fdopen(write, "w") as answer:
            json.dump(_child(template, folder, number, lasting), answer)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as answer:
        content = answer.read()
    os.waitpid(pid, 0)
    said: Said = json.loads(content) if content else {"wrong": ["the process died"], "refused": [], "count": ["0"]}
    return said


def _make_template(folder: Path) -> None:
    data = folder / "data"
    with EnrollmentDatabase(data, save_interval_s=3600) as database, FileAuditLog(data / AUDIT_NAME) as audit:
        use_cases = use_cases_of(database, audit)
        for number in range(4):
            use_cases.enroller.enroll(Subject("", f"old-{number}"), [face(number), finger(number)], ACCESS)


def main(base: Path, first: int, last: int, step: int, lasting: bool) -> None:
    template = base / "template"
    template.mkdir()
    pid = os.fork()  # threads that a database begins stay out of this process
    if pid == 0:
        _make_template(template)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    whole = _forked(template, base / "work", 0, lasting)
    print(json.dumps({"number": 0, **whole}), flush=True)
    count = int(whole["count"][0])
    for number in range(first, min(last, count) + 1, step):
        print(json.dumps({"number": number, **_forked(template, base / "work", number, lasting)}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5] == "lasting")
