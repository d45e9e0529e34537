"""Generated prints and templates are honest: minutiae point both ways, and strangers score no higher than stated."""

import math

import numpy as np
import pytest

from benchmarks.engines import EngineError
from benchmarks.generated_prints import impression, master_print
from benchmarks.generated_templates import minutia_sets
from benchmarks.generated_templates.measures import STATISTICS, describe_set
from benchmarks.product_files import pack_store, ready_pack
from index.records import FingerPosition
from matcher.fingerprint.comparison.compare import compare_many, prepare
from matcher.fingerprint.engine import FingerprintEngine
from matcher.fingerprint.minutia_set import MinutiaSet
from matcher.samples import Image
from matcher.scoring.calibration import Calibration

PRINT_COUNT = 30
TEMPLATE_COUNT = 300
SCORES = (20.0, 30.0, 40.0)
# Medians of five FVC sets B (without FVC2002 DB4, whose prints are generated themselves, and whose neighbors agree by
# 0.47) and of twenty rolled prints: lowest and highest, widened by half of their range on either side.
REAL_MEDIANS = {
    "axis_agreement": (0.778 - 0.03, 0.838 + 0.03),
    "side_agreement": (0.002 - 0.15, 0.299 + 0.15),
    "side_agreement_70_px": (0.070 - 0.08, 0.226 + 0.08),
}


@pytest.fixture(scope="module")
def engine() -> FingerprintEngine:
    store = pack_store()
    return FingerprintEngine.load(ready_pack(store, "leader"), store, thread_count=1)


@pytest.fixture(scope="module")
def prints(engine: FingerprintEngine) -> list[MinutiaSet]:
    """What is found in one usual capture of PRINT_COUNT fingers."""
    captures = [impression(master_print(400 + finger), 1) for finger in range(PRINT_COUNT)]
    return [engine.extract(Image(pixels, 500.0, "")).minutiae for pixels in captures]


@pytest.fixture(scope="module")
def templates() -> list[MinutiaSet]:
    return list(minutia_sets(TEMPLATE_COUNT, seed=11))


@pytest.mark.parametrize("kind", ["prints", "templates"])
def test_neighbors_point_both_ways_as_in_real_prints(kind: str, request: pytest.FixtureRequest) -> None:
    described = np.array([describe_set(one) for one in request.getfixturevalue(kind)])
    for name, (low, high) in REAL_MEDIANS.items():
        median = float(np.nanmedian(described[:, STATISTICS.index(name)]))
        assert low <= median <= high, f"{name} {median:.3f}"


@pytest.mark.parametrize("kind", ["prints", "templates"])
def test_strangers_reach_no_score_more_often_than_stated(
    kind: str, engine: FingerprintEngine, request: pytest.FixtureRequest
) -> None:
    """The count stays within the 97.5 % quantile of what the stated rate makes of so many pairs."""
    scores = stranger_scores(engine, request.getfixturevalue(kind))
    for score in SCORES:
        reached = int(np.count_nonzero(scores >= score))
        assert reached <= most_by_chance(len(scores), 10 ** (-score / 10)), f"score {score} reached {reached} times"


def stranger_scores(engine: FingerprintEngine, sets: list[MinutiaSet]) -> np.ndarray:
    """float64 (pairs,): the score of every pair, each of another finger."""
    if engine.calibration is None:
        raise EngineError("the pack has no calibration")
    calibration = Calibration.from_table(engine.calibration)
    prepared = [prepare(engine.template_from_minutiae(one, FingerPosition.UNKNOWN)) for one in sets]
    similarities = [compare_many(prepared[row], prepared[:row]) for row in range(1, len(prepared))]
    return np.array([calibration.score(float(one)).value for one in np.concatenate(similarities)])


def most_by_chance(trials: int, rate: float) -> int:
    """97.5 % quantile of a binomial count."""
    term = total = (1 - rate) ** trials
    count = 0
    while total < 0.975:
        count += 1
        term *= (trials - count + 1) / count * rate / (1 - rate)
        total += term
    return count


def test_the_bound_is_that_of_the_binomial() -> None:
    assert most_by_chance(44_850, 1e-4) == 9
    assert most_by_chance(435, 1e-4) == 1
    assert most_by_chance(435, 1e-2) == 9
    assert math.isclose(most_by_chance(44_850, 1e-2), 44_850 * 1e-2 + 1.96 * math.sqrt(44_850 * 1e-2), rel_tol=0.01)
