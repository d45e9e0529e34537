"""Assignment of faces to cells, and the detector's loss."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from training.detector_net import STRIDES_PX

# Longer side (px) of the faces each stride answers for; half an octave beyond either end is left undecided.
RANGES_PX = {8: (0.0, 46.0), 16: (38.0, 118.0), 32: (98.0, 1e9)}
SLACK = 1.4
RADIUS = 1.0


def assign(faces: np.ndarray, side: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Per stride: labels int8 (cells,) 1 face, 0 none, -1 undecided; and rows float32 (cells, 16) of the face."""
    labels, rows = [], []
    for stride in STRIDES_PX:
        cells = side // stride
        label = np.zeros((cells, cells), np.int8)
        row = np.zeros((cells, cells, 16), np.float32)
        low, high = RANGES_PX[stride]
        ordered = faces[np.argsort(-(faces[:, 2] - faces[:, 0]))] if len(faces) else faces
        y, x = np.mgrid[:cells, :cells]
        for face in ordered:
            center = (face[:2] + face[2:4]) / 2 / stride
            half = (face[2:4] - face[:2]) / 2 / stride
            size = 2 * half.max() * stride
            far_x, far_y = np.abs(x - center[0]), np.abs(y - center[1])
            ring = (far_x <= np.maximum(0.6 * half[0], 1.6)) & (far_y <= np.maximum(0.6 * half[1], 1.6))
            near = (far_x <= RADIUS) & (far_y <= RADIUS)
            if not face[14]:
                inside = (far_x <= half[0]) & (far_y <= half[1])
                label[inside & (label == 0)] = -1
            elif low <= size < high:
                label[ring & (label == 0)] = -1
                label[near] = 1
                row[near] = face
            elif low / SLACK <= size < high * SLACK:
                label[ring & (label == 0)] = -1
        labels.append(label.ravel())
        rows.append(row.reshape(-1, 16))
    return labels, rows


def overlap(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """Generalized intersection over union (Rezatofighi et al. 2019) of (n, 4) boxes."""
    low, high = torch.maximum(ours[:, :2], theirs[:, :2]), torch.minimum(ours[:, 2:], theirs[:, 2:])
    inter = (high - low).clamp(min=0).prod(1)
    union = (ours[:, 2:] - ours[:, :2]).prod(1) + (theirs[:, 2:] - theirs[:, :2]).prod(1) - inter
    hull = (torch.maximum(ours[:, 2:], theirs[:, 2:]) - torch.minimum(ours[:, :2], theirs[:, :2])).prod(1)
    return inter / union - (hull - union) / hull


def detector_loss(
    maps: list[torch.Tensor], labels: list[torch.Tensor], rows: list[torch.Tensor]
) -> tuple[torch.Tensor, dict[str, float]]:
    """Focal loss on scores, generalized IoU on boxes, points relative to the face's size; and its parts to show."""
    score_sum, box_sum, point_sum, error_sum = 0.0, 0.0, 0.0, 0.0
    positives, pointed = 0, 0.0
    for level, label, row, stride in zip(maps, labels, rows, STRIDES_PX, strict=True):
        cells = level.shape[-1]
        values = level.float().flatten(2).transpose(1, 2)
        logit = values[:, :, 0]
        known = label >= 0
        truth = (label == 1).float()
        chance = torch.sigmoid(logit)
        wrong = (chance - truth).abs()
        entropy = functional.binary_cross_entropy_with_logits(logit, truth, reduction="none")
        score_sum = score_sum + (entropy * wrong**2 * torch.where(truth > 0, 1.0, 0.6))[known].sum()
        image, cell = torch.nonzero(label == 1, as_tuple=True)
        positives += len(cell)
        if len(cell) == 0:
            continue
        picked, face = values[image, cell], row[image, cell]
        grid = torch.stack([cell % cells, torch.div(cell, cells, rounding_mode="floor")], 1).float()
        center = (grid + picked[:, 1:3]) * stride
        half = picked[:, 3:5].clamp(-4, 5).exp() * stride / 2
        box_sum = box_sum + (1 - overlap(torch.cat([center - half, center + half], 1), face[:, :4])).sum()
        points = (picked[:, 5:].view(-1, 5, 2) + grid[:, None]) * stride
        # 0.45 of the box's longer side is about the distance between the eyes: errors are in that unit.
        unit = 0.45 * (face[:, 2:4] - face[:, :2]).amax(1)
        error = (points - face[:, 4:14].view(-1, 5, 2)) / unit[:, None, None]
        weight = face[:, 15]
        point_sum = (
            point_sum
            + (
                functional.smooth_l1_loss(error, torch.zeros_like(error), reduction="none", beta=0.04).mean((1, 2))
                * weight
            ).sum()
        )
        error_sum += float((error.detach().norm(dim=2).mean(1) * weight).sum())
        pointed += float(weight.sum())
    count = max(1, positives)
    total = score_sum / count * 2 + box_sum / count + 16.0 * point_sum / max(1.0, pointed)
    parts = {
        "score": float(score_sum.detach()) / count,
        "box": float(torch.as_tensor(box_sum).detach()) / count,
        "point_px_at_45": 45 * error_sum / max(1.0, pointed),
    }
    return total, parts
