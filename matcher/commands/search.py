"""station-matcher identify | verify | assess: search, compare and judge samples on a running server."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from index.records import SearchFilter, Sex
from matcher.client import MatcherClient, plain
from matcher.commands.client_options import ClientCommand, access_of, add_command, add_json_option
from matcher.commands.parser import checked, fraction, positive_count
from matcher.commands.probes import add_sample_options, finger_position, probes_of
from matcher.commands.tables import add_row, grouped, make_table, print_json, print_table
from matcher.errors import RequestError
from matcher.texts.catalog import localized, text
from matcher.texts.unseen import visible

if TYPE_CHECKING:
    from matcher.commands.parser import CommandParser, Subparsers

# Answered, and nothing is above the threshold, or not every sample can be used.
BELOW: Final = 3
_WRONG_USAGE: Final = 2
# Beyond a stranger in a thousand million, numbers say nothing that anybody measured.
_LARGEST_SAID: Final = 90.0
_SEXES: Final = {"female": Sex.FEMALE, "male": Sex.MALE}


def add_commands(subparsers: Subparsers[CommandParser], language: str) -> None:
    """Adds the three commands."""
    identify = _add(subparsers, "identify", _identify, language, purpose=None)
    _add_scope(identify, language)
    identify.add_argument(
        "--max", type=positive_count, default=0, metavar="COUNT", help=text("help.search.max", language)
    )
    identify.add_argument("--fpir", type=fraction, default=0.0, metavar="RATE", help=text("help.search.fpir", language))
    identify.add_argument("--exhaustive", action="store_true", help=text("help.search.exhaustive", language))
    verify = _add(subparsers, "verify", _verify, language, purpose=None)
    verify.add_argument("--subject", default="", metavar="SUBJECT", help=text("help.verify.subject", language))
    verify.add_argument("--external-id", default="", metavar="NUMBER", help=text("help.verify.external_id", language))
    verify.add_argument(
        "--with", dest="others", action="append", default=[], metavar="FILE", help=text("help.verify.with", language)
    )
    verify.add_argument("--fmr", type=fraction, default=0.0, metavar="RATE", help=text("help.search.fmr", language))
    for parser in (identify, verify):
        parser.add_argument("--pictures", type=Path, metavar="DIR", help=text("help.search.pictures", language))
    _add(subparsers, "assess", _assess, language, purpose="")


def score_meaning(score: float, *, extrapolated: bool, language: str) -> str:
    """How often a comparison of two strangers reaches the score."""
    one_in = 10 ** (min(max(0.0, score), _LARGEST_SAID) / 10)
    rounded = one_in if one_in < 100 else float(f"{one_in:.2g}")
    code = "search.rarer" if score > _LARGEST_SAID else "search.about_one_in" if extrapolated else "search.one_in"
    return text(code, language, count=grouped(rounded, language))


def _add(
    subparsers: Subparsers[CommandParser], name: str, command: ClientCommand, language: str, *, purpose: str | None
) -> CommandParser:
    """purpose None: a comparison, which needs a case and a purpose."""
    parser = add_command(
        subparsers,
        name,
        f"help.{name}",
        _telling_wrong_files(command),
        language,
        purpose=purpose,
        is_case_required=purpose is None,
    )
    parser.epilog = text(f"help.{name}.exit_codes", language)
    add_sample_options(parser)
    add_json_option(parser)
    return parser


def _add_scope(parser: CommandParser, language: str) -> None:
    year = checked("usage.year", int, lambda year: 1850 <= year <= 2200)
    for option, name in (("--gallery", "GALLERY"), ("--subject", "SUBJECT")):
        said = text(f"help.search.{option[2:]}", language)
        parser.add_argument(option, action="append", default=[], metavar=name, help=said)
    parser.add_argument("--sex", choices=tuple(_SEXES), help=text("help.search.sex", language))
    parser.add_argument("--born-from", type=year, metavar="YEAR", help=text("help.search.born_from", language))
    parser.add_argument("--born-to", type=year, metavar="YEAR", help=text("help.search.born_to", language))
    parser.add_argument(
        "--also-finger",
        type=finger_position,
        action="append",
        default=[],
        metavar="POSITION",
        help=text("help.search.also_finger", language),
    )


def _telling_wrong_files(command: ClientCommand) -> ClientCommand:
    def run(client: MatcherClient, options: argparse.Namespace) -> int:
        try:
            return command(client, options)
        except RequestError as error:
            print(localized(error, options.lang), file=sys.stderr)
            return _WRONG_USAGE

    return run


def _identify(client: MatcherClient, options: argparse.Namespace) -> int:
    probes = probes_of(options.files, options)
    where = SearchFilter(
        galleries=frozenset(options.gallery),
        fingers=frozenset(options.also_finger),
        subject_ids=frozenset(options.subject),
        sex=_SEXES.get(options.sex, Sex.UNKNOWN),
        birth_year_min=options.born_from,
        birth_year_max=options.born_to,
    )
    answer = client.identify(
        [probe.sample for probe in probes],
        access=access_of(options),
        where=where,
        max_candidates=options.max,
        target_fpir=options.fpir,
        explained_candidate_count=(options.max or 200) if options.pictures else 0,
        exhaustive=options.exhaustive,
    )
    if options.json:
        print_json(plain(answer))
    else:
        _print_candidates(answer, options.lang)
    print(text("search.lead", options.lang), file=sys.stderr)
    if options.pictures:
        from matcher.commands.comparison_pictures import write_candidates  # noqa: PLC0415 - loads OpenCV

        _tell_pictures(write_candidates(client, answer, probes, options), options)
    return 0 if any(candidate.above_threshold for candidate in answer.candidates) else BELOW


def _verify(client: MatcherClient, options: argparse.Namespace) -> int:
    if sum(map(bool, (options.subject, options.external_id, options.others))) != 1:
        print(text("search.one_target", options.lang), file=sys.stderr)
        return _WRONG_USAGE
    probes, others = probes_of(options.files, options), probes_of(options.others, options)
    subject_id = options.subject
    if options.external_id:
        subject_id = client.get_subject(external_id=options.external_id, access=access_of(options)).subject_id
    answer = client.verify(
        [probe.sample for probe in probes],
        subject_id=subject_id,
        other=[other.sample for other in others],
        access=access_of(options),
        target_fmr=options.fmr,
        explained=bool(options.pictures),
    )
    if options.json:
        print_json(plain(answer))
    else:
        mark = text("search.above" if answer.above_threshold else "search.below", options.lang)
        score = _shown_score(answer)
        meaning = score_meaning(answer.score, extrapolated=answer.score_extrapolated, language=options.lang)
        threshold = f"{answer.threshold_score:.1f}"
        said = text("search.verified", options.lang, score=score, mark=mark, threshold=threshold)
        print(f"{said} ({meaning})")
        _print_end(answer, [answer], options.lang)
    print(text("search.decision", options.lang), file=sys.stderr)
    if options.pictures:
        from matcher.commands.comparison_pictures import write_verified  # noqa: PLC0415 - loads OpenCV

        _tell_pictures(write_verified(client, answer, probes, others, options), options)
    return 0 if answer.above_threshold else BELOW


def _assess(client: MatcherClient, options: argparse.Namespace) -> int:
    probes = probes_of(options.files, options)
    answer = client.assess([probe.sample for probe in probes], access=access_of(options))
    if options.json:
        print_json(plain(answer))
    else:
        columns = ("file", "modality", "quality", "usable", "remarks")
        table = make_table([f"column.{name}" for name in columns], options.lang)
        for probe, one in zip(probes, answer.assessments, strict=True):
            remarks = [one.error_text] if one.error_text else [reason.text for reason in one.sample.quality.reasons]
            usable = text("search.usable" if one.usable else "search.unusable", options.lang)
            quality = "" if one.error_reason else one.sample.quality.score
            # Of a refused sample nothing is found out: it is of the kind that was sent.
            code = f"modality.{one.sample.modality}" if one.sample.modality else probe.sample.modality.value
            kind = text(code, options.lang)
            add_row(table, probe.path.name, kind, quality, usable, " ".join(remarks))
        print_table(table)
        print(text("search.audit", options.lang, audit=answer.audit_id))
    return 0 if all(one.usable for one in answer.assessments) else BELOW


def _print_candidates(answer: Any, language: str) -> None:
    if answer.candidates:
        columns = ("rank", "name", "external_id", "sex", "birth_year", "galleries", "score", "meaning", "threshold")
        table = make_table([f"column.{name}" for name in (*columns, "subject")], language)
        for one in answer.candidates:
            add_row(
                table,
                one.rank,
                one.display_name,
                one.external_id,
                text(f"sex.{one.sex}", language) if one.sex else "",
                one.birth_year or "",
                ", ".join(one.gallery_ids),
                _shown_score(one),
                score_meaning(one.score, extrapolated=one.score_extrapolated, language=language),
                text("search.above" if one.above_threshold else "search.below", language),
                one.subject_id,
            )
        print_table(table)
    else:
        print(text("search.nobody", language))
    scope = {"subjects": answer.gallery_size, "references": answer.reference_count}
    numbers = {
        "threshold": f"{answer.threshold_score:.1f}",
        "fpir": f"{answer.target_fpir:g}",
        "expected": f"{answer.expected_false_candidate_count:.2g}",
    }
    print(text("search.scope", language, **scope, **numbers))
    if answer.reference_count:
        print(text("search.proved" if answer.proved else "search.not_proved", language))
    _print_end(answer, answer.candidates, language)


def _print_end(answer: Any, scored: Any, language: str) -> None:
    """What to know of the answer beside its scores, and where it is recorded."""
    if any(one.score_extrapolated for one in scored):
        print(text("search.extrapolated", language))
    for notice in answer.notices:
        print(visible(notice.text))
    print(text("search.record", language, packs=", ".join(answer.pack_ids), audit=answer.audit_id))


def _shown_score(scored: Any) -> str:
    return f"{scored.score:.1f}{'*' if scored.score_extrapolated else ''}"


def _tell_pictures(count: int, options: argparse.Namespace) -> None:
    print(text("search.pictures", options.lang, count=count, folder=options.pictures), file=sys.stderr)
