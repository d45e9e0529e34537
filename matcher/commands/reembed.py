"""station-matcher reembed status: how far the packs of the settings have come with the images on record."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from index.store.opening import reembedding_counts
from matcher.commands.client_options import add_json_option
from matcher.commands.packs import pack_store
from matcher.commands.tables import print_json
from matcher.texts.catalog import text

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


def _named(shown: list[str]) -> str:
    return ", ".join(shown[:_NAMED_COUNT]) + (", …" if len(shown) > _NAMED_COUNT else "")
