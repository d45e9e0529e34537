"""station-matcher health: whether the server of these settings serves, for container health checks."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from matcher.client import ClientTls, MatcherClient, ServerHealth, why_unreachable
from matcher.commands.client_options import add_json_option, add_tls_options, first_name, reachable, server_of
from matcher.commands.parser import positive, server_address
from matcher.commands.tables import print_json
from matcher.config import TlsSettings
from matcher.errors import ConfigError
from matcher.texts.catalog import has_text, localized, text, told

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `health`."""
    parser = subparsers.add_parser("health", help=text("help.health", language))
    parser.add_argument(
        "--address", type=server_address, metavar="HOST:PORT", help=text("help.health.address", language)
    )
    add_tls_options(parser)
    parser.add_argument(
        "--timeout", type=positive, default=3.0, metavar="SECONDS", help=text("option.timeout", language)
    )
    add_json_option(parser)
    parser.set_defaults(run=run_health)


def run_health(options: argparse.Namespace) -> int:
    """0: it serves. 1: it does not answer, or its index is not verified yet. Raises ConfigError."""
    address, tls = _asked(options)
    with MatcherClient(address, tls=tls, language=options.lang) as client:
        found = client.health(timeout_s=options.timeout)
    lines = _said(found, "" if found.is_answering else _why(address, tls, options), options.lang)
    if options.json:
        print_json({**asdict(found), "text": lines})
    else:
        print("\n".join(lines), file=sys.stderr)
    return 0 if found.is_serving else 1


def _said(health: ServerHealth, reason: str, language: str) -> list[str]:
    if not health.is_answering:
        return [text("health.not_answering", language, reason=reason)]
    lines = [text("health.serving" if health.is_serving else "health.not_serving", language)]
    if health.progress:
        stage, _, counts = health.progress.partition(" ")
        name = text(f"stage.{stage}", language) if has_text(f"stage.{stage}") else stage
        lines = [text("health.opening", language, stage=name, counts=counts).rstrip()]
    if health.busy:
        lines.append(text("health.busy", language, busy=health.busy))
    for name in ("set_aside", "not_searched"):
        if count := getattr(health, f"{name}_count"):
            lines.append(text(f"health.{name}", language, count=count))
    return lines


def _why(address: str, tls: ClientTls | None, options: argparse.Namespace) -> str:
    why = why_unreachable(address, tls)
    own = options.settings.tls.certificate
    if why.code == "reach.refuses_certificate" and tls is not None and tls.certificate == own:
        why = told("health.own_certificate", address=address)
    return localized(why, options.lang)


def _asked(options: argparse.Namespace) -> tuple[str, ClientTls | None]:
    """Address and certificates: those of the options, else of the settings."""
    if options.tls_root:
        return server_of(options)
    if bool(options.tls_certificate) != bool(options.tls_key):
        raise ConfigError(told("reach.options_pair"))
    address, own = reachable(options.address or options.settings.server.address), _own_tls(options.settings.tls)
    if options.tls_certificate:
        if own is None:
            raise ConfigError(told("reach.options_pair"))
        own = replace(own, certificate=options.tls_certificate, key=options.tls_key)
    return address, own


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
