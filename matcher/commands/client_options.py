"""What the commands that talk to a running server share: address, certificates, the operator's name, failures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.access.context import AccessContext
from matcher.client import DEFAULT_ADDRESS, ClientTls, MatcherClient, ServiceError
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

ClientCommand = Callable[[MatcherClient, argparse.Namespace], int]


def add_command(
    actions: Subparsers, name: str, summary: str, command: ClientCommand, *, purpose: str | None = ""
) -> argparse.ArgumentParser:
    """A subcommand that gets a connected client; a refused call becomes one line and exit code 1. purpose: where the
    operator names none; None where one must be named."""
    parser = actions.add_parser(name, help=summary)
    parser.add_argument("--address", default=DEFAULT_ADDRESS, metavar="HOST:PORT", help="server (%(default)s)")
    parser.add_argument("--tls-root", type=Path, metavar="FILE", help="PEM: who signed the server's certificate")
    parser.add_argument("--tls-certificate", type=Path, metavar="FILE", help="PEM: our own certificate")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM: its key")
    parser.add_argument("--operator", required=True, help="who asks, for the audit record")
    parser.add_argument("--case", default="", help="case number, for the audit record")
    said = "" if not purpose else " (%(default)s)"
    parser.add_argument(
        "--purpose", default=purpose or "", required=purpose is None, help=f"why, for the audit record{said}"
    )

    def run(options: argparse.Namespace) -> int:
        return _run(command, options)

    parser.set_defaults(run=run)
    return parser


def access_of(options: argparse.Namespace) -> AccessContext:
    """Who asks and why, as the options say."""
    return AccessContext(operator_id=options.operator, case_number=options.case, purpose=options.purpose)


def _run(command: ClientCommand, options: argparse.Namespace) -> int:
    tls = ClientTls(options.tls_root, options.tls_certificate, options.tls_key) if options.tls_root else None
    with MatcherClient(options.address, tls=tls, language=options.lang) as client:
        try:
            return command(client, options)
        except ServiceError as error:
            if error.code == "UNAVAILABLE" and not error.reason:
                print(text("cli.unreachable", options.lang, address=options.address), file=sys.stderr)
            else:
                print(text("cli.error", options.lang, reason=error.text), file=sys.stderr)
                for violation in error.violations:
                    print(visible(f"  {violation.field}: {violation.description}"), file=sys.stderr)
            return 1
