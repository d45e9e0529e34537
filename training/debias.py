"""Between two exports: how the detector's points differ from the refiner's on average, over training photographs.

Writes point-bias.npy float32 (5, 2) into --cache: what to add, as a share of the box's width and height. Run it on a
pack exported without that file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from training.prepare import central_face
from training.student import Student


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--count", type=int, default=1000)
    options = parser.parse_args()
    student = Student(options.pack)
    photos = np.load(options.cache / "photos.npy", mmap_mode="r")
    faces = np.load(options.cache / "faces.npz")
    train = np.flatnonzero(faces["found"] & ~faces["held_out"])
    shares = []
    for at in train[:: max(1, len(train) // options.count)]:
        ours = student.detect(cv2.cvtColor(photos[at], cv2.COLOR_GRAY2BGR))
        if len(ours) == 0:
            continue
        box = faces["boxes_px"][at]
        near = central_face(ours.boxes_px, float(box[0] + box[2]), float(box[1] + box[3]))
        side = ours.boxes_px[near, 2:] - ours.boxes_px[near, :2]
        share = (faces["points_px"][at] - ours.points_px[near]) / side
        if np.abs(share).max() < 0.25:
            shares.append(share)
    bias = np.mean(shares, axis=0).astype(np.float32)
    np.save(options.cache / "point-bias.npy", bias)
    print(f"{len(shares)} photographs; bias as a share of the box: {np.round(bias, 4).tolist()}")


if __name__ == "__main__":
    main()
