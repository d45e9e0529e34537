"""Rates of one way to fuse references, with 95 % intervals from drawing whole people."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.error_rates.fusion_rules import Int64Array, RuleOutcome
from benchmarks.metrics import error_curve, fnmr_at_fmr, wilson_interval

ROUNDS = 200
FPIR = 0.01


def rates_with_intervals(
    outcome: RuleOutcome, people: Int64Array, is_full: NDArray[np.bool_], *, draws: int, scores: Sequence[int]
) -> dict[str, Any]:
    """Of the probes of people who have all references asked for; the threshold is set by all probes.

    people (p,): of each probe, of all draws together. is_full (s,). Each rate: {"rate", "low", "high"}, "count" of all
    draws beside it. fmr: by score, as a multiple of the rate that the score states. The interval draws people with
    replacement, and is never narrower than Wilson's for the comparisons of one draw.
    """
    rng = np.random.default_rng(0)
    once = _rates(outcome, people, is_full, np.ones(len(is_full)), scores)
    rounds = [
        _rates(outcome, people, is_full, np.bincount(drawn, minlength=len(is_full)).astype(np.float64), scores)
        for drawn in rng.integers(0, len(is_full), (ROUNDS, len(is_full)))
    ]
    stated = dict.fromkeys(once, 1.0) | {f"fmr_{score}": 10 ** (-score / 10) for score in scores}
    found = {}
    for name, (count, total) in once.items():
        ratios = [one[name][0] / one[name][1] for one in rounds if one and one[name][1] > 0]
        low, high = wilson_interval(count / draws, total / draws)
        found[name] = {
            "count": int(count),
            "total": int(total),
            "rate": count / total / stated[name],
            "low": min(low, float(np.percentile(ratios, 2.5))) / stated[name],
            "high": max(high, float(np.percentile(ratios, 97.5))) / stated[name],
        }
    return found


def _rates(
    outcome: RuleOutcome,
    people: Int64Array,
    is_full: NDArray[np.bool_],
    weights: NDArray[np.float64],
    scores: Sequence[int],
) -> dict[str, tuple[float, float]]:
    """Count and total of each rate, a person counted weights (s,) times; empty where nobody asked for was drawn."""
    asked = is_full[people]
    weight = weights[people]
    total = float(weight[asked].sum())
    if not total:
        return {}
    curve = error_curve(outcome.mated[asked], outcome.strangers, mated_weights=weight[asked], non_mated_weights=weight)
    counts = {
        "rank_1": float(weight[asked & outcome.is_first].sum()),
        "fnir": fnmr_at_fmr(curve, FPIR) * total,
    }
    probe_count = np.bincount(people, minlength=len(weights))
    # People who are one under two names are too few to change this number.
    comparisons = float(weight.sum() * weights[is_full].sum() - (weights**2 * probe_count)[is_full].sum())
    found = {name: (count, total) for name, count in counts.items()}
    for score in scores:
        chosen = outcome.matches[outcome.matches[:, 0] == score]
        found[f"fmr_{score}"] = (float((weights[chosen[:, 1]] * weights[chosen[:, 2]]).sum()), comparisons)
    return found
