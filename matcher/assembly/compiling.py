"""Machine code made ahead, so that no request waits for it: seconds at the first start on a machine, none later."""

from __future__ import annotations

import contextlib
import gc
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from index.vector.engines import is_compiled as is_search_compiled
from index.vector.engines import may_keep_compiled
from matcher.fingerprint.comparison.compare import is_compiled as is_comparison_compiled
from matcher.formats.decoder_messages import without_settings

log = logging.getLogger(__name__)

# Then this process compiles itself what is left.
_LIMIT_S = 120.0
_LOOK_UP_S = 0.1


@contextlib.contextmanager
def compiling(tell: Callable[[], None], go_on: Callable[[], None] = lambda: None) -> Iterator[None]:
    """While the block runs, which compiles the comparison of fingerprints, another process compiles the searches and
    keeps them for this one. Nothing happens, and nothing is told, where all of it was kept by an earlier process.

    tell: called before. go_on: called while that process is waited for; raises where nobody wants it any more.
    Whatever that process could not do, this one does when it comes to it.
    """
    if is_search_compiled() and is_comparison_compiled():
        yield
        return
    tell()
    # Where nothing is kept, it would work for nobody, and this process would wait for it at every start.
    helper = _started() if may_keep_compiled() else None
    try:
        with _without_collector():
            yield
        limit = time.monotonic() + _LIMIT_S
        while helper is not None and helper.poll() is None and time.monotonic() < limit:
            go_on()
            time.sleep(_LOOK_UP_S)
        if helper is not None and helper.poll():
            log.warning(
                "the process that compiles ahead ended with code %d, which takes this start longer; look whether"
                " '%s -P -m index.vector' runs",
                helper.returncode,
                sys.executable,
            )
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
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # It needs no secret, so it gets none.
            env=without_settings(),
        )
    except OSError:
        return None


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Nearly all that numba makes while it compiles lives on: walking over it again and again is a tenth of the
    time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
