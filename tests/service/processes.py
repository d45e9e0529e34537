"""Server processes for tests: the real one, and one with fake engines over the real store and audit file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from matcher.access.context import AccessContext
from matcher.client import MatcherClient

# Who asks, unless a test says who.
ACCESS = AccessContext("operator-7", "case-12", "burglary", "station-3")
CHECKOUT = Path(__file__).resolve().parents[2]
REAL = ("-m", "matcher", "--lang", "en", "serve")
FAKE = ("-m", "tests.service.fake_server")


def real_packs(packs_folder: Path) -> dict[str, str]:
    """Environment of a REAL server with the packs of a folder."""
    return {
        "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(packs_folder),
        "STATION_MATCHER_PACKS_FACE": "face-open",
        "STATION_MATCHER_SERVER_WORKER_COUNT": "2",
    }


@dataclass
class ServerProcess:
    """A server in a process of its own. lines: what it printed so far."""

    process: subprocess.Popen[str]
    address: str = ""
    is_traced: bool = False
    lines: list[str] = field(default_factory=list)

    def client(self, *, timeout_s: float = 60.0) -> MatcherClient:
        return MatcherClient(self.address, language="en", timeout_s=timeout_s, access=ACCESS)

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    @property
    def resident_bytes_with_decoders(self) -> int:
        """Memory that the process and its children hold now; what several share is counted several times."""
        pids = (self.process.pid, *self._children())
        statuses = [Path(f"/proc/{pid}/status") for pid in pids]
        lines = [line for status in statuses if status.exists() for line in status.read_text().splitlines()]
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def terminate_traced(self) -> int:
        """SIGTERM to the program itself where a tracer runs it, and the exit code, which the tracer passes on."""
        for pid in self._children() if self.is_traced else [self.process.pid]:
            os.kill(pid, signal.SIGTERM)
        return self.process.wait(120)

    def _children(self) -> list[int]:
        # Each thread has children of its own.
        found: list[int] = []
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            with suppress(OSError):
                found += map(int, (task / "children").read_text().split())
        return found

    def kill(self) -> None:
        """SIGKILL: nothing is finished. A traced program would outlive its tracer."""
        children = self._children() if self.is_traced else []
        self.process.kill()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(60)


@contextmanager
def server_process(
    data_folder: Path,
    *,
    command: Sequence[str] = FAKE,
    environ: Mapping[str, str] | None = None,
    limit_s: float = 300.0,
    under: Sequence[str] = (),
    keep_environ: bool = True,
) -> Iterator[ServerProcess]:
    """Serving when the block begins, gone when it ends. under: a program that runs it, such as a tracer.
    keep_environ: environ is added to that of this process."""
    settings = {"STATION_MATCHER_SERVER_ADDRESS": "127.0.0.1:0", **(environ or {})}
    settings["STATION_MATCHER_STORAGE_DATA_FOLDER"] = str(data_folder)
    process = subprocess.Popen(
        [*under, sys.executable, *command],
        cwd=CHECKOUT,
        env={**(os.environ if keep_environ else {}), **settings},
        stderr=subprocess.PIPE,
        text=True,
    )
    server = ServerProcess(process, is_traced=bool(under))
    reader = threading.Thread(target=_read, args=(server,), daemon=True)
    reader.start()
    try:
        _wait_until_serving(server, limit_s)
        yield server
    finally:
        if process.poll() is None:
            server.kill()
        reader.join(10)
        assert process.stderr is not None
        process.stderr.close()


def _read(server: ServerProcess) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.lines.append(line.rstrip())
        if "Listening on " in line:
            server.address = line.split()[-1]


def _wait_until_serving(server: ServerProcess, limit_s: float) -> None:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        if server.address:
            with server.client() as client:
                if client.is_serving():
                    return
        time.sleep(0.05)
    raise AssertionError("the server is not ready: " + "\n".join(server.lines[-20:]))
