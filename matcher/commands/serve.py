"""station-matcher serve."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matcher.config import Settings
from matcher.texts.catalog import text
from matcher.texts.unseen import LogFormatter

# Runs the service with these settings until it is stopped; the second argument takes a message code and its values.
StartServer = Callable[[Settings, Callable[..., None]], None]

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(subparsers: Subparsers) -> None:
    """Adds `serve`."""
    parser = subparsers.add_parser("serve", help="run the service until SIGTERM or Ctrl-C")
    parser.add_argument("--address", metavar="HOST:PORT", help="where to listen; port 0 takes a free one")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of database and audit file")
    parser.add_argument("--face", metavar="PACK", help="face pack; empty for none")
    parser.add_argument("--fingerprint", metavar="PACK", help="fingerprint pack; empty for none")
    parser.add_argument("--reflection", action="store_true", help="let clients list methods and messages")
    parser.add_argument("--verbose", action="store_true", help="log refused calls too")
    parser.set_defaults(run=run_serve)


def run_serve(options: argparse.Namespace) -> int:
    """Blocks until the server has drained."""
    to_stderr = logging.StreamHandler()
    to_stderr.setFormatter(LogFormatter())
    logging.basicConfig(level=logging.INFO if options.verbose else logging.WARNING, handlers=[to_stderr])

    def say(code: str, **values: Any) -> None:
        print(text(code, options.lang, **values), file=sys.stderr, flush=True)

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
        own_audit = storage.audit_file != storage.data_folder / "audit.jsonl"
        audit_file = storage.audit_file if own_audit else options.data / "audit.jsonl"
        storage = replace(storage, data_folder=options.data, audit_file=audit_file)
    if options.face is not None:
        packs = replace(packs, face=options.face)
    if options.fingerprint is not None:
        packs = replace(packs, fingerprint=options.fingerprint)
    return replace(settings, server=server, storage=storage, packs=packs)
