"""No copy of the memory on a disk: a crash must not leave faces and prints of everybody in a file."""

from __future__ import annotations

import ctypes
import resource
import sys
from typing import Final

# linux/prctl.h
_PR_SET_DUMPABLE: Final = 4


def forbid_core_dumps() -> None:
    """For this process and, by the limit, for those that it starts. Where a program takes the dumps (a pattern that
    begins with a pipe), Linux ignores the limit, so the process is marked too; other processes of the same person then
    cannot read its memory either."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
