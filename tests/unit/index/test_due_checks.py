"""Rows of before there were checks get theirs in portions: killed at any of them, the next start goes on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from index.backup.backup import back_up, restore
from index.database import EnrollmentDatabase
from index.folder import STORE_NAME
from index.receipts import OpenProgress
from index.records import Gallery
from index.store.opening import peek_log_head, references_set_aside
from index.store.sqlite import row_checks
from index.store.sqlite.row_checks import COLUMN
from tests.unit.index.conftest import References
from tests.unit.index.every_table import fill, past_the_store

CHECKOUT = Path(__file__).parents[3]
PORTION = 3
HEAD = "the log stood here"


@pytest.fixture(autouse=True)
def _few_rows_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_checks, "PORTION_COUNT", PORTION)
    # Settings are always among the few.
    monkeypatch.setattr(row_checks, "PORTIONS_FROM_COUNT", PORTION + 1)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as it was before step 0013."""
    folder = tmp_path_factory.mktemp("older") / "data"
    with EnrollmentDatabase.open(folder) as database:
        fill(database, References())
        database.settle(log_head=HEAD, at_once=True)
    with past_the_store(folder) as connection:
        for (table,) in connection.execute(
            f"SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE '% {COLUMN} %'"
        ).fetchall():
            connection.execute(f"ALTER TABLE {table} DROP COLUMN {COLUMN}")
        connection.execute("DELETE FROM migration WHERE name >= '0013'")
        # So that these are among the few rows.
        connection.execute("DELETE FROM setting WHERE name NOT IN ('database_id', 'log_head')")
    return folder


def rows_of(folder: Path) -> dict[str, list[tuple]]:
    """Everything in every table, but for what a store says of its own pages and files."""
    with past_the_store(folder) as connection:
        connection.text_factory = bytes
        tables = [row[0].decode() for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        left_out = {"setting", "cache_mark", "change_count", "migration"}
        return {
            table: sorted(connection.execute(f"SELECT * FROM {table}"), key=repr)
            for table in tables
            if table not in left_out
        }


def due_of(folder: Path) -> list[str]:
    with past_the_store(folder) as connection:
        row = connection.execute("SELECT value FROM setting WHERE name = ?", (row_checks.DUE,)).fetchone()
        return [] if row is None else str(row[0]).split()


def check_whole(folder: Path) -> None:
    with EnrollmentDatabase.open(folder, create=False) as database:
        report = database.verify()
        assert (report.ok, report.set_aside_ids) == (True, ())
        assert database.inspect() == ()
    assert due_of(folder) == []
    with past_the_store(folder) as connection:
        assert row_checks.columns_checked(connection)
        row_checks.add_functions(connection)
        assert list(row_checks.damaged_rows(connection)) == []


def killed_at(folder: Path, report_number: int) -> None:
    """Opened by a process that dies at a report of how far it is."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from index.database import EnrollmentDatabase\n"
        "from index.store.sqlite import row_checks\n"
        f"row_checks.PORTION_COUNT, row_checks.PORTIONS_FROM_COUNT = {PORTION}, {PORTION + 1}\n"
        "left = [int(sys.argv[2])]\n"
        "def report(progress):\n"
        "    if progress.stage == 'checks':\n"
        "        left[0] -= 1\n"
        "        if left[0] < 0:\n"
        "            os.kill(os.getpid(), signal.SIGKILL)\n"
        "EnrollmentDatabase.open(Path(sys.argv[1]), create=False, progress=report)\n"
    )
    arguments = [sys.executable, "-c", program, str(folder), str(report_number)]
    environ = {**os.environ, "PYTHONPATH": str(CHECKOUT)}
    assert subprocess.run(arguments, cwd=CHECKOUT, env=environ, check=False).returncode == -signal.SIGKILL


def reports(folder: Path) -> list[OpenProgress]:
    told: list[OpenProgress] = []
    EnrollmentDatabase.open(folder, create=False, progress=told.append).close()
    return [one for one in told if one.stage == "checks"]


@pytest.mark.parametrize("report_number", [0, 1, 7])
def test_a_start_that_is_killed_while_it_makes_checks_is_gone_on_with(
    older: Path, tmp_path: Path, report_number: int
) -> None:
    straight, folder, backup = tmp_path / "straight", tmp_path / "data", tmp_path / "backup"
    shutil.copytree(older, straight)
    shutil.copytree(older, folder)
    told = reports(straight)
    assert told[0].done_count == 0
    assert told[-1].done_count == told[-1].total_count > 7 * PORTION
    check_whole(straight)
    killed_at(folder, report_number)
    assert due_of(folder)
    # Meanwhile nothing of it is called damaged.
    assert peek_log_head(folder) == HEAD
    assert references_set_aside(folder) == ()
    back_up(folder, backup)
    again = reports(folder)
    assert again[0].total_count == told[0].total_count - told[report_number].done_count
    check_whole(folder)
    assert rows_of(folder) == rows_of(straight)
    restore(backup, tmp_path / "restored")
    check_whole(tmp_path / "restored")


def test_a_row_that_changed_on_the_disk_is_told_between_two_portions(older: Path, tmp_path: Path) -> None:
    folder, straight = tmp_path / "data", tmp_path / "straight"
    shutil.copytree(older, folder)
    shutil.copytree(older, straight)
    # All portions but the last are made.
    killed_at(folder, len(reports(straight)) - 2)
    with past_the_store(folder) as connection:
        assert connection.execute("UPDATE gallery SET display_name = 'x' WHERE gallery_number = 2").rowcount == 1
    with EnrollmentDatabase.open(folder, create=False) as database:
        assert any("a row of the table gallery" in problem for problem in database.verify().problems)


def test_the_locks_of_the_store_are_kept(older: Path, tmp_path: Path) -> None:
    """A process that looks into a store in use, and is the last to close it by its locks, would take the log away."""
    folder = tmp_path / "data"
    shutil.copytree(older, folder)
    look = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('SELECT * FROM gallery').fetchall()\n"
        "connection.close()\n"
    )
    with EnrollmentDatabase.open(folder, create=False) as database:
        database.create_gallery(Gallery("more", "More", "search"))
        log = folder / f"{STORE_NAME}-wal"
        before = log.stat().st_size
        assert before
        subprocess.run([sys.executable, "-c", look, str(folder / STORE_NAME)], check=True)
        assert log.stat().st_size == before
