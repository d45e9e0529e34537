"""What a model pack is, read from its manifest (TOML). Nothing about a model is guessed from its file.

The manifest names every file with its sha256, byte size, source, address and license, the kinds of detector and
embedders with their preprocessing, the dimension of the template and the calibration. An unknown key is an error,
so a misspelled one cannot silently fall back to a default.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from index.records import Modality
from matcher.errors import PackError
from matcher.texts.catalog import told

T = TypeVar("T")

SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9_.-]*")
FILE_NAME_PATTERN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class PackFile:
    """One model file.

    source: "download" (from `address`, or from a folder), "made" (on this machine, see below), "folder" (no official
    address is known: only from a folder), "package:IMPORT_NAME/PATH" (shipped by an installed Python package) or
    "bundled" (shipped with ours). A made file is what the recipe made_by (`matcher.packs.making`) makes of the
    publishers' files made_from; graph_sha256 is the digest of its weights and topology (`graph_digest`), and sha256 and
    size_bytes are those of the file in which the same network was handed out before, which is as good.
    archive_member: name inside the zip that lies at `address`; then archive_sha256 and archive_size_bytes describe
    the zip. origin: where the file comes from, in words.
    """

    name: str
    sha256: str
    size_bytes: int
    source: str
    license: str
    address: str = ""
    archive_member: str = ""
    archive_sha256: str = ""
    archive_size_bytes: int = 0
    origin: str = ""
    made_by: str = ""
    made_from: tuple[str, ...] = ()
    graph_sha256: str = ""


@dataclass(frozen=True, slots=True)
class RefinerSpec:
    """A network that puts the five points where they belong, given a face box.

    The crop is a square of side `side_ratio` x the longer box side, around the box center moved up by
    `shift_up_ratio` x the box height; its output is five (x, y) in 0-1 of that crop.
    """

    file: str
    input_px: int
    side_ratio: float
    shift_up_ratio: float


@dataclass(frozen=True, slots=True)
class DetectorSpec:
    """A face detector. kind: "yunet" (YuNet's twelve outputs) or "scrfd". canvas_px: 0 where the network takes any
    canvas of sides that are multiples of 32, else the fixed side of its square one; frees_canvas: its graph is
    convolutional throughout, so the fixed side may be freed (then canvas_px is 0). score_floor 0-1; overlap:
    intersection over union above which the weaker of two boxes goes; sure_score: reached by upright faces and never by
    upside-down ones, 0 where that was not measured; second_look_px: side of the square canvas, a multiple of 32, on
    which each face is looked at again for its points, 0 for never (so beside a refiner). The picture enters as
    (pixels - mean) / std in channel_order.
    """

    kind: str
    file: str
    canvas_px: int
    score_floor: float
    overlap: float
    mean: float = 0.0
    std: float = 1.0
    channel_order: str = "BGR"
    frees_canvas: bool = False
    sure_score: float = 0.0
    second_look_px: int = 0
    refiner: RefinerSpec | None = None


@dataclass(frozen=True, slots=True)
class EmbedderSpec:
    """A face embedder. kind: "onnx" (plain session) or "arcface" (insightface's class). Fed (crop - mean) / std of
    the aligned crop, side input_px, in channel_order "RGB", "BGR" or "GRAY"; gives dim numbers, then L2-normalized.
    typical_length, weak_length: median and 5th percentile of the length of its vectors before that on press
    photographs, both 0 where they were not measured.
    """

    kind: str
    file: str
    input_px: int
    mean: float
    std: float
    channel_order: str
    dim: int
    typical_length: float = 0.0
    weak_length: float = 0.0


@dataclass(frozen=True, slots=True)
class ModelPack:
    """A model pack as its manifest describes it.

    dim: length of a face template (the sum over embedders), 0 where the pack makes none by itself.
    calibration: the [calibration] table as read, None where the manifest has none; scoring/ understands it. conditions:
    the same of [conditions], what photographs taken badly alike share.
    quality_floor: 0-100, below which a sample is refused at enrollment. sources: the publishers' files from which
    others are made; only an installation needs them.
    """

    name: str
    version: str
    modality: Modality
    license: str
    license_is_permissive: bool
    intended_use: str
    files: tuple[PackFile, ...]
    sources: tuple[PackFile, ...] = ()
    detector: DetectorSpec | None = None
    embedders: tuple[EmbedderSpec, ...] = ()
    dim: int = 0
    calibration: Mapping[str, Any] | None = None
    conditions: Mapping[str, Any] | None = None
    quality_floor: int = 0
    is_operational: bool = True
    notes: str = ""
    reported: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pack_id(self) -> str:
        """ "name@version", as templates carry it."""
        return f"{self.name}@{self.version}"

    def file(self, file_name: str) -> PackFile:
        """The file of that name. Raises PackError where the manifest names no such file."""
        for entry in self.files:
            if entry.name == file_name:
                return entry
        raise PackError(told("manifest.no_file", name=self.name, file=file_name))

    def sources_of(self, entries: Iterable[PackFile]) -> tuple[PackFile, ...]:
        """What the entries are made from, each once."""
        names = {name for entry in entries for name in entry.made_from}
        return tuple(source for source in self.sources if source.name in names)


def read_manifest(path: Path) -> ModelPack:
    """Read and check one manifest. Raises PackError saying which key is wrong."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PackError(told("manifest.unreadable", file=path.name, reason=error)) from error
    try:
        return pack_from_table(table)
    except (KeyError, TypeError, ValueError) as error:
        raise PackError(told("manifest.wrong", file=path.name, reason=error)) from error


def pack_from_table(table: Mapping[str, Any]) -> ModelPack:
    """A ModelPack from the parsed TOML. Raises TypeError, ValueError or KeyError on a wrong or missing key."""
    values = dict(table)
    detector = values.pop("detector", None)
    embedders = tuple(_build(EmbedderSpec, entry) for entry in values.pop("embedders", ()))
    files = tuple(_file(entry) for entry in values.pop("files"))
    sources = tuple(_file(entry) for entry in values.pop("sources", ()))
    pack = _build(
        ModelPack,
        {
            **values,
            "modality": Modality(values["modality"]),
            "files": files,
            "sources": sources,
            "detector": None if detector is None else _detector(detector),
            "embedders": embedders,
            "dim": sum(embedder.dim for embedder in embedders),
        },
    )
    _check(pack)
    return pack


def _detector(table: Mapping[str, Any]) -> DetectorSpec:
    values = dict(table)
    refiner = values.pop("refiner", None)
    return _build(DetectorSpec, {**values, "refiner": None if refiner is None else _build(RefinerSpec, refiner)})


def _file(table: Mapping[str, Any]) -> PackFile:
    return _build(PackFile, {**table, "made_from": tuple(table.get("made_from", ()))})


def _build(kind: type[T], table: Mapping[str, Any]) -> T:
    unknown = set(table) - {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    if unknown:
        raise ValueError(f"unknown key {', '.join(sorted(unknown))}")
    return kind(**table)


def _check(pack: ModelPack) -> None:
    if not NAME_PATTERN.fullmatch(pack.name) or not NAME_PATTERN.fullmatch(pack.version):
        raise ValueError("name and version are lower-case letters, digits, dot, dash and underscore")
    names = [entry.name for entry in (*pack.files, *pack.sources)]
    if len(set(names)) != len(names):
        raise ValueError("a file is named twice")
    for entry in (*pack.files, *pack.sources):
        _check_file(entry)
    if any(entry.source == "made" for entry in pack.sources):
        raise ValueError("a source is not made from others")
    if {name for entry in pack.files for name in entry.made_from} != {entry.name for entry in pack.sources}:
        raise ValueError("made_from and the sources do not name the same files")
    used = [embedder.file for embedder in pack.embedders]
    if pack.detector is not None:
        used += [pack.detector.file] + ([pack.detector.refiner.file] if pack.detector.refiner else [])
        if pack.detector.second_look_px % 32 or (pack.detector.second_look_px and pack.detector.refiner):
            raise ValueError("second_look_px is a multiple of 32, and 0 beside a refiner")
    for name in used:
        pack.file(name)
    if pack.modality is Modality.FACE and (pack.detector is None or not pack.embedders):
        raise ValueError("a face pack needs a detector and an embedder")


def _check_file(entry: PackFile) -> None:
    if not FILE_NAME_PATTERN.fullmatch(entry.name):
        raise ValueError(f"{entry.name!r} is not a plain file name")
    if not SHA256_PATTERN.fullmatch(entry.sha256) or entry.size_bytes < 1:
        raise ValueError(f"{entry.name} needs a sha256 of 64 hex digits and a size_bytes of at least 1")
    kind = entry.source.partition(":")[0]
    if kind not in ("download", "made", "folder", "package", "bundled"):
        raise ValueError(f"{entry.name} has an unknown source {entry.source!r}")
    if (kind == "download") != bool(entry.address):
        raise ValueError(f"{entry.name}: an address belongs to source download, and only to it")
    if (kind == "made") != bool(entry.made_by and entry.made_from and SHA256_PATTERN.fullmatch(entry.graph_sha256)):
        raise ValueError(f"{entry.name}: made_by, made_from and graph_sha256 belong to source made, and only to it")
    if entry.archive_member and not (SHA256_PATTERN.fullmatch(entry.archive_sha256) and entry.archive_size_bytes > 0):
        raise ValueError(f"{entry.name}: an archive needs its sha256 and size")
