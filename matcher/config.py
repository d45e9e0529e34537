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
from typing import Any, Final, Self

from index.vector.face_engine import FaceEngine
from matcher.errors import ConfigError
from matcher.packs.store import default_packs_folder
from matcher.texts.catalog import Told, system_reason, told
from matcher.texts.languages import LANGUAGES, preferred_language

PREFIX: Final = "STATION_MATCHER_"
CONFIG_VARIABLE: Final = f"{PREFIX}CONFIG"
# Of the audit file in a data folder.
AUDIT_NAME: Final = "audit.jsonl"
LANGUAGE_VARIABLE: Final = f"{PREFIX}LANG"
_MIB: Final = 1024 * 1024
_FACE_ENGINES: Final = tuple(engine.value for engine in FaceEngine)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """address: host:port, port 0 takes a free one. worker_count: requests worked on at a time, one ONNX Runtime
    thread each; 0: one per processor. queue_count: requests that may wait beside them. stream_count: batch streams at
    a time. drain_s: seconds that running requests get on SIGTERM. max_message_bytes: largest request. connection_count:
    open connections at a time, fewer where the process may not open so many files. peer_share: of all of these that one
    station may have; 1: no shares. metrics_address: port, or host:port, at which Prometheus may ask
    for metrics over plain HTTP; "": nowhere."""

    address: str = "127.0.0.1:50551"
    worker_count: int = 0
    queue_count: int = 32
    stream_count: int = 8
    drain_s: float = 30.0
    max_message_bytes: int = 32 * _MIB
    connection_count: int = 512
    peer_share: float = 0.75
    reflection: bool = False
    language: str = "vi"
    metrics_address: str = ""


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
    not. encrypt: which databases are encrypted at rest: "new" ones, "always" (one that is plain is encrypted in place
    at start), or "never". The master key: master_key (64 hexadecimal digits, meant for the environment), else what
    master_key_command prints, else master_key_file, by default master.key beside the settings file, without one in
    $XDG_CONFIG_HOME/station-matcher (~/.config/station-matcher). signing_key_file: with which the station signs
    certificates of erasure, by default signing.key in the same place; made where it is not there."""

    data_folder: Path = Path()
    audit_file: Path = Path()
    packs_folder: Path = Path()
    backup_key_file: Path | None = None
    encrypt: str = "new"
    master_key: str = field(default="", repr=False)
    master_key_command: str = ""
    master_key_file: Path = Path()
    signing_key_file: Path = Path()

    def with_data_folder(self, data_folder: Path) -> Self:
        """The same for a database in another folder, whose audit log lies there too unless audit_file puts it
        elsewhere."""
        is_elsewhere = self.audit_file != self.data_folder / AUDIT_NAME
        audit_file = self.audit_file if is_elsewhere else data_folder / AUDIT_NAME
        return replace(self, data_folder=data_folder, audit_file=audit_file)


@dataclass(frozen=True, slots=True)
class PackSettings:
    """Names of the packs that make templates; "" leaves a modality out. device: "cpu" or "cuda". mirror: address of a
    folder on a web server from which `packs install` takes the publishers' files; "" for their own addresses.
    next_face, next_fingerprint: packs that make templates of the images on record in the background, beside those in
    use; reembed_share: of one processor's time that this takes, above 0, at most 1."""

    face: str = "face-builtin"
    fingerprint: str = "leader"
    next_face: str = ""
    next_fingerprint: str = ""
    reembed_share: float = 0.25
    device: str = "cpu"
    allow_cpu_fallback: bool = False
    mirror: str = ""


@dataclass(frozen=True, slots=True)
class SearchDefaults:
    """See SearchSettings and IdentificationQuery. target_fmr: of a verification. allow_unsearchable: serve although
    the store holds references of packs that are not loaded; answers say how many a search passed over. face_engine: who
    searches faces, see index.vector.face_engine; the answers are the same."""

    max_candidates: int = 20
    target_fpir: float = 0.01
    target_fmr: float = 1e-4
    shortlist_count: int = 500
    exhaustive_reference_limit: int = 1000
    prepared_cache_bytes: int = 256 * _MIB
    face_engine: str = FaceEngine.AUTO.value
    allow_unsearchable: bool = False


@dataclass(frozen=True, slots=True)
class EnrollmentDefaults:
    """Quality floors 0-100; -1 takes the pack's own. duplicate_fpir: see matcher.usecases.enroll.EnrollmentSettings."""

    face_quality_floor: int = -1
    fingerprint_quality_floor: int = -1
    duplicate_fpir: float = 0.001


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """fields_file: which fields a subject's record may have; without it those that are shipped. keep_face_images,
    keep_fingerprint_images: whether enrolled images are kept; an encrypted database keeps them, a plain one none."""

    fields_file: Path | None = None
    keep_face_images: bool = True
    keep_fingerprint_images: bool = True


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
    return _checked(_with_folders(_settings_from(table), environ, path))


def system_language(environ: Mapping[str, str] | None = None) -> str:
    """The first of STATION_MATCHER_LANG, LC_ALL, LC_MESSAGES and LANG that is set, where it names a language that we
    have; else Vietnamese."""
    environ = os.environ if environ is None else environ
    names = (LANGUAGE_VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG")
    locale = next((environ[name] for name in names if environ.get(name)), "")
    return preferred_language(locale)


def _read_file(path: Path) -> dict[str, dict[str, Any]]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(told("config.unreadable", reason=system_reason(error))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(told("config.not_toml", reason=error)) from error
    for section, content in table.items():
        if not isinstance(content, dict):
            raise ConfigError(told("config.outside_section", name=section))
    return table


def _from_environment(environ: Mapping[str, str]) -> list[tuple[str, str, str]]:
    known = {f"{PREFIX}{section}_{key}".upper(): (section, key) for section, key in _known_keys()}
    found = []
    for variable, text in environ.items():
        if not variable.startswith(PREFIX) or variable in (CONFIG_VARIABLE, LANGUAGE_VARIABLE):
            continue
        if variable not in known:
            raise ConfigError(told("config.unknown_variable", name=variable, nearest=_nearest(variable, known)))
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
            raise ConfigError(told("config.unknown_section", name=section, nearest=_nearest(section, sections)))
        kinds = typing.get_type_hints(sections[section])
        read = {}
        for key, value in values.items():
            if key not in kinds:
                raise ConfigError(told("config.unknown_key", name=f"{section}.{key}", nearest=_nearest(key, kinds)))
            read[key] = _value(f"{section}.{key}", value, kinds[key])
        made[section] = sections[section](**read)
    return Settings(**made)


def _nearest(name: str, known: Mapping[str, object]) -> Told:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return told("config.nearest", name=close[0]) if close else told("config.known", names=", ".join(sorted(known)))


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
        raise ConfigError(told("config.yes_or_no", name=name))
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ConfigError(told(f"config.kind_{kind.__name__.lower()}", name=name))
    if kind in (str, Path) and not isinstance(value, str):
        raise ConfigError(told(f"config.kind_{kind.__name__.lower()}", name=name))
    if kind is int and isinstance(value, float):
        raise ConfigError(told(f"config.kind_{kind.__name__.lower()}", name=name))
    try:
        return Path(str(value)).expanduser() if kind is Path else kind(value)
    except ValueError as error:
        raise ConfigError(told(f"config.kind_{kind.__name__.lower()}", name=name)) from error


def _with_folders(settings: Settings, environ: Mapping[str, str], settings_file: Path | None) -> Settings:
    """Folders that were not set, below XDG_DATA_HOME or the home folder; and where the master key lies."""
    storage, own_packs_folder = settings.storage, default_packs_folder(environ)
    packs_folder = own_packs_folder if storage.packs_folder == Path() else storage.packs_folder
    data_folder = own_packs_folder.parent if storage.data_folder == Path() else storage.data_folder
    audit_file = data_folder / AUDIT_NAME if storage.audit_file == Path() else storage.audit_file
    base = environ.get("XDG_CONFIG_HOME", "")
    folder = (Path(base) if base else Path.home() / ".config") / "station-matcher"
    folder = folder if settings_file is None else settings_file.absolute().parent
    filled = replace(
        storage,
        data_folder=data_folder,
        audit_file=audit_file,
        packs_folder=packs_folder,
        master_key_file=folder / "master.key" if storage.master_key_file == Path() else storage.master_key_file,
        signing_key_file=folder / "signing.key" if storage.signing_key_file == Path() else storage.signing_key_file,
    )
    return replace(settings, storage=filled)


def _checked(settings: Settings) -> Settings:
    def between(name: str, least: int, most: int) -> Told:
        return told("config.range", name=name, least=least, most=most)

    def fraction(name: str) -> Told:
        return told("config.between", name=name, above=0, below=1)

    server, search, enrollment = settings.server, settings.search, settings.enrollment
    rules = (
        (0 <= server.worker_count <= 256, between("server.worker_count", 0, 256)),
        (0 <= server.queue_count <= 4096, between("server.queue_count", 0, 4096)),
        (1 <= server.stream_count <= 256, between("server.stream_count", 1, 256)),
        (0.0 <= server.drain_s <= 3600.0, between("server.drain_s", 0, 3600)),
        (
            _MIB <= server.max_message_bytes <= 256 * _MIB,
            told("config.mib", name="server.max_message_bytes", least=1, most=256),
        ),
        (
            1 <= server.connection_count <= 65_536,
            between("server.connection_count", 1, 65536),
        ),
        (0.0 < server.peer_share <= 1.0, told("config.share", name="server.peer_share", above=0, most=1)),
        (server.language in LANGUAGES, told("config.one_of", name="server.language", names=", ".join(LANGUAGES))),
        (
            0.0 < settings.packs.reembed_share <= 1.0,
            told("config.share", name="packs.reembed_share", above=0, most=1),
        ),
        (settings.packs.device in ("cpu", "cuda"), told("config.one_of", name="packs.device", names="cpu, cuda")),
        (
            settings.storage.encrypt in ("new", "always", "never"),
            told("config.one_of", name="storage.encrypt", names="new, always, never"),
        ),
        (
            not settings.packs.mirror or settings.packs.mirror.startswith(("https://", "http://")),
            told("config.web_address", name="packs.mirror"),
        ),
        (1 <= search.max_candidates <= 200, between("search.max_candidates", 1, 200)),
        (0.0 < search.target_fpir < 1.0, fraction("search.target_fpir")),
        (0.0 < search.target_fmr < 1.0, fraction("search.target_fmr")),
        (
            1 <= search.shortlist_count <= 100_000,
            between("search.shortlist_count", 1, 100000),
        ),
        (search.exhaustive_reference_limit >= 0, told("config.not_negative", name="search.exhaustive_reference_limit")),
        (search.prepared_cache_bytes >= 0, told("config.not_negative", name="search.prepared_cache_bytes")),
        (
            search.face_engine in _FACE_ENGINES,
            told("config.one_of", name="search.face_engine", names=", ".join(_FACE_ENGINES)),
        ),
        (
            -1 <= enrollment.face_quality_floor <= 100,
            between("enrollment.face_quality_floor", -1, 100),
        ),
        (
            -1 <= enrollment.fingerprint_quality_floor <= 100,
            between("enrollment.fingerprint_quality_floor", -1, 100),
        ),
        (
            0.0 < enrollment.duplicate_fpir < 1.0,
            fraction("enrollment.duplicate_fpir"),
        ),
        (math.isfinite(server.drain_s), told("config.need_number", name="server.drain_s")),
        (
            (settings.tls.certificate is None) == (settings.tls.key is None),
            told("tls.pair"),
        ),
        (
            settings.tls.client_root is None or settings.tls.certificate is not None,
            told("tls.root_alone"),
        ),
    )
    for holds, message in rules:
        if not holds:
            raise ConfigError(message)
    return settings
