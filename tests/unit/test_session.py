"""Sessions: what runs, and what is said where it does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from matcher.errors import SessionError
from matcher.packs.session import OnnxSession, available_devices


def doubling_model() -> bytes:
    """y = x + x for float32 (n, 3)."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def test_a_model_runs_from_bytes_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(doubling_model())
    x = np.array([[1, 2, 3]], np.float32)
    for model in (doubling_model(), tmp_path / "model.onnx"):
        session = OnnxSession(model)
        assert (session.input_names, session.output_names) == (("x",), ("y",))
        assert session.input_shapes == ((None, 3),)
        np.testing.assert_array_equal(session.run({"x": x})[0], x * 2)


def test_several_threads_may_run_one_session() -> None:
    session = OnnxSession(doubling_model())

    def doubled(value: float) -> float:
        return float(session.run({"x": np.full((1, 3), value, np.float32)})[0][0, 0])

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(doubled, range(200))) == [2.0 * value for value in range(200)]


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"other": np.zeros((1, 3), np.float32)},
        {"x": np.zeros((1, 4), np.float32)},
        {"x": np.zeros((1, 3), np.float64)},
        {"x": np.zeros(3, np.float32)},
    ],
)
def test_a_wrong_input_is_a_session_error(inputs: dict[str, np.ndarray]) -> None:
    with pytest.raises(SessionError, match="could not be run"):
        OnnxSession(doubling_model()).run(inputs)


def test_what_is_no_model_is_a_session_error_without_a_path(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"no model")
    for model in (path, b"no model", tmp_path / "absent.onnx"):
        with pytest.raises(SessionError, match="could not be loaded") as caught:
            OnnxSession(model)
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.skipif("cuda" in available_devices(), reason="this ONNX Runtime was built for CUDA")
def test_the_cpu_stands_in_for_a_gpu_only_where_that_is_allowed() -> None:
    with pytest.raises(SessionError, match="allow"):
        OnnxSession(doubling_model(), device="cuda")
    assert OnnxSession(doubling_model(), device="cuda", allow_cpu_fallback=True).device == "cpu"


def test_an_unknown_device_and_no_thread_are_refused() -> None:
    with pytest.raises(SessionError, match="unknown device"):
        OnnxSession(doubling_model(), device="tpu")
    with pytest.raises(SessionError, match="at least one thread"):
        OnnxSession(doubling_model(), thread_count=0)
