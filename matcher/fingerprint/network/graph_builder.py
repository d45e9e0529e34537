"""A few lines of convenience over onnx.helper for building a graph node by node."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

CONTRIBUTED = "com.microsoft"
"""Operators of ONNX Runtime beside the standard ones; documented and kept stable by it."""

_OPSET = 17
_IR_VERSION = 8


class GraphBuilder:
    """Collects nodes and constants; a node's result is the name to hand to the next. Equal constants are kept once."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], tuple[str, npt.NDArray[Any]]] = {}

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Add a node with one output."""
        return self.nodes(operator, *inputs, output_count=1, domain=domain, **attributes)[0]

    def nodes(
        self, operator: str, *inputs: str, output_count: int, domain: str = "", **attributes: Any
    ) -> tuple[str, ...]:
        """Add a node with several outputs."""
        number = len(self._nodes)
        outputs = tuple(f"v{number}_{k}" for k in range(output_count))
        self._nodes.append(
            helper.make_node(operator, inputs, outputs, name=f"{operator}_{number}", domain=domain, **attributes)
        )
        return outputs

    def doubled(self, x_first: str) -> str:
        """A value (1, channels, height, width) at twice the size, by repetition of pixels."""
        return self.node(
            "Resize",
            x_first,
            "",
            self.floats([1, 1, 2, 2]),
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )

    def floats(self, values: npt.ArrayLike) -> str:
        """A float32 constant; sums and products that made it may be kept in float64 until here."""
        return self._constant(np.asarray(values, dtype=np.float32))

    def ints(self, *values: int) -> str:
        """A one-dimensional int64 constant."""
        return self._constant(np.array(values, dtype=np.int64))

    def int_array(self, values: npt.ArrayLike) -> str:
        """An int64 constant of any shape."""
        return self._constant(np.asarray(values, dtype=np.int64))

    def model(
        self,
        *,
        input_name: str,
        input_type: int,
        outputs: dict[str, tuple[str, int, Sequence[int | str]]],
        description: str,
    ) -> bytes:
        """The finished model, serialized: one image input (1, 1, height, width); outputs by name: (value, element
        type, shape). The same calls give the same bytes."""
        last = [helper.make_node("Identity", [value], [name]) for name, (value, _, _) in outputs.items()]
        graph = helper.make_graph(
            self._nodes + last,
            "leader",
            [helper.make_tensor_value_info(input_name, input_type, [1, 1, "height", "width"])],
            [helper.make_tensor_value_info(name, kind, list(shape)) for name, (_, kind, shape) in outputs.items()],
            [numpy_helper.from_array(array, name) for name, array in self._constants.values()],
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", _OPSET), helper.make_opsetid(CONTRIBUTED, 1)],
            ir_version=_IR_VERSION,
            producer_name="station-matcher",
            doc_string=description,
        )
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString(deterministic=True))

    def _constant(self, array: npt.NDArray[Any]) -> str:
        array = np.asarray(array, order="C")
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._constants:
            self._constants[key] = (f"c{len(self._constants)}", array)
        return self._constants[key][0]


FLOAT = int(TensorProto.FLOAT)
INT64 = int(TensorProto.INT64)
UINT8 = int(TensorProto.UINT8)
