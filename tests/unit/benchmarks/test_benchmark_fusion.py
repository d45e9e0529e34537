"""`python -m benchmarks fusion`: who is a stranger of whom, and rates that are those of counting."""

import json

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.__main__ import main
from benchmarks.datasets import ImageFile
from benchmarks.error_rates import fusion
from benchmarks.error_rates.bad_captures import FAULTS, spoiled
from benchmarks.error_rates.chimeric import Captures, Tally, drawn_anew, mates, measured_over_stated, strangers
from matcher.scoring.calibration import Calibration
from matcher.scoring.sample_fusion import fused_values

CALIBRATION = Calibration((-0.5, 0.0, 0.4, 0.8), (0.0, 3.0, 30.0, 70.0), 60.0, 1000, "made up for tests")
SETS, FINGERS, IMPRESSIONS = 2, 4, 3


def captures(*, bad: float = 1.0, seed: int = 0) -> Captures:
    """Scores of independent strangers, reached `bad` times as often as stated; mates have 50 more."""
    shape = (SETS, FINGERS, IMPRESSIONS) * 2
    scores = -10 * np.log10(np.random.default_rng(seed).random(shape) / bad)
    for number in range(SETS):
        for finger in range(FINGERS):
            scores[number, finger, :, number, finger] += 50
    return Captures("made up", scores.astype(np.float32))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_finger_meets_itself_or_another_twice(count):
    numbered = np.zeros((SETS, FINGERS, IMPRESSIONS) * 2, np.float32)
    for probe in range(FINGERS):
        for reference in range(FINGERS):
            numbered[:, probe, :, :, reference] = 10 * probe + reference
    for probe_set, reference_set, scores in strangers(Captures("", numbered), count, np.random.default_rng(0)):
        probes, references = np.divmod(scores.astype(int), 10)
        assert scores.shape[1] == count
        for side in (probes, references):
            assert all(len(set(row)) == count for row in side.tolist())
        if probe_set == reference_set:
            assert (probes != references).all()


def test_mates_are_their_own_fingers_and_another_impression():
    found = mates(captures(), 2, np.random.default_rng(0))
    assert found.min() >= 50
    assert found.shape == (SETS * IMPRESSIONS * (IMPRESSIONS - 1) * 20, 2)


def test_prints_without_a_template_are_left_out():
    made = captures()
    made.scores[0, 1, 2] = np.nan
    for _, _, scores in strangers(made, 2, np.random.default_rng(0)):
        assert not np.isnan(scores).any()


@pytest.mark.parametrize(("discount", "bad"), [(0.0, 1.0), (1.0, 1.25)])
def test_rates_drawn_anew_are_those_of_drawing(discount, bad):
    made = captures(bad=bad)
    thresholds = np.array([5.0, 10.0])
    rates = drawn_anew(made, 2, thresholds, faces=None, discount=discount)[0, 1]
    block = made.scores[0, :, :, 1].ravel()
    drawn = np.random.default_rng(1).choice(block, (400_000, 2))
    fused = fused_values(drawn, discount=discount)
    assert np.allclose(rates, [(fused >= one).mean() for one in thresholds], rtol=0.05)


def test_a_ratio_counts_pairs_and_has_an_interval_around_it():
    tallies = [Tally(one, other, 1000, np.array([2, 0])) for one in range(3) for other in range(3)]
    first, second = measured_over_stated(tallies, np.array([30.0, 50.0]), 3)
    assert (first["count"], first["pairs"], first["ratio"]) == (18, 9000, pytest.approx(2.0))
    assert first["low"] <= first["ratio"] <= first["high"]
    assert second["ratio"] == 0 < second["high"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_every_print_the_same_way_each_time(fault, tmp_path):
    pixels = (np.sin(np.arange(400)[None] / 3.0) * 100 + 128).repeat(400, axis=0).astype(np.uint8)
    PillowImage.fromarray(pixels).save(tmp_path / "print.png")
    file = ImageFile(tmp_path / "print.png", "print.png", "1", 500.0)
    made = [spoiled([file], fault, tmp_path / name)[0].path.read_bytes() for name in ("one", "two")]
    assert made[0] == made[1] != (tmp_path / "print.png").read_bytes()


def test_the_command_writes_every_way(tmp_path, monkeypatch):
    adapters = __import__("benchmarks.engines").engines.ADAPTERS
    for modality in ("face", "fingerprint"):
        monkeypatch.setitem(adapters, modality, "tests.unit.benchmarks.fake_engine")
    monkeypatch.setattr(fusion, "pack_calibration", lambda _: CALIBRATION)
    monkeypatch.setattr("benchmarks.error_rates.chimeric.DRAWS", 50)
    monkeypatch.setattr("benchmarks.error_rates.chimeric.ROUNDS", 5)
    rng = np.random.default_rng(0)
    for name, each in (("set_a", 2), ("set_b", 2)):
        (tmp_path / name).mkdir()
        for finger in range(10):
            base = rng.uniform(40, 210, (4, 4))
            for number in range(each):
                pixels = np.kron(base + rng.normal(0, 15, (4, 4)), np.ones((48, 48))).clip(0, 255).astype(np.uint8)
                PillowImage.fromarray(pixels).save(tmp_path / name / f"{finger}_{number}.png")
    arguments = ["--data", str(tmp_path / "set_a"), str(tmp_path / "set_b"), "--ppi", "500", "--impressions", "2"]
    arguments += ["--out", str(tmp_path / "out"), "--no-cache", "--jobs", "1", "--same", "set_a/3=set_b/4"]
    assert main(["fusion", *arguments]) == 0
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    rows = {(row["fingers"], row["rule"], row["capture"]) for row in report["rows"]}
    assert (10, "product", "all together") in rows
    assert {capture for _, _, capture in rows} == {"as they are", "all together", *FAULTS}
