"""station-matcher: one command a chore. Each room offers its commands in matcher/commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final

from index.errors import DatabaseError, EncryptionKeyError
from matcher.commands import (
    audit,
    backup,
    calibrate,
    doctor,
    erasure,
    gallery,
    health,
    index,
    keys,
    packs,
    record,
    reembed,
    search,
    serve,
    server_info,
    subject,
)
from matcher.commands.parser import CommandParser, language_of
from matcher.commands.serve import StartServer
from matcher.config import load_settings
from matcher.errors import MatcherError
from matcher.texts.catalog import has_text, text

# In the order of the help text. Each module has add_commands(subparsers, language); every command sets `run`, a
# function of the parsed options that returns the exit code. options.lang is the language, options.settings are what
# the settings say.
_MODULES: Final = (
    serve,
    packs,
    search,
    gallery,
    subject,
    record,
    doctor,
    calibrate,
    index,
    reembed,
    backup,
    keys,
    erasure,
    audit,
    health,
    server_info,
)


def run(arguments: Sequence[str] | None, *, start_server: StartServer) -> int:
    """Exit code: 0 done, 1 refused or failed, 2 wrong usage. start_server: what `serve` runs."""
    language = language_of(arguments)
    options = build_parser(language).parse_args(arguments)
    options.start_server = start_server
    options.lang = getattr(options, "lang", language)
    try:
        options.settings = load_settings(getattr(options, "config", None))
        options.packs_folder = getattr(options, "packs_folder", None) or options.settings.storage.packs_folder
        return int(options.run(options))
    except (MatcherError, DatabaseError) as error:
        codes = [f"cli.error.{kind.__name__}" for kind in type(error).__mro__]
        if isinstance(error, EncryptionKeyError):
            codes.insert(0, f"error.key.{error.reason}")
        code = next(filter(has_text, codes), "cli.error")
        print(text(code, options.lang, reason=error, **getattr(error, "values", {})), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        sys.stderr.close()
        return 1
    except OSError as error:
        if options.command == "serve":
            raise  # Whoever looks into the log of a server needs the place.
        # A path that was typed, and that the command does not speak of itself.
        print(text("failed", options.lang, reason=error), file=sys.stderr)
        return 1


def build_parser(language: str) -> CommandParser:
    """The whole command line."""
    parser = CommandParser(
        prog="station-matcher",
        description=text("help.program", language),
        epilog=text("help.exit_codes", language),
        language=language,
    )
    parser.add_version()
    subparsers = parser.add_subparsers(dest="command")
    for module in _MODULES:
        module.add_commands(subparsers, language)
    return parser
