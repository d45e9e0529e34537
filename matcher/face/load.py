"""From a manifest to loaded networks: the explicit registry of detector and embedder kinds."""

from __future__ import annotations

from collections.abc import Callable

from matcher.errors import PackError
from matcher.face.candidates import DetectorNetwork
from matcher.face.detect import FaceFinder
from matcher.face.embed import Embedder, OnnxEmbedder
from matcher.face.graph import rewrite_graph
from matcher.face.refine import LandmarkRefiner
from matcher.face.yunet import YuNet
from matcher.packs import DetectorSpec, EmbedderSpec, ModelPack, PackStore
from matcher.session import OnnxSession

OpenSession = Callable[[str], OnnxSession]
"""File name of the pack to a session on it."""


def open_session(
    pack: ModelPack,
    pack_store: PackStore,
    file_name: str,
    *,
    thread_count: int,
    device: str,
    allow_cpu_fallback: bool,
) -> OnnxSession:
    """A session on a verified file of the pack. Raises PackError and SessionError."""
    content = pack_store.file(pack.name, file_name).read_bytes()
    is_fixed_yunet = pack.detector is not None and pack.detector.kind == "yunet" and pack.detector.file == file_name
    return OnnxSession(
        rewrite_graph(content, free_canvas=is_fixed_yunet),
        thread_count=thread_count,
        device=device,
        allow_cpu_fallback=allow_cpu_fallback,
    )


def load_finder(spec: DetectorSpec, open_file: OpenSession) -> FaceFinder:
    """The face finder of a pack. Raises PackError on a kind that no adapter reads."""
    refiner = None if spec.refiner is None else LandmarkRefiner(open_file(spec.refiner.file), spec.refiner)
    return FaceFinder(_network(spec, open_file(spec.file)), overlap=spec.overlap, refiner=refiner)


def load_embedder(spec: EmbedderSpec, open_file: OpenSession) -> Embedder:
    """An embedder of a pack. Raises PackError on a kind that no adapter reads."""
    match spec.kind:
        case "onnx":
            return OnnxEmbedder(open_file(spec.file), spec)
    raise PackError(f"no adapter reads embedders of kind {spec.kind!r}")


def _network(spec: DetectorSpec, session: OnnxSession) -> DetectorNetwork:
    match spec.kind:
        case "yunet":
            return YuNet(session, spec)
    raise PackError(f"no adapter reads detectors of kind {spec.kind!r}")
