"""station-matcher record show | update | history | seal | unseal | merge | move | undo |
past-retention | forms."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matcher.client import EVENT_UNDONE, SEALED, MatcherClient, plain
from matcher.commands.client_options import access_of, add_command, add_json_option
from matcher.commands.store_options import StageBars
from matcher.commands.tables import add_row, make_table, print_json, print_table
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers


_RECORDS_A_PAGE = 1000


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
    merge = add_command(actions, "merge", "help.record.merge", _merge, language, purpose=None, is_case_required=True)
    merge.add_argument("source", metavar="SUBJECT", help=text("help.record.source", language))
    merge.add_argument("--into", required=True, metavar="SUBJECT", help=text("help.record.into", language))
    move = add_command(actions, "move", "help.record.move", _move, language, purpose=None, is_case_required=True)
    move.add_argument(
        "references", nargs="+", type=int, metavar="REFERENCE", help=text("help.record.references", language)
    )
    move.add_argument(
        "--from", dest="source", required=True, metavar="SUBJECT", help=text("help.record.from", language)
    )
    move.add_argument("--to", dest="target", required=True, metavar="SUBJECT", help=text("help.record.to", language))
    undo = add_command(actions, "undo", "help.record.undo", _undo, language, purpose=None, is_case_required=True)
    undo.add_argument("number", type=int, metavar="NUMBER", help=text("help.record.number", language))
    for parser in (merge, move, undo):
        parser.add_argument("--request-id", default="", metavar="KEY", help=text("help.subject.request_id", language))
    add_json_option(update)
    update.add_argument("values", nargs="+", metavar="FIELD=TEXT", help=text("help.record.values", language))
    update.add_argument("--revision", type=int, metavar="N", help=text("help.record.revision", language))
    past = add_command(actions, "past-retention", "help.record.past_retention", _past_retention, language)
    past.add_argument("--on", default="", metavar="DD/MM/YYYY", help=text("help.record.on", language))
    add_json_option(past)
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
    if options.json:
        print_json(plain(answer))
        return 0
    changed = ", ".join(answer.changed_field_ids)
    code = "record.updated" if changed else "record.unchanged"
    print(text(code, options.lang, fields=changed, revision=answer.revision, audit=answer.audit_id))
    if answer.same_document_subject_ids:
        others = ", ".join(answer.same_document_subject_ids)
        print(text("record.same_document", options.lang, subjects=others), file=sys.stderr)
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
        if revision.HasField("event"):
            _print_event(revision.event, labels, options.lang)
        for change in revision.changes:
            label = labels.get(change.field_id, change.field_id)
            print(visible(f"    {label} ({change.field_id}): {change.before or '–'} → {change.after or '–'}"))
    return 0


def _past_retention(client: MatcherClient, options: argparse.Namespace) -> int:
    found: list[Any] = []
    looked_through = 0
    with StageBars(options.lang) as bars:
        for page in client.past_retention(on=options.on, page_size=_RECORDS_A_PAGE, access=access_of(options)):
            found += page.records
            looked_through = min(looked_through + _RECORDS_A_PAGE, page.total_count)
            bars.show("records", looked_through, page.total_count)
    if options.json:
        print_json([plain(one) for one in found])
        return 0
    if not found:
        print(text("record.none_past", options.lang, total=looked_through))
        return 0
    columns = ("subject", "external_id", "name", "retention", "legal_ground")
    table = make_table([f"column.{name}" for name in columns], options.lang)
    for one in found:
        who = (one.subject.subject_id, one.subject.external_id, one.subject.display_name)
        add_row(table, *who, one.retention_date, one.legal_ground)
    print_table(table)
    print(text("record.past", options.lang, count=len(found), total=looked_through))
    return 0


def _seal(client: MatcherClient, options: argparse.Namespace) -> int:
    audit_id = client.seal_subject(options.subject_id, access=access_of(options))
    print(text("record.is_sealed", options.lang, audit=audit_id))
    return 0


def _unseal(client: MatcherClient, options: argparse.Namespace) -> int:
    audit_id = client.unseal_subject(options.subject_id, access=access_of(options))
    print(text("record.is_unsealed", options.lang, audit=audit_id))
    return 0


def _print_event(event: Any, labels: Mapping[str, str], language: str) -> None:
    said = {
        "subject": event.other_subject_id or text("record.deleted_subject", language),
        "number": event.reassignment_id,
        "references": ", ".join(map(str, event.reference_ids)) or "–",
    }
    undone = text("record.event_undone", language) if event.is_undone and event.kind != EVENT_UNDONE else ""
    print("    " + " ".join(filter(None, (text(f"record.event.{event.kind}", language, **said), undone))))
    for value in event.merged_values:
        print(visible(f"      | {labels.get(value.field_id, value.field_id)} ({value.field_id}): {value.text}"))


def _merge(client: MatcherClient, options: argparse.Namespace) -> int:
    answer = client.merge_subjects(
        options.source, options.into, request_id=options.request_id, access=access_of(options)
    )
    said = {"source": options.source, "target": options.into, "count": len(answer.reference_ids)}
    print(text("record.merged", options.lang, **said, number=answer.reassignment_id, audit=answer.audit_id))
    if answer.changed_field_ids:
        print(text("record.taken", options.lang, fields=", ".join(answer.changed_field_ids)))
    return 0


def _move(client: MatcherClient, options: argparse.Namespace) -> int:
    answer = client.move_references(
        options.references, options.source, options.target, request_id=options.request_id, access=access_of(options)
    )
    said = {"source": options.source, "target": options.target, "count": len(answer.reference_ids)}
    print(text("record.moved", options.lang, **said, number=answer.reassignment_id, audit=answer.audit_id))
    return 0


def _undo(client: MatcherClient, options: argparse.Namespace) -> int:
    answer = client.undo_reassignment(options.number, request_id=options.request_id, access=access_of(options))
    said = {"source": answer.source_subject_id, "count": len(answer.reference_ids), "audit": answer.audit_id}
    print(text("record.undone", options.lang, **said))
    if answer.kept_field_ids:
        kept = ", ".join(answer.kept_field_ids)
        print(text("record.kept", options.lang, target=answer.target_subject_id, fields=kept))
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
