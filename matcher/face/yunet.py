"""YuNet: boxes and five rough points (Wu, Peng and Yu, Machine Intelligence Research 2023)."""

from __future__ import annotations

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.face.candidates import FaceCandidates
from matcher.packs.session import ModelSession
from matcher.packs.store import DetectorSpec
from matcher.samples import Uint8Array

STRIDES_PX = (8, 16, 32)


class YuNet:
    """Decodes the twelve outputs cls, obj, bbox and kps at strides 8, 16 and 32. Thread-safe."""

    def __init__(self, session: ModelSession, spec: DetectorSpec) -> None:
        self._session = session
        self._spec = spec
        self._at = {name: number for number, name in enumerate(session.output_names)}

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        """Every cell above the score floor. canvas: uint8 (height, width, 3) BGR, sides multiples of 32."""
        blob = cv2.dnn.blobFromImage(
            canvas,
            scalefactor=1.0 / self._spec.std,
            mean=(self._spec.mean,) * 3,
            swapRB=self._spec.channel_order == "RGB",
        )
        outputs = self._session.run({self._session.input_names[0]: blob})
        found = [self._decode(outputs, stride, canvas.shape[1] // stride) for stride in STRIDES_PX]
        return FaceCandidates(
            np.concatenate([each.boxes_px for each in found]),
            np.concatenate([each.scores for each in found]),
            np.concatenate([each.landmarks_px for each in found]),
        )

    def _decode(self, outputs: list[Float32Array], stride: int, column_count: int) -> FaceCandidates:
        class_score = outputs[self._at[f"cls_{stride}"]][0, :, 0]
        object_score = outputs[self._at[f"obj_{stride}"]][0, :, 0]
        score = np.sqrt(np.clip(class_score, 0, 1) * np.clip(object_score, 0, 1))
        at = np.flatnonzero(score >= self._spec.score_floor)
        cells = np.stack([at % column_count, at // column_count], axis=1).astype(np.float32)
        box = outputs[self._at[f"bbox_{stride}"]][0, at]
        center = (cells + box[:, :2]) * stride
        half = np.exp(box[:, 2:]) * (stride / 2)
        points = outputs[self._at[f"kps_{stride}"]][0, at].reshape(-1, 5, 2)
        return FaceCandidates(np.hstack([center - half, center + half]), score[at], (points + cells[:, None]) * stride)
