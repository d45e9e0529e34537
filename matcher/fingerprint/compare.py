"""Comparison of two fingerprints by their minutiae: how similar, and which minutiae agree."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.records import Float32Array
from matcher.fingerprint.descriptors import DIM
from matcher.fingerprint.kernel import kernel
from matcher.fingerprint.pairing import PAIR_LIMIT, best_pairs, relaxed, similarity_matrix
from matcher.fingerprint.prepared import PreparedFingerprint, prepare, require_same_pack

__all__ = ["FingerprintComparison", "PreparedFingerprint", "compare", "compare_many", "explain", "prepare", "warm_up"]

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class FingerprintComparison:
    """What a comparison found, for the examiner's overlay.

    similarity: as compare gives it. pairs: int32 (m, 2), numbers of the paired minutiae in the probe's and the
    reference's MinutiaSet, strongest first. rotation_rad, translation_px: carry a probe position to the reference:
    x' = x cos - y sin + translation[0], y' = x sin + y cos + translation[1], in image pixels at 500 ppi, y down.
    Without at least two pairs both are 0.
    """

    similarity: float
    pairs: Int32Array
    rotation_rad: float
    translation_px: tuple[float, float]


def compare(probe: PreparedFingerprint, reference: PreparedFingerprint) -> float:
    """Similarity in [0, 1], higher is more similar; the same whichever print is the probe.

    0 where a print has fewer than 3 minutiae. Thread safe. Raises PackMismatchError.
    """
    return float(compare_many(probe, (reference,))[0])


def compare_many(probe: PreparedFingerprint, references: Sequence[PreparedFingerprint]) -> Float32Array:
    """float32 (n,): similarity of the probe to each reference, as compare gives it.

    Releases the interpreter lock during each comparison. Thread safe. Raises PackMismatchError.
    """
    similarities = np.empty(len(references), dtype=np.float32)
    for number, reference in enumerate(references):
        require_same_pack(probe, reference)
        first, second = (probe, reference) if probe.order_key <= reference.order_key else (reference, probe)
        similarities[number] = _similarity(first.descriptors, second.descriptors, first.geometry, second.geometry)
    return similarities


def explain(probe: PreparedFingerprint, reference: PreparedFingerprint) -> FingerprintComparison:
    """The comparison with its paired minutiae and the alignment. Thread safe. Raises PackMismatchError."""
    similarity = compare(probe, reference)
    swapped = probe.order_key > reference.order_key
    first, second = (reference, probe) if swapped else (probe, reference)
    pairs = _agreeing_pairs(first.descriptors, second.descriptors, first.geometry, second.geometry)
    pairs = np.ascontiguousarray(pairs[:, ::-1] if swapped else pairs)
    rotation, translation = _alignment(probe.geometry[:2, pairs[:, 0]], reference.geometry[:2, pairs[:, 1]])
    return FingerprintComparison(similarity, pairs, rotation, translation)


def warm_up() -> None:
    """Compile, or read from the compilation cache, everything that compare and explain run. Takes seconds the first
    time on a machine; call it when building an image and when a server starts."""
    generator = np.random.default_rng(0)
    blank = PreparedFingerprint(
        "",
        generator.random((5, 4), dtype=np.float32),
        generator.integers(-40, 40, (DIM, 4)).astype(np.int8),
        b"",
    )
    for print_ in (blank,):
        print_.geometry.setflags(write=False)
        print_.descriptors.setflags(write=False)
    explain(blank, blank)


@kernel
def _similarity(a, b, geometry_a, geometry_b):  # type: ignore[no-untyped-def]
    """Mean support of the pairs that relaxation confirmed best."""
    n, m = a.shape[1], b.shape[1]
    if min(n, m) < 3:
        return np.float32(0.0)
    pairs, similarity = best_pairs(similarity_matrix(a, b, geometry_a, geometry_b), min(n, m, PAIR_LIMIT))
    if len(pairs) < 3:
        return np.float32(0.0)
    support = relaxed(geometry_a, geometry_b, pairs, similarity)
    chosen = confirmed(support, similarity, pair_count(n, m))
    total = np.float32(0.0)
    for p in chosen:
        total += support[p]
    return total / np.float32(len(chosen))


@kernel
def pair_count(n, m):  # type: ignore[no-untyped-def]
    """How many pairs make the similarity: 4 to 12, rising with the smaller number of minutiae (same paper)."""
    return 4 + int(8.0 / (1.0 + math.exp(-0.4 * (min(n, m) - 20))) + 0.5)


@kernel
def confirmed(support, similarity, count):  # type: ignore[no-untyped-def]
    """int64 (k,): the pairs whose support stayed highest relative to their local similarity, best first."""
    left = support / similarity
    count = min(count, len(left))
    chosen = np.empty(count, np.int64)
    for place in range(count):
        best = np.argmax(left)
        chosen[place] = best
        left[best] = np.float32(-1.0)
    return chosen


@kernel
def _agreeing_pairs(a, b, geometry_a, geometry_b):  # type: ignore[no-untyped-def]
    """int32 (k, 2): the pairs behind the similarity, best first."""
    n, m = a.shape[1], b.shape[1]
    if min(n, m) < 3:
        return np.empty((0, 2), np.int32)
    pairs, similarity = best_pairs(similarity_matrix(a, b, geometry_a, geometry_b), min(n, m, PAIR_LIMIT))
    if len(pairs) < 3:
        return pairs[:0]
    chosen = confirmed(relaxed(geometry_a, geometry_b, pairs, similarity), similarity, pair_count(n, m))
    return pairs[chosen]


def _alignment(probe_xy: Float32Array, reference_xy: Float32Array) -> tuple[float, tuple[float, float]]:
    """Rotation and translation of least squares between paired positions (2, k), y upwards; answered with y down."""
    if probe_xy.shape[1] < 2:
        return 0.0, (0.0, 0.0)
    mine = probe_xy[0].astype(np.float64) - 1j * probe_xy[1]
    theirs = reference_xy[0].astype(np.float64) - 1j * reference_xy[1]
    rotation = float(np.angle(np.vdot(mine - mine.mean(), theirs - theirs.mean())))
    shift = complex(theirs.mean() - np.exp(1j * rotation) * mine.mean())
    return rotation, (shift.real, shift.imag)
