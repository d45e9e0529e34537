"""ServerInfo through the running server: what a client learns before its first form."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from index.records import FingerPosition, Modality, NewReference, Subject, Template
from index.store.sqlite.migrations import MIGRATIONS
from matcher.__main__ import main
from matcher.access.context import AccessContext
from matcher.assembly.use_cases import build_use_cases
from matcher.client import ServiceError
from matcher.extraction.engines import Engines
from matcher.server.wire_limits import COUNT_LIMITS, TEXT_LIMITS
from protos.biometrics.v1 import sample_pb2
from tests.fakes import CALIBRATION, FACE_PACK_ID, FINGERPRINT_PACK_ID, FakeComparer, FakeFaceEngine, face, finger
from tests.service.conftest import FLOOR, Service, start_service, stop_service


def test_versions_packs_limits_and_languages_are_told(service: Service) -> None:
    service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1"))
    found = service.client.server_info()
    assert found.software_version == version("station-matcher")
    assert list(found.api_versions) == ["biometrics.v1"]
    assert found.schema_version == MIGRATIONS[-1].name
    assert (list(found.languages), found.default_language) == (["vi", "en"], "vi")
    assert (found.subject_count, found.reference_count, found.gallery_count) == (1, 2, 0)
    assert [(status.modality, status.served, status.pack.pack_id) for status in found.modalities] == [
        (sample_pb2.MODALITY_FACE, True, FACE_PACK_ID),
        (sample_pb2.MODALITY_FINGERPRINT, True, FINGERPRINT_PACK_ID),
    ]
    calibration = found.modalities[0].pack.calibration
    assert calibration.non_mated_count == CALIBRATION.non_mated_count
    assert calibration.measured_score == CALIBRATION.measured_score
    assert calibration.highest_score == CALIBRATION.max_score
    assert calibration.source == CALIBRATION.data_description
    assert {status.quality_floor for status in found.modalities} == {FLOOR}
    assert found.limits.max_message_bytes == service.settings.server.max_message_bytes
    assert found.limits.worker_count == 2
    fields = {limit.field: limit for limit in found.limits.fields}
    assert fields.keys() == TEXT_LIMITS.keys() | COUNT_LIMITS.keys()
    assert fields["Subject.display_name"].max_characters == TEXT_LIMITS["Subject.display_name"].characters
    assert fields["Probe.samples"].max_count == COUNT_LIMITS["Probe.samples"]
    assert found.defaults.max_candidates == service.settings.search.max_candidates
    assert not found.not_searchable


def test_it_needs_an_operator_and_leaves_a_record(service: Service) -> None:
    found = service.client.server_info()
    record = service.audit.records[-1]
    assert (record.audit_id, record.event.action, record.event.outcome) == (found.audit_id, "server_info", "ok")
    with pytest.raises(ServiceError) as refusal:
        service.client.server_info(access=AccessContext("", "", ""))
    assert [violation.field for violation in refusal.value.violations] == ["access.operator_id"]
    assert service.audit.events[-1].outcome == "refused"


def test_it_says_what_no_search_meets_and_why(service: Service) -> None:
    for number in (1, 2):
        service.client.enroll([face(number)], subject=Subject("", f"number-{number}"))
    other = Template(Modality.FACE, FingerPosition.UNKNOWN, "former@1", np.eye(1, 64, dtype=np.float32))
    service.database.enroll(Subject("", "number-3"), [NewReference(other, quality=50)])
    sealed = service.client.get_subject(external_id="number-1").subject_id
    service.database.seal_subject(sealed)
    found = {kept.code: kept for kept in service.client.server_info().not_searchable}
    assert found.keys() == {"pack_not_in_use", "sealed"}
    assert (found["pack_not_in_use"].pack_id, found["pack_not_in_use"].reference_count) == ("former@1", 1)
    assert found["sealed"].reference_count == 1
    assert all(kept.text and "{" not in kept.text for kept in found.values())
    vietnamese = service.another_client(language="vi").server_info().not_searchable
    assert {kept.text for kept in vietnamese}.isdisjoint({kept.text for kept in found.values()})


def test_a_modality_that_is_not_served_says_why(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database", is_open=False)
    try:
        with pytest.raises(ServiceError) as refusal:
            running.client.server_info()
        assert refusal.value.reason == "ERROR_REASON_NOT_SERVING"
        use_cases = build_use_cases(
            running.database,
            Engines(FakeFaceEngine(), None),
            FakeComparer(),
            {FACE_PACK_ID: CALIBRATION},
            running.server.audit,
            missing={Modality.FINGERPRINT: "a path that clients need not know"},
        )
        running.server.open(use_cases)
        served, left_out = running.client.server_info().modalities
        assert served.served
        assert not left_out.served
        assert not left_out.HasField("pack")
        assert "doctor" in left_out.text
        assert "path" not in left_out.text
    finally:
        stop_service(running)


def test_the_command_shows_what_is_told(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.client.enroll([face(1), finger(1)], subject=Subject("", "number-1"))
    asked = ["info", "--address", service.server.address, "--operator", "operator-7"]
    assert main(["--lang", "en", *asked]) == 0
    shown = capsys.readouterr().out
    assert version("station-matcher") in shown
    assert "On record: 1 subjects, 2 references, 0 galleries." in shown
    assert FACE_PACK_ID in shown
    assert main(["--lang", "vi", *asked]) == 0
    assert "Có 1 hồ sơ, 2 mẫu tham chiếu, 0 nhóm." in capsys.readouterr().out
    assert main(["--lang", "en", *asked, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["modalities"][0]["pack"]["pack_id"] == FACE_PACK_ID
