"""The training pool: shards of real and of synthetic crops as they arrive, with what the teachers see in them.

A shard is four files: NAME-crops.npy uint8 (n, 128, 128), NAME-hints14.npy int8 (n, 14, 14, 256), NAME-hints7.npy
int8 (n, 7, 7, 256) and, written last, NAME-targets.npy float16 (n, 384).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.hints import CELLS, HintScale, HintTeacher

BATCH = 32
MARGIN_PX = 8


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at unit norm, float32."""
    vectors = vectors.astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def middle(crops: np.ndarray) -> np.ndarray:
    """The aligned 112 px crops inside crops with a margin."""
    return np.ascontiguousarray(crops[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])


def shard_exists(cache: Path, name: str) -> bool:
    """True once all files of a shard are there."""
    return (cache / f"{name}-targets.npy").exists()


def write_shard(
    cache: Path, name: str, crops: np.ndarray, teacher: HintTeacher, scale: HintScale, targets: np.ndarray | None = None
) -> None:
    """Describe crops (n, 128, 128) and write their shard. targets: better vectors than the crops' own, if any."""
    vectors, hints = [], [[] for _ in CELLS]
    for at in range(0, len(crops), BATCH):
        found, maps = teacher.describe(middle(crops[at : at + BATCH]))
        vectors.append(found)
        for part, codes in zip(hints, scale.code(maps), strict=True):
            part.append(codes)
    np.save(cache / f"{name}-crops.npy", crops)
    for cells, part in zip(CELLS, hints, strict=True):
        np.save(cache / f"{name}-hints{cells}.npy", np.concatenate(part))
    unfinished = cache / f"{name}.tmp.npy"
    np.save(unfinished, (np.vstack(vectors) if targets is None else targets).astype(np.float16))
    unfinished.rename(cache / f"{name}-targets.npy")


@dataclass(frozen=True, slots=True, eq=False)
class Shard:
    """Crops, hints for each of CELLS, targets; see the module."""

    crops: np.ndarray
    hints: tuple[np.ndarray, ...]
    targets: np.ndarray

    @classmethod
    def open(cls, cache: Path, name: str) -> Shard:
        hints = tuple(np.load(cache / f"{name}-hints{cells}.npy", mmap_mode="r") for cells in CELLS)
        crops = np.load(cache / f"{name}-crops.npy", mmap_mode="r")
        return cls(crops, hints, np.load(cache / f"{name}-targets.npy"))


class CropPool:
    """Draws crops with targets and hints."""

    def __init__(self, cache: Path, *, real_share: float = 0.4) -> None:
        self.cache = cache
        self.real_share = real_share
        self.shards: dict[str, Shard] = {}
        self.refresh()
        faces = np.load(cache / "faces.npz")
        held = np.flatnonzero(faces["found"] & faces["held_out"])
        self.held_crops = middle(np.load(cache / "crops.npy", mmap_mode="r")[held])
        self.held_targets = unit(np.load(cache / "targets.npy")[held, 0])
        self.held_subjects = faces["subjects"][held]

    def refresh(self) -> None:
        """Take up shards that have been written meanwhile."""
        for path in sorted(self.cache.glob("*-[0-9]*-targets.npy")):
            name = path.name.removesuffix("-targets.npy")
            if name not in self.shards:
                self.shards[name] = Shard.open(self.cache, name)
        self.real = [shard for name, shard in self.shards.items() if name.startswith("real-")]
        self.synthetic = [shard for name, shard in self.shards.items() if name.startswith("morph-")]

    def __len__(self) -> int:
        return sum(len(shard.targets) for shard in self.shards.values())

    def draw(self, size: int, rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray, tuple[np.ndarray, ...]]:
        """A batch: crops (128, 128) uint8, targets float32 (n, 384), hints int8 for each of CELLS. real_share of it is
        real, more while there are few synthetic ones."""
        real_count, synthetic_count = (sum(len(one.targets) for one in side) for side in (self.real, self.synthetic))
        share = max(self.real_share, real_count / max(1, real_count + synthetic_count))
        drawn = []
        for at in range(size):
            side = self.real if at < round(share * size) else self.synthetic
            shard = side[rng.integers(len(side))]
            drawn.append((shard, int(rng.integers(len(shard.targets)))))
        targets = unit(np.stack([shard.targets[at] for shard, at in drawn]))
        hints = tuple(np.stack([shard.hints[level][at] for shard, at in drawn]) for level in range(len(CELLS)))
        return [shard.crops[at] for shard, at in drawn], targets, hints
