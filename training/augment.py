"""Gray crop augmentation: what cameras, scanners and an imperfect alignment do to a face."""

from __future__ import annotations

import cv2
import numpy as np

CROP_PX = 112


def misalign(crop: np.ndarray, rng: np.random.Generator, *, strength: float) -> np.ndarray:
    """A 112 px crop of a larger one, shifted (px), turned (degrees) and scaled a little. Hints stay where they are: the
    shift is a fraction of their cells. Mirrored crops are crops of their own."""
    side = crop.shape[0]
    angle = np.deg2rad(rng.normal(0, 1.5 * strength))
    scale = np.exp(rng.normal(0, 0.02 * strength))
    shift = rng.normal(0, 0.8 * strength, 2)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    center = np.array([(side - 1) / 2, (side - 1) / 2])
    offset = np.array([(CROP_PX - 1) / 2, (CROP_PX - 1) / 2]) + shift - linear @ center
    return cv2.warpAffine(crop, np.hstack([linear, offset[:, None]]), (CROP_PX, CROP_PX), flags=cv2.INTER_LINEAR)


def relight(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gain, offset and gamma; sometimes light from one side."""
    levels = np.arange(256, dtype=np.float32) / 255
    curve = levels ** np.exp(rng.normal(0, 0.3))
    curve = (curve - 0.5) * np.exp(rng.normal(0, 0.25)) + 0.5 + rng.normal(0, 0.08)
    crop = cv2.LUT(crop, np.clip(curve * 255, 0, 255).astype(np.uint8))
    if rng.random() < 0.25:
        slope = rng.normal(0, 0.35, 2)
        axis = np.linspace(-1, 1, CROP_PX, dtype=np.float32)
        gain = 1 + slope[0] * axis[None, :] + slope[1] * axis[:, None]
        crop = np.clip(crop * gain, 0, 255).astype(np.uint8)
    return crop


def degrade(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One or more of: low resolution, blur, motion, noise, JPEG."""
    if rng.random() < 0.35:
        side = int(CROP_PX / rng.uniform(1.3, 3.5))
        crop = cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA)
        crop = cv2.resize(crop, (CROP_PX, CROP_PX), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.25:
        crop = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.5, 2.0))
    if rng.random() < 0.1:
        kernel = np.zeros((7, 7), np.float32)
        direction = rng.normal(0, 1, 2)
        direction *= 3 / np.linalg.norm(direction)
        cv2.line(kernel, tuple(map(int, np.round(3 - direction))), tuple(map(int, np.round(3 + direction))), 1.0)
        crop = cv2.filter2D(crop, -1, kernel / kernel.sum())
    if rng.random() < 0.25:
        noise = rng.normal(0, rng.uniform(2, 12), crop.shape)
        crop = np.clip(crop + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        packed = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(15, 80))])[1]
        crop = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return crop


def occlude(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cover a rectangle with a flat tone or with noise."""
    height, width = rng.integers(14, 46, 2)
    top, left = rng.integers(5, CROP_PX - height), rng.integers(5, CROP_PX - width)
    crop = crop.copy()
    tone = rng.integers(0, 256)
    if rng.random() < 0.5:
        crop[top : top + height, left : left + width] = tone
    else:
        crop[top : top + height, left : left + width] = rng.integers(0, 256, (height, width))
    return crop


def augment(crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One training view (112, 112) uint8 of a larger gray crop; nearly half stay nearly clean."""
    crop = misalign(crop, rng, strength=2.0 if rng.random() < 0.15 else 0.8)
    if rng.random() < 0.45:
        return crop
    if rng.random() < 0.6:
        crop = relight(crop, rng)
    if rng.random() < 0.4:
        crop = degrade(crop, rng)
    if rng.random() < 0.1:
        crop = occlude(crop, rng)
    return crop
