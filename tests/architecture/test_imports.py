"""Import contracts hold, and importing a module does no work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
_WATCH = """
import os, sys, threading
before = dict(os.environ)
opened = []
def watch(event, arguments):
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        opened.append(str(arguments[0]))
    if event in ("os.mkdir", "socket.connect"):
        opened.append(f"{event} {arguments[0]}")
sys.addaudithook(watch)
import importlib
importlib.import_module(sys.argv[1])
changed = {name for name in before.keys() | os.environ.keys() if before.get(name) != os.environ.get(name)}
changed -= {name for name in changed if not name.startswith(("STATION", "OMP", "GRPC", "LANG", "ORT", "NO_"))}
opened = [name for name in opened if "__pycache__" not in name and name != os.devnull]
assert not opened, opened
assert not changed, changed
assert threading.active_count() == 1, threading.enumerate()
"""


def test_the_import_contracts_of_pyproject_hold() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-3000:]


@pytest.mark.parametrize(
    "module",
    [
        "matcher.client",
        "matcher.config",
        "matcher.usecases.identify",
        "matcher.usecases.enroll",
        "matcher.packs.session",
        "matcher.face.insightface_models",
        "matcher.commands.main",
        "enroll.cli",
    ],
)
def test_importing_does_no_work(module: str) -> None:
    """No file is written, no folder made, no thread started, no variable of ours set."""
    found = subprocess.run(
        [sys.executable, "-B", "-c", _WATCH, module], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]


def test_the_generated_code_is_that_of_the_proto_files() -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools comes with the dev extra")
    from protos.generate import stale_files

    assert not stale_files()


def test_settings_are_read_in_one_place() -> None:
    """No module but the configuration reads the environment; the session module switches telemetry off in it, and the
    processes that unpack pictures get it without our settings."""
    readers = []
    for folder in ("matcher", "index", "enroll", "protos"):
        for path in (CHECKOUT / folder).rglob("*.py"):
            source = path.read_text(encoding="utf-8")
            if ("os.environ" in source or "os.getenv" in source or "getenv(" in source) and path.name != "config.py":
                readers.append(str(path.relative_to(CHECKOUT)))
    assert sorted(readers) == ["matcher/formats/decoder_messages.py", "matcher/packs/session.py"]


def test_the_client_needs_nothing_that_only_unix_has() -> None:
    absent = ("fcntl", "resource", "pwd", "grp", "termios")
    program = f"import sys; sys.modules.update(dict.fromkeys({absent})); import matcher.client"
    done = subprocess.run([sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
