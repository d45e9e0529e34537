"""Seeded detector training pictures: photographs at all scales on varied backgrounds, and pictures without faces."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from training.ridges import generated_prints

SIDE_PX = 224
SMALLEST_PX, LARGEST_PX = 9.0, 215.0
MIRRORED = np.array([1, 0, 2, 4, 3])


def texture(side: int, rng: np.random.Generator) -> np.ndarray:
    """A picture without a face: smooth noise, stripes, ridges, shapes or a flat tone; uint8 (side, side)."""
    kind = rng.integers(0, 6)
    if kind == 0:
        return np.full((side, side), rng.integers(0, 256), np.uint8)
    if kind == 5:
        picture = np.full((side, side), rng.integers(0, 256), np.uint8)
        for _ in range(rng.integers(3, 30)):
            center = tuple(int(v) for v in rng.integers(0, side, 2))
            axes = tuple(int(v) for v in rng.integers(2, side // 3, 2))
            tone, turn = int(rng.integers(0, 256)), float(rng.uniform(0, 180))
            if rng.random() < 0.5:
                cv2.ellipse(picture, center, axes, turn, 0, 360, tone, -1 if rng.random() < 0.7 else 2)
            else:
                corners = cv2.boxPoints((center, axes, turn)).astype(np.int32)
                cv2.fillPoly(picture, [corners], tone)
        return picture
    coarse = int(rng.integers(3, 40))
    noise = rng.normal(0, 1, (coarse, coarse)).astype(np.float32)
    smooth = cv2.resize(noise, (side, side), interpolation=cv2.INTER_CUBIC)
    if kind <= 2:
        fine = rng.normal(0, rng.uniform(0, 0.6), (side, side)).astype(np.float32)
        field = smooth + (cv2.GaussianBlur(fine, (0, 0), rng.uniform(0.5, 3)) if kind == 2 else fine)
    else:
        y, x = np.mgrid[:side, :side].astype(np.float32)
        turn, period = rng.uniform(0, np.pi), rng.uniform(4, 40)
        bend = smooth * rng.uniform(0, 4) if kind == 4 else 0
        field = np.sin((np.cos(turn) * x + np.sin(turn) * y) * 2 * np.pi / period + bend)
    low, high = np.sort(rng.uniform(0, 255, 2))
    field = (field - field.min()) / max(1e-6, float(field.max() - field.min()))
    return (low + field * (high - low)).astype(np.uint8)


def scramble(photo: np.ndarray, box: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A hard negative: the tiles of a face in another order."""
    x1, y1, x2, y2 = (int(v) for v in np.clip(box, 0, 250))
    patch = cv2.resize(photo[y1 : max(y2, y1 + 8), x1 : max(x2, x1 + 8)], (96, 96))
    tiles = patch.reshape(3, 32, 3, 32).swapaxes(1, 2).reshape(9, 32, 32)
    order = np.roll(np.arange(9), int(rng.integers(2, 8)))
    rng.shuffle(order[:5])
    return tiles[order].reshape(3, 3, 32, 32).swapaxes(1, 2).reshape(96, 96)


def paste(
    canvas: np.ndarray, photo: np.ndarray, linear: np.ndarray, offset: np.ndarray, window: tuple[int, ...]
) -> None:
    """Draw a photograph through point -> linear @ point + offset into a window of the canvas, free of aliases."""
    x1, y1, x2, y2 = window
    scale = float(np.sqrt(abs(np.linalg.det(linear))))
    side = photo.shape[0]
    small = min(side, max(8, int(side * scale * 1.1)))
    shrunk = photo if small == side else cv2.resize(photo, (small, small), interpolation=cv2.INTER_AREA)
    ratio = side / small
    # Pixel centers: a point p of the photograph lies at (p + 0.5) / ratio - 0.5 of the shrunk one.
    matrix = np.hstack([linear * ratio, (offset - [x1, y1] + linear @ np.full(2, ratio / 2 - 0.5))[:, None]])
    size = (x2 - x1, y2 - y1)
    drawn = cv2.warpAffine(shrunk, matrix, size, flags=cv2.INTER_LINEAR)
    inside = cv2.warpAffine(np.full((small, small), 255, np.uint8), matrix, size) > 250
    region = canvas[y1:y2, x1:x2]
    region[inside] = drawn[inside]


class Mosaics:
    """Draws (picture uint8 (224, 224), faces float32 (k, 16)): x1 y1 x2 y2, 5 x (x, y), certain, has_points."""

    def __init__(self, cache: Path) -> None:
        self.photos = np.load(cache / "photos.npy", mmap_mode="r")
        table = np.load(cache / "photos-faces.npz")
        held = table["held_out"]
        self.prints = generated_prints(300, seed=5)
        self.train = np.flatnonzero(~held)
        rows = table["rows"]
        owners = table["owners"]
        first = np.searchsorted(owners, np.arange(len(self.photos) + 1))
        self.faces = [rows[first[at] : first[at + 1]] for at in range(len(self.photos))]

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """One picture and its faces."""
        kind = rng.random()
        chance = rng.random()
        if chance < 0.12 or (kind < 0.08 and chance < 0.7):
            canvas = self.print_crop(rng)
        else:
            canvas = texture(SIDE_PX, rng) if chance < 0.6 else self.backdrop(rng)
        faces: list[np.ndarray] = []
        if kind < 0.15:
            if kind < 0.11:
                self.distract(canvas, rng)
        elif kind < 0.62:
            self.place(canvas, faces, (0, 0, SIDE_PX, SIDE_PX), rng, largest=LARGEST_PX)
        else:
            cells = int(rng.choice([2, 2, 3, 4]))
            cuts_x = np.linspace(0, SIDE_PX, cells + 1) + np.r_[0, rng.uniform(-12, 12, cells - 1), 0]
            cuts_y = np.linspace(0, SIDE_PX, cells + 1) + np.r_[0, rng.uniform(-12, 12, cells - 1), 0]
            for row in range(cells):
                for column in range(cells):
                    if rng.random() < 0.85:
                        window = (cuts_x[column], cuts_y[row], cuts_x[column + 1], cuts_y[row + 1])
                        self.place(canvas, faces, tuple(int(v) for v in window), rng, largest=SIDE_PX / cells)
        return spoil(canvas, rng), np.array(faces, np.float32).reshape(-1, 16)

    def print_crop(self, rng: np.random.Generator) -> np.ndarray:
        """Part of a generated print, at a scale where its ridges are 4 to 20 px apart."""
        stock = self.prints[rng.integers(len(self.prints))]
        side = int(rng.integers(80, len(stock) + 1))
        x, y = (int(v) for v in rng.integers(0, len(stock) - side + 1, 2))
        part = cv2.resize(stock[y : y + side, x : x + side], (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_LINEAR)
        return np.ascontiguousarray(part if rng.random() < 0.5 else part[::-1])

    def backdrop(self, rng: np.random.Generator) -> np.ndarray:
        """A corner of a photograph without any face in it, enlarged."""
        for _ in range(4):
            at = rng.choice(self.train)
            side = int(rng.integers(40, 110))
            x, y = (int(v) for v in rng.integers(0, 250 - side, 2))
            boxes = self.faces[at][:, :4]
            inside = (boxes[:, 0] < x + side) & (boxes[:, 2] > x) & (boxes[:, 1] < y + side) & (boxes[:, 3] > y)
            if not inside.any():
                return cv2.resize(self.photos[at][y : y + side, x : x + side], (SIDE_PX, SIDE_PX))
        return texture(SIDE_PX, rng)

    def distract(self, canvas: np.ndarray, rng: np.random.Generator) -> None:
        """Paste face-free pieces and scrambled faces."""
        for _ in range(rng.integers(0, 6)):
            at = rng.choice(self.train)
            side = int(rng.integers(16, 120))
            hard = rng.random() < 0.5 and len(self.faces[at]) > 0
            patch = scramble(self.photos[at], self.faces[at][0, :4], rng) if hard else self.backdrop(rng)
            x, y = (int(v) for v in rng.integers(0, SIDE_PX - side, 2))
            canvas[y : y + side, x : x + side] = cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA)

    def place(
        self,
        canvas: np.ndarray,
        faces: list[np.ndarray],
        window: tuple[int, ...],
        rng: np.random.Generator,
        *,
        largest: float,
    ) -> None:
        """Draw a photograph into a window (x1 y1 x2 y2) so that its main face has a random size and place."""
        at = rng.choice(self.train)
        own = self.faces[at]
        if len(own) == 0:
            return
        main = own[np.argmin(np.abs((own[:, :2] + own[:, 2:4]) / 2 - 125).sum(1))]
        size = np.exp(rng.uniform(np.log(max(SMALLEST_PX, largest / 8)), np.log(largest * 0.97)))
        scale = size / max(main[2] - main[0], main[3] - main[1])
        angle = np.deg2rad(rng.normal(0, 25 if rng.random() < 0.15 else 7))
        mirror = -1.0 if rng.random() < 0.5 else 1.0
        stretch = np.exp(rng.normal(0, 0.05))
        c, s = scale * np.cos(angle), scale * np.sin(angle)
        linear = np.array([[c * mirror * stretch, -s], [s * mirror * stretch, c]])
        x1, y1, x2, y2 = window
        room = np.maximum([x2 - x1 - size, y2 - y1 - size], 0) / 2 + 0.1 * size
        goal = np.array([(x1 + x2) / 2, (y1 + y2) / 2]) + rng.uniform(-1, 1, 2) * room
        offset = goal - linear @ ((main[:2] + main[2:4]) / 2)
        paste(canvas, self.photos[at], linear, offset, window)
        for face in own:
            center = linear @ ((face[:2] + face[2:4]) / 2) + offset
            half = np.array([face[2] - face[0], face[3] - face[1]]) / 2 * scale
            half = half * abs(np.cos(angle)) + half[::-1] * abs(np.sin(angle)) * 0.5
            points = face[4:14].reshape(5, 2) @ linear.T + offset
            points = points[MIRRORED] if mirror < 0 else points
            low, high = np.maximum(center - half, [x1, y1]), np.minimum(center + half, [x2, y2])
            seen = np.prod(np.maximum(high - low, 0)) / np.prod(2 * half)
            if seen < 0.15:
                continue
            certain = face[14] >= 0.6 and seen > 0.6 and 2 * half.max() >= SMALLEST_PX - 1
            faces.append(np.concatenate([center - half, center + half, points.ravel(), [certain, seen > 0.8]]))


def spoil(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tone, blur, noise and JPEG as cameras and scanners give them."""
    if rng.random() < 0.6:
        levels = (np.arange(256) / 255) ** np.exp(rng.normal(0, 0.4))
        levels = (levels - 0.5) * np.exp(rng.normal(0, 0.3)) + 0.5 + rng.normal(0, 0.1)
        picture = cv2.LUT(picture, np.clip(levels * 255, 0, 255).astype(np.uint8))
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6))
    if rng.random() < 0.2:
        noise = cv2.randn(np.empty(picture.shape, np.int16), 0, rng.uniform(2, 14))
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.25:
        packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.uniform(20, 85))])[1]
        picture = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return picture
