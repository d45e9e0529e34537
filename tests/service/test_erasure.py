"""Certificates of erasure: what a deletion answers, and what `station-matcher erasure verify` makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.keys.master_key import MasterKey
from index.receipts import AbsenceReport
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from index.vector.protocol import Hits
from matcher.__main__ import main
from matcher.audit.erasure import SigningKey, check_certificate
from matcher.errors import ConfigError
from tests.fakes import FACE_PACK_ID, face, finger
from tests.service.conftest import Service, start_service, stop_service

KEY = SigningKey(bytes(range(32)))


@pytest.fixture(params=[None, MasterKey(bytes(32))], ids=["plain", "encrypted"])
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Service]:
    plain = EnrollmentDatabase.open
    monkeypatch.setattr(EnrollmentDatabase, "open", lambda folder: plain(folder, master_key=request.param))
    running = start_service(tmp_path / "database", signing_key=KEY)
    yield running
    stop_service(running)


def enrolled(service: Service, number: int) -> tuple[str, list[int]]:
    samples = [face(number), finger(50 + number)]
    answer = service.client.enroll(samples, subject=Subject("", str(number)), skip_duplicate_check=True)
    return answer.subject_id, [sample.reference_id for sample in answer.samples]


def test_a_deleted_subject_has_a_certificate(service: Service) -> None:
    subject_id, reference_ids = enrolled(service, 1)
    enrolled(service, 2)
    answer = service.client.delete_subject(subject_id, request_id="d")
    checked = check_certificate(answer.erasure_certificate)
    assert checked.is_genuine
    assert checked.public_key == KEY.public_key
    said = checked.content
    is_encrypted = service.database.is_encrypted
    assert (said["subject_id"], said["reference_ids"], said["scope"]) == (subject_id, reference_ids, "subject")
    assert said["found_in"] == []
    assert [(one["reference_id"], one["is_found"]) for one in said["searched_again"]] == [
        (reference_id, False) for reference_id in reference_ids
    ]
    # A subject, two references and two images have a key each.
    assert (said["destroyed"]["keys"], said["destroyed"]["images"]) == ((5, 2) if is_encrypted else (0, 0))
    assert said["state"]["reference_count"] == 2
    assert said["audit_id"] == answer.audit_id
    again = service.client.delete_subject(subject_id, request_id="d")
    repeated = check_certificate(again.erasure_certificate)
    assert (repeated.is_genuine, repeated.content["is_repeated"]) == (True, True)
    for name in ("subject_id", "reference_ids", "delete_time", "destroyed", "found_in"):
        assert repeated.content[name] == said[name]


def test_a_deleted_reference_has_one_too(service: Service) -> None:
    subject_id, (first, second) = enrolled(service, 1)
    answer = service.client.delete_reference(second)
    said = check_certificate(answer.erasure_certificate).content
    assert (said["scope"], said["subject_id"], said["reference_ids"]) == ("reference", subject_id, [second])
    assert said["found_in"] == []
    assert [one["is_found"] for one in said["searched_again"]] == [False]
    assert [one.reference_id for one in service.client.references(subject_id)] == [first]
    keyed = service.client.delete_reference(first, request_id="r")
    again = service.client.delete_reference(first, request_id="r")
    destroyed = [check_certificate(one.erasure_certificate).content["destroyed"] for one in (keyed, again)]
    assert destroyed[0] == destroyed[1]


def add_counterpart(service: Service, reference_id: int, pack_id: str, number: int) -> int:
    """What another pack made of the same image; its id."""
    (original,) = service.database.references([reference_id])
    vectors = np.zeros((1, 16), np.float32)
    vectors[0, number] = 1.0
    made = NewReference(
        Template(Modality.FACE, FingerPosition.UNKNOWN, pack_id, vectors), 80.0, sample_sha256=original.sample_sha256
    )
    (added,) = service.database.add_counterparts(pack_id, [(reference_id, made)])
    return added


@pytest.mark.parametrize("deleted", ["the original", "a counterpart", "the subject"])
def test_every_destroyed_template_is_searched_again(service: Service, deleted: str) -> None:
    subject_id, (first, second) = enrolled(service, 1)
    others = [add_counterpart(service, first, f"other@{number}", number) for number in (1, 2)]
    if deleted == "the subject":
        answer = service.client.delete_subject(subject_id)
    else:
        answer = service.client.delete_reference(first if deleted == "the original" else others[0])
    said = check_certificate(answer.erasure_certificate).content
    destroyed = [first, *([second] if deleted == "the subject" else []), *others]
    assert said["reference_ids"] == destroyed
    assert [(one["reference_id"], one["is_found"]) for one in said["searched_again"]] == [
        (reference_id, False) for reference_id in destroyed
    ]
    assert {one["pack_id"] for one in said["searched_again"]} >= {FACE_PACK_ID, "other@1", "other@2"}
    assert said["not_searched_ids"] == []


def test_a_counterpart_that_is_still_found_is_said(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    _, (first, _) = enrolled(service, 1)
    other = add_counterpart(service, first, "other@1", 1)
    left = Hits(np.array([[other]]), np.array([[1.0]], np.float32), np.array([1]), np.array([True]))
    search = EnrollmentDatabase.search
    monkeypatch.setattr(
        EnrollmentDatabase,
        "search",
        lambda self, modality, pack_id, *rest, **how: (
            left if pack_id == "other@1" else search(self, modality, pack_id, *rest, **how)
        ),
    )
    said = check_certificate(service.client.delete_reference(first).erasure_certificate).content
    assert [(one["reference_id"], one["is_found"]) for one in said["searched_again"]] == [(first, False), (other, True)]


def test_what_could_not_be_searched_again_is_said(
    service: Service, tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject_id, (first, second) = enrolled(service, 1)
    monkeypatch.setattr("matcher.usecases.witness_erasure.MAX_REFERENCE_COUNT", 1)
    certificate = service.client.delete_subject(subject_id, request_id="d").erasure_certificate
    said = check_certificate(certificate).content
    assert [one["reference_id"] for one in said["searched_again"]] == [first]
    assert said["not_searched_ids"] == [second]
    path = written(tmp_path, certificate)
    assert main(["--lang", "en", "erasure", "verify", path, "--public-key", KEY.public_key]) == 0
    assert f"References {second} were not searched for again" in capsys.readouterr().err
    # Of a repeated deletion nothing is left to search with.
    again = check_certificate(service.client.delete_subject(subject_id, request_id="d").erasure_certificate)
    assert again.content["not_searched_ids"] == [first, second]


def test_what_is_still_there_is_said(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    subject_id, _ = enrolled(service, 1)
    monkeypatch.setattr(EnrollmentDatabase, "check_absence", lambda *_, **__: AbsenceReport(False, ("index file",)))
    answer = service.client.delete_subject(subject_id)
    assert check_certificate(answer.erasure_certificate).content["found_in"] == ["index file"]


def written(tmp_path: Path, certificate: bytes) -> str:
    path = tmp_path / "certificate.json"
    path.write_bytes(certificate)
    return str(path)


def test_the_command_checks_a_certificate_off_line(service: Service, tmp_path: Path, capsys, monkeypatch) -> None:
    subject_id, _ = enrolled(service, 1)
    certificate = service.client.delete_subject(subject_id).erasure_certificate
    path = written(tmp_path, certificate)
    monkeypatch.setenv("STATION_MATCHER_STORAGE_SIGNING_KEY_FILE", str(tmp_path / "signing.key"))
    verify = ["--lang", "en", "erasure", "verify", path]
    # Without a key the certificate is whole, and whose it is remains to be seen.
    assert main(verify) == 0
    assert "make sure that" in capsys.readouterr().err
    assert main([*verify, "--public-key", KEY.public_key]) == 0
    said = capsys.readouterr()
    assert subject_id in said.out
    assert "2 references were searched for again: none is there" in said.out
    assert said.err == ""
    assert main(["erasure", "key"]) == 0
    own = capsys.readouterr().out.strip()
    assert len(own) == 64
    assert main(verify) == 1
    assert "another key" in capsys.readouterr().err


def test_a_changed_certificate_is_refused(service: Service, tmp_path: Path, capsys) -> None:
    subject_id, _ = enrolled(service, 1)
    certificate = service.client.delete_subject(subject_id).erasure_certificate
    content = json.loads(certificate)
    content["destroyed"]["rows"] += 1
    forged = written(tmp_path, json.dumps(content).encode())
    assert main(["--lang", "en", "erasure", "verify", forged, "--public-key", KEY.public_key]) == 1
    assert "was changed" in capsys.readouterr().err
    for other in (b"", b"{}", b"[]", b"\xff", certificate.replace(b"certificate 1", b"certificate 2")):
        assert main(["--lang", "en", "erasure", "verify", written(tmp_path, other)]) == 1
        assert "not a certificate" in capsys.readouterr().err


def test_what_was_checked_is_printed_for_programs_too(service: Service, tmp_path: Path, capsys, monkeypatch) -> None:
    monkeypatch.setenv("STATION_MATCHER_STORAGE_SIGNING_KEY_FILE", str(tmp_path / "signing.key"))
    subject_id, reference_ids = enrolled(service, 1)
    certificate = service.client.delete_subject(subject_id).erasure_certificate

    def verified(content: bytes, *arguments: str) -> tuple[int, dict]:
        status = main(["erasure", "verify", written(tmp_path, content), "--json", *arguments])
        said = capsys.readouterr()
        assert said.err == ""
        return status, json.loads(said.out)

    status, told = verified(certificate, "--public-key", KEY.public_key)
    assert (status, told["is_valid"], told["problem"], told["left"]) == (0, True, None, [])
    assert (told["public_key"], told["is_compared_with_key"]) == (KEY.public_key, True)
    assert told["certificate"]["reference_ids"] == reference_ids
    status, told = verified(certificate)
    assert (status, told["is_valid"], told["is_compared_with_key"]) == (0, True, False)
    status, told = verified(certificate, "--public-key", "00" * 32)
    assert (status, told["problem"], told["is_genuine"]) == (1, "other_key", True)
    status, told = verified(certificate.replace(subject_id.encode(), b"somebody-else"))
    assert (status, told["problem"], told["is_genuine"], told["certificate"]) == (1, "forged", False, None)
    status, told = verified(b"{}")
    assert (status, told["problem"], told["public_key"]) == (1, "none", None)


def test_a_certificate_that_found_something_does_not_pass(tmp_path: Path, capsys) -> None:
    content = {
        "subject_id": "s",
        "reference_ids": [4],
        "delete_time": "2026-01-01T00:00:00+00:00",
        "destroyed": {"rows": 1, "keys": 0, "images": 0},
        "found_in": [],
        "searched_again": [{"reference_id": 4, "is_found": True}],
    }
    path = written(tmp_path, KEY.certificate(content))
    assert main(["--lang", "en", "erasure", "verify", path, "--public-key", KEY.public_key]) == 1
    assert "Still found: 4" in capsys.readouterr().err
    assert main(["erasure", "verify", path, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["left"] == ["4"]


def test_without_a_signing_key_there_is_no_certificate(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database")
    try:
        subject_id, _ = enrolled(running, 1)
        assert running.client.delete_subject(subject_id).erasure_certificate == b""
    finally:
        stop_service(running)


def test_a_signing_key_file_is_made_once_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "signing.key"
    first = SigningKey.of_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.of_file(path).public_key == first.public_key
    for content in ("", "00" * 31, "no digits"):
        path.write_text(content)
        with pytest.raises(ConfigError):
            SigningKey.of_file(path)


def test_a_place_for_the_certificate_is_made_before_anything_is_deleted(
    service: Service, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.setenv("STATION_MATCHER_STORAGE_SIGNING_KEY_FILE", str(tmp_path / "signing.key"))
    subject_id, _ = enrolled(service, 1)
    delete = ["subject", "delete", subject_id, "--yes", "--address", service.server.address]
    delete += ["--operator", "operator-7", "--purpose", "records", "--certificate"]
    there, absent = tmp_path / "there.json", tmp_path / "absent" / "erased.json"
    there.write_text("of somebody else")
    for place, language, said in (
        (absent, "en", "No such file or directory"),
        (absent, "vi", "không có tệp hoặc thư mục này"),
        (there, "en", "File exists"),
    ):
        assert main(["--lang", language, *delete, str(place)]) == 1
        assert f"{said}: {place}" in capsys.readouterr().err
    assert len(list(service.client.subjects())) == 1
    assert there.read_text() == "of somebody else"
    kept = tmp_path / "erased.json"
    assert main(["--lang", "en", *delete, str(kept)]) == 0
    assert kept.stat().st_mode & 0o777 == 0o600
    capsys.readouterr()
    assert main(["--lang", "en", "erasure", "verify", str(kept)]) == 0
    assert subject_id in capsys.readouterr().out
    assert main(["--lang", "en", "erasure", "verify", str(tmp_path / "none.json")]) == 1
    assert "No such file or directory" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["--lang", "en", "erasure", "verify", str(kept), "--public-key", "zz"])
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_the_certificate_names_who_was_merged_into_the_deleted(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (old, of_old), (new, of_new), (other, _) = (enrolled(service, number) for number in range(3))
    service.client.merge_subjects(other, old)
    service.client.merge_subjects(old, new)
    answer = service.client.delete_subject(new)
    said = check_certificate(answer.erasure_certificate).content
    assert sorted(said["merged_subject_ids"]) == sorted([old, other])
    assert {*of_old, *of_new} < {*said["reference_ids"]}
    assert said["found_in"] == []
    assert {one["is_found"] for one in said["searched_again"]} == {False}
    if service.database.is_encrypted:
        assert (said["destroyed"]["keys"], said["destroyed"]["images"]) == (15, 6)
    path = tmp_path / "certificate.json"
    path.write_bytes(answer.erasure_certificate)
    assert main(["--lang", "en", "erasure", "verify", str(path), "--public-key", KEY.public_key]) == 0
    assert old in capsys.readouterr().out
