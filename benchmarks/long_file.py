"""Memory and time for a three-hour recording, against loading it whole.

    python benchmarks/long_file.py [--hours 3]

Makes the recording from real synthetic speech, repeated with changing level so that no two hours are alike, as mp3 and
as 44.1-kHz stereo wav; scores each in a process of its own. The peer reads the whole wav into one array and resamples
it in one go, and then stops: what a plain script needs before its model has seen a sample.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from truevoice.audio import load_audio

SYNTHETIC = Path(__file__).resolve().parents[1] / "examples" / "synthetic"
PEER = """
import sys, soundfile, soxr
samples, rate = soundfile.read(sys.argv[1], dtype="float32")
soxr.resample(samples.mean(1), rate, 16000)
"""
SCORE = "import sys, truevoice; r = truevoice.load().score(sys.argv[1]); print(len(r.segments), r.duration)"


def make(path: Path, hours: float, rate: int, container: str, subtype: str) -> None:
    """A recording of so many hours, stereo."""
    import soxr

    clips = [load_audio(clip) for clip in sorted(SYNTHETIC.glob("*.*")) if clip.suffix != ".md"]
    speech = soxr.resample(np.concatenate(clips), 16_000, rate)
    left = round(hours * 3600 * rate)
    rng = np.random.default_rng(0)
    with soundfile.SoundFile(path, "w", rate, 2, format=container, subtype=subtype) as file:
        while left:
            part = speech[:left] * rng.uniform(0.2, 0.9)
            file.write(np.stack([part, 0.8 * part], axis=1))
            left -= len(part)


def measure(code: str, path: Path) -> tuple[float, float, str]:
    """Wall seconds, peak memory in MB and output of `python -c code path`."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    out = process.stdout.read().strip() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"failed on {path}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024, out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=3.0)
    hours = parser.parse_args().hours
    with tempfile.TemporaryDirectory() as folder:
        wav, mp3 = Path(folder) / "long.wav", Path(folder) / "long.mp3"
        make(wav, hours, 44_100, "WAV", "PCM_16")
        make(mp3, hours, 44_100, "MP3", "MPEG_LAYER_III")
        print(f"{'':34} {'seconds':>8} {'x real time':>12} {'peak MB':>8}")
        peaks = {}
        for name, code, path in (
            ("truevoice, wav 44.1 kHz stereo", SCORE, wav),
            ("truevoice, mp3 44.1 kHz stereo", SCORE, mp3),
            ("peer: load and resample whole wav", PEER, wav),
        ):
            before = set(Path(tempfile.gettempdir()).iterdir())
            seconds, peak, told = measure(code, path)
            left_behind = set(Path(tempfile.gettempdir()).iterdir()) - before
            assert not left_behind, f"a temporary copy: {left_behind}"
            peaks[name] = peak
            print(f"{name:34} {seconds:8.1f} {hours * 3600 / seconds:12.0f} {peak:8.0f}   {told}")
        ours, peer = peaks["truevoice, wav 44.1 kHz stereo"], peaks["peer: load and resample whole wav"]
        print(f"ratio of peak memory, peer / truevoice: {peer / ours:.1f}")


if __name__ == "__main__":
    main()
