"""The one way this package compiles: machine code kept on disk, without the interpreter lock while it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call with these argument types; later processes read the result from the cache folder.

    Arithmetic stays strict IEEE, so that the order of operations, and with it the result, is the one written.
    """
    return cast(Callable[P, R], numba.njit(cache=True, nogil=True, error_model="numpy")(function))
