"""station-matcher health: whether the server of these settings serves, for container health checks."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from matcher.client import ClientTls, MatcherClient
from matcher.commands.client_options import first_name, reachable
from matcher.commands.parser import positive, server_address
from matcher.config import TlsSettings
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `health`."""
    parser = subparsers.add_parser("health", help=text("help.health", language))
    parser.add_argument(
        "--address", type=server_address, metavar="HOST:PORT", help=text("help.health.address", language)
    )
    parser.add_argument(
        "--timeout", type=positive, default=3.0, metavar="SECONDS", help=text("option.timeout", language)
    )
    parser.set_defaults(run=run_health)


def run_health(options: argparse.Namespace) -> int:
    """0: it serves. 1: it does not answer, or its index is not verified yet."""
    settings = options.settings
    address = reachable(options.address or settings.server.address)
    with MatcherClient(address, tls=_own_tls(settings.tls), language=options.lang) as client:
        serving = client.is_serving(timeout_s=options.timeout)
    print(text("health.serving" if serving else "health.not_serving", options.lang), file=sys.stderr)
    return 0 if serving else 1


def _own_tls(tls: TlsSettings) -> ClientTls | None:
    """The server's own certificate is the one to expect, and under mutual TLS the one to show."""
    if tls.certificate is None:
        return None
    return ClientTls(
        root=tls.certificate,
        certificate=tls.certificate if tls.client_root else None,
        key=tls.key if tls.client_root else None,
        server_name=first_name(tls.certificate),
    )
