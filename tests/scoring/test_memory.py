"""Memory does not grow with a recording's length, and nothing is copied to disk."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech import speech

SCORE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # a temporary copy would fail
import truevoice
result = truevoice.load().score(sys.argv[1])
print(result.duration)
"""


def make(path: Path, minutes: float, rate: int, channels: int, container: str) -> None:
    left = round(minutes * 60 * rate)
    second = np.resize(speech(), rate)
    with soundfile.SoundFile(path, "w", rate, channels, format=container, subtype="PCM_16") as file:
        while left > 0:
            part = second[:left]
            file.write(np.repeat(part[:, None], channels, axis=1))
            left -= len(part)


def peak_megabytes(path: Path) -> float:
    """Peak memory of a process that scores the recording from start to finish and may write to no file."""
    command = [sys.executable, "-c", SCORE, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    told = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert float(told) == pytest.approx(soundfile.info(str(path)).duration, abs=0.01)
    return usage.ru_maxrss / 1024


def test_twenty_minutes_need_no_more_than_one(tmp_path):
    make(tmp_path / "short.wav", 1, 16_000, 1, "WAV")
    make(tmp_path / "long.wav", 20, 16_000, 1, "WAV")  # 77 MB once decoded
    assert peak_megabytes(tmp_path / "long.wav") < peak_megabytes(tmp_path / "short.wav") + 25


@pytest.mark.slow
@pytest.mark.parametrize("container", ["WAV", "FLAC"])
def test_three_hours_within_500_megabytes_and_without_a_copy(tmp_path, container):
    make(tmp_path / "long", 180, 44_100, 2, container)
    assert peak_megabytes(tmp_path / "long") < 500
