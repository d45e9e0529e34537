"""LEADER as an ONNX graph made for speed on a CPU: the same function as leader_graph.py, rearranged.

One thing is approximated, the widest bottlenecks (compact_blocks.py); without it, in exact arithmetic, the results
would be equal. What is rearranged, and why it pays:

- Channels last (channels_last.py): a pointwise layer is one matrix product, a normalization one pass over rows.
- The last two layers of a bottleneck are both linear, so their product is one layer: A (x + R g) = A x + (A R) g.
- The plain and the dilated 5 x 5 kernels of a stem lie in one 9 x 9 kernel.
- What a head does to doubled maps is done before doubling (leader_peaks.py).
- Direction and type are wanted only at minutiae, so their heads run on the 9 x 9 neighborhoods of the local maxima.
- Depthwise kernels get empty channels up to a multiple of 4.

Input "image": uint8 (1, 1, height, width), sides multiples of 32, dark ridges, 500 ppi.
Outputs: "blurred" float32 (1, 1, height, width) as in leader_graph.py; a row per minutia: "row", "column" int64 (n,),
its pixel; "direction" float32 (n, 2), cosine and sine, not normalized; "ending" float32 (n,) in [0, 1]. Minutiae are
the pixels whose blurred position is at least PEAK_FLOOR and the largest within 7 x 7.
"""

from __future__ import annotations

import numpy as np

from matcher.fingerprint.network.channels_last import BLOCK_CHANNELS, Channels, ChannelsLast
from matcher.fingerprint.network.compact_blocks import CompactBlocks
from matcher.fingerprint.network.graph_builder import FLOAT, INT64, UINT8, GraphBuilder
from matcher.fingerprint.network.peaks_graph import PeakHeads
from matcher.fingerprint.network.weights import (
    CONTEXT_CHANNELS,
    GATE_DILATIONS,
    REFINE_CHANNELS,
    REFINE_OUT_CHANNELS,
    Weights,
)


def build_fast_graph(weights: Weights, compact: CompactBlocks | None = None) -> bytes:
    """The fast variant as a serialized ONNX model; with whole bottlenecks where compact is None."""
    g = GraphBuilder()
    layers = ChannelsLast(g, weights, compact)
    image = g.node("Cast", "image", to=FLOAT)
    gated = _gate_first(layers, _context_first(layers, _stem_first(layers, image, "stem0", "MaxPool")))
    x_first = g.node("Concat", gated, _stem_first(layers, image, "stem1", "AveragePool"), axis=1)
    features, channels = _refine(layers, x_first)
    heads = PeakHeads(layers, features, channels)
    blurred = heads.blurred_position()
    row, column = heads.peaks(blurred)
    direction, ending = heads.at_peaks(row, column)
    return g.model(
        input_name="image",
        input_type=UINT8,
        outputs={
            "blurred": (blurred, FLOAT, [1, 1, "height", "width"]),
            "row": (row, INT64, ["count"]),
            "column": (column, INT64, ["count"]),
            "direction": (direction, FLOAT, ["count", 2]),
            "ending": (ending, FLOAT, ["count"]),
        },
        description="LEADER, fast variant",
    )


def _stem_first(layers: ChannelsLast, image: str, name: str, pool: str) -> str:
    plain, plain_bias = layers.weights[f"{name}_conv"]
    dilated, dilated_bias = layers.weights[f"{name}_dilated_conv"]
    count = plain.shape[3]
    kernel = np.zeros((9, 9, 1, 2 * count), dtype=np.float32)
    kernel[2:7, 2:7, :, :count] = plain
    kernel[::2, ::2, :, count:] = dilated
    y = layers.to_last(layers.convolution_first(image, kernel, np.concatenate([plain_bias, dilated_bias])))
    return layers.halved_first(layers.to_first(layers.gelu(layers.norm(y, f"{name}_ln"))), pool)


def _context_first(layers: ChannelsLast, x_first: str) -> str:
    skipped = []
    for level, count in enumerate(CONTEXT_CHANNELS):
        x = layers.separable(x_first, f"enc0_{level}")
        skipped.append(x)
        x_first = layers.downsampled_first(x, count)
    for level, count in reversed(list(enumerate(CONTEXT_CHANNELS))):
        y = layers.separable(x_first, f"dec0_{level}")
        if level:
            x_first = layers.to_first(layers.concat(layers.doubled(y, count), skipped[level]))
    parts = layers.graph.doubled(layers.to_first(y)), layers.to_first(skipped[0])
    return layers.graph.node("Concat", *parts, axis=1)


def _gate_first(layers: ChannelsLast, x_first: str) -> str:
    g = layers.graph
    views = [
        layers.convolution_first(x_first, *layers.weights[f"attention_conv_d{dilation}"], dilation=dilation)
        for dilation in GATE_DILATIONS
    ]
    hidden = layers.gelu(layers.to_last(g.node("Concat", *views, axis=1)))
    gate = layers.convolution_first(layers.to_first(hidden), *layers.weights["attention_s"])
    return g.node("Mul", x_first, g.node("Sigmoid", gate))


def _refine(layers: ChannelsLast, x_first: str) -> tuple[str, Channels]:
    x, skipped, channels = "", [], Channels.plain(layers.weights["enc1_0_ln"][0].size)
    for level, count in enumerate(REFINE_CHANNELS):
        x = layers.bottleneck(x, x_first, f"enc1_{level}", channels)
        skipped.append(x)
        x_first = layers.downsampled_first(x, count)
        x, channels = layers.to_last(x_first), Channels.plain(count)
    for level in reversed(range(len(REFINE_CHANNELS))):
        below, skip = REFINE_OUT_CHANNELS[level], REFINE_CHANNELS[level]
        empty = -(below + skip) % BLOCK_CHANNELS
        y = layers.bottleneck(x, x_first, f"dec1_{level}", channels, empty_out=empty)
        # The weights want the channels from below first; last, their empty ones stand at the very end.
        x = layers.concat(skipped[level], layers.doubled(y, below + empty))
        x_first = layers.to_first(x)
        channels = Channels(np.r_[below : below + skip, 0:below].astype(np.int64), empty)
    return x, channels
