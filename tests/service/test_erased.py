"""What was deleted is in the bytes of no file, but for subject ids in records of the audit log."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from index.backup.backup import back_up, restore
from index.database import EnrollmentDatabase
from index.folder import SLOTS_NAME
from matcher.audit.log import FileAuditLog
from tests.service.erased_child import MASTER, master_of
from tests.service.joined_child import AUDIT_NAME, use_cases_of

ROOT = Path(__file__).parents[2]
SLOT_COUNT: Final = 1 << 22
Person = tuple[str, str, str]
WHAT: Final = ("subject id", "external id", "name")


@dataclass
class Children:
    """Processes that enroll and delete, one at a time, begun by one that has made their imports."""

    parent: subprocess.Popen[str]

    def delete_and_kill(self, folder: Path, seed: int, after: int) -> list[Person]:
        """Waits until one has said so many deletions, kills it, and returns all that it said."""
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.write(f"{folder} {seed}\n")
        self.parent.stdin.flush()
        said: list[Person] = []
        pid, is_killed = 0, False
        for line in self.parent.stdout:
            kind, *words = line.split()
            assert kind in (">", "-", "="), line
            if kind == ">":
                pid = int(words[0])
            elif kind == "-":
                subject_id, number, name = words
                said.append((subject_id, number, name))
            else:
                assert words == ["-9"]
                break
            if pid and len(said) >= after and not is_killed:
                os.kill(pid, signal.SIGKILL)
                is_killed = True
        assert len(said) >= after
        return said


@contextmanager
def children(folder: Path) -> Iterator[Children]:
    """Their log and temporary files lie below folder."""
    (folder / "temporary").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder / "temporary"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.service.erased_child"]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=ROOT, text=True
        ) as parent,
    ):
        yield Children(parent)
        assert parent.stdin is not None
        parent.stdin.close()


class Needles:
    """Thousands of texts of at least eight bytes, looked for in one pass: where eight bytes are the first ones of a
    text, by a table of their hashes, the whole text is compared."""

    def __init__(self, texts: Iterable[bytes]) -> None:
        self._of_head: dict[bytes, list[bytes]] = {}
        for one in texts:
            self._of_head.setdefault(one[:8], []).append(one)
        heads = np.frombuffer(b"".join(self._of_head), np.dtype("<u8"))
        self._is_head = np.zeros(SLOT_COUNT, np.bool_)
        self._is_head[_slots(heads)] = True

    def found(self, content: bytes) -> set[bytes]:
        """Which of them stand in content."""
        if len(content) < 8:
            return set()
        found = set()
        for shift in range(8):
            heads = np.frombuffer(content, np.dtype("<u8"), count=(len(content) - shift) // 8, offset=shift)
            for place in (8 * np.flatnonzero(self._is_head[_slots(heads)]) + shift).tolist():
                for one in self._of_head.get(content[place : place + 8], ()):
                    if content.startswith(one, place):
                        found.add(one)
        return found


def _slots(heads: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return (heads * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)


def left_behind(folder: Path, deleted: list[Person]) -> dict[str, int]:
    """How many of the deleted each file still names, by what. Subject ids may stand in the audit log."""
    parts = [{one[part].encode() for one in deleted} for part in range(3)]
    needles = Needles(set().union(*parts))
    while True:
        # Where a process serves, its saver may replace a file while the folder is read: what was in it may stand in one
        # that was read before, so everything is read again.
        with suppress(FileNotFoundError):
            return _left_in(folder, parts, needles)


def _left_in(folder: Path, parts: list[set[bytes]], needles: Needles) -> dict[str, int]:
    left: dict[str, int] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found = needles.found(path.read_bytes())
        for part, what in enumerate(WHAT):
            if what == "subject id" and path.name.startswith(AUDIT_NAME):
                continue
            count = len(parts[part] & found)
            if count:
                left[f"{path.name}: {what}"] = count
    return left


def subject_ids(database: EnrollmentDatabase) -> Iterator[str]:
    token = ""
    while True:
        page = database.list_subjects(page_size=1000, page_token=token)
        yield from (subject.subject_id for subject in page.items)
        token = page.next_page_token
        if not token:
            return


@contextmanager
def serving(folder: Path) -> Iterator[EnrollmentDatabase]:
    """As the server begins and ends."""
    with EnrollmentDatabase.open(folder, master_key=master_of(folder)) as database:
        with FileAuditLog(folder / AUDIT_NAME, noted=database.log_head) as audit:
            use_cases_of(database, audit).changes.pay_at_start()
        yield database


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    person = ("0123456789abcdef0123456789abcdef", "079203004567", "Nguyễn-ab12")
    assert not left_behind(tmp_path, [person])
    for offset in range(9):
        for part, what in enumerate(WHAT):
            (tmp_path / "file").write_bytes(bytes(offset) + person[part].encode())
            assert left_behind(tmp_path, [person]) == {f"file: {what}": 1}
            (tmp_path / "file").write_bytes(bytes(offset) + person[part].encode()[:-1])
            assert not left_behind(tmp_path, [person])


@pytest.mark.parametrize("is_encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize(
    ("kills", "deletions_each"),
    [pytest.param(3, 40, id="short"), pytest.param(100, 100, id="full", marks=pytest.mark.soak)],
)
def test_a_search_of_every_byte_finds_nothing_of_what_was_deleted(
    tmp_path: Path, kills: int, deletions_each: int, is_encrypted: bool
) -> None:
    """Store, log, index files, audit log, backups, temporary files. An encrypted database has backups of before the
    deletions, too: with the keys that are left nobody who was deleted comes out of them."""
    seed = int.from_bytes(os.urandom(3), "big")
    pauses = random.Random(seed)
    data, deleted = tmp_path / "data", list[Person]()
    EnrollmentDatabase.open(data, master_key=MASTER if is_encrypted else None).close()
    with children(tmp_path) as parent:
        for number in range(kills):
            deleted += parent.delete_and_kill(data, seed + number, pauses.randrange(1, 2 * deletions_each))
            if number % 10 in (2, 9) or number == kills - 1:
                # While a process serves, and after it was closed.
                with serving(data):
                    assert not left_behind(tmp_path, deleted), f"seed {seed}"
                    back_up(data, tmp_path / f"backup-{number}")
                assert not left_behind(tmp_path, deleted), f"seed {seed}"
                if not is_encrypted:
                    (tmp_path / f"backup-{number}").unlink()
    if is_encrypted:
        gone = {one[0] for one in deleted}
        for backup in sorted(tmp_path.glob("backup-*")):
            old = tmp_path / f"restored-{backup.name}"
            restore(backup, old, key_slots=data / SLOTS_NAME)
            with EnrollmentDatabase.open(old, master_key=MASTER) as database:
                came_out = set(subject_ids(database))
            assert came_out
            assert not came_out & gone
            assert not left_behind(old, deleted), f"seed {seed}"
    print(f"\n{kills} kills, {len(deleted)} deletions acknowledged, every byte of every file: nothing of them is left")
