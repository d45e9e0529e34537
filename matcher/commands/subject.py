"""station-matcher subject list | show | references | delete | delete-reference."""

from __future__ import annotations

import argparse
import itertools
import sys
import uuid
from typing import TYPE_CHECKING

from index.records import FingerPosition
from matcher.client import MODALITY_NAMES, MatcherClient
from matcher.commands.client_options import access_of, add_command
from matcher.commands.tables import add_row, make_table, print_table
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_commands(subparsers: Subparsers) -> None:
    """Adds `subject`."""
    actions = subparsers.add_parser("subject", help="enrolled subjects").add_subparsers(
        dest="subject_action", required=True
    )
    listing = add_command(actions, "list", "subjects in the order in which they came", _list)
    listing.add_argument("--gallery", default="", help="only those of this gallery")
    listing.add_argument("--limit", type=int, default=100, help="how many (%(default)s)")
    show = add_command(actions, "show", "one subject and its references", _show)
    show.add_argument("subject_id", nargs="?", default="")
    show.add_argument("--external-id", default="", help="the force's own number instead")
    delete = add_command(actions, "delete", "delete a subject with all references", _delete, purpose=None)
    delete.add_argument("subject_id")
    delete.add_argument("--yes", action="store_true", help="confirm that this cannot be undone")
    one = add_command(actions, "delete-reference", "delete one reference", _delete_reference, purpose=None)
    one.add_argument("reference_id", type=int)
    one.add_argument("--yes", action="store_true", help="confirm that this cannot be undone")


def _list(client: MatcherClient, options: argparse.Namespace) -> int:
    found = client.subjects(gallery_id=options.gallery, access=access_of(options))
    subjects = list(itertools.islice(found, options.limit))
    if not subjects:
        print(text("subject.none", options.lang))
        return 0
    columns = ("subject", "external_id", "name", "gallery", "created")
    table = make_table([f"column.{name}" for name in columns], options.lang)
    for subject in subjects:
        created = subject.create_time.ToDatetime().isoformat(timespec="minutes")
        galleries = ", ".join(subject.gallery_ids)
        add_row(table, subject.subject_id, subject.external_id, subject.display_name, galleries, created)
    print_table(table)
    return 0


def _show(client: MatcherClient, options: argparse.Namespace) -> int:
    access = access_of(options)
    subject = client.get_subject(options.subject_id, external_id=options.external_id, access=access)
    print(visible(f"{subject.subject_id}  {subject.external_id}  {subject.display_name}"))
    columns = ("reference", "modality", "finger", "quality", "pack", "created")
    table = make_table([f"column.{name}" for name in columns], options.lang)
    for reference in client.references(subject.subject_id, access=access):
        add_row(
            table,
            reference.reference_id,
            MODALITY_NAMES.get(reference.modality, ""),
            FingerPosition(reference.finger_position).name.lower() if reference.finger_position else "",
            reference.quality_score,
            reference.pack_id,
            reference.create_time.ToDatetime().isoformat(timespec="minutes"),
        )
    print_table(table)
    return 0


def _delete(client: MatcherClient, options: argparse.Namespace) -> int:
    if not options.yes:
        print(text("subject.confirm", options.lang), file=sys.stderr)
        return 2
    answer = client.delete_subject(options.subject_id, request_id=uuid.uuid4().hex, access=access_of(options))
    print(text("subject.deleted", options.lang, count=answer.deleted_reference_count, audit=answer.audit_id))
    return 0


def _delete_reference(client: MatcherClient, options: argparse.Namespace) -> int:
    if not options.yes:
        print(text("subject.confirm", options.lang), file=sys.stderr)
        return 2
    answer = client.delete_reference(options.reference_id, request_id=uuid.uuid4().hex, access=access_of(options))
    print(text("reference.deleted", options.lang, audit=answer.audit_id))
    return 0
