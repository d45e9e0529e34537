"""From a manifest to loaded networks: the explicit registry of detector and embedder kinds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from matcher.errors import PackError
from matcher.face.candidates import DetectorNetwork
from matcher.face.detect import FaceFinder
from matcher.face.embed import Embedder, OnnxEmbedder
from matcher.face.graph import rewrite_graph
from matcher.face.insightface_models import ArcFace, Scrfd
from matcher.face.refine import LandmarkRefiner, PointRefiner
from matcher.face.second_look import SecondLook
from matcher.face.yunet import YuNet
from matcher.packs.session import OnnxSession
from matcher.packs.store import DetectorSpec, EmbedderSpec, ModelPack, PackStore
from matcher.texts.catalog import told


@dataclass(frozen=True, slots=True)
class PackSessions:
    """Opens verified files of one pack, all with the same settings (see OnnxSession)."""

    pack: ModelPack
    pack_store: PackStore
    thread_count: int = 1
    device: str = "cpu"
    allow_cpu_fallback: bool = False

    def path(self, file_name: str) -> Path:
        """The verified file. Raises PackError."""
        return self.pack_store.file(self.pack.name, file_name)

    def open(self, file_name: str, *, free_canvas: bool = False) -> OnnxSession:
        """A session on the file. Raises PackError, SessionError."""
        return OnnxSession(
            rewrite_graph(self.path(file_name).read_bytes(), free_canvas=free_canvas),
            thread_count=self.thread_count,
            device=self.device,
            allow_cpu_fallback=self.allow_cpu_fallback,
        )


def load_finder(spec: DetectorSpec, sessions: PackSessions) -> FaceFinder:
    """The face finder of a pack. Raises PackError on a kind that no adapter reads, SessionError."""
    network = _network(spec, sessions)
    refiner: PointRefiner | None = None
    if spec.refiner is not None:
        refiner = LandmarkRefiner(sessions.open(spec.refiner.file), spec.refiner)
    elif spec.second_look_px:
        refiner = SecondLook(network, side_px=spec.second_look_px)
    return FaceFinder(
        network,
        overlap=spec.overlap,
        score_floor=spec.score_floor,
        sure_score=spec.sure_score,
        canvas_px=spec.canvas_px,
        refiner=refiner,
    )


def load_embedder(spec: EmbedderSpec, sessions: PackSessions) -> Embedder:
    """An embedder of a pack. Raises PackError on a kind that no adapter reads, SessionError."""
    match spec.kind:
        case "onnx":
            return OnnxEmbedder(sessions.open(spec.file), spec)
        case "arcface":
            return ArcFace(sessions.path(spec.file), sessions.open(spec.file), spec)
    raise PackError(told("manifest.embedder_kind", kind=spec.kind))


def _network(spec: DetectorSpec, sessions: PackSessions) -> DetectorNetwork:
    match spec.kind:
        case "yunet":
            return YuNet(sessions.open(spec.file, free_canvas=spec.frees_canvas), spec)
        case "scrfd":
            return Scrfd(sessions.open(spec.file), spec)
    raise PackError(told("manifest.detector_kind", kind=spec.kind))
