"""The report: what is missing is said, what was measured stands in tables, and no path of this machine."""

import json

from benchmarks import report
from benchmarks.__main__ import main
from benchmarks.report_tables import percent, table

VERIFICATION = {
    "datasets": {
        "set_a": {
            "mated": 280,
            "non_mated": 2880,
            "failure_to_enroll": 1,
            "eer": 0.0123,
            "fnmr_at_fmr": {"1e-2": 0.01, "1e-3": 0.02, "1e-4": 0.03},
            "intervals": {
                "eer": [0.001, 0.03],
                "fnmr_at_fmr": {name: [0.0, 0.05] for name in ("1e-2", "1e-3", "1e-4")},
            },
        }
    },
    "mean": {"eer": 0.0123, "fnmr_at_fmr": {"1e-2": 0.01, "1e-3": 0.02, "1e-4": 0.03}},
    "details": {
        "pack": "leader@1",
        "mean_intervals": {name: [0.0, 0.04] for name in ("eer", "1e-2", "1e-3", "1e-4")},
    },
}


def test_tables():
    assert percent(0.0123, [0.001, 0.03]) == "1.23 (0.10–3.00)"
    assert table(["a", "b"], [["x", "1"]]).splitlines() == ["| a | b |", "| --- | ---: |", "| x | 1 |"]


def test_sections_without_images_are_left_out_aloud(tmp_path, capsys):
    names = [section.name for section in report.planned(tmp_path, search_size=10) if section.needs]
    assert main(["report", "--data-root", str(tmp_path), "--out", str(tmp_path), "--only", *names]) == 0
    written = (tmp_path / "BENCHMARKS.md").read_text()
    assert written.count("Not measured: no images here") == len(names)
    assert str(tmp_path) not in written
    assert json.loads((tmp_path / "BENCHMARKS.json").read_text())["machine"]["processor_class"]


def test_measured_sections_are_tables_and_others_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "measured", lambda section: VERIFICATION)
    arguments = ["report", "--data-root", str(tmp_path), "--out", str(tmp_path), "--only"]
    assert main([*arguments, "fingerprint_verification"]) == 0
    assert main([*arguments, "face_verification"]) == 0
    written = (tmp_path / "BENCHMARKS.md").read_text()
    assert written.count("| set_a | 280 | 2,880 | 1 | 1.23 (0.10–3.00) |") == 2
    assert "This section" not in written


def test_a_section_measured_elsewhere_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "measured", lambda section: VERIFICATION)
    arguments = ["report", "--data-root", str(tmp_path), "--out", str(tmp_path), "--only"]
    assert main([*arguments, "fingerprint_verification"]) == 0
    monkeypatch.setattr(report, "machine", lambda: {"processor_class": "another", "date": "2026-01-02"})
    assert main([*arguments, "face_verification"]) == 0
    written = (tmp_path / "BENCHMARKS.md").read_text()
    assert written.count("This section: Processor class another; date 2026-01-02.") == 1


def test_a_command_that_fails_fails_the_report(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "measured", lambda section: {"error": "the command ended with exit code 2"})
    arguments = ["report", "--data-root", str(tmp_path), "--out", str(tmp_path), "--only", "speed"]
    assert main(arguments) == 1
    assert "exit code 2" in (tmp_path / "BENCHMARKS.md").read_text()


def test_an_unknown_section_is_an_error(tmp_path, capsys):
    assert main(["report", "--out", str(tmp_path), "--only", "weather"]) == 2
    assert "weather" in capsys.readouterr().err
