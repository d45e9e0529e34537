"""The server's certificate files, looked at before gRPC gets them, which would only say that something is wrong."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from matcher.errors import ConfigError
from matcher.texts.catalog import system_reason, told

# How long before its end a certificate is spoken of at every start.
SOON: Final = timedelta(days=30)
_BEGIN: Final = "-----BEGIN CERTIFICATE-----"
_END: Final = "-----END CERTIFICATE-----"


def read_pem(path: Path, setting: str) -> bytes:
    """The content of a PEM file. Raises ConfigError, each cause by its name."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ConfigError(told("tls.missing", setting=setting)) from error
    except PermissionError as error:
        raise ConfigError(told("tls.forbidden", setting=setting)) from error
    except OSError as error:
        raise ConfigError(told("tls.unreadable", setting=setting, reason=system_reason(error))) from error
    if b"-----BEGIN" not in content:
        raise ConfigError(told("tls.not_pem", setting=setting))
    return content


def check_server_files(certificate_pem: bytes, key_pem: bytes, *, now: datetime | None = None) -> None:
    """Raises ConfigError for a certificate that no client would take, or whose key is another one."""
    certificate = _certificate(certificate_pem, "tls.certificate")
    try:
        key = load_pem_private_key(key_pem, password=None)
    except TypeError as error:  # cryptography's word for a key with a passphrase
        raise ConfigError(told("tls.encrypted_key", setting="tls.key")) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(told("tls.not_key", setting="tls.key")) from error
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        raise ConfigError(told("tls.mismatch"))
    _require_valid(certificate, "tls.certificate", now)
    try:
        certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound as error:
        raise ConfigError(told("tls.no_name")) from error


def check_root(root_pem: bytes, *, now: datetime | None = None) -> None:
    """Raises ConfigError where client_root holds no certificate, or none that is valid."""
    try:
        roots = x509.load_pem_x509_certificates(root_pem)
    except ValueError as error:
        raise ConfigError(told("tls.not_certificate", setting="tls.client_root")) from error
    refused = [_invalid(root, "tls.client_root", now) for root in roots]
    if all(refused) and refused[0] is not None:
        raise refused[0]


def expires_soon(certificate: Path, *, now: datetime | None = None) -> str:
    """The date on which a certificate ends where that is soon, else "". Raises ConfigError."""
    end = _certificate(read_pem(certificate, "tls.certificate"), "tls.certificate").not_valid_after_utc
    return end.date().isoformat() if end - (now or datetime.now(UTC)) < SOON else ""


def own_certificate(certificate: Path | None, client_root: Path | None) -> bytes:
    """The server's own certificate (DER), which no client may show where clients show certificates; else b""."""
    if certificate is None or client_root is None:
        return b""
    # The first of the file is the server's; the others lead to its root.
    content = read_pem(certificate, "tls.certificate")
    first, marker, _ = content.decode("ascii", "replace").partition(_END)
    try:
        return ssl.PEM_cert_to_DER_cert(first[first.index(_BEGIN) :] + marker)
    except ValueError as error:
        raise ConfigError(told("tls.not_certificate", setting="tls.certificate")) from error


def _certificate(content: bytes, setting: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise ConfigError(told("tls.not_certificate", setting=setting)) from error


def _require_valid(certificate: x509.Certificate, setting: str, now: datetime | None) -> None:
    if error := _invalid(certificate, setting, now):
        raise error


def _invalid(certificate: x509.Certificate, setting: str, now: datetime | None) -> ConfigError | None:
    today = now or datetime.now(UTC)
    if today > certificate.not_valid_after_utc:
        date = certificate.not_valid_after_utc.date().isoformat()
        return ConfigError(told("tls.expired", setting=setting, date=date))
    if today < certificate.not_valid_before_utc:
        date = certificate.not_valid_before_utc.date().isoformat()
        return ConfigError(told("tls.not_yet", setting=setting, date=date))
    return None
