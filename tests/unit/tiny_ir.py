"""A small network as OpenVINO IR, with every kind of layer of our packs' networks, and the same by arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from index.arrays import Float32Array

SIDE = 48


@dataclass
class IrWriter:
    """Writes layers one after another; each method returns the id of its layer."""

    layers: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    weights: bytearray = field(default_factory=bytearray)

    def layer(self, kind: str, attributes: str = "", inputs: tuple[int, ...] = (), shape: tuple[int, ...] = ()) -> int:
        number = len(self.layers)
        ports = "".join(f'<port id="{port}"/>' for port in range(len(inputs)))
        sides = "".join(f"<dim>{side}</dim>" for side in shape)
        output = f'<output><port id="{len(inputs)}">{sides}</port></output>' if kind != "Result" else ""
        self.layers.append(
            f'<layer id="{number}" name="layer {number}" type="{kind}" version="opset1"><data {attributes}/>'
            f"<input>{ports}</input>{output}</layer>"
        )
        self.edges += [
            f'<edge from-layer="{source}" from-port="0" to-layer="{number}" to-port="{port}"/>'
            for port, source in enumerate(inputs)
        ]
        return number

    def constant(self, values: Float32Array) -> int:
        half = values.astype("<f2").tobytes()
        shape = ", ".join(str(side) for side in values.shape)
        stored = f'element_type="f16" shape="{shape}" offset="{len(self.weights)}" size="{len(half)}"'
        self.weights += half
        number = self.layer("Const", stored, shape=values.shape)
        return self.layer("Convert", 'destination_type="f32"', (number,), values.shape)

    def graph(self) -> bytes:
        layers, edges = "".join(self.layers), "".join(self.edges)
        return f'<?xml version="1.0"?><net version="11"><layers>{layers}</layers><edges>{edges}</edges></net>'.encode()


def window(kernel: int | None = None, *, stride: int, pad: int = 0) -> str:
    """Attributes of a convolution, or of a pooling where kernel is given."""
    common = (
        f'strides="{stride}, {stride}" pads_begin="{pad}, {pad}" pads_end="{pad}, {pad}" auto_pad="explicit" '
        'dilations="1, 1"'
    )
    return common if kernel is None else f'{common} kernel="{kernel}, {kernel}" rounding_type="floor"'


@dataclass(frozen=True)
class TinyWeights:
    """Half-precision values of one network: scale, two kernels, offset, slopes."""

    scale: Float32Array
    kernel: Float32Array
    offset: Float32Array
    slopes: Float32Array
    grouped: Float32Array


def tiny_weights(seed: int = 0, *, slope_count: int = 4) -> TinyWeights:
    rng = np.random.default_rng(seed)

    def half(*shape: int) -> Float32Array:
        return rng.normal(size=shape).astype(np.float16).astype(np.float32)

    # Small enough that the sigmoid at the end is not saturated, and so tells of everything before it.
    return TinyWeights(
        half(1, 3, 1, 1) / 64, half(4, 3, 3, 3), half(1, 4, 1, 1), half(slope_count), half(2, 5, 2, 3, 3) / 64
    )


def tiny_ir(weights: TinyWeights) -> tuple[bytes, bytes]:
    """Graph and weights: scaled, convolved at stride 2, offset, bent, pooled twice, convolved in groups, squashed."""
    ir = IrWriter()
    value = ir.layer("Parameter", f'shape="1,3,{SIDE},{SIDE}" element_type="f32"', shape=(1, 3, SIDE, SIDE))
    value = ir.layer("Multiply", 'auto_broadcast="numpy"', (value, ir.constant(weights.scale)), (1, 3, SIDE, SIDE))
    value = ir.layer("Convolution", window(stride=2, pad=1), (value, ir.constant(weights.kernel)), (1, 4, 24, 24))
    value = ir.layer("Add", 'auto_broadcast="numpy"', (value, ir.constant(weights.offset)), (1, 4, 24, 24))
    value = ir.layer("PReLU", "", (value, ir.constant(weights.slopes)), (1, 4, 24, 24))
    value = ir.layer("MaxPool", window(2, stride=2), (value,), (1, 4, 12, 12))
    value = ir.layer("AvgPool", window(4, stride=4) + ' exclude-pad="true"', (value,), (1, 4, 3, 3))
    value = ir.layer("GroupConvolution", window(stride=1), (value, ir.constant(weights.grouped)), (1, 10, 1, 1))
    value = ir.layer("Sigmoid", "", (value,), (1, 10, 1, 1))
    ir.layer("Result", "", (value,))
    return ir.graph(), bytes(ir.weights)


def tiny_output(weights: TinyWeights, pictures: Float32Array) -> Float32Array:
    """The same by sums over windows. (n, 3, 48, 48) to (n, 10)."""
    value = np.pad(pictures * weights.scale, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(value, (3, 3), axis=(2, 3))[:, :, ::2, ::2]
    value = np.einsum("nchwij,kcij->nkhw", windows, weights.kernel) + weights.offset
    value = np.where(value > 0, value, value * weights.slopes.reshape(-1, 1, 1))
    count = len(value)
    value = value.reshape(count, 4, 12, 2, 12, 2).max(axis=(3, 5)).reshape(count, 4, 3, 4, 3, 4).mean(axis=(3, 5))
    pairs = value.reshape(count, 2, 2, 3, 3)
    value = np.einsum("ngchw,gkchw->ngk", pairs, weights.grouped).reshape(count, 10)
    return np.asarray(1 / (1 + np.exp(-value)), np.float32)
