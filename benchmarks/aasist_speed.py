"""How fast AASIST scores on this machine: a plain loop over files against the engines of truevoice.

    python benchmarks/aasist_speed.py --weights DIR [--audio DIR] [--clips N] [--rounds N] [--no-onnx]

DIR holds the authors' AASIST.pth and AASIST-L.pth. All ways score the same clips in turn, round by round, so that a
busy machine slows them alike; the ratio is that of one round, given as median (lowest to highest). "Plain" is the
unchanged network in float32, one clip at a time, on PyTorch's default number of threads.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from truevoice.detectors.card import Card, cards
from truevoice.detectors.torch_engine import open_torch
from truevoice.models.aasist import AASIST
from truevoice.models.checkpoint import load_strictly, read_state_dict
from truevoice.models.export import export_onnx

Scorer = Callable[[np.ndarray], np.ndarray]


def synthetic_clips(count: int, length: int, rate: int) -> np.ndarray:
    """(count, length) float32: a few gliding tones over noise, from a fixed seed."""
    rng = np.random.default_rng(0)
    seconds = np.arange(length) / rate
    clips = 0.02 * rng.standard_normal((count, length))
    for clip in clips:
        for tone, glide in zip(rng.uniform(80, 4000, 5), rng.uniform(-200, 200, 5)):
            clip += rng.uniform(0.02, 0.1) * np.sin(2 * np.pi * (tone + glide * seconds) * seconds)
    return clips.astype(np.float32)


def recorded_clips(folder: Path, count: int, length: int) -> np.ndarray:
    """(up to count, length) float32 from the first 16 kHz files under `folder`; short ones are repeated."""
    import soundfile

    clips = []
    for path in sorted(item for item in folder.rglob("*") if item.suffix in {".wav", ".flac", ".ogg", ".opus"}):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        if rate == 16000 and len(samples):
            clips.append(np.resize(samples[:, 0], length))
        if len(clips) == count:
            break
    if not clips:
        raise SystemExit(f"{folder}: no 16 kHz recordings found")
    return np.stack(clips)


def plain_loop(card: Card, checkpoint: Path) -> Scorer:
    network = AASIST(**card.arguments).eval()
    load_strictly(network, read_state_dict(checkpoint), str(checkpoint))

    def score(clips: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return np.concatenate([network(torch.from_numpy(clip)[None])[:, 1].numpy() for clip in clips])

    return score


def engine_ways(card: Card, checkpoint: Path) -> dict[str, Scorer]:
    engine = open_torch(card, checkpoint, "cpu")

    def one_by_one(clips: np.ndarray) -> np.ndarray:
        return np.concatenate([engine.run(clip[None]) for clip in clips])

    return {"torch engine, batch 1": one_by_one, "torch engine, batched": engine.run}


def onnx_loops(card: Card, checkpoint: Path, folder: Path) -> dict[str, Scorer]:
    """ONNX Runtime with one clip on all cores, and with one clip on each core."""
    import onnxruntime

    network = AASIST(**card.arguments).eval()
    load_strictly(network, read_state_dict(checkpoint), str(checkpoint))
    path = folder / f"{card.name}.onnx"
    export_onnx(network, path, window=card.window)
    cores = torch.get_num_threads()

    def session(threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    whole, single = session(cores), session(1)
    pool = ThreadPoolExecutor(cores)

    def one_by_one(clips: np.ndarray) -> np.ndarray:
        return np.concatenate([whole.run(None, {"waveform": clip[None]})[0] for clip in clips])

    def side_by_side(clips: np.ndarray) -> np.ndarray:
        return np.concatenate(list(pool.map(lambda clip: single.run(None, {"waveform": clip[None]})[0], clips)))

    return {f"onnx, 1 x {cores} threads": one_by_one, f"onnx, {cores} x 1 thread": side_by_side}


def compare(ways: dict[str, Scorer], clips: np.ndarray, rounds: int, rate: int) -> None:
    """Runs `ways` in turn, `rounds` times, and prints a line for each; the first is the measure of the others."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    scores = {name: way(clips[:2]) for name, way in ways.items()}  # also warms up
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            scores[name] = way(clips)
            times[name].append(time.perf_counter() - start)
    base = next(iter(ways))
    print(f"{'way':24}{'clips/s':>9}{'x real time':>13}{'ratio (lowest-highest)':>27}{'max |delta|':>13}")
    for name in ways:
        ratios = [plain / own for plain, own in zip(times[base], times[name])]
        per_second = len(clips) / statistics.median(times[name])
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        drift = np.abs(scores[name] - scores[base]).max()
        real_time = per_second * clips.shape[1] / rate
        print(f"{name:24}{per_second:9.2f}{real_time:13.1f}{spread:>27}{drift:13.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--audio", type=Path)
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-onnx", action="store_true")
    asked = parser.parse_args()

    for name in ("aasist", "aasist-l"):
        card = cards()[name]
        assert card.weights is not None
        checkpoint = asked.weights / card.weights.file
        if asked.audio:
            clips = recorded_clips(asked.audio, asked.clips, card.window)
        else:
            clips = synthetic_clips(asked.clips, card.window, card.sample_rate)
        ways: dict[str, Scorer] = {
            "plain loop": plain_loop(card, checkpoint),
            **engine_ways(card, checkpoint),
        }
        with tempfile.TemporaryDirectory() as folder:
            if not asked.no_onnx:
                ways |= onnx_loops(card, checkpoint, Path(folder))
            print(f"\n{card.title}: {len(clips)} clips of {clips.shape[1] / card.sample_rate:.2f} s, ", end="")
            print(f"{asked.rounds} rounds, {torch.get_num_threads()} threads")
            compare(ways, clips, asked.rounds, card.sample_rate)


if __name__ == "__main__":
    main()
