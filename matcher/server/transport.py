"""Where the server listens: loopback in the clear, any other address only under TLS."""

from __future__ import annotations

import errno
import ipaddress
import socket
from pathlib import Path

import grpc

from matcher.errors import ConfigError
from matcher.server.certificates import check_root, check_server_files, read_pem
from matcher.texts.catalog import Told, system_reason, told


def bind(
    server: grpc.Server,
    address: str,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    client_root: Path | None = None,
) -> int:
    """Opens the port and returns its number. address: host:port, port 0 takes a free one.

    certificate, key: PEM files of the server; without them only a loopback address is accepted. client_root: clients
    must show a certificate that it signed. Raises ConfigError, each cause by its name.
    """
    if certificate is None or key is None:
        if not is_loopback(address):
            raise ConfigError(told("listen.needs_tls"))
        credentials = None
    else:
        credentials = _credentials(certificate, key, client_root)
    is_loopback(address)  # for the form of the address, under TLS too
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise ConfigError(_why_not(address)) from error
    if port == 0:
        raise ConfigError(_why_not(address))
    return int(port)


def is_loopback(address: str) -> bool:
    """Whether host:port names this machine only. A name other than localhost does not: it may resolve elsewhere."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError(told("listen.form"))
    host = host.removeprefix("[").removesuffix("]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _credentials(certificate: Path, key: Path, client_root: Path | None) -> grpc.ServerCredentials:
    """Raises ConfigError."""
    certificate_pem, key_pem = read_pem(certificate, "tls.certificate"), read_pem(key, "tls.key")
    check_server_files(certificate_pem, key_pem)
    root_pem = None if client_root is None else read_pem(client_root, "tls.client_root")
    if root_pem is not None:
        check_root(root_pem)
    return grpc.ssl_server_credentials(
        [(key_pem, certificate_pem)], root_certificates=root_pem, require_client_auth=root_pem is not None
    )


def _why_not(address: str) -> Told:
    """Why gRPC could not listen there, which it says nowhere: by asking the system for the same."""
    host, _, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        return told("listen.unknown_name", host=host)
    try:
        with socket.socket(family, kind, protocol) as tried:
            # As gRPC does it: a port whose last connections are still closing is free.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(place)
            tried.listen()
    except OSError as error:
        match error.errno:
            case errno.EADDRINUSE:
                return told("listen.in_use", port=port)
            case errno.EACCES:
                return told("listen.forbidden", port=port)
            case errno.EADDRNOTAVAIL:
                return told("listen.not_ours", host=host)
        return told("listen.other", reason=system_reason(error))
    # Free by now: it was taken a moment ago.
    return told("listen.in_use", port=port)
