"""station-enroll against a running server: what is sent, what is told, what the results file says afterwards."""

from __future__ import annotations

import csv
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from enroll import cli
from enroll.cells import MOST_TEXT_LENGTH
from enroll.items import EnrollmentItem
from enroll.local import LocalTarget
from enroll.remote import RemoteTarget
from enroll.target import EnrollmentTarget
from enroll.words import COLUMNS, column_of
from index.database import EnrollmentDatabase
from index.records import GALLERY_ID_PATTERN, Modality, Sex, Subject
from matcher.assembly.use_cases import build_use_cases
from matcher.client import ServiceError
from matcher.extraction.engines import Engines
from tests.fakes import (
    CALIBRATION,
    FACE_PACK_ID,
    FINGERPRINT_PACK_ID,
    NOTHING,
    FakeComparer,
    FakeFaceEngine,
    FakeFingerprintEngine,
    InMemoryAudit,
    face,
    png_bytes,
)
from tests.service.backlogs import cells, person_id, text_of
from tests.service.conftest import ACCESS, Service, start_service, stop_service


@pytest.fixture
def small_service(tmp_path: Path) -> Iterator[Service]:
    """A server that takes messages of 64 KiB."""
    running = start_service(tmp_path / "database", max_message_bytes=64 * 1024)
    yield running
    stop_service(running)


def _sheet(folder: Path, *changes: dict[str, str]) -> Path:
    rows = [cells(folder, number, **change) for number, change in enumerate(changes, start=1)]
    path = folder / "backlog.csv"
    path.write_text(text_of([{**dict.fromkeys(rows[0], ""), **row} for row in rows]), encoding="utf-8-sig", newline="")
    return path


def _run(service: Service, path: Path, *options: str) -> int:
    return cli.main(
        ["run", str(path), "--lang", "en", "--operator", "clerk-7", "--address", service.server.address, *options]
    )


def _results(folder: Path) -> list[dict[str, str]]:
    with (folder / "backlog-results.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_second_run_replaces_the_results_and_sends_only_what_is_missing(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _sheet(tmp_path, {}, {"birth_date": "01/01/2090"}, {}, {})
    (tmp_path / "photos/0003.png").write_bytes(png_bytes(NOTHING))
    assert _run(service, path) == 1
    first = _results(tmp_path)
    assert [(row["row"], row["outcome"]) for row in first] == [
        ("2", "enrolled"),
        ("3", "unusable"),
        ("4", "refused"),
        ("5", "enrolled"),
    ]
    assert "4 rows: 2 enrolled, 0 enrolled before, 1 refused" in capsys.readouterr().err
    enrolled_count = sum(event.action == "enroll" for event in service.audit.events)
    assert _run(service, path) == 1
    assert _results(tmp_path) == first
    assert sum(event.action == "enroll" for event in service.audit.events) == enrolled_count + 1  # the refused one
    _sheet(tmp_path, {}, {}, {}, {})  # mended
    (tmp_path / "photos/0003.png").write_bytes(png_bytes(3))
    assert _run(service, path) == 0
    assert [row["outcome"] for row in _results(tmp_path)] == ["enrolled"] * 4
    assert [row["subject_id"] for row in _results(tmp_path)][::3] == [row["subject_id"] for row in first][::3]


def test_another_name_for_a_known_id_is_told(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = Subject("", person_id(1), "Trần Văn Khác", sex=Sex.MALE, birth_year=1950)
    service.client.enroll([face(9)], subject=known, access=ACCESS)
    path = _sheet(tmp_path, {}, {})
    assert _run(service, path) == 0
    said = capsys.readouterr()
    first, second = _results(tmp_path)
    assert first["outcome"] == "enrolled"
    told = (
        "display_name",
        "Trần Văn Khác",
        "Trần Văn Bình",
        "birth_date",
        "1950",
        "does not agree with what was enrolled",
    )
    for words in told:
        assert words in first["warning"]
    assert second["warning"] == ""
    assert "1 rows differ from what is recorded" in said.err
    assert "differs from what is recorded" in said.out
    assert "Khác" not in said.out + said.err
    assert service.client.get_subject(external_id=person_id(1), access=ACCESS).display_name == "Trần Văn Khác"


def test_rows_that_differ_from_the_record_can_be_held(service: Service, tmp_path: Path) -> None:
    known = Subject("", person_id(1), "Trần Văn Khác")
    service.client.enroll([face(9)], subject=known, access=ACCESS)
    assert _run(service, _sheet(tmp_path, {}, {}), "--hold-conflicts") == 1
    assert [row["outcome"] for row in _results(tmp_path)] == ["unusable", "enrolled"]
    subject_id = service.client.get_subject(external_id=person_id(1), access=ACCESS).subject_id
    assert len(list(service.client.references(subject_id, access=ACCESS))) == 1


def test_galleries_are_made_only_when_asked_for(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.client.create_gallery("records", access=ACCESS)
    path = _sheet(tmp_path, {"gallery": "records"}, {"gallery": "recrods"})
    assert _run(service, path) == 1
    assert "did you mean “records”?" in capsys.readouterr().err
    assert [row["outcome"] for row in _results(tmp_path)] == ["enrolled", "unusable"]
    assert {gallery.gallery_id for gallery in service.client.galleries(access=ACCESS)} == {"records"}
    assert _run(service, path, "--create-galleries") == 0
    assert {gallery.gallery_id for gallery in service.client.galleries(access=ACCESS)} == {"records", "recrods"}


def test_strict_sends_nothing_unless_every_row_can_be_used(service: Service, tmp_path: Path) -> None:
    assert _run(service, _sheet(tmp_path, {}, {"sex": "x"}), "--strict") == 2
    assert not any(event.action == "enroll" for event in service.audit.events)


def test_an_image_above_the_servers_message_limit_is_refused_by_name_at_once(
    small_service: Service, tmp_path: Path
) -> None:
    path = _sheet(tmp_path, {}, {}, {})
    with (tmp_path / "photos/0002.png").open("ab") as file:
        file.write(bytes(200 * 1024))
    assert _run(small_service, path) == 1
    rows = _results(tmp_path)
    assert [row["outcome"] for row in rows] == ["enrolled", "refused", "enrolled"]
    assert rows[1]["reason"] in ("message_too_large", "ERROR_REASON_MALFORMED")


def test_too_large_and_busy_are_told_apart() -> None:
    too_large = ServiceError(code="RESOURCE_EXHAUSTED", text="Sent message larger than max (34603136 vs. 33554432)")
    busy = ServiceError(code="RESOURCE_EXHAUSTED", reason="ERROR_REASON_BUSY", text="larger than max")
    full = ServiceError(code="RESOURCE_EXHAUSTED", reason="ERROR_REASON_STORAGE_FULL")
    assert (too_large.is_too_large, too_large.retriable) == (True, False)
    assert (busy.is_too_large, busy.retriable) == (False, True)
    assert (full.is_too_large, full.retriable) == (False, False)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_has_a_line_for_every_row(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str], stop: signal.Signals
) -> None:
    path = _sheet(tmp_path, *({} for _ in range(30)))
    service.face_engine.delay_s = 0.1

    def stop_when_two_are_in() -> None:
        while sum(event.action == "enroll" for event in service.audit.events) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), stop)

    threading.Thread(target=stop_when_two_are_in, daemon=True).start()
    assert _run(service, path, "--jobs", "1") == 130
    rows = _results(tmp_path)
    assert [row["row"] for row in rows] == [str(number) for number in range(2, 32)]
    enrolled = {row["external_id"] for row in rows if row["outcome"] == "enrolled"}
    assert enrolled == {subject.external_id for subject in service.client.subjects(access=ACCESS)}
    assert {row["outcome"] for row in rows} == {"enrolled", "not_sent"}
    assert "nothing is enrolled twice" in capsys.readouterr().err
    service.face_engine.delay_s = 0.0
    assert _run(service, path) == 0


def test_a_server_that_is_not_there_leaves_a_line_for_every_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _sheet(tmp_path, {}, {})
    assert cli.main(["run", str(path), "--lang", "vi", "--operator", "c", "--address", "127.0.0.1:1"]) == 3
    assert "Không kết nối được máy chủ" in capsys.readouterr().err


def test_control_characters_reach_no_terminal(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _sheet(tmp_path, {"display_name": "a\x1b[31mb[/red]"}, {"external_id": "\x9b31m"})
    assert cli.main(["check", str(path), "--lang", "en"]) == 2
    assert _run(service, path) == 1
    said = capsys.readouterr()
    assert not re.search("[\x1b\x9b]", said.out + said.err)
    assert b"\x1b" not in (tmp_path / "backlog-results.csv").read_bytes()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_example_can_be_read(language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["example", "--lang", language]) == 0
    content = capsys.readouterr().out
    headers = content.splitlines()[0].split(",")
    assert [column_of(header) for header in headers] == list(COLUMNS[:5]) + list(COLUMNS[5:10])
    (tmp_path / "photos").mkdir()
    (tmp_path / "prints").mkdir()
    (tmp_path / "photos/0001.jpg").write_bytes(png_bytes(1))
    (tmp_path / "prints/0001-02.png").write_bytes(png_bytes(2))
    (tmp_path / "backlog.csv").write_text(content, encoding="utf-8")
    assert cli.main(["check", str(tmp_path / "backlog.csv"), "--lang", language]) == 0


def test_limits_are_those_of_the_server(service: Service) -> None:
    for name in ("a", "a" * 64, "0-_", "A", "_a", "a" * 65, "ồ", "a b", ""):
        if GALLERY_ID_PATTERN.fullmatch(name):
            service.client.create_gallery(name, access=ACCESS)
        else:
            with pytest.raises(ServiceError):
                service.client.create_gallery(name, access=ACCESS)
    service.client.enroll([face(1)], subject=Subject("", "x" * MOST_TEXT_LENGTH), access=ACCESS)
    with pytest.raises(ServiceError):
        service.client.enroll([face(1)], subject=Subject("", "x" * (MOST_TEXT_LENGTH + 1)), access=ACCESS)


@pytest.mark.parametrize(
    ("language", "short", "said"),
    [
        ("en", "has a notice", "Whether this subject is enrolled already cannot be told"),
        ("vi", "có điều cần lưu ý", "Không thể biết hồ sơ này đã có trong kho hay chưa"),
    ],
)
def test_a_duplicate_check_that_cannot_tell_is_shown_and_stands_in_the_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], language: str, short: str, said: str
) -> None:
    """With this rate the threshold lies at 100, and the fake packs' scores end at 90."""
    running = start_service(tmp_path / "database", duplicate_fpir=1e-10)
    path = _sheet(tmp_path, {}, {}, {})
    try:
        assert _run(running, path, "--lang", language, "--jobs", "1") == 0
        shown = capsys.readouterr()
        rows = _results(tmp_path)
        # A second run sends nothing, and keeps what was said.
        assert _run(running, path, "--lang", language) == 0
        again = capsys.readouterr()
    finally:
        stop_service(running)
    assert [bool(row["notices"]) for row in rows] == [False, True, True]  # nobody was there before the first
    assert said in rows[1]["notices"]
    assert shown.out.count(f"[{short}") == 2
    assert f"2 × {said}" in shown.err
    assert f"2 × {said}" in again.err


def test_both_targets_answer_alike(tmp_path: Path) -> None:
    """In process and through a server: the same outcomes, records and galleries."""
    running = start_service(tmp_path / "remote")
    with EnrollmentDatabase.open(tmp_path / "local") as database:
        use_cases = build_use_cases(
            database,
            Engines(FakeFaceEngine(), FakeFingerprintEngine()),
            FakeComparer(),
            {FACE_PACK_ID: CALIBRATION, FINGERPRINT_PACK_ID: CALIBRATION},
            InMemoryAudit(),
        )
        targets: list[EnrollmentTarget] = [
            LocalTarget(use_cases, access=ACCESS, language="en", skip_duplicate_check=False, resources=ExitStack()),
            RemoteTarget(running.server.address, access=ACCESS, language="en"),
        ]
        told = [_told_by(target) for target in targets]
    stop_service(running)
    assert told[0] == told[1]


def _told_by(target: EnrollmentTarget) -> list[object]:
    item = EnrollmentItem(
        2, "079", Path("a.png"), Modality.FACE, display_name="Ánh", sex=Sex.FEMALE, birth_year=1990, galleries=("g",)
    )
    told: list[object] = [target.is_serving(), target.gallery_ids(), target.find_subject("079")]
    for _ in range(2):
        target.create_gallery("g")
    told += [target.gallery_ids()]
    for identity in (1, 1, NOTHING):
        result = target.enroll(item, png_bytes(identity))
        told += [result.outcome, result.reason, result.quality, result.notices]
    found = target.find_subject("079")
    assert found is not None
    told += [found.external_id, found.display_name, found.sex, found.birth_year, found.galleries]
    target.close()
    return told


def test_the_device_of_a_row_or_of_all_is_kept(service: Service, tmp_path: Path) -> None:
    path = _sheet(tmp_path, {"capture_device": "Máy ảnh số 2", "capture_date": "15/06/2024"}, {})
    assert _run(service, path, "--device", "Máy quét số 7") == 0
    # Rows are sent side by side.
    found = {
        reference.capture_device: reference.capture_time.ToDatetime().date().isoformat()
        for subject in service.client.subjects()
        for reference in service.client.references(subject.subject_id)
    }
    assert found.keys() == {"Máy ảnh số 2", "Máy quét số 7"}
    assert found["Máy ảnh số 2"] == "2024-06-15"


def test_without_an_address_the_server_of_the_settings_is_asked(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _sheet(tmp_path, {})
    settings = tmp_path / "settings.toml"
    settings.write_text(f'[server]\naddress = "{service.server.address}"\n')
    arguments = ["run", str(path), "--lang", "en", "--operator", "clerk-7", "--create-galleries"]
    assert cli.main(["--config", str(settings), *arguments]) == 0
    monkeypatch.setenv("STATION_MATCHER_CONFIG", str(settings))
    assert cli.main(arguments) == 0
    settings.write_text("[server]\nadress = 1\n")
    assert cli.main(arguments) == 2
    assert "Error in the settings" in capsys.readouterr().err
