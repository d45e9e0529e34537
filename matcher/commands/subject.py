"""station-matcher subject list | find | show | image | template | delete | delete-reference."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from matcher.client import FINGERPRINT, SEALED, MatcherClient, ServiceError, plain
from matcher.commands.client_options import access_of, add_command, add_json_option
from matcher.commands.parser import positive_count
from matcher.commands.tables import add_row, make_table, print_json, print_table
from matcher.texts.catalog import text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers

# Refusals after which nothing was changed, that is sure.
_NOT_CARRIED_OUT: Final = frozenset(
    {"INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "UNAUTHENTICATED", "UNIMPLEMENTED"}
)


_MOST_ON_A_PAGE = 1000


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds `subject`."""
    actions = subparsers.add_parser("subject", help=text("help.subject", language)).add_subparsers(
        dest="subject_action"
    )
    listing = add_command(actions, "list", "help.subject.list", _list, language)
    listing.add_argument("--gallery", default="", metavar="GALLERY", help=text("help.subject.gallery", language))
    listing.add_argument(
        "--limit", type=positive_count, default=100, metavar="COUNT", help=text("help.subject.limit", language)
    )
    add_json_option(listing)
    find = add_command(actions, "find", "help.subject.find", _find, language, purpose=None, is_case_required=True)
    find.add_argument("--name", default="", metavar="WORDS", help=text("help.subject.name", language))
    find.add_argument("--beginnings", action="store_true", help=text("help.subject.beginnings", language))
    find.add_argument("--document", default="", metavar="NUMBER", help=text("help.subject.document", language))
    find.add_argument("--external-id", default="", metavar="NUMBER", help=text("help.subject.own_number", language))
    find.add_argument("--gallery", default="", metavar="GALLERY", help=text("help.subject.gallery", language))
    find.add_argument(
        "--limit", type=positive_count, default=100, metavar="COUNT", help=text("help.subject.limit", language)
    )
    add_json_option(find)
    show = add_command(actions, "show", "help.subject.show", _show, language)
    show.add_argument("subject_id", nargs="?", default="", metavar="SUBJECT", help=text("help.subject.id", language))
    show.add_argument("--external-id", default="", metavar="NUMBER", help=text("help.subject.external_id", language))
    add_json_option(show)
    delete = add_command(actions, "delete", "help.subject.delete", _delete, language, purpose=None)
    delete.add_argument("subject_id", metavar="SUBJECT", help=text("help.subject.id", language))
    one = add_command(
        actions, "delete-reference", "help.subject.delete_reference", _delete_reference, language, purpose=None
    )
    one.add_argument("reference_id", type=int, metavar="REFERENCE", help=text("help.subject.reference", language))
    image = add_command(actions, "image", "help.subject.image", _image, language, purpose=None, is_case_required=True)
    image.add_argument("--png", action="store_true", help=text("help.subject.png", language))
    template = add_command(actions, "template", "help.subject.template", _template, language, purpose=None)
    for parser in (image, template):
        parser.add_argument(
            "reference_id", type=int, metavar="REFERENCE", help=text("help.subject.reference", language)
        )
        parser.add_argument("file", type=Path, metavar="FILE", help=text("help.subject.file", language))
    for parser in (delete, one):
        add_json_option(parser)
        parser.add_argument("--request-id", default="", metavar="KEY", help=text("help.subject.request_id", language))
        parser.add_argument("--certificate", type=Path, metavar="FILE", help=text("help.subject.certificate", language))
        parser.add_argument("--yes", action="store_true", help=text("help.subject.yes", language))


def _list(client: MatcherClient, options: argparse.Namespace) -> int:
    found = client.subjects(gallery_id=options.gallery, access=access_of(options))
    subjects = list(itertools.islice(found, options.limit))
    # One more than is shown tells whether there are more.
    is_cut = next(found, None) is not None
    if options.json:
        print_json([plain(subject) for subject in subjects])
        return 0
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
    if is_cut:
        print(text("subject.more", options.lang, limit=options.limit), file=sys.stderr)
    return 0


def _find(client: MatcherClient, options: argparse.Namespace) -> int:
    if not (options.name or options.document or options.external_id):
        print(text("subject.nothing_asked", options.lang), file=sys.stderr)
        return 2
    access = access_of(options)
    pages = client.subject_pages(
        gallery_id=options.gallery,
        external_id=options.external_id,
        name=options.name,
        by_word_beginnings=options.beginnings,
        document_number=options.document,
        page_size=min(options.limit, _MOST_ON_A_PAGE),
        access=access,
    )
    subjects: list[Any] = []
    matches: list[Any] = []
    total_count = 0
    for page in pages:
        subjects += page.subjects
        matches += page.document_matches
        total_count = page.total_count
        if len(subjects) >= options.limit:
            break
    del subjects[options.limit :]
    if options.json:
        print_json({"subjects": [plain(one) for one in subjects], "document_matches": [plain(one) for one in matches]})
        return 0
    if not subjects:
        print(text("subject.none_found", options.lang))
        return 0
    labels = {field.field_id: field.label for field in client.record_forms(access=access).fields} if matches else {}
    columns = ("subject", "external_id", "name", "birth_year", "state", *(("found_by",) if matches else ()))
    table = make_table([f"column.{name}" for name in columns], options.lang)
    for one in subjects:
        state = text("subject.sealed", options.lang) if one.state == SEALED else ""
        said = [
            text(f"document.{match.standing}", options.lang, field=labels.get(match.field_id, match.field_id))
            for match in matches
            if match.subject_id == one.subject_id
        ]
        found_by = ["; ".join(said)] if matches else []
        add_row(table, one.subject_id, one.external_id, one.display_name, str(one.birth_year or ""), state, *found_by)
    print_table(table)
    if total_count > len(subjects):
        print(text("subject.more", options.lang, limit=options.limit), file=sys.stderr)
    return 0


def _show(client: MatcherClient, options: argparse.Namespace) -> int:
    access = access_of(options)
    subject = client.get_subject(options.subject_id, external_id=options.external_id, access=access)
    references = list(client.references(subject.subject_id, access=access))
    if options.json:
        print_json({"subject": plain(subject), "references": [plain(reference) for reference in references]})
        return 0
    for name, value in _described(subject, options.lang):
        print(f"{text(name, options.lang)}: {visible(value)}")
    columns = ("reference", "modality", "finger", "quality", "pack", "captured", "device", "created")
    table = make_table([f"column.{name}" for name in columns], options.lang)
    for reference in references:
        add_row(
            table,
            reference.reference_id,
            text(f"modality.{reference.modality}", options.lang),
            text(f"finger.{reference.finger_position}", options.lang) if reference.modality == FINGERPRINT else "",
            reference.quality_score,
            reference.pack_id,
            _captured(reference),
            reference.capture_device,
            reference.create_time.ToDatetime().isoformat(timespec="minutes"),
        )
    print_table(table)
    return 0


def _captured(about: Any) -> str:
    """When a reference or its image was taken, "" where nobody said."""
    if not about.HasField("capture_time"):
        return ""
    return str(about.capture_time.ToDatetime().isoformat(timespec="minutes"))


def _image(client: MatcherClient, options: argparse.Namespace) -> int:
    about, content = client.reference_image(options.reference_id, for_display=options.png, access=access_of(options))
    if not _is_written(options, content):
        return 1
    unknown = text("subject.not_recorded", options.lang)
    said = {
        "file": options.file.name,
        "size": len(content),
        "captured": _captured(about) or unknown,
        "device": about.capture_device or unknown,
        "station": about.station_id or unknown,
    }
    print(text("reference.image_written", options.lang, **said))
    print(text("reference.digest", options.lang, sha256=about.sha256, audit=about.audit_id))
    return 0


def _template(client: MatcherClient, options: argparse.Namespace) -> int:
    answer = client.export_template(options.reference_id, access=access_of(options))
    if not _is_written(options, answer.iso_19794_2_template):
        return 1
    print(text("reference.template_written", options.lang, file=options.file.name, audit=answer.audit_id))
    return 0


def _is_written(options: argparse.Namespace, content: bytes) -> bool:
    """Into a file of its own, which nobody else may read: it shows a person."""
    try:
        handle = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
    except OSError as error:
        print(text("reference.not_written", options.lang, reason=error), file=sys.stderr)
        return False
    return True


def _described(subject: Any, language: str) -> Iterator[tuple[str, str]]:
    """What is recorded of a subject, what is not as well: code of the name, value."""
    unknown = text("subject.not_recorded", language)
    yield "column.subject", subject.subject_id
    yield "column.external_id", subject.external_id or unknown
    yield "column.name", subject.display_name or unknown
    yield "column.sex", text(f"sex.{subject.sex}", language)
    yield "column.birth_year", str(subject.birth_year or unknown)
    yield "column.galleries", ", ".join(subject.gallery_ids) or text("subject.no_gallery", language)
    if subject.state == SEALED:
        yield "column.state", text("subject.sealed", language)
    yield "column.created", subject.create_time.ToDatetime().isoformat(timespec="minutes")


def _delete(client: MatcherClient, options: argparse.Namespace) -> int:
    def said(answer: Any) -> str:
        count = answer.deleted_reference_count
        return text("subject.deleted", options.lang, count=count, audit=answer.audit_id)

    return _carried_out(options, partial(client.delete_subject, options.subject_id), said)


def _delete_reference(client: MatcherClient, options: argparse.Namespace) -> int:
    def said(answer: Any) -> str:
        return text("reference.deleted", options.lang, audit=answer.audit_id)

    return _carried_out(options, partial(client.delete_reference, options.reference_id), said)


def _carried_out(options: argparse.Namespace, delete: Callable[..., Any], said: Callable[[Any], str]) -> int:
    """The exit code of a deletion, which a repeat under the same key carries out once."""
    if not options.yes:
        print(text("subject.confirm", options.lang), file=sys.stderr)
        return 2
    with _kept_certificate(options) as keep, _repeatable(options) as request_id:
        answer = delete(request_id=request_id, access=access_of(options))
        keep(answer.erasure_certificate)
    if options.json:
        print_json(plain(answer))
        return 0
    if answer.replayed:
        print(text("subject.replayed", options.lang))
    print(said(answer))
    return 0


@contextlib.contextmanager
def _kept_certificate(options: argparse.Namespace) -> Iterator[Callable[[bytes], None]]:
    """What writes the certificate to the file that was asked for. The file is opened before anything is deleted: a
    certificate cannot be had again, since what it tells was looked for then. One that is there is not overwritten.
    Raises OSError."""
    if options.certificate is None:
        yield lambda _certificate: None
        return
    handle = os.open(options.certificate, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        try:
            yield file.write  # type: ignore[misc]
        finally:
            if not file.tell():
                options.certificate.unlink(missing_ok=True)
    if not options.certificate.exists():
        print(text("erasure.not_given", options.lang), file=sys.stderr)


@contextlib.contextmanager
def _repeatable(options: argparse.Namespace) -> Iterator[str]:
    """The key of the request. It is told before anything is sent, so that it is there whatever happens then."""
    request_id = options.request_id or uuid.uuid4().hex
    print(text("subject.request", options.lang, key=request_id), file=sys.stderr, flush=True)
    try:
        yield request_id
    except ServiceError as error:
        if error.code not in _NOT_CARRIED_OUT:
            print(text("subject.repeat", options.lang, key=request_id), file=sys.stderr)
        raise
