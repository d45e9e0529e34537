"""A run of a backlog: progress, retry, checkpoint. The target is a fake in memory; tests/service uses a server."""

from __future__ import annotations

import csv
import threading
from pathlib import Path

import pytest

from enroll.batch import run_batch
from enroll.errors import TargetError
from enroll.items import EnrollmentItem
from enroll.target import ItemResult, Outcome
from index.records import Modality


class MemoryTarget:
    """Enrolls into a list; refuses what its name says; fails to answer as often as told."""

    def __init__(self, *, silent_calls: int = 0) -> None:
        self.enrolled: list[str] = []
        self.silent_calls = silent_calls
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

    def ensure_gallery(self, gallery_id: str) -> None:
        raise NotImplementedError

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
    assert {row["external_id"] for row in rows} == {"Ấn-001", "Ấn-002", "Ấn-003"}


def test_second_run_sends_only_what_is_not_enrolled(tmp_path: Path) -> None:
    items = _items(tmp_path, "a.png", "bad.png", "c.png")
    run_batch(items, MemoryTarget(), results_path=tmp_path / "r.csv")
    target = MemoryTarget()
    summary = run_batch(items, target, results_path=tmp_path / "r.csv")
    assert target.enrolled == []
    assert (summary.skipped, summary.outcomes[Outcome.REFUSED]) == (2, 1)


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

    with pytest.raises(TargetError):
        run_batch(items, Dying(), results_path=tmp_path / "r.csv", jobs=1, retry_waits_seconds=(0.0,))
    assert len(_rows(tmp_path / "r.csv")) == 5
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
