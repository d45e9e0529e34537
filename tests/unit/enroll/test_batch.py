"""A run of a backlog: progress, retry, checkpoint. The target is a fake in memory; tests/service uses a server."""

from __future__ import annotations

import csv
import shutil
import stat
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from enroll.batch import MOST_UNANSWERED, BatchStoppedError, run_batch
from enroll.errors import ResultsError, TargetError
from enroll.items import EnrollmentItem, Finding
from enroll.target import ItemResult, Outcome
from index.records import Modality, Sex, Subject


class MemoryTarget:
    """Enrolls into a list; refuses what its name says; fails to answer as often as told."""

    def __init__(self, *, silent_calls: int = 0) -> None:
        self.enrolled: list[str] = []
        self.silent_calls = silent_calls
        self.recorded: dict[str, Subject] = {}
        self.may_not_read = False
        self.serves = False
        self._lock = threading.Lock()

    def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        with self._lock:
            if self.silent_calls > 0:
                self.silent_calls -= 1
                raise TargetError("no answer")
            if "bad" in item.image_path.name:
                return ItemResult(item, Outcome.REFUSED, reason="ERROR_REASON_NO_FACE", detail="No face.")
            self.enrolled.append(item.external_id)
            return ItemResult(item, Outcome.ENROLLED, subject_id=f"s-{item.external_id}", reference_id=1, quality=80)

    def find_subject(self, external_id: str) -> Subject | None:
        if self.may_not_read:
            raise PermissionError
        return self.recorded.get(external_id)

    def gallery_ids(self) -> frozenset[str]:
        raise NotImplementedError

    def create_gallery(self, gallery_id: str) -> None:
        raise NotImplementedError

    def is_serving(self) -> bool:
        return self.serves

    def close(self) -> None:
        pass


def _items(folder: Path, *names: str) -> list[EnrollmentItem]:
    items = []
    for number, name in enumerate(names, start=1):
        (folder / name).write_bytes(name.encode())
        items.append(EnrollmentItem(number, f"Ấn-{number:03}", folder / name, Modality.FACE))
    return items


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_image_has_a_line_and_the_summary_counts(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png", "bad.png", "c.png")
    summary = run_batch(items, MemoryTarget(), results_path=tmp_path / "r.csv")
    assert (summary.outcomes[Outcome.ENROLLED], summary.outcomes[Outcome.REFUSED]) == (2, 1)
    assert not summary.all_enrolled
    assert summary.reasons == {"ERROR_REASON_NO_FACE: No face.": 1}
    rows = _rows(tmp_path / "r.csv")
    assert {row["image"]: row["outcome"] for row in rows} == {
        "a.png": "enrolled",
        "bad.png": "refused",
        "c.png": "enrolled",
    }
    assert [row["row"] for row in rows] == ["1", "2", "3"]
    assert {row["external_id"] for row in rows} == {"Ấn-001", "Ấn-002", "Ấn-003"}


def test_second_run_sends_only_what_is_not_enrolled(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png", "bad.png", "c.png")
    run_batch(items, MemoryTarget(), results_path=tmp_path / "r.csv")
    target = MemoryTarget()
    summary = run_batch(items, target, results_path=tmp_path / "r.csv")
    assert target.enrolled == []
    assert (summary.skipped, summary.outcomes[Outcome.REFUSED]) == (2, 1)
    assert [row["row"] for row in _rows(tmp_path / "r.csv")] == ["1", "2", "3"]


def test_what_the_last_version_enrolled_is_not_sent_again(tmp_path: Path) -> None:
    """Its request ids could be guessed; its results files are still read."""
    (item,) = _items(tmp_path, "a.png")
    run_batch([item], MemoryTarget(), results_path=tmp_path / "r.csv")
    content = (tmp_path / "r.csv").read_text(encoding="utf-8")
    known, former = item.request_id(b"a.png"), item.former_request_id(b"a.png")
    assert known in content
    (tmp_path / "r.csv").write_text(content.replace(known, former), encoding="utf-8")
    target = MemoryTarget()
    assert run_batch([item], target, results_path=tmp_path / "r.csv").skipped == 1
    assert target.enrolled == []


def test_silence_is_waited_out(tmp_path: Path) -> None:
    target = MemoryTarget(silent_calls=2)
    items = _items(tmp_path, "a.png")
    summary = run_batch(items, target, results_path=tmp_path / "r.csv", retry_waits_seconds=(0.0, 0.0))
    assert summary.all_enrolled
    assert target.enrolled == ["Ấn-001"]


def test_lasting_silence_keeps_what_was_done(tmp_path: Path) -> None:
    items = _items(tmp_path, *(f"{number}.png" for number in range(20)))

    class Dying(MemoryTarget):
        def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
            if len(self.enrolled) >= 5:
                raise TargetError("no answer")
            return super().enroll(item, image_bytes)

    with pytest.raises(BatchStoppedError) as stopped:
        run_batch(items, Dying(), results_path=tmp_path / "r.csv", jobs=1, retry_waits_seconds=(0.0,))
    assert isinstance(stopped.value.__cause__, TargetError)
    assert stopped.value.summary.outcomes == {Outcome.ENROLLED: 5, Outcome.NOT_SENT: 15}
    assert [row["outcome"] for row in _rows(tmp_path / "r.csv")] == ["enrolled"] * 5 + ["not_sent"] * 15
    target = MemoryTarget()
    assert run_batch(items, target, results_path=tmp_path / "r.csv").skipped == 5
    assert len(target.enrolled) == 15


def test_torn_last_line_is_enrolled_again(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png", "b.png")
    run_batch(items, MemoryTarget(), results_path=tmp_path / "r.csv", jobs=1)
    content = (tmp_path / "r.csv").read_bytes()
    (tmp_path / "r.csv").write_bytes(content[:-20])
    target = MemoryTarget()
    run_batch(items, target, results_path=tmp_path / "r.csv")
    assert target.enrolled == ["Ấn-002"]
    assert run_batch(items, MemoryTarget(), results_path=tmp_path / "r.csv").skipped == 2


def test_every_row_has_one_line_in_a_file_of_its_owner_alone(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png", "gone.png", "c.png")
    (tmp_path / "gone.png").unlink()
    problems = [Finding(9, "row 9", "bad_date", "a date must read ...", external_id="12", image="x.png")]
    path = tmp_path / "r.csv"
    path.write_bytes(b"")
    path.chmod(0o666)
    summary = run_batch(items, MemoryTarget(), results_path=path, problems=problems, language="en")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [(row["row"], row["outcome"]) for row in _rows(path)] == [
        ("1", "enrolled"),
        ("2", "unusable"),
        ("3", "enrolled"),
        ("9", "unusable"),
    ]
    assert (summary.outcomes[Outcome.UNUSABLE], summary.all_enrolled) == (2, False)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "c.png", "r.csv"}


def test_no_cell_of_the_results_is_a_formula(tmp_path: Path) -> None:
    formulas = ['=HYPERLINK("http://x","y")', "+1+1", "-2", "@SUM(1)", "\t=1", " =1+1", "＝1", "\x1b[31mred"]
    items = [
        replace(item, external_id=formula, image_name=formula)
        for item, formula in zip(_items(tmp_path, *(f"{n}.png" for n in range(len(formulas)))), formulas, strict=True)
    ]
    for _ in range(2):  # what an earlier run had done goes through once more
        run_batch(items, MemoryTarget(), results_path=tmp_path / "r.csv")
    content = (tmp_path / "r.csv").read_bytes()
    assert b"\x1b" not in content
    for row in _rows(tmp_path / "r.csv"):
        for cell in row.values():
            assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "＝"))
            assert not cell.startswith("''")


def test_a_file_that_is_no_results_file_is_left_alone(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png")
    backlog = tmp_path / "backlog.csv"
    backlog.write_text("external_id,image\n1,a.png\n", encoding="utf-8")
    with pytest.raises(ResultsError, match="not a results file"):
        run_batch(items, MemoryTarget(), results_path=backlog, language="en")
    assert backlog.read_text(encoding="utf-8").startswith("external_id")
    with pytest.raises(ResultsError, match="cannot be written"):
        run_batch(items, MemoryTarget(), results_path=tmp_path / "nowhere" / "r.csv", language="en")


def test_one_image_without_an_answer_does_not_end_the_run(tmp_path: Path) -> None:
    class Choking(MemoryTarget):
        def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
            if "slow" in item.image_path.name:
                raise TargetError("too late", try_count=2)
            return super().enroll(item, image_bytes)

    items = _items(tmp_path, "a.png", "slow.png", "c.png")
    target = Choking()
    target.serves = True
    run_batch(items, target, results_path=tmp_path / "r.csv", retry_waits_seconds=(0.0,) * 5)
    assert [row["outcome"] for row in _rows(tmp_path / "r.csv")] == ["enrolled", "failed", "enrolled"]
    many = _items(tmp_path, *(f"slow{number}.png" for number in range(MOST_UNANSWERED + 2)))
    with pytest.raises(BatchStoppedError):
        run_batch(many, target, results_path=tmp_path / "s.csv", jobs=1, retry_waits_seconds=(0.0,))


def test_a_surprise_is_the_failure_of_its_row(tmp_path: Path) -> None:
    class Surprising(MemoryTarget):
        def enroll(self, item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
            if "odd" in item.image_path.name:
                raise ZeroDivisionError
            return super().enroll(item, image_bytes)

    items = _items(tmp_path, "a.png", "odd.png", "c.png")
    run_batch(items, Surprising(), results_path=tmp_path / "r.csv")
    assert [row["outcome"] for row in _rows(tmp_path / "r.csv")] == ["enrolled", "failed", "enrolled"]


def test_what_cannot_be_mended_by_waiting_is_not_waited_for(tmp_path: Path) -> None:
    target = MemoryTarget()

    def refuse(item: EnrollmentItem, image_bytes: bytes) -> ItemResult:
        raise TargetError("not allowed", is_retriable=False)

    target.enroll = refuse  # type: ignore[method-assign]
    with pytest.raises(BatchStoppedError):  # would wait for hours
        run_batch(_items(tmp_path, "a.png"), target, results_path=tmp_path / "r.csv", retry_waits_seconds=(9999.0,))


def test_an_interrupted_run_records_what_was_under_way(tmp_path: Path) -> None:
    items = _items(tmp_path, *(f"{number}.png" for number in range(6)))

    def interrupt(_: ItemResult | None) -> None:
        raise KeyboardInterrupt

    target = MemoryTarget()
    with pytest.raises(BatchStoppedError) as stopped:
        run_batch(items, target, results_path=tmp_path / "r.csv", jobs=1, on_result=interrupt)
    assert isinstance(stopped.value.__cause__, KeyboardInterrupt)
    rows = _rows(tmp_path / "r.csv")
    assert len(rows) == 6
    assert sum(row["outcome"] == "enrolled" for row in rows) == len(target.enrolled) > 0


def test_what_the_record_says_otherwise_is_told(tmp_path: Path) -> None:
    item = replace(_items(tmp_path, "a.png")[0], display_name="Trần Thị B", sex=Sex.FEMALE, birth_year=1990)
    target = MemoryTarget()
    same = Subject("s", item.external_id, display_name="TRẦN  thị B", sex=Sex.FEMALE, birth_year=1990)
    for recorded, told in (
        (same, ()),
        (replace(same, display_name="", sex=Sex.UNKNOWN, birth_year=None), ()),
        (replace(same, display_name="Trần Thị C"), ("display_name", "Trần Thị B", "Trần Thị C")),
        (replace(same, sex=Sex.MALE), ("sex", "female", "male")),
        (replace(same, birth_year=1991), ("birth_date", "1990", "1991")),
    ):
        target.recorded[item.external_id] = recorded
        (tmp_path / "r.csv").unlink(missing_ok=True)
        summary = run_batch([item], target, results_path=tmp_path / "r.csv", language="en")
        (row,) = _rows(tmp_path / "r.csv")
        assert row["outcome"] == "enrolled"
        assert summary.conflict_count == bool(told)
        assert bool(row["warning"]) == bool(told)
        assert all(words in row["warning"] for words in told)
    (tmp_path / "r.csv").unlink()
    run_batch([item], target, results_path=tmp_path / "r.csv", hold_conflicts=True)
    assert _rows(tmp_path / "r.csv")[0]["outcome"] == "unusable"
    target.may_not_read = True
    run_batch([item], target, results_path=tmp_path / "r.csv", hold_conflicts=True, language="en")
    (row,) = _rows(tmp_path / "r.csv")
    assert (row["outcome"], "may not be read" in row["warning"]) == ("enrolled", True)


def test_results_that_can_no_longer_be_written_stop_the_run_with_its_counts(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png", "b.png")
    folder = tmp_path / "results"
    folder.mkdir()

    def lose_folder(_: ItemResult | None) -> None:
        shutil.rmtree(folder, ignore_errors=True)

    with pytest.raises(BatchStoppedError) as stopped:
        run_batch(items, MemoryTarget(), results_path=folder / "r.csv", on_result=lose_folder)
    assert isinstance(stopped.value.__cause__, ResultsError)
    assert stopped.value.summary.outcomes == {Outcome.ENROLLED: 2}
