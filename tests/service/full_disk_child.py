"""Does what needs room on a disk, once for each call that could be refused, which is refused: full_disk.c, preloaded.

Arguments: a folder for everything, a scenario, a step, one of MODES, how many processes side by side, and, where it is
not 1, the first number. Lines of JSON: of each number what was acknowledged, what was refused by name and what was
wrong. Number 0 first, without a fault: how many calls there are.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import shutil
import sys
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, Final

from enroll.errors import EnrollError
from enroll.results_file import COLUMNS, ResultsFile
from index.backup.backup import back_up, check_backup, restore
from index.backup.sealed_stream import new_key_file, read_key_file
from index.database import EnrollmentDatabase
from index.errors import DatabaseError
from index.folder import SLOTS_NAME, STORE_NAME
from index.keys.master_key import MasterKey, new_master_key, read_master_key
from index.keys.slots import copy_slots, read_identity, rewrap
from index.records import Gallery, Modality, Subject
from index.vector.engines import SearchEngines
from matcher.assembly.use_cases import UseCases
from matcher.audit.erasure import SigningKey
from matcher.audit.log import FileAuditLog
from matcher.audit.notices import record_command, take_notices
from matcher.audit.records import AuditEvent
from matcher.audit.verification import verify_audit_log
from matcher.errors import MatcherError
from matcher.extraction.engines import Engines
from matcher.packs.bundle import export_pack, import_pack
from matcher.packs.store import PackStore
from matcher.usecases.reembed import Reembedder
from tests.fakes import FakeFaceEngine, face, finger
from tests.service.joined_child import ACCESS, AUDIT_NAME, use_cases_of

_KEY: Final = bytes(32)
_MASTER, _NEXT_MASTER = MasterKey(bytes(range(32))), MasterKey(bytes(32))
_NEXT_ENGINE = FakeFaceEngine(pack_id="fake-next@1")
_WEIGHTS: Final = bytes(200_000)
_TINY: Final = f"""name = "tiny"
version = "1"
modality = "fingerprint"
license = "MIT"
license_is_permissive = true
intended_use = "tests"
[[files]]
name = "weights.bin"
sha256 = "{hashlib.sha256(_WEIGHTS).hexdigest()}"
size_bytes = {len(_WEIGHTS)}
license = "MIT"
source = "folder"
"""
# No room once, or from then on; an error of the disk; the end of the process, with half of what it wrote; a disk that
# takes what is written and syncs nothing from then on.
MODES: Final = ("once", "lasting", "broken", "killed", "unsynced")
Said = dict[str, list[str]]


class Attempts:
    """Runs one thing after the other; each is done, or refused by name. What is done already is not done again."""

    def __init__(self, said: Said, *, tell: Callable[[Said], None] = lambda said: None) -> None:
        """tell: called before each, with what was said so far."""
        self._said = said
        self._tell = tell
        self._done_before = frozenset(said["done"])

    def run(self, what: str, do: Callable[[], Any]) -> Any:
        """None where it was refused."""
        self._tell(self._said)
        try:
            done = do()
        except (DatabaseError, MatcherError, EnrollError) as error:
            self._said["refused"].append(f"{what}: {type(error).__name__} {error}")
            return None
        except Exception as error:
            # Packs say what the system says, and their commands show it.
            if "pack" in what and isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EIO):
                self._said["refused"].append(f"{what}: {error}")
                return None
            self._said["wrong"].append(f"{what}: {type(error).__name__}: {error} {traceback.format_exc()[-700:]}")
            return None
        self._said["done"].append(what)
        return done

    def once(self, what: str, do: Callable[[], Any], *, makes: Path | None = None) -> Any:
        """Nothing, and None, where an earlier attempt did it. makes: a file that is there when it was done, also by a
        process that was killed before it could say so."""
        if what in self._done_before:
            return None
        if makes is not None and makes.exists():
            self._said["done"].append(what)
            return None
        return self.run(what, do)


def _enroll_and_delete(use_cases: UseCases, database: EnrollmentDatabase, attempts: Attempts, said: Said) -> None:
    """What every database goes through."""
    attempts.once("gallery", lambda: use_cases.keeper.create_gallery(ACCESS, Gallery("g", "g")))
    for number in range(2):
        answer = attempts.once(
            f"enroll {number}",
            lambda number=number: use_cases.enroller.enroll(
                Subject("", f"new-{number}"),
                [face(10 + number), finger(10 + number)],
                ACCESS,
                request_id=f"enroll-{number}",
                skip_duplicate_check=bool(number),
            ),
        )
        if answer is not None:
            said["enrolled"].append(answer.subject_id)
    old = said["meant"][0]
    if attempts.once("delete", lambda: use_cases.keeper.delete_subject(ACCESS, old, request_id="delete")):
        said["deleted"].append(old)
    attempts.once("identify", lambda: use_cases.identifier.identify([face(2)], ACCESS))


def _plain(folder: Path, attempts: Attempts, said: Said) -> None:
    """Start, enroll, make a gallery, delete, save caches, back up, install a pack, close."""
    data = folder / "data"
    database = attempts.run("open", lambda: EnrollmentDatabase(data, save_interval_s=3600))
    if database is None:
        return
    audit = attempts.run("audit", lambda: FileAuditLog(data / AUDIT_NAME, noted=database.log_head))
    if audit is not None:
        use_cases = use_cases_of(database, audit)
        attempts.run("start", use_cases.changes.pay_at_start)
        _enroll_and_delete(use_cases, database, attempts, said)
        event = AuditEvent("backup", reason="by a command")
        if attempts.once("notice", lambda: record_command(data / AUDIT_NAME, event, noted="") or True):
            attempts.run("take notices", lambda: take_notices(data / AUDIT_NAME, audit))
    # A cache that cannot be saved is made anew; the saver logs it.
    with contextlib.suppress(OSError, DatabaseError):
        database.save()
    attempts.once("backup", lambda: back_up(data, folder / "backup", key=_KEY), makes=folder / "backup")
    attempts.once("install pack", lambda: PackStore(folder / "packs").install("face-builtin"))
    attempts.run("close", database.close)
    if audit is not None:
        attempts.run("close audit", audit.close)


def _encrypted(folder: Path, attempts: Attempts, said: Said) -> None:
    """With images, records and a second pack; keys copied and wrapped anew; a backup restored elsewhere."""
    data, copied = folder / "data", folder / "keys"
    open_it = partial(EnrollmentDatabase, data, save_interval_s=3600, master_key=_master_of(data))
    database = attempts.run("open", open_it)
    if database is None:
        return
    audit = attempts.run("audit", lambda: FileAuditLog(data / AUDIT_NAME, noted=database.log_head))
    if audit is not None:
        use_cases = use_cases_of(database, audit)
        attempts.run("start", use_cases.changes.pay_at_start)
        _enroll_and_delete(use_cases, database, attempts, said)
        attempts.once(
            "record",
            lambda: use_cases.record_keeper.update(ACCESS, said["meant"][1], {"display_name": "Đặng"}, request_id="r"),
        )
        reembedder = Reembedder(
            database, Engines(_NEXT_ENGINE, None), use_cases.changes, modality=Modality.FACE, share=1.0
        )
        attempts.once("reembed", lambda: reembedder.run(Event(), lambda counts: None))
        reference_id = int(said["reference"][0])
        attempts.once(
            "delete reference",
            lambda: use_cases.keeper.delete_reference(ACCESS, reference_id, request_id="delete-reference"),
        )
    with contextlib.suppress(OSError, DatabaseError):
        database.save()
    attempts.once("backup", lambda: back_up(data, folder / "backup", key=_KEY), makes=folder / "backup")
    attempts.run("close", database.close)
    if audit is not None:
        attempts.run("close audit", audit.close)
    attempts.once("copy keys", lambda: copy_slots(data / SLOTS_NAME, copied) or True, makes=copied)
    if (folder / "backup").exists() and copied.exists():
        restored = folder / "restored"
        # Of a restore that was killed the keys may be there already.
        keys = None if (restored / SLOTS_NAME).exists() else copied
        attempts.once(
            "restore",
            lambda: restore(folder / "backup", restored, key=_KEY, key_slots=keys),
            makes=restored / STORE_NAME,
        )
    if _master_of(data) == _MASTER:
        attempts.once("rewrap", lambda: rewrap(data / SLOTS_NAME, _MASTER, _NEXT_MASTER) or True)


def _other_files(folder: Path, attempts: Attempts, said: Said) -> None:
    """A plain database is encrypted; keys; a pack from one file to another installation; results of a backlog."""
    data = folder / "data"
    path = folder / "master.key"
    if path.exists():
        attempts.once("read master key", lambda: read_master_key(path))
    else:
        attempts.once("master key", lambda: new_master_key(path))
    attempts.once("signing key", lambda: SigningKey.of_file(folder / "signing.key"))
    backup_key = folder / "backup.key"
    attempts.once("backup key", lambda: new_key_file(backup_key) or True, makes=backup_key)
    if "backup key" in said["done"]:
        attempts.once("read backup key", lambda: read_key_file(backup_key))
    database = attempts.run(
        "encrypt", lambda: EnrollmentDatabase(data, save_interval_s=3600, master_key=_MASTER, encrypt=True)
    )
    if database is not None:
        attempts.run("close", database.close)
    store = PackStore(folder / "packs", manifests_folder=folder / "manifests")
    other = PackStore(folder / "other", manifests_folder=folder / "manifests")
    attempts.once("pack", lambda: store.install("tiny", from_folder=folder / "downloads"))
    if "pack" in said["done"]:
        attempts.once(
            "export pack", lambda: export_pack(store, "tiny", folder / "tiny.pack"), makes=folder / "tiny.pack"
        )
    if "export pack" in said["done"]:
        attempts.once("import pack", lambda: import_pack(other, folder / "tiny.pack"))
    attempts.once("results", lambda: _write_results(folder / "results.csv") or True)


def _write_results(path: Path) -> None:
    line = dict.fromkeys(COLUMNS, "") | {"row": "1", "outcome": "enrolled", "detail": "x" * 9000}
    results = ResultsFile(path, [], language="en")
    results.append(line)
    results.finish([line])


SCENARIOS: dict[str, Callable[[Path, Attempts, Said], None]] = {
    "plain": _plain,
    "encrypted": _encrypted,
    "other_files": _other_files,
}


def _master_of(data: Path) -> MasterKey:
    """Whichever opens the database now."""
    return _MASTER if read_identity(data / SLOTS_NAME)[1] == _MASTER.key_id else _NEXT_MASTER


def check(scenario: str, folder: Path, said: Said) -> None:
    """There is room again: what was refused is done when it is repeated, what was acknowledged holds, and everything is
    whole."""
    wrong, data = said["wrong"], folder / "data"
    again: Said = {**{name: [] for name in said}, "done": said["done"], "meant": said["meant"]}
    again["reference"] = said["reference"]
    SCENARIOS[scenario](folder, Attempts(again), again)
    # A gallery whose record could not be written is there, its record is owed, and who makes it again is told so.
    refused = [one for one in again["refused"] if not one.startswith("gallery: AlreadyExistsError")]
    wrong += [f"again: {one}" for one in again["wrong"] + refused]
    master = None if scenario == "plain" else _master_of(data)
    with EnrollmentDatabase.open(data, master_key=master) as database:
        with FileAuditLog(data / AUDIT_NAME, noted=database.log_head) as audit:
            use_cases_of(database, audit).changes.pay_at_start()
        stored = {subject.subject_id for subject in database.list_subjects(page_size=1000).items}
        wrong += [f"lost {one}" for one in said["enrolled"] + again["enrolled"] if one not in stored]
        wrong += [f"back {one}" for one in said["deleted"] + again["deleted"] if one in stored]
        wrong += [f"lost {one}" for one in said["meant"][1:] if one not in stored]
        expected = len(said["meant"]) + (1 if scenario != "other_files" else 0)
        wrong += [f"{len(stored)} subjects, not {expected}"] if len(stored) != expected else []
        wrong += database.verify().problems
    if not verify_audit_log(data / AUDIT_NAME).ok:
        wrong.append("the audit log is broken")
    if scenario != "other_files":
        check_backup(folder / "backup", key=_KEY)
    if scenario == "encrypted":
        restored = folder / "restored"
        with EnrollmentDatabase.open(restored, create=False, master_key=_master_of(restored)) as database:
            wrong += database.verify().problems
    wrong += [f"left behind: {path.name}" for path in folder.rglob("*.part*")]


def _work(scenario: str, folder: Path, number: int, mode: str, attempts: Attempts, said: Said) -> None:
    library = ctypes.CDLL(None)
    library.full_disk_begin(f"{folder}/".encode(), ctypes.c_long(number), MODES.index(mode))
    try:
        SCENARIOS[scenario](folder, attempts, said)
    finally:
        said["count"] = [str(library.full_disk_end())]


def _killed(scenario: str, folder: Path, number: int, said: Said) -> Said:
    """What a process said before it was killed."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        with os.fdopen(write, "w") as lines:

            def tell(so_far: Said) -> None:
                lines.write(json.dumps(so_far) + "\n")
                lines.flush()

            _work(scenario, folder, number, "killed", Attempts(said, tell=tell), said)
            tell(said)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        *_, last = lines
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    said = {"count": ["0"], **json.loads(last)}
    if status == -9:
        said["refused"].append("killed")
    elif status:
        said["wrong"].append(f"ended with {status}")
    return said


def _child(scenario: str, template: Path, folder: Path, number: int, mode: str) -> Said:
    said: Said = {name: [] for name in ("done", "refused", "wrong", "enrolled", "deleted")}
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(template, folder)
    said.update(json.loads((template / "meant").read_text()))
    if mode == "killed" and number:
        said = _killed(scenario, folder, number, said)
    else:
        _work(scenario, folder, number, mode, Attempts(said), said)
    try:
        check(scenario, folder, said)
    except Exception as error:
        said["wrong"].append(f"afterwards {type(error).__name__}: {error} {traceback.format_exc()[-700:]}")
    return said


@dataclass(frozen=True, slots=True)
class _Forked:
    """One attempt in a process of its own, which begins with everything imported and compiled."""

    number: int
    pid: int
    answers: int

    @classmethod
    def begun(cls, scenario: str, base: Path, number: int, mode: str) -> _Forked:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            folder = base / f"work-{number}"
            with os.fdopen(write, "w") as answers:
                json.dump(_child(scenario, base / "template", folder, number, mode), answers)
            shutil.rmtree(folder)
            os._exit(0)
        os.close(write)
        return cls(number, pid, read)

    def ended(self) -> Said:
        """What it said."""
        with os.fdopen(self.answers) as answers:
            content = answers.read()
        os.waitpid(self.pid, 0)
        said: Said = json.loads(content) if content else {"wrong": ["the process died"], "refused": [], "count": ["0"]}
        print(json.dumps({"number": self.number, **said}), flush=True)
        return said


def _make_template(scenario: str, folder: Path) -> None:
    """Four subjects, and an audit log whose last record a crash cut off."""
    data = folder / "data"
    master = _MASTER if scenario == "encrypted" else None
    with (
        EnrollmentDatabase(data, save_interval_s=3600, master_key=master) as database,
        FileAuditLog(data / AUDIT_NAME) as audit,
    ):
        use_cases = use_cases_of(database, audit)
        made = [
            use_cases.enroller.enroll(Subject("", f"old-{number}"), [face(number), finger(number)], ACCESS)
            for number in range(4)
        ]
    with (data / AUDIT_NAME).open("ab") as log:
        log.write(b'{"sequence":')
    meant = {"meant": [one.subject_id for one in made], "reference": [made[2].samples[0].reference_id]}
    (folder / "meant").write_text(json.dumps(meant))
    for name, content in (("manifests/tiny.toml", _TINY.encode()), ("downloads/weights.bin", _WEIGHTS)):
        (folder / name).parent.mkdir()
        (folder / name).write_bytes(content)


def main(base: Path, scenario: str, step: int, mode: str, process_count: int, first: int) -> None:
    (base / "template").mkdir()
    pid = os.fork()  # threads that a database begins stay out of this process
    if pid == 0:
        _make_template(scenario, base / "template")
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    SearchEngines().warm_up([(0, 1)])
    count = int(_Forked.begun(scenario, base, 0, mode).ended()["count"][0])
    running: deque[_Forked] = deque()
    for number in range(first, count + 1, step):
        running.append(_Forked.begun(scenario, base, number, mode))
        if len(running) == process_count:
            running.popleft().ended()
    for one in running:
        one.ended()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int((*sys.argv, 1)[6]))
