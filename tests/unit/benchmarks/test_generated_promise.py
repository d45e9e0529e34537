"""The line of CI about scores: holds as shipped, and breaks where scores become kinder."""

from pathlib import Path

import pytest

from benchmarks import generated_promise, quick
from benchmarks.promise import broken
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.scoring.calibration import Calibration
from tests.unit.fingerprint.compared_prints import made_up


def test_the_committed_strangers_reach_scores_no_more_often_than_stated() -> None:
    found = generated_promise.measure()
    assert not broken(found)
    assert all(rows[0].comparisons > 5_000 for rows in found.values())


def test_scores_ten_points_kinder_break_it_and_the_quick_profile_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shipped = Calibration.scores_of
    monkeypatch.setattr(Calibration, "scores_of", lambda own, similarities: shipped(own, similarities) + 10.0)
    assert quick.promise_is_broken()
    assert "BROKEN" in capsys.readouterr().out


def test_minutiae_are_read_as_they_were_written(tmp_path: Path) -> None:
    sets = [made_up(1, 12), made_up(2, 40)]
    generated_promise.write(tmp_path / "sets.npz", sets)
    again: list[MinutiaSet] = generated_promise.read(tmp_path / "sets.npz")
    assert [one.to_bytes() for one in again] == [one.to_bytes() for one in sets]
