"""Baselines, processor classes, quality curves, calibration tables and the comparison of results."""

import json

import numpy as np
import pytest

from benchmarks.baseline import Ratio, baseline_path, judge, read_baseline, write_baseline
from benchmarks.compare import comparison_lines
from benchmarks.error_rates.calibration import calibration_table
from benchmarks.error_rates.quality import DISCARDED, area_ratio, discard_curve, failing, ideal_curve
from benchmarks.processor import processor_class
from benchmarks.timing import measure, median_noise


def test_baseline_is_read_as_it_was_written(tmp_path):
    path = baseline_path("x86-64-avx2", tmp_path)
    write_baseline(path, {"extract": Ratio(2.5, 0.03)}, {"python": "3.11"})
    assert read_baseline(path).stages == {"extract": Ratio(2.5, 0.03)}
    assert read_baseline(baseline_path("riscv64", tmp_path)).stages == {}


@pytest.mark.parametrize(
    ("ratio", "noise", "regressed"),
    [(2.0, 0.01, False), (2.2, 0.01, False), (2.5, 0.01, True), (2.5, 0.10, False), (1.0, 0.01, False)],
)
def test_only_growth_beyond_the_noise_is_a_regression(ratio, noise, regressed):
    (verdict,) = judge({"extract": Ratio(ratio, noise), "new": Ratio(9, 0)}, {"extract": Ratio(2.0, 0.01)})
    assert verdict.regressed is regressed


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 fma avx512f avx512bw avx512vl avx512_vnni", "x86-64-avx512-vnni"),
        ("fpu avx2 fma", "x86-64-avx2"),
        ("fpu sse2", "x86-64"),
    ],
)
def test_processor_class_follows_the_flags(tmp_path, monkeypatch, flags, expected):
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "cpuinfo").write_text(f"model name : any\nflags\t\t: {flags}\n")
    assert processor_class(tmp_path / "cpuinfo") == expected
    assert processor_class(tmp_path / "absent") == "x86-64"
    named = f"vendor_id : GenuineIntel\ncpu family : 6\nmodel : 142\nflags : {flags}\n\nvendor_id : GenuineIntel\n"
    (tmp_path / "cpuinfo").write_text(named)
    assert processor_class(tmp_path / "cpuinfo") == f"{expected}-intel-6-142"


def test_ratio_is_that_of_the_work_and_survives_a_slow_machine(monkeypatch):
    clock = [0.0]
    speed = [1.0]
    monkeypatch.setattr("benchmarks.timing.time.process_time", lambda: clock[0])
    monkeypatch.setattr("benchmarks.timing.time.perf_counter", lambda: clock[0])

    def spend(seconds: float) -> None:
        clock[0] += seconds * speed[0]

    def work() -> None:
        speed[0] = 1.0 if clock[0] % 3 < 1.5 else 5.0
        spend(0.03)

    timing = measure(work, lambda: spend(0.01), rounds=31)
    assert timing.ratio == pytest.approx(3.0, rel=0.35)
    assert timing.rounds == 31


def test_noise_of_the_median_falls_with_rounds():
    rng = np.random.default_rng(1)
    assert median_noise(rng.normal(10, 1, 1000)) < median_noise(rng.normal(10, 1, 20)) < 0.1
    assert median_noise(np.full(9, 4.0)) == 0.0


def test_quality_that_knows_the_failures_falls_at_once_and_one_that_knows_nothing_stays():
    rng = np.random.default_rng(0)
    similarity = rng.normal(5, 1, 2000)
    fails = failing(similarity, 0.05)
    assert fails.sum() == 100
    knowing = discard_curve(fails, similarity, DISCARDED)
    assert np.allclose(knowing, ideal_curve(fails, DISCARDED))
    assert knowing[0] == pytest.approx(0.05)
    assert knowing[10] == 0.0
    assert area_ratio(discard_curve(fails, np.ones(2000), DISCARDED)) == pytest.approx(1.0)
    assert area_ratio(discard_curve(fails, rng.permutation(2000.0 * np.arange(2000)), DISCARDED)) > 0.8


def test_calibration_of_a_known_distribution():
    rng = np.random.default_rng(2)
    rows = calibration_table(rng.exponential(1.0, 200_000))
    assert (np.diff(rows, axis=0) > 0).all()
    # FMR of threshold s is exp(-s), so the score is 4.343 s.
    assert np.interp(20, rows[:, 1], rows[:, 0]) == pytest.approx(20 / 4.343, rel=0.02)
    assert rows[-1, 1] == pytest.approx(10 * np.log10(200_000 / 10))


def test_calibration_counts_ties_as_matches():
    rows = calibration_table(np.repeat([0.0, 1.0], [900, 100]))
    assert rows[-1].tolist() == [1.0, 10.0]


def test_comparison_names_changes_and_what_is_missing():
    lines = list(comparison_lines({"a": 2, "b": {"c": 1}, "x": 1}, {"a": 3, "b": {"c": 1}, "y": 1}, unchanged=False))
    assert len(lines) == 3
    assert "+50.0 %" in lines[0]
    assert lines[1:] == ["only before: x", "only after: y"]
    assert json.dumps(lines)
