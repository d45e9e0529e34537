"""Times as ratios: work and yardstick alternate in one run, so that a slow or busy machine slows both."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Timing:
    """One piece of work. Times in milliseconds of processor time of this process, one call.

    ratio: median over rounds of its time over the yardstick's. ratio_noise: relative half width of the median's 95 %
    interval, from the rounds themselves. wall_ms: median wall-clock time a call.
    """

    median_ms: float
    p95_ms: float
    p99_ms: float
    wall_ms: float
    ratio: float
    ratio_noise: float
    rounds: int


class Yardstick:
    """Fixed work of the kinds that matching is made of: matrix products, image filtering, sorting. About 10 ms."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self._left = rng.standard_normal((384, 384), dtype=np.float32)
        self._image = rng.integers(0, 256, (480, 640), dtype=np.uint8)
        self._values = rng.standard_normal(60_000)

    def __call__(self) -> object:
        product = self._left
        for _ in range(3):
            product = self._left @ product
            product /= np.abs(product).max()
        blurred = self._image
        for _ in range(6):
            blurred = cv2.GaussianBlur(blurred, (0, 0), 2.5)
        return product[0, 0], blurred[0, 0], np.sort(self._values)[0]


def measure(
    work: Work, yardstick: Work, *, rounds: int, calls: int = 1, warm_up: int = 2, budget_s: float = 60.0
) -> Timing:
    """Alternates calls of work with the yardstick. calls: of work a round, for work shorter than a millisecond.

    budget_s: no round begins after it; at least three do.
    """
    for _ in range(warm_up):
        work()
        yardstick()
    work_ms, wall_ms, yardstick_ms = [], [], []
    begin = time.perf_counter()
    for number in range(rounds):
        if number >= 3 and time.perf_counter() - begin > budget_s:
            break
        before = _cpu_ms(yardstick)
        wall_start = time.perf_counter()
        work_ms.append(_cpu_ms(lambda: [work() for _ in range(calls)]) / calls)
        wall_ms.append(1000 * (time.perf_counter() - wall_start) / calls)
        # The yardstick on both sides of the work: a machine that slows down in between slows their mean.
        yardstick_ms.append((before + _cpu_ms(yardstick)) / 2)
    ratios = np.array(work_ms) / np.array(yardstick_ms)
    return Timing(
        median_ms=float(np.median(work_ms)),
        p95_ms=float(np.percentile(work_ms, 95)),
        p99_ms=float(np.percentile(work_ms, 99)),
        wall_ms=float(np.median(wall_ms)),
        ratio=float(np.median(ratios)),
        ratio_noise=median_noise(ratios),
        rounds=len(ratios),
    )


def median_noise(ratios: np.ndarray) -> float:
    """Relative half width of the 95 % interval of the median, from order statistics."""
    values = np.sort(ratios)
    half = 0.98 * np.sqrt(len(values))
    low = values[max(0, int(np.floor(len(values) / 2 - half)))]
    high = values[min(len(values) - 1, int(np.ceil(len(values) / 2 + half)))]
    return float((high - low) / 2 / np.median(values))


def _cpu_ms(work: Work) -> float:
    # Processor time of this process: another process on the same core costs the wall clock, not this one.
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)
