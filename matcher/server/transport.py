"""Where the server listens: loopback in the clear, any other address only under TLS."""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Final

import grpc

from matcher.errors import ConfigError

_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


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
    must show a certificate that it signed. Raises ConfigError.
    """
    if certificate is None or key is None:
        if not is_loopback(address):
            raise ConfigError(
                "without TLS the server listens on loopback only: set tls.certificate and tls.key, "
                "or server.address to 127.0.0.1:PORT"
            )
        credentials = None
    else:
        root = _read(client_root, "tls.client_root") if client_root is not None else None
        pair = (_read(key, "tls.key"), _read(certificate, "tls.certificate"))
        credentials = grpc.ssl_server_credentials([pair], root_certificates=root, require_client_auth=root is not None)
    is_loopback(address)  # for the form of the address, under TLS too
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise ConfigError("the address is in use or not of this machine, or a certificate is not usable") from error
    if port == 0:
        raise ConfigError("the address is in use or not of this machine, or a certificate is not usable")
    return int(port)


def own_certificate(certificate: Path | None, client_root: Path | None) -> bytes:
    """The server's own certificate (DER), which no client may show where clients show certificates; else b""."""
    if certificate is None or client_root is None:
        return b""
    # The first of the file is the server's; the others lead to its root.
    first, marker, _ = _read(certificate, "tls.certificate").decode("ascii", "replace").partition(_END)
    try:
        return ssl.PEM_cert_to_DER_cert(first[first.index(_BEGIN) :] + marker)
    except ValueError as error:
        raise ConfigError("tls.certificate is not a PEM certificate") from error


def is_loopback(address: str) -> bool:
    """Whether host:port names this machine only. A name other than localhost does not: it may resolve elsewhere."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ConfigError("server.address must be host:port with a port up to 65535, for example 127.0.0.1:50551")
    host = host.removeprefix("[").removesuffix("]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(path: Path, name: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{name} cannot be read: {error.strerror}") from error
    if b"-----BEGIN" not in content:
        raise ConfigError(f"{name} is not a PEM file")
    return content
