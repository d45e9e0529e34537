"""Aligned crop to unit vector; several embedders joined to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from index.arrays import Float32Array
from matcher.errors import SessionError
from matcher.packs.session import ModelSession
from matcher.packs.store import EmbedderSpec
from matcher.samples import Uint8Array
from matcher.texts.catalog import told


class Embedder(Protocol):
    """One embedder model. Thread-safe."""

    spec: EmbedderSpec

    def embed(self, crop: Uint8Array) -> Float32Array:
        """float32 (dim,), not yet normalized, of an aligned BGR crop uint8 (input_px, input_px, 3)."""
        ...


class OnnxEmbedder:
    """An embedder that is one ONNX model with one image input and one vector output. Thread-safe."""

    def __init__(self, session: ModelSession, spec: EmbedderSpec) -> None:
        self._session = session
        self.spec = spec

    def embed(self, crop: Uint8Array) -> Float32Array:
        """float32 (dim,). Raises SessionError, also where the model gives another dimension than its manifest."""
        blob = crop_blob(crop, self.spec)
        vector = self._session.run({self._session.input_names[0]: blob})[0].reshape(-1)
        return vector.astype(np.float32, copy=False)


def crop_blob(crop: Uint8Array, spec: EmbedderSpec) -> Float32Array:
    """float32 (1, channels, side, side): the crop as the manifest says the model wants it."""
    if spec.channel_order == "GRAY":
        crop = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    blob = cv2.dnn.blobFromImage(
        crop,
        scalefactor=1.0 / spec.std,
        mean=(spec.mean, spec.mean, spec.mean),
        swapRB=spec.channel_order == "RGB",
    )
    return np.asarray(blob, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """vector: float32 (dim,), unit length. strength: where its length before normalization lies between the 5th
    percentile (0) and the median (1) of press photographs, mean over the embedders; None where it is not known."""

    vector: Float32Array
    strength: float | None


def joined_embedding(embedders: Sequence[Embedder], crop: Uint8Array) -> Embedding:
    """Each embedding to unit length, then joined, then to unit length, so that the cosine of two templates is the
    mean of the embedders' cosines. Raises SessionError where a model gives no usable vector."""
    vectors = [embedder.embed(crop) for embedder in embedders]
    lengths = [_length(vector, embedder.spec.dim) for vector, embedder in zip(vectors, embedders, strict=True)]
    units = [vector / np.float32(length) for vector, length in zip(vectors, lengths, strict=True)]
    joined = np.concatenate(units) / np.float32(np.sqrt(len(units)))
    return Embedding(joined.astype(np.float32, copy=False), _strength(lengths, embedders))


def _strength(lengths: Sequence[float], embedders: Sequence[Embedder]) -> float | None:
    typical = np.array([embedder.spec.typical_length for embedder in embedders])
    weak = np.array([embedder.spec.weak_length for embedder in embedders])
    if np.any(typical <= weak):
        return None
    return float(np.mean((np.array(lengths) - weak) / (typical - weak)))


def _length(vector: Float32Array, dim: int) -> float:
    length = float(np.linalg.norm(vector))
    if vector.shape != (dim,) or not np.isfinite(length) or length < 1e-6:
        raise SessionError(told("session.vector"))
    return length
