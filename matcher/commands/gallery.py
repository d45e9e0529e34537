"""station-matcher gallery list | create | add | remove."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from matcher.client import MatcherClient
from matcher.commands.client_options import access_of, add_command
from matcher.commands.tables import add_row, make_table, print_table
from matcher.texts.catalog import text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

# Why galleries are kept, where the operator says nothing else.
_PURPOSE: Final = "keeping galleries"


def add_commands(subparsers: Subparsers) -> None:
    """Adds `gallery`."""
    actions = subparsers.add_parser("gallery", help="groups of subjects").add_subparsers(
        dest="gallery_action", required=True
    )
    add_command(actions, "list", "which galleries there are", _list)
    create = add_command(actions, "create", "make a gallery", _create, purpose=_PURPOSE)
    create.add_argument("gallery_id", help="lower-case letters, digits, - and _")
    create.add_argument("--name", default="", help="name to show")
    create.add_argument("--serves", default="", metavar="TEXT", help="what the gallery is for")
    for name, summary, command in (
        ("add", "put subjects into a gallery", _add),
        ("remove", "take subjects out of a gallery; they stay enrolled", _remove),
    ):
        parser = add_command(actions, name, summary, command, purpose=_PURPOSE)
        parser.add_argument("gallery_id")
        parser.add_argument("subject_ids", nargs="+", metavar="SUBJECT")


def _list(client: MatcherClient, options: argparse.Namespace) -> int:
    galleries = list(client.galleries(access=access_of(options)))
    if not galleries:
        print(text("gallery.none", options.lang))
        return 0
    table = make_table([f"column.{name}" for name in ("gallery", "name", "purpose", "created")], options.lang)
    for gallery in galleries:
        created = gallery.create_time.ToDatetime().isoformat(timespec="minutes")
        add_row(table, gallery.gallery_id, gallery.display_name, gallery.purpose, created)
    print_table(table)
    return 0


def _create(client: MatcherClient, options: argparse.Namespace) -> int:
    gallery = client.create_gallery(
        options.gallery_id, display_name=options.name, purpose=options.serves, access=access_of(options)
    )
    print(text("gallery.created", options.lang, gallery=gallery.gallery_id))
    return 0


def _add(client: MatcherClient, options: argparse.Namespace) -> int:
    client.add_to_gallery(options.gallery_id, options.subject_ids, access=access_of(options))
    print(text("gallery.added", options.lang, count=len(options.subject_ids), gallery=options.gallery_id))
    return 0


def _remove(client: MatcherClient, options: argparse.Namespace) -> int:
    client.remove_from_gallery(options.gallery_id, options.subject_ids, access=access_of(options))
    print(text("gallery.removed", options.lang, count=len(options.subject_ids), gallery=options.gallery_id))
    return 0
