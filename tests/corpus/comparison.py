"""What differs between recorded answers and those of today, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

# Kernels for other processors add in another order; what that does to a comparison is far below this.
SIMILARITY_TOLERANCE = 1e-4
# The steepest calibration gives less than 300 points a unit of similarity.
SCORE_TOLERANCE = 0.03
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


def differences(recorded: Sequence[Answer], today: Sequence[Answer]) -> list[str]:
    """Empty where the answers are the same: the same lists in the same order, where only subjects whose scores lie
    within the tolerances of each other may have changed places."""
    before, now = ({answer["name"]: answer for answer in answers} for answers in (recorded, today))
    found = [f"{name}: not asked any more" for name in before.keys() - now.keys()]
    found += [f"{name}: not in the record" for name in now.keys() - before.keys()]
    for name in before.keys() & now.keys():
        found += [f"{name}: {difference}" for difference in _of_answer(before[name], now[name])]
    return sorted(found)


def _of_answer(recorded: Answer, today: Answer) -> Iterator[str]:
    if recorded["probe"] != today["probe"]:
        yield "the image is another one, so the answers say nothing"
        return
    for key in EXACT:
        if recorded.get(key) != today.get(key):
            yield f"{key} was {recorded.get(key)}, is {today.get(key)}"
    if recorded.get("samples") != today.get("samples"):
        yield f"quality and minutiae were {recorded.get('samples')}, are {today.get('samples')}"
    yield from _of_candidates(recorded.get("candidates", []), today.get("candidates", []), recorded.get("threshold", 0))


def _of_candidates(recorded: list[list[Any]], today: list[list[Any]], threshold: float) -> Iterator[str]:
    if len(recorded) != len(today):
        yield f"{len(recorded)} candidates were found, now {len(today)}"
        return
    before, now = ({row[0]: row for row in rows} for rows in (recorded, today))
    for rank, (old, new) in enumerate(zip(recorded, today, strict=True), start=1):
        if old[0] != new[0] and not _is_tied(old, new):
            yield f"rank {rank} was {old[0]} with score {old[2]}, is {new[0]} with {new[2]}"
    for subject in before.keys() & now.keys():
        yield from _of_candidate(subject, before[subject], now[subject], threshold)


def _of_candidate(subject: str, old: list[Any], new: list[Any], threshold: float) -> Iterator[str]:
    (_, old_reference, old_score, old_capped, old_above, old_samples) = old
    (_, new_reference, new_score, new_capped, new_above, new_samples) = new
    if abs(old_score - new_score) > SCORE_TOLERANCE:
        yield f"{subject} had score {old_score}, has {new_score}"
    if old_reference != new_reference:
        yield f"{subject} was found by reference {old_reference}, now by {new_reference}"
    if old_capped != new_capped:
        yield f"{subject}: score capped was {bool(old_capped)}, is {bool(new_capped)}"
    if old_above != new_above and abs(old_score - threshold) > SCORE_TOLERANCE:
        yield f"{subject}: above threshold was {bool(old_above)}, is {bool(new_above)}"
    if [sample[0] for sample in old_samples] != [sample[0] for sample in new_samples]:
        yield f"{subject} was compared with other samples of the probe"
        return
    for (number, old_similarity, old_value), (_, new_similarity, new_value) in zip(
        old_samples, new_samples, strict=True
    ):
        if abs(old_similarity - new_similarity) > SIMILARITY_TOLERANCE:
            yield f"{subject}, sample {number}: similarity was {old_similarity}, is {new_similarity}"
        if abs(old_value - new_value) > SCORE_TOLERANCE:
            yield f"{subject}, sample {number}: score was {old_value}, is {new_value}"


def _is_tied(old: list[Any], new: list[Any]) -> bool:
    """Whether the two may stand at each other's rank. Where one sample decides, its similarity does."""
    if abs(old[2] - new[2]) > SCORE_TOLERANCE:
        return False
    (old_samples, new_samples) = (old[5], new[5])
    if len(old_samples) > 1 or len(new_samples) > 1:
        return True
    return abs(old_samples[0][1] - new_samples[0][1]) <= 2 * SIMILARITY_TOLERANCE
