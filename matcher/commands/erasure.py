"""station-matcher erasure verify | key: certificates of erasure, checked without a server."""

from __future__ import annotations

import argparse
import string
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from matcher.audit.erasure import SigningKey, check_certificate
from matcher.commands.store_options import language_of, storage_of
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
    verify.set_defaults(run=run_verify)
    key = actions.add_parser("key", help=text("help.erasure.key", language))
    key.set_defaults(run=run_key)


def run_verify(options: argparse.Namespace) -> int:
    """0 where the station's key signed it and nothing of what was destroyed was found. Raises OSError."""
    language = language_of(options)
    checked = check_certificate(options.certificate.read_bytes())
    if checked is None:
        print(text("erasure.none", language), file=sys.stderr)
        return 1
    expected = options.public_key or _own_key(options)
    if not checked.is_genuine:
        print(text("erasure.forged", language), file=sys.stderr)
        return 1
    if expected and checked.public_key != expected:
        print(text("erasure.other_key", language, key=checked.public_key), file=sys.stderr)
        return 1
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
    if not expected:
        print(text("erasure.unknown_key", language, key=checked.public_key), file=sys.stderr)
    left = [*said["found_in"], *(str(one["reference_id"]) for one in said["searched_again"] if one["is_found"])]
    if left:
        print(text("erasure.left", language, where=", ".join(left)), file=sys.stderr)
        return 1
    print(text("erasure.absent", language, count=len(said["searched_again"])))
    unsearched = said.get("not_searched_ids", ())
    if unsearched:
        print(text("erasure.not_searched", language, references=", ".join(map(str, unsearched))), file=sys.stderr)
    return 0


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
