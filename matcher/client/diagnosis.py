"""Why a server is not reached: gRPC says only UNAVAILABLE, so the way is walked again, step by step, without it."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final

from matcher.texts.catalog import Told, system_reason, told

if TYPE_CHECKING:
    from matcher.client.connection import ClientTls

_TIMEOUT_S: Final = 3.0
# OpenSSL's numbers of what is wrong with a certificate (x509_vfy.h).
_OF_VERIFICATION: Final = {
    9: "reach.not_yet",
    10: "reach.expired",
    18: "reach.unknown_root",
    19: "reach.unknown_root",
    20: "reach.unknown_root",
    21: "reach.unknown_root",
    62: "reach.wrong_name",
    64: "reach.wrong_name",
}


def why_unreachable(address: str, tls: ClientTls | None) -> Told:
    """The first step on the way to a server that does not work: name, port, TLS, certificates. address: host:port."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        with socket.create_connection((host, int(port)), timeout=_TIMEOUT_S) as connection:
            return _why_no_call(connection, address, host, tls)
    except socket.gaierror:
        return told("reach.unknown_name", address=address)
    except ConnectionRefusedError:
        return told("reach.refused", address=address)
    except TimeoutError:
        return told("reach.no_answer", address=address)
    except OSError as error:
        return told("reach.other", address=address, reason=system_reason(error))


def unusable_files(tls: ClientTls) -> Told | None:
    """What is wrong with the files of a client, before anything is sent; None where they can be used."""
    for option, path in (("--tls-root", tls.root), ("--tls-certificate", tls.certificate), ("--tls-key", tls.key)):
        if path is not None and (why := _why_unreadable(path)):
            return told("reach.file", option=option, reason=why)
    try:
        _context(tls, check=False)
    except _RootError:
        return told("reach.root_not_usable")
    except (ssl.SSLError, ValueError) as error:
        return told("reach.files_not_usable", reason=getattr(error, "reason", None) or error)
    return None


def _why_no_call(connection: socket.socket, address: str, host: str, tls: ClientTls | None) -> Told:
    if tls is None:
        return _why_no_plain_call(connection, address)
    name = tls.server_name or host
    try:
        with _context(tls, check=True).wrap_socket(connection, server_hostname=name) as secured:
            return _why_no_secured_call(secured, address, tls)
    except ssl.SSLCertVerificationError as error:
        code = _OF_VERIFICATION.get(error.verify_code)
        if code is None:
            return told("reach.certificate_other", address=address, reason=error.verify_message)
        return told(code, address=address)
    except ssl.SSLError as error:
        if error.reason in ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING", "RECORD_LAYER_FAILURE"):
            return told("reach.speaks_plain", address=address)
        return told("reach.other", address=address, reason=error.reason or error)


def _why_no_plain_call(connection: socket.socket, address: str) -> Told:
    """Whether a server answers a TLS hello, which one that speaks none does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        context.wrap_socket(connection).close()
    except ssl.SSLError as error:
        if "ALERT" not in (error.reason or ""):
            return told("reach.no_answer", address=address)
    except OSError:
        return told("reach.no_answer", address=address)
    return told("reach.wants_tls", address=address)


def _why_no_secured_call(secured: ssl.SSLSocket, address: str, tls: ClientTls) -> Told:
    """Under TLS 1.3 a server refuses the certificate of a client after the handshake of the client has ended: it closes
    the connection instead of sending its settings, which it would send unasked (RFC 9113, 3.4)."""
    secured.settimeout(_TIMEOUT_S)
    try:
        is_talking = bool(secured.recv(1024))
    except TimeoutError:
        is_talking = True
    except OSError:
        is_talking = False
    if is_talking:
        return told("reach.no_answer", address=address)
    code = "reach.wants_certificate" if tls.certificate is None else "reach.refuses_certificate"
    return told(code, address=address)


class _RootError(Exception):
    """The root file holds no certificate."""


def _context(tls: ClientTls, *, check: bool) -> ssl.SSLContext:
    """Raises _RootError, ssl.SSLError, ValueError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check
    context.set_alpn_protocols(["h2"])
    # A root file may hold the server's own certificate alone.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(tls.root)
    except ssl.SSLError as error:
        raise _RootError from error
    if tls.certificate is not None and tls.key is not None:
        context.load_cert_chain(tls.certificate, tls.key, password=_no_password)
    return context


def _no_password() -> str:
    raise ValueError("the key is locked with a passphrase")


def _why_unreadable(path: Path) -> str:
    try:
        path.read_bytes()
    except OSError as error:
        return system_reason(error)
    return ""
