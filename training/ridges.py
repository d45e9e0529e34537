"""Generated prints: ridge patterns that a face detector must not take for faces."""

from __future__ import annotations

import cv2
import numpy as np

ANGLES = 16


def gabor_bank(period_px: float) -> list[np.ndarray]:
    """Zero-mean line filters (15, 15) at evenly spaced orientations."""
    y, x = np.mgrid[-7:8, -7:8].astype(np.float32)
    bank = []
    for turn in np.arange(ANGLES) * np.pi / ANGLES:
        across = -np.sin(turn) * x + np.cos(turn) * y
        filter_ = np.exp(-(x**2 + y**2) / 18) * np.cos(2 * np.pi * across / period_px)
        bank.append((filter_ - filter_.mean()).astype(np.float32))
    return bank


def generated_print(side: int, rng: np.random.Generator) -> np.ndarray:
    """A print-like pattern uint8 (side, side): ridges grown from noise along a field with a core and deltas.

    Orientation after Sherlock and Monro (1993): half the sum of the angles seen from cores less those from deltas.
    """
    y, x = np.mgrid[:side, :side].astype(np.float32) / side
    cores = rng.uniform([0.3, 0.25], [0.7, 0.6], (rng.integers(1, 3), 2))
    deltas = rng.uniform([0.0, 0.7], [1.0, 1.1], (rng.integers(0, len(cores) + 1), 2))
    field = np.full((side, side), rng.normal(0, 0.3), np.float32)
    for core in cores:
        field += 0.5 * np.arctan2(y - core[1], x - core[0])
    for delta in deltas:
        field -= 0.5 * np.arctan2(y - delta[1], x - delta[0])
    period = rng.uniform(6, 10)
    choice = np.round(field / (np.pi / ANGLES)).astype(int) % ANGLES
    ridges = rng.normal(0, 1, (side, side)).astype(np.float32)
    bank = gabor_bank(period)
    for _ in range(3):
        answers = np.stack([cv2.filter2D(ridges, -1, filter_) for filter_ in bank])
        ridges = np.tanh(np.take_along_axis(answers, choice[None], 0)[0] / (answers.std() + 1e-6) * 1.5)
    rough = cv2.resize(rng.normal(0, 1, (12, 12)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    ridges = ridges * np.clip(1 + 0.5 * rough, 0.1, 1.5) + rng.normal(0, rng.uniform(0, 0.5), (side, side))
    dark, light = rng.uniform(0, 110), rng.uniform(150, 256)
    paper = light if rng.random() < 0.7 else dark
    picture = light - (ridges + 1) / 2 * (light - dark)
    center, axes = rng.uniform(0.4, 0.6, 2), rng.uniform(0.28, 0.7, 2)
    outside = ((x - center[0]) / axes[0]) ** 2 + ((y - center[1]) / axes[1]) ** 2 > 1 + 0.15 * rough
    return np.where(outside, paper + 3 * rough, np.clip(picture, 0, 255)).clip(0, 255).astype(np.uint8)


def generated_prints(count: int, seed: int, side: int = 192) -> list[np.ndarray]:
    """A seeded stock of patterns, drawn from while training; some 20 ms each."""
    return [generated_print(side, np.random.default_rng([seed, number])) for number in range(count)]
