"""Small training runs on real sound: a labelled tree, settings for it, and runs in processes that tests may kill."""

import json
import multiprocessing
import os
from pathlib import Path

import numpy as np
import soundfile

from speech import clips
from truevoice.audio import load_audio
from truevoice.training.recipe import changed, settle

SECONDS = 1.2


def voices(folder: Path, count: int = 24, seconds: float = SECONDS) -> Path:
    """`count` recordings in real/ and fake/: pieces of the clips, and such pieces coarsened to a few levels."""
    random = np.random.default_rng(7)
    waves = [load_audio(clip) for clip in clips()]
    size = round(seconds * 16_000)
    for number in range(count):
        wave = waves[number % len(waves)]
        start = int(random.integers(0, len(wave) - size))
        piece = wave[start : start + size - int(random.integers(0, size // 3))]
        fake = number % 2 == 0
        if fake:
            piece = np.round(piece * 24) / 24
        place = folder / ("fake" if fake else "real")
        place.mkdir(parents=True, exist_ok=True)
        soundfile.write(place / f"{number:03d}.wav", piece, 16_000)
    return folder


def settings_for(data: Path, **values):
    """A mel CNN of one channel for three epochs of small batches; `values`: dotted names with _ _ for the dot."""
    base = settle(
        {
            "network": {"model": "mel-cnn", "arguments": {"channels": 1}},
            "data": {"data": str(data), "val_fraction": 0.25, "leak_report": False},
            "optimiser": {"lr": 1e-3},
            "schedule": {"epochs": 3, "batch_size": 4, "device": "cpu"},
        }
    )
    return changed(base, {name.replace("__", "."): value for name, value in values.items()})


def train_here(settings, out, resume=False):
    """The target of a process of its own."""
    from truevoice.training.fit import fit

    fit(settings, Path(out), resume=resume)


def processes():
    """A context whose processes start at once: torch is loaded once, in the process that they are forked from."""
    context = multiprocessing.get_context("forkserver")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context.set_forkserver_preload(["truevoice.training.fit", "truevoice.training.trainer"])
    return context


def events(out: Path, kind: str | None = None) -> list[dict]:
    """What metrics.jsonl says, without what two runs alike may differ in: times."""
    found = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    for one in found:
        one.pop("time", None)
        one.pop("seconds", None)
    return [one for one in found if kind in (None, one["event"])]


def weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()
