"""The commands with the real engine: generated prints through worker processes and the product's database, and a few
real prints of a sensor that is not 500 ppi."""

import json
from pathlib import Path

import pytest

from benchmarks.__main__ import main


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three fingers of two impressions, and a file that is none."""
    folder = tmp_path_factory.mktemp("sets") / "generated"
    assert main(["generate", "--out", str(folder), "--fingers", "3", "--impressions", "2", "--seed", "40"]) == 0
    (folder / "3_3.png").write_bytes(b"no image")
    return folder


def measured(command: str, out: Path, *options: str) -> tuple[dict, dict]:
    """report.json and details.json of a run."""
    assert main([command, "--modality", "fingerprint", "--out", str(out), *options]) == 0
    return tuple(json.loads((out / name).read_text()) for name in ("report.json", "details.json"))


def test_verification_in_worker_processes(generated, tmp_path):
    report, details = measured("verification", tmp_path / "out", "--data", str(generated), "--jobs", "2")
    line = report["datasets"]["generated"]
    assert (line["mated"], line["non_mated"], line["failure_to_enroll"]) == (5, 16, 1)
    assert line["fnmr_at_fmr"]["1e-2"] == pytest.approx(2 / 5)  # the file that is no image, and nothing else
    assert details["datasets"]["generated"]["failures"] == {"ImageFormatError": 1}
    assert details["datasets"]["generated"]["ppi"] == [500.0]


def test_identification_through_the_database(generated, tmp_path):
    options = ("--data", str(generated), "--jobs", "1", "--distractors", "30")
    report, details = measured("identification", tmp_path / "out", *options)
    assert (report["probes"], report["gallery"]) == (4, 33)
    assert report["rank"] == {"1": 0.75, "5": 0.75, "10": 0.75, "20": 0.75}
    assert details["search"] == "product"
    exhaustive, _ = measured("identification", tmp_path / "all", *options, "--search", "exhaustive")
    assert exhaustive == report


def test_real_prints_are_read_at_their_sensors_resolution(fingerprints_folder, tmp_path):
    folder = tmp_path / "fvc2002_db2_b"
    folder.mkdir()
    for finger in (101, 105, 110):
        for number in (1, 2):
            name = f"{finger}_{number}.tif"
            (folder / name).symlink_to(fingerprints_folder / "fvc2002_db2_b" / name)
    report, details = measured("verification", tmp_path / "out", "--data", str(folder), "--jobs", "1", "--no-cache")
    line = report["datasets"]["fvc2002_db2_b"]
    assert (line["mated"], line["non_mated"], line["failure_to_enroll"]) == (3, 12, 0)
    assert line["eer"] == 0.0
    assert details["datasets"]["fvc2002_db2_b"]["ppi"] == [569.0]
