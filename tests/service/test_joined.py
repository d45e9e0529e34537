"""Store and audit log never part: every change has exactly one record, every record that says ok its change."""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from index.database import EnrollmentDatabase
from index.folder import database_files
from index.records import Subject
from matcher.audit.changes import RECORDED_LATER
from matcher.audit.log import FileAuditLog
from matcher.audit.verification import verify_audit_log
from matcher.client import MatcherClient, ServiceError
from tests.fakes import face
from tests.faults import write_half_while
from tests.service import joined_child as child
from tests.service.conftest import ACCESS, Service, start_service, stop_service
from tests.service.processes import FAKE, server_process

ROOT = Path(__file__).parents[2]
SHORT_ROUNDS, SOAK_ROUNDS = 5, 200


def records_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / child.AUDIT_NAME).read_bytes().splitlines()]


def changes_of(records: Sequence[dict[str, Any]], action: str) -> collections.Counter[str]:
    """Subject ids by how many records say that the change was carried out."""
    return collections.Counter(
        record["subject_id"]
        for record in records
        if record["action"] == action and record["outcome"] == "ok" and record.get("reason") != "replayed"
    )


def _run_and_kill(folder: Path, seed: int, delay_s: float, *fault: str) -> tuple[int, list[str]]:
    """How many records the child had to pay at its start, and the lines of what it did. fault: where it dies alone."""
    arguments = [sys.executable, "-m", "tests.service.joined_child", str(folder), str(seed), *fault]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        killer = threading.Timer(delay_s, process.kill)
        killer.start()
        rest = process.stdout.read()
        killer.cancel()
    assert process.returncode == -9, rest[-300:]
    return int(first.removeprefix("= ")), rest.split("\n")[:-1]


def _check(folder: Path, enrolled: set[str], deleted: set[str]) -> int:
    """Open as the server does, and count. Returns how many records had to be paid."""
    with EnrollmentDatabase.open(folder) as database:
        with FileAuditLog(folder / child.AUDIT_NAME, noted=database.log_head) as audit:
            paid = child.use_cases_of(database, audit).changes.pay_at_start()
        stored, token = set[str](), ""
        while True:
            page = database.list_subjects(page_size=1000, page_token=token)
            stored |= {subject.subject_id for subject in page.items}
            token = page.next_page_token
            if not token:
                break
        galleries, token = list[str](), ""
        while True:
            listed = database.list_galleries(page_size=1000, page_token=token)
            galleries += [gallery.gallery_id for gallery in listed.items]
            token = listed.next_page_token
            if not token:
                break
        assert not database.owed_records()
    assert verify_audit_log(folder / child.AUDIT_NAME).ok
    records = records_of(folder)
    on_record, off_record = changes_of(records, "enroll"), changes_of(records, "delete_subject")
    assert set(on_record.values()) <= {1}, "an enrollment has two records"
    assert set(off_record.values()) <= {1}, "a deletion has two records"
    assert set(on_record) == stored | set(off_record), "enrollments and their records differ"
    assert not set(off_record) & stored, "a record says deleted of a subject that is stored"
    assert enrolled <= set(on_record)
    assert deleted <= set(off_record)
    made = sorted(record["galleries"][0] for record in records if record["action"] == "create_gallery")
    assert made == sorted(galleries)
    change_ids = [record["change_id"] for record in records if "change_id" in record]
    assert len(change_ids) == len(set(change_ids))
    return paid


def _rounds(folder: Path, count: int, seed: int) -> int:
    """How many records were paid at a start."""
    random, paid = np.random.default_rng(seed), 0
    enrolled, deleted = set[str](), set[str]()
    for number in range(count):
        paid_by_child, lines = _run_and_kill(folder, number, float(random.uniform(0.05, 0.8)))
        paid += paid_by_child
        enrolled |= {line[2:] for line in lines if line.startswith("+")}
        deleted |= {line[2:] for line in lines if line.startswith("-")}
        if number % 5 == 4 or number == count - 1:
            paid += _check(folder, enrolled, deleted)
    # How many depends on how quick the machine is.
    assert len(enrolled) >= count
    assert deleted
    print(f"{count} kills: {len(enrolled)} enrollments and {len(deleted)} deletions acknowledged, {paid} records paid")
    return paid


def test_killed_at_random_moments_no_change_is_without_its_record(tmp_path):
    _rounds(tmp_path, SHORT_ROUNDS, seed=3)


@pytest.mark.soak
def test_killed_at_random_moments_many_times_no_change_is_without_its_record(tmp_path):
    assert _rounds(tmp_path, SOAK_ROUNDS, seed=int.from_bytes(os.urandom(4), "big")) > 0


@pytest.mark.parametrize("when", ["before_audit", "after_audit"])
@pytest.mark.parametrize("action", ["enroll", "delete_subject", "delete_reference", "create_gallery", "add_to_gallery"])
def test_killed_exactly_between_change_and_record_or_record_and_answer(tmp_path, action, when):
    _, lines = _run_and_kill(tmp_path, 0, 60.0, f"{action} {when}")
    paid = _check(
        tmp_path,
        {line[2:] for line in lines if line.startswith("+")},
        {line[2:] for line in lines if line.startswith("-")},
    )
    assert paid >= (1 if when == "before_audit" else 0)
    late = [record for record in records_of(tmp_path) if record.get("reason") == RECORDED_LATER]
    assert len(late) == paid
    assert all(record["change_time"] < record["record_time"] for record in late)
    if when == "before_audit":
        assert action in {record["action"] for record in late}


@pytest.mark.parametrize("action", ["enroll", "delete_subject"])
def test_a_server_killed_before_the_record_has_it_when_it_serves_again(tmp_path, action):
    fault = (*FAKE, f"{action} before_audit")
    with server_process(tmp_path, command=fault) as server, server.client() as client:
        client.create_gallery("wanted")
        # An enrollment dies here at once, and a repeat tells its id.
        subject_id = "" if action == "enroll" else client.enroll([face(1)], subject=Subject("", "1")).subject_id
        with pytest.raises(ServiceError):
            _change(client, action, subject_id)
        assert server.process.wait(30) == -9
    with server_process(tmp_path) as server, server.client() as client:
        (found,) = [
            record for record in records_of(tmp_path) if record["action"] == action and record["outcome"] == "ok"
        ]
        assert (found["reason"], found["operator_id"]) == (RECORDED_LATER, ACCESS.operator_id)
        assert found["request_id"] == "again"
        assert found["peer"]
        again = _change(client, action, subject_id)
        assert again.replayed
        if action == "delete_subject":
            assert not any(subject_id.encode() in path.read_bytes() for path in database_files(tmp_path))
    assert verify_audit_log(tmp_path / child.AUDIT_NAME).ok


def _change(client: MatcherClient, action: str, subject_id: str) -> Any:
    if action == "enroll":
        return client.enroll([face(3)], subject=Subject("", "number-2"), request_id="again", access=ACCESS)
    return client.delete_subject(subject_id, request_id="again", access=ACCESS)


@dataclass
class Filed:
    """A service over an audit file. is_full: the audit disk has no room."""

    service: Service
    folder: Path
    is_full: bool = False


@pytest.fixture
def filed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Filed]:
    tmp_path.joinpath("database").mkdir()
    audit = FileAuditLog(tmp_path / "database" / child.AUDIT_NAME)
    running = Filed(start_service(tmp_path / "database", audit=audit), tmp_path / "database")
    monkeypatch.setattr("matcher.audit.log.write_all", write_half_while(lambda: running.is_full))
    yield running
    stop_service(running.service)
    audit.close()


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_deletion_whose_record_found_no_room_is_answered_and_recorded_when_repeated(filed: Filed) -> None:
    client = filed.service.client
    kept = client.enroll([face(1)], subject=Subject("", "number-1"))
    other = client.enroll([face(2)], subject=Subject("", "number-2"))
    filed.is_full = True
    for _ in range(2):
        with pytest.raises(ServiceError, match="audit record could not be written"):
            client.delete_subject(kept.subject_id, request_id="d-1", access=ACCESS)
    # What has no record yet stands alone: nothing else is changed before it has one.
    with pytest.raises(ServiceError):
        client.delete_subject(other.subject_id, request_id="d-2", access=ACCESS)
    filed.is_full = False
    again = client.delete_subject(kept.subject_id, request_id="d-1", access=ACCESS)
    assert (again.replayed, again.deleted_reference_count) == (True, 1)
    assert changes_of(records_of(filed.folder), "delete_subject") == {kept.subject_id: 1}
    assert client.get_subject(other.subject_id).external_id == "number-2"


def test_health_recovers_by_itself_once_the_audit_disk_has_room(filed: Filed) -> None:
    client = filed.service.client
    kept = client.enroll([face(1)], subject=Subject("", "number-1"))
    filed.is_full = True
    with pytest.raises(ServiceError):
        client.delete_subject(kept.subject_id, request_id="d-1", access=ACCESS)
    assert not client.is_serving()
    filed.is_full = False
    _wait_until(client.is_serving)
    # Nobody called: the debt is paid all the same.
    _wait_until(lambda: bool(changes_of(records_of(filed.folder), "delete_subject")))
    assert changes_of(records_of(filed.folder), "delete_subject") == {kept.subject_id: 1}


@pytest.mark.parametrize("name", ["store.sqlite3", "store.sqlite3-wal", "audit.jsonl"])
@pytest.mark.parametrize("how", ["unlinked", "replaced"])
def test_a_file_taken_away_under_the_server_stops_writes_and_health(filed: Filed, name: str, how: str) -> None:
    client, path = filed.service.client, filed.folder / name
    client.enroll([face(1)], subject=Subject("", "number-1"))
    assert client.is_serving()
    content = path.read_bytes()
    path.unlink()
    if how == "replaced":
        path.write_bytes(content)
    with pytest.raises(ServiceError) as refusal:
        client.enroll([face(2)], subject=Subject("", "number-2"))
    assert refusal.value.reason == ("ERROR_REASON_AUDIT" if name == "audit.jsonl" else "ERROR_REASON_STORAGE")
    _wait_until(lambda: not client.is_serving())


def test_an_audit_file_emptied_under_the_server_takes_no_more_records(filed: Filed) -> None:
    client = filed.service.client
    client.enroll([face(1)], subject=Subject("", "number-1"))
    os.truncate(filed.folder / child.AUDIT_NAME, 0)
    with pytest.raises(ServiceError) as refusal:
        client.enroll([face(2)], subject=Subject("", "number-2"))
    assert refusal.value.reason == "ERROR_REASON_AUDIT"
    assert not client.is_serving()


def test_a_broken_index_after_a_commit_leaves_both_the_failure_and_the_record(service: Service, monkeypatch) -> None:
    """What fails between commit and record, other than the audit log itself, is no reason to lose the record."""

    def refuse(*_: object) -> None:
        raise RuntimeError("made up")

    kept = service.client.enroll([face(1)], subject=Subject("", "number-1"))
    monkeypatch.setattr("matcher.search.comparison.TemplateComparer.forget", refuse)
    with pytest.raises(ServiceError):
        service.client.delete_subject(kept.subject_id, request_id="d-1", access=ACCESS)
    outcomes = [(event.outcome, event.reason) for event in service.audit.events if event.action == "delete_subject"]
    assert outcomes == [("failed", "RuntimeError"), ("ok", "recorded_later")]


def test_what_cannot_be_written_to_the_log_takes_the_change_back(service: Service, monkeypatch) -> None:
    kept = service.client.enroll([face(1)], subject=Subject("", "number-1"))
    said = {"threshold": float("nan")}
    monkeypatch.setattr("matcher.usecases.keep_records.deletion_said", lambda _: said)
    with pytest.raises(ServiceError):
        service.client.delete_subject(kept.subject_id, request_id="d-1", access=ACCESS)
    assert service.client.get_subject(kept.subject_id).external_id == "number-1"
