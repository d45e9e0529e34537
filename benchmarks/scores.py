"""The comparisons of one data set, with who was compared with whom."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.scoring.calibration import Calibration


@dataclass(frozen=True, slots=True, eq=False)
class ScoreTable:
    """Similarities of one data set; -inf where a sample could not be enrolled.

    mated: float64 (n,). mated_identity: int64 (n,), the finger or person. non_mated: float64 (m,).
    non_mated_identities: int64 (m, 2). Identities count from 0 to identity_count - 1.
    mated_samples, non_mated_samples: int64 (n, 2) and (m, 2), rows of the data set's sample list.
    """

    identity_count: int
    mated: NDArray[np.float64]
    mated_identity: NDArray[np.int64]
    mated_samples: NDArray[np.int64]
    non_mated: NDArray[np.float64]
    non_mated_identities: NDArray[np.int64]
    non_mated_samples: NDArray[np.int64]


def write_scores(
    path: Path, tables: Iterable[tuple[str, list[str], ScoreTable]], calibration: Calibration | None = None
) -> None:
    """One line a comparison: dataset, probe, reference, mated (1 or 0), similarity (-inf: failure to enroll), score and
    whether it is extrapolated (1 or 0); the last two are empty without a calibration.

    tables: data set name, name of each sample, comparisons.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["dataset", "probe", "reference", "mated", "similarity", "score", "extrapolated"])
        for name, samples, table in tables:
            for is_mated, pairs, values in (
                (1, table.mated_samples, table.mated),
                (0, table.non_mated_samples, table.non_mated),
            ):
                writer.writerows(
                    (name, samples[probe], samples[reference], is_mated, f"{value:.6g}", *_scored(value, calibration))
                    for (probe, reference), value in zip(pairs.tolist(), values.tolist(), strict=True)
                )


def _scored(similarity: float, calibration: Calibration | None) -> tuple[str, str]:
    if calibration is None:
        return "", ""
    score = calibration.score(similarity)
    return f"{score.value:.2f}", str(int(score.extrapolated))
