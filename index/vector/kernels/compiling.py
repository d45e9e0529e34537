"""The one way this project compiles: machine code kept on disk, without the interpreter lock while it runs."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

import numba
from numba.core import caching

P = ParamSpec("P")
R = TypeVar("R")

_INDEX_SOURCES = Path(__file__).resolve().parents[1]


@overload
def compiled(
    function: Callable[P, R], /, *, sources: Path = _INDEX_SOURCES, variant: str = "", **options: Any
) -> Callable[P, R]: ...
@overload
def compiled(
    *, sources: Path = _INDEX_SOURCES, variant: str = "", **options: Any
) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def compiled(function: Any = None, /, *, sources: Path = _INDEX_SOURCES, variant: str = "", **options: Any) -> Any:
    """Decorator: compile at the first call with these argument types; later processes read the result from the cache.

    The cache folder is numba's: NUMBA_CACHE_DIR, else __pycache__, else one of the user's. Where none can be written,
    every process compiles for itself.
    sources: folder of everything that the function calls and takes constants from; what is cached is made anew when any
    file below it changes. variant: of a function made by another function, what its outer variables depend on: numba
    would tell variants apart by pickling these variables, which differs from process to process.
    options: of numba.njit.
    """
    if function is None:
        return functools.partial(compiled, sources=sources, variant=variant, **options)
    # Nobody makes a C callback of these.
    dispatcher = numba.njit(nogil=True, no_cfunc_wrapper=True, **options)(function)
    try:
        dispatcher._cache = _Cache(function, sources, variant)
    except (RuntimeError, AttributeError):
        # No folder that may be written to, or another numba: rather no cache than one that misses changes.
        return dispatcher
    return dispatcher


def is_kept(dispatcher: Any) -> bool:
    """Whether what the decorator made is in the cache, for this processor and these sources, so that calling it takes
    no compilation. False where that cannot be known."""
    cache = getattr(dispatcher, "_cache", None)
    return isinstance(cache, _Cache) and cache.holds_for(dispatcher.targetctx.codegen())


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """numba's, which looks only at the file of the function itself: after an update it would go on running the old code
    of what the function calls in other files."""

    def __init__(self, function: Callable[..., Any], sources: Path, variant: str) -> None:
        super().__init__(function)
        self._variant = variant
        self._cache_file = caching.IndexDataCacheFile(
            cache_path=self._cache_path, filename_base=self._impl.filename_base, source_stamp=_stamp_of(sources)
        )

    def holds_for(self, codegen: Any) -> bool:
        """Whether there is code for this processor."""
        return any(key[1] == codegen.magic_tuple() for key in self._cache_file._load_index())

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple(), self._variant


@functools.cache
def _stamp_of(sources: Path) -> bytes:
    """Digest of every source file below a folder, and of this one."""
    digest = hashlib.sha256()
    for path in (Path(__file__), *sorted(sources.rglob("*.py"))):
        digest.update(path.read_bytes())
    return digest.digest()
