"""What the commands promise beside their work: whole ids, JSON, galleries kept, each cause of a failure by its name."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from enroll.cli import UNREACHABLE
from enroll.cli import main as station_enroll
from index.database import EnrollmentDatabase
from index.records import Modality, SearchFilter, Sex, Subject
from matcher.__main__ import main as station_matcher
from matcher.client import ServiceError
from matcher.commands.parser import language_of
from tests.fakes import FACE_PACK_ID, face, finger, png_bytes
from tests.service.conftest import ACCESS, Service

NAME = "Nguyễn Thị Ánh"


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("STATION_MATCHER_LANG", raising=False)
    monkeypatch.setenv("LANG", "en_US.UTF-8")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, what was printed, what was printed as an error."""
    try:
        code = station_matcher(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


def enrolled(service: Service) -> str:
    subject = Subject("", "079099000123", NAME, sex=Sex.FEMALE, birth_year=1990)
    return service.client.enroll([face(1), finger(1)], subject=subject).subject_id


@pytest.mark.parametrize("program", [station_matcher, station_enroll])
def test_both_programs_say_their_version(program: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        program(["--version"])  # type: ignore[operator]
    assert ended.value.code == 0
    assert re.fullmatch(r"station-(matcher|enroll) \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (["--lang", "vi", "subject", "list"], {}, "vi"),
        (["subject", "list", "--lang=vi"], {}, "vi"),
        (["subject", "--lang", "vi", "list"], {"LANG": "en_US.UTF-8"}, "vi"),
        (["subject", "list"], {"LANG": "en_US.UTF-8"}, "en"),
        (["subject", "list"], {"LANG": "en_US.UTF-8", "STATION_MATCHER_LANG": "vi"}, "vi"),
        (["subject", "list"], {"STATION_MATCHER_LANG": "en"}, "en"),
        (["subject", "list", "--lang", "xx"], {}, "vi"),
        (["subject", "list", "--", "--lang", "en"], {}, "vi"),
    ],
)
def test_the_language_stands_anywhere_and_has_a_default(
    arguments: list[str], environ: dict[str, str], expected: str
) -> None:
    assert language_of(arguments, environ) == expected


def test_the_variable_of_the_language_is_no_unknown_setting(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATION_MATCHER_LANG", "vi")
    code, out, _ = run(capsys, "packs", "list")
    assert code == 0
    assert "chưa cài" in out


def test_lists_show_whole_ids_and_json(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    subject_id = enrolled(service)
    service.client.create_gallery("a-gallery-of-a-name-that-is-fairly-long-for-a-terminal", display_name="G")
    at = ("--address", service.server.address, "--operator", "operator-7")
    assert subject_id in run(capsys, "subject", "list", *at)[1]
    (listed,) = json.loads(run(capsys, "subject", "list", "--json", *at)[1])
    assert (listed["subject_id"], listed["display_name"], listed["sex"]) == (subject_id, NAME, "SEX_FEMALE")
    shown = json.loads(run(capsys, "subject", "show", subject_id, "--json", *at)[1])
    assert [one["modality"] for one in shown["references"]] == ["MODALITY_FACE", "MODALITY_FINGERPRINT"]
    (gallery,) = json.loads(run(capsys, "gallery", "list", "--json", *at)[1])
    assert gallery["gallery_id"].startswith("a-gallery-of")
    assert {pack["name"] for pack in json.loads(run(capsys, "packs", "list", "--json")[1])} >= {"leader", "face-open"}


def test_a_list_that_is_cut_says_so(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        service.client.enroll([face(number)], subject=Subject("", f"n-{number}"), skip_duplicate_check=True)
    at = ("subject", "list", "--address", service.server.address, "--operator", "operator-7")
    assert "there are more" in run(capsys, *at, "--limit", "2")[2]
    assert not run(capsys, *at, "--limit", "3")[2]
    code, _, err = run(capsys, *at, "--limit", "0")
    assert code == 2
    assert "a whole number from 1" in err


def test_a_subject_is_shown_with_what_is_recorded(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    subject_id = enrolled(service)
    service.client.create_gallery("wanted")
    service.client.add_to_gallery("wanted", [subject_id])
    at = ("subject", "show", subject_id, "--address", service.server.address, "--operator", "operator-7")
    shown = run(capsys, *at)[1]
    for line in ("Sex: female", "Birth year: 1990", "Galleries: wanted", f"Name: {NAME}"):
        assert line in shown
    shown = run(capsys, *at, "--lang", "vi")[1]
    for line in ("Giới tính: nữ", "Năm sinh: 1990", "ngón trỏ phải"):
        assert line in shown


def test_galleries_are_renamed_and_deleted_and_their_subjects_stay(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    subject_id = enrolled(service)
    at = ("--address", service.server.address, "--operator", "operator-7")
    run(capsys, "gallery", "create", "wanted", "--name", "Wanted", "--serves", "search", *at)
    service.client.add_to_gallery("wanted", [subject_id])
    assert run(capsys, "gallery", "rename", "wanted", *at)[0] == 2
    code, out, _ = run(capsys, "gallery", "rename", "wanted", "--name", "Truy nã", "--lang", "vi", *at)
    assert (code, out.strip()) == (0, "Nhóm wanted: tên “Truy nã”, mục đích “search”")
    (gallery,) = service.client.galleries()
    assert (gallery.display_name, gallery.purpose) == ("Truy nã", "search")
    code, _, err = run(capsys, "gallery", "delete", "wanted", "--purpose", "old", *at)
    assert code == 1
    assert "1 subjects are in this gallery" in err
    code, out, _ = run(capsys, "gallery", "delete", "wanted", "--yes", "--purpose", "old", *at)
    assert code == 0
    assert "the 1 subjects in it stay enrolled" in out
    assert not list(service.client.galleries())
    assert service.client.get_subject(subject_id).gallery_ids == []
    with pytest.raises(ServiceError) as refusal:
        service.client.identify([face(1)], gallery_ids=["wanted"])
    assert refusal.value.reason == "ERROR_REASON_GALLERY_NOT_FOUND"
    assert service.client.identify([face(1)]).candidates[0].subject_id == subject_id
    # A new gallery of the same name begins empty.
    service.client.create_gallery("wanted")
    assert service.client.identify([face(1)], gallery_ids=["wanted"]).gallery_size == 0
    events = {(event.action, event.outcome): event for event in service.audit.events}
    assert events["update_gallery", "ok"].galleries == ("wanted",)
    assert events["delete_gallery", "refused"].purpose == "old"
    assert events["delete_gallery", "ok"].reason == "1 subjects left it"


def test_a_deleted_gallery_is_gone_after_a_restart(service: Service, tmp_path: Path) -> None:
    subject_id = enrolled(service)
    service.client.create_gallery("wanted")
    service.client.create_gallery("kept")
    for gallery in ("wanted", "kept"):
        service.client.add_to_gallery(gallery, [subject_id])
    service.client.delete_gallery("wanted", even_if_not_empty=True)
    folder = tmp_path / "database"
    service.server.stop()
    service.database.close()
    with EnrollmentDatabase.open(folder) as database:
        assert [gallery.gallery_id for gallery in database.list_galleries().items] == ["kept"]
        kept = SearchFilter(galleries=frozenset({"kept"}))
        assert database.count(Modality.FACE, FACE_PACK_ID, kept) == (1, 1)
        assert database.verify().ok


def test_the_settings_file_says_which_server_is_asked(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[server]\naddress = "{service.server.address}"\n')
    asked = ("gallery", "list", "--operator", "operator-7")
    for words in (("--config", str(settings), *asked), (*asked, "--config", str(settings))):
        code, out, _ = run(capsys, *words)
        assert (code, out.strip()) == (0, "There is no gallery yet.")


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_a_port_that_cannot_be_is_wrong_usage(lang: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["gallery", "list", "--operator", "o"], ["serve"], ["health"]):
        code, _, err = run(capsys, *arguments, "--address", "127.0.0.1:99999", "--lang", lang)
        assert code == 2
        assert "65535" in err


def test_a_wrong_place_of_the_audit_log_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such file or folder" in run(capsys, "audit", "verify", "--file", str(tmp_path / "none"))[2]
    code, _, err = run(capsys, "audit", "verify", "--file", str(tmp_path))
    assert code == 1
    assert "the folder has no audit log audit.jsonl" in err


def test_a_port_in_use_is_said_in_both_languages(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ("serve", "--address", service.server.address, "--data", str(tmp_path / "other"))
    assert f"port {service.server.port} is in use" in run(capsys, *at)[2]
    assert f"Cấu hình sai: cổng {service.server.port} đang được" in run(capsys, *at, "--lang", "vi")[2]


def test_enrolling_locally_beside_a_running_server_says_so(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "images" / "person").mkdir(parents=True)
    (tmp_path / "images" / "person" / "1.png").write_bytes(png_bytes(1))
    arguments = ["run", str(tmp_path / "images"), "--modality", "face", "--operator", "o"]
    arguments += ["--local", str(tmp_path / "database")]
    assert station_enroll([*arguments, "--lang", "en"]) == UNREACHABLE
    assert "a running server uses this database" in capsys.readouterr().err
    assert station_enroll([*arguments, "--lang", "vi"]) == UNREACHABLE
    assert "một máy chủ đang chạy dùng cơ sở dữ liệu này" in capsys.readouterr().err


def test_the_log_has_the_details_of_a_fault_under_the_id_that_the_caller_gets(
    service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "/srv/secret"

    def broken(*_: object, **__: object) -> None:
        raise ValueError(f"of {NAME}") from OSError(28, "No space left on device", secret)

    monkeypatch.setattr(service.face_engine, "extract", broken)
    with caplog.at_level(logging.WARNING), pytest.raises(ServiceError) as failure:
        service.client.identify([face(1)], access=ACCESS)
    assert failure.value.reason == "ERROR_REASON_INTERNAL"
    (line,) = (record.getMessage() for record in caplog.records if failure.value.call_id in record.getMessage())
    assert "identify INTERNAL ERROR_REASON_INTERNAL" in line
    assert "ValueError at" in line
    assert "OSError: No space left on device" in line
    assert "in broken" in line
    assert NAME not in line
    assert secret not in line
    (event,) = service.audit.events
    assert (event.call_id, event.outcome, event.reason) == (failure.value.call_id, "failed", "ValueError")
