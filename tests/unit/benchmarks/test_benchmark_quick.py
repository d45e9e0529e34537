"""The quick profile's verdict, with made-up measurements."""

import json
from contextlib import contextmanager, nullcontext

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
    monkeypatch.setattr(quick, "busy_neighbors", lambda count: nullcontext())
    monkeypatch.setattr(quick, "baseline_path", lambda processor: tmp_path / f"{processor}.json")
    return runs


def test_unchanged_speed_passes_and_slower_work_fails(measured, capsys):
    measured += [{"extract": 2.0}] * 2
    assert main(["quick", "--write-baseline", "--repeats", "2"]) == 0
    measured += [{"extract": 2.1}]
    assert main(["quick"]) == 0
    measured += [{"extract": 3.0}, {"extract": 2.9}]
    assert main(["quick"]) == 1
    assert "REGRESSED" in capsys.readouterr().out


def test_one_slow_run_is_measured_again_before_it_fails(measured):
    measured += [{"extract": 2.0, "decode": 1.0}] * 2
    main(["quick", "--write-baseline", "--repeats", "2"])
    measured += [{"extract": 3.0, "decode": 1.0}, {"extract": 2.0}]
    assert main(["quick"]) == 0
    assert not measured


def test_a_baseline_spans_its_runs_idle_and_beside_busy_neighbors(measured, tmp_path, monkeypatch):
    neighbors = []

    @contextmanager
    def busy_neighbors(count):
        neighbors.append(count)
        yield

    monkeypatch.setattr(quick, "busy_neighbors", busy_neighbors)
    measured += [{"extract": ratio} for ratio in (2.0, 2.4, 1.6)]
    main(["quick", "--write-baseline", "--repeats", "3"])
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text())["stages"]["extract"] == {"ratio": 2.0, "noise": 0.2}
    assert [count > 0 for count in neighbors] == [False, True, False]


def test_a_baseline_of_other_libraries_is_shown_but_does_not_judge(measured, capsys, monkeypatch):
    measured += [{"extract": 2.0}] * 2
    main(["quick", "--write-baseline", "--repeats", "2"])
    measured += [{"extract": 3.0}] * 2
    monkeypatch.setattr(quick, "library_versions", lambda: {"numpy": "99.1"})
    assert main(["quick"]) == 0
    said = capsys.readouterr().out
    assert "REGRESSED" in said
    assert "-> 99.1" in said


def test_without_a_baseline_nothing_is_judged(measured, capsys, tmp_path):
    measured += [{"extract": 9.0}]
    assert main(["quick", "--json", str(tmp_path / "ratios.json")]) == 0
    assert "no baseline" in capsys.readouterr().out
    assert json.loads((tmp_path / "ratios.json").read_text())["stages"]["extract"]["ratio"] == 9.0
