"""LEADER as an ONNX graph, layer by layer as its authors built it: the reference variant.

LEADER (Cappelli and Ferrara, arXiv 2602.15493) is a stem at two depths, an encoder-decoder that gathers context, an
attention gate, a second encoder-decoder that refines, and three heads: where minutiae are, their direction, their
type. This file follows that structure in channels-first order and changes nothing; leader_fast.py computes the same
maps in less time, and the tests hold it against this one. benchmarks/leader_parity.py holds this one against the
original in Keras.

Input "image": uint8 (1, 1, height, width), sides multiples of 32, dark ridges, 500 ppi.
Outputs, all float32 (1, channels, height, width): "position" (1) in [0, 1]; "blurred" (1), position under a Gaussian
5 x 5, whose local maxima are the minutiae; "direction" (2) cosine and sine of the direction, not normalized;
"ending" (1) in [0, 1], 1 for a ridge ending, 0 for a bifurcation.
"""

from __future__ import annotations

from typing import Final

from index.arrays import Float32Array
from matcher.fingerprint.network.graph_builder import FLOAT, UINT8, GraphBuilder
from matcher.fingerprint.network.weights import (
    CONTEXT_CHANNELS,
    GATE_DILATIONS,
    NORM_EPSILON,
    REFINE_CHANNELS,
    Weights,
)

HEAD_COUNT: Final = 3


def build_exact_graph(weights: Weights) -> bytes:
    """The reference variant as a serialized ONNX model."""
    return _ExactGraph(weights).build()


class _ExactGraph:
    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._g = GraphBuilder()

    def build(self) -> bytes:
        g = self._g
        image = g.node("Cast", "image", to=FLOAT)
        features = self._refine(self._gate(self._context(self._stem(image, "stem0", "MaxPool")), image))
        heads = [self._head(number, features) for number in range(HEAD_COUNT)]
        position = g.node("Sigmoid", self._conv(heads[0], "head_conv_pos"))
        direction = self._conv(heads[1], "head_conv_dir")
        ending = g.node("Sigmoid", self._conv(heads[2], "head_conv_typ"))
        outputs = {
            "position": (position, 1),
            "blurred": (self._conv(position, "nms_Gaussian_blur"), 1),
            "direction": (direction, 2),
            "ending": (ending, 1),
        }
        return g.model(
            input_name="image",
            input_type=UINT8,
            outputs={
                name: (value, FLOAT, [1, channels, "height", "width"]) for name, (value, channels) in outputs.items()
            },
            description="LEADER, reference variant",
        )

    def _stem(self, image: str, name: str, pool: str) -> str:
        plain = self._conv(image, f"{name}_conv")
        wide = self._conv(image, f"{name}_dilated_conv", dilation=2)
        return self._halved(self._gelu(self._norm(self._concat(plain, wide), f"{name}_ln")), pool)

    def _context(self, x: str) -> str:
        skipped = []
        for level, channels in enumerate(CONTEXT_CHANNELS):
            x = self._separable(x, f"enc0_{level}")
            skipped.append(x)
            x = self._downsampled(x, channels)
        for level in reversed(range(len(CONTEXT_CHANNELS))):
            x = self._concat(self._g.doubled(self._separable(x, f"dec0_{level}")), skipped[level])
        return x

    def _gate(self, x: str, image: str) -> str:
        views = [self._gelu(self._conv(x, f"attention_conv_d{k}", dilation=k)) for k in GATE_DILATIONS]
        gate = self._g.node("Sigmoid", self._conv(self._concat(*views), "attention_s"))
        return self._concat(self._g.node("Mul", x, gate), self._stem(image, "stem1", "AveragePool"))

    def _refine(self, x: str) -> str:
        skipped = []
        for level, channels in enumerate(REFINE_CHANNELS):
            x = self._bottleneck(x, f"enc1_{level}")
            skipped.append(x)
            x = self._downsampled(x, channels)
        for level in reversed(range(len(REFINE_CHANNELS))):
            x = self._concat(self._g.doubled(self._bottleneck(x, f"dec1_{level}")), skipped[level])
        return x

    def _head(self, number: int, x: str) -> str:
        x = self._g.doubled(self._bottleneck(x, f"head_{number}_ibc"))
        x = self._norm(self._conv(x, f"head_{number}_conv1"), f"head_{number}_ln")
        return self._gelu(self._conv(x, f"head_{number}_conv2"))

    def _separable(self, x: str, name: str) -> str:
        depthwise, pointwise, bias = self._weights[f"{name}_conv"]
        x = self._convolved(self._depthwise(x, depthwise), pointwise, bias)
        return self._gelu(self._norm(x, f"{name}_ln"))

    def _bottleneck(self, x: str, name: str) -> str:
        """ConvNeXt's block (Liu et al., CVPR 2022) with a last layer that changes the channel count."""
        y = self._norm(self._depthwise(x, self._weights[f"{name}_depthwise_conv"][0]), f"{name}_ln")
        y = self._conv(self._gelu(self._conv(y, f"{name}_conv_exp")), f"{name}_conv_red")
        return self._conv(self._g.node("Add", x, y), f"{name}_conv_adj")

    def _downsampled(self, x: str, channels: int) -> str:
        """The first half of the channels by their maxima, the second by their means."""
        first, second = self._g.nodes("Split", x, self._g.ints(channels // 2, channels // 2), output_count=2, axis=1)
        return self._concat(self._halved(first, "MaxPool"), self._halved(second, "AveragePool"))

    def _halved(self, x: str, pool: str) -> str:
        return self._g.node(pool, x, kernel_shape=[2, 2], strides=[2, 2])

    def _concat(self, *parts: str) -> str:
        return self._g.node("Concat", *parts, axis=1)

    def _gelu(self, x: str) -> str:
        """x times the normal distribution function of x, exact (not the tanh approximation)."""
        g = self._g
        half = g.node("Mul", x, g.floats(0.5))
        return g.node("Mul", half, g.node("Add", g.node("Erf", g.node("Mul", x, g.floats(0.5**0.5))), g.floats(1)))

    def _norm(self, x: str, name: str) -> str:
        """Layer normalization over the channels of each pixel."""
        g = self._g
        gain, offset = (array.reshape(1, -1, 1, 1) for array in self._weights[name])
        centered = g.node("Sub", x, g.node("ReduceMean", x, axes=[1], keepdims=1))
        variance = g.node("ReduceMean", g.node("Mul", centered, centered), axes=[1], keepdims=1)
        scaled = g.node("Div", centered, g.node("Sqrt", g.node("Add", variance, g.floats(NORM_EPSILON))))
        return g.node("Add", g.node("Mul", scaled, g.floats(gain)), g.floats(offset))

    def _conv(self, x: str, name: str, *, dilation: int = 1) -> str:
        return self._convolved(x, *self._weights[name], dilation=dilation)

    def _depthwise(self, x: str, kernel: Float32Array) -> str:
        return self._padded_conv(x, kernel.transpose(2, 3, 0, 1), None, group=kernel.shape[2])

    def _convolved(self, x: str, kernel: Float32Array, bias: Float32Array | None = None, *, dilation: int = 1) -> str:
        return self._padded_conv(x, kernel.transpose(3, 2, 0, 1), bias, dilation=dilation)

    def _padded_conv(
        self, x: str, kernel: Float32Array, bias: Float32Array | None, *, dilation: int = 1, group: int = 1
    ) -> str:
        side = kernel.shape[2]
        constants = [self._g.floats(kernel)] + ([] if bias is None else [self._g.floats(bias)])
        return self._g.node(
            "Conv",
            x,
            *constants,
            kernel_shape=[side, side],
            pads=[dilation * (side // 2)] * 4,
            dilations=[dilation, dilation],
            group=group,
        )
