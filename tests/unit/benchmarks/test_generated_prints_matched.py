"""Generated prints through the real engine: stable minutiae, mates plainly above strangers."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.__main__ import main
from benchmarks.engines import Engine, Extracted
from benchmarks.generated_prints import impression, master_print
from benchmarks.generated_templates import minutia_sets
from benchmarks.product_fingerprints import load
from benchmarks.report_tables import descriptor_table
from benchmarks.speed.finger_gallery import made_gallery
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.search.settings import SearchSettings

FINGERS = (0, 3, 8)
CAPTURES = (1, 2)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load("")


@pytest.fixture(scope="module")
def samples(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> list[Extracted]:
    """FINGERS x CAPTURES, in order."""
    folder: Path = tmp_path_factory.mktemp("prints")
    found = []
    for finger in FINGERS:
        master = master_print(finger)
        for capture in CAPTURES:
            path = folder / f"{finger}_{capture}.png"
            PillowImage.fromarray(impression(master, capture)).save(path)
            found.append(engine.extract(path, 500.0))
    return found


def test_as_many_minutiae_as_in_real_prints(samples: list[Extracted]) -> None:
    assert not any(sample.failed for sample in samples)
    counts = [len(MinutiaSet.from_bytes(sample.minutiae)) for sample in samples]
    assert min(counts) >= 25
    assert max(counts) <= 130
    assert min(sample.quality for sample in samples) >= 50


def test_mates_stand_apart_from_strangers(engine: Engine, samples: list[Extracted]) -> None:
    prepared = [engine.prepare(sample) for sample in samples]
    similarity = np.array([engine.similarities(one, prepared) for one in prepared])
    finger = np.repeat(FINGERS, len(CAPTURES))
    is_mated = finger[:, None] == finger[None, :]
    np.fill_diagonal(is_mated, False)
    strangers = similarity[finger[:, None] != finger[None, :]]
    generated = [
        engine.prepare(Extracted("", -1, samples[0].vectors, one.to_bytes())) for one in minutia_sets(40, seed=8)
    ]
    among_generated = np.concatenate([engine.similarities(one, generated) for one in prepared])
    assert similarity[is_mated].min() > strangers.max() + 0.05
    assert similarity[is_mated].min() > among_generated.max() + 0.05


def test_the_shortlist_finds_generated_mates_among_generated_strangers(tmp_path: Path) -> None:
    assert main(["generate", "--out", str(tmp_path / "prints"), "--fingers", "2", "--impressions", "2"]) == 0
    command = ["fingers", "--data", str(tmp_path / "prints"), "--out", str(tmp_path), "--jobs", "1", "--no-cache"]
    assert main([*command, "--ppi", "500", "--fingers", "400", "--shortlist", "20", "--probes", "5"]) == 0
    found = json.loads((tmp_path / "report.json").read_text())
    assert (found["fingers"], found["probes"], found["shortlist"]) == (400, 2, 20)
    assert (found["rank1"], found["in_shortlist"], found["loss_at_most"]) == (100.0, 100.0, 0.0)
    assert 500 < found["memory_bytes_a_finger"] < 100_000
    assert found["ratio_to_exhaustive"] > 0
    assert found["ratio_to_flat_knn"] > 0
    assert found["kinds"]["prints"]["probes"] == 2
    assert "| mate on the shortlist, % | 100.00 |" in descriptor_table(found)
    assert main([*command, "--ppi", "500", "--fingers", "400", "--shortlist", "20", "--allowed", "100"]) == 0
    filtered = json.loads((tmp_path / "report.json").read_text())
    assert (found["allowed"], filtered["fingers"], filtered["allowed"]) == (400, 400, 100)
    assert (filtered["rank1"], filtered["lost"]) == (100.0, 0)


def test_a_kept_gallery_is_the_same_gallery(tmp_path: Path) -> None:
    real = [next(iter(minutia_sets(1, seed=9))).to_bytes()]
    made, read, larger = (made_gallery("leader@1", real, n, job_count=1, kept=tmp_path) for n in (30, 30, 40))
    assert [len(one.index) for one in (made, read, larger)] == [len(made), len(read), len(larger)] == [30, 30, 40]
    probes = [(read.template(real[0]), 1)]
    found, same, other = (one.search_all(probes, SearchSettings(), job_count=1)[0] for one in (made, read, larger))
    assert (found.is_found, found.best, found.place) == (same.is_found, same.best, same.place)
    assert found.is_found
    assert other.best == found.best
    assert read.would_lead(probes, [found.best], job_count=1).all()
    assert not read.would_lead(probes, [2.0], job_count=1).any()
    allowed = read.some(10, 1)
    assert allowed.tolist() == sorted(set(allowed.tolist()))
    assert (len(allowed), allowed[0]) == (10, 1)
    assert read.search_all(probes, SearchSettings(), job_count=1, allowed=allowed)[0].is_found
    assert read.would_lead(probes, [found.best], job_count=1, allowed=allowed).all()
    stranger = [(read.template(real[0]), int(allowed[1]))]
    assert not read.would_lead(stranger, [0.0], job_count=1, allowed=allowed).any()


def test_pieces_and_turned_prints_are_probes_too(tmp_path: Path) -> None:
    assert main(["generate", "--out", str(tmp_path / "prints"), "--fingers", "1", "--impressions", "2"]) == 0
    command = ["fingers", "--data", str(tmp_path / "prints"), "--out", str(tmp_path), "--jobs", "1", "--no-cache"]
    # No more than there are can be allowed.
    assert main([*command, "--ppi", "500", "--fingers", "50", "--pieces", "--allowed", "5000"]) == 0
    found = json.loads((tmp_path / "report.json").read_text())
    assert found["allowed"] == 50
    kinds = found["kinds"]
    assert {"prints", "turned prints", "pieces of 230 px"} <= kinds.keys()
    assert kinds["turned prints"]["rank1"] == kinds["pieces of 230 px"]["rank1"] == 100.0
