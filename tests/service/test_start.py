"""How a server starts: built, then listening, and answering only from an index that equals the store."""

from __future__ import annotations

import gc
import math
import secrets
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.errors import DatabaseDamagedError
from index.receipts import VerifyReport
from index.records import FingerPosition, Modality, NewReference, Subject, Template
from matcher.config import ServerSettings, Settings, load_settings
from matcher.server.app import Server, serve
from tests.fakes import FACE_PACK_ID, InMemoryAudit
from tests.service.fake_server import load


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("STATION_MATCHER_STORAGE_DATA_FOLDER", str(folder))
    monkeypatch.setenv("STATION_MATCHER_SERVER_ADDRESS", "127.0.0.1:0")
    return folder


def served(stop_at: str = "serve.ready") -> list[tuple[str, dict[str, Any]]]:
    """What a server says that is stopped at this word."""
    said: list[tuple[str, dict[str, Any]]] = []
    stop = threading.Event()

    def say(code: str, **values: Any) -> None:
        said.append((code, values))
        if code == stop_at:
            stop.set()

    serve(load_settings(), say=say, stop=stop, load=load)
    return said


def failing(monkeypatch: pytest.MonkeyPatch, *, count: int) -> None:
    """The first verifications find a difference."""
    left, real = [count], EnrollmentDatabase.verify

    def verify(database: EnrollmentDatabase, *, thorough: bool = True) -> VerifyReport:
        if left[0]:
            left[0] -= 1
            return VerifyReport(False, ("the face index lacks 1 references of the store",), 0, 0)
        return real(database, thorough=thorough)

    monkeypatch.setattr(EnrollmentDatabase, "verify", verify)


def test_a_built_server_listens_when_it_is_started() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = replace(Settings(), server=ServerSettings(address=f"127.0.0.1:{port}"))
        before = set(threading.enumerate())
        server = Server(settings, InMemoryAudit())
        started = {thread.name for thread in set(threading.enumerate()) - before}
    try:
        # gRPC's own, which wait for a server to start.
        assert not started & {"read-watch", "connection-watch", "watch"}
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), 5)
        server.start()
        socket.create_connection(("127.0.0.1", port), 5).close()
    finally:
        server.stop()


def test_a_server_that_was_never_started_can_be_stopped() -> None:
    server = Server(Settings(), InMemoryAudit())
    server.stop()
    server.stop()


def enrolled(folder: Path, count: int) -> None:
    with EnrollmentDatabase.open(folder) as database:
        for number in range(count):
            vectors = np.eye(32, dtype=np.float32)[number : number + 1]
            template = Template(Modality.FACE, FingerPosition.UNKNOWN, FACE_PACK_ID, vectors)
            database.enroll(Subject(""), [NewReference(template, 80)])


@pytest.mark.parametrize(("setting", "engine"), [("auto", "quantized"), ("faiss", "faiss"), ("quantized", "quantized")])
def test_the_log_says_who_searches_faces(folder, monkeypatch, setting, engine) -> None:
    """Four references, and a limit of three."""
    monkeypatch.setattr("index.vector.face_engine.FAISS_LIMIT_BYTES", 3 * 4 * 32)
    monkeypatch.setenv("STATION_MATCHER_SEARCH_FACE_ENGINE", setting)
    enrolled(folder, 4)
    said = [(code, values) for code, values in served() if code.startswith("serve.face_engine")]
    assert said == [(f"serve.face_engine_{engine}", {"references": 4})]


@pytest.mark.parametrize("is_compiled", [True, False])
def test_a_start_that_has_to_compile_says_so_and_is_helped(folder, monkeypatch, is_compiled) -> None:
    started = helpers(monkeypatch, "")
    monkeypatch.setattr("matcher.assembly.compiling.is_search_compiled", lambda: is_compiled)
    monkeypatch.setattr("matcher.assembly.compiling.is_comparison_compiled", lambda: True)
    codes = [code for code, _ in served()]
    assert codes.count("serve.compiling") == len(started) == (0 if is_compiled else 1)
    if started:
        assert codes.index("serve.listening") < codes.index("serve.compiling") < codes.index("serve.verifying")


def test_nobody_is_asked_to_compile_where_nothing_is_kept(folder, monkeypatch) -> None:
    started = helpers(monkeypatch, "import signal; signal.pause()")
    monkeypatch.setattr("matcher.assembly.compiling.may_keep_compiled", lambda: False)
    monkeypatch.setattr("matcher.assembly.compiling.is_search_compiled", lambda: False)
    assert "serve.compiling" in [code for code, _ in served()]
    assert not started


def test_what_compiles_learns_no_secret(folder, monkeypatch) -> None:
    monkeypatch.setenv("STATION_MATCHER_STORAGE_MASTER_KEY", secrets.token_hex(32))
    monkeypatch.setattr("matcher.assembly.compiling.is_search_compiled", lambda: False)
    code = "import os; os._exit(any(name.startswith('STATION_MATCHER_') for name in os.environ))"
    started = helpers(monkeypatch, code)
    served()
    assert [helper.returncode for helper in started] == [0]


@pytest.mark.parametrize("code", [0, 3])
def test_a_start_whose_helper_fails_says_so_and_compiles_itself(folder, monkeypatch, caplog, code) -> None:
    """As where the package cannot be imported without the working directory."""
    monkeypatch.setattr("matcher.assembly.compiling.is_search_compiled", lambda: False)
    helpers(monkeypatch, f"import os; os._exit({code})")
    assert [code for code, _ in served()].count("serve.ready") == 1
    told = [one.getMessage() for one in caplog.records if one.name == "matcher.assembly.compiling"]
    assert [f"ended with code {code}" in one for one in told] == ([True] if code else [])


def test_a_start_that_is_told_to_stop_does_not_wait_for_what_compiles(folder, monkeypatch) -> None:
    monkeypatch.setattr("matcher.assembly.compiling.is_search_compiled", lambda: False)
    monkeypatch.setattr("matcher.assembly.compiling._LIMIT_S", math.inf)
    started = helpers(monkeypatch, "import signal; signal.pause()")
    assert [code for code, _ in served("serve.compiling")][-1] == "serve.stopping"
    assert [helper.returncode for helper in started] == [-signal.SIGKILL]


def helpers(monkeypatch: pytest.MonkeyPatch, code: str) -> list[subprocess.Popen[bytes]]:
    """Python code instead of what compiles; every process of it that is started."""
    started: list[subprocess.Popen[bytes]] = []

    class Helper(subprocess.Popen[bytes]):
        def __init__(self, command: list[str], **options: Any) -> None:
            if command[-2:] == ["-m", "index.vector"]:
                started.append(self)
                command = [sys.executable, "-c", code]
            super().__init__(command, **options)

    monkeypatch.setattr("matcher.assembly.compiling.subprocess.Popen", Helper)
    monkeypatch.setattr("matcher.assembly.compiling.may_keep_compiled", lambda: True)
    return started


def test_a_start_without_room_for_a_helper_compiles_itself(folder, monkeypatch) -> None:
    real = subprocess.Popen

    def no_helper(command: list[str], **options: Any) -> object:
        if command[-1] == "index.vector":
            raise BlockingIOError
        return real(command, **options)

    monkeypatch.setattr("matcher.assembly.compiling.subprocess.Popen", no_helper)
    monkeypatch.setattr("matcher.assembly.compiling.is_search_compiled", lambda: False)
    assert [code for code, _ in served()].count("serve.ready") == 1


@pytest.mark.parametrize("word", ["serve.listening", "serve.loading", "serve.preparing", "serve.verifying"])
def test_a_start_ends_where_it_is_told_to(folder, word) -> None:
    """At the next step of it, not when it is through."""
    enrolled(folder, 3)
    codes = [code for code, _ in served(word)]
    assert codes[-1] == "serve.stopping"
    assert "serve.ready" not in codes
    assert "serve.ready" in [code for code, _ in served()]


def test_a_rebuilt_index_is_verified_before_the_server_answers(folder, monkeypatch) -> None:
    enrolled(folder, 3)
    failing(monkeypatch, count=1)
    said = served()
    codes = [code for code, _ in said]
    assert codes.index("serve.rebuilding") < codes.index("serve.verifying", codes.index("serve.rebuilding"))
    assert dict(said)["serve.ready"] == {"subjects": 3, "references": 3}


def test_a_server_whose_index_differs_even_when_rebuilt_does_not_answer(folder, monkeypatch) -> None:
    failing(monkeypatch, count=2)
    with pytest.raises(DatabaseDamagedError, match=r"lacks 1 references.*doctor"):
        served()


def test_the_collector_is_left_as_it_was_found(folder) -> None:
    seen: list[int] = []
    stop = threading.Event()

    def say(code: str, **_: Any) -> None:
        if code == "serve.ready":
            seen.append(gc.get_freeze_count())
            stop.set()

    serve(load_settings(), say=say, stop=stop, load=load)
    assert seen[0] > 0
    assert gc.get_freeze_count() == 0
