"""station-matcher gallery list | create | rename | delete | add | remove."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from matcher.client import MatcherClient, plain
from matcher.commands.client_options import access_of, add_command, add_json_option
from matcher.commands.tables import add_row, make_table, print_json, print_table
from matcher.texts.catalog import text

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `gallery`."""
    actions = subparsers.add_parser("gallery", help=text("help.gallery", language)).add_subparsers(
        dest="gallery_action"
    )
    # Why galleries are kept, where the operator says nothing else.
    purpose = text("gallery.purpose", language)
    listing = add_command(actions, "list", "help.gallery.list", _list, language)
    add_json_option(listing)
    create = add_command(actions, "create", "help.gallery.create", _create, language, purpose=purpose)
    create.add_argument("gallery_id", metavar="GALLERY", help=text("help.gallery.new_id", language))
    create.add_argument("--name", default="", metavar="TEXT", help=text("help.gallery.name", language))
    create.add_argument("--serves", default="", metavar="TEXT", help=text("help.gallery.serves", language))
    rename = add_command(actions, "rename", "help.gallery.rename", _rename, language, purpose=purpose)
    rename.add_argument("gallery_id", metavar="GALLERY", help=text("help.gallery.id", language))
    rename.add_argument("--name", metavar="TEXT", help=text("help.gallery.name", language))
    rename.add_argument("--serves", metavar="TEXT", help=text("help.gallery.serves", language))
    delete = add_command(actions, "delete", "help.gallery.delete", _delete, language, purpose=None)
    delete.add_argument("gallery_id", metavar="GALLERY", help=text("help.gallery.id", language))
    delete.add_argument("--yes", action="store_true", help=text("help.gallery.yes", language))
    for name, command in (("add", _add), ("remove", _remove)):
        parser = add_command(actions, name, f"help.gallery.{name}", command, language, purpose=purpose)
        parser.add_argument("gallery_id", metavar="GALLERY", help=text("help.gallery.id", language))
        parser.add_argument("subject_ids", nargs="+", metavar="SUBJECT", help=text("help.gallery.subjects", language))


def _list(client: MatcherClient, options: argparse.Namespace) -> int:
    galleries = list(client.galleries(access=access_of(options)))
    if options.json:
        print_json([plain(gallery) for gallery in galleries])
        return 0
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


def _rename(client: MatcherClient, options: argparse.Namespace) -> int:
    if options.name is None and options.serves is None:
        print(text("gallery.nothing_to_change", options.lang), file=sys.stderr)
        return 2
    gallery = client.update_gallery(
        options.gallery_id, display_name=options.name, purpose=options.serves, access=access_of(options)
    )
    values = {"gallery": gallery.gallery_id, "name": gallery.display_name, "purpose": gallery.purpose}
    print(text("gallery.renamed", options.lang, **values))
    return 0


def _delete(client: MatcherClient, options: argparse.Namespace) -> int:
    answer = client.delete_gallery(options.gallery_id, even_if_not_empty=options.yes, access=access_of(options))
    values = {"gallery": options.gallery_id, "count": answer.member_count, "audit": answer.audit_id}
    print(text("gallery.deleted", options.lang, **values))
    return 0


def _add(client: MatcherClient, options: argparse.Namespace) -> int:
    client.add_to_gallery(options.gallery_id, options.subject_ids, access=access_of(options))
    print(text("gallery.added", options.lang, count=len(options.subject_ids), gallery=options.gallery_id))
    return 0


def _remove(client: MatcherClient, options: argparse.Namespace) -> int:
    client.remove_from_gallery(options.gallery_id, options.subject_ids, access=access_of(options))
    print(text("gallery.removed", options.lang, count=len(options.subject_ids), gallery=options.gallery_id))
    return 0
