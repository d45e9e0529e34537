"""How the loops of this package are compiled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from index.vector.kernels.compiling import compiled, compiled_part

P = ParamSpec("P")
R = TypeVar("R")

_SOURCES = Path(__file__).resolve().parent


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile; see compiled. Arithmetic stays strict IEEE, so that the order of operations, and with it the result, is
    the one written."""
    return compiled(function, sources=_SOURCES, error_model="numpy")


def kernel_part(function: Callable[P, R]) -> Callable[P, R]:
    """The same for what only kernels call; see index.vector.kernels.compiling.compiled_part."""
    return compiled_part(function, error_model="numpy")
