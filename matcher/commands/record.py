"""station-matcher record show | update | history | seal | unseal | forms."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from matcher.client import SEALED, MatcherClient, plain
from matcher.commands.client_options import access_of, add_command, add_json_option
from matcher.commands.tables import add_row, make_table, print_json, print_table
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `record`."""
    actions = subparsers.add_parser("record", help=text("help.record", language)).add_subparsers(dest="record_action")
    show = add_command(actions, "show", "help.record.show", _show, language)
    update = add_command(actions, "update", "help.record.update", _update, language, purpose=None)
    history = add_command(actions, "history", "help.record.history", _history, language)
    seal = add_command(actions, "seal", "help.record.seal", _seal, language, purpose=None)
    unseal = add_command(actions, "unseal", "help.record.unseal", _unseal, language, purpose=None)
    for parser in (show, update, history, seal, unseal):
        parser.add_argument("subject_id", metavar="SUBJECT", help=text("help.subject.id", language))
    update.add_argument("values", nargs="+", metavar="FIELD=TEXT", help=text("help.record.values", language))
    update.add_argument("--revision", type=int, metavar="N", help=text("help.record.revision", language))
    forms = add_command(actions, "forms", "help.record.forms", _forms, language)
    for parser in (show, history, forms):
        add_json_option(parser)


def _show(client: MatcherClient, options: argparse.Namespace) -> int:
    access = access_of(options)
    record = client.get_record(options.subject_id, access=access)
    if options.json:
        print_json(plain(record))
        return 0
    labels = {field.field_id: field.label for field in client.record_forms(access=access).fields}
    state = text("record.sealed", options.lang) if record.subject.state == SEALED else ""
    print(visible(text("record.revision", options.lang, subject=options.subject_id, revision=record.revision)), state)
    table = make_table(["column.field", "column.label", "column.text"], options.lang)
    for value in record.values:
        add_row(table, value.field_id, labels.get(value.field_id, ""), value.text)
    print_table(table)
    return 0


def _update(client: MatcherClient, options: argparse.Namespace) -> int:
    values = {}
    for said in options.values:
        field, is_said, value = said.partition("=")
        if not is_said or field in values:
            print(text("record.wrong_value", options.lang, said=visible(said)), file=sys.stderr)
            return 2
        values[field] = value
    answer = client.update_subject(
        options.subject_id, values, expected_revision=options.revision, access=access_of(options)
    )
    changed = ", ".join(answer.changed_field_ids)
    code = "record.updated" if changed else "record.unchanged"
    print(text(code, options.lang, fields=changed, revision=answer.revision, audit=answer.audit_id))
    return 0


def _history(client: MatcherClient, options: argparse.Namespace) -> int:
    access = access_of(options)
    revisions = list(client.revisions(options.subject_id, access=access))
    if options.json:
        print_json([plain(revision) for revision in revisions])
        return 0
    if not revisions:
        print(text("record.never_changed", options.lang))
        return 0
    labels = {field.field_id: field.label for field in client.record_forms(access=access).fields}
    for revision in revisions:
        time = revision.change_time.ToDatetime().isoformat(timespec="seconds")
        said = {"operator": revision.operator_id, "case": revision.case_number or "–", "purpose": revision.purpose}
        print(visible(text("record.change", options.lang, revision=revision.revision, time=time, **said)))
        for change in revision.changes:
            label = labels.get(change.field_id, change.field_id)
            print(visible(f"    {label} ({change.field_id}): {change.before or '–'} → {change.after or '–'}"))
    return 0


def _seal(client: MatcherClient, options: argparse.Namespace) -> int:
    audit_id = client.seal_subject(options.subject_id, access=access_of(options))
    print(text("record.is_sealed", options.lang, audit=audit_id))
    return 0


def _unseal(client: MatcherClient, options: argparse.Namespace) -> int:
    audit_id = client.unseal_subject(options.subject_id, access=access_of(options))
    print(text("record.is_unsealed", options.lang, audit=audit_id))
    return 0


def _forms(client: MatcherClient, options: argparse.Namespace) -> int:
    told = client.record_forms(access=access_of(options))
    if options.json:
        print_json(plain(told))
        return 0
    places: dict[str, list[str]] = {}
    for form in told.forms:
        print(visible(f"{form.form_id}  {form.label}"))
        for field_id in form.field_ids:
            places.setdefault(field_id, []).append(form.form_id)
    table = make_table(["column.field", "column.label", "column.kind", "column.forms"], options.lang)
    for field in told.fields:
        add_row(table, field.field_id, field.label, field.kind, ", ".join(places.get(field.field_id, ())))
    print_table(table)
    return 0
