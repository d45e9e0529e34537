"""station-matcher reembed status | compare: how far the next packs have come, and what the next pack changes."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from index.arrays import Float64Array
from index.records import Modality
from index.store.opening import reembedding_counts
from matcher.audit.log import FileAuditLog
from matcher.commands.client_options import access_of, add_access_options, add_json_option
from matcher.commands.packs import pack_store
from matcher.commands.parser import positive_count
from matcher.commands.store_options import (
    StageBars,
    add_folder_option,
    audit_file_of,
    data_folder_of,
    opened_database,
    reporting,
)
from matcher.commands.tables import add_row, make_table, print_json, print_table
from matcher.scoring.of_pack import calibration_of
from matcher.texts.catalog import text
from matcher.usecases.compare_packs import PackComparer, PackComparison, Packs

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers

# Damaged or pictureless references that are named one by one; --json names all.
_NAMED_COUNT = 20


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `reembed`."""
    actions = subparsers.add_parser("reembed", help=text("help.reembed", language)).add_subparsers(
        dest="reembed_action"
    )
    status = actions.add_parser("status", help=text("help.reembed.status", language))
    status.add_argument("--pack", action="append", metavar="PACK", help=text("help.reembed.pack", language))
    add_json_option(status)
    status.set_defaults(run=run_status)
    compare = actions.add_parser("compare", help=text("help.reembed.compare", language))
    compare.add_argument("--pack", metavar="PACK", help=text("help.reembed.compare_pack", language))
    said = text("help.reembed.count", language)
    compare.add_argument("--count", type=positive_count, default=1000, metavar="COUNT", help=said)
    add_access_options(compare, purpose=None, is_case_required=True)
    add_folder_option(compare)
    add_json_option(compare)
    compare.set_defaults(run=reporting(run_compare))


def run_status(options: argparse.Namespace) -> int:
    """0: each of the packs covers every reference of its modality. 1: something is missing. 2: no pack to speak of."""
    settings = options.settings
    store = pack_store(options)
    packs = settings.packs
    names = options.pack or [name for name in (packs.next_face, packs.next_fingerprint) if name]
    if not names:
        print(text("reembed.no_pack", options.lang), file=sys.stderr)
        return 2
    found = []
    for name in names:
        pack = store.manifest(name)
        counts = reembedding_counts(settings.storage.data_folder, pack.modality, pack.pack_id)
        if counts is None:
            print(text("reembed.no_store", options.lang), file=sys.stderr)
            return 1
        found.append(counts)
    if options.json:
        print_json([asdict(counts) for counts in found])
    else:
        for counts in found:
            without = _named([str(one) for one in counts.without_image_ids])
            failed = _named([f"{one} ({reason})" for one, reason in counts.failed])
            values = {"pack": counts.pack_id, "done": counts.done_count, "waiting": counts.waiting_count}
            print(text("reembed.status", options.lang, **values))
            if without:
                count = len(counts.without_image_ids)
                print(text("reembed.without_image", options.lang, count=count, ids=without))
            if failed:
                print(text("reembed.failed", options.lang, count=len(counts.failed), ids=failed))
    is_whole = all(not (one.waiting_count or one.without_image_ids or one.failed) for one in found)
    return 0 if is_whole else 1


def run_compare(options: argparse.Namespace) -> int:
    """The database and its audit log are opened by this command, so no server may have them."""
    chosen = _chosen(options)
    if chosen is None:
        return 2
    # The arithmetic of fingerprints loads only for this command.
    from matcher.assembly.settings import search_settings  # noqa: PLC0415
    from matcher.fingerprint.comparison.compare import MinutiaComparer  # noqa: PLC0415

    modality, packs = chosen
    settings = search_settings(options.settings.search)
    with (
        StageBars(options.lang) as bars,
        opened_database(options, progress=bars.report) as database,
        FileAuditLog(audit_file_of(options, data_folder_of(options)), noted=database.log_head) as audit,
    ):
        found = PackComparer(database, audit, MinutiaComparer(), settings=settings).compare(
            access_of(options), modality, packs, probe_count=options.count, report=bars.show
        )
    if options.json:
        print_json(_plain(found))
        return 0
    if not found.probe_count:
        print(text("reembed.nothing_to_compare", options.lang))
        return 1
    print(text("reembed.compared", options.lang, count=found.probe_count))
    columns = ("pack", "first", "median_mate", "low_mate", "median_stranger", "highest_stranger")
    table = make_table([f"column.{column}" for column in columns], options.lang)
    for one in _plain(found)["packs"]:
        add_row(table, *(one[column] for column in columns))
    print_table(table)
    values = {"better": found.better_count, "worse": found.worse_count, "audit": found.audit_id}
    print(text("reembed.ranks", options.lang, **values))
    return 0


def _chosen(options: argparse.Namespace) -> tuple[Modality, Packs] | None:
    """The pack in use and the one to hold against it; None where there are no two, which is said then. Raises
    PackError."""
    packs, store = options.settings.packs, pack_store(options)
    name = options.pack or packs.next_face or packs.next_fingerprint
    if not name:
        print(text("reembed.no_pack", options.lang), file=sys.stderr)
        return None
    modality = store.manifest(name).modality
    used = packs.face if modality is Modality.FACE else packs.fingerprint
    if name == used:
        others = [one.name for one in store.manifests() if one.modality is modality and one.name != name]
        code = "reembed.same_pack" if others else "reembed.only_pack"
        print(text(code, options.lang, pack=name, others=", ".join(others)), file=sys.stderr)
        return None
    chosen = []
    for one in (used, name):
        pack = store.get(one) if one else None
        calibration = calibration_of(pack) if pack is not None else None
        if pack is None or calibration is None:
            print(text("reembed.not_comparable", options.lang, pack=one or "-"), file=sys.stderr)
            return None
        chosen.append((pack.pack_id, calibration))
    return modality, (chosen[0], chosen[1])


def _plain(found: PackComparison) -> dict[str, Any]:
    return {
        "audit_id": found.audit_id,
        "probe_count": found.probe_count,
        "better_rank_count": found.better_count,
        "worse_rank_count": found.worse_count,
        "packs": [
            {
                "pack": one.pack_id,
                "first": one.first_count,
                "median_mate": _quantile(one.mate_scores, 0.5),
                "low_mate": _quantile(one.mate_scores, 0.05),
                "median_stranger": _quantile(one.stranger_scores, 0.5),
                "highest_stranger": _quantile(one.stranger_scores, 1.0),
            }
            for one in found.figures
        ],
    }


def _quantile(scores: Float64Array, share: float) -> float | None:
    return round(float(np.quantile(scores, share)), 1) if len(scores) else None


def _named(shown: list[str]) -> str:
    return ", ".join(shown[:_NAMED_COUNT]) + (", …" if len(shown) > _NAMED_COUNT else "")
