"""Step 2, beside step 3: synthetic crops for distillation, in shards that training takes up as they arrive.

A teacher can label any aligned face, also one that never lived. Two training crops are warped to a common, jittered
geometry (thin-plate splines through the five points and fixed border points, Bookstein 1989) and blended, or one's
eyes, nose or mouth region is set into the other, or one is only re-shaped. Held-out subjects take no part.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from training.crops import CropPool, shard_exists, write_shard
from training.hints import HintScale, HintTeacher
from training.teachers import TEMPLATE_PX

SIDE_PX = 128
SHARD = 1024
POINTS_PX = (TEMPLATE_PX + 8).astype(np.float64)
BORDER_PX = np.array([[x, y] for x in (0, 64, 127) for y in (0, 64, 127) if (x, y) != (64, 64)], np.float64)
GRID_PX = np.stack(np.meshgrid(np.arange(0, SIDE_PX, 4), np.arange(0, SIDE_PX, 4)), axis=-1).reshape(-1, 2)


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """r^2 log r between two point lists."""
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return 0.5 * squared * np.log(squared + 1e-9)


def warp(crop: np.ndarray, shift_px: np.ndarray) -> np.ndarray:
    """Move the five template points (and the jaw beside the mouth) by shift_px (5, 2), smoothly."""
    targets = np.vstack([POINTS_PX + shift_px, BORDER_PX])
    sources = np.vstack([POINTS_PX, BORDER_PX])
    n = len(targets)
    affine = np.hstack([np.ones((n, 1)), targets])
    system = np.block([[kernel(targets, targets) + np.eye(n) * 1e-3, affine], [affine.T, np.zeros((3, 3))]])
    weights = np.linalg.solve(system, np.vstack([sources, np.zeros((3, 2))]))
    grid = np.hstack([kernel(GRID_PX, targets), np.ones((len(GRID_PX), 1)), GRID_PX]) @ weights
    field = grid.astype(np.float32).reshape(SIDE_PX // 4, SIDE_PX // 4, 2)
    # The coarse grid's nodes lie at 0, 4, 8 ...: enlarge so that they stay there.
    place = np.array([[0.25, 0, 0], [0, 0.25, 0]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    field = cv2.warpAffine(field, place, (SIDE_PX, SIDE_PX), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return cv2.remap(crop, field[..., 0], field[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def region(rng: np.random.Generator) -> np.ndarray:
    """A soft mask (128, 128) of eyes, nose, mouth, the upper or lower half, or one side."""
    mask = np.zeros((SIDE_PX, SIDE_PX), np.float32)
    choice = rng.integers(0, 6)
    if choice == 0:
        cv2.rectangle(mask, (28, 44), (100, 72), 1.0, -1)
    elif choice == 1:
        cv2.rectangle(mask, (48, 56), (80, 90), 1.0, -1)
    elif choice == 2:
        cv2.rectangle(mask, (38, 88), (90, 118), 1.0, -1)
    elif choice == 3:
        mask[: rng.integers(60, 90)] = 1.0
    elif choice == 4:
        cv2.ellipse(mask, (64, 74), (int(rng.integers(28, 42)), int(rng.integers(40, 56))), 0, 0, 360, 1.0, -1)
    else:
        mask[:, : rng.integers(54, 74)] = 1.0
    return cv2.GaussianBlur(mask, (0, 0), rng.uniform(3, 6))


def match_tone(crop: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Give a crop the mean and spread of another's middle, float32."""
    ours, theirs = crop[32:112, 32:96].astype(np.float32), like[32:112, 32:96].astype(np.float32)
    gain = np.clip(theirs.std() / max(1.0, float(ours.std())), 0.5, 2.0)
    return (crop.astype(np.float32) - ours.mean()) * gain + theirs.mean()


def synthesize(crops: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One synthetic crop (128, 128) uint8."""
    first, second = (crops[at] for at in rng.integers(0, len(crops), 2))
    if rng.random() < 0.5:
        first = first[:, ::-1]
    if rng.random() < 0.5:
        second = second[:, ::-1]
    shift = rng.normal(0, 1.6, (5, 2))
    shift[:2, 1] = shift[:2, 1].mean() + 0.3 * (shift[:2, 1] - shift[:2, 1].mean())
    base = warp(np.ascontiguousarray(first), shift)
    kind = rng.random()
    if kind < 0.2:
        return base
    other = match_tone(warp(np.ascontiguousarray(second), shift), base)
    share = np.float32(rng.uniform(0.3, 0.7)) if kind < 0.6 else region(rng) * np.float32(rng.uniform(0.7, 1.0))
    return np.clip(base * (1 - share) + other * share, 0, 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--shards", type=int, default=60, help="of 1,024 crops; about 15 s each on one free core")
    parser.add_argument("--first", type=int, default=0, help="begin here: two programs can share the work")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    teacher, scale = HintTeacher(options.models), HintScale.load(options.cache / "hint-scale.npz")
    crops = np.concatenate([shard.crops for shard in CropPool(options.cache).real])
    for shard in range(options.first, options.shards):
        name = f"morph-{shard:04d}"
        if shard_exists(options.cache, name):
            continue
        start = time.monotonic()
        rng = np.random.default_rng([options.seed, shard])
        made = np.stack([synthesize(crops, rng) for _ in range(SHARD)])
        write_shard(options.cache, name, made, teacher, scale)
        print(f"shard {shard + 1}/{options.shards} in {time.monotonic() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
