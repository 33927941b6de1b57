"""Damaged recordings of eight formats: no crash, no hang, no traceback. Hundreds here, ten thousand by `make fuzz`."""

import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("mutation.py")


def read_damaged(first: int, count: int, log: Path, seconds: float) -> str:
    command = [sys.executable, str(WORKER), str(first), str(count), str(log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    last = log.read_text().splitlines()[-1] if log.exists() else "before the first"
    assert done.returncode == 0, f"at {last}: {done.stderr[-2000:]}"
    return done.stdout


@pytest.mark.parametrize("first", [0, 1_000_000])
def test_hundreds_of_damaged_recordings(first, tmp_path):
    told = read_damaged(first, 400, tmp_path / "log", seconds=300)
    read, refused = (int(told.split(word)[0].split()[-1]) for word in (" read", " refused"))
    assert read + refused == 400
    assert read > 50  # the damage must leave something readable,
    assert refused > 50  # and must matter: else this test would show nothing


@pytest.mark.fuzz
def test_ten_thousand_damaged_recordings(tmp_path):
    for part in range(10):
        print(read_damaged(2_000_000 + 1000 * part, 1000, tmp_path / f"log{part}", seconds=1200))
