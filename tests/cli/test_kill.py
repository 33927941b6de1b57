"""A run killed at any moment and started again: every recording exactly once, the same scores as without a kill."""

import csv
import random
import signal
import subprocess
import sys
import time

import pytest
import soundfile

from speech import speech

COUNT = 120


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_runs_go_on(tmp_path, seed):
    rng = random.Random(seed)
    place = tmp_path / "in"
    place.mkdir()
    for i in range(COUNT):
        soundfile.write(place / f"{i:03d}.flac", speech()[i * 50 :], 16000)
    (place / "060.flac").write_bytes(b"broken")

    def start(out):
        return subprocess.Popen([sys.executable, "-m", "truevoice", "score", place, "-o", out, "-q", "--format", "csv"])

    assert start(tmp_path / "whole").wait() == 2
    journal = tmp_path / "out" / "journal.jsonl"
    torn = 0
    for _ in range(4):
        run = start(tmp_path / "out")
        before = journal.stat().st_size if journal.exists() else 0
        while run.poll() is None and (not journal.exists() or journal.stat().st_size <= before):
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))
        run.send_signal(signal.SIGKILL)
        run.wait()
        torn += run.returncode == -signal.SIGKILL
        with journal.open("ab") as file:  # what a kill in the middle of a write leaves
            file.write(b'{"result": {"trial": "' + bytes(str(rng.random()), "ascii"))
    assert torn > 0, "no run was killed in time: the test shows nothing"
    assert start(tmp_path / "out").wait() == 2

    def table(folder):
        with (folder / "scores.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    resumed, whole = table(tmp_path / "out"), table(tmp_path / "whole")
    assert [row["trial"] for row in resumed] == [row["trial"] for row in whole]
    assert len({row["trial"] for row in resumed}) == COUNT
    for row, expected in zip(resumed, whole):
        assert row["error"] == expected["error"]
        if not row["error"]:
            assert float(row["score"]) == pytest.approx(float(expected["score"]), abs=1e-4)
