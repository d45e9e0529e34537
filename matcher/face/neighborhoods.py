"""Neighborhoods of people who resemble each other, found in their templates alone.

Strangers of one sex, age and descent, photographed alike, resemble each other far more than strangers at large, and a
police gallery is full of them. Where nobody has written down who belongs to which group, clusters of the templates
stand in for them (spherical k-means: I. S. Dhillon, D. S. Modha, Machine Learning 42, 2001).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array

Float64Array = npt.NDArray[np.float64]

PEOPLE_PER_NEIGHBORHOOD: Final = 140
MOST_NEIGHBORHOODS: Final = 12
"""On 4,546 people of the press the same least favorable group comes out of 12 and of 16; 8 mix it with others, and 32
split groups by chance, as every split does that is made by the very similarity that is then measured."""
_ROUNDS: Final = 30


def neighborhoods(vectors: Float32Array, subjects: Int64Array) -> Int64Array:
    """The number of the neighborhood of each photograph, int64 (n,), from 0; that of its person.

    vectors: float32 (n, dim), unit rows; subjects: int64 (n,). One neighborhood for each PEOPLE_PER_NEIGHBORHOOD
    people, at least 1, at most MOST_NEIGHBORHOODS. The same input gives the same answer.
    """
    people, rows = np.unique(subjects, return_inverse=True)
    count = min(max(len(people) // PEOPLE_PER_NEIGHBORHOOD, 1), MOST_NEIGHBORHOODS)
    means = np.zeros((len(people), vectors.shape[1]), np.float64)
    np.add.at(means, rows, vectors)
    return _clusters(_unit(means), count)[rows]


def _clusters(means: Float64Array, count: int) -> Int64Array:
    rng = np.random.default_rng(0)
    centers = means[rng.choice(len(means), count, replace=False)]
    nearest = np.zeros(len(means), np.int64)
    for _ in range(_ROUNDS):
        nearest = np.argmax(means @ centers.T, axis=1)
        for number in range(count):
            own = means[nearest == number]
            # A center that nobody is nearest to starts anew at somebody.
            centers[number] = _unit(own.sum(axis=0)) if len(own) else means[rng.integers(len(means))]
    return np.asarray(nearest, np.int64)


def _unit(rows: Float64Array) -> Float64Array:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12), np.float64)
