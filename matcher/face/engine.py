"""Photograph to face template, stage by stage: find, choose, align, embed, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from index.records import FingerPosition, Modality, Template
from matcher.errors import NoFaceError, PackError, QualityError, RequestError, SeveralFacesError
from matcher.face.align import align_face
from matcher.face.detect import FaceFinder
from matcher.face.embed import Embedder, joined_embedding
from matcher.face.load import PackSessions, load_embedder, load_finder
from matcher.face.quality import eye_distance_px, face_quality
from matcher.packs.store import ModelPack, PackStore
from matcher.samples import FaceBox, FaceDetection, Image, Quality, Uint8Array
from matcher.texts.catalog import told

# Below this distance between the eyes nothing is left to compare: a 112 px crop would be a sixfold enlargement.
SMALLEST_EYE_DISTANCE_PX = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class FaceExtraction:
    """What one photograph gave. crop: uint8 (112, 112, 3) BGR, the aligned face as the embedder saw it. face_number:
    of the face taken, from 1 by size."""

    template: Template
    quality: Quality
    detection: FaceDetection
    crop: Uint8Array
    face_number: int = 1


class FaceEngine:
    """One face pack, loaded. Thread-safe; keep one and share it.

    pack_id: "name@version"; dim: length of its templates, compared by their cosine in [-1, 1].
    """

    def __init__(self, pack: ModelPack, finder: FaceFinder, embedders: Sequence[Embedder]) -> None:
        self.pack = pack
        self._finder = finder
        self._embedders = tuple(embedders)

    @classmethod
    def load(
        cls,
        pack: ModelPack,
        pack_store: PackStore,
        *,
        thread_count: int = 1,
        device: str = "cpu",
        allow_cpu_fallback: bool = False,
    ) -> FaceEngine:
        """Open the pack's files. Raises PackError (missing, damaged, not a face pack) and SessionError."""
        if pack.detector is None or not pack.embedders:
            raise PackError(told("pack.no_face_models", name=pack.name))
        sessions = PackSessions(pack, pack_store, thread_count, device, allow_cpu_fallback)
        embedders = [load_embedder(spec, sessions) for spec in pack.embedders]
        return cls(pack, load_finder(pack.detector, sessions), embedders)

    @property
    def pack_id(self) -> str:
        return self.pack.pack_id

    @property
    def dim(self) -> int:
        return self.pack.dim

    @property
    def calibration(self) -> Mapping[str, Any] | None:
        """The [calibration] table of the manifest or of the site; Calibration.from_table reads it."""
        return self.pack.calibration

    def detect(self, image: Image) -> tuple[FaceDetection, ...]:
        """Every face, largest first; empty where there is none. Raises SessionError."""
        return self._finder.find(_in_color(image.pixels))

    def extract(self, image: Image, *, face_number: int = 0, largest_face: bool = False) -> FaceExtraction:
        """Template, quality, place and crop of one face.

        face_number: which face, from 1 by size as SeveralFacesError numbers them; 0 where there must be one.
        largest_face: take the largest of several. Raises NoFaceError, SeveralFacesError, QualityError (a face too
        small to use), RequestError (no face of that number), SessionError.
        """
        pixels = _in_color(image.pixels)
        faces = self._finder.find(pixels)
        chosen = choose_face(faces, face_number=face_number, largest_face=largest_face)
        crop = align_face(pixels, chosen.landmarks_px)
        embedding = joined_embedding(self._embedders, crop)
        template = Template(Modality.FACE, FingerPosition.UNKNOWN, self.pack_id, embedding.vector[np.newaxis])
        quality = face_quality(chosen, crop, face_count=len(faces), strength=embedding.strength)
        return FaceExtraction(template, quality, chosen, crop, 1 + faces.index(chosen))


def choose_face(faces: Sequence[FaceDetection], *, face_number: int = 0, largest_face: bool = False) -> FaceDetection:
    """The one face that the request means. faces: largest first. Raises as FaceEngine.extract does."""
    if not faces:
        raise NoFaceError(told("face.none"))
    if face_number and not 1 <= face_number <= len(faces):
        raise RequestError(told("field.no_such_face", number=face_number, count=len(faces)), field="face_number")
    meant = [faces[face_number - 1]] if face_number else faces
    usable = [face for face in meant if eye_distance_px(face) >= SMALLEST_EYE_DISTANCE_PX]
    if not usable:
        raise QualityError(
            told("face.small", px=f"{eye_distance_px(meant[0]):.0f}", least=f"{SMALLEST_EYE_DISTANCE_PX:.0f}"),
            score=0,
            reasons=("face_too_small",),
        )
    if len(usable) > 1 and not largest_face:
        raise SeveralFacesError(told("face.several", count=len(faces)), face_boxes(faces))
    return usable[0]


def face_boxes(faces: Sequence[FaceDetection]) -> tuple[FaceBox, ...]:
    """The faces as numbered boxes, in the order given."""
    boxes = []
    for number, face in enumerate(faces, start=1):
        left, top, right, bottom = (round(float(value)) for value in face.box_px)
        boxes.append(FaceBox(number, left, top, right - left, bottom - top))
    return tuple(boxes)


def _in_color(pixels: Uint8Array) -> Uint8Array:
    if pixels.ndim == 3:
        return pixels
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR), np.uint8)
