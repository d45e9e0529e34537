"""The commands from folder to report, on generated pictures and an engine without a model."""

import csv
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.__main__ import COMMANDS, main


@pytest.fixture(autouse=True)
def _fake_engine(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("benchmarks.engines").engines.ADAPTERS, "face", "tests.unit.benchmarks.fake_engine")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Five people of three pictures, alike within a person; one picture shows nothing."""
    rng = np.random.default_rng(2)
    for person in range(5):
        base = rng.uniform(40, 210, (4, 4))
        folder = tmp_path / "people" / f"p{person}"
        folder.mkdir(parents=True)
        for number in range(3):
            pixels = np.kron(base + rng.normal(0, 15, (4, 4)), np.ones((16, 16))).clip(0, 255).astype(np.uint8)
            if (person, number) == (4, 2):
                pixels[:] = 100
            PillowImage.fromarray(pixels).save(folder / f"{number}.png")
    return tmp_path / "people"


def run(command: str, data: Path, out: Path, *options: str) -> dict:
    assert main([command, "--modality", "face", "--data", str(data), "--out", str(out), "--jobs", "1", *options]) == 0
    return json.loads((out / "report.json").read_text())


def test_held_out_people_alone(people, tmp_path, capsys):
    command = [
        "verification",
        "--modality",
        "face",
        "--data",
        str(people),
        "--out",
        str(tmp_path / "out"),
        "--jobs",
        "1",
    ]
    assert main([*command, "--held-out"]) == 2
    assert "held out" in capsys.readouterr().err
    (people / "p0").rename(people / "p6")
    (people / "p1").rename(people / "p8")
    report = run("verification", people, tmp_path / "out", "--held-out")
    assert (report["datasets"]["people"]["mated"], report["datasets"]["people"]["non_mated"]) == (6, 9)
    details = json.loads((tmp_path / "out" / "details.json").read_text())["datasets"]["people"]
    assert (details["identities"], details["fold_accuracy"]["pairs"]) == (2, 12)


def width_of(picture: Path) -> int:
    with PillowImage.open(picture) as image:
        return image.size[0]


def test_verification_report(people, tmp_path):
    report = run("verification", people, tmp_path / "out")
    assert list(report) == ["datasets", "mean"]
    line = report["datasets"]["people"]
    assert list(line) == ["mated", "non_mated", "failure_to_enroll", "eer", "fnmr_at_fmr", "intervals"]
    assert (line["mated"], line["non_mated"], line["failure_to_enroll"]) == (15, 90, 1)
    assert list(line["fnmr_at_fmr"]) == ["1e-2", "1e-3", "1e-4"]
    # Two of fifteen mated pairs touch the picture without a template.
    assert line["fnmr_at_fmr"]["1e-2"] >= 2 / 15
    low, high = line["intervals"]["fnmr_at_fmr"]["1e-2"]
    assert low <= line["fnmr_at_fmr"]["1e-2"] <= high
    assert report["mean"] == {"eer": line["eer"], "fnmr_at_fmr": line["fnmr_at_fmr"]}
    with (tmp_path / "out" / "scores.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 105
    assert sum(row["mated"] == "1" for row in rows) == 15
    assert sum(row["similarity"] == "-inf" for row in rows) == 14
    assert width_of(tmp_path / "out" / "det.png") > 300


def test_second_run_takes_templates_from_the_cache(people, tmp_path, monkeypatch):
    first = run("verification", people, tmp_path / "one")
    monkeypatch.setattr(
        "tests.unit.benchmarks.fake_engine.FakeEngine.extract", lambda *_: pytest.fail("extracted again")
    )
    assert run("verification", people, tmp_path / "two") == first


def test_no_cache_leaves_no_template_behind(people, tmp_path):
    run("verification", people, tmp_path / "out", "--no-cache")
    assert not list((tmp_path / "cache").rglob("*.npz"))


def test_templates_of_old_code_do_not_pile_up(people, tmp_path):
    cache = tmp_path / "cache" / "station-matcher" / "benchmarks"
    for name, age_days in (("fake@1-old", 30), ("fake@1-recent", 2), ("other@1-old", 30)):
        (cache / name).mkdir(parents=True)
        long_ago = time.time() - age_days * 86_400
        os.utime(cache / name, (long_ago, long_ago))
    run("verification", people, tmp_path / "out")
    assert sorted(path.name for path in cache.iterdir()) == ["fake@1-recent", "fake@1-test", "other@1-old"]


def test_identification_report(people, tmp_path):
    report = run("identification", people, tmp_path / "out", "--search", "exhaustive")
    assert list(report) == ["rank", "probes", "gallery", "fnir_at_fpir"]
    assert (report["probes"], report["gallery"]) == (10, 5)
    assert report["rank"] == {"1": 0.9, "5": 0.9, "10": 0.9, "20": 0.9}
    assert report["fnir_at_fpir"]["1e-1"] >= 0.1
    assert width_of(tmp_path / "out" / "cmc.png") > 300


def test_distractors_grow_the_gallery_and_are_declared(people, tmp_path):
    report = run("identification", people, tmp_path / "out", "--distractors", "50", "--search", "exhaustive")
    assert report["gallery"] == 55
    details = json.loads((tmp_path / "out" / "details.json").read_text())
    assert details["distractors"] == {"images": 0, "image_failures": 0, "generated": 50}


def test_identities_declared_the_same_share_one_reference(people, tmp_path):
    other = tmp_path / "again" / "x"
    shutil.copytree(people / "p0", other)
    report = run("identification", people, tmp_path / "out", "--data", str(other.parent), "--search", "exhaustive")
    assert (report["probes"], report["gallery"]) == (12, 6)
    # The copy of the reference scores 1 with its twin, who comes before the mate.
    assert report["rank"]["1"] < 0.9
    same = ("--data", str(other.parent), "--search", "exhaustive", "--same", "again/x=people/p0")
    report = run("identification", people, tmp_path / "out", *same)
    assert (report["probes"], report["gallery"]) == (13, 5)
    assert report["rank"]["1"] == pytest.approx(12 / 13)


def test_an_empty_folder_is_a_message_and_not_a_traceback(tmp_path, capsys):
    arguments = ["verification", "--modality", "face", "--data", str(tmp_path / "absent"), "--out", str(tmp_path / "o")]
    assert main(arguments) == 2
    assert "not a folder" in capsys.readouterr().err


def test_a_set_without_mates_is_refused(people, tmp_path, capsys):
    for path in people.rglob("*.png"):
        if path.stem != "0":
            path.unlink()
    arguments = [
        "verification",
        "--modality",
        "face",
        "--data",
        str(people),
        "--out",
        str(tmp_path / "o"),
        "--jobs",
        "1",
    ]
    assert main(arguments) == 2
    assert "0 mated" in capsys.readouterr().err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "search"])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "--" in capsys.readouterr().out
