"""What the teachers see on the way: their maps of 14 x 14 and 7 x 7 cells, as hints (Romero et al. 2015).

Every cell of a map is an example of its own, so a few thousand faces teach as much as many more would through their
vectors alone. Maps of the teacher that works on 16 x 16 and 8 x 8 cells are resampled to the student's.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from matcher.packs.session import onnx_runtime

CELLS = (14, 7)
CHANNELS = 256
# int8 codes: this many steps a standard deviation, so the range is 5.3 of them.
STEPS = 24.0
# The output of the last block at each resolution.
TAPS = {
    "face_reidentification_retail_0095.onnx": ("t538", "t666"),
    "mobilefacenet_ms1m.onnx": ("/features/features.11/Add_output_0", "/features/features.14/Add_output_0"),
}


def open_tapped(path: Path) -> Any:
    """A session on one thread that also returns the maps of its taps."""
    model = onnx.load(path)
    for name in TAPS[path.name]:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def resample(maps: np.ndarray, cells: int) -> np.ndarray:
    """Maps (n, channels, side, side) on another grid over the same square, linear between cell centers."""
    side = maps.shape[2]
    if side == cells:
        return maps
    place = np.clip((np.arange(cells) + 0.5) * side / cells - 0.5, 0, side - 1)
    low = np.minimum(place.astype(int), side - 2)
    weights = np.zeros((cells, side), np.float32)
    weights[np.arange(cells), low] = 1 - (place - low)
    weights[np.arange(cells), low + 1] = place - low
    return weights @ maps @ weights.T


class HintTeacher:
    """Both embedders with their maps. One thread."""

    def __init__(self, models: Path) -> None:
        self.sessions = [(open_tapped(models / name), ["embedding", *taps]) for name, taps in TAPS.items()]

    def describe(self, crops: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """Vectors float32 (n, 384), unit norm, and for each of CELLS the maps float32 (n, cells, cells, 256) of gray
        crops uint8 (n, 112, 112)."""
        inputs = (np.repeat(crops[:, None], 3, axis=1).astype(np.float32) - 127.5) / 127.5
        vectors, maps = [], [[] for _ in CELLS]
        for session, names in self.sessions:
            found, *taps = session.run(names, {"input": inputs})
            vectors.append(found / np.linalg.norm(found, axis=1, keepdims=True))
            for at, cells in enumerate(CELLS):
                maps[at].append(resample(taps[at], cells))
        joined = [np.concatenate(both, axis=1).transpose(0, 2, 3, 1) for both in maps]
        return (np.hstack(vectors) / np.sqrt(2)).astype(np.float32), joined


@dataclass(frozen=True, slots=True, eq=False)
class HintScale:
    """Mean and deviation of every channel, for each of CELLS: float32 (256,)."""

    means: list[np.ndarray]
    deviations: list[np.ndarray]

    @classmethod
    def measure(cls, maps: list[np.ndarray]) -> HintScale:
        """From maps of ordinary crops."""
        flat = [one.reshape(-1, CHANNELS) for one in maps]
        return cls([one.mean(0) for one in flat], [one.std(0) + 1e-6 for one in flat])

    def save(self, path: Path) -> None:
        np.savez(path, means=self.means, deviations=self.deviations)

    @classmethod
    def load(cls, path: Path) -> HintScale:
        with np.load(path) as saved:
            return cls(list(saved["means"]), list(saved["deviations"]))

    def code(self, maps: list[np.ndarray]) -> list[np.ndarray]:
        """int8 codes of standardized maps."""
        scaled = zip(maps, self.means, self.deviations, strict=True)
        return [
            np.clip(np.rint((one - mean) / spread * STEPS), -127, 127).astype(np.int8) for one, mean, spread in scaled
        ]
