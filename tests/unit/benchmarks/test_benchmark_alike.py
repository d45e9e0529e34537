"""`python -m benchmarks alike`: neighborhoods as shipped, people the calibration never saw, and mates."""

import json

import numpy as np

from benchmarks.__main__ import main
from benchmarks.error_rates import alike
from benchmarks.error_rates.alike import halves, stated_and_measured
from matcher.face.non_mated import compare_strangers
from matcher.scoring.calibration import Calibration

CALIBRATION = Calibration((-0.5, 0.0, 0.4, 0.8), (0.0, 3.0, 30.0, 70.0), 60.0, 1000, "made up for tests")


def crowd(people: int = 600, photographs: int = 2, *, seed: int = 0):
    """Unit vectors (n, 64) and subjects (n,); one in three people have something in common."""
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(people, 64))
    groups = rng.integers(0, 3, people)
    centers[np.arange(people), groups] += np.array([6.0, 4.0, 4.0])[groups]
    rows = np.repeat(centers, photographs, axis=0) + 0.4 * rng.normal(size=(people * photographs, 64))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), np.repeat(np.arange(people), 2)


def test_a_ratio_is_that_of_counting():
    vectors, subjects = crowd(40)
    (group,) = compare_strangers(vectors, subjects, doubles=()).groups
    rows = stated_and_measured((group,), CALIBRATION)
    for row in rows:
        share = np.mean(group.similarities >= CALIBRATION.similarity_for(row["score"]))
        assert np.isclose(row["ratio"], share * 10 ** (row["score"] / 10))
        assert row["low"] <= row["ratio"] <= row["high"]


def test_scores_calibrated_on_half_hold_for_the_other_half():
    vectors, subjects = crowd()
    rows = halves(vectors, subjects, (), 0)
    assert rows is not None
    assert len({row["group"] for row in rows}) == 2
    assert all(row["low"] <= 1.25 for row in rows)
    assert max(row["ratio"] for row in rows if row["score"] == 20) > 0.5  # and are no kinder than they have to be


def test_the_command_writes_all_three(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("benchmarks.engines").engines.ADAPTERS, "face", "tests.unit.benchmarks.fake_engine")
    monkeypatch.setattr(alike, "photographs", lambda *_: crowd())
    monkeypatch.setattr(alike, "shipped_calibration", lambda _: CALIBRATION)
    assert main(["alike", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--draws", "2"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert len(report["halves"]) == 2
    assert {row["score"] for row in report["as_shipped"]} == {20, 30, 40, 50}
    rates = [row["rate"] for row in sorted(report["mates"], key=lambda row: row["score"])]
    assert rates == sorted(rates)
