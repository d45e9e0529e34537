"""How skin moves between finger and sensor: where each pixel of an impression comes from on the master print."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class SkinDistortion:
    """The plastic model of R. Cappelli, D. Maio, D. Maltoni, "Modelling plastic distortion in fingerprint images"
    (ICAPR 2001): the skin sticks to the sensor inside an ellipse, follows the moving finger outside a larger one, and
    stretches in between.

    shift_px: the finger's movement (x, y). twist_rad: its rotation. held_px: half axes of the ellipse that sticks.
    softness: width of the stretching zone in multiples of the held ellipse. center_px: the ellipse's center (x, y),
    relative to the image center.
    """

    shift_px: tuple[float, float]
    twist_rad: float
    held_px: tuple[float, float]
    softness: float
    center_px: tuple[float, float]

    def displace(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[NDArray[np.float32], ...]:
        """Moved copies of x and y, pixels relative to the image center, any common shape."""
        from_x, from_y = x - self.center_px[0], y - self.center_px[1]
        radius = np.sqrt((from_x / self.held_px[0]) ** 2 + (from_y / self.held_px[1]) ** 2)
        slip = np.clip((radius - 1) / self.softness, 0, 1)
        # Half a cosine: no kink where stretching begins and ends.
        slip = 0.5 * (1 - np.cos(np.pi * slip))
        cosine, sine = np.cos(self.twist_rad), np.sin(self.twist_rad)
        moved_x = cosine * from_x - sine * from_y + self.shift_px[0] - from_x
        moved_y = sine * from_x + cosine * from_y + self.shift_px[1] - from_y
        return (x + slip * moved_x).astype(np.float32), (y + slip * moved_y).astype(np.float32)


def draw_distortion(rng: np.random.Generator, *, amount: float) -> SkinDistortion:
    """A random distortion; amount 1 moves the outer skin by about half a millimeter and 3 degrees."""
    shift = rng.normal(0, 7.0 * amount, 2)
    return SkinDistortion(
        shift_px=(float(shift[0]), float(shift[1])),
        twist_rad=float(rng.normal(0, np.deg2rad(3.0) * amount)),
        held_px=(float(rng.uniform(45, 80)), float(rng.uniform(60, 110))),
        softness=float(rng.uniform(0.8, 1.6)),
        center_px=(float(rng.normal(0, 15)), float(rng.normal(0, 25))),
    )


def sample_master(
    image: NDArray[np.float32], source_x: NDArray[np.float32], source_y: NDArray[np.float32], *, outside: float
) -> NDArray[np.float32]:
    """Values of a master map at fractional pixel positions; `outside` beyond its border."""
    return np.asarray(
        cv2.remap(
            image,
            source_x,
            source_y,
            cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(outside, outside, outside, outside),
        ),
        np.float32,
    )
