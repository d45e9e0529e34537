"""LEADER's kinds of layers on channels-last values (1, height, width, channels), as fast as ONNX Runtime does them.

A pointwise layer is one matrix product and a normalization one pass over rows. Depthwise and dilated convolutions and
pooling are faster in ONNX Runtime's blocked layout; it goes there and back by itself where a value is transposed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array, Int64Array
from matcher.fingerprint.network.compact_blocks import CompactBlock, CompactBlocks
from matcher.fingerprint.network.graph_builder import CONTRIBUTED, GraphBuilder
from matcher.fingerprint.network.weights import NORM_EPSILON, Weights

BLOCK_CHANNELS: Final = 4
"""Depthwise convolutions whose channel count is no multiple of this are done slowly, channel by channel."""


@dataclass(frozen=True, slots=True, eq=False)
class Channels:
    """How the channels of a value stand to those in the weights.

    order: int64 (n,), for each channel its number in the weights. padding: empty channels behind them.
    """

    order: Int64Array
    padding: int = 0

    @classmethod
    def plain(cls, count: int) -> Channels:
        """The order of the weights."""
        return cls(np.arange(count, dtype=np.int64))

    def rows(self, matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """A matrix (in, out) for a value with these channels; nothing comes from the empty ones."""
        return np.pad(matrix[self.order], ((0, self.padding), (0, 0)))

    def columns(self, matrix: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """A matrix (in, out) or a bias (out,) that makes a value with these channels, the empty ones zero."""
        return np.pad(matrix[..., self.order], [(0, 0)] * (matrix.ndim - 1) + [(0, self.padding)])

    def kernel(self, kernel: Float32Array) -> Float32Array:
        """A depthwise kernel (height, width, channels, 1) for a value with these channels."""
        return np.pad(kernel[:, :, self.order], ((0, 0), (0, 0), (0, self.padding), (0, 0)))


class ChannelsLast:
    """Adds layers to a graph. Values are names in the graph; channels-last unless a name says first."""

    def __init__(self, graph: GraphBuilder, weights: Weights, compact: CompactBlocks | None = None) -> None:
        self.graph = graph
        self.weights = weights
        self._compact = compact or {}

    def to_first(self, x: str) -> str:
        return self.graph.node("Transpose", x, perm=[0, 3, 1, 2])

    def to_last(self, x_first: str) -> str:
        return self.graph.node("Transpose", x_first, perm=[0, 2, 3, 1])

    def concat(self, *parts: str) -> str:
        return self.graph.node("Concat", *parts, axis=3)

    def matrix(self, x: str, matrix: npt.ArrayLike) -> str:
        return self.graph.node("MatMul", x, self.graph.floats(matrix))

    def plus(self, x: str, bias: npt.ArrayLike) -> str:
        return self.graph.node("Add", x, self.graph.floats(bias))

    def rows(self, x: str) -> str:
        """A value as rows (height * width, channels); costs nothing."""
        return self.graph.node("Flatten", x, axis=-1)

    def linear(self, rows: str, matrix: npt.ArrayLike, plus: str | npt.ArrayLike) -> str:
        """rows (n, in) times matrix (in, out), plus a bias (out,) or other rows (n, out): one pass over memory."""
        addend = plus if isinstance(plus, str) else self.graph.floats(plus)
        return self.graph.node("Gemm", rows, self.graph.floats(matrix), addend)

    def like(self, rows: str, x: str, channel_count: int) -> str:
        """Rows (n, channels) as a value with all sides of x but the last."""
        g = self.graph
        size = g.node("Slice", g.node("Shape", x), g.ints(0), g.ints(-1))
        return g.node("Reshape", rows, g.node("Concat", size, g.ints(channel_count), axis=0))

    def gelu(self, x: str, bias: npt.ArrayLike | None = None) -> str:
        """Exact GELU of x, or of x plus bias."""
        if bias is None:
            return self.graph.node("Gelu", x, domain=CONTRIBUTED)
        return self.graph.node("BiasGelu", x, self.graph.floats(bias), domain=CONTRIBUTED)

    def norm(self, x: str, name: str, channels: Channels | None = None) -> str:
        """Layer normalization over the last axis, which must hold no empty channels."""
        gain, offset = self.weights[name]
        if channels is not None:
            gain, offset = gain[channels.order], offset[channels.order]
        return self.graph.node(
            "LayerNormalization", x, self.graph.floats(gain), self.graph.floats(offset), axis=-1, epsilon=NORM_EPSILON
        )

    def plain_norm(self, x: str, channel_count: int) -> str:
        """Layer normalization without gain and offset."""
        ones, zeros = self.graph.floats(np.ones(channel_count)), self.graph.floats(np.zeros(channel_count))
        return self.graph.node("LayerNormalization", x, ones, zeros, axis=-1, epsilon=NORM_EPSILON)

    def convolution_first(self, x_first: str, kernel: Float32Array, bias: Float32Array, *, dilation: int = 1) -> str:
        """kernel: (side, side, in, out), the size of the value is kept."""
        side = kernel.shape[0]
        return self.graph.node(
            "Conv",
            x_first,
            self.graph.floats(kernel.transpose(3, 2, 0, 1)),
            self.graph.floats(bias),
            kernel_shape=[side, side],
            pads=[dilation * (side // 2)] * 4,
            dilations=[dilation, dilation],
        )

    def depthwise_first(self, x_first: str, kernel: Float32Array, *, padded: bool = True) -> str:
        """kernel: (side, side, channels, 1). Without padding the value loses side - 1 rows and columns."""
        side, _, channel_count, _ = kernel.shape
        return self.graph.node(
            "Conv",
            x_first,
            self.graph.floats(kernel.transpose(2, 3, 0, 1)),
            kernel_shape=[side, side],
            pads=[side // 2 if padded else 0] * 4,
            group=channel_count,
        )

    def separable(self, x_first: str, name: str) -> str:
        """Depthwise and pointwise convolution, normalization, GELU. Takes channels first, gives channels last."""
        depthwise, pointwise, bias = self.weights[f"{name}_conv"]
        y = self.to_last(self.depthwise_first(x_first, depthwise))
        mixed = self.linear(self.rows(y), pointwise[0, 0], bias)
        return self.gelu(self.norm(self.like(mixed, y, pointwise.shape[3]), f"{name}_ln"))

    def bottleneck(self, x: str, x_first: str, name: str, channels: Channels, *, empty_out: int = 0) -> str:
        """Depthwise convolution, normalization, expansion, GELU, reduction, sum with x, adjustment.

        x and x_first: the same value in both layouts; x may be empty where only the second is at hand.
        empty_out: empty channels to add behind the result's.
        """
        depthwise = self.depthwise_first(x_first, channels.kernel(self.weights[f"{name}_depthwise_conv"][0]))
        y = self.to_last(depthwise)
        if channels.padding:
            g = self.graph
            y = g.node("Slice", y, g.ints(0), g.ints(len(channels.order)), g.ints(3))
        out_count = self.weights[f"{name}_conv_adj"][0].shape[-1]
        out = Channels(np.arange(out_count, dtype=np.int64), empty_out)

        hidden = self.expanded(y, name, channels)
        if out_count > len(channels.order) and name not in self._compact:
            assert x
            # Here the last two layers are cheaper than their product.
            return self._plain_tail(hidden, x, name, channels, out)
        return self.merged_tail(hidden, x, name, channels, then=out.columns(np.eye(out_count)), x_first=x_first)

    def expanded(self, y: str, name: str, channels: Channels) -> str:
        """The part of a bottleneck from the normalization to the GELU."""
        compact = self._compact.get(name)
        if compact is not None:
            expand, bias = compact.expansion(self.weights, name)
            return self.gelu(self.matrix(self.plain_norm(y, len(channels.order)), expand[channels.order]), bias)
        expand, bias = self.weights[f"{name}_conv_exp"]
        return self.gelu(self.matrix(self.norm(y, f"{name}_ln", channels), expand[0, 0][channels.order]), bias)

    def _plain_tail(self, expanded: str, x: str, name: str, channels: Channels, out: Channels) -> str:
        """Reduction, sum with x, adjustment, as the original has them."""
        reduce, reduce_bias = self.weights[f"{name}_conv_red"]
        adjust, adjust_bias = self.weights[f"{name}_conv_adj"]
        y = self.plus(self.matrix(expanded, channels.columns(reduce[0, 0])), channels.columns(reduce_bias))
        total = self.graph.node("Add", y, x)
        return self.plus(self.matrix(total, out.columns(channels.rows(adjust[0, 0]))), out.columns(adjust_bias))

    def merged_tail(
        self,
        expanded: str,
        x: str,
        name: str,
        channels: Channels,
        *,
        then: npt.NDArray[np.floating],
        then_bias: npt.ArrayLike = 0.0,
        x_first: str = "",
    ) -> str:
        """Reduction, sum with x, adjustment and one more linear layer `then` (in, out), as two products and a sum.

        A compact block's reduction leads to what the adjustment, or `then` if it narrows further, results in.
        """
        reduce, reduce_bias = (array.astype(np.float64) for array in self.weights[f"{name}_conv_red"])
        adjust, adjust_bias = (array.astype(np.float64) for array in self.weights[f"{name}_conv_adj"])
        last = adjust[0, 0] @ then
        bias = reduce_bias @ last + adjust_bias @ then + np.asarray(then_bias, dtype=np.float64)
        from_hidden = reduce[0, 0] @ last
        compact = self._compact.get(name)
        if compact is not None:
            from_hidden, bias = _widened(compact, then.shape[1])
        if not x:
            kernel = channels.rows(last)[None, None].astype(np.float32)
            x = self.to_last(self.convolution_first(x_first, kernel, np.asarray(bias, dtype=np.float32)))
            direct = self.rows(x)
        else:
            direct = self.linear(self.rows(x), channels.rows(last), bias)
        return self.like(self.linear(self.rows(expanded), from_hidden, direct), x, from_hidden.shape[1])

    def downsampled_first(self, x: str, channel_count: int) -> str:
        """Half the size: the first half of the channels by maxima, the second by means. Gives channels first."""
        half = channel_count // 2
        first, second = self.graph.nodes("Split", x, self.graph.ints(half, half), output_count=2, axis=3)
        pooled = (
            self.halved_first(self.to_first(first), "MaxPool"),
            self.halved_first(self.to_first(second), "AveragePool"),
        )
        return self.graph.node("Concat", *pooled, axis=1)

    def halved_first(self, x_first: str, pool: str) -> str:
        return self.graph.node(pool, x_first, kernel_shape=[2, 2], strides=[2, 2])

    def doubled(self, x: str, channel_count: int) -> str:
        """Twice the size by repetition; two copies of memory are faster here than any resize."""
        g = self.graph
        shape = g.node("Shape", x)
        height, width = g.node("Slice", shape, g.ints(1), g.ints(2)), g.node("Slice", shape, g.ints(2), g.ints(3))
        columns = g.node("Reshape", self.concat(x, x), g.node("Concat", height, g.ints(-1), axis=0))
        rows = g.node("Concat", columns, columns, axis=1)
        doubled = [g.node("Mul", side, g.ints(2)) for side in (height, width)]
        return g.node("Reshape", rows, g.node("Concat", g.ints(1), *doubled, g.ints(channel_count), axis=0))


def _widened(compact: CompactBlock, channel_count: int) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Reduction and bias with empty channels behind."""
    missing = channel_count - compact.reduce.shape[1]
    return np.pad(compact.reduce, ((0, 0), (0, missing))), np.pad(compact.out_bias, (0, missing))
