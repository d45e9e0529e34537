"""GetReferenceImage and GetReferenceMinutiae: what an examiner is shown of a reference."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.records import FingerPosition, Modality, Subject
from matcher.__main__ import main
from matcher.access.context import AccessContext
from matcher.client import ServiceError
from matcher.samples import EncodedSample
from tests.fakes import face, finger
from tests.service.conftest import Service, start_service, stop_service

NOBODY = AccessContext("operator-7", "", "")


def large_face(identity: int, side: int) -> EncodedSample:
    """A fake sample with a file of several chunks."""
    pixels = np.random.default_rng(identity).integers(0, 255, (side, side), dtype=np.uint8)
    pixels[0, :3] = (identity, 1, 80)
    return EncodedSample(Modality.FACE, cv2.imencode(".png", pixels)[1].tobytes(), station_id="station-9")


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """With an encrypted database, which keeps images."""
    plain = EnrollmentDatabase.open
    monkeypatch.setattr(EnrollmentDatabase, "open", lambda folder: plain(folder, master_key=MasterKey(bytes(32))))
    running = start_service(tmp_path / "database")
    yield running
    stop_service(running)


def enrolled(service: Service, *samples: EncodedSample) -> list[int]:
    answer = service.client.enroll(samples, subject=Subject("", "7", "Nguyễn Ẩn"), skip_duplicate_check=True)
    return [sample.reference_id for sample in answer.samples]


def test_the_enrolled_file_comes_back_byte_for_byte(service: Service) -> None:
    captured = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
    device = "Máy lăn tay Suprema RealScan-G10"
    sample = large_face(1, 1600)
    other = replace(
        finger(2, position=FingerPosition.LEFT_INDEX), capture_time=captured, capture_device=device, station_id="7"
    )
    content_of_face = sample.image_bytes
    assert len(content_of_face) > 2 << 20
    first, second = enrolled(service, sample, other)
    about, content = service.client.reference_image(first)
    assert content == content_of_face
    assert (about.sha256, about.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (about.reference_id, about.station_id, about.ppi) == (first, "station-9", 0.0)
    record = service.audit.events[-1]
    assert (record.action, record.operator_id, record.case_number) == ("get_reference_image", "operator-7", "case-12")
    assert (record.reference_ids, record.subject_id) == ((first,), about.subject_id)
    about, content = service.client.reference_image(second)
    assert (content, about.ppi, about.finger_position) == (other.image_bytes, 500.0, FingerPosition.LEFT_INDEX)
    assert (about.capture_device, about.capture_time.ToDatetime(UTC), about.station_id) == (device, captured, "7")
    exported = service.client.export_template(second).reference
    assert (exported.capture_device, exported.capture_time.ToDatetime(UTC)) == (device, captured)


def test_a_png_for_display_is_made_on_demand(service: Service) -> None:
    (reference_id,) = enrolled(service, large_face(3, 2500))
    about, content = service.client.reference_image(reference_id, for_display=True)
    shown = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert shown.shape == (2000, 2000)
    assert about.size_bytes == len(content)


def test_it_needs_a_case_and_a_purpose_and_is_recorded_when_refused(service: Service) -> None:
    (reference_id,) = enrolled(service, face(4))
    for call in (service.client.reference_image, service.client.reference_minutiae):
        with pytest.raises(ServiceError) as raised:
            call(reference_id, access=NOBODY)
        assert raised.value.violations[0].field == "access.case_number"
        assert service.audit.events[-1].outcome == "refused"
    with pytest.raises(ServiceError) as raised:
        service.client.reference_image(10**9)
    assert raised.value.reason == "ERROR_REASON_REFERENCE_NOT_FOUND"


def test_a_deleted_image_is_not_shown(service: Service) -> None:
    (reference_id,) = enrolled(service, face(5))
    service.client.delete_reference(reference_id)
    with pytest.raises(ServiceError) as raised:
        service.client.reference_image(reference_id)
    assert raised.value.reason == "ERROR_REASON_REFERENCE_NOT_FOUND"


def test_minutiae_are_told_alone_and_paired_with_a_probe(service: Service) -> None:
    probe = finger(6, position=FingerPosition.RIGHT_THUMB)
    face_id, print_id = enrolled(service, face(7), probe)
    alone = service.client.reference_minutiae(print_id)
    assert alone.minutiae
    assert (alone.finger_position, alone.reference_id) == (FingerPosition.RIGHT_THUMB, print_id)
    assert not alone.HasField("explanation")
    paired = service.client.reference_minutiae(print_id, probe=probe)
    assert paired.explanation.pairs
    assert any(minutia.HasField("pair_index") for minutia in paired.minutiae)
    assert service.audit.events[-1].action == "get_reference_minutiae"
    assert service.audit.events[-1].probe_sha256 == (hashlib.sha256(probe.image_bytes).hexdigest(),)
    for reference_id, wrong in ((face_id, None), (print_id, face(7))):
        with pytest.raises(ServiceError):
            service.client.reference_minutiae(reference_id, probe=wrong)


def test_the_command_line_writes_image_and_template_to_new_files(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = replace(finger(2), capture_device="Máy quét số 7")
    (reference_id,) = enrolled(service, sample)
    said = ["--address", service.server.address, "--operator", "op", "--case", "12", "--purpose", "giám định"]

    def run(*asked: str) -> int:
        return main(["--lang", "vi", "subject", *asked, *said])

    path = tmp_path / "ảnh.png"
    assert run("image", str(reference_id), str(path)) == 0
    assert path.read_bytes() == sample.image_bytes
    assert path.stat().st_mode & 0o777 == 0o600
    told = capsys.readouterr().out
    assert "thiết bị: Máy quét số 7" in told
    assert hashlib.sha256(sample.image_bytes).hexdigest() in told
    assert run("image", str(reference_id), str(path)) == 1
    assert "chưa có" in capsys.readouterr().err
    assert run("image", "--png", str(reference_id), str(tmp_path / "shown.png")) == 0
    assert (tmp_path / "shown.png").read_bytes().startswith(b"\x89PNG")
    assert run("template", str(reference_id), str(tmp_path / "print.fmr")) == 0
    assert (tmp_path / "print.fmr").read_bytes().startswith(b"FMR\x00")
