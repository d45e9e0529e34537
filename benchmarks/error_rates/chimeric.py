"""People put together from fingers and faces of several sets, and how often a stranger reaches a fused score.

The ten fingers of a set are one person's: one sensor took them, in one capture (the same impression of each, with the
same fault). A stranger is the ten fingers of another set, or of the same one in another order. So the fingers of a
pair share whatever a capture does to all of them, and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.metrics import wilson_interval
from matcher.scoring.sample_fusion import fused_values

Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]
Int64Array = NDArray[np.int64]

DRAWS = 2_000
BIN = 0.1
SPECTRUM = 1 << 15
ROUNDS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Captures:
    """scores: float32 (sets, fingers, impressions, sets, fingers, impressions) of probes with a fault against
    references without; NaN where a print gave no template."""

    fault: str
    scores: Float32Array


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Of the strangers of two sets: how many pairs of people, and how many of them reach each threshold."""

    probe_set: int
    reference_set: int
    pairs: int
    reached: Int64Array


def strangers(
    captures: Captures, finger_count: int, rng: np.random.Generator
) -> Iterator[tuple[int, int, Float32Array]]:
    """(set of the probes, set of the references, scores (n, finger_count)), a block an impression of each."""
    sets, fingers, impressions = captures.scores.shape[:3]
    for probe_set in range(sets):
        for reference_set in range(sets):
            for impression in range(impressions):
                for other in range(impressions):
                    block = captures.scores[probe_set, :, impression, reference_set, :, other]
                    rows = _pairings(fingers, finger_count, rng, same=probe_set == reference_set)
                    drawn = block[rows[0], rows[1]]
                    yield probe_set, reference_set, drawn[~np.isnan(drawn).any(axis=1)]


def mates(captures: Captures, finger_count: int, rng: np.random.Generator) -> Float32Array:
    """Scores (n, finger_count) of people with themselves, another impression."""
    sets, fingers, impressions = captures.scores.shape[:3]
    found = []
    for number in range(sets):
        for impression in range(impressions):
            for other in range(impressions):
                if impression != other:
                    own = np.diagonal(captures.scores[number, :, impression, number, :, other])
                    chosen = np.stack([rng.permutation(fingers)[:finger_count] for _ in range(20)])
                    found.append(own[chosen])
    together = np.concatenate(found)
    return together[~np.isnan(together).any(axis=1)]


def measured_over_stated(tallies: list[Tally], thresholds: Float64Array, set_count: int) -> list[dict[str, float]]:
    """For each threshold: count, expected count, their ratio and its 95 % interval from drawing sets with all that they
    hold; the interval is never narrower than Wilson's for as many independent pairs."""
    pairs = np.zeros((set_count, set_count))
    reached = np.zeros((set_count, set_count, len(thresholds)))
    for tally in tallies:
        pairs[tally.probe_set, tally.reference_set] += tally.pairs
        reached[tally.probe_set, tally.reference_set] += tally.reached
    rng = np.random.default_rng(0)
    weights = [np.bincount(drawn, minlength=set_count) for drawn in rng.integers(0, set_count, (ROUNDS, set_count))]
    found = []
    for at, threshold in enumerate(thresholds):
        stated = 10.0 ** (-threshold / 10.0)
        count, total = float(reached[:, :, at].sum()), float(pairs.sum())
        rates = [
            float((np.outer(one, one) * reached[:, :, at]).sum() / max((np.outer(one, one) * pairs).sum(), 1.0))
            for one in weights
        ]
        low, high = wilson_interval(count, total)
        found.append(
            {
                "stated": float(threshold),
                "pairs": total,
                "count": count,
                "expected": total * stated,
                "ratio": count / total / stated,
                "low": min(low, float(np.percentile(rates, 2.5))) / stated,
                "high": max(high, float(np.percentile(rates, 97.5))) / stated,
            }
        )
    return found


def drawn_anew(
    captures: Captures, finger_count: int, thresholds: Float64Array, *, faces: Float64Array | None, discount: float
) -> Float64Array:
    """float64 (sets, sets, thresholds): false match rate of the fused score where every finger is drawn anew from the
    comparisons of the same capture, so that rates can be seen that no number of drawn pairs would show.

    The scores of one set against another are a histogram; that of their sum is the histogram convolved with itself.
    """
    sets = len(captures.scores)
    found = np.zeros((sets, sets, len(thresholds)))
    sums = np.array([_sum_reaching(one, finger_count + (faces is not None), discount) for one in thresholds])
    for probe_set in range(sets):
        for reference_set in range(sets):
            block = captures.scores[probe_set, :, :, reference_set]
            block = _apart(block) if probe_set == reference_set else block
            total = _histogram(block[~np.isnan(block)], discount)
            spectrum = np.fft.rfft(total, SPECTRUM) ** finger_count
            if faces is not None:
                spectrum = spectrum * np.fft.rfft(_histogram(faces, discount), SPECTRUM)
            tail = np.cumsum(np.fft.irfft(spectrum, SPECTRUM)[::-1])[::-1]
            found[probe_set, reference_set] = np.maximum(tail[np.floor(sums / BIN).astype(int)], 0.0)
    return found


def _apart(block: Float32Array) -> Float32Array:
    """The comparisons of different fingers. block: (fingers, impressions, fingers, impressions)."""
    fingers = np.arange(len(block))
    return block.transpose(0, 2, 1, 3)[fingers[:, None] != fingers[None]]


def _histogram(scores: NDArray[np.floating], discount: float) -> Float64Array:
    """Shares by BIN of what fused_values adds up; a score counts as the middle of its bin, on average."""
    kept = np.maximum(np.asarray(scores, np.float64).ravel() - discount, 0.0)
    counts = np.bincount(np.round(kept / BIN).astype(int), minlength=1)
    return np.asarray(counts / max(len(kept), 1), np.float64)


def _sum_reaching(threshold: float, count: int, discount: float) -> float:
    """The sum of lowered scores at which the fused score reaches a threshold: by bisection, since it rises."""
    low, high = 0.0, threshold + 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        reached = fused_values([[middle / count + discount] * count], discount=discount)[0] >= threshold
        low, high = (low, middle) if reached else (middle, high)
    return high


def _pairings(
    fingers: int, finger_count: int, rng: np.random.Generator, *, same: bool
) -> tuple[Int64Array, Int64Array]:
    """Which finger of the probe meets which of the reference: int64 (n, finger_count) each, no finger twice.

    One and two fingers in every way there is, more in DRAWS ways. same: of one set, so that no finger meets itself.
    """
    if finger_count == 1:
        first, second = (part.reshape(-1, 1) for part in np.meshgrid(range(fingers), range(fingers), indexing="ij"))
    elif finger_count == 2:
        ways = np.stack(np.meshgrid(*[range(fingers)] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
        ways = ways[(ways[:, 0] < ways[:, 2]) & (ways[:, 1] != ways[:, 3])]
        first, second = ways[:, [0, 2]], ways[:, [1, 3]]
    else:
        first = np.argsort(rng.random((DRAWS, fingers)), axis=1)[:, :finger_count]
        second = np.argsort(rng.random((DRAWS, fingers)), axis=1)[:, :finger_count]
    if same:
        apart = (first != second).all(axis=1)
        first, second = first[apart], second[apart]
    return first, second
