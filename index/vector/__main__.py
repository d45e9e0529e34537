"""python -m index.vector: compile the loops of all indexes and keep them for the processes to come."""

from __future__ import annotations

import gc

from index.vector.engines import SearchEngines
from index.vector.face_engine import FaceEngine

if __name__ == "__main__":
    # Nearly all that numba makes meanwhile lives until the end: walking over it again and again is a tenth of the time.
    gc.disable()
    SearchEngines(FaceEngine.QUANTIZED).warm_up([(0, 1)])
