"""The part of the fast LEADER graph behind the features: where minutiae are, and what they are there.

Everything that a head does after doubling its maps is computed before it: pointwise layers commute with repetition of
pixels, and a 5 x 5 kernel on repeated pixels is a 3 x 3 kernel a phase (a pixel's place within its 2 x 2 repetition).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from index.arrays import Float32Array
from matcher.fingerprint.network.channels_last import Channels, ChannelsLast
from matcher.fingerprint.network.graph_builder import FLOAT

PEAK_FLOOR: Final = 0.1
"""Least value of the blurred position map at a minutia; comparison weighs weak ones down itself."""
PEAK_WINDOW_PX: Final = 7
"""A minutia is the largest value within this square (LEADER's own suppression)."""

_HEAD_CHANNELS: Final = 4
_PHASES: Final = 4
_REACH: Final = 4  # half-resolution pixels around a peak that its direction depends on: 7 x 7, then 3 x 3
_PATCH: Final = 2 * _REACH + 1
_CORE: Final = tuple(row * _PATCH + column for row in (3, 4, 5) for column in (3, 4, 5))


def phase_kernels(kernel: Float32Array) -> Float32Array:
    """A kernel (5, 5, in, out) on doubled pixels as kernels (3, 3, in, 4 x out) on single ones.

    Output phase 2 a + b is the pixel in row a, column b of a 2 x 2 repetition.
    """
    _, _, in_count, out_count = kernel.shape
    folded = np.zeros((3, 3, in_count, 2, 2, out_count), dtype=np.float64)
    for a in range(2):
        for b in range(2):
            for row in range(-2, 3):
                for column in range(-2, 3):
                    folded[(a + row) // 2 + 1, (b + column) // 2 + 1, :, a, b] += kernel[row + 2, column + 2]
    return folded.reshape(3, 3, in_count, _PHASES * out_count).astype(np.float32)


class PeakHeads:
    """Adds the three heads.

    features: channels-last at half resolution, with the given channels (none empty).
    """

    def __init__(self, layers: ChannelsLast, features: str, channels: Channels) -> None:
        assert channels.padding == 0
        self._layers = layers
        self._g = layers.graph
        self._features = features
        self._channels = channels

    def blurred_position(self) -> str:
        """Position map under its Gaussian, float32 (1, 1, height, width) at full resolution."""
        layers, g = self._layers, self._g
        kernel = self._channels.kernel(layers.weights["head_0_ibc_depthwise_conv"][0])
        context = layers.to_last(layers.depthwise_first(layers.to_first(self._features), kernel))
        hidden = layers.to_first(self._hidden(0, context, self._features))
        weights, bias = layers.weights["head_conv_pos"]
        phases = layers.convolution_first(hidden, phase_kernels(weights), np.repeat(bias, _PHASES))
        position = g.node("Sigmoid", g.node("DepthToSpace", phases, blocksize=2, mode="CRD"))
        gaussian = layers.weights["nms_Gaussian_blur"][0]
        return layers.convolution_first(position, gaussian, np.zeros(1, dtype=np.float32))

    def peaks(self, blurred: str) -> tuple[str, str]:
        """Row and column of every minutia, int64 (n,)."""
        g = self._g
        window = PEAK_WINDOW_PX
        largest = g.node("MaxPool", blurred, kernel_shape=[window, window], strides=[1, 1], pads=[window // 2] * 4)
        found = g.node(
            "NonZero",
            g.node("And", g.node("Equal", blurred, largest), g.node("GreaterOrEqual", blurred, g.floats(PEAK_FLOOR))),
        )
        row, column = (
            g.node("Squeeze", g.node("Slice", found, g.ints(axis), g.ints(axis + 1)), g.ints(0)) for axis in (2, 3)
        )
        return row, column

    def at_peaks(self, row: str, column: str) -> tuple[str, str]:
        """Direction float32 (n, 2) and ending float32 (n,) at the given pixels."""
        g = self._g
        patches, inside = self._patches(row, column)
        phase = g.node("Add", g.node("Mul", g.node("Mod", row, g.ints(2)), g.ints(2)), g.node("Mod", column, g.ints(2)))
        chosen = g.node("Unsqueeze", g.node("OneHot", phase, g.ints(_PHASES), g.floats([0, 1])), g.ints(2))
        direction = self._at_phase(1, "head_conv_dir", patches, inside, chosen)
        ending = g.node("Sigmoid", self._at_phase(2, "head_conv_typ", patches, inside, chosen))
        return direction, g.node("Squeeze", ending, g.ints(1))

    def _patches(self, row: str, column: str) -> tuple[str, str]:
        """Features around each pixel, float32 (n, 81, channels), zero outside the map; and 1 inside, 0 outside."""
        g = self._g
        offsets = np.arange(-_REACH, _REACH + 1)
        row_offsets, column_offsets = np.repeat(offsets, _PATCH)[None], np.tile(offsets, _PATCH)[None]
        shape = g.node("Shape", self._features)
        height, width = g.node("Slice", shape, g.ints(1), g.ints(2)), g.node("Slice", shape, g.ints(2), g.ints(3))
        rows, rows_inside = self._around(row, row_offsets, height)
        columns, columns_inside = self._around(column, column_offsets, width)
        inside = g.node("Cast", g.node("And", rows_inside, columns_inside), to=FLOAT)
        inside = g.node("Unsqueeze", inside, g.ints(2))
        flat = g.node("Reshape", self._features, g.ints(-1, len(self._channels.order)))
        patches = g.node("Gather", flat, g.node("Add", g.node("Mul", rows, width), columns), axis=0)
        return g.node("Mul", patches, inside), inside

    def _around(self, pixel: str, offsets: npt.NDArray[np.integer], side: str) -> tuple[str, str]:
        """Half-resolution coordinates (n, 81) around each pixel, moved into the map; and whether they lay inside."""
        g = self._g
        half = g.node("Unsqueeze", g.node("Div", pixel, g.ints(2)), g.ints(1))
        wanted = g.node("Add", half, g.int_array(offsets))
        last = g.node("Sub", side, g.ints(1))
        kept = g.node("Min", g.node("Max", wanted, g.ints(0)), last)
        return kept, g.node("Equal", wanted, kept)

    def _at_phase(self, head: int, name: str, patches: str, inside: str, chosen: str) -> str:
        """Output (n, out) of a head at the middle of each patch."""
        layers, g = self._layers, self._g
        channel_count = len(self._channels.order)
        square = g.node(
            "Reshape", g.node("Transpose", patches, perm=[0, 2, 1]), g.ints(-1, channel_count, _PATCH, _PATCH)
        )
        kernel = self._channels.kernel(layers.weights[f"head_{head}_ibc_depthwise_conv"][0])
        context = layers.depthwise_first(square, kernel, padded=False)
        context = g.node("Transpose", g.node("Reshape", context, g.ints(-1, channel_count, len(_CORE))), perm=[0, 2, 1])
        core = g.node("Gather", patches, g.ints(*_CORE), axis=1)
        hidden = self._hidden(head, context, core)
        # The 5 x 5 kernel of the original sees zeros outside the map, not what the layers make of nothing.
        hidden = g.node("Mul", hidden, g.node("Gather", inside, g.ints(*_CORE), axis=1))
        weights, bias = layers.weights[name]
        out_count = weights.shape[3]
        folded = phase_kernels(weights).reshape(len(_CORE) * _HEAD_CHANNELS, _PHASES * out_count)
        flat = g.node("Reshape", hidden, g.ints(-1, len(_CORE) * _HEAD_CHANNELS))
        values = layers.plus(layers.matrix(flat, folded), np.tile(bias, _PHASES))
        values = g.node("Mul", g.node("Reshape", values, g.ints(-1, _PHASES, out_count)), chosen)
        return g.node("ReduceSum", values, g.ints(1), keepdims=0)

    def _hidden(self, head: int, context: str, features: str) -> str:
        """A head up to its last convolution, on rows: context after the depthwise convolution, features before."""
        layers = self._layers
        name = f"head_{head}_ibc"
        first, first_bias = layers.weights[f"head_{head}_conv1"]
        second, second_bias = layers.weights[f"head_{head}_conv2"]
        narrow = layers.merged_tail(
            layers.expanded(context, name, self._channels),
            features,
            name,
            self._channels,
            then=first[0, 0].astype(np.float64),
            then_bias=first_bias,
        )
        normed = layers.norm(narrow, f"head_{head}_ln")
        return layers.gelu(
            layers.like(layers.linear(layers.rows(normed), second[0, 0], second_bias), normed, second.shape[3])
        )
