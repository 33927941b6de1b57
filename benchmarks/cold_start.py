"""Cold start: seconds and peak memory of whole processes, from the shell's point of view, medians of several runs.

    python benchmarks/cold_start.py [CLIP]

Beside each row stands a peer measured in the same run, interleaved: a bare Python for imports, and for scoring the
least that any detector on torch must do before it can score (import torch), where torch is installed.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

RUNS = 7
MAKE_CLIP = """
import sys, numpy, soundfile, truevoice
soundfile.write(sys.argv[2], numpy.resize(truevoice.load_audio(sys.argv[1]), 160_000), 16_000)
"""
CLIP = Path(__file__).resolve().parents[1] / "examples" / "synthetic" / "espeak-en.mp3"


def measure(command: list[str]) -> tuple[float, float]:
    """Wall seconds and peak memory in MB of one run of a command, by the operating system's own account."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"failed: {' '.join(command)}")
    return seconds, usage.ru_maxrss / 1024


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clip = str(Path(folder) / "ten_seconds.wav")
        python = sys.executable
        # In a process of its own: a child's peak memory counts from its parent's, so this one must stay small.
        source = sys.argv[1] if len(sys.argv) > 1 else str(CLIP)
        subprocess.run([python, "-c", MAKE_CLIP, source, clip], check=True)
        commands = {
            "python -c pass": [python, "-c", "pass"],
            "import truevoice": [python, "-c", "import truevoice"],
            "truevoice --help": [python, "-m", "truevoice", "--help"],
            "truevoice score, ten seconds of wav": [python, "-m", "truevoice", "score", clip],
        }
        if find_spec("torch"):
            commands["peer: import torch"] = [python, "-c", "import torch"]
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for command in commands.values():
            measure(command)  # a first run fills the disk cache
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(measure(command))
    bare = statistics.median(seconds for seconds, _ in times["python -c pass"])
    print(f"{'':38} {'seconds':>8} {'min-max':>13} {'over bare Python':>17} {'peak MB':>8}")
    for name, pairs in times.items():
        seconds = sorted(pair[0] for pair in pairs)
        middle = statistics.median(seconds)
        span = f"{seconds[0]:.2f}-{seconds[-1]:.2f}"
        print(f"{name:38} {middle:8.2f} {span:>13} {middle - bare:17.2f} {max(p[1] for p in pairs):8.0f}")
    if "peer: import torch" in times:
        score = statistics.median(s for s, _ in times["truevoice score, ten seconds of wav"])
        torch = statistics.median(s for s, _ in times["peer: import torch"])
        print(f"ratio, import torch alone / a whole cold score: {torch / score:.2f}")


if __name__ == "__main__":
    main()
