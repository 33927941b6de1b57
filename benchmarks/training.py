"""How fast training goes on this machine: a plain PyTorch loop against `truevoice.training.fit`.

    python benchmarks/training.py --data SET [--clips N] [--rounds N] [--models mel-cnn,aasist] [--threads N]

SET: any labelled set of at least N training recordings. Both train the same network on the same recordings in batches
of the same size, with Adam, cross-entropy and random windows, in turn, round by round, so that a busy machine slows
them alike. The first epoch decodes; in the second, both have the recordings in memory. Clips per second are counted
from the end of an epoch's first step to the end of its last, so that neither start nor validation count; the ratio is
that of one round (ours over plain, above 1 = ours is faster), given as median (lowest to highest).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from truevoice.audio import load_audio
from truevoice.data.manifest import Manifest, write_manifest
from truevoice.data.readers import open_set
from truevoice.data.trial import BONAFIDE, LABELS, Trial
from truevoice.training.fit import fit
from truevoice.training.recipe import settle
from truevoice.training.settings import Network
from truevoice.training.start import begin
from truevoice.windows import repeat_to

BATCH = {"mel-cnn": 32, "aasist": 4}
CLIPS = {"mel-cnn": 320, "aasist": 12}  # of AASIST few: half a minute a round on two cores
ARGUMENTS = {"mel-cnn": {"channels": 1}, "aasist": {}}
CLOCK = [time.perf_counter]
LEFT_FOR_VALIDATION = 2  # of each class


@dataclass
class Speeds:
    """Clips per second in the epoch that decodes, and in the one that does not."""

    decoding: float
    in_memory: float


class Plain(Dataset):
    """What a student's script has: decode, keep, cut at random, repeat what is short."""

    def __init__(self, trials: list[Trial], window: int) -> None:
        self.trials, self.window = trials, window
        self.waves: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.trials)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        if index not in self.waves:
            self.waves[index] = load_audio(self.trials[index].source)
        wave = self.waves[index]
        if len(wave) > self.window:
            start = int(torch.randint(len(wave) - self.window + 1, ()))
            wave = wave[start : start + self.window]
        else:
            wave = repeat_to(wave, self.window)
        return torch.from_numpy(np.ascontiguousarray(wave)), int(self.trials[index].label == BONAFIDE)


def plain_speeds(model: str, trials: list[Trial]) -> Speeds:
    start = begin(Network(model=model, arguments=ARGUMENTS[model]), "ce", None)
    network, loss_of = start.network.train(), nn.CrossEntropyLoss()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-4)
    loader = DataLoader(Plain(trials, start.card.window), BATCH[model], shuffle=True, drop_last=True)
    found = []
    for _ in range(2):
        ends, total = [], 0.0
        for waves, labels in loader:
            optimiser.zero_grad()
            loss = loss_of(network(waves), labels)
            loss.backward()
            optimiser.step()
            total += loss.item()
            ends.append(CLOCK[0]())
        found.append(rate(ends, BATCH[model]))
    return Speeds(*found)


def our_speeds(model: str, data: Path, out: Path, steps: int) -> Speeds:
    ends: dict[int, float] = {}

    def progress(done: int, total: int, words: str) -> None:
        if "loss" in words:
            ends[done] = CLOCK[0]()

    settings = settle(
        {
            "network": {"model": model, "arguments": ARGUMENTS[model]},
            "data": {"data": str(data), "leak_report": False},
            "optimiser": {"optimiser": "adam", "weight_decay": 0.0},
            "schedule": {"epochs": 2, "batch_size": BATCH[model], "device": "cpu"},
        }
    )
    fit(settings, out, progress=progress)
    epochs = [[ends[step] for step in range(first + 1, first + steps + 1)] for first in (0, steps)]
    return Speeds(*(rate(epoch, BATCH[model]) for epoch in epochs))


def rate(ends: list[float], batch: int) -> float:
    return batch * (len(ends) - 1) / (ends[-1] - ends[0])


def chosen(data: Path, count: int) -> tuple[list[Trial], list[Trial]]:
    """`count` recordings to learn from, half of each class, and a few to validate on."""
    trials = open_set(data).trials
    by_label = {label: [trial for trial in trials if trial.label == label] for label in LABELS}
    half = count // 2
    if min(len(own) for own in by_label.values()) < half + LEFT_FOR_VALIDATION:
        raise SystemExit(f"{data}: has not {half + LEFT_FOR_VALIDATION} recordings of each class")
    learnt = [trial for own in by_label.values() for trial in own[:half]]
    return learnt, [trial for own in by_label.values() for trial in own[half : half + LEFT_FOR_VALIDATION]]


def told(name: str, ours: list[float], plain: list[float]) -> str:
    ratios = [one / other for one, other in zip(ours, plain)]
    return (
        f"  {name:<18} plain {statistics.median(plain):8.1f}   truevoice {statistics.median(ours):8.1f}   "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=0, help="recordings to train on; 0: as suits the model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", default="mel-cnn,aasist")
    parser.add_argument("--threads", type=int, default=0, help="of PyTorch; 0: its default")
    parser.add_argument("--cpu-time", action="store_true", help="count the process's own seconds (a busy machine)")
    options = parser.parse_args()
    if options.cpu_time:
        CLOCK[0] = time.process_time
    if options.threads:
        torch.set_num_threads(options.threads)
    for model in options.models.split(","):
        count = options.clips or CLIPS[model]
        learnt, checked = chosen(options.data, count)
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "manifest.csv"
            rows = [(trial, "train") for trial in learnt] + [(trial, "val") for trial in checked]
            trials = [Trial(one.name, one.source, one.label, {"split": split}) for one, split in rows]
            write_manifest(Manifest("chosen", Path(folder), trials, columns=["split"]), table)
            ours, plain = [], []
            for number in range(options.rounds):
                plain.append(plain_speeds(model, learnt))
                ours.append(our_speeds(model, table, Path(folder) / f"run-{number}", count // BATCH[model]))
        print(
            f"{model}: {count} clips in batches of {BATCH[model]}, {torch.get_num_threads()} threads, clips/s",
            flush=True,
        )
        for name in ("decoding", "in_memory"):
            rates = [[getattr(one, name) for one in side] for side in (ours, plain)]
            print(told(name.replace("_", " "), *rates), flush=True)


if __name__ == "__main__":
    main()
