"""LEADER in PyTorch up to the position head, as reference_graph.py has it, and a compact bottleneck.

Values are float32 (batch, channels, height, width); the image is gray levels 0..255.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from matcher.fingerprint.network.weights import (
    CONTEXT_CHANNELS,
    GATE_DILATIONS,
    NORM_EPSILON,
    REFINE_CHANNELS,
    Weights,
)


def normalized(x: Tensor) -> Tensor:
    """Layer normalization over the channels of each pixel, without gain and offset."""
    centered = x - x.mean(1, keepdim=True)
    return centered * torch.rsqrt(centered.square().mean(1, keepdim=True) + NORM_EPSILON)


class Convolution(nn.Module):
    """kernel, bias: Keras order."""

    def __init__(
        self, kernel: np.ndarray, bias: np.ndarray | None = None, *, dilation: int = 1, depthwise: bool = False
    ):
        super().__init__()
        order = (2, 3, 0, 1) if depthwise else (3, 2, 0, 1)
        self.weight = nn.Parameter(torch.tensor(kernel.transpose(order).copy()))
        self.bias = None if bias is None else nn.Parameter(torch.tensor(bias))
        self._dilation = dilation
        self._groups = kernel.shape[2] if depthwise else 1

    def forward(self, x: Tensor) -> Tensor:
        padding = self._dilation * (self.weight.shape[-1] // 2)
        return functional.conv2d(x, self.weight, self.bias, 1, padding, self._dilation, self._groups)

    @property
    def matrix(self) -> Tensor:
        """Of a pointwise convolution: (out, in)."""
        return self.weight[:, :, 0, 0]


class Norm(nn.Module):
    def __init__(self, gain: np.ndarray, offset: np.ndarray) -> None:
        super().__init__()
        self.gain, self.offset = nn.Parameter(torch.tensor(gain)), nn.Parameter(torch.tensor(offset))

    def forward(self, x: Tensor) -> Tensor:
        return normalized(x) * self.gain[:, None, None] + self.offset[:, None, None]


class Stem(nn.Module):
    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        self.plain = Convolution(*weights[f"{name}_conv"])
        self.dilated = Convolution(*weights[f"{name}_dilated_conv"], dilation=2)
        self.norm = Norm(*weights[f"{name}_ln"])

    def forward(self, image: Tensor) -> Tensor:
        return functional.gelu(self.norm(torch.cat([self.plain(image), self.dilated(image)], 1)))


class Separable(nn.Module):
    def __init__(self, weights: Weights, name: str) -> None:
        super().__init__()
        depthwise, pointwise, bias = weights[f"{name}_conv"]
        self.depthwise, self.pointwise = Convolution(depthwise, depthwise=True), Convolution(pointwise, bias)
        self.norm = Norm(*weights[f"{name}_ln"])

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(self.norm(self.pointwise(self.depthwise(x))))


class Bottleneck(nn.Module):
    """then, then_bias: one more linear layer behind, (in, out) and (out,), as the head has."""

    def __init__(self, weights: Weights, name: str, then: tuple[np.ndarray, np.ndarray] | None = None) -> None:
        super().__init__()
        self.depthwise = Convolution(weights[f"{name}_depthwise_conv"][0], depthwise=True)
        self.norm = Norm(*weights[f"{name}_ln"])
        self.expand = Convolution(*weights[f"{name}_conv_exp"])
        self.reduce = Convolution(*weights[f"{name}_conv_red"])
        self.adjust = Convolution(*weights[f"{name}_conv_adj"])
        self.then = nn.Identity() if then is None else Convolution(*then)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.gelu(self.expand(self.norm(self.depthwise(x))))
        return self.then(self.adjust(x + self.reduce(hidden)))

    def direct(self) -> Tensor:
        """The matrix (out, in) by which x itself reaches the result."""
        matrix = self.adjust.matrix
        return self.then.matrix @ matrix if isinstance(self.then, Convolution) else matrix


class CompactBottleneck(nn.Module):
    """The same with `count` hidden units that learn; depthwise kernel and direct matrix stay the original's.

    begun: where learning began: units (count,), their expansion (in, count) and bias (count,).
    """

    begun: tuple[np.ndarray, Tensor, Tensor]

    def __init__(self, whole: Bottleneck, count: int) -> None:
        super().__init__()
        self.depthwise, direct = whole.depthwise, whole.direct().detach()
        self.register_buffer("matrix", direct[:, :, None, None].clone())
        self.expand = nn.Conv2d(direct.shape[1], count, 1)
        self.reduce = nn.Conv2d(count, direct.shape[0], 1)

    def values(self, x: Tensor) -> Tensor:
        return normalized(self.depthwise(x))

    def linear(self, x: Tensor) -> Tensor:
        return functional.conv2d(x, self.matrix)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + self.reduce(functional.gelu(self.expand(self.values(x))))


class Leader(nn.Module):
    """blocks: the bottlenecks by name, of which any may be replaced."""

    def __init__(self, weights: Weights) -> None:
        super().__init__()
        self.stems = nn.ModuleList([Stem(weights, "stem0"), Stem(weights, "stem1")])
        levels = range(len(CONTEXT_CHANNELS))
        self.inward = nn.ModuleList(Separable(weights, f"enc0_{level}") for level in levels)
        self.outward = nn.ModuleList(Separable(weights, f"dec0_{level}") for level in levels)
        self.views = nn.ModuleList(Convolution(*weights[f"attention_conv_d{k}"], dilation=k) for k in GATE_DILATIONS)
        self.gate = Convolution(*weights["attention_s"])
        names = [f"{side}1_{level}" for side in ("enc", "dec") for level in range(len(REFINE_CHANNELS))]
        self.blocks = nn.ModuleDict({name: Bottleneck(weights, name) for name in names})
        self.blocks["head_0_ibc"] = Bottleneck(weights, "head_0_ibc", weights["head_0_conv1"])
        self.head_norm, self.head_mix = Norm(*weights["head_0_ln"]), Convolution(*weights["head_0_conv2"])
        self.position = Convolution(*weights["head_conv_pos"])

    def gated(self, image: Tensor) -> Tensor:
        """What enters the second encoder-decoder, at half resolution."""
        x, skipped = functional.max_pool2d(self.stems[0](image), 2), []
        for block, count in zip(self.inward, CONTEXT_CHANNELS, strict=True):
            x = block(x)
            skipped.append(x)
            x = _halved(x, count)
        for block, skip in zip(reversed(self.outward), reversed(skipped), strict=True):
            x = torch.cat([_doubled(block(x)), skip], 1)
        gate = self.gate(torch.cat([functional.gelu(view(x)) for view in self.views], 1))
        return torch.cat([x * torch.sigmoid(gate), functional.avg_pool2d(self.stems[1](image), 2)], 1)

    def features(self, gated: Tensor) -> Tensor:
        """What enters the heads, at half resolution."""
        x, skipped = gated, []
        for level, count in enumerate(REFINE_CHANNELS):
            x = self.blocks[f"enc1_{level}"](x)
            skipped.append(x)
            x = _halved(x, count)
        for level, skip in reversed(list(enumerate(skipped))):
            x = torch.cat([_doubled(self.blocks[f"dec1_{level}"](x)), skip], 1)
        return x

    def position_map(self, head: Tensor) -> Tensor:
        """From the position head's bottleneck to the map at full resolution."""
        return torch.sigmoid(self.position(_doubled(functional.gelu(self.head_mix(self.head_norm(head))))))


def _halved(x: Tensor, count: int) -> Tensor:
    half = count // 2
    return torch.cat([functional.max_pool2d(x[:, :half], 2), functional.avg_pool2d(x[:, half:], 2)], 1)


def _doubled(x: Tensor) -> Tensor:
    return functional.interpolate(x, scale_factor=2, mode="nearest")
