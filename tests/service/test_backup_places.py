"""A backup of a database whose disk is full or read-only, to another disk. Real disks, in a mount namespace."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from index.backup import backup as backup_module
from index.backup.backup import back_up, check_backup, restore
from index.database import EnrollmentDatabase
from index.errors import BackupError
from index.records import Subject
from tests.service.crash_child import face_of

ROOT = Path(__file__).parents[2]


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with EnrollmentDatabase.open(folder) as database:
        for number in range(40):
            database.enroll(Subject("", external_id=str(number)), [face_of(number)])
    return folder


@pytest.fixture
def shell() -> list[str]:
    """A command that runs a script as root of a mount namespace of its own."""
    command = ["unshare", "--map-root-user", "--mount", "sh", "-ec"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("this machine gives no mount namespaces")
    return command


READ_ONLY = "mount --bind {data} {data}; mount -o remount,ro,bind {data}; ! touch {data}/x 2>/dev/null"
FULL = (
    "cp -a {data} {data}.copy; mount -t tmpfs -o size=4m tmpfs {data}; cp -a {data}.copy/. {data};"
    " ! cat /dev/zero > {data}/filled 2>/dev/null"
)


@pytest.mark.parametrize("state", [READ_ONLY, FULL], ids=["read-only", "full"])
@pytest.mark.parametrize("scratch", [False, True])
def test_a_disk_that_takes_nothing_is_backed_up_to_another(tmp_path, data_folder, shell, state, scratch):
    (tmp_path / "usb").mkdir()
    (tmp_path / "scratch").mkdir()
    target = tmp_path / "usb" / "backup"
    option = f"--scratch {tmp_path / 'scratch'}" if scratch else ""
    script = f"{state.format(data=data_folder)}; {sys.executable} -m matcher --lang en backup {target}"
    done = subprocess.run(
        [*shell, f"{script} --data-folder {data_folder} {option}"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert check_backup(target).summary.subject_count == 40
    assert not list((tmp_path / "scratch").iterdir())
    restore(target, tmp_path / "restored")
    with EnrollmentDatabase.open(tmp_path / "restored") as database:
        assert len(database.list_subjects(page_size=100).items) == 40


def test_where_there_is_no_room_anywhere_the_backup_asks_for_a_folder(tmp_path, data_folder, monkeypatch):
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(backup_module.shutil, "disk_usage", lambda _: full)
    with pytest.raises(BackupError, match="--scratch"):
        back_up(data_folder, tmp_path / "backup")
    back_up(data_folder, tmp_path / "backup", scratch=tmp_path)
    assert check_backup(tmp_path / "backup").summary.subject_count == 40
