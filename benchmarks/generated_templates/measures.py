"""Statistics of a minutia set in which generated and real ones are compared."""

import cv2
import numpy as np

from matcher.fingerprint.minutia_set import KIND_BIFURCATION, KIND_ENDING, MinutiaSet

MM_PX = 500 / 25.4
# Names of what describe_set returns, in order. hull: convex hull of the minutiae. agreement: mean cosine of the angle
# between the directions of nearest neighbors, doubled for the ridge's axis, single for the side pointed to.
STATISTICS = (
    "minutiae",
    "hull_mm2",
    "minutiae_per_mm2",
    "hull_width_mm",
    "hull_height_mm",
    "nearest_px",
    "nearest_10_percent_px",
    "axis_agreement",
    "side_agreement",
    "axis_agreement_70_px",
    "side_agreement_70_px",
    "ending_share",
    "mean_quality",
    "strong_minutiae",
    "weak_neighbor_agreement",
)
STRONG = 0.6


def describe_set(minutiae: MinutiaSet) -> tuple[float, ...]:
    """STATISTICS of one set; NaN with fewer than 5 minutiae."""
    count = len(minutiae)
    if count < 5:
        return (float(count), *([float("nan")] * (len(STATISTICS) - 1)))
    points = np.stack([minutiae.x_px, minutiae.y_px], axis=1).astype(np.float32)
    hull_mm2 = max(cv2.contourArea(cv2.convexHull(points)) / MM_PX**2, 1e-3)
    distance = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    turn = minutiae.direction_rad - minutiae.direction_rad[nearest]
    # Within the radius of a cylinder: what comparisons of strangers feed on.
    region = (distance < 70).nonzero()
    far_turn = minutiae.direction_rad[region[0]] - minutiae.direction_rad[region[1]]
    typed = np.isin(minutiae.kind, (KIND_ENDING, KIND_BIFURCATION))
    weak = minutiae.quality < STRONG
    return (
        float(count),
        float(hull_mm2),
        count / float(hull_mm2),
        float(np.ptp(points[:, 0])) / MM_PX,
        float(np.ptp(points[:, 1])) / MM_PX,
        float(np.median(distance.min(axis=1))),
        float(np.quantile(distance.min(axis=1), 0.1)),
        float(np.cos(2 * turn).mean()),
        float(np.cos(turn).mean()),
        float(np.cos(2 * far_turn).mean()) if len(far_turn) else float("nan"),
        float(np.cos(far_turn).mean()) if len(far_turn) else float("nan"),
        float(np.mean(minutiae.kind[typed] == KIND_ENDING)) if typed.any() else float("nan"),
        float(minutiae.quality.mean()),
        float(np.count_nonzero(~weak)),
        # How far weak minutiae lie together: share of a weak one's nearest neighbors that are weak, minus its chance.
        float(np.mean(weak[nearest][weak]) - weak.mean()) if weak.any() else float("nan"),
    )
