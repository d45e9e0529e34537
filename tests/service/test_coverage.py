"""A server never searches fewer references than it holds without saying so."""

from __future__ import annotations

from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from index.database import EnrollmentDatabase
from index.records import FingerPosition, Modality, NewReference, SearchFilter, Subject, Template
from matcher.__main__ import main
from matcher.commands.doctor import coverage_findings
from matcher.config import Settings, load_settings
from matcher.packs.store import PackStore
from matcher.results import NoticeCode
from tests.fakes import face, finger
from tests.service.conftest import ACCESS, Service
from tests.service.processes import server_process

OTHER_PACK = "face-before@1"
ALLOWED = {"STATION_MATCHER_SEARCH_ALLOW_UNSEARCHABLE": "true"}


def enroll_of_another_pack(database: EnrollmentDatabase, external_id: str, *, galleries: frozenset[str]) -> None:
    vectors = np.zeros((1, 8), dtype=np.float32)
    vectors[0, 0] = 1.0
    reference = NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, OTHER_PACK, vectors), 80)
    database.enroll(Subject("", external_id=external_id, galleries=galleries), [reference])


@pytest.fixture
def mixed(service: Service) -> Service:
    """One subject of the pack in use, two of another one."""
    for name in ("red", "blue"):
        service.client.create_gallery(name, access=ACCESS)
    service.client.enroll([face(1)], subject=Subject("", external_id="1"), access=ACCESS)
    enroll_of_another_pack(service.database, "2", galleries=frozenset({"red"}))
    enroll_of_another_pack(service.database, "3", galleries=frozenset({"blue"}))
    return service


def test_a_search_says_how_many_references_it_passed_over(mixed: Service) -> None:
    answer = mixed.client.identify([face(1)], access=ACCESS)
    (notice,) = [one for one in answer.notices if one.code == NoticeCode.REFERENCES_NOT_SEARCHED.value]
    assert "2 references" in notice.text
    assert OTHER_PACK in notice.text
    assert not answer.proved


def test_it_counts_those_in_scope_alone(mixed: Service) -> None:
    answer = mixed.client.identify([face(1)], access=ACCESS, where=SearchFilter(galleries=frozenset({"red"})))
    (notice,) = [one for one in answer.notices if one.code == NoticeCode.REFERENCES_NOT_SEARCHED.value]
    assert "1 references" in notice.text


def test_a_search_of_another_modality_says_nothing_of_them(mixed: Service) -> None:
    mixed.client.enroll([finger(1)], subject=Subject("", external_id="4"), access=ACCESS)
    answer = mixed.client.identify([finger(1)], access=ACCESS)
    assert not answer.notices
    assert answer.proved


def test_an_enrollment_says_that_they_were_not_held_against_it(mixed: Service) -> None:
    answer = mixed.client.enroll([face(5)], subject=Subject("", external_id="5"), access=ACCESS)
    assert [one.code for one in answer.notices] == [NoticeCode.REFERENCES_NOT_SEARCHED.value]


@pytest.fixture
def folder_of_another_pack(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    with EnrollmentDatabase.open(folder) as database:
        enroll_of_another_pack(database, "2", galleries=frozenset())
    return folder


def test_a_server_does_not_start_over_references_that_it_cannot_search(folder_of_another_pack: Path) -> None:
    with (
        pytest.raises(AssertionError, match=f"1 references.*{OTHER_PACK}"),
        server_process(folder_of_another_pack),
    ):
        pass


def test_a_server_that_may_start_over_them_says_so_in_log_and_health(folder_of_another_pack: Path) -> None:
    with server_process(folder_of_another_pack, environ=ALLOWED) as server:
        assert any("WARNING: 1 references" in line and OTHER_PACK in line for line in server.lines)
        with grpc.insecure_channel(server.address) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            _, call = check.with_call(health_pb2.HealthCheckRequest())
    assert ("x-not-searched", "1") in tuple(call.trailing_metadata())


@pytest.mark.parametrize(("language", "told"), [("vi", "Không khởi động: 1 mẫu"), ("en", "Not started: 1 references")])
def test_the_command_says_what_to_do(
    folder_of_another_pack: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    language: str,
    told: str,
) -> None:
    monkeypatch.setenv("STATION_MATCHER_SERVER_ADDRESS", "127.0.0.1:0")
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(folder_of_another_pack))
    assert main(["--lang", language, "serve", "--fingerprint", ""]) == 1
    said = capsys.readouterr().err
    assert told in said
    assert f"({OTHER_PACK})" in said


def test_doctor_names_them(folder_of_another_pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(folder_of_another_pack))

    def found() -> list[tuple[bool | None, bool]]:
        settings: Settings = load_settings()
        findings = coverage_findings(settings, PackStore(tmp_path / "packs"), "en")
        return [(finding.ok, OTHER_PACK in finding.line) for finding in findings]

    assert found() == [(False, True)]
    monkeypatch.setenv(*ALLOWED.popitem())
    assert found() == [(None, True)]
