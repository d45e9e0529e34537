"""What real prints look like in numbers, which generated templates imitate.

Fitted by hand to the leader pack's minutiae of FVC sets B; aggregate figures only. Directions follow the five sets of
real sensors: neighbors agree little (side_agreement .0 to .3 in the medians of the sets), most where ridges fan out.
`python -m benchmarks distractors` prints them again beside the generated ones.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateStatistics:
    """Distribution parameters of minutia sets at 500 ppi; pairs are a mean and a standard deviation unless said.

    half_width_px, half_height_px: half axes of the area that holds minutiae.
    log_density_per_mm2: natural logarithm of minutiae per square millimeter of that area.
    spacing_px: a minutia keeps a distance drawn from this range to those before it.
    fan_gain: how strongly ridges that fan out place and turn minutiae; 1 is what a constant ridge period demands, and
        less where ridges widen instead.
    period_px: that ridge period.
    direction_noise_rad: spread of a direction around the ridge. stray_share: of minutiae that hardly follow the ridge.
    ending_share: of ridge endings.
    quality_quantiles: of minutia quality at 0, 10, ..., 100 %. quality_between_prints: how much prints differ in it,
    relative to the differences within one.
    """

    half_width_px: tuple[float, float]
    half_height_px: tuple[float, float]
    log_density_per_mm2: tuple[float, float]
    spacing_px: tuple[float, float]
    fan_gain: tuple[float, float]
    period_px: float
    direction_noise_rad: float
    stray_share: float
    ending_share: float
    quality_quantiles: tuple[float, ...]
    quality_between_prints: float


REAL_LEADER = TemplateStatistics(
    half_width_px=(121.0, 17.0),
    half_height_px=(178.0, 36.0),
    log_density_per_mm2=(-1.34, 0.22),
    spacing_px=(6.0, 17.0),
    fan_gain=(0.6, 0.35),
    period_px=9.0,
    direction_noise_rad=0.05,
    stray_share=0.08,
    ending_share=0.65,
    quality_quantiles=(0.10, 0.19, 0.38, 0.63, 0.80, 0.89, 0.925, 0.94, 0.953, 0.961, 0.976),
    quality_between_prints=0.5,
)
