"""The student embedder: a narrow residual net on the gray middle of an aligned crop."""

from __future__ import annotations

import torch
from torch import nn

DIM = 384
# Rows and columns of the 112 px crop that the net looks at: 96 x 96, chin included, a quarter fewer pixels.
ROWS_PX = slice(14, 110)
COLUMNS_PX = slice(8, 104)


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside the identity."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.PReLU(channels),
            nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
            nn.BatchNorm2d(channels),
        )
        nn.init.constant_(self.body[-1].weight, 0.3)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return maps + self.body(maps)


def shrink(before: int, after: int) -> nn.Sequential:
    """Halve the side."""
    return nn.Sequential(nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.PReLU(after))


class Embedder(nn.Module):
    """Gray crops float32 (n, 1, 112, 112), 0..255, to vectors (n, 384), not normalized."""

    def __init__(self, widths: tuple[int, ...] = (48, 96, 192), depths: tuple[int, ...] = (1, 3, 3)) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(1, widths[0], 7, 4, 3, bias=False),
            nn.BatchNorm2d(widths[0]),
            nn.PReLU(widths[0]),
        ]
        for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
            if stage:
                layers.append(shrink(widths[stage - 1], width))
            layers += [Residual(width) for _ in range(depth)]
        layers += [nn.Conv2d(widths[-1], DIM, 1, bias=False), nn.BatchNorm2d(DIM), nn.PReLU(DIM)]
        layers += [nn.Conv2d(DIM, DIM, 6, groups=DIM, bias=False), nn.Flatten(), nn.BatchNorm1d(DIM)]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(DIM, DIM)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        middle = crops[:, :, ROWS_PX, COLUMNS_PX] / 64.0 - 2.0
        return self.head(self.layers(middle))
