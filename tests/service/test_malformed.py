"""Malformed inputs against a server process: each gets a named answer and a record, and the server goes on."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from grpc_status import rpc_status

from matcher.audit.verification import verify_audit_log
from matcher.client import error_of
from tests.conftest import SHARED_FOLDER
from tests.service.malformed import malformed_requests, real_images
from tests.service.processes import REAL, ServerProcess, real_packs, server_process

ROUND_COUNT = 8
# Fewer requests than this do not bring every image size, so the first rounds say nothing about memory.
LEAST_COUNT_FOR_MEMORY = 150
# What a sender can bring about. INTERNAL, UNKNOWN and UNAVAILABLE would be faults of ours.
EXPECTED = {"OK", "INVALID_ARGUMENT", "ALREADY_EXISTS", "NOT_FOUND"}


def _folder(*parts: str) -> Path | None:
    folder = SHARED_FOLDER.joinpath(*parts)
    return folder if folder.is_dir() else None


def send_all(server: ServerProcess, images: list[bytes], count: int, *, seed: int) -> Counter[str]:
    """Sends the requests over two connections side by side; counts the codes."""
    requests = list(malformed_requests(images, count, seed=seed))

    def send(part: list[tuple[str, bytes]]) -> Counter[str]:
        codes: Counter[str] = Counter()
        with grpc.insecure_channel(server.address) as channel:
            for method, content in part:
                try:
                    channel.unary_unary(method)(content, timeout=60)
                    codes["OK"] += 1
                except grpc.RpcError as error:
                    code = error.code().name
                    codes[code] += 1
                    status = rpc_status.from_call(error)
                    assert status is not None, f"{code} without a reason of ours"
                    assert error_of(status).reason.startswith("ERROR_REASON_")
        return codes

    with ThreadPoolExecutor(2) as pool:
        counted = list(pool.map(send, (requests[::2], requests[1::2])))
    return counted[0] + counted[1]


def attack(server: ServerProcess, data_folder: Path, count: int) -> None:
    """Sends count requests; the server answers, records and forgets each."""
    images = real_images(_folder("data", "fingerprints"), _folder("data", "faces"))
    codes: Counter[str] = Counter()
    resident_bytes = []
    for seed in range(ROUND_COUNT):
        codes += send_all(server, images, count // ROUND_COUNT, seed=seed)
        resident_bytes.append(server.resident_bytes)
    assert set(codes) <= EXPECTED, f"{codes}: {server.lines[-20:]}"
    assert codes["INVALID_ARGUMENT"] > count // 3
    # One round needs more than another, by the sizes of its images; what is needed more and more is lost.
    half = ROUND_COUNT // 2
    if count >= LEAST_COUNT_FOR_MEMORY:
        assert max(resident_bytes[half:]) < max(resident_bytes[:half]) * 1.15 + 48 * 1024 * 1024, resident_bytes
    with server.client() as client:
        assert client.is_serving()
    assert server.terminate() == 0
    audit = verify_audit_log(data_folder / "audit.jsonl")
    assert audit.ok
    # One of each call, and the start and the stop.
    assert audit.record_count == count + 2


@pytest.mark.parametrize(
    "count", [pytest.param(160, id="short"), pytest.param(2000, id="full", marks=pytest.mark.soak)]
)
def test_malformed_inputs_leave_it_serving_with_flat_memory(tmp_path: Path, count: int) -> None:
    with server_process(tmp_path) as server:
        attack(server, tmp_path, count)


@pytest.mark.parametrize("count", [pytest.param(40, id="short"), pytest.param(2000, id="full", marks=pytest.mark.soak)])
def test_malformed_inputs_leave_the_real_engines_serving(tmp_path: Path, packs_folder: Path, count: int) -> None:
    with server_process(tmp_path, command=REAL, environ=real_packs(packs_folder)) as server:
        attack(server, tmp_path, count)


DEADLINE_S = 20.0
MANY_ROUNDS = 40


def _send_within(server: ServerProcess, requests: list[tuple[str, bytes]]) -> tuple[Counter[str], float]:
    """Codes, and how long the longest took, which has DEADLINE_S. Four senders, each with a connection."""

    def send(part: list[tuple[str, bytes]]) -> tuple[Counter[str], float]:
        codes: Counter[str] = Counter()
        longest_s = 0.0
        with grpc.insecure_channel(server.address) as channel:
            for method, content in part:
                began = time.monotonic()
                try:
                    channel.unary_unary(method)(content, timeout=DEADLINE_S)
                    codes["OK"] += 1
                except grpc.RpcError as error:
                    codes[error.code().name] += 1
                longest_s = max(longest_s, time.monotonic() - began)
        return codes, longest_s

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(send, (requests[start::4] for start in range(4))))
    return sum((codes for codes, _ in done), Counter()), max(longest for _, longest in done)


@pytest.mark.soak
@pytest.mark.parametrize("count", [20_000, 200_000])
def test_many_inputs_take_no_longer_than_their_deadline_and_leave_no_memory(tmp_path: Path, count: int) -> None:
    images = real_images(_folder("data", "fingerprints"), _folder("data", "faces"))
    codes: Counter[str] = Counter()
    longest_s = 0.0
    with server_process(tmp_path) as server:
        # Every size and format was there: what is held from now on is held for nothing. Measured, memory is level
        # after 30,000 inputs.
        for seed in range(MANY_ROUNDS // 4):
            _send_within(server, list(malformed_requests(images, count // MANY_ROUNDS, seed=seed)))
        before_bytes = server.resident_bytes_with_decoders
        for seed in range(MANY_ROUNDS):
            requests = list(malformed_requests(images, count // MANY_ROUNDS, seed=1000 + seed))
            told, longest_of_round_s = _send_within(server, requests)
            codes += told
            longest_s = max(longest_s, longest_of_round_s)
        after_bytes = server.resident_bytes_with_decoders
        print(
            f"{codes.total()} inputs: {dict(codes)}, longest {longest_s:.2f} s, "
            f"memory {before_bytes >> 20} to {after_bytes >> 20} MiB"
        )
        assert set(codes) <= EXPECTED, server.lines[-20:]
        assert longest_s <= DEADLINE_S + 1.0
        assert after_bytes <= 1.1 * before_bytes
        assert server.terminate() == 0
    assert verify_audit_log(tmp_path / "audit.jsonl").ok
