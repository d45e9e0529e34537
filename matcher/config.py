"""Settings: read once, from a TOML file and the environment; the only reader of the environment.

Order: built-in value, then the file named by --config or STATION_MATCHER_CONFIG, then environment variables
STATION_MATCHER_SECTION_KEY (for example STATION_MATCHER_SERVER_ADDRESS=127.0.0.1:50551). An unknown key is an error
that names the nearest known one. Enrollments and the audit file lie in the data folder: `storage.data_folder`, by
default $XDG_DATA_HOME/station-matcher, or ~/.local/share/station-matcher where that is unset.
"""

from __future__ import annotations

import difflib
import math
import os
import tomllib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

from matcher.errors import ConfigError
from matcher.packs.store import default_packs_folder
from matcher.texts.languages import preferred_language

PREFIX: Final = "STATION_MATCHER_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """address: host:port, port 0 takes a free one. worker_count: requests worked on at a time, one ONNX Runtime
    thread each; 0: one a processor. queue_count: requests that may wait beside them. stream_count: batch streams at
    a time. drain_s: seconds that running requests get on SIGTERM. max_message_bytes: largest request."""

    address: str = "127.0.0.1:50551"
    worker_count: int = 0
    queue_count: int = 32
    stream_count: int = 8
    drain_s: float = 30.0
    max_message_bytes: int = 32 * _MIB
    reflection: bool = False
    language: str = "vi"


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """PEM files. certificate and key: the server's own; both or none. client_root: who signed the certificates that
    clients must show (mutual TLS); none: clients show none."""

    certificate: Path | None = None
    key: Path | None = None
    client_root: Path | None = None


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """data_folder: the enrollment database and, unless audit_file says otherwise, the audit file. packs_folder:
    installed model packs. backup_key_file: 64 hexadecimal digits with which backups are encrypted; none: they are
    not."""

    data_folder: Path = Path()
    audit_file: Path = Path()
    packs_folder: Path = Path()
    backup_key_file: Path | None = None


@dataclass(frozen=True, slots=True)
class PackSettings:
    """Names of the packs that make templates; "" leaves a modality out. device: "cpu" or "cuda". mirror: address of a
    folder on a web server from which `packs install` takes the publishers' files; "" for their own addresses."""

    face: str = "face-builtin"
    fingerprint: str = "leader"
    device: str = "cpu"
    allow_cpu_fallback: bool = False
    mirror: str = ""


@dataclass(frozen=True, slots=True)
class SearchDefaults:
    """See SearchSettings and IdentificationQuery. target_fmr: of a verification. allow_unsearchable: serve although
    the store holds references of packs that are not loaded; answers say how many a search passed over."""

    max_candidates: int = 20
    target_fpir: float = 0.01
    target_fmr: float = 1e-4
    shortlist_count: int = 500
    exhaustive_reference_limit: int = 1000
    prepared_cache_bytes: int = 256 * _MIB
    allow_unsearchable: bool = False


@dataclass(frozen=True, slots=True)
class EnrollmentDefaults:
    """Quality floors 0-100; -1 takes the pack's own. duplicate_fpir: see matcher.usecases.enroll.EnrollmentSettings."""

    face_quality_floor: int = -1
    fingerprint_quality_floor: int = -1
    duplicate_fpir: float = 0.001


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """fields_file: which fields a subject's record may have; without it those that are shipped."""

    fields_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sections are the tables of the TOML file."""

    server: ServerSettings = field(default_factory=ServerSettings)
    tls: TlsSettings = field(default_factory=TlsSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    packs: PackSettings = field(default_factory=PackSettings)
    search: SearchDefaults = field(default_factory=SearchDefaults)
    enrollment: EnrollmentDefaults = field(default_factory=EnrollmentDefaults)
    records: RecordSettings = field(default_factory=RecordSettings)


def load_settings(path: Path | None = None, *, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a file and the environment (os.environ unless given). Raises ConfigError."""
    environ = os.environ if environ is None else environ
    if path is None and environ.get(CONFIG_VARIABLE):
        path = Path(environ[CONFIG_VARIABLE])
    table = _read_file(path) if path is not None else {}
    for section, key, text in _from_environment(environ):
        table.setdefault(section, {})[key] = text
    return _checked(_with_folders(_settings_from(table), environ))


def system_language(environ: Mapping[str, str] | None = None) -> str:
    """ "en" where LC_ALL, LC_MESSAGES or LANG name English, else "vi"."""
    environ = os.environ if environ is None else environ
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return preferred_language(locale)


def _read_file(path: Path) -> dict[str, dict[str, Any]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"the settings file cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"the settings file is not valid TOML: {error}") from error
    for section, content in table.items():
        if not isinstance(content, dict):
            raise ConfigError(f"setting {section!r} stands outside a section such as [server]")
    return table


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    known = {f"{PREFIX}{section}_{key}".upper(): (section, key) for section, key in _known_keys()}
    found = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        if variable not in known:
            raise ConfigError(f"unknown environment variable {variable}{_nearest(variable, known)}")
        found.append((*known[variable], text))
    return found


def _known_keys() -> list[tuple[str, str]]:
    sections = typing.get_type_hints(Settings)
    return [(section, entry.name) for section, kind in sections.items() for entry in fields(kind)]


def _settings_from(table: Mapping[str, Mapping[str, Any]]) -> Settings:
    sections = typing.get_type_hints(Settings)
    made = {}
    for section, values in table.items():
        if section not in sections:
            raise ConfigError(f"unknown section [{section}]{_nearest(section, sections)}")
        kinds = typing.get_type_hints(sections[section])
        read = {}
        for key, value in values.items():
            if key not in kinds:
                raise ConfigError(f"unknown setting {section}.{key}{_nearest(key, kinds)}")
            read[key] = _value(f"{section}.{key}", value, kinds[key])
        made[section] = sections[section](**read)
    return Settings(**made)


def _nearest(name: str, known: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known: {', '.join(sorted(known))}"


def _value(name: str, value: Any, kind: Any) -> Any:
    """A TOML value, or the text of an environment variable, as the type of the setting."""
    if isinstance(kind, types.UnionType):
        if value == "":
            return None
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    if kind is bool:
        if isinstance(value, bool):
            return value
        # bool("false") is true; only these words say yes or no.
        words = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
        if str(value).lower() in words:
            return words[str(value).lower()]
        raise ConfigError(f"{name} must be true or false")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ConfigError(f"{name} must be {_NAMES[kind]}")
    if kind in (str, Path) and not isinstance(value, str):
        raise ConfigError(f"{name} must be {_NAMES[kind]}")
    if kind is int and isinstance(value, float):
        raise ConfigError(f"{name} must be {_NAMES[kind]}")
    try:
        return Path(str(value)).expanduser() if kind is Path else kind(value)
    except ValueError as error:
        raise ConfigError(f"{name} must be {_NAMES[kind]}") from error


_NAMES: Final = {str: "a text", int: "a whole number", float: "a number", Path: "a path"}


def _with_folders(settings: Settings, environ: Mapping[str, str]) -> Settings:
    """Folders that were not set, below XDG_DATA_HOME or the home folder."""
    storage = settings.storage
    packs_folder = default_packs_folder(environ) if storage.packs_folder == Path() else storage.packs_folder
    base = environ.get("XDG_DATA_HOME", "")
    data_folder = storage.data_folder
    if data_folder == Path():
        data_folder = (Path(base) if base else Path.home() / ".local" / "share") / "station-matcher"
    audit_file = data_folder / "audit.jsonl" if storage.audit_file == Path() else storage.audit_file
    filled = replace(storage, data_folder=data_folder, audit_file=audit_file, packs_folder=packs_folder)
    return replace(settings, storage=filled)


def _checked(settings: Settings) -> Settings:
    server, search, enrollment = settings.server, settings.search, settings.enrollment
    rules = (
        (0 <= server.worker_count <= 256, "server.worker_count must be 0 to 256"),
        (0 <= server.queue_count <= 4096, "server.queue_count must be 0 to 4096"),
        (1 <= server.stream_count <= 256, "server.stream_count must be 1 to 256"),
        (0.0 <= server.drain_s <= 3600.0, "server.drain_s must be 0 to 3600"),
        (_MIB <= server.max_message_bytes <= 256 * _MIB, "server.max_message_bytes must be 1 to 256 MiB"),
        (server.language in ("vi", "en"), "server.language must be vi or en"),
        (settings.packs.device in ("cpu", "cuda"), "packs.device must be cpu or cuda"),
        (
            not settings.packs.mirror or settings.packs.mirror.startswith(("https://", "http://")),
            "packs.mirror must begin with https:// or http://",
        ),
        (1 <= search.max_candidates <= 200, "search.max_candidates must be 1 to 200"),
        (0.0 < search.target_fpir < 1.0, "search.target_fpir must be above 0 and below 1"),
        (0.0 < search.target_fmr < 1.0, "search.target_fmr must be above 0 and below 1"),
        (1 <= search.shortlist_count <= 100_000, "search.shortlist_count must be 1 to 100000"),
        (search.exhaustive_reference_limit >= 0, "search.exhaustive_reference_limit must not be negative"),
        (search.prepared_cache_bytes >= 0, "search.prepared_cache_bytes must not be negative"),
        (-1 <= enrollment.face_quality_floor <= 100, "enrollment.face_quality_floor must be -1 to 100"),
        (-1 <= enrollment.fingerprint_quality_floor <= 100, "enrollment.fingerprint_quality_floor must be -1 to 100"),
        (0.0 < enrollment.duplicate_fpir < 1.0, "enrollment.duplicate_fpir must be above 0 and below 1"),
        (math.isfinite(server.drain_s), "server.drain_s must be a number"),
        (
            (settings.tls.certificate is None) == (settings.tls.key is None),
            "tls.certificate and tls.key belong together: set both or none",
        ),
        (
            settings.tls.client_root is None or settings.tls.certificate is not None,
            "tls.client_root needs tls.certificate and tls.key",
        ),
    )
    for holds, message in rules:
        if not holds:
            raise ConfigError(message)
    return settings
