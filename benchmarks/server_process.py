"""A real server process on 127.0.0.1 with a new database, started and stopped by a measurement."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from matcher.client import MatcherClient

START_LIMIT_SECONDS = 180.0
STOP_LIMIT_SECONDS = 20.0


class ServerStartError(Exception):
    """The server did not begin to serve; the message ends with what it printed last."""


@contextmanager
def running_server(
    data_folder: Path, log_path: Path, settings: Mapping[str, str], *, start_limit_s: float = START_LIMIT_SECONDS
) -> Iterator[str]:
    """Address of a server that serves; stopped with SIGTERM when the block ends."""
    address = f"127.0.0.1:{_free_port()}"
    environment = os.environ | {
        "STATION_MATCHER_SERVER_ADDRESS": address,
        "STATION_MATCHER_STORAGE_DATA_FOLDER": str(data_folder),
        # A new database makes its key; not where a key of the user's own may lie.
        "STATION_MATCHER_STORAGE_MASTER_KEY_FILE": str(data_folder.with_name(f"{data_folder.name}.master-key")),
        **settings,
    }
    with log_path.open("wb") as log:
        command = [sys.executable, "-m", "matcher", "serve"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait_until_serving(process, address, log_path, start_limit_s)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_serving(process: subprocess.Popen[bytes], address: str, log_path: Path, start_limit_s: float) -> None:
    limit = time.monotonic() + start_limit_s
    with MatcherClient(address) as client:
        while time.monotonic() < limit:
            if process.poll() is not None:
                break
            if client.is_serving(timeout_s=1.0):
                return
            time.sleep(0.2)
    tail = "\n".join(log_path.read_text(errors="replace").splitlines()[-12:])
    raise ServerStartError(f"The server did not start. It printed:\n{tail}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
