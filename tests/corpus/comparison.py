"""What differs between recorded answers and those of today, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tolerances:
    """How far two answers may lie apart and still be the same. similarity: of the pack's own scale. score: subjects
    closer than this may change places. count: of quality (0-100) and minutiae. shortlists: whether a list that is not
    proved is compared subject by subject."""

    similarity: float
    score: float
    count: int
    shortlists: bool


# The same processor and libraries compute the same; 1e-4 leaves room for sums in another order. The steepest
# calibration gives less than 300 points a unit of similarity.
SAME_MACHINE = Tolerances(similarity=1e-4, score=0.03, count=0, shortlists=True)
# Other processors get other kernels: a pixel is rounded the other way, and a minutia at its threshold comes or goes.
# With every vector unit switched off in OpenCV and numpy, 390 answers differed by at most 0.019 and 1.6.
OTHER_MACHINE = Tolerances(similarity=0.04, score=4.0, count=4, shortlists=False)
EXACT = (
    "probe",
    "refused",
    "packs",
    "gallery_size",
    "reference_count",
    "threshold",
    "target_fpir",
    "expected_false",
    "proved",
)

Answer = dict[str, Any]


def differences(recorded: Sequence[Answer], today: Sequence[Answer], within: Tolerances = SAME_MACHINE) -> list[str]:
    """Empty where the answers are the same: the same lists in the same order, where only subjects whose scores lie
    within the tolerances of each other may have changed places."""
    before, now = ({answer["name"]: answer for answer in answers} for answers in (recorded, today))
    found = [f"{name}: not asked any more" for name in before.keys() - now.keys()]
    found += [f"{name}: not in the record" for name in now.keys() - before.keys()]
    for name in before.keys() & now.keys():
        found += [f"{name}: {difference}" for difference in _of_answer(before[name], now[name], within)]
    return sorted(found)


def _of_answer(recorded: Answer, today: Answer, within: Tolerances) -> Iterator[str]:
    if recorded["probe"] != today["probe"]:
        yield "the image is another one, so the answers say nothing"
        return
    for key in EXACT:
        if recorded.get(key) != today.get(key):
            yield f"{key} was {recorded.get(key)}, is {today.get(key)}"
    if not _are_near(recorded.get("samples", []), today.get("samples", []), within.count):
        yield f"quality and minutiae were {recorded.get('samples')}, are {today.get('samples')}"
    rows = recorded.get("candidates", []), today.get("candidates", [])
    if within.shortlists or recorded.get("proved", True):
        yield from _of_order(*rows, within)
    elif [row[0] for row in rows[0][:1]] != [row[0] for row in rows[1][:1]]:
        yield "another candidate comes first"
    yield from _of_candidates(*rows, recorded.get("threshold", 0), within)


def _are_near(recorded: list[list[int]], today: list[list[int]], count: int) -> bool:
    return len(recorded) == len(today) and all(
        abs(old - new) <= count
        for before, now in zip(recorded, today, strict=True)
        for old, new in zip(before, now, strict=True)
    )


def _of_order(recorded: list[list[Any]], today: list[list[Any]], within: Tolerances) -> Iterator[str]:
    if len(recorded) != len(today):
        yield f"{len(recorded)} candidates were found, now {len(today)}"
        return
    for rank, (old, new) in enumerate(zip(recorded, today, strict=True), start=1):
        if old[0] != new[0] and not _is_tied(old, new, within):
            yield f"rank {rank} was {old[0]} with score {old[2]}, is {new[0]} with {new[2]}"


def _of_candidates(
    recorded: list[list[Any]], today: list[list[Any]], threshold: float, within: Tolerances
) -> Iterator[str]:
    before, now = ({row[0]: row for row in rows} for rows in (recorded, today))
    for subject in before.keys() & now.keys():
        yield from _of_candidate(subject, before[subject], now[subject], threshold, within)


def _of_candidate(subject: str, old: list[Any], new: list[Any], threshold: float, within: Tolerances) -> Iterator[str]:
    (_, old_reference, old_score, old_extrapolated, old_above, old_samples) = old
    (_, new_reference, new_score, new_extrapolated, new_above, new_samples) = new
    if abs(old_score - new_score) > within.score:
        yield f"{subject} had score {old_score}, has {new_score}"
    if old_reference != new_reference and within is SAME_MACHINE:
        yield f"{subject} was found by reference {old_reference}, now by {new_reference}"
    if old_extrapolated != new_extrapolated and within is SAME_MACHINE:
        yield f"{subject}: score extrapolated was {bool(old_extrapolated)}, is {bool(new_extrapolated)}"
    if old_above != new_above and abs(old_score - threshold) > within.score:
        yield f"{subject}: above threshold was {bool(old_above)}, is {bool(new_above)}"
    if [sample[0] for sample in old_samples] != [sample[0] for sample in new_samples]:
        yield f"{subject} was compared with other samples of the probe"
        return
    for (number, old_similarity, old_value), (_, new_similarity, new_value) in zip(
        old_samples, new_samples, strict=True
    ):
        if abs(old_similarity - new_similarity) > within.similarity:
            yield f"{subject}, sample {number}: similarity was {old_similarity}, is {new_similarity}"
        if abs(old_value - new_value) > within.score:
            yield f"{subject}, sample {number}: score was {old_value}, is {new_value}"


def _is_tied(old: list[Any], new: list[Any], within: Tolerances) -> bool:
    """Whether two subjects may stand at each other's rank. Where one sample decides, its similarity does. A reference
    that was another subject's is no tie."""
    if old[1] == new[1] or abs(old[2] - new[2]) > within.score:
        return False
    (old_samples, new_samples) = (old[5], new[5])
    if len(old_samples) > 1 or len(new_samples) > 1:
        return True
    return abs(old_samples[0][1] - new_samples[0][1]) <= 2 * within.similarity
