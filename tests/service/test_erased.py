"""What was deleted is in the bytes of no file, but for subject ids in records of the audit log."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from index.database import EnrollmentDatabase
from matcher.audit.log import FileAuditLog
from tests.service.joined_child import AUDIT_NAME, use_cases_of

ROOT = Path(__file__).parents[2]


def delete_and_kill(folder: Path, seed: int, after: int) -> list[tuple[str, str, str]]:
    """Runs the child until it has said so many deletions, kills it, and returns all that it said."""
    arguments = [sys.executable, "-m", "tests.service.erased_child", str(folder), str(seed)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    said: list[tuple[str, str, str]] = []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        late = threading.Timer(300.0, process.kill)
        late.start()
        for line in process.stdout:
            assert not line.startswith("!"), line
            if line.endswith("\n"):
                _, subject_id, number, name = line.split()
                said.append((subject_id, number, name))
            if len(said) == after:
                process.kill()
        late.cancel()
    assert process.returncode == -9
    assert len(said) >= after
    return said


def left_behind(folder: Path, deleted: list[tuple[str, str, str]]) -> dict[str, int]:
    """How many of the deleted each file still names, by what. Subject ids may stand in the audit log."""
    found: dict[str, int] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        for part, what in enumerate(("subject id", "external id", "name")):
            if what == "subject id" and path.name.startswith(AUDIT_NAME):
                continue
            count = sum(one[part].encode() in content for one in deleted)
            if count:
                found[f"{path.name}: {what}"] = count
    return found


def start(folder: Path) -> EnrollmentDatabase:
    """As the server does."""
    database = EnrollmentDatabase.open(folder)
    with FileAuditLog(folder / AUDIT_NAME, noted=database.log_head) as audit:
        use_cases_of(database, audit).changes.pay_at_start()
    return database


@pytest.mark.parametrize(
    ("kills", "deletions_each"),
    [pytest.param(3, 60, id="short"), pytest.param(100, 100, id="full", marks=pytest.mark.soak)],
)
def test_a_search_of_every_byte_finds_nothing_of_what_was_deleted(
    tmp_path: Path, kills: int, deletions_each: int
) -> None:
    seed = int.from_bytes(os.urandom(3), "big")
    pauses = random.Random(seed)
    deleted: list[tuple[str, str, str]] = []
    for number in range(kills):
        deleted += delete_and_kill(tmp_path, seed + number, pauses.randrange(1, 2 * deletions_each))
        if number % 10 in (2, 9) or number == kills - 1:
            # While a process serves, and after it was closed.
            with start(tmp_path):
                assert not left_behind(tmp_path, deleted), f"seed {seed}"
            assert not left_behind(tmp_path, deleted), f"seed {seed}"
    print(f"{kills} kills, {len(deleted)} deletions acknowledged: nothing of them is left")
