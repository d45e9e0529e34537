"""Comparison of two fingerprints by their minutiae: how similar, and which minutiae coincide."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from index.records import FingerPosition, Modality, StoredPrint, Template
from index.vector.kernels.compiling import is_kept
from matcher.fingerprint.comparison.descriptors import codes_of, describe
from matcher.fingerprint.comparison.evidence import EVIDENCE_COUNT, evidence
from matcher.fingerprint.comparison.local_similarity import NUMBERS
from matcher.fingerprint.comparison.prepared import PreparedFingerprint, X, Y, is_before, prepare, require_same_pack
from matcher.fingerprint.comparison.similarity import similarity_of_evidence
from matcher.fingerprint.comparison.stored_prints import prepare_stored
from matcher.fingerprint.minutia_set import MinutiaSet

__all__ = [
    "FingerprintComparison",
    "MinutiaComparer",
    "PreparedFingerprint",
    "compare",
    "compare_many",
    "explain",
    "prepare",
    "prepare_stored",
    "warm_up",
]

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class FingerprintComparison:
    """What a comparison found, for the examiner's overlay.

    similarity: as compare gives it. pairs: int32 (m, 2), numbers of the coinciding minutiae in the probe's and the
    reference's MinutiaSet, by falling quality. rotation_rad, translation_px: carry a probe position to the reference:
    x' = x cos - y sin + translation[0], y' = x sin + y cos + translation[1], in image pixels at 500 ppi, y down. The
    fit is rigid; pairs are found with the skin's distortion allowed for, so they lie some pixels off it. Without at
    least two pairs both are 0.
    """

    similarity: float
    pairs: Int32Array
    rotation_rad: float
    translation_px: tuple[float, float]


def compare(probe: PreparedFingerprint, reference: PreparedFingerprint) -> float:
    """Similarity in [0, 1], higher is more similar and as rare among strangers whatever the prints had to show (see
    similarity.py); exactly the same whichever print is the probe.

    0 where a print has fewer than 3 minutiae or nothing agrees. Thread safe. Raises PackMismatchError.
    """
    return float(compare_many(probe, (reference,))[0])


def compare_many(probe: PreparedFingerprint, references: Sequence[PreparedFingerprint]) -> Float32Array:
    """float32 (n,): similarity of the probe to each reference, as compare gives it.

    The interpreter lock is free during each comparison. Thread safe. Raises PackMismatchError.
    """
    found = np.zeros((len(references), EVIDENCE_COUNT), dtype=np.float32)
    for number, reference in enumerate(references):
        _find(probe, reference, found[number])
    counts = [min(probe.minutia_count, reference.minutia_count) for reference in references]
    return similarity_of_evidence(found, counts)


def explain(probe: PreparedFingerprint, reference: PreparedFingerprint) -> FingerprintComparison:
    """The comparison with its coinciding minutiae and the alignment. Thread safe. Raises PackMismatchError."""
    found = np.zeros((1, EVIDENCE_COUNT), dtype=np.float32)
    pairs = _find(probe, reference, found[0])
    if not is_before(probe, reference):
        pairs = pairs[:, ::-1]
    pairs = np.ascontiguousarray(pairs[np.argsort(pairs[:, 0], kind="stable")])
    rotation, translation = _alignment(
        probe.geometry[[X, Y]][:, pairs[:, 0]], reference.geometry[[X, Y]][:, pairs[:, 1]]
    )
    smaller = min(probe.minutia_count, reference.minutia_count)
    return FingerprintComparison(float(similarity_of_evidence(found, [smaller])[0]), pairs, rotation, translation)


class MinutiaComparer:
    """The functions of this module as one object, for whoever is given what compares. Thread safe."""

    def prepare(self, template: Template) -> PreparedFingerprint:
        """See prepare."""
        return prepare(template)

    def prepare_stored(self, prints: Sequence[StoredPrint]) -> list[PreparedFingerprint]:
        """See prepare_stored."""
        return prepare_stored(prints)

    def compare_many(self, probe: PreparedFingerprint, references: Sequence[PreparedFingerprint]) -> Float32Array:
        """See compare_many."""
        return compare_many(probe, references)

    def explain(self, probe: PreparedFingerprint, reference: PreparedFingerprint) -> FingerprintComparison:
        """See explain."""
        return explain(probe, reference)


def is_compiled() -> bool:
    """Whether an earlier process kept what warm_up compiles."""
    return is_kept(evidence)


def warm_up() -> None:
    """Compile, or read from the compilation cache, all that describe, prepare, compare and explain run.

    Takes about ten seconds the first time on a machine and under a second then. Call it when a server starts, so that
    no request waits for it.
    """
    ring = np.linspace(0.0, 2.0 * math.pi, 8, endpoint=False)
    minutiae = MinutiaSet.best_of(
        x_px=100.0 + 60.0 * np.cos(ring) + 5.0 * ring,
        y_px=100.0 + 60.0 * np.sin(ring),
        direction_rad=ring,
        kind=np.ones(8, dtype=np.uint8),
        quality=np.full(8, 0.9),
        width_px=200,
        height_px=200,
    )
    template = Template(
        Modality.FINGERPRINT, FingerPosition.UNKNOWN, "warm-up@0", describe(minutiae), minutiae.to_bytes()
    )
    prepare_stored([StoredPrint(template.pack_id, codes_of(template.vectors), template.minutiae)])
    # The last, which tells is_compiled that nothing is missing.
    explain(prepare(template), prepare(template))


def _find(probe: PreparedFingerprint, reference: PreparedFingerprint, found: Float32Array) -> Int32Array:
    """Pairs are in the order of the keys, not of the roles."""
    require_same_pack(probe, reference)
    a, b = (probe, reference) if is_before(probe, reference) else (reference, probe)
    return evidence(a.codes, b.codes, a.geometry, b.geometry, a.outline, b.outline, NUMBERS, found)  # type: ignore[no-any-return]


def _alignment(probe_xy: Float32Array, reference_xy: Float32Array) -> tuple[float, tuple[float, float]]:
    """Rotation and translation of least squares between paired positions (2, k), y upwards; answered with y down."""
    if probe_xy.shape[1] < 2:
        return 0.0, (0.0, 0.0)
    mine = probe_xy[0].astype(np.float64) - 1j * probe_xy[1]
    theirs = reference_xy[0].astype(np.float64) - 1j * reference_xy[1]
    rotation = float(np.angle(np.vdot(mine - mine.mean(), theirs - theirs.mean())))
    shift = complex(theirs.mean() - np.exp(1j * rotation) * mine.mean())
    return rotation, (shift.real, shift.imag)
