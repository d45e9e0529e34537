"""The models of a face pack called by hand, without any code of the product."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.face.align import TEMPLATE_PX
from matcher.packs.session import onnx_runtime
from matcher.samples import Uint8Array


def direct_vector(embedders: Sequence[Path], pixels: Uint8Array, points: Float32Array) -> Float32Array:
    """What the embedders say, joined, as ../shared/models/README.md describes it: RGB, (x - 127.5) / 127.5."""
    source, target = points - points.mean(axis=0), TEMPLATE_PX - TEMPLATE_PX.mean(axis=0)
    left, sizes, right = np.linalg.svd(target.T @ source)
    scale = sizes.sum() / np.sum(source**2)
    matrix = np.zeros((2, 3))
    matrix[:, :2] = scale * left @ right
    matrix[:, 2] = TEMPLATE_PX.mean(axis=0) - matrix[:, :2] @ points.mean(axis=0)
    crop = cv2.warpAffine(pixels, matrix, (112, 112), flags=cv2.INTER_LINEAR)
    blob = ((crop[:, :, ::-1].astype(np.float32) - 127.5) / 127.5).transpose(2, 0, 1)[None]
    parts = []
    for path in embedders:
        session = onnx_runtime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
        vector = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(blob)})[0][0]
        parts.append(vector / np.linalg.norm(vector))
    return np.concatenate(parts) / np.float32(np.sqrt(len(parts)))
