"""The one way this package compiles: machine code kept on disk, without the interpreter lock while it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call with these argument types; later processes read the result from the cache folder.

    The folder is numba's: NUMBA_CACHE_DIR, else __pycache__, else one of the user's. Where none can be written,
    every process compiles for itself. Arithmetic stays strict IEEE, so that the order of operations, and with it the
    result, is the one written.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        compiled = numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba finds no folder that it may write to
        return cast(Callable[P, R], numba.njit(**options)(function))
    cached = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cached is None or not hasattr(cached, "_source_stamp"):
        # Another numba: rather no cache than one that misses changes.
        return cast(Callable[P, R], numba.njit(**options)(function))
    cached._source_stamp = _sources_stamp()
    return cast(Callable[P, R], compiled)


@lru_cache(maxsize=1)
def _sources_stamp() -> bytes:
    """Digest of every source file of this package.

    Kernels call each other across files and take constants from others, but numba looks only at the file of the
    function itself: after an update it would go on running the old code of the rest.
    """
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()
