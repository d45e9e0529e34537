"""Step 3: train the embedder on teacher vectors; resumable, seeded, progress shown.

Loss: 1 - cosine to the teacher's vector, plus the mean squared difference of the batch's pairwise similarities
(relational distillation, Park et al. 2019), plus the mean squared error of the teachers' standardized maps (hints,
Romero et al. 2015), whose weight fades towards the end. Muon (orthogonalized momentum, Jordan 2024) on convolutions,
AdamW on the rest, one warm-up and a straight cool-down, an exponential moving average of the weights is what counts.
"""

from __future__ import annotations

import argparse
import copy
import json
import queue
import signal
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.nn import functional

from training.augment import augment
from training.crops import CropPool
from training.embedder_net import Embedder, HintedEmbedder
from training.hints import STEPS
from training.optimizer import Muon
from training.verification import figures

# A program that was suspended has not trained meanwhile.
LONGEST_STEP_S = 10.0


def batches(pool: CropPool, size: int, seed: int, start: int) -> queue.Queue:
    """A queue that a background thread fills with (crops uint8 (n, 112, 112), targets float32 (n, 384), hints int8)."""
    filled: queue.Queue = queue.Queue(maxsize=6)

    def fill() -> None:
        step = start
        while True:
            rng = np.random.default_rng([seed, step])
            crops, targets, hints = pool.draw(size, rng)
            filled.put((np.stack([augment(crop, rng) for crop in crops]), targets, hints))
            step += 1

    threading.Thread(target=fill, daemon=True).start()
    return filled


def embed(model: torch.nn.Module, crops: np.ndarray) -> np.ndarray:
    """Unit vectors of gray crops, in full precision."""
    model.eval()
    parts = []
    with torch.inference_mode():
        for at in range(0, len(crops), 64):
            images = torch.from_numpy(np.ascontiguousarray(crops[at : at + 64])).float()[:, None]
            parts.append(functional.normalize(model(images)).numpy())
    return np.vstack(parts)


def summary(model: torch.nn.Module, pool: CropPool) -> str:
    """One line of held-out figures."""
    vectors = embed(model, pool.held_crops)
    cosine = float((vectors * pool.held_targets).sum(1).mean())
    result = figures(vectors, pool.held_subjects)
    shown = ("accuracy_10_fold", "rank_1", "fnmr_at_fmr_1e-03")
    values = {name: round(100 * result[name]["value"], 2) for name in shown}
    return f"cosine {cosine:.4f} {json.dumps(values)}"


def update_average(average: torch.nn.Module, model: torch.nn.Module, decay: float) -> None:
    """Move the average towards the model; statistics are averaged too."""
    with torch.no_grad():
        for ours, theirs in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
            if ours.dtype.is_floating_point:
                ours.lerp_(theirs, 1 - decay)
            else:
                ours.copy_(theirs)


def hint_loss(maps: list[torch.Tensor], hints: tuple[np.ndarray, ...]) -> torch.Tensor:
    """Mean squared error of maps against standardized ones, where 1 is that of knowing nothing."""
    pairs = zip(maps, hints, strict=True)
    return sum(
        functional.mse_loss(ours.permute(0, 2, 3, 1).float(), torch.from_numpy(codes) / STEPS) for ours, codes in pairs
    )


def losses(vectors: torch.Tensor, targets: torch.Tensor, relational: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Total loss and the mean cosine."""
    unit = functional.normalize(vectors.float())
    cosine = (unit * targets).sum(1).mean()
    ours, theirs = unit @ unit.T, targets @ targets.T
    return 1 - cosine + relational * functional.mse_loss(ours, theirs), cosine


def rate_at(progress: float) -> float:
    """Learning rate factor: 3 % warm-up, flat to 30 %, then straight down."""
    return min(1.0, progress / 0.03 + 0.02) * min(1.0, max(0.01, (1 - progress) / 0.7))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=40000, help="length of the schedule")
    parser.add_argument("--minutes", type=float, help="end the schedule after this much training time instead")
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--rate", type=float, default=0.02, help="Muon's; AdamW takes a tenth")
    parser.add_argument("--relational", type=float, default=10.0)
    parser.add_argument("--hints", type=float, default=1.0, help="weight of the maps at the start")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="embedder")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    torch.manual_seed(options.seed)
    pool = CropPool(options.cache)
    embedder = Embedder()
    model = HintedEmbedder(embedder).to(memory_format=torch.channels_last)
    average = copy.deepcopy(embedder)
    matrices = [p for p in model.parameters() if p.ndim == 4 and p.shape[1] > 1]
    others = [p for p in model.parameters() if not (p.ndim == 4 and p.shape[1] > 1)]
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

    filled = batches(pool, options.batch, options.seed, step)
    forward = torch.compile(model) if options.compile else model
    last_save = last_check = last_time = time.monotonic()
    shown: list[tuple[float, float]] = []
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    while not stopping.is_set():
        progress = elapsed / 60 / options.minutes if options.minutes else step / options.steps
        if progress >= 1:
            break
        for optimizer, base in zip(optimizers, (options.rate, options.rate / 10), strict=True):
            for group in optimizer.param_groups:
                group["lr"] = base * rate_at(progress)
        model.train()
        crops, targets, hints = filled.get()
        images = torch.from_numpy(crops).float()[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            vectors, maps = forward(images)
        hint_error = hint_loss(maps, hints)
        loss, cosine = losses(vectors, torch.from_numpy(targets), options.relational)
        (loss + options.hints * (1 - progress) * hint_error).backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        step += 1
        update_average(average, embedder, min(0.998, (1 + step) / (10 + step)))
        now = time.monotonic()
        elapsed, last_time = elapsed + min(now - last_time, LONGEST_STEP_S), now
        shown.append((float(cosine.detach()), float(hint_error.detach())))
        if step % 100 == 0:
            speed = step * options.batch / elapsed
            mean_cosine, mean_hint = np.mean(shown, axis=0)
            print(
                f"step {step} {100 * progress:.1f} % {elapsed / 60:.1f} min cosine {mean_cosine:.4f} "
                f"hints {mean_hint:.4f} pool {len(pool)} {speed:.0f} images/s",
                flush=True,
            )
            shown.clear()
        if now - last_save > 180:
            save()
            last_save = now
        if now - last_check > 480:
            print(f"held out: {summary(average, pool)}", flush=True)
            last_check = now
            pool.refresh()
    save()
    print(f"held out, final: {summary(average, pool)}", flush=True)


if __name__ == "__main__":
    main()
