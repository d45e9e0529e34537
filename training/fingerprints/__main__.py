"""See the package."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matcher.fingerprint.comparison.prepared import PreparedFingerprint
from matcher.fingerprint.comparison.similarity import terms
from matcher.fingerprint.engine import FingerprintEngine
from matcher.packs.store import PackStore, default_packs_folder
from training.fingerprints import basis as bases
from training.fingerprints.prints import SAME_FINGER, PrintSet, generated_set, real_sets
from training.fingerprints.weights import Weights, error_rates, fit

Found = Mapping[str, tuple[NDArray[np.float64], NDArray[np.bool_]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--shared", type=Path, required=True, help="folder of the real sets, data/fingerprints below it"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--fingers", type=int, default=400, help="generated fingers")
    parser.add_argument("--impressions", type=int, default=6, help="of each generated finger")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    store = PackStore(default_packs_folder(os.environ))
    engine = FingerprintEngine.load(store.get("leader"), store)
    real = real_sets(args.shared / "data" / "fingerprints", engine, args.out)
    generated = generated_set(engine, args.out, finger_count=args.fingers, impression_count=args.impressions)
    made, scatters = bases.fitted_scatters([*real, generated])
    of_generated = scatters.pop(generated.name)
    report: dict[str, object] = {}
    report["generated prints alone"] = _generated_alone(real, generated, made, of_generated)
    report["one set left out"] = _one_left_out(real, made, scatters, of_generated)
    final = bases.discriminant(bases.names(scatters), of_generated)
    bases.save(final, args.out / "descriptor_basis.npz")
    found = {prints.name: _evidence(prints, made[prints.name], final) for prints in real}
    across = _across(real, made, final)
    weights = _fit(list(found.values()), across)
    report["weights"] = asdict(weights)
    report["all sets, fitted on themselves"] = _rates(found, dict.fromkeys(found, weights))
    (args.out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


def _one_left_out(
    real: Sequence[PrintSet],
    made: Mapping[str, list[NDArray[np.float32]]],
    scatters: Mapping[str, bases.Scatter],
    generated: bases.Scatter,
) -> dict[str, tuple[float, float]]:
    """Basis and weights from the other sets; a finger that two sets share is the one thing they may know."""
    found, weights = {}, {}
    for left_out in real:
        basis = bases.discriminant(bases.names(dict(scatters), without=left_out.name), generated)
        others = [_evidence(prints, made[prints.name], basis) for prints in real if prints is not left_out]
        weights[left_out.name] = _fit(others)
        found[left_out.name] = _evidence(left_out, made[left_out.name], basis)
    return _rates(found, weights)


def _generated_alone(
    real: Sequence[PrintSet],
    generated: PrintSet,
    made: Mapping[str, list[NDArray[np.float32]]],
    scatter: bases.Scatter,
) -> dict[str, tuple[float, float]]:
    """Neither basis nor weights have seen a real print."""
    basis = bases.discriminant([], scatter)
    weights = _fit([_evidence(generated, made[generated.name], basis, every=25)])
    found = {prints.name: _evidence(prints, made[prints.name], basis) for prints in real}
    return _rates(found, dict.fromkeys(found, weights))


def _evidence(
    prints: PrintSet, made: Sequence[NDArray[np.float32]], basis: bases.Basis, *, every: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Terms of every pair of the set, mated first; of the non-mated ones only each every-th."""
    prepared = bases.prepared_with(prints, made, basis)
    mated, non_mated = list(prints.mated_pairs()), list(prints.non_mated_pairs())[::every]
    found = _terms([(prepared[first], prepared[second]) for first, second in (*mated, *non_mated)])
    return found, np.arange(len(found)) < len(mated)


def _terms(pairs: Sequence[tuple[PreparedFingerprint, PreparedFingerprint]]) -> NDArray[np.float64]:
    found = np.array([bases.compared(*pair)[0] for pair in pairs], dtype=np.float64)
    return terms(found, np.array([min(first.minutia_count, second.minutia_count) for first, second in pairs], float))


def _across(
    real: Sequence[PrintSet], made: Mapping[str, list[NDArray[np.float32]]], basis: bases.Basis
) -> NDArray[np.float64]:
    """Terms of non-mated pairs across sets."""
    prints = [
        (set_.name, finger, prepared)
        for set_ in real
        for finger, prepared in zip(set_.fingers, bases.prepared_with(set_, made[set_.name], basis), strict=True)
    ]
    return _terms(
        [
            (prints[first][2], prints[second][2])
            for first in range(len(prints))
            for second in range(first + 1, len(prints))
            if prints[first][0] != prints[second][0] and {prints[first][:2], prints[second][:2]} != SAME_FINGER
        ]
    )


def _fit(
    sets: Sequence[tuple[NDArray[np.float64], NDArray[np.bool_]]], non_mated: NDArray[np.float64] | None = None
) -> Weights:
    found, is_mated = np.concatenate([one[0] for one in sets]), np.concatenate([one[1] for one in sets])
    if non_mated is not None:
        found = np.concatenate((found, non_mated))
        is_mated = np.concatenate((is_mated, np.zeros(len(non_mated), dtype=np.bool_)))
    return fit(found, is_mated)


def _rates(found: Found, weights: Mapping[str, Weights]) -> dict[str, tuple[float, float]]:
    """EER and FNMR at FMR 1e-3 in percent, a set and on average."""
    rates = {}
    for name, (values, is_mated) in found.items():
        log_odds = weights[name].log_odds(values)
        rates[name] = error_rates(log_odds[is_mated], log_odds[~is_mated])
    mean = np.mean(list(rates.values()), axis=0)
    return {**rates, "mean": (float(mean[0]), float(mean[1]))}


if __name__ == "__main__":
    main()
