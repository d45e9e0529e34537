"""The certificates of docs/installation.md, made by its words and used by a server and a station."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.__main__ import main as station_matcher
from matcher.client import ClientTls, MatcherClient, ServiceError
from matcher.config import ServerSettings, Settings, TlsSettings, load_settings
from matcher.server.app import Server
from tests.fakes import InMemoryAudit

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "installation.md"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_the_certificates_of_the_docs_connect_a_station_and_nobody_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (commands,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    made = subprocess.run(["sh", "-eu", "-c", commands], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert made.stdout.count(": OK") == 2
    root, audit = tmp_path / "root.pem", InMemoryAudit()
    tls = TlsSettings(tmp_path / "server.pem", tmp_path / "server.key", root)
    settings = replace(Settings(), server=ServerSettings(address="127.0.0.1:0", drain_s=1.0), tls=tls)
    server = Server(settings, audit)
    server.start()
    try:
        station = ClientTls(root, tmp_path / "station-3.pem", tmp_path / "station-3.key")
        with MatcherClient(server.address, tls=station) as client, pytest.raises(ServiceError) as refusal:
            client.get_subject("nobody")
        # It was let in: what it is told comes from the server that is not open yet.
        assert refusal.value.reason == "ERROR_REASON_NOT_SERVING"
        assert audit.events[0].peer.startswith("station-3 ")
        with MatcherClient(server.address, tls=ClientTls(root), timeout_s=5.0) as nobody:
            with pytest.raises(ServiceError) as refusal:
                nobody.get_subject("nobody")
            assert not refusal.value.reason
        code, said = _health(tmp_path, server.port, capsys)
        # It is reached; that it is not open yet is what this server would say of itself.
        assert (code, said["is_answering"], said["is_serving"]) == (1, True, False)
        # A certificate for servers alone, as other authorities make them.
        alone = commands.replace("serverAuth,clientAuth", "serverAuth").replace("root.pem", "other-root.pem")
        assert "clientAuth" in commands
        (tmp_path / "alone").mkdir()
        subprocess.run(["sh", "-eu", "-c", alone], cwd=tmp_path / "alone", capture_output=True, check=True)
    finally:
        server.stop()
    own = tmp_path / "alone"
    tls = TlsSettings(own / "server.pem", own / "server.key", own / "other-root.pem")
    server = Server(replace(settings, tls=tls), audit)
    server.start()
    try:
        code, said = _health(own, server.port, capsys, root="other-root.pem")
        assert (code, said["is_answering"]) == (1, False)
        assert "does not accept its own certificate" in said["text"][0]
        station = ["--tls-certificate", str(own / "station-3.pem"), "--tls-key", str(own / "station-3.key")]
        assert _health(own, server.port, capsys, *station, root="other-root.pem")[1]["is_answering"]
    finally:
        server.stop()


def _health(
    folder: Path, port: int, capsys: pytest.CaptureFixture[str], *arguments: str, root: str = "root.pem"
) -> tuple[int, dict[str, Any]]:
    """Exit code and answer of `health`, of the settings that the page says to set."""
    path = folder / "settings.toml"
    files = {"certificate": "server.pem", "key": "server.key", "client_root": root}
    tls = "".join(f'{key} = "{folder / name}"\n' for key, name in files.items())
    path.write_text(f'[server]\naddress = "0.0.0.0:{port}"\n[tls]\n{tls}')
    code = station_matcher(["--lang", "en", "--config", str(path), "health", "--timeout", "20", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_the_settings_of_the_service_are_settings() -> None:
    told = load_settings(CHECKOUT / "deploy" / "settings.toml", environ={})
    unit = (CHECKOUT / "deploy" / "station-matcher.service").read_text(encoding="utf-8")
    folders = re.findall(r"^StateDirectory=(.*)$", unit, re.MULTILINE)[0].split()
    assert {told.storage.data_folder.name, told.storage.master_key_file.parent.name} == set(folders)


def test_the_requirements_name_every_dependency_by_hash_and_no_index() -> None:
    locked = (CHECKOUT / "requirements" / "server.txt").read_text(encoding="utf-8")
    pinned = set(re.findall(r"^([a-z0-9-]+)==", locked, re.MULTILINE))
    project = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    (wanted,) = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    names = {name.replace("_", "-").lower() for name in re.findall(r'"([A-Za-z0-9_.-]+)', wanted)}
    assert names <= pinned, "run: make lock"
    assert len(re.findall(r"^[a-z0-9-]+==.*\\\n    --hash=sha256:", locked, re.MULTILINE)) == locked.count("==")
    assert not re.search(r"https?://|index-url|find-links", locked)
