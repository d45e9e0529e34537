"""One station that does all the harm that well-formed calls can do: the others are answered, and SIGTERM ends it."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from index.records import Subject
from matcher.client import MatcherClient, ServiceError
from matcher.samples import EncodedSample
from tests import fakes
from tests.corpus import generated
from tests.service.attacker import KINDS
from tests.service.conftest import ACCESS
from tests.service.processes import CHECKOUT, FAKE, REAL, ServerProcess, server_process

STATIONS = 2
DRAIN_S = 3.0
SMALL = {
    "STATION_MATCHER_SERVER_WORKER_COUNT": "2",
    "STATION_MATCHER_SERVER_DRAIN_S": str(DRAIN_S),
    "STATION_MATCHER_SERVER_CONNECTION_COUNT": "64",
}


@contextmanager
def attacked(server: ServerProcess, kind: str) -> Iterator[None]:
    """While the block runs, a station attacks."""
    command = [sys.executable, "-m", "tests.service.attacker", kind, server.address]
    attacker = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert attacker.stdout is not None
    try:
        assert attacker.stdout.readline() == "begun\n"
        assert attacker.poll() is None
        yield
    finally:
        attacker.kill()
        attacker.wait()
        attacker.stdout.close()


def honest_times_s(server: ServerProcess, samples: Sequence[EncodedSample], count: int) -> list[float]:
    """Stations that come anew, search a few times and go. A connection that was refused is tried again, as the
    documentation says, and its time counted; any other refusal fails the test."""

    def station(_: int) -> list[float]:
        times = []
        for number in range(count):
            if number % 10 == 0:
                client = server.client(timeout_s=60.0)
            began = time.perf_counter()
            while not answered(client, samples):
                client.close()
                time.sleep(0.05)
                client = server.client(timeout_s=60.0)
            times.append(time.perf_counter() - began)
            if number % 10 == 9:
                client.close()
        return times

    assert count % 10 == 0
    with ThreadPoolExecutor(STATIONS) as pool:
        return [seconds for times in pool.map(station, range(STATIONS)) for seconds in times]


def answered(client: MatcherClient, samples: Sequence[EncodedSample]) -> bool:
    try:
        client.identify(samples, access=ACCESS)
    except ServiceError as error:
        if error.code != "UNAVAILABLE" or error.reason:
            raise
        return False
    return True


def percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def enroll_one(server: ServerProcess, samples: Sequence[EncodedSample]) -> None:
    with server.client() as client:
        client.enroll(samples, subject=Subject("", "n-1"), skip_duplicate_check=True)


@pytest.mark.parametrize("kind", ["half_open", "idle_streams", "idle_connections", "slow_pictures"])
def test_a_station_that_does_harm_keeps_no_other_out(kind: str, tmp_path: Path) -> None:
    with server_process(tmp_path, command=FAKE, environ=SMALL) as server:
        enroll_one(server, [fakes.face(1)])
        with attacked(server, kind):
            assert len(honest_times_s(server, [fakes.face(1)], 10)) == 10 * STATIONS
            assert server.terminate() == 0


def test_a_process_that_may_open_few_files_takes_few_connections_and_answers(tmp_path: Path) -> None:
    """With 64 descriptors."""
    limit = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64));"
        "sys.argv[:] = ['fake']; runpy.run_module('tests.service.fake_server', run_name='__main__')"
    )
    with server_process(
        tmp_path, command=("-c", limit), environ={"STATION_MATCHER_SERVER_WORKER_COUNT": "1"}
    ) as server:
        enroll_one(server, [fakes.face(1)])
        with attacked(server, "idle_connections"):
            honest_times_s(server, [fakes.face(1)], 10)
        assert server.terminate() == 0


@pytest.mark.parametrize(
    ("descriptor_count", "kept", "accepted"), [(4096, 100, 2148), (600, 100, 504), (120, 30, 30), (32, 8, 8)]
)
def test_more_connections_are_accepted_than_are_kept_where_there_are_descriptors(
    descriptor_count: int, kept: int, accepted: int
) -> None:
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({descriptor_count},) * 2);"
        "from matcher.server.connections import connection_limits; limits = connection_limits(100);"
        "print(limits.kept, limits.accepted)"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(kept), str(accepted)]


def test_health_says_when_a_call_would_be_refused_and_serves_all_the_same(tmp_path: Path) -> None:
    environ = {**SMALL, "STATION_MATCHER_SERVER_QUEUE_COUNT": "2", "STATION_MATCHER_SERVER_PEER_SHARE": "1"}
    with (
        server_process(tmp_path, command=FAKE, environ=environ) as server,
        grpc.insecure_channel(server.address) as one,
    ):
        check = health_pb2_grpc.HealthStub(one).Check
        request = health_pb2.HealthCheckRequest()

        def told() -> Mapping[str, str]:
            answer, call = check.with_call(request, timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
            return {entry.key: entry.value for entry in call.trailing_metadata()}

        assert "x-busy" not in told()
        with attacked(server, "slow_pictures"):
            limit = time.monotonic() + 30.0
            while (full := told().get("x-busy")) is None:
                assert time.monotonic() < limit
            assert full == "4/4"


ROUND_COUNT = 5


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_honest_calls_take_no_more_than_three_times_as_long_under_attack(kind: str, tmp_path: Path) -> None:
    """Real engines; the 99th percentile. Rounds without and with the attack take turns, so that what else the machine
    does meets both. After SIGTERM the process is gone within drain_s and two seconds."""
    samples = [generated.face(1)]
    environ = {**SMALL, "STATION_MATCHER_STORAGE_PACKS_FOLDER": str(tmp_path / "packs")}
    environ["STATION_MATCHER_PACKS_FINGERPRINT"] = ""
    before: list[float] = []
    under: list[float] = []
    with server_process(tmp_path / "data", command=REAL, environ=environ) as server:
        enroll_one(server, samples)
        for number in range(ROUND_COUNT):
            honest_times_s(server, samples, 10)  # what the last attack left behind is over
            before += honest_times_s(server, samples, 100 // ROUND_COUNT)
            with attacked(server, kind):
                under += honest_times_s(server, samples, 100 // ROUND_COUNT)
                if number == ROUND_COUNT - 1:
                    began = time.monotonic()
                    assert server.terminate() == 0
                    stop_s = time.monotonic() - began
    before_s, under_s = percentile(before, 99), percentile(under, 99)
    print(
        f"\n{kind}: median {statistics.median(before) * 1000:.0f} to {statistics.median(under) * 1000:.0f} ms, "
        f"p99 {before_s * 1000:.0f} to {under_s * 1000:.0f} ms ({under_s / before_s:.2f} times), "
        f"longest {max(under):.2f} s, SIGTERM to exit {stop_s:.1f} s"
    )
    assert under_s <= 3.0 * before_s
    assert stop_s <= DRAIN_S + 2.0
