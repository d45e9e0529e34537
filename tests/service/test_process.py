"""A server process: SIGTERM drains it, kill -9 loses nothing acknowledged, many clients at once leave it whole."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from index.records import Subject
from matcher.audit.verification import verify_audit_log
from matcher.client import MatcherClient, ServiceError
from matcher.samples import EncodedSample
from tests.fakes import NOTHING, face, finger
from tests.service.conftest import ACCESS
from tests.service.processes import server_process


def sample_of(external_id: str) -> EncodedSample:
    """The image that belongs to one external id, "worker-number"."""
    worker, number = map(int, external_id.split("-"))
    return face((worker * 50 + number) % NOTHING, impression=1000 * worker + number)


def enroll_until_gone(client: MatcherClient, worker: int, acknowledged: dict[str, str], stop: threading.Event) -> None:
    """Enrolls one subject after another and notes each that was acknowledged."""
    number = 0
    while not stop.is_set():
        external_id = f"{worker}-{number}"
        try:
            answer = client.enroll(
                [sample_of(external_id)],
                subject=Subject("", external_id),
                request_id=external_id,
                skip_duplicate_check=True,
            )
        except ServiceError:
            return
        acknowledged[external_id] = answer.subject_id
        number += 1


def test_a_server_that_crashes_leaves_no_copy_of_its_memory(tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        limits = Path(f"/proc/{server.process.pid}/limits").read_text()
        (line,) = (line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert line.split()[4:6] == ["0", "0"]
    asked = "import ctypes; from index.keys.core_dumps import forbid_core_dumps as f; f()"
    asked += "; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"  # PR_GET_DUMPABLE
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout == "0\n"


LOG_ON_A_FULL_DISK = """
import os
from matcher.config import load_settings
from matcher.server.app import serve
from tests.service import fake_server

def say(code, **values):
    fake_server.say(code, **values)
    if code == "serve.listening":
        os.dup2(os.open("/dev/full", os.O_WRONLY), 2)

serve(load_settings(), say=say, load=fake_server.load)
"""


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    with server_process(tmp_path, command=("-c", LOG_ON_A_FULL_DISK)) as server:
        with server.client() as client:
            client.enroll([face(1)], subject=Subject("", "n-1"), skip_duplicate_check=True)
            assert client.identify([face(1)]).candidates
        assert server.terminate() == 0


def test_sigterm_drains_and_ends_cleanly(tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    stop = threading.Event()
    with server_process(tmp_path) as server, server.client() as client, ThreadPoolExecutor(2) as pool:
        running = [pool.submit(enroll_until_gone, client, worker, acknowledged, stop) for worker in range(2)]
        while len(acknowledged) < 20:
            time.sleep(0.01)
        exit_code = server.terminate()
        stop.set()
        for task in running:
            task.result()
    assert exit_code == 0
    assert server.lines[-1].startswith("Stopped")
    assert verify_audit_log(tmp_path / "audit.jsonl").ok
    with server_process(tmp_path) as server, server.client() as client:
        kept = {subject.external_id: subject.subject_id for subject in client.subjects(page_size=1000)}
    assert acknowledged.items() <= kept.items()


@pytest.mark.parametrize("rounds", [pytest.param(3, id="short"), pytest.param(40, id="full", marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, rounds: int) -> None:
    acknowledged: dict[str, str] = {}
    for round_number in range(rounds):
        stop = threading.Event()
        with server_process(tmp_path) as server, server.client() as client, ThreadPoolExecutor(3) as pool:
            kept = {subject.external_id: subject.subject_id for subject in client.subjects(page_size=1000)}
            assert acknowledged.items() <= kept.items()
            for external_id, subject_id in list(acknowledged.items())[-5:]:
                found = client.identify([sample_of(external_id)], access=ACCESS).candidates[0]
                # The same image is the nearest of all.
                assert found.subject_id == subject_id
            acknowledged = dict(kept)
            before = len(acknowledged)
            workers = [3 * round_number + worker for worker in range(3)]
            running = [pool.submit(enroll_until_gone, client, worker, acknowledged, stop) for worker in workers]
            while len(acknowledged) < before + 15 + 7 * round_number % 20:
                time.sleep(0.005)
                assert not any(task.done() for task in running)
            server.kill()
            stop.set()
            for task in running:
                task.result()
    assert verify_audit_log(tmp_path / "audit.jsonl").ok
    with server_process(tmp_path) as server, server.client() as client:
        kept = {subject.external_id: subject.subject_id for subject in client.subjects(page_size=1000)}
        assert acknowledged.items() <= kept.items()
        # A repeat of what was acknowledged gives the same subject and stores nothing.
        external_id, subject_id = next(iter(acknowledged.items()))
        again = client.enroll([sample_of(external_id)], subject=Subject("", external_id), request_id=external_id)
        assert again.replayed
        assert again.subject_id == subject_id


@pytest.mark.parametrize(
    "request_count", [pytest.param(240, id="short"), pytest.param(8000, id="full", marks=pytest.mark.soak)]
)
def test_eight_clients_leave_it_serving_with_flat_memory(tmp_path: Path, request_count: int) -> None:
    with server_process(tmp_path) as server:
        with server.client() as client:
            for identity in range(40):
                samples = [face(identity), finger(identity)]
                client.enroll(samples, subject=Subject("", f"n-{identity}"), skip_duplicate_check=True)

        def work(worker: int) -> int:
            first_count = 0
            with server.client() as client:
                for number in range(request_count // 8):
                    identity = (worker * 7 + number) % 40
                    samples = [face(identity, impression=number + 1), finger(identity, impression=number + 1)]
                    if number % 10 == 9:
                        client.enroll(samples[:1], subject=Subject("", f"n-{identity}"), skip_duplicate_check=True)
                        continue
                    found = client.identify(samples, access=ACCESS).candidates[0]
                    first_count += found.external_id == f"n-{identity}"
            return first_count

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
            warm_bytes = server.resident_bytes
            first_counts = list(pool.map(work, range(8)))
        assert sum(first_counts) == 8 * (request_count // 8 - request_count // 80)
        assert server.resident_bytes < warm_bytes * 1.1 + 16 * 1024 * 1024
        with server.client() as client:
            assert client.is_serving()
        assert server.terminate() == 0
    assert verify_audit_log(tmp_path / "audit.jsonl").ok


def test_a_second_process_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        server_process(tmp_path),
        pytest.raises(AssertionError, match="is not ready"),
        server_process(tmp_path, limit_s=30),
    ):
        pass
