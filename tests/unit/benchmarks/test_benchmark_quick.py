"""The quick profile's verdict, with made-up measurements."""

import json

import pytest

from benchmarks import quick
from benchmarks.__main__ import main
from benchmarks.timing import Timing


def timing(ratio: float) -> Timing:
    return Timing(1.0, 1.0, 1.0, 1.0, ratio, 0.01, 40)


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Ratios that each run of the stages gives, first run first; baselines lie in tmp_path."""
    runs: list[dict[str, float]] = []

    def measure_stages(*, budget_s, only=None, **_):
        ratios = runs.pop(0)
        return {name: timing(one) for name, one in ratios.items() if only is None or name in only}, {}

    monkeypatch.setattr(quick, "measure_stages", measure_stages)
    monkeypatch.setattr(quick, "baseline_path", lambda processor: tmp_path / f"{processor}.json")
    return runs


def test_unchanged_speed_passes_and_slower_work_fails(measured, capsys):
    measured += [{"extract": 2.0}] * 3
    assert main(["quick", "--write-baseline"]) == 0
    measured += [{"extract": 2.1}]
    assert main(["quick"]) == 0
    measured += [{"extract": 3.0}, {"extract": 2.9}]
    assert main(["quick"]) == 1
    assert "REGRESSED" in capsys.readouterr().out


def test_one_slow_run_is_measured_again_before_it_fails(measured):
    measured += [{"extract": 2.0, "decode": 1.0}] * 3
    main(["quick", "--write-baseline"])
    measured += [{"extract": 3.0, "decode": 1.0}, {"extract": 2.0}]
    assert main(["quick"]) == 0
    assert not measured


def test_a_baseline_holds_the_noise_between_its_runs(measured, tmp_path):
    measured += [{"extract": ratio} for ratio in (2.0, 1.8, 2.4)]
    main(["quick", "--write-baseline"])
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text())["stages"]["extract"] == {"ratio": 2.0, "noise": 0.15}


def test_without_a_baseline_nothing_is_judged(measured, capsys, tmp_path):
    measured += [{"extract": 9.0}]
    assert main(["quick", "--json", str(tmp_path / "ratios.json")]) == 0
    assert "no baseline" in capsys.readouterr().out
    assert json.loads((tmp_path / "ratios.json").read_text())["stages"]["extract"]["ratio"] == 9.0
