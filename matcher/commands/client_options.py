"""What the commands that talk to a running server share: address, certificates, the operator's name, failures."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matcher.access.context import AccessContext
from matcher.client import ClientTls, MatcherClient, ServiceError, unusable_files, why_unreachable
from matcher.commands.parser import positive, server_address
from matcher.config import ServerSettings, Settings
from matcher.errors import ConfigError
from matcher.texts.catalog import localized, text, told
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers

# How long nobody wonders what is going on.
_PATIENCE_S: Final = 2.0

ClientCommand = Callable[[MatcherClient, argparse.Namespace], int]


def add_command(
    actions: Subparsers[CommandParser],
    name: str,
    summary: str,
    command: ClientCommand,
    language: str,
    *,
    purpose: str | None = "",
    is_case_required: bool = False,
) -> CommandParser:
    """A subcommand that gets a connected client; a refused call becomes one line and exit code 1. summary: code of its
    text. purpose: where the operator names none; None where one must be named."""
    parser = actions.add_parser(name, help=text(summary, language))
    default = ServerSettings().address
    parser.add_argument(
        "--address", type=server_address, metavar="HOST:PORT", help=text("option.address", language, default=default)
    )
    add_tls_options(parser)
    parser.add_argument(
        "--timeout", type=positive, default=60.0, metavar="SECONDS", help=text("option.timeout", language)
    )
    add_access_options(parser, purpose=purpose, is_case_required=is_case_required)

    def run(options: argparse.Namespace) -> int:
        return _run(command, options)

    parser.set_defaults(run=run)
    return parser


def add_access_options(parser: CommandParser, *, purpose: str | None = "", is_case_required: bool = False) -> None:
    """--operator, --case, --purpose; see add_command."""
    language = parser.language
    parser.add_argument("--operator", required=True, help=text("option.operator", language))
    parser.add_argument("--case", default="", required=is_case_required, help=text("option.case", language))
    said = text("option.purpose_default" if purpose else "option.purpose", language)
    parser.add_argument("--purpose", default=purpose or "", required=purpose is None, help=said)


def add_tls_options(parser: CommandParser) -> None:
    """--tls-root, --tls-certificate and --tls-key."""
    for option in ("root", "certificate", "key"):
        said = text(f"option.tls_{option}", parser.language)
        parser.add_argument(f"--tls-{option}", type=Path, metavar="FILE", help=said)


def add_json_option(parser: CommandParser) -> None:
    """--json, of a command that prints an answer."""
    parser.add_argument("--json", action="store_true", help=text("option.json", parser.language))


def access_of(options: argparse.Namespace) -> AccessContext:
    """Who asks and why, as the options say."""
    return AccessContext(
        operator_id=options.operator,
        case_number=options.case,
        purpose=options.purpose,
        station_id=getattr(options, "station", ""),
    )


def server_of(options: argparse.Namespace) -> tuple[str, ClientTls | None]:
    """Address and certificates: those of the options, else of the settings, whose server is asked on this machine.
    Raises ConfigError."""
    settings: Settings = options.settings
    address = options.address or reachable(settings.server.address)
    if options.tls_root:
        return address, ClientTls(options.tls_root, options.tls_certificate, options.tls_key)
    if bool(options.tls_certificate) != bool(options.tls_key):
        raise ConfigError(told("reach.options_pair"))
    certificate = settings.tls.certificate
    if certificate is None or options.address:
        if options.tls_certificate:
            raise ConfigError(told("reach.options_pair"))
        return address, None
    # The server's own certificate is the one to expect.
    name = first_name(certificate)
    return address, ClientTls(certificate, options.tls_certificate, options.tls_key, server_name=name)


def reachable(address: str) -> str:
    """Where to reach a server that listens there: one on all interfaces is asked on this machine."""
    host, _, port = address.rpartition(":")
    return f"{'127.0.0.1' if host in ('0.0.0.0', '[::]', '') else host}:{port}"  # noqa: S104 - compared, not bound


def first_name(certificate: Path) -> str:
    """The first DNS name of a server's certificate. Raises ConfigError."""
    from cryptography import x509  # noqa: PLC0415 - only where TLS is used

    try:
        parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName)[0]
    except (OSError, ValueError, x509.ExtensionNotFound, IndexError) as error:
        raise ConfigError(told("reach.no_own_name")) from error


def _run(command: ClientCommand, options: argparse.Namespace) -> int:
    address, tls = server_of(options)
    if tls is not None and (why := unusable_files(tls)):
        raise ConfigError(why)
    with _PatientClient(address, tls=tls, language=options.lang, timeout_s=options.timeout) as client:
        try:
            return command(client, options)
        except ServiceError as error:
            _tell(error, address, tls, options.lang)
            return 1


class _PatientClient(MatcherClient):
    """Says on stderr why a call takes long, the first time that one does."""

    def __init__(self, address: str, *, language: str, **options: Any) -> None:
        super().__init__(address, language=language, **options)
        self._waiting = text("search.waiting", language)

    def call(self, method: Callable[..., Any], request: object, *, timeout_s: float | None = None) -> Any:
        timer = threading.Timer(_PATIENCE_S, self._say_waiting)
        timer.daemon = True
        timer.start()
        try:
            return super().call(method, request, timeout_s=timeout_s)
        finally:
            timer.cancel()

    def _say_waiting(self) -> None:
        if self._waiting:
            print(self._waiting, file=sys.stderr, flush=True)
        self._waiting = ""


def _tell(error: ServiceError, address: str, tls: ClientTls | None, language: str) -> None:
    if error.code == "UNAVAILABLE" and not error.reason:
        print(localized(why_unreachable(address, tls), language), file=sys.stderr)
        return
    print(text("cli.error", language, reason=error.text), file=sys.stderr)
    for violation in error.violations:
        print(visible(f"  {violation.field}: {violation.description}"), file=sys.stderr)
    if error.reason == "ERROR_REASON_INTERNAL" and error.call_id:
        print(text("cli.call", language, call=error.call_id), file=sys.stderr)
