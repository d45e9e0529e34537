"""station-matcher info: what a running server is, what it has on record, and what no search meets."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from matcher.client import MatcherClient, plain
from matcher.commands.client_options import access_of, add_command, add_json_option
from matcher.commands.tables import add_row, grouped, make_table, print_json, print_table
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `info`."""
    add_json_option(add_command(subparsers, "info", "help.info", _info, language))


def _info(client: MatcherClient, options: argparse.Namespace) -> int:
    found, language = client.server_info(access=access_of(options)), options.lang
    if options.json:
        print_json(plain(found))
        return 0
    counts = {name: grouped(getattr(found, f"{name}_count"), language) for name in ("subject", "reference", "gallery")}
    versions = {"version": found.software_version, "api": ", ".join(found.api_versions), "schema": found.schema_version}
    print(visible(text("info.versions", language, **versions)))
    print(text("info.counts", language, **counts))
    columns = ("modality", "pack", "license", "measured_score", "highest_score", "quality_floor", "remarks")
    table = make_table([f"column.{name}" for name in columns], language)
    for one in found.modalities:
        _add_modality(table, one, language)
    print_table(table)
    for lost in found.not_searchable:
        print(
            visible(text("info.not_searched", language, count=grouped(lost.reference_count, language), why=lost.text))
        )
    print(text("search.audit", language, audit=found.audit_id))
    return 0


def _add_modality(table: Any, status: Any, language: str) -> None:
    kind, pack = text(f"modality.{status.modality}", language), status.pack
    if not status.served:
        add_row(table, kind, "", "", "", "", "", status.text)
        return
    remarks = "" if pack.is_operational else text("info.not_operational", language)
    scores = (f"{pack.calibration.measured_score:.1f}", f"{pack.calibration.highest_score:.1f}")
    add_row(table, kind, pack.pack_id, pack.license, *scores, status.quality_floor, remarks)
