"""One catalog: every text in every language, with the same values and numbers, and none raised past it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from enroll.cli import build_parser as enroll_parser
from enroll.messages import codes, template
from index import errors as index_errors
from index.store.page_token import MAX_PAGE_SIZE
from matcher import errors
from matcher.commands.main import build_parser as matcher_parser
from matcher.commands.parser import CommandParser
from matcher.errors import (
    AuditError,
    ConfigError,
    PackError,
    QualityError,
    RequestError,
    SampleError,
    SessionError,
)
from matcher.server.status import status_of
from matcher.texts.catalog import Told, catalog, filled, index_told, localized, packed, told, unpacked
from matcher.texts.languages import LANGUAGES, preferred_language
from matcher.texts.reasons import error_text

ROOT = Path(__file__).resolve().parents[2]
EVERY_TEXT = {**catalog(), **{f"backlog {code}": [template(code, lang) for lang in LANGUAGES] for code in codes()}}
# Whose message is shown to people as it is.
TOLD_KINDS = {
    name
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, (SampleError, RequestError, ConfigError, AuditError, PackError, SessionError))
}
# Two that say the same in any language: names, and places alone.
_WORDLESS = re.compile(r"[\W\d_]*(\{\w+\}[\W\d_]*)*")
_NAMES_ALONE = ("doctor_python", "backlog layout_example")


@pytest.mark.parametrize("code", sorted(EVERY_TEXT))
def test_every_text_says_the_same_in_every_language(code: str) -> None:
    texts = EVERY_TEXT[code]
    assert len(texts) == len(LANGUAGES)
    first = texts[0]
    for other in texts[1:]:
        assert _places(first) == _places(other)
        assert _numbers(first) == _numbers(other)
        assert first != other or _WORDLESS.fullmatch(first) or code in _NAMES_ALONE


def _places(text: str) -> list[str]:
    return sorted(set(re.findall(r"(?<!\{)\{(\w+)\}|%\((\w+)\)s", text)))


def _numbers(text: str) -> list[str]:
    """Figures, options and addresses that a text names; not the places of values."""
    bare = re.sub(r"\{\w+\}", "", text)
    return sorted({*re.findall(r"(?<![\w-])\d+(?:[.,]\d+)*", bare), *re.findall(r"(?<!\w)--[a-z][a-z-]*", bare)})


def _raised() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted([*(ROOT / "matcher").rglob("*.py"), *(ROOT / "enroll").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def _names_called(called: ast.expr) -> set[str]:
    """Of `Error(...)`, and of `(Error if so else OtherError)(...)`."""
    return {node.id for node in ast.walk(called) if isinstance(node, ast.Name)}


def test_what_people_are_told_is_raised_as_a_text_of_the_catalog() -> None:
    plain = [
        place
        for place, node in _raised()
        if isinstance(node.func, (ast.Name, ast.IfExp))
        and _names_called(node.func) & TOLD_KINDS
        and isinstance(node.args[0], (ast.Constant, ast.JoinedStr))
        # The catalog itself cannot be asked by what it is made of.
        and not place.startswith("matcher/texts/languages.py")
    ]
    assert not plain


def test_every_code_that_the_program_names_has_a_text() -> None:
    known = set(catalog())
    named = {
        (place, node.args[0].value)
        for place, node in _raised()
        if isinstance(node.func, ast.Name)
        and node.func.id in ("text", "told")
        and isinstance(node.args[0], ast.Constant)
        if place.startswith("matcher")
    }
    assert len(named) > 200
    assert not {one for one in named if one[1] not in known}


def test_a_told_keeps_its_values_on_the_way_through_a_process_and_into_another_text() -> None:
    said = told("wsq.damaged", why=told("wsq.no_table"))
    assert isinstance(said, Told)
    assert said == "The WSQ file is damaged: a table is missing. Export it again from its source."
    there = unpacked(packed(said))
    for language, expected in (("en", str(said)), ("vi", "Tệp WSQ bị hỏng: thiếu một bảng. Hãy xuất lại từ nguồn.")):
        assert localized(there, language) == expected
    assert (
        localized(ConfigError(told("config.not_toml", reason="line 3")), "vi") == "tệp cài đặt không đúng TOML: line 3"
    )
    assert unpacked(packed("")) == ""


@pytest.mark.parametrize(
    ("error", "vietnamese", "english"),
    [
        (
            RequestError(told("field.from_one", name="max_candidates", most=200), field="max_candidates"),
            "max_candidates phải từ 1 đến 200",
            "max_candidates must be 1 to 200",
        ),
        (index_errors.PageSizeError(""), f"từ 1 đến {MAX_PAGE_SIZE}", f"1 to {MAX_PAGE_SIZE}"),
        (index_errors.PageTokenError(""), "không phải của danh sách này", "not one that this list gave"),
    ],
)
def test_a_wrong_field_is_told_with_its_rule_in_the_language_asked_for(
    error: Exception, vietnamese: str, english: str
) -> None:
    for language, expected in (("vi", vietnamese), ("en", english)):
        status = status_of(error, language=language)
        assert status.message == error_text(error, language)
        # BadRequest is the last of the details; its texts lie in it as they are.
        assert expected.encode() in status.details[-1].value


def test_what_index_says_is_told_in_the_language_asked_for() -> None:
    said = "the face index lacks 2 references of the store and has 0 that it does not hold"
    assert localized(index_told(said), "en") == said
    assert localized(index_told(said), "vi").startswith("face index thiếu 2 mẫu tham chiếu")
    missing = index_errors.DatabaseError("there is no database in this folder; check the path or create one")
    assert localized(missing, "vi").startswith("thư mục này không có cơ sở dữ liệu")
    assert index_told("nothing that index says") == "nothing that index says"


def test_a_sample_is_told_with_its_numbers_in_the_language_asked_for() -> None:
    error = QualityError(told("face.small", px="17", least="24"), score=0, reasons=("face_too_small",))
    assert error_text(error, "vi").startswith("khuôn mặt quá nhỏ: 17 điểm ảnh giữa hai mắt, cần ít nhất 24")
    assert error_text(error, "en").startswith("the face is too small: 17 px between the eyes, at least 24 are needed")


@pytest.mark.parametrize("build", [matcher_parser, enroll_parser])
def test_every_help_page_is_in_the_language_of_its_reader(build: object) -> None:
    pages = [list(_pages(build(language))) for language in LANGUAGES]  # type: ignore[operator]
    assert len(pages[0]) == len(pages[1]) > 3
    for vietnamese, english in zip(*pages, strict=True):
        assert vietnamese.startswith("cách dùng: ")
        assert english.startswith("usage: ")
        for line in ("show this help", "required arguments", "positional arguments", "options:"):
            assert line not in vietnamese
    for parser in build("vi").every_command():  # type: ignore[operator]
        for argument in parser.arguments:
            assert argument.help, (parser.prog, argument.dest)


def _pages(parser: CommandParser) -> Iterator[str]:
    yield parser.format_help()
    for command in parser.commands.values():
        yield from _pages(command)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("arguments", "vietnamese", "english"),
    [
        (["gallery", "list"], "thiếu --operator", "--operator must be given"),
        (["gallery", "list", "--operator"], "--operator: thiếu giá trị", "--operator: a value must follow"),
        (["serve", "--none"], "không có tham số --none", "--none is not known here"),
        (["nothing"], "không nhận “nothing”", "“nothing” is none of: serve"),
        (["health", "--timeout", "x"], "--timeout: phải là số dương", "--timeout: must be a positive number"),
        (["serve", "--reflection=1"], "không nhận giá trị “1”", "takes no value; “1” was given"),
        (["serve", "--f", "x"], "--f có thể là --face, --fingerprint", "--f may mean --face, --fingerprint"),
        (["verify-backup", "f", "--no-key", "--key-file", "k"], "không dùng cùng với", "cannot go with"),
        (["subject", "delete-reference", "x", "--operator", "o", "--purpose", "p"], "số nguyên", "not a whole number"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_in_the_language_of_its_reader(
    arguments: list[str], vietnamese: str, english: str, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        matcher_parser(language).parse_args(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert (vietnamese if language == "vi" else english) in said
    assert "error:" not in said


def test_a_third_language_is_a_third_column(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("catalog", "languages"):
        monkeypatch.setattr(f"matcher.texts.{module}.LANGUAGES", (*LANGUAGES, "fr"))
    assert preferred_language("fr-FR, en;q=0.5") == "fr"
    three = ("sai: {reason}", "wrong: {reason}", "faux : {reason}")
    assert filled(three, "fr", {"reason": "\x1b[2J"}) == "faux : \\u001b[2J"
