"""station-matcher erasure verify | key: certificates of erasure, checked without a server."""

from __future__ import annotations

import argparse
import string
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.audit.erasure import CheckedCertificate, SigningKey, check_certificate
from matcher.commands.client_options import add_json_option
from matcher.commands.store_options import language_of, storage_of
from matcher.commands.tables import print_json
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `erasure`."""
    actions = subparsers.add_parser("erasure", help=text("help.erasure", language)).add_subparsers(
        dest="erasure_action"
    )
    verify = actions.add_parser("verify", help=text("help.erasure.verify", language))
    verify.add_argument("certificate", type=Path, metavar="CERTIFICATE", help=text("help.erasure.file", language))
    verify.add_argument("--public-key", type=_public_key, metavar="HEX", help=text("help.erasure.public_key", language))
    add_json_option(verify)
    verify.set_defaults(run=run_verify)
    key = actions.add_parser("key", help=text("help.erasure.key", language))
    key.set_defaults(run=run_key)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """problem: "none" of a file that is no certificate, "forged", "other_key", "left", or "". left: what was found of
    what was destroyed. is_known_key: there was a key to compare with."""

    problem: str
    certificate: CheckedCertificate | None = None
    is_known_key: bool = False
    left: tuple[str, ...] = ()


def run_verify(options: argparse.Namespace) -> int:
    """0 where the station's key signed it and nothing of what was destroyed was found. Raises OSError."""
    checked = check_certificate(options.certificate.read_bytes())
    verdict = _Verdict("none") if checked is None else _judged(checked, options.public_key or _own_key(options))
    if getattr(options, "json", False):
        print_json(_document(verdict))
    else:
        _say(verdict, language_of(options))
    return 1 if verdict.problem else 0


def _judged(checked: CheckedCertificate, expected: str) -> _Verdict:
    if not checked.is_genuine:
        return _Verdict("forged", checked, bool(expected))
    if expected and checked.public_key != expected:
        return _Verdict("other_key", checked, True)
    said = checked.content
    left = (*said["found_in"], *(str(one["reference_id"]) for one in said["searched_again"] if one["is_found"]))
    return _Verdict("left" if left else "", checked, bool(expected), left)


def _document(verdict: _Verdict) -> Mapping[str, object]:
    """What --json prints. What a certificate says is worth nothing where it is not genuine, and is left out then."""
    checked = verdict.certificate
    return {
        "is_valid": not verdict.problem,
        "problem": verdict.problem or None,
        "is_genuine": checked is not None and checked.is_genuine,
        "public_key": None if checked is None else checked.public_key,
        "is_compared_with_key": verdict.is_known_key,
        "left": verdict.left,
        "certificate": checked.content if checked is not None and checked.is_genuine else None,
    }


def _say(verdict: _Verdict, language: str) -> None:
    checked = verdict.certificate
    if checked is None or verdict.problem in ("forged", "other_key"):
        key = "" if checked is None else checked.public_key
        print(text(f"erasure.{verdict.problem}", language, key=key), file=sys.stderr)
        return
    said = checked.content
    print(
        text(
            "erasure.genuine",
            language,
            subject=said["subject_id"],
            references=", ".join(map(str, said["reference_ids"])) or "-",
            time=said["delete_time"],
            rows=said["destroyed"]["rows"],
            keys=said["destroyed"]["keys"],
            images=said["destroyed"]["images"],
        )
    )
    merged = said.get("merged_subject_ids", ())
    if merged:
        print(text("erasure.merged", language, subjects=", ".join(merged)))
    if not verdict.is_known_key:
        print(text("erasure.unknown_key", language, key=checked.public_key), file=sys.stderr)
    if verdict.left:
        print(text("erasure.left", language, where=", ".join(verdict.left)), file=sys.stderr)
        return
    print(text("erasure.absent", language, count=len(said["searched_again"])))
    unsearched = said.get("not_searched_ids", ())
    if unsearched:
        print(text("erasure.not_searched", language, references=", ".join(map(str, unsearched))), file=sys.stderr)


def run_key(options: argparse.Namespace) -> int:
    """Print the public key, which whoever checks certificates elsewhere needs."""
    print(SigningKey.of_file(storage_of(options).signing_key_file).public_key)
    return 0


def _public_key(value: str) -> str:
    key = value.strip().lower()
    if len(key) != 64 or not set(key) <= set(string.hexdigits):
        raise argparse.ArgumentTypeError("usage.public_key")
    return key


def _own_key(options: argparse.Namespace) -> str:
    """Of this station, where it has one."""
    path = storage_of(options).signing_key_file
    return SigningKey.of_file(path).public_key if path.exists() else ""
