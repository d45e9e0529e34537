"""The service and the batch run talk to nobody, and write nothing but their own files: seen by the kernel.

The libraries below are not asked but watched: ONNX Runtime, OpenCV, insightface, matplotlib, numba, gRPC.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from index.records import Subject
from matcher.client import ServiceError
from matcher.samples import EncodedSample
from tests.corpus.generated import face, finger, photograph
from tests.service.conftest import ACCESS
from tests.service.processes import CHECKOUT, REAL, ServerProcess, server_process
from tests.service.traced import Traced, read_trace, strace_command

# Whatever a library takes for leave to be quiet, or for a place of its own, is not given to it.
_QUIET = ("ORT_", "NO_ALBUMENTATIONS", "XDG_", "CI", "GITHUB_", "BUILD_", "HF_", "MPLCONFIG", "NUMBA_", "DO_NOT_TRACK")
NOT_TRACED = "strace is not installed or may not trace: what native code sends is not seen"
# A file without a name, which linkat gives one: its new name is looked at like every other.
_UNNAMED = re.compile(r"/proc/self/fd/[0-9]+")
_LOOPBACK = re.compile(r'(inet_addr\("127\.|"::1"|"::ffff:127\.)')


def bare_environ(folder: Path) -> dict[str, str]:
    """HOME and the folder of temporary files are new and empty, and nothing keeps a library quiet."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_QUIET)}
    for name in ("home", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    places = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "temporary"), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **places, "PYTHONPATH": str(CHECKOUT)}


def strangers(traced: Traced, own: Iterable[Path], *, port: str = "") -> list[str]:
    """What is not ours: a bind or connection that leaves this machine, or on it goes elsewhere than to the port; a
    file outside the folders; a look at which machine this is."""
    # The compiled loops are kept beside their source.
    inside = tuple(f"{folder}{os.sep}" for folder in own)
    told = [line for line in traced.bound if not _LOOPBACK.search(line)]
    told += [line for line in traced.reached if not (port and _LOOPBACK.search(line) and f"htons({port})" in line)]
    for path in sorted(traced.written):
        full = os.path.normpath(CHECKOUT / path)
        compiled = full.startswith(str(CHECKOUT)) and "__pycache__" in full
        is_ours = full in ("/dev/null", *map(str, own)) or full.startswith(inside)
        if not (is_ours or compiled or _UNNAMED.fullmatch(full)):
            told.append(full)
    return [*told, *traced.identified]


def run_traced(output: Path, arguments: list[str], environ: dict[str, str]) -> None:
    found = subprocess.run(
        [*strace_command(output), sys.executable, *arguments],
        cwd=CHECKOUT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert found.returncode == 0, found.stdout[-2000:] + found.stderr[-2000:]


def write_backlog(folder: Path) -> Path:
    folder.mkdir()
    rows = ["external_id,image,modality,finger,ppi,display_name"]
    for number in (3, 4):
        (folder / f"{number}.png").write_bytes(finger(number, 1).image_bytes)
        rows.append(f"07900000000{number},{number}.png,fingerprint,right_index,500,Nguyễn Thị Ánh")
    (folder / "face.png").write_bytes(face(2).image_bytes)
    rows.append("079000000005,face.png,face,,,Trần Văn Bình")
    (folder / "backlog.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "backlog.csv"


def use(server: ServerProcess) -> None:
    """Each kind of call and picture once, and some that are refused."""
    with server.client(timeout_s=120.0) as client:
        client.create_gallery("records")
        samples = [face(1), finger(1, 1)]
        answer = client.enroll(samples, subject=Subject("", "n-1", galleries=frozenset({"records"})))
        assert client.identify([face(1), finger(1, 2)], access=ACCESS).candidates
        assert client.assess([face(1), finger(2, 1)]).assessments
        whole = EncodedSample(samples[0].modality, photograph_bytes(), largest_face=True)
        client.assess([whole])
        with pytest.raises(ServiceError):
            client.identify([EncodedSample(samples[0].modality, b"\x89PNG\r\n\x1a\n and no more")], access=ACCESS)
        client.delete_subject(answer.subject_id)


def photograph_bytes() -> bytes:
    written = io.BytesIO()
    photograph().save(written, format="JPEG")
    return written.getvalue()


def test_the_service_and_the_batch_run_reach_nobody_and_write_nothing_elsewhere(tmp_path: Path) -> None:
    environ, data_folder, packs_folder = bare_environ(tmp_path), tmp_path / "data", tmp_path / "packs"
    under = strace_command(tmp_path / "served")
    keys_folder = tmp_path / "keys"
    settings = {
        **environ,
        "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(packs_folder),
        "STATION_MATCHER_STORAGE_MASTER_KEY_FILE": str(keys_folder / "master.key"),
        "STATION_MATCHER_STORAGE_SIGNING_KEY_FILE": str(keys_folder / "signing.key"),
    }
    run_traced(tmp_path / "installed", ["-m", "matcher", "--lang", "en", "packs", "install", "leader"], settings)
    run_traced(tmp_path / "examined", ["-m", "matcher", "--lang", "en", "doctor"], settings)
    with server_process(
        data_folder, command=REAL, environ=settings, under=under, keep_environ=False, limit_s=500.0
    ) as server:
        use(server)
        port = server.address.rpartition(":")[2]
        backlog = write_backlog(tmp_path / "backlog")
        told = ["--operator", "clerk-7", "--purpose", "backlog", "--case", "case-12", "--address", server.address]
        run_traced(tmp_path / "enrolled", ["-c", _RUN_BACKLOG, "run", str(backlog), "--lang", "en", *told], environ)
        assert server.terminate_traced() == 0
    for name in ("home", "temporary"):
        assert not list((tmp_path / name).rglob("*")), f"something was left in {name}"
    if not under:
        pytest.skip(NOT_TRACED)
    served, enrolled = read_trace(tmp_path / "served"), read_trace(tmp_path / "enrolled")
    assert str(data_folder / "store.sqlite3") in served.written, "the trace does not see what is there"
    assert any(f"htons({port})" in line for line in enrolled.reached), "the trace does not see what is there"
    assert not strangers(served, [data_folder, packs_folder, keys_folder])
    assert not strangers(enrolled, [backlog.parent], port=port)
    assert not strangers(read_trace(tmp_path / "installed"), [packs_folder])
    assert not strangers(read_trace(tmp_path / "examined"), [packs_folder])


_RUN_BACKLOG = "import sys; from enroll.cli import main; sys.exit(main(sys.argv[1:]))"
_STRANGE = """
import pathlib, socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
    one.connect(("192.0.2.1", 53))
pathlib.Path(sys.argv[1]).write_text("device number")
"""


def test_a_stranger_would_be_seen(tmp_path: Path) -> None:
    """The net above has no hole where a name server is asked or a file is left."""
    output = tmp_path / "calls"
    left = tmp_path / "left"
    under = strace_command(output)
    if not under:
        pytest.skip(NOT_TRACED)
    subprocess.run([*under, sys.executable, "-c", _STRANGE, str(left)], check=True, cwd=CHECKOUT)
    told = strangers(read_trace(output), [tmp_path / "own"])
    assert any("192.0.2.1" in line for line in told)
    assert str(left) in told
