"""station-matcher health: whether the server of these settings serves, for container health checks."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.client import ClientTls, MatcherClient
from matcher.config import TlsSettings
from matcher.errors import ConfigError
from matcher.texts.catalog import text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(subparsers: Subparsers) -> None:
    """Adds `health`."""
    parser = subparsers.add_parser("health", help="exit code 0 when the server of these settings serves")
    parser.add_argument("--address", metavar="HOST:PORT", help="server; without it the one of the settings")
    parser.add_argument("--timeout", type=float, default=3.0, metavar="SECONDS", help="default: %(default)s")
    parser.set_defaults(run=run_health)


def run_health(options: argparse.Namespace) -> int:
    """0: it serves. 1: it does not answer, or its index is not verified yet."""
    settings = options.settings
    host, _, port = (options.address or settings.server.address).rpartition(":")
    # A server on all interfaces is asked on this machine.
    address = f"{'127.0.0.1' if host in ('0.0.0.0', '[::]', '') else host}:{port}"  # noqa: S104 - compared, not bound
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
        server_name=_first_name(tls.certificate),
    )


def _first_name(certificate: Path) -> str:
    from cryptography import x509  # noqa: PLC0415 - only where TLS is used

    try:
        parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName)[0]
    except (OSError, ValueError, x509.ExtensionNotFound, IndexError) as error:
        raise ConfigError("the server's certificate has no DNS name in its subjectAltName") from error
