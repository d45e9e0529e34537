"""Metrics as a monitoring machine gets them: a real scrape of a running server."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from prometheus_client.parser import text_string_to_metric_families

from index.records import Subject
from matcher.client import ServiceError
from matcher.config import load_settings
from matcher.errors import ConfigError
from matcher.server.metrics import Metrics, metrics_place
from tests.fakes import face
from tests.service.conftest import ACCESS, Service, start_service, stop_service

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Service]:
    running = start_service(tmp_path / "database", metrics_address="0")
    yield running
    stop_service(running)


def scraped(service: Service) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    with urllib.request.urlopen(f"http://{service.server.metrics_address}/metrics", timeout=30) as answer:
        content = answer.read().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(content)
        for sample in family.samples
    }


def test_a_scrape_counts_calls_by_method_and_code(watched: Service) -> None:
    assert watched.server.metrics_address.startswith("127.0.0.1:")
    watched.client.enroll([face(1)], subject=Subject("", "số-1", "Nguyễn Thị Ánh"))
    watched.client.identify([face(1)])
    with pytest.raises(ServiceError):
        watched.client.get_subject("nobody")
    watched.client.record_forms(access=ACCESS)
    found = scraped(watched)
    calls = "station_matcher_calls_total"
    assert found[calls, (("action", "enroll"), ("code", "OK"))] == 1
    assert found[calls, (("action", "identify"), ("code", "OK"))] == 1
    assert found[calls, (("action", "get_record_forms"), ("code", "OK"))] == 1
    assert found[calls, (("action", "get_subject"), ("code", "NOT_FOUND"))] == 1
    assert found["station_matcher_call_duration_seconds_count", (("action", "identify"),)] == 1
    assert found["station_matcher_call_duration_seconds_sum", (("action", "identify"),)] > 0
    assert found["station_matcher_calls_running", ()] == 0
    assert found["station_matcher_serving", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 0


def test_nothing_personal_and_nothing_of_the_caller_s_making_is_in_a_label(watched: Service) -> None:
    watched.client.enroll([face(1)], subject=Subject("", "079123456789", "Nguyễn Thị Ánh"))
    with grpc.insecure_channel(watched.server.address) as channel:
        for number in range(3):
            invented = channel.unary_unary(f"/biometrics.v1.MatchingService/Nguyen{number}")
            with pytest.raises(grpc.RpcError):
                invented(b"", timeout=30)
    found = scraped(watched)
    assert found["station_matcher_calls_total", (("action", "other"), ("code", "UNIMPLEMENTED"))] == 3
    labels = {(name, value) for _, pairs in found for name, value in pairs}
    assert {name for name, _ in labels} == {"action", "code", "le", "version"}
    told = " ".join(value for _, value in labels).lower()
    for needle in ("nguy", "0791", ACCESS.operator_id, ACCESS.case_number, ACCESS.station_id, "127.0.0.1"):
        assert needle not in told


def test_every_metric_is_in_the_table_of_the_docs(watched: Service) -> None:
    watched.client.enroll([face(1)], subject=Subject("", "number-1"))
    documented = set(re.findall(r"^\| `(station_matcher_\w+)", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    ours = {name for name, _ in scraped(watched) if name.startswith("station_matcher_")}
    # A histogram has buckets, a sum and a count; each counter says when it was made.
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in ours}
    families = {f"{name}_total" if name == "station_matcher_calls" else name for name in families}
    assert families == documented


def test_a_server_that_cannot_write_records_says_so(watched: Service) -> None:
    watched.audit.is_broken = True
    with pytest.raises(ServiceError):
        watched.client.identify([face(1)])
    found = scraped(watched)
    assert (found["station_matcher_serving", ()], found["station_matcher_audit_writable", ()]) == (0, 0)


def test_without_the_setting_nothing_listens(service: Service) -> None:
    assert service.server.metrics_address == ""


def test_a_stopped_server_gives_the_port_back(tmp_path: Path) -> None:
    running = start_service(tmp_path / "database", metrics_address="127.0.0.1:0")
    address = running.server.metrics_address
    stop_service(running)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{address}/metrics", timeout=5)


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match=r"metrics_address.*in use"):
        Metrics(frozenset()).export(str(taken.getsockname()[1]))


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:9464", ("0.0.0.0", 9464)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_a_port_alone_means_this_machine(address: str, place: tuple[str, int]) -> None:
    assert metrics_place(address) == place


@pytest.mark.parametrize("address", ["", "host:", "127.0.0.1:99999", "127.0.0.1:²", "no"])
def test_what_is_no_port_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        metrics_place(address)


def test_the_setting_is_read_from_the_environment() -> None:
    assert load_settings(environ={"STATION_MATCHER_SERVER_METRICS_ADDRESS": "9464"}).server.metrics_address == "9464"
    assert load_settings(environ={}).server.metrics_address == ""
