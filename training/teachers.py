"""The teachers: YuNet with the landmark refiner, the alignment, and two embedders, through ONNX Runtime.

Feeding and decoding follow `../shared/models/README.md`. Nothing here needs PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from matcher.packs.session import onnx_runtime

# Where the five points lie in a 112 x 112 crop (px): eyes, nose, mouth corners, left as the viewer sees it.
TEMPLATE_PX = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    np.float32,
)
CROP_PX = 112
STRIDES_PX = (8, 16, 32)


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """Faces of one picture: boxes_px float32 (n, 4) x1 y1 x2 y2, scores (n,), points_px (n, 5, 2), best first."""

    boxes_px: np.ndarray
    scores: np.ndarray
    points_px: np.ndarray

    def __len__(self) -> int:
        return len(self.scores)


def open_session(path: Path, *, threads: int = 1) -> Any:
    """A CPU session with a fixed number of threads."""
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def similarity_from_points(source_px: np.ndarray, target_px: np.ndarray = TEMPLATE_PX) -> np.ndarray:
    """Least-squares similarity (2, 3) from source to target without reflection (Umeyama 1991)."""
    source_mean, target_mean = source_px.mean(0), target_px.mean(0)
    source, target = source_px - source_mean, target_px - target_mean
    scale = max(float((source**2).sum()), 1e-9)
    a = float((source * target).sum()) / scale
    b = float((source[:, 0] * target[:, 1] - source[:, 1] * target[:, 0]).sum()) / scale
    linear = np.array([[a, -b], [b, a]])
    return np.hstack([linear, (target_mean - linear @ source_mean)[:, None]])


def align(image: np.ndarray, points_px: np.ndarray, *, margin_px: int = 0) -> np.ndarray:
    """Crop of side 112 + 2 * margin_px around the aligned face; bilinear, border 0."""
    matrix = similarity_from_points(points_px, TEMPLATE_PX + margin_px)
    side = CROP_PX + 2 * margin_px
    return cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_LINEAR)


def suppress(boxes_px: np.ndarray, scores: np.ndarray, *, overlap: float = 0.3) -> np.ndarray:
    """Indices kept by greedy non-maximum suppression, best first."""
    order = np.argsort(-scores, kind="stable")
    areas = (boxes_px[:, 2] - boxes_px[:, 0]) * (boxes_px[:, 3] - boxes_px[:, 1])
    kept = []
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        low = np.maximum(boxes_px[best, :2], boxes_px[rest, :2])
        high = np.minimum(boxes_px[best, 2:], boxes_px[rest, 2:])
        inter = np.prod(np.clip(high - low, 0, None), axis=1)
        order = rest[inter <= overlap * (areas[best] + areas[rest] - inter)]
    return np.array(kept, np.int64)


def run_yunet(session: Any, image: np.ndarray, *, score_floor: float) -> Faces:
    """Faces of a BGR uint8 image by a net with YuNet's outputs, best first after suppression."""
    height, width = image.shape[:2]
    padded = np.zeros((-(-height // 32) * 32, -(-width // 32) * 32, 3), np.float32)
    padded[:height, :width] = image
    names = [output.name for output in session.get_outputs()]
    values = session.run(None, {"input": np.ascontiguousarray(padded.transpose(2, 0, 1))[None]})
    outputs = dict(zip(names, values, strict=True))
    boxes, scores, points = [], [], []
    for stride in STRIDES_PX:
        columns = padded.shape[1] // stride
        score = np.sqrt(
            np.clip(outputs[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(outputs[f"obj_{stride}"][0, :, 0], 0, 1)
        )
        at = np.flatnonzero(score >= score_floor)
        box = outputs[f"bbox_{stride}"][0, at]
        cells = np.stack([at % columns, at // columns], axis=1)
        center = (cells + box[:, :2]) * stride
        half = np.exp(box[:, 2:]) * stride / 2
        boxes.append(np.hstack([center - half, center + half]))
        scores.append(score[at])
        points.append((outputs[f"kps_{stride}"][0, at].reshape(-1, 5, 2) + cells[:, None]) * stride)
    boxes_px, all_scores = np.vstack(boxes).astype(np.float32), np.concatenate(scores)
    kept = suppress(boxes_px, all_scores)
    return Faces(boxes_px[kept], all_scores[kept], np.vstack(points).astype(np.float32)[kept])


class TeacherDetector:
    """YuNet at any side, then the 48 x 48 refiner. Not safe for concurrent use; one per thread."""

    def __init__(self, models: Path) -> None:
        self.detector = open_session(models / "yunet_s_dynamic.onnx")
        self.refiner = open_session(models / "landmarks_regression_retail_0009.onnx")

    def detect(self, image: np.ndarray, *, score_floor: float = 0.6) -> Faces:
        """Faces of a BGR uint8 image, with refined points."""
        faces = run_yunet(self.detector, image, score_floor=score_floor)
        points = [self.refine(image, box) for box in faces.boxes_px]
        return Faces(faces.boxes_px, faces.scores, np.array(points, np.float32).reshape(-1, 5, 2))

    def refine(self, image: np.ndarray, box_px: np.ndarray) -> np.ndarray:
        """Five accurate points (5, 2) px of the face in a box."""
        x1, y1, x2, y2 = (float(value) for value in box_px)
        side = 0.9 * max(x2 - x1, y2 - y1)
        left, top = (x1 + x2) / 2 - side / 2, (y1 + y2) / 2 - 0.05 * (y2 - y1) - side / 2
        scale = 48 / side
        matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
        crop = cv2.warpAffine(image, matrix, (48, 48), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        output = self.refiner.run(None, {"0": crop.astype(np.float32).transpose(2, 0, 1)[None]})[0]
        return output.reshape(5, 2) * side + [left, top]


class TeacherEmbedder:
    """Both embedders; each L2-normalized, joined and normalized again: float32 (n, 384)."""

    def __init__(self, models: Path) -> None:
        names = ("face_reidentification_retail_0095.onnx", "mobilefacenet_ms1m.onnx")
        self.sessions = [open_session(models / name) for name in names]

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Vectors (n, 384), unit norm, of gray (n, 112, 112) or RGB (n, 112, 112, 3) uint8 crops."""
        if crops.ndim == 3:
            crops = np.repeat(crops[..., None], 3, axis=3)
        inputs = (crops.transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
        parts = []
        for session in self.sessions:
            vectors = session.run(None, {"input": inputs})[0]
            parts.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        return (np.hstack(parts) / np.sqrt(2)).astype(np.float32)
