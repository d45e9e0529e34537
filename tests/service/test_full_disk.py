"""At each single write, sync, rename and new file of everything that writes, one by one: no room, an error of the disk,
the end of the process. The long rounds are quick in memory: --basetemp=/dev/shm/soak."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index.database import EnrollmentDatabase
from index.folder import VAULT_NAME
from tests.service.full_disk_child import MODES, SCENARIOS
from tests.service.unsynced_child import MASTER

ROOT = Path(__file__).parents[2]
SOURCE = Path(__file__).with_name("full_disk.c")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("there is no C compiler here, or no preloading")
    made = tmp_path_factory.mktemp("full-disk") / "full_disk.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", str(made), str(SOURCE), "-ldl"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    return made


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", [pytest.param(199, id="some"), pytest.param(1, id="every", marks=pytest.mark.soak)])
def test_what_a_fault_of_the_disk_keeps_from_being_done_is_done_when_it_is_over(
    library: Path, tmp_path: Path, step: int, mode: str, scenario: str
) -> None:
    """Refused by name; nothing that was acknowledged is lost, nothing that was deleted is back, everything is whole."""
    side_by_side = str(os.cpu_count() or 1)
    command = [sys.executable, "-m", "tests.service.full_disk_child", str(tmp_path), scenario, str(step), mode]
    environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, side_by_side], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    said = [json.loads(line) for line in done.stdout.splitlines()]
    whole, *others = said
    assert not whole["wrong"], whole["wrong"]
    assert not whole["refused"]
    assert int(whole["count"][0]) > 30
    wrong = [(one["number"], one["wrong"]) for one in others if one["wrong"]]
    assert not wrong
    refusals = sum(bool(one["refused"]) for one in others)
    # Of a few calls all may be such that a fault harms nothing: a cache, a temporary file.
    assert refusals if step == 1 else others
    print(
        f"\n{scenario}: {whole['count'][0]} calls, {len(others)} tried ({mode}): "
        f"{refusals} refused by name or killed, the rest harmless"
    )


@pytest.mark.parametrize(("what", "stored"), [("ends", {"first", "second"}), ("goes on", {"first", "third"})])
def test_a_commit_that_was_written_and_not_synced_is_whole_or_gone(
    library: Path, tmp_path: Path, what: str, stored: set[str]
) -> None:
    """It was refused; where the process ends before another commit, SQLite finds it in the write-ahead log at the next
    start, and then its image is there, too. After another one nothing of it is left."""
    command = [sys.executable, "-m", "tests.service.unsynced_child", str(tmp_path), what]
    environment = {**os.environ, "LD_PRELOAD": str(library), "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.stdout == "DatabaseWriteError\n", done.stderr[-3000:]
    with EnrollmentDatabase.open(tmp_path, create=False, master_key=MASTER) as database:
        assert {subject.external_id for subject in database.list_subjects(page_size=10).items} == stored
        assert database.verify().problems == ()
    assert sum(path.is_file() for path in (tmp_path / VAULT_NAME).rglob("*")) == len(stored)
