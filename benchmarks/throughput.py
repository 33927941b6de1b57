"""Whole recordings a second through the shipped detector, from compressed file to score, against a plain script.

    python benchmarks/throughput.py [--audio DIR] [--copies 40] [--rounds 5]

The peer does what one would write first: for each file in turn, decode it whole, resample it in one go, run the same
graph window by window, average. Both run in this process, in turn; the ratio is taken round by round.
"""

import argparse
import statistics
import time
from importlib import resources
from pathlib import Path

import numpy as np
import onnxruntime
import soxr

import truevoice
from truevoice.audio.av_reader import AvReader
from truevoice.audio.source import open_bytes
from truevoice.detectors.card import cards
from truevoice.windows import cut

SYNTHETIC = Path(__file__).resolve().parents[1] / "examples" / "synthetic"
NOT_AUDIO = {".md", ".csv", ".json"}


def plain_script(
    paths: list[Path], session: onnxruntime.InferenceSession, policy: truevoice.WindowPolicy
) -> list[float]:
    """Scores of recordings, one after another, window by window."""
    scores = []
    for path in paths:
        with open_bytes(path) as source:
            reader = AvReader(source)
            blocks = list(reader.blocks())
            reader.close()
        wave = np.concatenate([block for block, _ in blocks]).mean(axis=1)
        wave = soxr.resample(wave, blocks[0][1], 16_000)
        outputs = [session.run(None, {"waveform": window[None]})[0] for window in cut(wave, policy)[1]]
        scores.append(float(np.mean(outputs)))
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--audio", type=Path, default=SYNTHETIC)
    parser.add_argument("--copies", type=int, default=40, help="how many times the files of the folder are scored")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    files = sorted(path for path in options.audio.rglob("*") if path.is_file() and path.suffix not in NOT_AUDIO)
    detector = truevoice.load()
    graph = resources.files("truevoice") / "weights" / str(cards()[detector.name].shipped)
    session = onnxruntime.InferenceSession(graph.read_bytes(), providers=["CPUExecutionProvider"])

    from truevoice.scoring.inputs import Trial
    from truevoice.scoring.pipeline import score_trials

    trials = [Trial(f"{i}-{path.name}", str(path)) for i in range(options.copies) for path in files]
    seconds = sum(detector.score(path).duration or 0 for path in files) * options.copies
    ours: list[float] = []
    peers: list[float] = []
    for _ in range(options.rounds + 1):
        started = time.perf_counter()
        results = {result.trial: result.score for result in score_trials(detector, trials)}
        middle = time.perf_counter()
        expected = plain_script(files * options.copies, session, detector.policy)
        ours.append(middle - started)
        peers.append(time.perf_counter() - middle)
    ours, peers = ours[1:], peers[1:]  # the first round warms up
    drift = max(abs(results[trial.name] - score) for trial, score in zip(trials, expected))
    ratios = sorted(peer / own for own, peer in zip(ours, peers))
    print(f"{len(trials)} recordings, {seconds:.0f} s of sound, detector {detector.name}, {options.rounds} rounds")
    for name, times in (("truevoice", ours), ("peer: plain script", peers)):
        middle = statistics.median(times)
        print(f"{name:20} {len(trials) / middle:8.0f} recordings/s {seconds / middle:8.0f} x real time")
    print(
        f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f}-{ratios[-1]:.2f}), largest |delta score| {drift:.1e}"
    )


if __name__ == "__main__":
    main()
