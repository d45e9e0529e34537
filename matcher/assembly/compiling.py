"""Machine code made ahead, so that no request waits for it: seconds at the first start on a machine, none later."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator

from index.vector.quantized.codes import is_compiled as is_search_compiled
from matcher.fingerprint.comparison.compare import is_compiled as is_comparison_compiled

# Then this process compiles itself what is left.
_LIMIT_S = 120.0


@contextlib.contextmanager
def compiling(tell: Callable[[], None]) -> Iterator[None]:
    """While the block runs, which compiles the comparison of fingerprints, another process compiles the searches and
    keeps them for this one. Nothing happens, and nothing is told, where all of it was kept by an earlier process.

    tell: called before. Whatever that process could not do, this one does when it comes to it.
    """
    if is_search_compiled() and is_comparison_compiled():
        yield
        return
    tell()
    helper = _started()
    try:
        yield
        if helper is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                helper.wait(_LIMIT_S)
    finally:
        if helper is not None:
            helper.kill()
            helper.wait()


def _started() -> subprocess.Popen[bytes] | None:
    """None where the system has no room for another process."""
    # -P: the modules of this program are never taken from the working directory.
    command = [sys.executable, "-P", "-m", "index.vector"]
    try:
        return subprocess.Popen(  # noqa: S603 - this interpreter and a module of this project
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None
