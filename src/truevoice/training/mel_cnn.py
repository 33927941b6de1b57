"""Trains mel-cnn, calibrates it, and writes its graph and description: `python -m truevoice.training.mel_cnn`.

Learns from split `train` of the corpus; split `val` chooses the epoch and the seed and gives the calibration; split
`test` is never opened. The features of every clip are computed once and kept, so an epoch takes seconds.
"""

from __future__ import annotations

import argparse
import copy
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from truevoice.detectors.onnx_engine import OnnxEngine
from truevoice.errors import TruevoiceError
from truevoice.metrics import auc, eer
from truevoice.metrics.calibration import fit
from truevoice.models.mel_cnn import FRAMES, HOP, POOLED_BANDS, POOLED_FRAMES, SAMPLE_RATE, WINDOW, LogMel, MelCNN
from truevoice.training.augment import augment
from truevoice.training.corpus import Clip, clips, loaded
from truevoice.training.export import to_graph, write
from truevoice.windows import WindowPolicy, cut, pool, repeat_to

NAME = "mel-cnn"
POLICY = WindowPolicy("overlap", WINDOW, WINDOW // 2, "mean")
SCORE = "difference of the two logits, bona fide minus spoof; the file's score is the mean over its windows"
EMPTY_DB = -150.0
_CHUNK = 256
_FEATURES = LogMel()


@dataclass(frozen=True)
class Recipe:
    """How to train: all that decides the weights besides the clips and the seed.

    `dropout` is the one in training. `memory` is the decay per step of the running mean of the weights, which is
    what is kept.
    """

    channels: int = 16
    dropout: float = 0.2
    epochs: int = 8
    batch: int = 32
    rate: float = 5e-3
    weight_decay: float = 0.01
    memory: float = 0.995


@dataclass(frozen=True)
class Features:
    """Mel power in dB: of whole clips for training, of the policy's windows for validation. float16 to save memory.

    `spectrograms[i]`: (frames, 128) or (windows, 80, 128); `bonafide`: (clips,) truth values.
    """

    spectrograms: list[NDArray[np.float16]]
    bonafide: NDArray[np.bool_]


@dataclass(frozen=True)
class Trained:
    """The best network of one seed, the epoch it stood at, and its file scores on the validation clips."""

    network: MelCNN
    seed: int
    epoch: int
    scores: NDArray[np.float64]
    eer: float
    auc: float


def whole_clips(listed: list[Clip]) -> Features:
    """Features of whole clips to draw windows from; a clip below 2 s is repeated to 3 s to give the draw a choice."""
    found = []
    for wave in loaded(listed):
        if len(wave) < WINDOW:
            wave = repeat_to(wave, WINDOW * 3 // 2)
        found.append(_decibels(wave[None, : len(wave) // HOP * HOP])[0])
    return Features(found, np.array([clip.bonafide for clip in listed]))


def policy_windows(listed: list[Clip]) -> Features:
    """Features of the windows that the shipped window policy cuts."""
    found = [_decibels(cut(wave, POLICY)[1]) for wave in loaded(listed)]
    return Features(found, np.array([clip.bonafide for clip in listed]))


class EvenHead(nn.Module):
    """The linear layer in training: one set of weights for all 39 instants of a window, on their mean.

    What tells a spoof may come at any instant, so weights that differ between instants have little to learn: in a
    trial with eight channels and five epochs they came to a validation EER of 30.6 %, the even ones to 29.8 %.
    """

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels * POOLED_BANDS, 2)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """Pooled maps (batch, channels, 63, 39) to logits (batch, 2)."""
        return self.linear(self.dropout(maps.mean(dim=-1).flatten(1)))

    def spread_to(self, output: nn.Linear) -> None:
        """Writes the same function into the network's own layer: every instant gets 1/39 of the weight."""
        weights = self.linear.weight.detach().repeat_interleave(POOLED_FRAMES, dim=1) / POOLED_FRAMES
        output.load_state_dict({"weight": weights, "bias": self.linear.bias.detach()})


def train(recipe: Recipe, seed: int, learn: Features, check: Features) -> Trained:
    """Trains one network; keeps the running mean of its weights at the epoch with the lowest validation EER."""
    torch.manual_seed(seed)
    random, draw = torch.Generator().manual_seed(seed), np.random.default_rng(seed)
    network = MelCNN(recipe.channels, recipe.dropout).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    head = EvenHead(recipe.channels, recipe.dropout)
    learnt = [*network.convolution.parameters(), *network.norm.parameters(), *head.parameters()]
    steps = max(1, len(learn.spectrograms) // recipe.batch)
    batch = len(learn.spectrograms) // steps
    optimizer = torch.optim.AdamW(learnt, lr=recipe.rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.rate, total_steps=recipe.epochs * steps, pct_start=0.15
    )
    labels = torch.from_numpy(learn.bonafide.astype(np.int64))
    class_weights = len(labels) / (2 * torch.bincount(labels, minlength=2).float())
    mean = copy.deepcopy(network)
    best: Trained | None = None
    for epoch in range(1, recipe.epochs + 1):
        started, total = time.monotonic(), 0.0
        network.train()
        for step, chosen in enumerate(draw.permutation(len(labels))[: steps * batch].reshape(steps, batch)):
            windows = torch.from_numpy(_draw_windows(learn, chosen, draw)).float()
            logits = head(network.maps(relative_decibels(augment(windows, random))))
            loss = functional.cross_entropy(logits, labels[chosen], weight=class_weights)
            total += float(loss.detach())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            head.spread_to(network.output)
            done = (epoch - 1) * steps + step + 1
            _blend(mean, network, min(recipe.memory, done / (done + 19)))
        scores = file_scores(mean, check)
        rate, area = _rates(scores, check.bonafide)
        if best is None or (rate, -area) < (best.eer, -best.auc):
            best = Trained(copy.deepcopy(mean).eval(), seed, epoch, scores, rate, area)
        print(
            f"  seed {seed} epoch {epoch}/{recipe.epochs}: loss {total / steps:.4f}, "
            f"val EER {rate:.2%}, AUC {area:.4f}, {time.monotonic() - started:.0f} s",
            flush=True,
        )
    assert best is not None, "a recipe has at least one epoch"
    return best


def relative_decibels(decibels: Tensor) -> Tensor:
    """Windows of mel power in dB (batch, 80, 128) to the features of `LogMel` (batch, 128, 80)."""
    loudest = decibels.amax(dim=(1, 2), keepdim=True)
    return LogMel.relative(10 ** ((decibels - loudest) / 10))


@torch.inference_mode()
def file_scores(network: MelCNN, check: Features) -> NDArray[np.float64]:
    """The score of every clip: the pooled logit difference of its windows, (clips,)."""
    network.eval()
    windows = np.concatenate(check.spectrograms)
    scores = np.empty(len(windows), np.float32)
    for start in range(0, len(windows), _CHUNK):
        logits = network.classify(relative_decibels(torch.from_numpy(windows[start : start + _CHUNK]).float()))
        scores[start : start + _CHUNK] = (logits[:, 1] - logits[:, 0]).numpy()
    ends = np.cumsum([len(clip) for clip in check.spectrograms])[:-1]
    return np.array([pool(part, POLICY.pooling) for part in np.split(scores, ends)])


def graph_scores(graph: bytes, listed: list[Clip]) -> NDArray[np.float64]:
    """The score of every clip as users get it: from its wave, by the exported graph on ONNX Runtime, (clips,)."""
    engine = OnnxEngine(graph, "cpu")
    return np.array([pool(engine.run(cut(wave, POLICY)[1]), POLICY.pooling) for wave in loaded(listed)])


def describe(
    chosen: Trained, scores: NDArray[np.float64], learn: Features, check: Features, training: dict[str, Any]
) -> dict[str, Any]:
    """The sidecar's content but for name and checksum: calibration, threshold, and how the weights came to be.

    `scores`: those of the exported graph on the validation clips. Raises TruevoiceError where they do not rise with
    bona fide speech, for then there is nothing worth shipping.
    """
    slope, offset = fit(scores[check.bonafide], scores[~check.bonafide])
    if slope <= 0:
        raise TruevoiceError("the scores do not rise with bona fide speech on split val: nothing was written")
    rate, area = _rates(scores, check.bonafide)
    return {
        "parameters": sum(values.numel() for values in chosen.network.parameters()),
        "sample_rate": SAMPLE_RATE,
        "window": WINDOW,
        "score": SCORE,
        "windows": POLICY.to_dict(),
        "calibration": {
            "slope": slope,
            "offset": offset,
            "prior_spoof": 0.5,
            "method": "logistic regression on file scores, classes weighted equally",
            "fitted_on": _counts("val", check),
        },
        "threshold": {"score": -offset / slope, "policy": "equal priors and costs: LLR 0"},
        "training": {**_counts("train", learn), "seed": chosen.seed, "epochs": chosen.epoch, **training},
        "validation": {"eer": rate, "auc": area, "n": len(scores)},
    }


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns 0, or 1 after one line on stderr where something is missing."""
    options = _parser().parse_args(arguments)
    recipe = Recipe(options.channels, epochs=options.epochs)
    try:
        run(options.corpus, options.out, recipe, options.seeds, options.threads)
    except TruevoiceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run(corpus: Path, out: Path, recipe: Recipe, seeds: int, threads: int) -> None:
    """Trains with seeds 0, 1, ..., keeps the best by validation EER, and writes mel-cnn.onnx and mel-cnn.json."""
    started = time.monotonic()
    torch.set_num_threads(threads)
    to_learn, to_check = clips(corpus, "train"), clips(corpus, "val")
    print(f"features of {len(to_learn)} training clips", flush=True)
    learn = whole_clips(to_learn)
    print(f"features of {len(to_check)} validation clips", flush=True)
    check = policy_windows(to_check)
    print(f"training: {recipe}, {seeds} seeds, {threads} threads", flush=True)
    chosen = min((train(recipe, seed, learn, check) for seed in range(seeds)), key=lambda one: (one.eer, -one.auc))
    graph = to_graph(chosen.network, WINDOW)
    print(f"seed {chosen.seed}, epoch {chosen.epoch} is the best; its graph scores the validation clips", flush=True)
    scores = graph_scores(graph, to_check)
    print(
        f"  largest difference from the scores on features kept as float16: {np.abs(scores - chosen.scores).max():.1e}",
        flush=True,
    )
    settings = {key: value for key, value in asdict(recipe).items() if key != "epochs"}
    command = (
        f"python -m truevoice.training.mel_cnn --channels {recipe.channels} --epochs {recipe.epochs}"
        f" --seeds {seeds} --threads {threads}"
    )
    description = describe(chosen, scores, learn, check, {**settings, "command": command})
    write(out, NAME, graph, description)
    found = description["validation"]
    print(
        f"{NAME}: val EER {found['eer']:.2%}, AUC {found['auc']:.4f} on {found['n']} clips; "
        f"graph {len(graph):,} bytes; {time.monotonic() - started:.0f} s in all",
        flush=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m truevoice.training.mel_cnn", description="Trains mel-cnn.")
    parser.add_argument("--corpus", type=Path, required=True, help="folder that holds dev/manifest.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder for mel-cnn.onnx and mel-cnn.json")
    parser.add_argument("--channels", type=_count, default=Recipe.channels)
    parser.add_argument("--epochs", type=_count, default=Recipe.epochs)
    parser.add_argument("--seeds", type=_count, default=2, help="how many networks to train; the best is kept")
    parser.add_argument(
        "--threads", type=_count, default=1, help="other numbers round differently: weights repeat for one number only"
    )
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


@torch.inference_mode()
def _decibels(waves: NDArray[np.float32]) -> NDArray[np.float16]:
    """Waves (batch, samples) to mel power in dB (batch, frames, 128), not below -150 dB."""
    power = _FEATURES.power(torch.from_numpy(waves)).clamp(min=10 ** (EMPTY_DB / 10))
    return (10 * torch.log10(power)).numpy().astype(np.float16)


def _draw_windows(learn: Features, chosen: NDArray[np.int64], draw: np.random.Generator) -> NDArray[np.float16]:
    """One window at a random frame of each chosen clip: (clips, 80, 128)."""
    windows = []
    for index in chosen:
        clip = learn.spectrograms[index]
        start = draw.integers(len(clip) - FRAMES + 1)
        windows.append(clip[start : start + FRAMES])
    return np.stack(windows)


@torch.no_grad()
def _blend(mean: MelCNN, network: MelCNN, share: float) -> None:
    """Moves the running mean towards the network: mean = share * mean + (1 - share) * network, in place."""
    for kept, new in zip(mean.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.mul_(share).add_(new, alpha=1 - share)


def _rates(scores: NDArray[np.float64], bonafide: NDArray[np.bool_]) -> tuple[float, float]:
    """EER and AUC."""
    return eer(scores[bonafide], scores[~bonafide])[0], auc(scores[bonafide], scores[~bonafide])


def _counts(split: str, features: Features) -> dict[str, Any]:
    bonafide = int(features.bonafide.sum())
    return {
        "set": "corpus/dev",
        "split": split,
        "n_bonafide": bonafide,
        "n_spoof": len(features.bonafide) - bonafide,
    }


if __name__ == "__main__":
    sys.exit(main())
