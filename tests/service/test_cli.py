"""station-matcher as whoever keeps a server uses it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from index.records import Subject
from matcher.__main__ import main as station_matcher
from tests.fakes import face, finger
from tests.service.conftest import Service

COMMANDS = {"serve", "packs", "gallery", "subject", "doctor", "index", "backup", "audit"}


def run(capsys: pytest.CaptureFixture[str], *arguments: str, lang: str = "en") -> tuple[int, str, str]:
    """Exit code, what was printed, what was printed as an error."""
    try:
        code = station_matcher(["--lang", lang, *arguments])
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("COLUMNS", "200")


def test_every_room_offers_its_commands(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(f"    {command}" in out for command in COMMANDS)


def test_galleries_and_subjects_are_kept_from_the_command_line(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--address", service.server.address, "--operator", "operator-7")
    assert run(capsys, "gallery", "list", *at)[1].strip() == "There is no gallery yet."
    code, out, _ = run(capsys, "gallery", "create", "wanted", "--name", "Wanted", *at)
    assert (code, out.strip()) == (0, "Created gallery wanted")
    answer = service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1", "Name 1"))
    assert run(capsys, "gallery", "add", "wanted", answer.subject_id, *at)[0] == 0
    assert "number-1" in run(capsys, "subject", "list", "--gallery", "wanted", *at)[1]
    shown = run(capsys, "subject", "show", "--external-id", "number-1", *at)[1]
    assert "right index" in shown
    assert "fake-face@1" in shown
    assert run(capsys, "gallery", "remove", "wanted", answer.subject_id, *at)[0] == 0
    reference_id = str(answer.samples[0].reference_id)
    assert run(capsys, "subject", "delete-reference", reference_id, "--yes", "--purpose", "cleared", *at)[0] == 0
    assert run(capsys, "subject", "delete", answer.subject_id, "--purpose", "cleared", *at)[0] == 2
    code, out, _ = run(capsys, "subject", "delete", answer.subject_id, "--yes", "--purpose", "cleared", *at)
    assert code == 0
    assert "1 references" in out
    assert not list(service.client.subjects())
    assert all(event.operator_id == "operator-7" for event in service.audit.events if event.action != "enroll"
               and event.action != "list_subjects")  # fmt: skip


def test_a_refusal_is_one_line_in_the_language_asked_for(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("gallery", "add", "none", "nobody", "--operator", "op-7", "--address", service.server.address)
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (1, "")
    assert err.startswith("Error: There is no such gallery")
    assert run(capsys, *arguments, lang="vi")[2].startswith("Lỗi: Không có nhóm")


def test_a_server_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "gallery", "list", "--operator", "op-7", "--address", "127.0.0.1:1")
    assert code == 1
    assert "station-matcher serve" in err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("serve", "--address", "0.0.0.0:0"), "without TLS"),
        (("serve", "--face", "none-such", "--address", "127.0.0.1:0"), "no pack is named"),
        (("serve", "--face", "", "--fingerprint", "", "--address", "127.0.0.1:0"), "no model pack is ready"),
        (("serve", "--face", "leader", "--address", "127.0.0.1:0"), "another modality"),
    ],
)
def test_a_server_that_cannot_start_says_why_and_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], expected: str
) -> None:
    code, _, err = run(capsys, *arguments, "--data", str(tmp_path))
    assert code == 1
    assert expected in err
    assert str(tmp_path) not in err
    assert "Traceback" not in err


def test_a_wrong_setting_is_said_before_anything_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATION_MATCHER_SERVER_ADRESS", "127.0.0.1:1")
    code, _, err = run(capsys, "serve")
    assert code == 1
    assert "did you mean STATION_MATCHER_SERVER_ADDRESS" in err


def test_a_deletion_is_repeated_by_the_key_that_it_told(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    subject_id = service.client.enroll([face(1)], subject=Subject("", "number-1")).subject_id
    at = ("--address", service.server.address, "--operator", "operator-7", "--purpose", "records")
    service.audit.is_broken = True
    code, _, err = run(capsys, "subject", "delete", subject_id, "--yes", *at)
    service.audit.is_broken = False
    assert code == 1
    (key,) = set(re.findall(r"--request-id ([0-9a-f]{32})", err))
    assert f"Request id: {key}" in err
    code, out, _ = run(capsys, "subject", "delete", subject_id, "--yes", "--request-id", key, *at)
    assert code == 0
    assert "carried out before" in out
    assert "1 references" in out
    done = [event for event in service.audit.events if event.action == "delete_subject" and event.outcome == "ok"]
    assert sorted(event.reason for event in done) == ["recorded_later", "replayed"]


def test_a_deletion_that_was_refused_is_not_said_to_be_of_unknown_outcome(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("--yes", "--address", service.server.address, "--operator", "operator-7", "--purpose", "records")
    kept = tmp_path / "erased.json"
    code, _, err = run(capsys, "subject", "delete", "nobody", "--certificate", str(kept), *at)
    assert code == 1
    assert "There is no such subject." in err
    assert "not known" not in err
    assert not kept.exists()


def test_what_a_change_did_is_said_in_json_too(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    answer = service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1"))
    at = ("--address", service.server.address, "--operator", "operator-7", "--purpose", "records", "--json")
    code, out, _ = run(capsys, "record", "update", answer.subject_id, "occupation=Thợ điện", *at)
    assert (code, json.loads(out)["changed_field_ids"]) == (0, ["occupation"])
    reference_id = str(answer.samples[0].reference_id)
    code, out, _ = run(capsys, "subject", "delete-reference", reference_id, "--yes", *at)
    assert (code, bool(json.loads(out)["audit_id"])) == (0, True)
    code, out, _ = run(capsys, "subject", "delete", answer.subject_id, "--yes", *at)
    assert (code, int(json.loads(out)["deleted_reference_count"])) == (0, 1)


def test_the_doctor_says_what_it_found_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "doctor", "--json")
    found = json.loads(out)
    assert found["ok"] is (code == 0)
    assert found["ok"] is all(one["ok"] is not False for one in found["findings"])
    assert any("numpy" in one["text"] for one in found["findings"])
