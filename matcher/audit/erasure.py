"""Certificates of erasure: what was destroyed, and that it was looked for since, signed by the station.

A certificate is JSON that anybody can read; signed (Ed25519, RFC 8032) is its content without the signature, in
canonical form: keys sorted, no spaces, UTF-8. Whoever knows the station's public key checks it without the station.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from index.durable.files import make_private
from matcher.errors import ConfigError
from matcher.texts.catalog import told

FORMAT: Final = "station-matcher erasure certificate 1"
_SEED_BYTES: Final = 32


class SigningKey:
    """The station's key. Thread safe."""

    def __init__(self, seed: bytes) -> None:
        """seed: 32 bytes, the private key."""
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.public_key = self._private.public_key().public_bytes_raw().hex()

    @classmethod
    def of_file(cls, path: Path) -> SigningKey:
        """Of a file of 64 hexadecimal digits that its owner alone may read; made where it is not there. Raises
        ConfigError."""
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                make_private(path, f"{secrets.token_hex(_SEED_BYTES)}\n".encode("ascii"))
            seed = bytes.fromhex(path.read_text(encoding="ascii").strip())
        except (OSError, ValueError) as error:
            raise ConfigError(told("error.signing_key")) from error
        if len(seed) != _SEED_BYTES:
            raise ConfigError(told("error.signing_key"))
        return cls(seed)

    def certificate(self, content: Mapping[str, Any]) -> bytes:
        """The signed certificate, as it is handed out. content: JSON values."""
        said = {**content, "format": FORMAT, "public_key": self.public_key}
        signed = {**said, "signature": self._private.sign(_canonical(said)).hex()}
        return json.dumps(signed, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class CheckedCertificate:
    """content: what it says. is_genuine: whether the key it names signed every word of it."""

    content: Mapping[str, Any]
    public_key: str
    is_genuine: bool


def check_certificate(certificate: bytes) -> CheckedCertificate | None:
    """Read and check; None where it is not a certificate. Whether the key is the station's, the caller compares."""
    try:
        content = json.loads(certificate)
        signature, public_key = bytes.fromhex(content.pop("signature")), str(content["public_key"])
        if content["format"] != FORMAT:
            return None
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    try:
        key.verify(signature, _canonical(content))
    except InvalidSignature:
        return CheckedCertificate(content, public_key, is_genuine=False)
    return CheckedCertificate(content, public_key, is_genuine=True)


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
