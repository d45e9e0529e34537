"""station-matcher index, backup, restore, verify-backup and audit, as an administrator types them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from index.backup import backup, sealed_stream
from index.database import EnrollmentDatabase
from index.errors import BackupError, DatabaseFullError
from index.folder import CACHE_NAME, STORE_NAME
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from index.store.sqlite import mending, row_copy, snapshot
from matcher.__main__ import main
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.commands.store_options import failure_text
from matcher.texts.store import TEXTS

PACK = "face-test@1"


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database and an audit log where the settings say."""
    folder = tmp_path / "data"
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(folder))
    with EnrollmentDatabase.open(folder) as database, FileAuditLog(folder / "audit.jsonl") as audit:
        for number in range(3):
            subject_id = database.enroll(Subject("", external_id=str(number)), [_face(number)]).subject_id
            audit.append(AuditEvent("enroll", subject_id=subject_id))
    return folder


def _face(seed: int) -> NewReference:
    vectors = np.random.default_rng(seed).standard_normal((1, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors)
    return NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, PACK, vectors), 50)


def test_index_verify_and_rebuild(data_folder, capsys, caplog):
    assert main(["--lang", "en", "index", "verify"]) == 0
    assert "3 subjects, 3 references" in capsys.readouterr().out
    for path in (data_folder / CACHE_NAME).rglob("*.cache"):
        path.write_bytes(b"damaged")
    assert main(["--lang", "en", "index", "verify"]) == 0
    assert "built again" in caplog.text
    for path in (data_folder / CACHE_NAME).rglob("*.cache"):
        path.write_bytes(b"damaged")
    assert main(["--lang", "vi", "index", "rebuild"]) == 0
    assert TEXTS["index.rebuilt"][0] in capsys.readouterr().out
    assert main(["--lang", "en", "index", "verify"]) == 0


def test_a_rebuilt_index_that_finds_no_room_is_not_called_rebuilt(data_folder, capsys, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise DatabaseFullError("no space is left on the disk")

    monkeypatch.setattr("index.vector.quantized.segment_files.write_cache", full)
    assert main(["--lang", "en", "index", "rebuild"]) == 1
    said = capsys.readouterr()
    assert "rebuilt" not in said.out
    assert TEXTS["error.full"][1] in said.err


def test_index_verify_finds_a_damaged_store(data_folder, capsys):
    content = bytearray((data_folder / STORE_NAME).read_bytes())
    for page in range(6, len(content) // 8192):
        content[page * 8192 : page * 8192 + 64] = b"\xff" * 64
    (data_folder / STORE_NAME).write_bytes(content)
    assert main(["--lang", "en", "index", "verify"]) == 1
    assert capsys.readouterr().err


def test_index_verify_thorough_answers_for_every_byte_and_for_the_audit_log(data_folder, capsys):
    audit = data_folder / "audit.jsonl"
    command = ["index", "verify", "--thorough"]
    assert main(["--lang", "en", *command]) == 0
    assert TEXTS["index.every_byte"][1] in capsys.readouterr().out
    audit.write_bytes(audit.read_bytes().replace(b'"enroll"', b'"enrolk"', 1))
    assert main(["--lang", "vi", *command]) == 1
    assert "nhật ký kiểm toán bị thay đổi từ bản ghi 1" in capsys.readouterr().err
    for path in (data_folder / CACHE_NAME).rglob("*.cache"):
        path.write_bytes(b"damaged")
    assert main(["--lang", "en", *command]) == 1
    assert "made anew" in capsys.readouterr().err


def test_a_served_database_is_not_touched(data_folder, capsys):
    with EnrollmentDatabase.open(data_folder):
        assert main(["--lang", "en", "index", "rebuild"]) == 1
        assert TEXTS["error.locked"][1] in capsys.readouterr().err
        # A backup is taken beside the server.
        assert main(["--lang", "en", "backup", str(data_folder.parent / "backup")]) == 0
        assert "without a backup key" in capsys.readouterr().out


def test_backup_verify_and_restore_with_a_key_of_the_settings(data_folder, tmp_path, capsys, monkeypatch):
    key, file, restored = tmp_path / "key", tmp_path / "backup", tmp_path / "restored"
    assert main(["--lang", "en", "backup", "--new-key", str(key)]) == 0
    monkeypatch.setenv("STATION_MATCHER_STORAGE_BACKUP_KEY_FILE", str(key))
    assert main(["--lang", "en", "backup", str(file)]) == 0
    assert main(["--lang", "en", "verify-backup", str(file)]) == 0
    assert capsys.readouterr().out.count("encrypted") == 3
    with EnrollmentDatabase.open(data_folder) as database, FileAuditLog(data_folder / "audit.jsonl") as audit:
        gone = database.list_subjects().items[1].subject_id
        database.delete_subject(gone)
        audit.append(AuditEvent("delete_subject", subject_id=gone))
    arguments = ["--lang", "en", "restore", str(file), "--data-folder", str(restored)]
    assert main([*arguments, "--audit", str(data_folder / "audit.jsonl")]) == 0
    assert "1 subjects, 0 references" in capsys.readouterr().out
    with EnrollmentDatabase.open(restored) as database:
        assert [subject.external_id for subject in database.list_subjects().items] == ["0", "2"]
        hits = database.search(Modality.FACE, PACK, _face(2).template.vectors, 1)
        assert hits.similarities[0, 0] > 0.999
    assert main(arguments) == 1
    monkeypatch.delenv("STATION_MATCHER_STORAGE_BACKUP_KEY_FILE")
    assert main(["--lang", "en", "verify-backup", str(file)]) == 1
    assert "key" in capsys.readouterr().err


def test_a_plain_backup_is_not_taken_where_there_is_a_key_unless_asked(data_folder, tmp_path, capsys, monkeypatch):
    key, file = tmp_path / "key", tmp_path / "backup"
    assert main(["backup", str(file)]) == 0
    assert main(["backup", "--new-key", str(key)]) == 0
    for arguments in (
        ["verify-backup", str(file)],
        ["restore", str(file), "--data-folder", str(tmp_path / "restored")],
    ):
        assert main(["--lang", "en", *arguments, "--key-file", str(key)]) == 1
        assert TEXTS["error.backup.not_sealed"][1] in capsys.readouterr().err
        with monkeypatch.context() as settings:
            settings.setenv("STATION_MATCHER_STORAGE_BACKUP_KEY_FILE", str(key))
            assert main(["--lang", "en", *arguments]) == 1
            assert main(["--lang", "en", *arguments, "--no-key"]) == 0


def test_a_restore_whose_audit_log_is_not_usable_leaves_no_database(data_folder, tmp_path, capsys):
    file, restored, log = tmp_path / "backup", tmp_path / "restored", tmp_path / "audit.jsonl"
    assert main(["--lang", "en", "backup", str(file)]) == 0
    arguments = ["--lang", "en", "restore", str(file), "--data-folder", str(restored), "--audit", str(log)]
    assert main(arguments) == 1
    content = (data_folder / "audit.jsonl").read_bytes()
    log.write_bytes(content.replace(b'"enroll"', b'"verify"', 1))
    assert main(arguments) == 1
    assert "chain is broken" in capsys.readouterr().err
    assert not (restored / STORE_NAME).exists()
    log.write_bytes(content)
    assert main(arguments) == 0


def test_no_bars_are_drawn_where_nobody_sees_them(data_folder, capsys):
    assert main(["--lang", "en", "index", "verify"]) == 0
    assert not capsys.readouterr().err


def test_audit_verify_names_the_first_broken_record(data_folder, capsys):
    assert main(["--lang", "en", "audit", "verify"]) == 0
    said = capsys.readouterr().out
    last_hash = re.search(r"[0-9a-f]{64}", said)
    assert last_hash
    assert "3 records" in said
    assert main(["--lang", "en", "audit", "verify", "--anchor", f"3:{last_hash[0]}"]) == 0
    assert main(["--lang", "en", "audit", "verify", "--anchor", f"2:{last_hash[0]}"]) == 1
    assert "record 2" in capsys.readouterr().err
    path = data_folder / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"enroll"', b'"verify"', 1))
    assert main(["--lang", "en", "audit", "verify"]) == 1
    assert "record 1" in capsys.readouterr().err
    assert main(["--lang", "vi", "audit", "verify", "--file", str(path)]) == 1
    assert "bản ghi 1" in capsys.readouterr().err
    assert main(["--lang", "en", "audit", "verify", "--file", str(data_folder / "none")]) == 1


def test_every_reason_of_a_backup_error_has_its_text():
    sources = [Path(module.__file__).read_text() for module in (backup, sealed_stream, row_copy, snapshot, mending)]
    reasons = {reason for source in sources for reason in re.findall(r'reason="(\w+)"|"(damaged)"', source)}
    named = {first or second for first, second in reasons} | {BackupError("made up").reason}
    assert len(named) > 5
    for reason in named:
        assert failure_text(BackupError("made up", reason=reason), "vi") == TEXTS[f"error.backup.{reason}"][0].replace(
            "{reason}", "made up"
        )


def test_every_text_is_there_in_both_languages_with_the_same_places():
    for code, (vietnamese, english) in TEXTS.items():
        places = [set(re.findall(r"\{(\w+)\}", language)) for language in (vietnamese, english)]
        assert places[0] == places[1], code
        assert vietnamese
        assert vietnamese != english
