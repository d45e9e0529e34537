"""python -m index.vector: compile the loops of all indexes and keep them for the processes to come."""

from __future__ import annotations

from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine

if __name__ == "__main__":
    SearchEngines(FaceEngine.QUANTIZED).warm_up([(0, 1)])
