"""The store knows how far its audit log had come: what was taken from the log is noticed without any secret."""

from __future__ import annotations

import json
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from index.database import EnrollmentDatabase
from index.records import Subject
from matcher.__main__ import main
from matcher.audit.chain import FIRST_PREVIOUS_HASH, ChainPoint, make_line
from matcher.audit.checkpoint import Checkpoint, read_checkpoint
from matcher.audit.head import head_path
from matcher.audit.log import FileAuditLog
from matcher.audit.notices import take_notices
from matcher.audit.records import AuditEvent
from matcher.config import load_settings
from matcher.errors import AuditError
from matcher.server.app import serve
from tests.fakes import face
from tests.service import joined_child as child
from tests.service.fake_server import load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a server leaves that enrolled five people and was stopped."""
    folder = tmp_path / "data"
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(folder))
    monkeypatch.setenv("STATION_MATCHER_SERVER_ADDRESS", "127.0.0.1:0")
    with EnrollmentDatabase.open(folder) as database, FileAuditLog(_log(folder)) as audit:
        use_cases = child.use_cases_of(database, audit)
        use_cases.changes.pay_at_start()
        for number in range(5):
            use_cases.enroller.enroll(Subject("", f"number-{number}"), [face(number)], child.ACCESS)
        use_cases.changes.note_head()
    return folder


def _log(folder: Path) -> Path:
    return folder / child.AUDIT_NAME


def _start() -> None:
    """Start as the command does, and stop as soon as it answers."""
    stop = threading.Event()

    def say(code: str, **_: object) -> None:
        if code == "serve.ready":
            stop.set()

    serve(load_settings(), say=say, stop=stop, load=load)


def _edit_old_field(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"operator-7", b"operator-8", 1))


def _empty(path: Path) -> None:
    os.truncate(path, 0)
    head_path(path).unlink()


def _take_last_and_head(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-2]))
    head_path(path).unlink()


def _take_log_and_head(path: Path) -> None:
    path.unlink()
    head_path(path).unlink()


def _write_anew(path: Path) -> None:
    """Every record chained anew, with another operator, and the head made to fit: consistent in itself."""
    point, lines = ChainPoint(0, FIRST_PREVIOUS_HASH, 0), []
    for line in path.read_bytes().splitlines():
        record: dict[str, Any] = json.loads(line)
        for name in ("sequence", "previous_hash", "hash"):
            record.pop(name)
        written, point = make_line({**record, "operator_id": "operator-8"}, point)
        lines.append(written)
    path.write_bytes(b"".join(lines))
    noted = {"sequence": point.sequence, "hash": point.record_hash, "offset_bytes": point.offset_bytes}
    head_path(path).write_text(json.dumps(noted).ljust(256))


DAMAGES = [_edit_old_field, _empty, _take_last_and_head, _take_log_and_head, _write_anew]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_was_done_to_the_log_stops_the_start_and_is_told_by_verify(folder, capsys, damage):
    assert main(["--lang", "en", "audit", "verify"]) == 0
    damage(_log(folder))
    before = _log(folder).read_bytes() if _log(folder).exists() else None
    with pytest.raises(AuditError):
        _start()
    # Nothing is appended to what somebody has to look at.
    assert (_log(folder).read_bytes() if before is not None else b"") == (before or b"")
    assert main(["--lang", "en", "audit", "verify"]) == 1
    assert capsys.readouterr().err


def test_an_edited_record_is_named_by_the_start(folder):
    path = _log(folder)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"operator-7", b"operator-8")
    path.write_bytes(b"".join(lines))
    with pytest.raises(AuditError, match="record 3"):
        _start()


def test_an_untouched_log_is_gone_on_with_and_a_start_and_stop_are_recorded(folder):
    before = _log(folder).read_bytes()
    _start()
    _start()
    assert _log(folder).read_bytes().startswith(before)
    added = [json.loads(line) for line in _log(folder).read_bytes()[len(before) :].splitlines()]
    assert [record["action"] for record in added] == ["start", "stop"] * 2
    assert main(["--lang", "en", "audit", "verify"]) == 0


def test_a_lost_log_can_be_begun_anew_and_says_so(folder, capsys):
    old = _log(folder).read_bytes()
    arguments = ["--lang", "en", "audit", "begin-anew", "--operator", "admin-1", "--reason", "the disk of the log died"]
    assert main(arguments) == 1
    assert "The audit log is whole and stays" in capsys.readouterr().err
    assert _log(folder).read_bytes() == old
    os.truncate(_log(folder), 0)
    assert main(arguments) == 0
    _start()
    first = json.loads(_log(folder).read_bytes().splitlines()[0])
    assert (first["action"], first["operator_id"]) == ("audit_begun_anew", "admin-1")
    assert json.loads(old.splitlines()[-1])["hash"] in first["reason"]
    assert main(["--lang", "en", "audit", "verify"]) == 0


@pytest.mark.parametrize("operator_id", ["operator-7", "os:root"])
def test_where_no_newer_copy_of_the_store_is_left_the_older_one_can_be_gone_on_with(
    folder, tmp_path, capsys, operator_id
):
    """Whatever the operator of the lost changes was called."""
    access = replace(child.ACCESS, operator_id=operator_id)
    older = tmp_path / "older"
    shutil.copytree(folder, older)
    with (
        EnrollmentDatabase.open(folder) as database,
        FileAuditLog(_log(folder), noted=database.log_head) as audit,
    ):
        use_cases = child.use_cases_of(database, audit)
        for number in range(5, 7):
            use_cases.enroller.enroll(Subject("", f"number-{number}"), [face(number)], access)
        use_cases.changes.note_head()
    log = _log(folder).read_bytes()
    shutil.rmtree(folder)
    older.rename(folder)
    _log(folder).write_bytes(log)
    head_path(_log(folder)).unlink()
    with pytest.raises(AuditError, match="2 changes"):
        _start()
    arguments = ["--lang", "en", "audit", "begin-anew", "--operator", "admin-1", "--reason", "the disk died"]
    assert main(arguments) == 0
    assert "lacks 2 changes" in capsys.readouterr().out
    # Nothing of the chain is lost by it, so that deletions are still known to a restore.
    added = _log(folder).read_bytes().removeprefix(log)
    said = json.loads(added)
    assert (said["action"], said["operator_id"]) == ("store_gone_on_with", "admin-1")
    assert "2 changes" in said["reason"]
    _start()
    assert main(["--lang", "en", "audit", "verify"]) == 0
    assert main(arguments) == 1


def test_what_commands_do_is_recorded_beside_a_service_and_without_one(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("STATION_MATCHER_STORAGE_PACKS_FOLDER", str(tmp_path / "packs"))
    before = len(_log(folder).read_bytes().splitlines())
    assert main(["--lang", "en", "backup", str(tmp_path / "backup-1")]) == 0
    with EnrollmentDatabase.open(folder) as database, FileAuditLog(_log(folder), noted=database.log_head) as audit:
        # A service holds both.
        assert main(["--lang", "en", "backup", str(tmp_path / "backup-2")]) == 0
        assert main(["--lang", "en", "packs", "remove", "face-builtin"]) == 0
        assert len(list(folder.glob("audit.jsonl.notice-*"))) == 2
        assert take_notices(_log(folder), audit) == 2
        assert take_notices(_log(folder), audit) == 0
    assert main(["--lang", "en", "backup", str(tmp_path / "backup-3")]) == 0
    restored = tmp_path / "restored"
    arguments = ["--lang", "en", "restore", str(tmp_path / "backup-3"), "--data-folder", str(restored)]
    assert main([*arguments, "--audit", str(_log(folder))]) == 0
    added = [json.loads(line) for line in _log(folder).read_bytes().splitlines()[before:]]
    assert sorted(record["action"] for record in added) == ["backup", "backup", "backup", "remove_pack"]
    assert all(record["operator_id"].startswith("os:") for record in added)
    (record,) = map(json.loads, _log(restored).read_bytes().splitlines())
    assert record["action"] == "restore"
    assert "5 subjects" in record["reason"]


def test_a_notice_that_was_recorded_before_the_service_died_is_not_recorded_twice(folder):
    with FileAuditLog(_log(folder)) as audit:
        assert main(["--lang", "en", "backup", str(folder.parent / "backup")]) == 0
        (notice,) = folder.glob("audit.jsonl.notice-*")
        content = notice.read_bytes()
        assert take_notices(_log(folder), audit) == 1
        notice.write_bytes(content)
    _start()
    actions = [json.loads(line)["action"] for line in _log(folder).read_bytes().splitlines()]
    assert actions.count("backup") == 1


@pytest.mark.parametrize("kept", [0, 2, 4])
def test_a_restore_refuses_a_log_older_than_the_backup(folder, tmp_path, capsys, kept):
    backup, restored, log = tmp_path / "backup", tmp_path / "restored", tmp_path / "copy.jsonl"
    assert main(["--lang", "en", "backup", str(backup)]) == 0
    lines = _log(folder).read_bytes().splitlines(keepends=True)
    arguments = ["--lang", "en", "restore", str(backup), "--data-folder", str(restored), "--audit", str(log)]
    log.write_bytes(b"".join(lines[:kept]))
    assert main(arguments) == 1
    assert "older than the backup" in capsys.readouterr().err
    log.write_bytes(b"".join(lines))
    assert main(arguments) == 0
    assert not capsys.readouterr().err


def test_a_restore_refuses_the_log_of_another_database(folder, tmp_path, capsys):
    backup, log = tmp_path / "backup", tmp_path / "other.jsonl"
    assert main(["--lang", "en", "backup", str(backup)]) == 0
    with FileAuditLog(log) as other:
        for _ in range(20):
            other.append(AuditEvent("identify"))
    restored = ["--lang", "en", "restore", str(backup), "--data-folder", str(tmp_path / "restored")]
    assert main([*restored, "--audit", str(log)]) == 1
    assert "not the one" in capsys.readouterr().err


def test_a_folder_without_a_log_is_not_called_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(tmp_path))
    assert main(["--lang", "en", "audit", "verify"]) == 1
    (tmp_path / child.AUDIT_NAME).touch()
    assert main(["--lang", "en", "audit", "verify"]) == 1
    assert main(["--lang", "en", "audit", "verify", "--file", str(tmp_path)]) == 1


def test_a_checkpoint_reads_what_it_wrote_also_with_signatures_behind():
    checkpoint = Checkpoint(ChainPoint(7, "ab" * 32, 812), "cd" * 32)
    assert read_checkpoint(checkpoint.text) == checkpoint
    assert read_checkpoint(checkpoint.text + "\n— example.org AAAA\n") == checkpoint
    for wrong in ("x\n", checkpoint.text.replace("7", "seven", 1), checkpoint.text.replace("bytes ", "")):
        with pytest.raises(AuditError):
            read_checkpoint(wrong)
