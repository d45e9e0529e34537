"""What older versions wrote opens in this one: data folders, backups and audit files, one folder a version."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.errors import SubjectNotFoundError
from index.records import Modality, Reference, SearchFilter, SubjectQuery
from matcher.__main__ import main as station_matcher
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.audit.verification import verify_audit_log
from matcher.fingerprint.comparison.compare import MinutiaComparer
from matcher.packs.store import PackStore
from matcher.scoring.calibration import Calibration
from matcher.search.searcher import Searcher
from tests.corpus.replay import stranger_vector
from tests.versions.record import (
    DELETED_AFTER_BACKUP,
    DELETED_BEFORE_BACKUP,
    DISPLAY_NAME,
    EXTERNAL_ID,
    LATEST,
    PEOPLE,
    PROBE_ID,
    STRANGER_COUNT,
    VERSIONS_FOLDER,
)

VERSIONS = sorted(path.name for path in VERSIONS_FOLDER.iterdir() if path.is_dir())
DELETED = (DELETED_BEFORE_BACKUP, DELETED_AFTER_BACKUP)
RECORDS = SearchFilter(galleries=frozenset({"records"}))


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The files of one version, unpacked: data/, killed/, backups/ and facts.json."""
    for path in (VERSIONS_FOLDER / request.param).iterdir():
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                archive.extractall(tmp_path / path.stem)
        else:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def facts(old: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((old / "facts.json").read_text(encoding="utf-8"))
    return found


def command(*arguments: str | Path) -> int:
    return station_matcher(["--lang", "en", *map(str, arguments)])


def references(database: EnrollmentDatabase, external_id: str) -> Sequence[Reference]:
    subject = database.find_subject(external_id)
    assert subject is not None
    return database.list_references(subject.subject_id).items


def check_faces(database: EnrollmentDatabase, *, deleted: Sequence[str]) -> None:
    """Each vector, known from elsewhere, is found as it was enrolled; what was deleted is not."""
    for number in range(1, STRANGER_COUNT + 1):
        name = f"S{number}"
        if name in deleted:
            assert database.find_subject(name) is None
            continue
        reference = references(database, name)[0]
        query = stranger_vector(number, reference.template.vectors.shape[1])
        np.testing.assert_array_equal(reference.template.vectors, query)
        hits = database.search(Modality.FACE, reference.template.pack_id, query, 3, where=RECORDS)
        assert hits.reference_ids[0, 0] == reference.reference_id
        assert hits.similarities[0, 0] == pytest.approx(1.0, abs=1e-6)


def check_fingers(database: EnrollmentDatabase, tmp_path: Path) -> None:
    """The second capture of each finger, stored as a template of that time, finds the first."""
    pack = PackStore(tmp_path / "packs").manifest("leader")
    assert pack.calibration is not None
    for number in PEOPLE:
        probe = references(database, PROBE_ID.format(number=number))[0].template
        calibrations = {probe.pack_id: Calibration.from_table(pack.calibration)}
        searcher = Searcher(database, MinutiaComparer(), calibrations)
        found = searcher.search([probe], where=RECORDS, subject_count=3)
        best = max(found.sample_scores, key=lambda subject_id: found.sample_scores[subject_id][0].similarity)
        subject = database.get_subject(best)
        assert subject.external_id == EXTERNAL_ID.format(number=number)
        assert subject.display_name == DISPLAY_NAME.format(number=number)
        assert subject.birth_year == 1970 + number
        assert found.sample_scores[best][0].score.value > 30
        shortlist = database.shortlist(probe, 3, where=RECORDS)
        own = {reference.reference_id for reference in references(database, subject.external_id)}
        assert int(shortlist.reference_ids.ravel()[0]) in own


def check_counts(database: EnrollmentDatabase, old: Path) -> None:
    report = database.verify()
    assert report.ok, report.problems
    assert report.subject_count == facts(old)["subject_count"]
    assert report.reference_count == facts(old)["reference_count"]


@pytest.mark.parametrize("folder", ["data", "killed"])
def test_a_data_folder_opens_and_answers(old: Path, folder: str, tmp_path: Path) -> None:
    """Also one whose process was killed, with changes that have not reached the store."""
    for _ in range(2):  # as it was written, then as this version left it
        with EnrollmentDatabase.open(old / folder, create=False) as database:
            check_counts(database, old)
            check_faces(database, deleted=DELETED)
            check_fingers(database, tmp_path)
            assert database.find_subject(LATEST) is not None
            for number in PEOPLE:
                named = database.list_subjects(SubjectQuery(name=f"{number} SO MAU NGUOI"))
                assert [one.external_id for one in named.items] == [EXTERNAL_ID.format(number=number)]
            assert {gallery.gallery_id for gallery in database.list_galleries().items} == {"records", "wanted"}
    assert command("index", "verify", "--data-folder", old / folder) == 0


def test_an_old_store_serves_without_its_caches(old: Path, tmp_path: Path) -> None:
    with EnrollmentDatabase.open(old / "data", create=False) as database:
        database.rebuild()
        check_counts(database, old)
        check_faces(database, deleted=DELETED)
        check_fingers(database, tmp_path)


def test_an_old_data_folder_takes_deletions(old: Path) -> None:
    with EnrollmentDatabase.open(old / "data", create=False) as database:
        subject = database.find_subject("S1")
        assert subject is not None
        database.delete_subject(subject.subject_id)
        assert database.check_absence(subject_id=subject.subject_id).absent
        with pytest.raises(SubjectNotFoundError):
            database.get_subject(subject.subject_id)
        assert database.verify().ok


@pytest.mark.parametrize("name", ["plain", "sealed"])
def test_a_backup_verifies_and_restores(old: Path, name: str, tmp_path: Path) -> None:
    """With the audit file of that time, whose later deletion is done again."""
    backup = old / "backups" / f"{name}.backup"
    key = ("--key-file", old / "backups" / "backup.key") if name == "sealed" else ()
    assert command("verify-backup", backup, *key) == 0
    assert command("restore", backup, "--data-folder", tmp_path / "as-it-was", *key) == 0
    audit = ("--audit", old / "data" / "audit.jsonl")
    assert command("restore", backup, "--data-folder", tmp_path / "restored", *key, *audit) == 0
    for folder, deleted in (("as-it-was", DELETED[:1]), ("restored", DELETED)):
        with EnrollmentDatabase.open(tmp_path / folder, create=False) as database:
            assert database.verify().ok
            check_faces(database, deleted=deleted)
            check_fingers(database, tmp_path)


def test_a_sealed_backup_needs_its_key(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("verify-backup", old / "backups" / "sealed.backup") == 1
    assert "key" in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["data", "killed"])
def test_an_audit_file_verifies(old: Path, folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("audit", "verify", "--file", old / folder / "audit.jsonl") == 0
    assert str(facts(old)["audit_record_count"]) in capsys.readouterr().out


def test_an_old_audit_file_goes_on_with_the_records_of_today(old: Path) -> None:
    path = old / "data" / "audit.jsonl"
    with FileAuditLog(path) as log:
        log.append(AuditEvent("verify", call_id="call-1", request_id="", score=61.5, other_probe_sha256=("ab" * 32,)))
        log.append(AuditEvent("add_to_gallery", call_id="call-2", subject_ids=("one", "two")))
    found = verify_audit_log(path)
    assert (found.ok, found.record_count) == (True, facts(old)["audit_record_count"] + 2)


def test_an_altered_old_audit_file_is_noticed(old: Path) -> None:
    path = old / "data" / "audit.jsonl"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"corpus", b"Corpus", 1))
    assert command("audit", "verify", "--file", path) == 1
