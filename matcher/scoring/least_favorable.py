"""A calibration that holds in each of several groups of strangers: that of the least favorable one.

A table from all strangers together is right on average, and too kind wherever probe and gallery come from one group:
people of one sex, age and descent, fingers of one sensor. Each group gets the false match rates that its comparisons
show, raised to what drawing other people of that group could have shown, and a tail fitted to its highest similarities.
The calibration takes, score by score, the group that asks for most.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Int64Array
from matcher.scoring.calibration import Calibration, Tail
from matcher.scoring.tail_fit import fitted_tail
from matcher.strangers import StrangerGroup

Float64Array = npt.NDArray[np.float64]

FEWEST_PEOPLE: Final = 20
"""Of fewer nothing is said."""
_LOWERED_MOST: Final = 16.0
_FEW_PEOPLE, _MANY_PEOPLE = 500, 2300
"""Between them what people calibrated from are lowered by falls to nothing, see few_people_discount."""

# Where fewer comparisons than these are left above a similarity, the false match rate is not known well enough.
TAIL_COUNT: Final = 30
FEWEST_COMPARISONS: Final = 10 * TAIL_COUNT
END_SCORE: Final = 100.0
"""The tail is believed as far as a search among ten million takes it, at the duplicate check's rate of 1e-3."""
SCORE_STEP: Final = 2.0
# A tail is fitted to this many of the highest similarities of all groups together, or to the highest tenth.
_PEAK_COUNT: Final = 150
PACK_MARGIN: Final = 1.0
"""Standard deviations, from drawing people, by which each rate and the scale of the tail are raised."""
SITE_MARGIN: Final = 3.0
"""The same for the people of a site, who may be few. Of 20, 40, 80, 200 and 500 people drawn from one neighborhood of
lfw_dev (500: from all of it) or from ORL, three photographs each, judged on others of the same, 21 of 398 calibrations
with a margin of 1 were more than 1.25 times too kind, up to 3.1 times, and none of 727 with 2.5. Judged on twenty
others of ORL, who are few themselves, it is 1 of 240 with 3."""


def group_calibration(group: StrangerGroup, tail: Tail, margin: float = PACK_MARGIN) -> Calibration:
    """The calibration of one group by itself, with the tail that common_tail found for all of them.

    Each row's false match rate is raised by margin times the standard deviation of drawing other people of the group.
    Raises ValueError where there are too few comparisons.
    """
    count = len(group.similarities)
    if count <= FEWEST_COMPARISONS:
        raise ValueError(f"a calibration needs more than {FEWEST_COMPARISONS} non-mated comparisons, not {count}")
    drawing = _Drawing.of(group)
    falling = np.sort(group.similarities.astype(np.float64))[::-1]
    measured = -10.0 * math.log10(TAIL_COUNT / count)
    rows = [(float(falling[-1]), 0.0)]
    for raw in [*np.arange(SCORE_STEP / 2, measured, SCORE_STEP / 2).tolist(), measured]:
        similarity = float(falling[max(math.ceil(count * 10.0 ** (-raw / 10.0)), TAIL_COUNT) - 1])
        rate, deviation = drawing.rate(similarity)
        score = -10.0 * math.log10(min(rate * math.exp(margin * deviation / rate), 1.0))
        if similarity > rows[-1][0] and score > rows[-1][1]:
            rows.append((similarity, score))
    if len(rows) < 2:
        raise ValueError("the similarities of strangers are all alike: there is nothing to calibrate")
    similarities, scores = zip(*rows, strict=True)
    return Calibration(similarities, scores, rows[-1][1], count, group.name, tail)


def common_tail(groups: Sequence[StrangerGroup], margin: float = PACK_MARGIN) -> Tail:
    """How the highest similarities of all groups together fall off.

    How much further two strangers go who got this far depends on how far that is more than on the group, and a group
    alone has too few who did: nearer in, where there are more, similarities fall off more slowly. A similarity ends
    somewhere, so that its true tail is lighter than the exponential one; a heavier one counts only where the data show
    it by two standard errors of the shape. Raises ValueError where there are too few comparisons.
    """
    similarities = np.concatenate([np.asarray(group.similarities, np.float64) for group in groups])
    if len(similarities) <= FEWEST_COMPARISONS:
        raise ValueError(f"a calibration needs more than {FEWEST_COMPARISONS} non-mated comparisons")
    threshold = float(np.sort(similarities)[::-1][max(TAIL_COUNT, min(_PEAK_COUNT, len(similarities) // 10))])
    pairs = [
        np.sort(np.stack([group.first[above], group.second[above]]), axis=0)
        for group in groups
        for above in [group.similarities > threshold]
    ]
    # Strangers who look alike are one finding, however often they were photographed.
    pair_count = len(np.unique(np.concatenate(pairs, axis=1), axis=1).T)
    fitted = fitted_tail(similarities, threshold, end_score=END_SCORE, independent_count=pair_count)
    if fitted.shape > 2.0 / math.sqrt(pair_count):
        return fitted
    mean_excess = float((similarities[similarities > threshold] - threshold).mean())
    return Tail(mean_excess * (1.0 + margin / math.sqrt(pair_count)), 0.0, END_SCORE)


def few_people_discount(people_count: int) -> float:
    """By how much scores from so many people are lowered where nothing else is known of a pack.

    Who is drawn from everywhere shows no group of people who resemble each other. Calibrated from 50 to 500 of
    lfw_dev's people (three draws each, benchmarks of docs/faces.md) scores were 5 to 35 times too kind in the least
    favorable neighborhood of the others, from 1,000 1.3 to 5 times, from half of its 4,546 people no more.
    """
    share = math.log(_MANY_PEOPLE / max(people_count, 1)) / math.log(_MANY_PEOPLE / _FEW_PEOPLE)
    return _LOWERED_MOST * min(max(share, 0.0), 1.0)


def lowered(calibration: Calibration, by: float) -> Calibration:
    """The calibration, with a tail, that gives a score lower by so much; as much less of it is measured."""
    if by <= 0.0:
        return calibration
    assert calibration.tail is not None
    measured = max(calibration.measured_score - by, SCORE_STEP)
    steps = [*np.arange(0.0, measured - SCORE_STEP / 2, SCORE_STEP).tolist(), measured]
    rows = [(float(calibration.similarities_of(score + by)), score) for score in steps]
    similarities, scores = zip(*rows, strict=True)
    # As far beyond the last row as the tail has come by then.
    excess = max(measured + by - calibration.measured_score, 0.0) * math.log(10.0) / 10.0
    scale = calibration.tail.scale * math.exp(calibration.tail.shape * excess)
    return replace(
        calibration,
        similarities=similarities,
        scores=scores,
        measured_score=measured,
        tail=replace(calibration.tail, scale=scale),
    )


@dataclass(frozen=True, slots=True)
class LeastFavorable:
    """calibration: no kinder than that of any group. group: name of the one that asks for most similarity, maybe of a
    known calibration. by_group: the calibration of each by itself."""

    calibration: Calibration
    group: str
    by_group: Mapping[str, Calibration]


def calibrated(
    groups: Sequence[StrangerGroup],
    description: str,
    *,
    non_mated_count: int,
    known: Mapping[str, Calibration] = MappingProxyType({}),
    discount: float = 0.0,
    margin: float = PACK_MARGIN,
) -> LeastFavorable:
    """The calibration that holds in each group; those with FEWEST_COMPARISONS or fewer are left out. Names of groups
    differ, and groups may overlap. non_mated_count: comparisons, each once. known: calibrations, with tails, that this
    one must not be kinder than. discount: see few_people_discount. margin: PACK_MARGIN or SITE_MARGIN. Raises
    ValueError where no group has more comparisons.
    """
    tail = common_tail(groups, margin)
    by_group = {
        group.name: group_calibration(group, tail, margin)
        for group in groups
        if len(group.similarities) > FEWEST_COMPARISONS
    }
    name, calibration = least_favorable({**by_group, **known}, description)
    calibration = replace(lowered(calibration, discount), non_mated_count=non_mated_count)
    return LeastFavorable(calibration, name, by_group)


def least_favorable(groups: Mapping[str, Calibration], description: str) -> tuple[str, Calibration]:
    """(name of the least favorable group, the calibration that is no kinder than any group's).

    Least favorable is the group that takes most similarity at the end of what it measured; it says how far the scores
    count as measured. Raises ValueError without a group.
    """
    if not groups:
        raise ValueError("there is no group to calibrate on")
    end = min(one.measured_score for one in groups.values())
    name = max(groups, key=lambda one: float(groups[one].similarities_of(end)))
    worst = groups[name]
    assert worst.tail is not None
    steps = [*np.arange(SCORE_STEP, worst.measured_score - SCORE_STEP / 2, SCORE_STEP).tolist(), worst.measured_score]
    rows = [(min(one.similarities[0] for one in groups.values()), 0.0)]
    for score in steps:
        similarity = max(float(one.similarities_of(score)) for one in groups.values())
        if similarity > rows[-1][0]:
            rows.append((similarity, score))
    last, measured = rows[-1]
    # The tail starts at the last row and must reach as far out as that of any group does.
    scale = worst.tail.scale
    for score in np.arange(measured + SCORE_STEP, worst.tail.end_score + 1e-9, SCORE_STEP).tolist():
        nats = (score - measured) * math.log(10.0) / 10.0
        shape = worst.tail.shape
        reach = math.expm1(shape * nats) / shape if shape > 0 else nats
        scale = max(scale, *((float(one.similarities_of(score)) - last) / reach for one in groups.values()))
    count = sum(one.non_mated_count for one in groups.values())
    tail = Tail(scale, worst.tail.shape, worst.tail.end_score)
    return name, Calibration(
        tuple(row[0] for row in rows), tuple(row[1] for row in rows), measured, count, description, tail
    )


def rate_and_interval(group: StrangerGroup, similarity: float) -> tuple[float, float, float]:
    """The false match rate at a similarity and its two-sided 95 % interval from drawing people; (0, 0, three by the
    number of comparisons) where nobody reaches it."""
    rate, deviation = _Drawing.of(group).rate(similarity)
    if rate == 0:
        return 0.0, 0.0, min(1.0, 3.0 / len(group.similarities))
    spread = math.exp(1.96 * deviation / rate)
    return rate, rate / spread, min(1.0, rate * spread)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """What drawing people again would do to a rate. first, second: int64 (n,), numbers from 0; compared: int64
    (people,), comparisons of each."""

    similarities: npt.NDArray[np.floating]
    first: Int64Array
    second: Int64Array
    compared: Int64Array

    @classmethod
    def of(cls, group: StrangerGroup) -> _Drawing:
        people, places = np.unique(np.concatenate([group.first, group.second]), return_inverse=True)
        first, second = places[: len(group.first)], places[len(group.first) :]
        return cls(group.similarities, first, second, np.bincount(places, minlength=len(people)))

    def rate(self, similarity: float) -> tuple[float, float]:
        """False match rate at a similarity, and its standard deviation from drawing people with all their comparisons,
        by the delta method: comparisons that share a person are not independent."""
        reached = self.similarities >= similarity
        count, size = len(self.similarities), len(self.compared)
        rate = float(np.count_nonzero(reached)) / count
        matches = np.bincount(self.first[reached], minlength=size) + np.bincount(self.second[reached], minlength=size)
        influence = (matches - rate * self.compared) / count
        return rate, float(np.sqrt((influence**2).sum()))
