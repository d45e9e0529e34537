"""Merging subjects and moving references through the running server, the command line and kill -9."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from index.backup.backup import back_up, restore
from index.database import EnrollmentDatabase
from index.errors import SubjectMergedError
from index.records import Modality, RecordEventKind, Subject
from matcher.__main__ import main
from matcher.audit.deletions import read_deletions
from matcher.audit.log import FileAuditLog
from matcher.client import ServiceError, enroll_message, error_of
from protos.biometrics.v1 import record_service_pb2 as pb
from tests.fakes import face, finger
from tests.service.conftest import ACCESS, Service
from tests.service.joined_child import AUDIT_NAME, use_cases_of
from tests.service.processes import ServerProcess, server_process
from tests.service.reassigned_child import MASTER

ROOT = Path(__file__).parents[2]


class Pair:
    """Two subjects that are one person."""

    def __init__(self, service: Service) -> None:
        self.client = service.client
        old = service.client.enroll([face(1), finger(1)], subject=Subject("", "HS-1", "Nguyễn Thị Ánh"))
        new = service.client.enroll([face(1, impression=1)], subject=Subject("", "HS-2", "Nguyễn Thị Ảnh"))
        other = service.client.enroll([face(2)], subject=Subject("", "HS-3", "Trần Văn Bình"))
        self.old, self.new, self.other = old.subject_id, new.subject_id, other.subject_id
        self.references = [sample.reference_id for sample in old.samples]


@pytest.fixture
def pair(service: Service) -> Pair:
    return Pair(service)


def refused(call: Callable[[], object]) -> ServiceError:
    with pytest.raises(ServiceError) as refusal:
        call()
    return refusal.value


def candidates(service: Service, number: int = 1) -> list[str]:
    return [one.subject_id for one in service.client.identify([face(number)]).candidates]


def test_a_person_enrolled_twice_is_one_candidate_after_the_merge_and_two_after_its_undoing(
    service: Service, pair: Pair
) -> None:
    before = candidates(service)
    assert {pair.old, pair.new} <= set(before)
    answer = service.client.merge_subjects(pair.old, pair.new, request_id="m")
    assert list(answer.reference_ids) == pair.references
    assert list(answer.changed_field_ids) == ["other_names"]
    assert service.client.merge_subjects(pair.old, pair.new, request_id="m").replayed
    assert candidates(service)[0] == pair.new
    assert pair.old not in candidates(service)
    identified = service.client.identify([face(1)])
    assert (identified.gallery_size, identified.proved) == (2, True)
    assert [one.subject_id for one in service.client.subjects(name="anh")] == [pair.new]
    assert service.client.verify([finger(1)], subject_id=pair.new).above_threshold
    undone = service.client.undo_reassignment(answer.reassignment_id)
    assert (undone.source_subject_id, undone.target_subject_id) == (pair.old, pair.new)
    assert list(undone.reference_ids) == pair.references
    assert candidates(service) == before


def test_whoever_holds_the_id_of_a_merged_subject_is_told_into_which(service: Service, pair: Pair) -> None:
    service.client.merge_subjects(pair.old, pair.new)
    client = service.client
    calls: list[Callable[[], object]] = [
        lambda: client.get_subject(pair.old),
        lambda: client.get_record(pair.old),
        lambda: client.verify([face(1)], subject_id=pair.old),
        lambda: client.enroll([face(1)], subject=Subject(pair.old)),
        lambda: client.delete_subject(pair.old),
    ]
    for call in calls:
        error = refused(call)
        assert (error.code, error.reason) == ("NOT_FOUND", "ERROR_REASON_SUBJECT_MERGED")
        assert error.merged_into == pair.new
        assert pair.new in error.text
    vietnamese = service.another_client(language="vi")
    assert "đã được nhập vào hồ sơ " + pair.new in refused(lambda: vietnamese.get_subject(pair.old)).text
    message = enroll_message([face(1)], subject=Subject(pair.old), access=ACCESS)
    (item,) = client.batch_enroll([("1", message)])
    assert error_of(item.error).merged_into == pair.new
    assert client.get_subject(external_id="HS-1").subject_id == pair.new
    assert client.enroll([face(1)], subject=Subject("", "HS-1")).subject_id == pair.new


def test_a_reference_goes_to_whom_it_belongs(service: Service, pair: Pair) -> None:
    (wrong, _) = pair.references
    answer = service.client.move_references([wrong], pair.old, pair.other, request_id="m")
    assert list(answer.reference_ids) == [wrong]
    assert [one.reference_id for one in service.client.references(pair.other)][-1:] != [pair.references[1]]
    assert wrong in [one.reference_id for one in service.client.references(pair.other)]
    assert pair.old not in candidates(service)
    kinds = [list(service.client.revisions(one))[-1].event for one in (pair.old, pair.other)]
    assert [one.kind for one in kinds] == [pb.RECORD_EVENT_KIND_MOVED_TO, pb.RECORD_EVENT_KIND_MOVED_FROM]
    assert [one.other_subject_id for one in kinds] == [pair.other, pair.old]
    service.client.undo_reassignment(answer.reassignment_id)
    assert wrong in [one.reference_id for one in service.client.references(pair.old)]


def test_who_decides_names_operator_case_and_purpose_and_the_audit_log_has_it(service: Service, pair: Pair) -> None:
    client = service.client
    for missing in ("operator_id", "case_number", "purpose"):
        access = ACCESS.__class__(**{"operator_id": "op", "case_number": "c-1", "purpose": "why", missing: ""})
        for call in (
            lambda access=access: client.merge_subjects(pair.old, pair.new, access=access),
            lambda access=access: client.move_references(pair.references, pair.old, pair.new, access=access),
            lambda access=access: client.undo_reassignment(1, access=access),
        ):
            assert refused(call).violations[0].field == f"access.{missing}"
    merged = client.merge_subjects(pair.old, pair.new)
    undone = client.undo_reassignment(merged.reassignment_id)
    moved = client.move_references(pair.references[:1], pair.old, pair.new)
    records = {one.action: one for one in service.audit.events if one.outcome == "ok"}
    for action, ids in (
        ("merge_subjects", pair.references),
        ("undo_reassignment", pair.references),
        ("move_references", pair.references[:1]),
    ):
        event = records[action]
        assert event.subject_ids == (pair.old, pair.new)
        assert list(event.reference_ids) == ids
        assert (event.operator_id, event.case_number, event.purpose) == ("operator-7", "case-12", "burglary")
    assert len({merged.audit_id, undone.audit_id, moved.audit_id}) == 3


def test_what_cannot_be_is_refused_with_the_reason_in_both_languages(service: Service, pair: Pair) -> None:
    error = refused(lambda: service.client.merge_subjects(pair.old, pair.old))
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "ERROR_REASON_REASSIGNMENT")
    assert "one and the same" in error.text
    vietnamese = service.another_client(language="vi")
    assert "cùng một hồ sơ" in refused(lambda: vietnamese.merge_subjects(pair.old, pair.old)).text
    assert "may have been deleted" in refused(lambda: service.client.undo_reassignment(5)).text
    assert refused(lambda: service.client.merge_subjects("", pair.old)).violations[0].field == "source_subject_id"
    error = refused(lambda: service.client.move_references([0], pair.old, pair.new))
    assert error.violations[0].field == "reference_ids"
    assert refused(lambda: service.client.move_references([], pair.old, pair.new)).code == "FAILED_PRECONDITION"
    assert refused(lambda: service.client.move_references([99], pair.old, pair.new)).reason.endswith(
        "REFERENCE_NOT_FOUND"
    )
    assert (
        refused(lambda: service.client.move_references([1] * 1001, pair.old, pair.new)).violations[0].field
        == "reference_ids"
    )


def test_a_search_that_a_merge_runs_into_meets_each_reference_once(service: Service, pair: Pair) -> None:
    """The merge happens in the middle of the search, which then begins again."""
    database = service.database
    looked_up = database.subject_ids_of

    def merged_first(reference_ids):
        database.subject_ids_of = looked_up  # type: ignore[method-assign]
        found = looked_up(reference_ids)
        service.client.merge_subjects(pair.old, pair.new)
        return found

    database.subject_ids_of = merged_first  # type: ignore[method-assign]
    answer = service.client.identify([face(1)])
    assert [one.subject_id for one in answer.candidates][:1] == [pair.new]
    assert pair.old not in [one.subject_id for one in answer.candidates]
    assert answer.gallery_size == 2


def command(server: ServerProcess, *arguments: str) -> list[str]:
    said = ["--address", server.address, "--operator", "operator-7", "--case", "vụ 12", "--purpose", "cùng một người"]
    return ["--lang", "vi", "record", *arguments, *said]


def test_the_command_line_merges_moves_and_takes_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_process(tmp_path / "data") as server:
        with server.client() as client:
            subjects = [Subject("", f"HS-{number}", name) for number, name in enumerate(("Nguyễn Thị Ánh", "Tư Ánh"))]
            made = [client.enroll([face(number)], subject=one) for number, one in enumerate(subjects)]
        old, new = (one.subject_id for one in made)
        assert main(command(server, "merge", old, "--into", new)) == 0
        said = capsys.readouterr().out
        assert f"Đã nhập hồ sơ {old} vào {new} (1 mẫu)" in said
        assert main(command(server, "show", old)) == 1
        assert new in capsys.readouterr().err
        assert main(command(server, "history", new)) == 0
        said = capsys.readouterr().out
        for word in (f"Hồ sơ {old} được nhập vào hồ sơ này (số 1)", "vụ 12", "Nguyễn Thị Ánh", "Tên gọi khác"):
            assert word in said
        assert main(command(server, "history", old)) == 0
        assert f"Hồ sơ này được nhập vào {new}" in capsys.readouterr().out
        assert main(command(server, "undo", "1")) == 0
        assert main(command(server, "history", new)) == 0
        assert "(đã hoàn tác)" in capsys.readouterr().out
        reference = str(made[0].samples[0].reference_id)
        assert main(command(server, "move", reference, "--from", old, "--to", new)) == 0
        assert f"từ hồ sơ {old} sang {new}" in capsys.readouterr().out
        assert main(command(server, "undo", "2")) == 0
        assert main(command(server, "undo", "2")) == 1
        assert "hoàn tác rồi" in capsys.readouterr().err
    log = [json.loads(line) for line in (tmp_path / "data" / "audit.jsonl").read_text().splitlines()]
    assert [one["subject_ids"] for one in log if one.get("action") == "merge_subjects"] == [[old, new]]


def test_a_backup_of_before_a_merge_brings_nobody_back_who_was_deleted_since(tmp_path: Path) -> None:
    """A plain database, whose old rows no key closes: the audit log says who was merged into whom."""
    folder = tmp_path / "data"
    with EnrollmentDatabase.open(folder) as database, FileAuditLog(folder / AUDIT_NAME) as audit:
        cases = use_cases_of(database, audit)
        made = [
            cases.enroller.enroll(Subject("", f"HS-{number}"), [face(number), finger(number)], ACCESS)
            for number in range(5)
        ]
        merged, target, undone, giver, taker = (one.subject_id for one in made)
        back_up(folder, tmp_path / "backup")
        cases.record_keeper.merge(ACCESS, merged, target)
        again, _ = cases.record_keeper.merge(ACCESS, undone, target)
        cases.record_keeper.undo(ACCESS, again.reassignment_id)
        moved = made[3].samples[0].reference_id
        cases.record_keeper.move(ACCESS, [moved], giver, taker)
        cases.keeper.delete_subject(ACCESS, target)
        cases.keeper.delete_subject(ACCESS, taker)
    restore(tmp_path / "backup", tmp_path / "new", deletions=read_deletions(folder / AUDIT_NAME))
    with EnrollmentDatabase.open(tmp_path / "new", create=False) as database:
        assert {one.subject_id for one in database.list_subjects().items} == {undone, giver}
        assert database.references([moved]) == ()
        assert len(database.list_references(giver).items) == 1
        assert database.verify().ok


def run_and_kill(folder: Path, seed: int, delay_s: float, *more: str) -> list[str]:
    arguments = [sys.executable, "-m", "tests.service.reassigned_child", str(folder), str(seed), *more]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        # Every thread has its subjects by then.
        lines = [process.stdout.readline() for _ in range(12)]
        killer = threading.Timer(delay_s, process.kill)
        killer.start()
        lines = [line for line in (*lines, *process.stdout) if line]
        killer.cancel()
    assert process.returncode == -9, lines[-3:]
    assert not any(line.startswith("!") for line in lines), lines[-3:]
    return lines


def known_as(database: EnrollmentDatabase, subject_id: str) -> str:
    try:
        return database.get_subject(subject_id).subject_id
    except SubjectMergedError as error:
        return error.merged_into


def check_after_kill(folder: Path, lines: list[str]) -> None:
    """Every subject is itself or merged, whole; every change has its record."""
    with EnrollmentDatabase.open(folder, create=False, master_key=MASTER) as database:
        with FileAuditLog(folder / AUDIT_NAME, noted=database.log_head) as audit:
            use_cases_of(database, audit).changes.pay_at_start()
        report = database.verify()
        assert report.ok, report.problems
        events = 0
        for line in lines:
            _, subject_id, *references, number = line.split()
            ids = [int(one) for one in references]
            owners = database.subject_ids_of(ids)
            assert set(owners) == set(ids)
            assert owners[ids[1]] == known_as(database, subject_id)
            assert database.find_subject(f"HS-{number}").subject_id == owners[ids[1]]  # type: ignore[union-attr]
            for reference in database.references(ids):
                template = reference.template
                hits = database.search(template.modality, template.pack_id, template.vectors, 20)
                found = hits.reference_ids[0][: int(hits.counts[0])].tolist()
                assert len(found) == len(set(found))
                if template.modality is Modality.FACE:
                    assert reference.reference_id in found
                # Face and finger have one image, which a move parts.
                kept = database.image_of(reference.reference_id)
                assert kept is not None
                assert hashlib.sha256(kept.content).hexdigest() == reference.sample_sha256 == kept.sha256
            kinds = [one.event.kind for one in database.list_revisions(subject_id, page_size=1000).items if one.event]
            events += sum(kind in (RecordEventKind.MERGED_INTO, RecordEventKind.MOVED_TO) for kind in kinds)
    recorded = [json.loads(line) for line in (folder / AUDIT_NAME).read_text().splitlines()]
    done = [one for one in recorded if one.get("outcome") == "ok"]
    assert sum(one.get("action") in ("merge_subjects", "move_references") for one in done) == events


@pytest.mark.parametrize("rounds", [pytest.param(2, id="short"), pytest.param(60, id="soak", marks=pytest.mark.soak)])
def test_a_killed_process_leaves_each_merge_whole_or_not_at_all(tmp_path: Path, rounds: int) -> None:
    seed = int.from_bytes(os.urandom(2), "big")
    pauses, lines = random.Random(seed), []
    for number in range(rounds):
        lines += run_and_kill(tmp_path, seed + number, pauses.uniform(0.05, 0.8))
        check_after_kill(tmp_path, lines)


@pytest.mark.parametrize(
    ("action", "place"),
    [("merge_subjects", "before_audit"), ("move_references", "after_audit"), ("undo_reassignment", "before_audit")],
)
def test_a_process_that_dies_beside_the_record_leaves_one(tmp_path: Path, action: str, place: str) -> None:
    check_after_kill(tmp_path, run_and_kill(tmp_path, 7, 120.0, f"{action} {place}"))
