"""Sample scores of many subjects to the ranked candidate list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matcher.results import Candidate, SampleScore, Score
from matcher.scoring.scores import fuse_scores


def rank_candidates(
    sample_scores: Mapping[str, Sequence[SampleScore]], *, threshold_score: float, max_candidates: int
) -> tuple[Candidate, ...]:
    """Best first: by fused score, then by the sum of similarities (it still tells scores at the end of the
    calibrated range apart), then in the order given, which is that of the search."""
    fused = {
        subject_id: fuse_scores([sample.score for sample in samples]) for subject_id, samples in sample_scores.items()
    }
    order = sorted(fused, key=lambda subject_id: _sort_key(fused[subject_id], sample_scores[subject_id]))
    candidates = []
    for rank, subject_id in enumerate(order[:max_candidates], start=1):
        best = max(sample_scores[subject_id], key=lambda sample: (sample.score.value, sample.similarity))
        candidates.append(
            Candidate(
                rank=rank,
                subject_id=subject_id,
                reference_id=best.reference_id,
                similarity=best.similarity,
                score=fused[subject_id],
                above_threshold=fused[subject_id].value >= threshold_score,
                samples=tuple(sample_scores[subject_id]),
            )
        )
    return tuple(candidates)


def _sort_key(score: Score, samples: Sequence[SampleScore]) -> tuple[float, float]:
    return -score.value, -sum(sample.similarity for sample in samples)
