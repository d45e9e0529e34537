"""ONNX Runtime behind one small interface; the only importer of onnxruntime.

The library reports to its publisher unless it is told not to before its first import, so everything that wants it, or
a library that imports it, comes through onnx_runtime().
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from matcher.errors import SessionError
from matcher.stages import check_stage
from matcher.texts.catalog import told

Array = npt.NDArray[Any]

# Read once, when the library is loaded. From 1.29 on ONNX Runtime resolves an event collector and keeps a device number
# in HOME; albumentations, which older releases of insightface bring, asks a package index whether there is a newer one.
QUIET_ENVIRONMENT: Final = {"ORT_DISABLE_TELEMETRY": "1", "NO_ALBUMENTATIONS_UPDATE": "1"}
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
ERRORS_ONLY = 3
# ONNX Runtime keeps the memory of the largest input it ever saw. Above this many input values a run gives it back,
# which costs it a third of its time in page faults, so ordinary inputs lie below.
LARGE_INPUT_COUNT = 2_000_000
_GIVE_BACK = ("memory.enable_memory_arena_shrinkage", "cpu:0")


def onnx_runtime() -> Any:
    """The module onnxruntime, which tells its publisher nothing. Call it before importing what imports onnxruntime.

    The one place that changes the environment of the process. Thread safe.
    """
    for name, value in QUIET_ENVIRONMENT.items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    import onnxruntime  # noqa: PLC0415  only now, see above

    return onnxruntime


class ModelSession(Protocol):
    """A loaded model. run is safe for concurrent use.

    input_names, output_names: in the order of the model. input_shapes: None where an axis is free.
    """

    @property
    def input_names(self) -> tuple[str, ...]: ...

    @property
    def output_names(self) -> tuple[str, ...]: ...

    @property
    def input_shapes(self) -> tuple[tuple[int | None, ...], ...]: ...

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the order of output_names. Raises SessionError."""
        ...


class OnnxSession:
    """An ONNX model in ONNX Runtime.

    model: path or serialized bytes. thread_count: threads inside one run; one is best where requests run side by
    side. device: "cpu" or "cuda"; a missing or unusable GPU is an error unless allow_cpu_fallback.
    large_input_count: input values above which a run gives its memory back. Raises SessionError. run may be called
    from several threads at once.
    """

    def __init__(
        self,
        model: Path | bytes,
        *,
        thread_count: int = 1,
        device: str = "cpu",
        allow_cpu_fallback: bool = False,
        large_input_count: int = LARGE_INPUT_COUNT,
    ) -> None:
        self._large_input_count = large_input_count
        self.device = _usable_device(device, allow_cpu_fallback=allow_cpu_fallback)
        self._session = _open(model, thread_count=thread_count, device=self.device)
        if self.device == "cuda" and PROVIDERS["cuda"] not in self._session.get_providers():
            # ONNX Runtime itself goes on with the CPU when CUDA libraries are missing; say so instead.
            if not allow_cpu_fallback:
                raise SessionError(told("session.no_gpu"))
            self.device = "cpu"
        self.input_names: tuple[str, ...] = tuple(entry.name for entry in self._session.get_inputs())
        self.output_names: tuple[str, ...] = tuple(entry.name for entry in self._session.get_outputs())
        self.input_shapes: tuple[tuple[int | None, ...], ...] = tuple(
            tuple(side if isinstance(side, int) else None for side in entry.shape)
            for entry in self._session.get_inputs()
        )

    def run(self, inputs: Mapping[str, Array]) -> list[Array]:
        """Outputs in the order of output_names. Raises SessionError on a wrong input or a failing model, and what
        check_stage does."""
        check_stage()
        try:
            return [np.asarray(output) for output in self._session.run(None, dict(inputs), self._run_options(inputs))]
        except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
            raise SessionError(told("session.run", reason=_first_line(error))) from error

    def _run_options(self, inputs: Mapping[str, Array]) -> Any:
        if max((array.size for array in inputs.values()), default=0) <= self._large_input_count:
            return None
        options = onnx_runtime().RunOptions()
        options.add_run_config_entry(*_GIVE_BACK)
        return options

    @property
    def raw(self) -> Any:
        """The onnxruntime.InferenceSession, for libraries that insist on one."""
        return self._session


def available_devices() -> tuple[str, ...]:
    """Devices that the installed ONNX Runtime was built for, of "cpu" and "cuda"."""
    built_for = onnx_runtime().get_available_providers()
    return tuple(device for device, provider in PROVIDERS.items() if provider in built_for)


def _usable_device(device: str, *, allow_cpu_fallback: bool) -> str:
    if device not in PROVIDERS:
        raise SessionError(told("session.device", device=device))
    if device in available_devices():
        return device
    if allow_cpu_fallback:
        return "cpu"
    raise SessionError(told("session.not_built", device=device))


def _open(model: Path | bytes, *, thread_count: int, device: str) -> Any:
    if thread_count < 1:
        raise SessionError(told("session.threads"))
    onnxruntime = onnx_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = ERRORS_ONLY
    # A memory plan is kept for every input shape ever seen, and no two photographs have the same: measured over 150
    # sizes, 1.4 GB without this line, 1.0 GB with it, at the same speed.
    options.enable_mem_pattern = False
    # Idle threads must not burn the cores that other requests need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [PROVIDERS["cpu"]] if device == "cpu" else [PROVIDERS[device], PROVIDERS["cpu"]]
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime.InferenceSession(source, options, providers=providers)
    except Exception as error:  # ONNX Runtime's exceptions share no base class of their own
        reason = _first_line(error) if isinstance(source, bytes) else _first_line(error).replace(source, "the file")
        raise SessionError(told("session.load", reason=reason)) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:300] or type(error).__name__
