"""The built-in pack as a runtime would use it: detect, align, embed, through ONNX Runtime on one thread."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from training.teachers import Faces, align, open_session, run_yunet, similarity_from_points

LONG_SIDE_PX = 640
# YuNet's usual floor.
SCORE_FLOOR = 0.6
# Second look: eyes and mouth at a fixed place of a small picture around the face, so that its scale is always alike.
LOOK_PX = 160
LOOK_POINTS_PX = np.array([[58.5, 64], [101.5, 64], [80, 88.5], [62.5, 113.5], [98, 113.5]], np.float32)


class Student:
    """Not safe for concurrent use; one per thread."""

    def __init__(self, folder: Path, *, looks: int = 1) -> None:
        self.detector = open_session(folder / "detector.onnx")
        self.embedder = open_session(folder / "embedder.onnx")
        self.looks = looks

    def detect(self, image: np.ndarray, *, score_floor: float = SCORE_FLOOR) -> Faces:
        """Faces of a BGR uint8 picture; large ones are searched at a long side of 640."""
        scale = min(1.0, LONG_SIDE_PX / max(image.shape[:2]))
        small = image if scale == 1.0 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces = run_yunet(self.detector, small, score_floor=score_floor)
        points = faces.points_px / np.float32(scale)
        if self.looks > 1:
            points = np.array([self.look_again(image, one) for one in points], np.float32).reshape(-1, 5, 2)
        return Faces(faces.boxes_px / np.float32(scale), faces.scores, points)

    def look_again(self, image: np.ndarray, points_px: np.ndarray) -> np.ndarray:
        """The points (5, 2) px found again in an upright picture of fixed scale; the old ones if it shows no face."""
        matrix = similarity_from_points(points_px, LOOK_POINTS_PX)
        close = cv2.warpAffine(image, matrix, (LOOK_PX, LOOK_PX), flags=cv2.INTER_LINEAR)
        faces = run_yunet(self.detector, close, score_floor=SCORE_FLOOR)
        if len(faces) == 0:
            return points_px
        off = np.linalg.norm(faces.points_px.mean(1) - LOOK_POINTS_PX.mean(0), axis=1)
        at = int(np.argmin(off))
        if off[at] > 25:
            return points_px
        return (faces.points_px[at] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Unit vectors (n, 384) of aligned BGR (n, 112, 112, 3) or gray (n, 112, 112) uint8 crops."""
        if crops.ndim == 3:
            crops = np.repeat(crops[..., None], 3, axis=3)
        inputs = (crops[..., ::-1].transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
        vectors = self.embedder.run(None, {"input": np.ascontiguousarray(inputs)})[0]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def photograph(self, image: np.ndarray) -> np.ndarray | None:
        """The unit vector (384,) of the best face of a photograph, or None without one."""
        faces = self.detect(image)
        if len(faces) == 0:
            return None
        return self.embed(align(image, faces.points_px[0])[None])[0]
