"""The audit log: on disk before it is acknowledged, whole or broken at a named record, never shortened in silence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.audit import log as audit_log
from matcher.audit.head import head_path
from matcher.audit.log import FileAuditLog
from matcher.audit.records import AuditEvent
from matcher.audit.verification import verify_audit_log
from matcher.errors import AuditError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


def _event(number: int = 0) -> AuditEvent:
    return AuditEvent(
        action="identify",
        operator_id=f"sĩ quan {number}",
        case_number="HS 12/2026",
        purpose="điều tra",
        probe_sha256=("ab" * 32,),
        threshold=53.5,
        candidates=(("01a2", 61.25), ("01a3", 40.0)),
    )


def _filled(path: Path, count: int = 6) -> list[bytes]:
    with FileAuditLog(path) as log:
        for number in range(count):
            log.append(_event(number))
    return path.read_bytes().splitlines(keepends=True)


def test_a_record_is_on_disk_in_readable_form_when_append_returns(path):
    with FileAuditLog(path) as log:
        record = log.append(_event(7))
        line = json.loads(path.read_text(encoding="utf-8"))
    assert (line["sequence"], line["hash"], line["operator_id"]) == (1, record.record_hash, "sĩ quan 7")
    assert line["candidates"] == [["01a2", 61.25], ["01a3", 40.0]]
    assert "reason" not in line
    assert record.audit_id.startswith("1-")
    assert "điều tra" in path.read_text(encoding="utf-8")


def test_append_syncs_before_it_returns(path, monkeypatch):
    order = []
    real = os.fdatasync
    monkeypatch.setattr(audit_log.os, "fdatasync", lambda handle: (order.append("sync"), real(handle))[1])
    with FileAuditLog(path) as log:
        log.append(_event())
        order.append("acknowledged")
    assert order == ["sync", "acknowledged"]


def test_the_chain_goes_on_after_a_restart(path):
    _filled(path, 3)
    lines = _filled(path, 2)
    found = verify_audit_log(path)
    assert (found.ok, found.record_count, found.head_checked, found.recovered_count) == (True, 5, True, 0)
    assert found.last_hash == json.loads(lines[-1])["hash"]


def test_concurrent_appends_share_syncs_and_keep_one_chain(path, monkeypatch):
    syncs = []
    real = os.fdatasync
    monkeypatch.setattr(audit_log.os, "fdatasync", lambda handle: (syncs.append(1), real(handle))[1])
    with FileAuditLog(path) as log, ThreadPoolExecutor(8) as threads:
        records = list(threads.map(lambda number: log.append(_event(number)), range(200)))
    assert sorted(record.sequence for record in records) == list(range(1, 201))
    assert len(syncs) < 200
    found = verify_audit_log(path)
    assert (found.ok, found.record_count) == (True, 200)
    written = [json.loads(line) for line in path.read_bytes().splitlines()]
    for record in records:
        assert written[record.sequence - 1]["operator_id"] == record.event.operator_id
        assert written[record.sequence - 1]["hash"] == record.record_hash


@pytest.mark.parametrize("number", [1, 3, 6])
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("change", "record_changed"),
        ("remove", "record_missing_or_moved"),
        ("duplicate", "record_missing_or_moved"),
        ("swap", "record_missing_or_moved"),
        ("blank", "not_a_record"),
        ("rehash", "record_missing_or_moved"),
    ],
)
def test_the_first_broken_record_is_named(path, number, damage, reason):
    lines = _filled(path)
    at, expected = number - 1, number
    if damage == "change":
        lines[at] = lines[at].replace("điều tra".encode(), "điều trA".encode())
    elif damage == "remove":
        del lines[at]
    elif damage == "duplicate":
        lines.insert(at, lines[at])
        expected = number + 1
    elif damage == "swap":
        other = (at + 1) % len(lines)
        lines[at], lines[other] = lines[other], lines[at]
        expected = min(at, other) + 1
    elif damage == "blank":
        lines[at] = b"\n"
    else:
        # Who can change a record can make its own hash right again, and then the next one does not follow.
        lines[at] = _rehashed(lines[at])
        expected = number + 1
    path.write_bytes(b"".join(lines))
    found = verify_audit_log(path)
    assert not found.ok
    if damage == "remove" and number == 6:
        assert (found.first_broken_record, found.reason) == (6, "missing_at_end")
    elif damage == "rehash" and number == 6:
        assert (found.first_broken_record, found.reason) == (6, "differs_from_noted_hash")
    else:
        assert (found.first_broken_record, found.reason) == (expected, reason)


def _rehashed(line: bytes) -> bytes:
    import hashlib

    record = json.loads(line)
    del record["hash"]
    record["operator_id"] = "another"
    body = json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()
    return body[:-1] + f',"hash":"{hashlib.sha256(body).hexdigest()}"}}\n'.encode()


def test_a_rewritten_log_does_not_match_an_anchor_noted_elsewhere(tmp_path):
    lines = _filled(tmp_path / "true.jsonl")
    anchor = (4, json.loads(lines[3])["hash"])
    assert verify_audit_log(tmp_path / "true.jsonl", anchor=anchor).ok
    _filled(tmp_path / "forged.jsonl")
    assert verify_audit_log(tmp_path / "forged.jsonl").ok
    found = verify_audit_log(tmp_path / "forged.jsonl", anchor=anchor)
    assert (found.first_broken_record, found.reason) == (4, "differs_from_noted_hash")
    later = verify_audit_log(tmp_path / "true.jsonl", anchor=(9, anchor[1]))
    assert (later.first_broken_record, later.reason) == (7, "missing_at_end")


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_a_log_cut_off_at_a_line_is_noticed_and_refused(path, kept):
    lines = _filled(path)
    path.write_bytes(b"".join(lines[:kept]))
    found = verify_audit_log(path)
    assert (found.first_broken_record, found.reason) == (kept + 1, "missing_at_end")
    with pytest.raises(AuditError, match="missing"):
        FileAuditLog(path)


def test_a_log_that_differs_from_its_head_is_refused(path):
    lines = _filled(path)
    path.write_bytes(b"".join(lines[:-1]) + _rehashed(lines[-1]).ljust(len(lines[-1])))
    with pytest.raises(AuditError):
        FileAuditLog(path)


@pytest.mark.parametrize("torn", [b'{"sequ', b"\0" * 5000, b"\xff\xfe", b'{"sequence":7}\n', b'x\n{"a":1}\n{"b'])
def test_an_incomplete_end_is_moved_aside_and_recorded(path, torn):
    whole = b"".join(_filled(path))
    path.write_bytes(whole + torn)
    before = verify_audit_log(path)
    assert before.first_broken_record == 7
    with FileAuditLog(path) as log:
        log.append(_event(99))
    found = verify_audit_log(path)
    assert (found.ok, found.record_count, found.recovered_count) == (True, 8, 1)
    (aside,) = path.parent.glob("audit.jsonl.torn-*")
    assert aside.read_bytes() == torn
    recovery = json.loads(path.read_bytes().splitlines()[6])
    assert recovery["action"] == "audit_recovered"
    assert aside.name in recovery["reason"]
    assert path.read_bytes().startswith(whole)


def test_an_end_moved_aside_by_a_process_that_died_then_is_recorded_later(path):
    _filled(path)
    (path.parent / "audit.jsonl.torn-99-abcdef01").write_bytes(b"torn")
    with FileAuditLog(path):
        pass
    with FileAuditLog(path):
        pass
    assert verify_audit_log(path).recovered_count == 1


def test_whole_records_behind_the_head_are_kept(path):
    """After a power failure the head may lag; the records themselves were synced and stay."""
    _filled(path, 2)
    head = path.with_name("audit.jsonl.head").read_bytes()
    _filled(path, 3)
    path.with_name("audit.jsonl.head").write_bytes(head)
    with FileAuditLog(path) as log:
        assert log.append(_event()).sequence == 6
    assert verify_audit_log(path).ok


def test_a_missing_head_is_told_and_made_anew(path):
    _filled(path, 3)
    path.with_name("audit.jsonl.head").unlink()
    assert not verify_audit_log(path).head_checked
    _filled(path, 1)
    found = verify_audit_log(path)
    assert (found.ok, found.record_count, found.head_checked) == (True, 4, True)


def test_without_a_head_a_broken_chain_is_refused(path):
    lines = _filled(path)
    path.with_name("audit.jsonl.head").unlink()
    path.write_bytes(b"".join([*lines[:2], *lines[3:]]))
    with pytest.raises(AuditError):
        FileAuditLog(path)


@settings(max_examples=60, deadline=None)
@given(position=st.integers(0, 10**6), change=st.integers(1, 255))
def test_no_changed_byte_passes(tmp_path_factory, position, change):
    folder = tmp_path_factory.getbasetemp() / "changed-byte"
    path = folder / "audit.jsonl"
    if not path.exists():
        _filled(path)
    whole = path.read_bytes()
    changed = bytearray(whole)
    changed[position % len(whole)] ^= change
    path.write_bytes(changed)
    try:
        found = verify_audit_log(path)
        assert not found.ok
        line_number = 1 + whole[: position % len(whole)].count(b"\n")
        assert found.first_broken_record == line_number
    finally:
        path.write_bytes(whole)


def test_one_process_appends(path):
    with FileAuditLog(path):
        with pytest.raises(AuditError, match="another process"):
            FileAuditLog(path)
        assert verify_audit_log(path).ends_in_use
    assert not verify_audit_log(path).ends_in_use


def test_one_process_appends_also_where_somebody_removed_the_head(path):
    with FileAuditLog(path) as log:
        log.append(AuditEvent("identify"))
        head_path(path).unlink()
        for _ in range(2):
            with pytest.raises(AuditError, match="another process"):
                FileAuditLog(path)
            assert verify_audit_log(path).ends_in_use
        log.append(AuditEvent("identify"))
    with FileAuditLog(path) as log:
        log.append(AuditEvent("identify"))
    assert verify_audit_log(path).record_count == 3


def test_a_clock_that_jumps_back_breaks_nothing(path):
    times = iter([datetime(2026, 5, 3, tzinfo=UTC) - timedelta(days=number) for number in range(3)])
    with FileAuditLog(path, clock=lambda: next(times)) as log:
        records = [log.append(_event()) for _ in range(3)]
    assert [record.sequence for record in records] == [1, 2, 3]
    assert verify_audit_log(path).ok
    assert [json.loads(line)["record_time"][:10] for line in path.read_bytes().splitlines()] == [
        "2026-05-03",
        "2026-05-02",
        "2026-05-01",
    ]


def test_what_cannot_be_written_is_an_error_and_leaves_the_chain_whole(path):
    with FileAuditLog(path) as log:
        with pytest.raises(AuditError):
            log.append(AuditEvent("identify", threshold=float("nan")))
        with pytest.raises(AuditError):
            log.append(AuditEvent("identify", candidates=((object(), 1.0),)))  # type: ignore[arg-type]
        assert log.append(AuditEvent("identify", operator_id="\ud800")).sequence == 1
    assert verify_audit_log(path).ok


def test_after_a_refused_sync_nothing_is_accepted_until_it_is_opened_again(path, monkeypatch):
    with FileAuditLog(path) as log:
        log.append(_event())
        with monkeypatch.context() as patch:
            patch.setattr(audit_log.os, "fdatasync", _refuse)
            with pytest.raises(AuditError):
                log.append(_event())
        with pytest.raises(AuditError, match="restart"):
            log.append(_event())
    with FileAuditLog(path) as log:
        log.append(_event())
    assert verify_audit_log(path).ok


def _refuse(_handle: int) -> None:
    raise OSError(5, "input/output error")


def test_a_full_disk_refuses_the_record_and_keeps_the_chain(path):
    """In a child process, whose files may not grow beyond a limit: the write stops in the middle of a line."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from matcher.audit.log import *; from matcher.audit.records import *; from matcher.errors import AuditError\n"
        "log = FileAuditLog(Path(sys.argv[1])); written = 0\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "try:\n"
        "    while True:\n"
        "        log.append(AuditEvent('identify', operator_id='x' * 100)); written += 1\n"
        "except AuditError as error:\n"
        "    print(written, 'disk' in str(error))\n"
    )
    # Set by the child itself: code between fork and exec (preexec_fn) aborts now and then in a process that runs gRPC.
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    written, named = done.stdout.split()
    found = verify_audit_log(path)
    assert named == "True"
    assert int(written) > 3
    assert (found.ok, found.record_count) == (True, int(written))
    with FileAuditLog(path) as log:
        assert log.append(_event()).sequence == int(written) + 1


def test_killed_at_any_moment_loses_no_acknowledged_record(path):
    """A child appends from several threads and says what was acknowledged; it is really killed, again and again."""
    script = (
        "import sys, threading; from pathlib import Path\n"
        "from matcher.audit.log import *; from matcher.audit.records import *\n"
        "log = FileAuditLog(Path(sys.argv[1])); say = threading.Lock()\n"
        "def work():\n"
        "    while True:\n"
        "        record = log.append(AuditEvent('identify', operator_id='y' * 50))\n"
        "        with say: sys.stdout.write(f'{record.sequence} {record.record_hash}\\n'); sys.stdout.flush()\n"
        "for _ in range(4): threading.Thread(target=work).start()\n"
    )
    random = np.random.default_rng(6)
    acknowledged: dict[int, str] = {}
    for _ in range(6):
        with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = [child.stdout.readline()]
            killer = threading.Timer(float(random.uniform(0.0, 0.1)), child.kill)
            killer.start()
            said += child.stdout.read().splitlines(keepends=True)
            killer.join()
        for line in said:
            if line.endswith("\n"):
                sequence, record_hash = line.split()
                acknowledged[int(sequence)] = record_hash
        with FileAuditLog(path):
            pass
        found = verify_audit_log(path)
        assert found.ok, found
    written = {line["sequence"]: line["hash"] for line in map(json.loads, path.read_bytes().splitlines())}
    assert len(acknowledged) > 20
    assert {sequence: written.get(sequence) for sequence in acknowledged} == acknowledged


def test_reading_a_long_log_says_how_far_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FileAuditLog(path) as log:
        for number in range(40):
            log.append(_event(number))
    monkeypatch.setattr(audit_log, "_PROGRESS_BYTES", path.stat().st_size // 4)
    told: list[tuple[int, int]] = []
    FileAuditLog(path, progress=lambda done, total: told.append((done, total))).close()
    assert len(told) == 3
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {path.stat().st_size}
