"""The software talks to nobody, and the libraries below it neither: what reports by default is switched off first."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
FOLDERS = ("benchmarks", "enroll", "index", "matcher", "protos", "tests", "training")
SESSION_MODULE = "matcher/packs/session.py"
# What the command line and the server import, a session that runs, and the library that imports ONNX Runtime itself.
_USE = """
import os, sys
import numpy as np
from pathlib import Path
unquiet = []
def watch(event, arguments):
    if event == "import" and arguments[0].partition(".")[0] in ("onnxruntime", "insightface"):
        unquiet.extend(name for name in ("ORT_DISABLE_TELEMETRY", "NO_ALBUMENTATIONS_UPDATE")
                       if os.environ.get(name) != "1")
sys.addaudithook(watch)
import enroll.cli, matcher.commands.main, matcher.server.app
from matcher.face.insightface_models import Scrfd
from matcher.packs.store import PackStore
from matcher.packs.session import OnnxSession
assert "onnxruntime" not in sys.modules, "imported before it is needed"
if sys.argv[1] == "insightface":
    try:
        Scrfd(None, None)
    except AttributeError:  # of no session: the library is imported before
        pass
    assert "insightface.model_zoo.scrfd" in sys.modules
store = PackStore(Path(sys.argv[2]))
session = OnnxSession(store.file("face-builtin", "embedder.onnx"))
shape = [side or 1 for side in session.input_shapes[0]]
session.run({session.input_names[0]: np.zeros(shape, np.float32)})
assert "onnxruntime" in sys.modules
assert not unquiet, f"imported while {unquiet} was not set"
"""


def imported_modules(tree: ast.AST) -> list[str]:
    """Every module that the code imports, also inside functions and by its name in a string."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.append(node.module or "")
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__", "importorskip"):
                names.append(str(node.args[0].value))
    return names


def test_only_the_session_module_imports_onnxruntime() -> None:
    importers = [
        str(path.relative_to(CHECKOUT))
        for folder in FOLDERS
        for path in sorted((CHECKOUT / folder).rglob("*.py"))
        if "onnxruntime" in (source := path.read_text(encoding="utf-8"))
        and any(name.partition(".")[0] == "onnxruntime" for name in imported_modules(ast.parse(source)))
    ]
    assert importers == [SESSION_MODULE]


def test_one_function_changes_the_environment() -> None:
    tree = ast.parse((CHECKOUT / SESSION_MODULE).read_text(encoding="utf-8"))
    touching = [
        getattr(statement, "name", "module level")
        for statement in tree.body
        if any(isinstance(node, ast.Attribute) and node.attr in ("environ", "putenv") for node in ast.walk(statement))
    ]
    assert touching == ["onnx_runtime"]


def use(folder: Path, *arguments: str, under: tuple[str, ...] = ()) -> None:
    """Runs _USE with an empty HOME below folder, and sees to it that it stays empty."""
    home = folder / "home"
    home.mkdir()
    environ = {
        name: value
        for name, value in os.environ.items()
        # Nothing that would keep the library quiet by itself, or lead it elsewhere.
        if not name.startswith(("ORT_", "NO_ALBUMENTATIONS", "XDG_", "CI", "GITHUB_", "BUILD_"))
    }
    found = subprocess.run(
        [*under, sys.executable, "-B", "-c", _USE, *arguments, str(folder / "packs")],
        cwd=CHECKOUT,
        env={**environ, "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert not list(home.rglob("*")), "something was written to HOME"


@pytest.mark.parametrize("way", ["session", "insightface"])
def test_a_session_leaves_no_trace_in_home(way: str, tmp_path: Path) -> None:
    """The libraries find their switches set when they are imported, whichever comes first."""
    use(tmp_path, way)


def test_a_session_reaches_for_no_other_machine(tmp_path: Path) -> None:
    """What native code does is seen by the kernel alone."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed: what native code sends is not seen; the environment is tested above")
    calls = tmp_path / "calls"
    probe = subprocess.run([strace, "-o", str(calls), "true"], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip("strace may not trace processes here")
    use(tmp_path, "insightface", under=(strace, "-f", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o", str(calls)))
    sent = [line for line in calls.read_text().splitlines() if "AF_INET" in line or "AF_UNIX" in line]
    assert not sent, sent[:5]
