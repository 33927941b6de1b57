"""How fast XLS-R 300M + AASIST scores clips of 4.04 s on this machine's CPU, in every precision that it has.

    python benchmarks/ssl_speed.py [--corpus DIR] [--clips N] [--rounds N] [--batches 1,2,8] [--onnx GRAPH]

No trained weights are needed: the network has its real size and seeded random weights (the rule stands in `drawn`).
Each way runs in a process of its own, so that its memory can be told and nothing that one way sets touches another;
they score the same clips in turn, round by round, so that a busy machine slows them alike. "Plain" is the published
form: the encoder of `transformers` with unfused attention and the weight norm unfolded, in float32. The ratio is that
of one round, given as median (lowest to highest). --corpus: a folder with a manifest.csv; with it the difference of the
scores is measured on N real clips and set against their spread. --onnx: a graph of the same network, as a further way.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

NAME = "ssl-aasist"
LENGTH = 64_600
RATE = 16_000
SEED = 12
ENCODER = "ssl_model.model."


def shapes() -> dict[str, tuple[int, ...]]:
    """Key -> shape of the published checkpoint's tensors that inference uses, in its own names."""
    import torch
    from transformers import Wav2Vec2Config

    from truevoice.models.front_ends.encoder import SpeechEncoder, empty_model
    from truevoice.models.front_ends.fairseq import fairseq_name
    from truevoice.models.ssl_aasist import SSLAASIST

    large = Wav2Vec2Config(
        hidden_size=1024,
        num_hidden_layers=24,
        num_attention_heads=16,
        intermediate_size=4096,
        feat_extract_norm="layer",
        conv_bias=True,
        do_stable_layer_norm=True,
    )
    encoder = SpeechEncoder(empty_model(large)).model.state_dict()
    with torch.device("meta"):
        back_end = SSLAASIST().state_dict()
    named = {ENCODER + fairseq_name(key): tuple(value.shape) for key, value in encoder.items() if "masked" not in key}
    return {**named, **{key: tuple(value.shape) for key, value in back_end.items()}}


def drawn(wanted: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """A value for every key, from one generator over the sorted keys: matrices of unit gain, norms near one."""
    import torch

    generator = torch.Generator().manual_seed(SEED)
    state: dict[str, Any] = {}
    for key in sorted(wanted):
        shape = wanted[key]
        if key.endswith("num_batches_tracked"):
            state[key] = torch.full(shape, 7, dtype=torch.int64)
            continue
        value = torch.randn(shape, generator=generator)
        if key.endswith("running_var"):
            value = 1 + 0.2 * value.abs()
        elif key.endswith("running_mean"):
            value = 0.1 * value
        elif key.endswith("weight_g"):
            value = 1 + 0.1 * value
        elif len(shape) >= 2:
            value = value / prod(shape[1:] if shape[0] > 1 or len(shape) > 2 else shape) ** 0.5
        else:
            value = 1 + 0.1 * value if key.endswith("weight") else 0.05 * value
        state[key] = value
    return state


def synthetic_clips(count: int) -> np.ndarray:
    """(count, 64600) float32: a few gliding tones over noise, from a fixed seed."""
    rng = np.random.default_rng(0)
    seconds = np.arange(LENGTH) / RATE
    clips = 0.02 * rng.standard_normal((count, LENGTH))
    for clip in clips:
        for tone, glide in zip(rng.uniform(80, 4000, 5), rng.uniform(-200, 200, 5)):
            clip += rng.uniform(0.02, 0.1) * np.sin(2 * np.pi * (tone + glide * seconds) * seconds)
    return clips.astype(np.float32)


def real_clips(corpus: Path, count: int) -> np.ndarray:
    """(count, 64600) float32, evenly taken from the corpus's list; short ones are repeated."""
    import truevoice

    with (corpus / "manifest.csv").open(newline="") as file:
        listed = [row["path"] for row in csv.DictReader(file)]
    chosen = listed[:: max(1, len(listed) // count)][:count]
    return np.stack([np.resize(truevoice.load_audio(str(corpus / path)), LENGTH) for path in chosen])


def plain(checkpoint: Path) -> Callable[[np.ndarray], np.ndarray]:
    """The published form: nothing fused, nothing folded; attention as plain products, which "eager" means."""
    import torch

    from truevoice.detectors.card import cards
    from truevoice.models.build import build
    from truevoice.models.checkpoint import read_checkpoint

    network = build(cards()[NAME], read_checkpoint(checkpoint).state, str(checkpoint))
    network.front_end.model.set_attn_implementation("eager")

    def score(clips: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(clips))[:, 1].numpy()

    return score


def opened(way: str, checkpoint: Path) -> Callable[[np.ndarray], np.ndarray]:
    if way == "plain":
        return plain(checkpoint)
    import truevoice

    if way.endswith(".onnx"):
        return truevoice.load(way).engine.run
    return truevoice.load(NAME, checkpoint=checkpoint, device="cpu", engine="torch", precision=way).engine.run


def peak() -> int:
    """The most memory this process ever held, in MB, mapped files included."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024 // 1_000_000


def work(way: str, checkpoint: Path) -> None:
    """One way in a process of its own: reads the path of a clips file a line, answers with seconds and scores."""
    began = time.perf_counter()
    run = opened(way, checkpoint)
    loading, loaded = time.perf_counter() - began, peak()
    run(synthetic_clips(1))
    print(json.dumps({"loading": loading, "loaded": loaded, "peak": peak()}), flush=True)
    for line in sys.stdin:
        clips = np.load(line.strip())
        began = time.perf_counter()
        scores = run(clips)
        print(json.dumps({"seconds": time.perf_counter() - began, "scores": scores.tolist()}), flush=True)


class Way:
    """A process that scores in one way; it sleeps until it is asked."""

    def __init__(self, name: str, checkpoint: Path) -> None:
        command = [sys.executable, __file__, "--work", name, "--checkpoint", str(checkpoint)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.started = self._answer()

    def ask(self, clips: Path) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(f"{clips}\n")
        self.process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("a way ended before its time; its own words are above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def compare(ways: dict[str, Way], folder: Path, batches: list[int], rounds: int) -> None:
    """Prints seconds a clip and the ratio to the first way, for each batch."""
    for batch in batches:
        path = folder / f"batch{batch}.npy"
        np.save(path, synthetic_clips(batch))
        times: dict[str, list[float]] = {name: [] for name in ways}
        for way in ways.values():
            way.ask(path)  # warms up
        for _ in range(rounds if batch < 8 else max(2, rounds // 3)):
            for name, way in ways.items():
                times[name].append(way.ask(path)["seconds"])
        base = next(iter(ways))
        columns = f"{'median, s a clip':>18}{'lowest':>9}{'ratio (lowest-highest)':>27}{'of lowest':>11}"
        print(f"\nbatch {batch:<18}{columns}")
        for name in ways:
            ratios = [first / own for first, own in zip(times[base], times[name])]
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
            median, lowest = statistics.median(times[name]) / batch, min(times[name]) / batch
            of_lowest = min(times[base]) / min(times[name])
            print(f"{label(name):24}{median:18.3f}{lowest:9.3f}{spread:>27}{of_lowest:11.2f}", flush=True)


def drift(ways: dict[str, Way], clips: np.ndarray, folder: Path, what: str) -> None:
    """Prints how far each way's scores are from the first one's."""
    scores: dict[str, list[float]] = {name: [] for name in ways}
    for start in range(0, len(clips), 2):
        path = folder / "drift.npy"
        np.save(path, clips[start : start + 2])
        for name, way in ways.items():
            scores[name] += way.ask(path)["scores"]
    base = np.array(scores[next(iter(ways))])
    spread = base.std()
    print(
        f"\nscores of {len(clips)} {what} clips: {base.min():.2f} to {base.max():.2f}, standard deviation {spread:.2f}"
    )
    print(f"{'|difference|':24}{'largest':>10}{'median':>10}{'largest / spread':>18}{'median / spread':>17}")
    for name in list(ways)[1:]:
        off = np.abs(np.array(scores[name]) - base)
        largest, median = off.max(), np.median(off)
        print(f"{label(name):24}{largest:10.5f}{median:10.5f}{largest / spread:18.5f}{median / spread:17.5f}")


def label(name: str) -> str:
    return "plain float32" if name == "plain" else Path(name).name


def there() -> list[str]:
    from truevoice.models.precision import PRECISIONS, multiplies_bfloat16, multiplies_bytes

    has = {"bfloat16": multiplies_bfloat16(), "int16": multiplies_bytes(), "int8": multiplies_bytes()}
    return [one for one in PRECISIONS if has.get(one, True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--clips", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", default="1,2,8")
    parser.add_argument("--onnx", action="append", default=[])
    parser.add_argument("--checkpoint", type=Path, help="in place of seeded weights, which otherwise are drawn anew")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work, asked.checkpoint)
        return
    import torch

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint = asked.checkpoint or folder / "seeded.pth"
        if asked.checkpoint is None:
            torch.save(drawn(shapes()), checkpoint)
        names = ["plain", *there(), *asked.onnx]
        # The last ones first: they let the file go, which counts only while no other process has it mapped.
        begun = {way: Way(way, checkpoint) for way in reversed(names)}
        ways = {way: begun[way] for way in names}
        print(f"XLS-R 300M + AASIST on {torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}")
        print(f"\n{'memory, MB':24}{'loading: peak':>14}{'batch 1: peak':>15}{'seconds to load':>17}")
        for way, process in ways.items():
            told = process.started
            print(f"{label(way):24}{told['loaded']:14}{told['peak']:15}{told['loading']:17.1f}")
        if asked.corpus:
            drift(ways, real_clips(asked.corpus, asked.clips), folder, "real")
        else:
            drift(ways, synthetic_clips(asked.clips), folder, "synthetic")
        compare(ways, folder, [int(batch) for batch in asked.batches.split(",")], asked.rounds)
        for process in ways.values():
            process.close()


if __name__ == "__main__":
    main()
