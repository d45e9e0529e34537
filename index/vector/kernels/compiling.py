"""The one way this project compiles: machine code kept on disk, without the interpreter lock while it runs."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, overload

import numba
from numba.core import caching
from numba.extending import register_jitable

from index.vector.kernels import numba_inside

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
    sources: folder of everything that the function calls and takes constants from, beside this package; what is cached
    is made anew when any file below either changes. variant: of a function made by another function, what its outer
    variables depend on: numba would tell variants apart by pickling these variables, which differs from process to
    process.
    options: of numba.njit.
    """
    if function is None:
        return functools.partial(compiled, sources=sources, variant=variant, **options)
    # Nobody makes a C callback of these.
    dispatcher = numba.njit(nogil=True, no_cfunc_wrapper=True, **numba_inside.options(), **options)(function)
    try:
        dispatcher._cache = _Cache(function, sources, variant)
    except (RuntimeError, AttributeError):
        # No folder that may be written to, or another numba: rather no cache than one that misses changes.
        return dispatcher
    return dispatcher


@overload
def compiled_part(function: Callable[P, R], /, **options: Any) -> Callable[P, R]: ...
@overload
def compiled_part(**options: Any) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
def compiled_part(function: Any = None, /, **options: Any) -> Any:
    """Decorator: what compiled functions call, compiled with each of them and never by itself, which takes half the
    time of `compiled`. Python that calls it runs it as it stands.

    options: of numba.njit.
    """
    if function is None:
        return functools.partial(compiled_part, **options)
    return register_jitable(no_cfunc_wrapper=True, **numba_inside.options(), **options)(function)


def is_kept(dispatcher: Any) -> bool:
    """Whether what the decorator made is in the cache, for this processor and these sources, so that calling it takes
    no compilation. False where that cannot be known."""
    cache = getattr(dispatcher, "_cache", None)
    return isinstance(cache, _Cache) and cache.holds_for(dispatcher.targetctx.codegen())


def may_be_kept(dispatcher: Any) -> bool:
    """Whether there is a folder where later processes find what this one compiles."""
    return isinstance(getattr(dispatcher, "_cache", None), _Cache)


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """numba's, which looks only at the file of the function itself: after an update it would go on running the old code
    of what the function calls in other files."""

    def __init__(self, function: Callable[..., Any], sources: Path, variant: str) -> None:
        super().__init__(function)
        self._variant = variant
        self._cache_file = _CacheFile(
            cache_path=self._cache_path, filename_base=self._impl.filename_base, source_stamp=_stamp_of(sources)
        )

    def holds_for(self, codegen: Any) -> bool:
        """Whether there is code for this processor."""
        return any(key[1] == codegen.magic_tuple() for key in self._cache_file._load_index())

    def save_overload(self, sig: Any, data: Any) -> None:
        # A disk without room, or a folder that is gone by now: this process has the code, the next one makes it again.
        with contextlib.suppress(OSError):
            super().save_overload(sig, data)

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple(), self._variant


class _CacheFile(caching.IndexDataCacheFile):  # type: ignore[misc]
    """numba's, which writes the list of what it keeps before the code itself, under names that repeat: where the code
    could not be written, or two processes wrote side by side, the list may name code of an older version or for other
    arguments. And what a power cut left half written would end every later start."""

    def save(self, key: Any, data: Any) -> None:
        content = self._dump(data)
        super().save(key, (self._digest(key, content), content))

    def load(self, key: Any) -> Any:
        # Whatever is wrong with the file, it is compiled anew.
        with contextlib.suppress(Exception):
            digest, content = super().load(key)
            if digest == self._digest(key, content):
                return pickle.loads(content)  # noqa: S301 - as numba reads its own
        return None

    def _load_index(self) -> Any:
        with contextlib.suppress(Exception):
            return super()._load_index()
        return {}

    def _digest(self, key: Any, content: bytes) -> bytes:
        return hashlib.sha256(b"\0".join((self._source_stamp, repr(key).encode(), content))).digest()


@functools.cache
def _stamp_of(sources: Path) -> bytes:
    """Digest of every source file below a folder, and of this package, which has parts of all compiled code."""
    digest = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), *sorted(sources.rglob("*.py"))):
        digest.update(path.read_bytes())
    return digest.digest()
