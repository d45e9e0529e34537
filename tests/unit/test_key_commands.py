"""`station-matcher encrypt` and `keys`, and where the master key comes from."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.errors import EncryptionKeyError
from index.folder import SLOTS_NAME
from index.keys.master_key import MasterKey, new_master_key, read_master_key
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.assembly.keys import database_keys, master_key
from matcher.commands.main import run
from matcher.config import load_settings
from tests.files import files_with

NAME = "Nguyễn Thị Ẩn"


def face() -> NewReference:
    row = np.zeros((1, 32), np.float32)
    row[0, 3] = 1.0
    return NewReference(Template(Modality.FACE, FingerPosition.UNKNOWN, "face-test@1", row), 80)


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    path = tmp_path / "etc" / "settings.toml"
    path.parent.mkdir()
    path.write_text(f'[storage]\ndata_folder = "{tmp_path / "data"}"\n', encoding="utf-8")
    return path


def called(settings_file: Path, *words: str) -> int:
    return run(["--lang", "en", "--config", str(settings_file), *words], start_server=lambda settings, say: None)


def filled(folder: Path, master: MasterKey | None = None) -> None:
    with EnrollmentDatabase.open(folder, master_key=master) as database:
        database.enroll(Subject("", "079203004567", NAME), [face()])


def holding(folder: Path) -> list[str]:
    return files_with(folder, NAME.encode())


def test_a_plain_database_is_encrypted_by_a_command(settings_file: Path, tmp_path: Path, capsys) -> None:
    data = tmp_path / "data"
    assert called(settings_file, "encrypt") == 1
    capsys.readouterr()
    assert called(settings_file, "keys", "show") == 1
    assert "There is no database in this folder" in capsys.readouterr().out
    assert called(settings_file, "keys", "show", "--json") == 1
    assert json.loads(capsys.readouterr().out) == {"has_database": False, "is_encrypted": False}
    filled(data)
    assert holding(data)
    assert called(settings_file, "keys", "show") == 1
    assert called(settings_file, "encrypt") == 0
    assert not holding(data)
    said = capsys.readouterr()
    assert str(settings_file.parent / "master.key") in said.err
    assert "new one, then destroy them" in said.out
    assert called(settings_file, "keys", "show") == 0
    capsys.readouterr()
    assert called(settings_file, "encrypt") == 0
    assert "begun or done before" in capsys.readouterr().out
    assert called(settings_file, "index", "verify") == 0
    assert called(settings_file, "index", "rebuild") == 0
    with EnrollmentDatabase.open(data, master_key=read_master_key(settings_file.parent / "master.key")) as database:
        assert database.find_subject("079203004567").display_name == NAME
    assert '"encrypt"' in (data / "audit.jsonl").read_text() or list(data.glob("audit.jsonl.notice-*"))


def test_keys_are_copied_rotated_and_restored_with(settings_file: Path, tmp_path: Path, capsys) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.slots"
    old = new_master_key(settings_file.parent / "master.key")
    filled(data, old)
    assert called(settings_file, "keys", "copy", str(copy)) == 0
    assert called(settings_file, "keys", "copy", str(copy)) == 1
    assert called(settings_file, "keys", "copy", str(tmp_path / "absent" / "copy.slots")) == 1
    assert "its folder is not there" in capsys.readouterr().err
    assert called(settings_file, "backup", str(tmp_path / "backup")) == 0
    assert called(settings_file, "restore", str(tmp_path / "backup"), "--data-folder", str(tmp_path / "new")) == 1
    assert "name the copy of its keys" in capsys.readouterr().err
    words = ("restore", str(tmp_path / "backup"), "--data-folder", str(tmp_path / "new"), "--keys", str(copy))
    assert called(settings_file, *words) == 0
    capsys.readouterr()
    assert called(settings_file, "keys", "show", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["is_encrypted"]
    assert shown["key_id"] == shown["settings_key_id"] == old.key_id
    for words in (("backup", str(tmp_path / "another")), ("verify-backup", str(tmp_path / "another"))):
        assert called(settings_file, *words, "--json") == 0
        told = json.loads(capsys.readouterr().out)
        assert (told["subject_count"], told["reference_count"], told["is_sealed"]) == (1, 1, False)
    assert called(settings_file, "audit", "verify", "--json") == 0
    log = json.loads(capsys.readouterr().out)
    assert (log["is_whole"], log["first_broken_record"], len(log["last_hash"])) == (True, None, 64)
    assert called(settings_file, "keys", "rotate", str(tmp_path / "new.key")) == 0
    assert called(settings_file, "index", "verify") == 1
    assert "another master key" in capsys.readouterr().err
    settings_file.write_text(settings_file.read_text() + f'master_key_file = "{tmp_path / "new.key"}"\n')
    words = ("restore", str(tmp_path / "backup"), "--data-folder", str(tmp_path / "newer"), "--keys", str(copy))
    assert called(settings_file, *words) == 1
    assert "another master key; nothing was changed" in capsys.readouterr().err
    assert not (tmp_path / "newer").exists()
    with EnrollmentDatabase.open(data, master_key=read_master_key(tmp_path / "new.key")) as database:
        assert database.find_subject("079203004567").display_name == NAME
    with EnrollmentDatabase.open(tmp_path / "new", master_key=old) as database:
        assert database.find_subject("079203004567").display_name == NAME


def test_a_lost_key_file_is_never_made_anew(settings_file: Path, tmp_path: Path, capsys) -> None:
    key = settings_file.parent / "master.key"
    filled(tmp_path / "data", new_master_key(key))
    key.unlink()
    for words in (("index", "verify"), ("encrypt",), ("keys", "show")):
        assert called(settings_file, *words) == 1
        assert "put the key file back" in capsys.readouterr().err
    with pytest.raises(EncryptionKeyError):
        database_keys(load_settings(settings_file, environ={}).storage)
    assert not key.exists()


@pytest.mark.parametrize(("encrypt", "is_made"), [("new", True), ("always", True), ("never", False)])
def test_a_new_database_gets_a_key_unless_the_settings_say_never(settings_file: Path, encrypt: str, is_made) -> None:
    storage = load_settings(settings_file, environ={"STATION_MATCHER_STORAGE_ENCRYPT": encrypt}).storage
    keys = database_keys(storage)
    assert (keys.made is not None, keys.encrypt, keys.master is not None) == (is_made,) * 3
    assert storage.master_key_file.exists() == is_made


@pytest.mark.parametrize(("encrypt", "is_wanted"), [("new", False), ("always", True), ("never", False)])
def test_a_plain_database_is_left_alone_unless_the_settings_say_always(
    settings_file: Path, tmp_path: Path, encrypt: str, is_wanted: bool
) -> None:
    filled(tmp_path / "data")
    keys = database_keys(load_settings(settings_file, environ={"STATION_MATCHER_STORAGE_ENCRYPT": encrypt}).storage)
    assert (keys.encrypt, keys.master is not None) == (is_wanted, is_wanted)
    assert not (tmp_path / "data" / SLOTS_NAME).exists()


def test_the_key_comes_from_the_environment_a_command_or_a_file(settings_file: Path, tmp_path: Path) -> None:
    digits = {name: bytes([number]) * 32 for number, name in enumerate(("environment", "command", "file"))}
    script = tmp_path / "prints.py"
    script.write_text(f"print({digits['command'].hex()!r})")
    key_file = settings_file.parent / "master.key"
    key_file.write_text(digits["file"].hex() + "\n")
    os.chmod(key_file, 0o600)
    environ: dict[str, str] = {}

    def found() -> bytes:
        return master_key(load_settings(settings_file, environ=environ).storage).key

    assert found() == digits["file"]
    environ["STATION_MATCHER_STORAGE_MASTER_KEY_COMMAND"] = f"{sys.executable} {script}"
    assert found() == digits["command"]
    environ["STATION_MATCHER_STORAGE_MASTER_KEY"] = digits["environment"].hex()
    assert found() == digits["environment"]
    assert digits["environment"].hex() not in repr(load_settings(settings_file, environ=environ))
    del environ["STATION_MATCHER_STORAGE_MASTER_KEY"]
    for command in ("/nowhere/at-all", f"{sys.executable} -c 'raise SystemExit(3)'", f"{sys.executable} -c print(5)"):
        environ["STATION_MATCHER_STORAGE_MASTER_KEY_COMMAND"] = command
        with pytest.raises(EncryptionKeyError):
            found()


def test_doctor_says_whether_the_key_fits(settings_file: Path, tmp_path: Path, capsys) -> None:
    key = settings_file.parent / "master.key"
    filled(tmp_path / "data", new_master_key(key))
    called(settings_file, "doctor")
    assert "✓ The database is encrypted with master key" in capsys.readouterr().out
    key.unlink()
    assert called(settings_file, "doctor") == 1
    assert "✗ The database is encrypted and its master key is not there" in capsys.readouterr().out
