"""station-matcher: one command a chore. Each room offers its commands in matcher/commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from index.errors import DatabaseError
from matcher.commands import audit, backup, calibrate, doctor, gallery, health, index, packs, record, serve, subject
from matcher.commands.serve import StartServer
from matcher.config import load_settings, system_language
from matcher.errors import MatcherError
from matcher.texts.catalog import has_text, text
from matcher.texts.languages import LANGUAGES

# In the order of the help text. Each module has add_commands(subparsers); every command sets `run`, a function of
# the parsed options that returns the exit code. options.lang is "vi" or "en"; options.settings are the Settings.
_MODULES: Final = (serve, packs, gallery, subject, record, doctor, calibrate, index, backup, audit, health)


def run(arguments: Sequence[str] | None, *, start_server: StartServer) -> int:
    """Exit code: 0 done, 1 refused or failed, 2 wrong usage. start_server: what `serve` runs."""
    options = build_parser().parse_args(arguments)
    options.start_server = start_server
    options.lang = options.lang or system_language()
    try:
        options.settings = load_settings(options.config)
        options.packs_folder = getattr(options, "packs_folder", None) or options.settings.storage.packs_folder
        return int(options.run(options))
    except (MatcherError, DatabaseError) as error:
        codes = (f"cli.error.{kind.__name__}" for kind in type(error).__mro__)
        code = next(filter(has_text, codes), "cli.error")
        print(text(code, options.lang, reason=error, **getattr(error, "values", {})), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output went away, as `| head` does.
        sys.stderr.close()
        return 1


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(prog="station-matcher", description="Face and fingerprint matching, self-hosted.")
    parser.add_argument("--lang", choices=LANGUAGES, help="language of messages (default: from LANG, else vi)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in _MODULES:
        module.add_commands(subparsers)
    return parser
