"""The training pool: real crops, and morphed crops as their shards arrive, with teacher vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at unit norm, float32."""
    vectors = vectors.astype(np.float32)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


class CropPool:
    """Draws (crop, target) pairs; a real crop's target is the mean of the teacher's view and mirror view."""

    def __init__(self, cache: Path, *, real_share: float = 0.4) -> None:
        self.cache = cache
        self.real_share = real_share
        faces = np.load(cache / "faces.npz")
        crops = np.load(cache / "crops.npy", mmap_mode="r")
        raw = np.load(cache / "targets.npy")
        targets = unit(raw.astype(np.float32).sum(1))
        train = np.flatnonzero(faces["found"] & ~faces["held_out"])
        held = np.flatnonzero(faces["found"] & faces["held_out"])
        self.real_crops, self.real_targets = crops[train], targets[train]
        self.held_crops = np.ascontiguousarray(crops[held][:, 8:-8, 8:-8])
        self.held_targets = unit(raw[held, 0])
        self.held_subjects = faces["subjects"][held]
        self.shards: dict[Path, tuple[np.ndarray, np.ndarray]] = {}
        self.refresh()

    def refresh(self) -> None:
        """Take up shards that have been written meanwhile."""
        shards = dict(self.shards)
        for path in sorted(self.cache.glob("morph-*-targets.npy")):
            if path not in shards:
                crops = np.load(str(path).replace("-targets", "-crops"), mmap_mode="r")
                shards[path] = (crops, np.load(path))
        self.shards = shards
        self.morphs = list(shards.values())

    def __len__(self) -> int:
        return len(self.real_crops) + sum(len(crops) for crops, _ in self.morphs)

    def draw(self, size: int, rng: np.random.Generator) -> tuple[list[np.ndarray], np.ndarray]:
        """A batch: real_share real ones (more while there are few morphs), the rest morphs."""
        morphs = self.morphs
        total = sum(len(crops) for crops, _ in morphs)
        share = max(self.real_share, 1 - total / max(1, len(self.real_crops) + total))
        real = rng.integers(0, len(self.real_crops), round(share * size))
        crops = [self.real_crops[at] for at in real]
        targets = [self.real_targets[at] for at in real]
        while len(crops) < size:
            shard_crops, shard_targets = morphs[rng.integers(len(morphs))]
            at = rng.integers(len(shard_crops))
            crops.append(shard_crops[at])
            targets.append(unit(shard_targets[at]))
        return crops, np.stack(targets)
