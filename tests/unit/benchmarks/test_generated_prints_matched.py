"""Generated prints through the real engine: stable minutiae, mates plainly above strangers."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from benchmarks.engines import Engine, Extracted
from benchmarks.generated_prints import impression, master_print
from benchmarks.generated_templates import minutia_sets
from benchmarks.product_fingerprints import load
from matcher.fingerprint.minutia_set import MinutiaSet

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
