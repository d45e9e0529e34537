"""All comparisons of a data set through an engine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import Dataset
from benchmarks.engines import Engine, Extracted
from benchmarks.pairs import PairList, all_pairs
from benchmarks.progress import track
from benchmarks.scores import ScoreTable


def compare_dataset(
    dataset: Dataset, samples: Sequence[Extracted], engine: Engine, *, non_mated_limit: int, seed: int = 0
) -> tuple[ScoreTable, int]:
    """The table of all pairs, and how many non-mated pairs there are (more than compared if they were sampled)."""
    numbers = {identity: number for number, identity in enumerate(dataset.identities())}
    identities = np.array([numbers[file.identity] for file in dataset.files], np.int64)
    pairs = all_pairs(identities, non_mated_limit=non_mated_limit, seed=seed)
    mated, non_mated = _compared(pairs, samples, engine)
    table = ScoreTable(
        len(numbers),
        mated,
        identities[pairs.mated[:, 0]],
        pairs.mated,
        non_mated,
        identities[pairs.non_mated],
        pairs.non_mated,
    )
    return table, pairs.non_mated_possible


def _compared(
    pairs: PairList, samples: Sequence[Extracted], engine: Engine
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    prepared = [None if sample.failed else engine.prepare(sample) for sample in samples]
    together = np.concatenate([pairs.mated, pairs.non_mated])
    values = np.full(len(together), -np.inf)
    order = np.argsort(together[:, 0], kind="stable")
    bounds = np.flatnonzero(np.diff(together[order, 0])) + 1
    groups = np.split(order, bounds)
    # One call a probe: its preparation and the call itself are then shared by all its comparisons.
    for group in track(groups, total=len(groups), what="compare"):
        probe = prepared[together[group[0], 0]]
        usable = [row for row in group if prepared[together[row, 1]] is not None]
        if probe is not None and usable:
            references = [prepared[together[row, 1]] for row in usable]
            values[usable] = engine.similarities(probe, references)
    if np.isnan(values).any():
        raise ValueError("a comparison gave NaN")
    return values[: len(pairs.mated)], values[len(pairs.mated) :]
