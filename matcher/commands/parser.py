"""The command line in the language of its reader: both programs are made of CommandParser.

The language is known before the parser is: `language_of` finds --lang wherever it stands, so that a help page and a
refusal are in the language asked for too, and --lang may stand before a command as well as behind it. So may --config.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn

from matcher.config import system_language
from matcher.texts.catalog import has_text, localized, text, told
from matcher.texts.languages import LANGUAGES
from matcher.texts.unseen import visible

Subparsers = argparse._SubParsersAction  # the class behind add_subparsers, which has no public name
if TYPE_CHECKING:
    _OfCommands = argparse._SubParsersAction["CommandParser"]
else:
    _OfCommands = Subparsers  # it takes its parameter only from a type checker


class _Commands(_OfCommands):
    """Commands whose help page begins with what the list of commands says of them."""

    def add_parser(self, name: str, **named: Any) -> CommandParser:
        return super().add_parser(name, **{"description": named.get("help"), **named})


_LARGEST_PORT: Final = 65_535


def language_of(arguments: Sequence[str] | None, environ: Mapping[str, str] | None = None) -> str:
    """The language that a command line asks for: --lang, else that of the system."""
    typed = list(sys.argv[1:] if arguments is None else arguments)
    for place, word in enumerate(typed):
        if word == "--":
            break
        given = typed[place + 1 : place + 2] if word == "--lang" else [word.partition("=")[2]]
        if word.partition("=")[0] == "--lang" and given and given[0] in LANGUAGES:
            return given[0]
    return system_language(environ)


def version() -> str:
    """Of the installed distribution, which both programs are part of."""
    return importlib.metadata.version("station-matcher")


class CommandParser(argparse.ArgumentParser):
    """An ArgumentParser whose headings, own options and refusals are in one language, as are those of its commands."""

    def __init__(self, *, language: str, **named: Any) -> None:
        super().__init__(add_help=False, **named)
        self.language = language
        self._positionals.title = text("usage.arguments", language)
        self._optionals.title = text("usage.options", language)
        self.add_argument("-h", "--help", action="help", help=text("usage.help", language))
        self.add_argument("--lang", choices=LANGUAGES, default=argparse.SUPPRESS, help=text("usage.lang", language))
        said = text("usage.config", language)
        self.add_argument("--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=said)

    def add_version(self) -> None:
        """--version, of the program as a whole."""
        self.add_argument(
            "--version",
            action="version",
            version=f"{self.prog} {version()}",
            help=text("usage.version", self.language),
        )

    def add_subparsers(self, *, dest: str) -> Subparsers[CommandParser]:  # type: ignore[override]
        """Commands in the same language, one of which must be named."""
        made: Any = partial(type(self), language=self.language)
        title = text("usage.commands", self.language)
        commands: Subparsers[CommandParser] = super().add_subparsers(
            action=_Commands, dest=dest, parser_class=made, required=True, title=title, metavar="COMMAND"
        )
        return commands

    @property
    def arguments(self) -> tuple[argparse.Action, ...]:
        """What may follow on the line, --help and --lang included, commands not."""
        return tuple(one for one in self._actions if not isinstance(one, Subparsers) and one.help != argparse.SUPPRESS)

    @property
    def commands(self) -> dict[str, CommandParser]:
        """The parser of each command, in the order of the help page; empty where there is none."""
        found = next((one for one in self._actions if isinstance(one, Subparsers)), None)
        return {} if found is None else dict(found.choices)

    def every_command(self) -> Iterator[CommandParser]:
        """Every command that has no further ones, in the order of the help pages."""
        for parser in self.commands.values():
            yield from parser.every_command()
        if not self.commands:
            yield self

    def format_help(self) -> str:
        return self._in_language(super().format_help())

    def format_usage(self) -> str:
        return self._in_language(super().format_usage())

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does, but files may stand on both sides of an option: it gives a command only those of one side
        and calls the others unknown."""
        options, rest = self.parse_known_args(args, namespace)
        files = getattr(options, "files", None)
        if files is not None and not any(word.startswith("-") for word in rest):
            files.extend(rest)
        elif rest:
            self.error(f"unrecognized arguments: {' '.join(rest)}")
        return options

    def error(self, message: str) -> NoReturn:
        """Ends the program with code 2, having said what is wrong and where the help is."""
        self.print_usage(sys.stderr)
        wrong = text("usage.wrong", self.language, reason=_refusal(message))
        self.exit(2, f"{wrong}\n{text('usage.see_help', self.language, command=self.prog)}\n")

    def print_usage(self, file: IO[str] | None = None) -> None:  # type: ignore[override]
        print(self.format_usage(), end="", file=file or sys.stdout)

    def _in_language(self, page: str) -> str:
        return text("usage.usage", self.language) + page.removeprefix("usage: ")


def checked(code: str, convert: Callable[[str], Any], is_good: Callable[[Any], bool] = lambda _: True) -> Any:
    """A `type` of an argument whose refusal is the text of a code."""

    def convert_and_check(value: str) -> Any:
        try:
            converted = convert(value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(code) from error
        if not is_good(converted):
            raise argparse.ArgumentTypeError(code)
        return converted

    return convert_and_check


positive_count: Final = checked("usage.positive_count", int, lambda count: count >= 1)
positive: Final = checked("usage.positive", float, lambda number: 0.0 < number < float("inf"))
fraction: Final = checked("usage.fraction", float, lambda number: 0.0 < number < 1.0)


def server_address(value: str) -> str:
    """HOST:PORT of a server to talk to, for `type`; a port that cannot be is refused before anything is tried."""
    return _address(value, least=1)


def listening_address(value: str) -> str:
    """HOST:PORT to listen at, for `type`; port 0 takes a free one."""
    return _address(value, least=0)


def _address(value: str, *, least: int) -> str:
    host, separator, port = value.rpartition(":")
    is_port = port.isascii() and port.isdigit() and least <= int(port) <= _LARGEST_PORT
    if not (separator and host and is_port):
        raise argparse.ArgumentTypeError(f"usage.address least={least}")
    return value


# What argparse (3.11 to 3.14) finds wrong, by its English message, and the text that says the same.
_FOUND: Final[tuple[tuple[str, str], ...]] = (
    (r"the following arguments are required: (?P<names>.+)", "usage.required"),
    (r"one of the arguments (?P<names>.+) is required", "usage.one_required"),
    (r"unrecognized arguments: (?P<names>.+)", "usage.unknown"),
    (r"ambiguous option: (?P<name>.+?) could match (?P<names>.+)", "usage.ambiguous"),
    (r"expected (?:at least )?one argument", "usage.value"),
    (r"expected (?P<count>\d+) arguments?", "usage.values"),
    (r"ignored explicit argument '(?P<value>.*)'", "usage.no_value"),
    (r"invalid choice: '?(?P<value>.*?)'? \((?:choose from|maybe you meant:?) (?P<names>.+?)\)", "usage.choice"),
    (r"invalid int value: '(?P<value>.*)'", "usage.whole_number"),
    (r"invalid float value: '(?P<value>.*)'", "usage.number"),
    (r"invalid \w+ value: '(?P<value>.*)'", "usage.kind"),
    (r"not allowed with argument (?P<other>.+)", "usage.together"),
)


def _refusal(message: str) -> object:
    """What argparse says, to be told in any language; as it is where it says what no line above knows."""
    named = re.fullmatch(r"argument (?P<argument>[^:]+): (?P<reason>.+)", message, re.DOTALL)
    if named:
        return told("usage.of_argument", argument=named["argument"], reason=_refusal(named["reason"]))
    for pattern, code in _FOUND:
        found = re.fullmatch(pattern, message, re.DOTALL)
        if found:
            values = {name: value.replace("'", "") for name, value in found.groupdict().items()}
            return told(code, **values)
    code, *given = message.split(" ")
    if has_text(code):
        return told(code, **dict(pair.split("=", 1) for pair in given))
    return visible(localized(message, "en"))
