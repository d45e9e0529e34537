"""What real prints look like in numbers, which generated templates imitate.

Measured with the leader pack on the six FVC sets B of the project (60 fingers, 480 impressions); aggregate figures
only. `python -m benchmarks distractors` prints them again beside the generated ones.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TemplateStatistics:
    """Distribution parameters of minutia sets at 500 ppi.

    half_width_px, half_height_px: mean and standard deviation of the half axes of the area that holds minutiae.
    density_per_mm2: mean and standard deviation of the logarithm of minutiae per square millimeter.
    hard_core_px: minutiae keep at least this distance, hard_core_share of those nearer are removed.
    direction_noise_rad: spread of a direction around the ridge. ending_share: of ridge endings.
    turn_length_px: over this distance the side that minutiae point to stays correlated.
    quality_quantiles: of minutia quality at 0, 10, ..., 100 %.
    """

    half_width_px: tuple[float, float]
    half_height_px: tuple[float, float]
    density_per_mm2: tuple[float, float]
    hard_core_px: float
    direction_noise_rad: float
    ending_share: float
    turn_length_px: float
    quality_quantiles: tuple[float, ...]


REAL_LEADER = TemplateStatistics(
    half_width_px=(125.0, 18.0),
    half_height_px=(165.0, 25.0),
    density_per_mm2=(-1.35, 0.30),
    hard_core_px=7.0,
    direction_noise_rad=0.12,
    ending_share=0.6,
    turn_length_px=60.0,
    quality_quantiles=(0.15, 0.25, 0.4, 0.55, 0.7, 0.8, 0.86, 0.9, 0.93, 0.96, 1.0),
)
