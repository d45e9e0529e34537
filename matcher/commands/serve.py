"""station-matcher serve."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matcher.commands.parser import listening_address
from matcher.config import Settings
from matcher.texts.catalog import text
from matcher.texts.unseen import LogFormatter

# Runs the service with these settings until it is stopped; the second argument takes a message code and its values.
StartServer = Callable[[Settings, Callable[..., None]], None]
# What somebody should do something about; everything else is the course of things.
_WARNINGS: Final = frozenset(
    {
        "serve.set_aside",
        "serve.not_searched",
        "serve.rebuilding",
        "serve.no_face",
        "serve.no_fingerprint",
        "serve.not_operational",
        "serve.key_made",
        "serve.not_encrypted",
        "tls.expires_soon",
    }
)

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `serve`."""
    parser = subparsers.add_parser("serve", help=text("help.serve", language))
    parser.add_argument(
        "--address", type=listening_address, metavar="HOST:PORT", help=text("help.serve.address", language)
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help=text("help.serve.data", language))
    parser.add_argument("--face", metavar="PACK", help=text("help.serve.face", language))
    parser.add_argument("--fingerprint", metavar="PACK", help=text("help.serve.fingerprint", language))
    parser.add_argument("--reflection", action="store_true", help=text("help.serve.reflection", language))
    parser.add_argument("--verbose", action="store_true", help=text("help.serve.verbose", language))
    parser.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Blocks until the server has drained."""
    to_stderr = logging.StreamHandler()
    to_stderr.setFormatter(LogFormatter())
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, handlers=[to_stderr])

    def say(code: str, **values: Any) -> None:
        # A line of the log like the others, at any level of it.
        level = "WARNING" if code in _WARNINGS else "INFO"
        told = {"name": "station_matcher", "levelname": level, "msg": text(code, options.lang, **values)}
        print(LogFormatter().format(logging.makeLogRecord(told)), file=sys.stderr, flush=True)

    options.start_server(settings_of(options), say)
    return 0


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings with what the command line says on top."""
    settings: Settings = options.settings
    server, storage, packs = settings.server, settings.storage, settings.packs
    if options.address:
        server = replace(server, address=options.address)
    if options.reflection:
        server = replace(server, reflection=True)
    if options.data:
        storage = storage.with_data_folder(options.data)
    if options.face is not None:
        packs = replace(packs, face=options.face)
    if options.fingerprint is not None:
        packs = replace(packs, fingerprint=options.fingerprint)
    return replace(settings, server=server, storage=storage, packs=packs)
