"""What processes that work until they are killed have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


def say(line: str) -> None:
    """One write, whole or not at all."""
    os.write(1, f"{line}\n".encode())


def guarded(work: Callable[..., None], *arguments: Any) -> None:
    """Runs work; an error is said, "! TYPE TEXT", and ends the process with status 3, whichever thread it is in."""
    try:
        work(*arguments)
    except Exception as error:
        say(f"! {type(error).__name__} {error}")
        os._exit(3)
