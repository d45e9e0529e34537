"""The student embedder: a narrow residual net on an aligned crop, with taps where the teachers' maps are taught."""

from __future__ import annotations

import torch
from torch import nn

from training.hints import CELLS, CHANNELS

DIM = 384


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

    def __init__(self, widths: tuple[int, ...] = (64, 128, 192), depths: tuple[int, ...] = (1, 3, 3)) -> None:
        super().__init__()
        stem = [nn.Conv2d(1, widths[0], 7, 4, 3, bias=False), nn.BatchNorm2d(widths[0]), nn.PReLU(widths[0])]
        stages = [nn.Sequential(*stem, *(Residual(widths[0]) for _ in range(depths[0])))]
        for before, width, depth in zip(widths, widths[1:], depths[1:], strict=False):
            stages.append(nn.Sequential(shrink(before, width), *(Residual(width) for _ in range(depth))))
        self.stages = nn.ModuleList(stages)
        self.tail = nn.Sequential(
            nn.Conv2d(widths[-1], DIM, 1, bias=False),
            nn.BatchNorm2d(DIM),
            nn.PReLU(DIM),
            nn.Conv2d(DIM, DIM, CELLS[-1], groups=DIM, bias=False),
            nn.Flatten(),
            nn.BatchNorm1d(DIM),
        )
        self.head = nn.Linear(DIM, DIM)

    def maps(self, crops: torch.Tensor) -> list[torch.Tensor]:
        """The last map of each stage: 28, 14 and 7 cells a side."""
        found = [self.stages[0](crops / 64.0 - 2.0)]
        for stage in self.stages[1:]:
            found.append(stage(found[-1]))
        return found

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        return self.head(self.tail(self.maps(crops)[-1]))


class HintedEmbedder(nn.Module):
    """The student in training: its vectors, and its guess of the teachers' maps (each of CELLS), linear in its own."""

    def __init__(self, embedder: Embedder, widths: tuple[int, ...] = (128, 192)) -> None:
        super().__init__()
        self.embedder = embedder
        self.hints = nn.ModuleList(nn.Conv2d(width, CHANNELS, 1) for width in widths)

    def forward(self, crops: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        maps = self.embedder.maps(crops)
        vectors = self.embedder.head(self.embedder.tail(maps[-1]))
        return vectors, [hint(one) for hint, one in zip(self.hints, maps[1:], strict=True)]
