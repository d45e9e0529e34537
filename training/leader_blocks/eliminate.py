"""Which hidden units to keep: backward elimination by least squares.

Starting from all units, the unit goes whose loss raises the squared error of the results least when all others are
fitted again (the criterion of Hassibi and Stork's optimal brain surgeon, which for a linear layer is exact).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64Array = npt.NDArray[np.float64]


def eliminate(hidden: Float64Array, target: Float64Array, count: int) -> tuple[npt.NDArray[np.intp], Float64Array]:
    """The units (count,) of hidden (n, units) to keep, and the matrix (count + 1, out) from them and a constant to
    target (n, out)."""
    inputs = np.concatenate([hidden, np.ones((len(hidden), 1))], axis=1)
    products = inputs.T @ inputs / len(inputs)
    # A trace of ridge keeps the inverse of nearly dependent units finite.
    products += 1e-6 * np.diag(np.diag(products)) + 1e-9 * np.eye(len(products))
    aims = inputs.T @ target / len(inputs)
    inverse = np.linalg.inv(products)
    matrix = inverse @ aims
    alive = np.ones(len(products), dtype=bool)
    constant = len(products) - 1
    while alive.sum() - 1 > count:
        candidates = np.flatnonzero(alive[:constant])
        loss = np.square(matrix[candidates]).sum(axis=1) / inverse[candidates, candidates]
        gone = candidates[loss.argmin()]
        matrix = matrix - np.outer(inverse[:, gone] / inverse[gone, gone], matrix[gone])
        inverse = inverse - np.outer(inverse[:, gone], inverse[gone]) / inverse[gone, gone]
        alive[gone] = False
    kept = np.flatnonzero(alive)
    return kept[:-1], np.linalg.solve(products[np.ix_(kept, kept)], aims[kept])
