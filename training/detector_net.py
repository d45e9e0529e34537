"""The student detector: a small dense pyramid net with YuNet's output layout (cls, obj, bbox, kps at 8, 16, 32)."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

STRIDES_PX = (8, 16, 32)
# Luma weights of ITU-R BT.601 for B, G, R.
LUMA = (0.114, 0.587, 0.299)


def conv(before: int, after: int, *, side: int = 3, stride: int = 1) -> nn.Sequential:
    """Convolution, batch normalization, rectifier."""
    return nn.Sequential(
        nn.Conv2d(before, after, side, stride, side // 2, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return functional.relu(maps + self.second(self.first(maps)))


class Detector(nn.Module):
    """Gray pictures float32 (n, 1, h, w), 0..255, sides multiples of 32, to one (n, 15, h/s, w/s) map a stride.

    Channels: 0 score logit; 1, 2 center offset; 3, 4 log width, log height; 5..14 five points, all in strides.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 24, 48, 64, 96), neck: int = 48) -> None:
        super().__init__()
        a, b, c, d, e = widths
        self.stem = nn.Sequential(conv(1, a, stride=2), conv(a, b, stride=2))
        self.stage8 = nn.Sequential(conv(b, c, stride=2), Residual(c))
        self.stage16 = nn.Sequential(conv(c, d, stride=2), Residual(d), Residual(d))
        self.stage32 = nn.Sequential(conv(d, e, stride=2), Residual(e), Residual(e))
        self.lateral = nn.ModuleList(conv(width, neck, side=1) for width in (c, d, e))
        self.smooth = nn.ModuleList(conv(neck, neck) for _ in STRIDES_PX)
        self.heads = nn.ModuleList(nn.Conv2d(neck, 15, 1) for _ in STRIDES_PX)
        for head in self.heads:
            nn.init.normal_(head.weight, std=0.01)
            nn.init.zeros_(head.bias)
            with torch.no_grad():
                head.bias[0] = -4.0
                head.bias[3:5] = 1.5

    def forward(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        maps8 = self.stage8(self.stem(pictures / 64.0 - 2.0))
        maps16 = self.stage16(maps8)
        maps32 = self.stage32(maps16)
        top = self.lateral[2](maps32)
        middle = self.lateral[1](maps16) + functional.interpolate(top, scale_factor=2.0, mode="nearest")
        low = self.lateral[0](maps8) + functional.interpolate(middle, scale_factor=2.0, mode="nearest")
        return [
            head(smooth(maps)) for head, smooth, maps in zip(self.heads, self.smooth, (low, middle, top), strict=True)
        ]


def fuse_points(points: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """Each cell's points (n, 10, h, w) in strides become the mean over its 3 x 3 neighbors, weighted by score^4.

    Neighbors answer for the same face where faces are some cells apart; their errors partly cancel.
    """
    ones = torch.ones_like(scores)
    columns = ones.cumsum(3) - 1
    rows = ones.cumsum(2) - 1
    places = torch.cat([columns, rows], dim=1).repeat(1, 5, 1, 1)
    weights = scores**4 + 1e-12
    pooled = functional.avg_pool2d(torch.cat([weights, weights * (points + places)], 1), 3, 1, 1)
    return pooled[:, 1:] / pooled[:, :1] - places


class ExportedDetector(nn.Module):
    """BGR float32 (n, 3, h, w), 0..255, to YuNet's twelve outputs; obj repeats cls, so sqrt(cls * obj) is the score.

    Points are fused over neighbors at strides 16 and 32.
    """

    def __init__(self, detector: Detector) -> None:
        super().__init__()
        self.detector = detector
        self.register_buffer("luma", torch.tensor(LUMA).view(1, 3, 1, 1))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, ...]:
        maps = self.detector(functional.conv2d(pictures, self.luma))
        scores, boxes, points = [], [], []
        for stride, level in zip(STRIDES_PX, maps, strict=True):
            score, box, point = torch.sigmoid(level[:, :1]), level[:, 1:5], level[:, 5:]
            if stride > STRIDES_PX[0]:
                point = fuse_points(point, score)
            for values, kept in ((score, scores), (box, boxes), (point, points)):
                kept.append(values.flatten(2).transpose(1, 2))
        return (*scores, *(score + 0.0 for score in scores), *boxes, *points)


OUTPUT_NAMES = tuple(f"{kind}_{stride}" for kind in ("cls", "obj", "bbox", "kps") for stride in STRIDES_PX)
