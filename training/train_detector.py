"""Step 4: train the detector on mosaics labeled by YuNet with the refiner; resumable, seeded, progress shown."""

from __future__ import annotations

import argparse
import copy
import queue
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from training.detector_loss import assign, detector_loss
from training.detector_net import Detector
from training.mosaics import SIDE_PX, Mosaics
from training.optimizer import Muon
from training.train_embedder import rate_at, update_average


def batches(mosaics: Mosaics, size: int, seed: int, start: int) -> queue.Queue:
    """A queue that a background thread fills with (pictures, labels a stride, rows a stride)."""
    filled: queue.Queue = queue.Queue(maxsize=6)

    def fill() -> None:
        step = start
        while True:
            rng = np.random.default_rng([seed, step])
            pictures, labels, rows = [], [[], [], []], [[], [], []]
            for _ in range(size):
                picture, faces = mosaics.draw(rng)
                label, row = assign(faces, SIDE_PX)
                pictures.append(picture)
                for level in range(3):
                    labels[level].append(label[level])
                    rows[level].append(row[level])
            filled.put((np.stack(pictures), [np.stack(one) for one in labels], [np.stack(one) for one in rows]))
            step += 1

    threading.Thread(target=fill, daemon=True).start()
    return filled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=20000, help="length of the schedule")
    parser.add_argument("--minutes", type=float, help="end the schedule after this much training time instead")
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--rate", type=float, default=0.02, help="Muon's; AdamW takes a tenth")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="detector")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    mosaics = Mosaics(options.cache)
    model = Detector().to(memory_format=torch.channels_last)
    average = copy.deepcopy(model)
    matrices = [p for p in model.parameters() if p.ndim == 4 and p.shape[1] > 1 and p.shape[0] != 15]
    chosen = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in chosen]
    optimizers = [Muon(matrices, weight_decay=0.02), torch.optim.AdamW(others, weight_decay=0.02, betas=(0.9, 0.98))]
    step, elapsed = 0, 0.0
    checkpoint = options.cache / f"{options.name}.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        step, elapsed = state["step"], state["elapsed"]
        print(f"resumed at step {step}, {elapsed / 60:.1f} min", flush=True)

    def save() -> None:
        state = {"model": model.state_dict(), "average": average.state_dict(), "step": step, "elapsed": elapsed}
        torch.save({**state, "optimizers": [one.state_dict() for one in optimizers]}, checkpoint.with_suffix(".tmp"))
        checkpoint.with_suffix(".tmp").replace(checkpoint)

    filled = batches(mosaics, options.batch, options.seed, step)
    forward = torch.compile(model) if options.compile else model
    last_save = last_time = time.monotonic()
    shown: list[dict[str, float]] = []
    while True:
        progress = elapsed / 60 / options.minutes if options.minutes else step / options.steps
        if progress >= 1:
            break
        for optimizer, base in zip(optimizers, (options.rate, options.rate / 10), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = base * rate_at(progress)
        model.train()
        pictures, labels, rows = filled.get()
        images = torch.from_numpy(pictures).float()[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            maps = forward(images)
        truth = [[torch.from_numpy(one) for one in group] for group in (labels, rows)]
        loss, parts = detector_loss(maps, truth[0], truth[1])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(others, 5.0)
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        step += 1
        update_average(average, model, min(0.998, (1 + step) / (10 + step)))
        now = time.monotonic()
        elapsed, last_time = elapsed + now - last_time, now
        shown.append(parts)
        if step % 50 == 0:
            means = " ".join(f"{name} {np.mean([one[name] for one in shown]):.4f}" for name in parts)
            speed = step * options.batch / elapsed
            print(f"step {step} {100 * progress:.1f} % {elapsed / 60:.1f} min {means} {speed:.0f} images/s", flush=True)
            shown.clear()
        if now - last_save > 120:
            save()
            last_save = now
    save()


if __name__ == "__main__":
    main()
