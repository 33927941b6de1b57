"""Many recordings through one detector: the same scores as one at a time, every trial once, errors as rows."""

import os
import threading
import time

import numpy as np
import pytest
import soundfile

from fakes import WINDOW, LevelEngine, constant, level_detector
from truevoice.data.trial import Trial
from truevoice.detectors.detector import Detector
from truevoice.scoring.pipeline import score_trials
from truevoice.windows import WindowPolicy


@pytest.fixture
def folder(tmp_path):
    """Thirty recordings of growing level and length."""
    for i in range(30):
        soundfile.write(tmp_path / f"{i:02d}.wav", constant(0.01 * i, 0.3 + 0.37 * i), 16000, subtype="FLOAT")
    return tmp_path


def trials(folder):
    return [Trial(path.name, str(path)) for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("jobs", [1, 4])
@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_scores_do_not_depend_on_threads_and_batches(folder, jobs, batch_size):
    detector = level_detector()
    results = {r.trial: r for r in score_trials(detector, trials(folder), jobs=jobs, batch_size=batch_size)}
    assert sorted(results) == [f"{i:02d}.wav" for i in range(30)]
    for i in range(30):
        result = results[f"{i:02d}.wav"]
        alone = detector.score(folder / result.trial)
        assert result.score == pytest.approx(0.1 * i, abs=1e-5)
        assert [s.start for s in result.segments] == [s.start for s in alone.segments]
        assert result.score == pytest.approx(alone.score, abs=1e-6)
        assert (result.verdict, result.reason) == (alone.verdict, alone.reason)


def test_broken_recordings_are_rows_and_the_rest_is_scored(folder):
    (folder / "05.wav").write_bytes(b"")
    (folder / "06.wav").write_bytes(b"garbage" * 100)
    (folder / "07.wav").unlink()
    (folder / "07.wav").symlink_to(folder / "nowhere")
    (folder / "08.wav").unlink()
    (folder / "08.wav").mkdir()
    soundfile.write(folder / "09.wav", np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT")
    soundfile.write(folder / "10.wav", np.zeros(1, np.float32), 16000)
    results = {r.trial: r for r in score_trials(level_detector(), trials(folder))}
    assert len(results) == 30
    errors = {name: r.error for name, r in results.items() if r.error}
    words = {"05": "empty", "06": "not audio", "07": "dead link", "08": "folder", "09": "NaN", "10": "too short"}
    assert {name[:2] for name in errors} == set(words)
    for name, word in words.items():
        assert word in errors[f"{name}.wav"]
        assert str(folder) not in errors[f"{name}.wav"]  # the row has the name already
        assert results[f"{name}.wav"].score is None


def test_samples_that_overflow_in_the_mix_are_one_recordings_error(folder):
    """Finite samples whose sum is not: the row fails, not the run."""
    soundfile.write(folder / "05.wav", np.full((48_000, 2), 3e38, np.float32), 16000, subtype="FLOAT")
    soundfile.write(folder / "06.wav", np.resize([3.3e38, -3.3e38], 48_000), 48_000, subtype="FLOAT")
    results = {r.trial: r for r in score_trials(level_detector(), trials(folder))}
    assert "infinite" in results["05.wav"].error
    assert "infinite" in results["06.wav"].error or results["06.wav"].error == ""
    assert sum(not r.error for r in results.values()) >= 28


def test_a_decoder_that_raises_anything_is_a_row_not_a_hang(folder, monkeypatch):
    from truevoice.scoring import pipeline

    genuine = pipeline.open_audio

    def odd(source, **options):
        if source.endswith("03.wav"):
            raise IndexError("inside a decoder")
        return genuine(source, **options)

    monkeypatch.setattr(pipeline, "open_audio", odd)
    results = {r.trial: r for r in score_trials(level_detector(), trials(folder))}
    assert "IndexError" in results["03.wav"].error
    assert sum(not r.error for r in results.values()) == 29


def test_a_failing_engine_ends_the_run_and_the_threads(folder):
    class Broken(LevelEngine):
        def run(self, windows):
            raise RuntimeError("out of memory")

    broken = level_detector()
    broken = Detector(broken.card, Broken(), broken.checksum)
    with pytest.raises(RuntimeError, match="out of memory"):
        list(score_trials(broken, trials(folder)))
    assert not [t for t in threading.enumerate() if t.name.startswith("decode")]


def test_leaving_early_ends_the_threads(folder):
    results = score_trials(level_detector(), trials(folder), jobs=3, batch_size=1)
    next(results)
    results.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("decode")]


def test_windows_of_many_recordings_share_batches(tmp_path):
    """Each recording has one window, so a batch of more than one has more than one recording."""

    class Slow(LevelEngine):
        def run(self, windows):
            time.sleep(0.02)  # so that decoding is ahead of the model
            return super().run(windows)

    for i in range(40):
        soundfile.write(tmp_path / f"{i:02d}.wav", constant(0.01 * i, 1.0), 16000, subtype="FLOAT")
    plain = level_detector()
    detector = Detector(plain.card, Slow(), plain.checksum, plain.calibration)
    results = {r.trial: r.score for r in score_trials(detector, trials(tmp_path), batch_size=8)}
    assert results == {f"{i:02d}.wav": pytest.approx(0.1 * i, abs=1e-5) for i in range(40)}
    sizes = [shape[0] for shape in detector.engine.batches]
    assert sum(sizes) == 40
    assert 1 < max(sizes) <= 8


def test_a_recording_that_vanishes_or_shrinks_midway(folder, monkeypatch):
    from truevoice.scoring import pipeline

    genuine = pipeline.open_audio

    def late(source, **options):
        if source.endswith("03.wav"):
            os.unlink(source)
        if source.endswith("04.wav"):
            os.truncate(source, 10)
        return genuine(source, **options)

    monkeypatch.setattr(pipeline, "open_audio", late)
    results = {r.trial: r for r in score_trials(level_detector(), trials(folder))}
    assert results["03.wav"].error == "no such file"
    assert "not audio" in results["04.wav"].error
    assert sum(not r.error for r in results.values()) == 28


def test_the_first_window_policy_stops_decoding(tmp_path):
    soundfile.write(tmp_path / "long.wav", constant(0.1, 600), 16000)
    policy = WindowPolicy("first", WINDOW, WINDOW)
    [result] = score_trials(level_detector(), [Trial("long", str(tmp_path / "long.wav"))], policy=policy)
    assert len(result.segments) == 1
    assert result.duration == pytest.approx(600)  # the header says so; the rest was not decoded


def test_recordings_heard_whole_are_not_padded_to_each_other(folder):
    policy = WindowPolicy("whole", 5 * 16_000, 5 * 16_000)
    detector = level_detector()
    results = {r.trial: r for r in score_trials(detector, trials(folder), policy=policy, batch_size=8)}
    for i in range(30):
        found = results[f"{i:02d}.wav"]
        assert found.score == pytest.approx(0.1 * i, abs=1e-5)
        seconds = 0.3 + 0.37 * i
        assert len(found.segments) == max(1, int(np.ceil(seconds / 5 - 1e-9)))
        assert found.segments[-1].end == pytest.approx(seconds, abs=1e-4)
    lengths = {shape[1] for shape in detector.engine.batches}
    assert {16_000, 80_000} <= lengths
    assert len(lengths) > 10
