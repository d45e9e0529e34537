"""SCRFD and ArcFace through insightface's own classes; the only importer of insightface.

Its classes get the named, verified file and our session, so they neither download nor choose threads. FaceAnalysis
is not used: it loads whatever lies in a folder. The library is imported on first use, because importing it sets
environment variables and takes half a second; it imports onnxruntime, so our session module does that before it. It is
an extra of the installation, since it brings more than the rest of a server needs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.errors import PackError, PackNotReadyError, SessionError
from matcher.face.candidates import FaceCandidates
from matcher.packs.session import OnnxSession, onnx_runtime
from matcher.packs.store import DetectorSpec, EmbedderSpec
from matcher.samples import Uint8Array
from matcher.stages import check_stage
from matcher.texts.catalog import told


class Scrfd:
    """SCRFD with five points (Guo et al., ICLR 2022). Thread-safe: its only shared state is a cache of grids."""

    def __init__(self, session: OnnxSession, spec: DetectorSpec) -> None:
        with _library():
            from insightface.model_zoo.scrfd import SCRFD  # noqa: PLC0415  see the module docstring

        _require(len(session.output_names) == 9, "manifest.scrfd_outputs")
        # Without a file it keeps to our session; with one, insightface 2 opens another for each canvas size.
        self._model: Any = SCRFD(session=session.raw)
        self._model.prepare(0, nms_thresh=spec.overlap, det_thresh=spec.score_floor)
        same = (self._model.input_mean, self._model.input_std) == (spec.mean, spec.std)
        _require(same and spec.channel_order == "RGB", "manifest.fed_otherwise")

    def find(self, canvas: Uint8Array) -> FaceCandidates:
        """canvas: uint8 (height, width, 3) BGR, sides multiples of 32. Raises SessionError and what
        check_stage does."""
        check_stage()
        try:
            boxes, points = self._model.detect(canvas, input_size=canvas.shape[1::-1])
        except (RuntimeError, ValueError, IndexError, cv2.error) as error:
            raise SessionError(told("session.scrfd")) from error
        return FaceCandidates(
            np.asarray(boxes[:, :4], np.float32),
            np.asarray(boxes[:, 4], np.float32),
            np.asarray(points, np.float32).reshape(-1, 5, 2),
        )


class ArcFace:
    """An ArcFace embedder (Deng et al., CVPR 2019). Thread-safe.

    insightface guesses mean and std from node names of the graph; a guess that differs from the manifest is an error.
    """

    def __init__(self, path: Path, session: OnnxSession, spec: EmbedderSpec) -> None:
        with _library():
            from insightface.model_zoo.arcface_onnx import ArcFaceONNX  # noqa: PLC0415  see the module docstring

        self.spec = spec
        self._model: Any = ArcFaceONNX(model_file=str(path), session=session.raw)
        same = (self._model.input_mean, self._model.input_std) == (spec.mean, spec.std)
        side = tuple(self._model.input_size) == (spec.input_px, spec.input_px)
        _require(same and side and spec.channel_order == "RGB", "manifest.fed_otherwise")

    def embed(self, crop: Uint8Array) -> Float32Array:
        """float32 (dim,) of an aligned BGR crop. Raises SessionError."""
        try:
            vector = self._model.get_feat(crop).reshape(-1)
        except (RuntimeError, ValueError, IndexError, cv2.error) as error:
            raise SessionError(told("session.arcface")) from error
        return np.asarray(vector, np.float32)


@contextlib.contextmanager
def _library() -> Iterator[None]:
    """While insightface is imported. Raises PackNotReadyError where it is not installed."""
    onnx_runtime()
    try:
        yield
    except ImportError as error:
        raise PackNotReadyError(told("manifest.needs_insightface")) from error


def _require(holds: bool, code: str) -> None:
    if not holds:
        raise PackError(told(code))
