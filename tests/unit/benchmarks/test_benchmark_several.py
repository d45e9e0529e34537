"""`python -m benchmarks several` and what it counts."""

import json

import cv2
import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.error_rates.fusion_intervals import rates_with_intervals
from benchmarks.error_rates.fusion_rules import compare, rules, same_people, split
from matcher.scoring.calibration import Calibration

CALIBRATION = Calibration((-0.5, 0.0, 0.4, 0.8), (0.0, 3.0, 30.0, 70.0), 60.0, 1000, "made up for tests")


def crowd(people: int, photographs: int, *, spread: float = 0.5, seed: int = 0):
    """vectors (n, 16), subjects (n,): person p has 1 + p % photographs photographs."""
    rng = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(people), [1 + person % photographs for person in range(people)])
    rows = rng.normal(size=(people, 16))[subjects] + spread * rng.normal(size=(len(subjects), 16))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), subjects


def test_everybody_is_enrolled_and_no_photograph_is_both_reference_and_probe():
    _, subjects = crowd(40, 9)
    for seed in (0, 3):
        given = split(subjects, 3, seed)
        assert not set(given.references) & set(given.probes)
        assert (subjects[given.references][given.starts] == np.arange(40)).all()
        assert (np.bincount(subjects[given.references]) == given.counts).all()
        assert set(given.counts) == {1, 2, 3}
        assert (subjects[given.probes] == given.people).all()
        assert np.bincount(given.people).max() == 5


def test_rates_are_those_of_counting_one_by_one():
    vectors, subjects = crowd(30, 6)
    given = split(subjects, 3, 0)
    nobody = np.zeros((30, 30), bool)
    thresholds = {10: CALIBRATION.similarity_for(10)}
    outcomes = compare(vectors, given, rules(CALIBRATION), thresholds=thresholds, doubles=nobody)
    ends = [*given.starts[1:], len(given.references)]
    best = np.array(
        [
            [
                (vectors[given.references[start:end]] @ vectors[probe]).max()
                for start, end in zip(given.starts, ends, strict=True)
            ]
            for probe in given.probes
        ]
    )
    mated = best[np.arange(len(best)), given.people]
    strangers = np.where(np.arange(30) == given.people[:, None], -1, best)
    is_full = given.counts == 3
    found = rates_with_intervals(outcomes["best"], given.people, is_full, draws=1, scores=(10,))
    asked = is_full[given.people]
    assert found["rank_1"]["count"] == (mated > strangers.max(axis=1))[asked].sum()
    assert found["rank_1"]["total"] == found["fnir"]["total"] == asked.sum()
    assert found["fmr_10"]["count"] == (strangers[:, is_full] >= thresholds[10]).sum()
    assert found["fmr_10"]["total"] == len(best) * is_full.sum() - asked.sum()
    for rate in found.values():
        assert rate["low"] <= rate["rate"] <= rate["high"]


def test_one_person_under_two_names_is_no_stranger():
    vectors, subjects = crowd(20, 4, spread=0.3)
    vectors[subjects == 7] = vectors[subjects == 3][:1]
    same = same_people(vectors, subjects, mated_share=0.5)
    assert same[3, 7]
    assert same[7, 3]
    assert not same[np.diag_indices(20)].any()


def test_the_command_writes_every_way_and_asks_the_product(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("benchmarks.engines").engines.ADAPTERS, "face", "tests.unit.benchmarks.fake_engine")
    monkeypatch.setattr("benchmarks.error_rates.several.pack_calibration", lambda _: CALIBRATION)
    monkeypatch.setattr("benchmarks.error_rates.fusion_intervals.ROUNDS", 10)
    rng = np.random.default_rng(1)
    for person in range(8):
        own = rng.integers(60, 196, (4, 4))
        (tmp_path / "people" / str(person)).mkdir(parents=True)
        for number in range(7 if person < 3 else 2):
            pixels = np.clip(own + rng.integers(-30, 30, (4, 4)), 0, 255).astype(np.uint8)
            picture = cv2.resize(pixels, (32, 32), interpolation=cv2.INTER_NEAREST)
            cv2.imwrite(str(tmp_path / "people" / str(person) / f"{number}.png"), picture)
    arguments = ["--data", str(tmp_path / "people"), "--out", str(tmp_path / "out"), "--no-cache", "--jobs", "1"]
    assert main(["several", *arguments, "--draws", "2", "--searches", "5"]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [gallery["references"] for gallery in report["galleries"]] == [1, 1, 2, 2, 3, 3, 5, 5]
    assert [gallery["people"] for gallery in report["galleries"]] == [8, 8, 8, 3, 8, 3, 8, 3]
    assert set(report["galleries"][2]["rules"]) == set(rules(CALIBRATION))
    assert report["product"]["equal_count"] == report["product"]["search_count"] == 5


def test_too_few_photographs_are_a_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(__import__("benchmarks.engines").engines.ADAPTERS, "face", "tests.unit.benchmarks.fake_engine")
    monkeypatch.setattr("benchmarks.error_rates.several.pack_calibration", lambda _: CALIBRATION)
    picture = np.random.default_rng(0).integers(0, 256, (32, 32), np.uint8)
    (tmp_path / "people" / "one").mkdir(parents=True)
    cv2.imwrite(str(tmp_path / "people" / "one" / "0.png"), picture)
    assert main(["several", "--data", str(tmp_path / "people"), "--out", str(tmp_path / "out"), "--no-cache"]) == 2
    assert "photographs" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(rules(CALIBRATION)))
def test_one_reference_is_the_same_by_every_way(name):
    vectors, subjects = crowd(25, 1)
    subjects = np.concatenate([subjects, subjects])
    vectors = np.concatenate([vectors, -vectors])
    nobody = np.zeros((25, 25), bool)
    given = split(subjects, 1, 0)
    outcomes = compare(vectors, given, rules(CALIBRATION), thresholds={10: 0.0}, doubles=nobody)
    assert np.allclose(outcomes[name].mated, outcomes["best"].mated, atol=1e-6)
    assert np.allclose(outcomes[name].strangers, outcomes["best"].strangers, atol=1e-6)
