"""station-matcher, also as `python -m matcher`: the commands, and the server that `serve` starts."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Callable, Sequence

from matcher.commands.main import run
from matcher.config import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 1 refused or failed, 2 wrong usage."""
    return run(arguments, start_server=_start_server)


def _start_server(settings: Settings, say: Callable[..., None]) -> None:
    # gRPC's server and the engines load only for this command.
    from matcher.server.app import serve  # noqa: PLC0415

    # By then everything is closed and on disk. The collector would walk over every object before the process
    # ends, half a second of processor time in which a service manager waits.
    atexit.register(gc.freeze)
    serve(settings, say=say)


if __name__ == "__main__":
    sys.exit(main())
