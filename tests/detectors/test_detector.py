"""One recording → a result: pooling, times, verdicts, abstention, and what the interface promises."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from fakes import WINDOW, LevelEngine, constant, level_detector
from truevoice.detectors.detector import Detector
from truevoice.detectors.result import Result
from truevoice.errors import AudioError, UsageError
from truevoice.windows import WindowPolicy


def test_score_and_times_by_hand():
    wave = np.concatenate([constant(0.1, 1.0), constant(0.5, 1.25)])  # windows of 1 s every 0.5 s
    result = level_detector().score(wave, sr=16000)
    assert [(s.start, s.end) for s in result.segments] == [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0), (1.25, 2.25)]
    assert [s.score for s in result.segments] == pytest.approx([1, 3, 5, 5])
    assert result.score == pytest.approx(3.5)
    assert result.verdict == "bonafide"
    assert result.worst(2) == result.segments[:2]
    assert result.duration == pytest.approx(2.25)


def test_verdicts_on_both_sides_and_their_probability():
    low, high = (level_detector().score(constant(level, 2), sr=16000) for level in (0.1, 0.3))
    assert (low.verdict, high.verdict) == ("spoof", "bonafide")
    assert low.p_spoof > 0.5 > high.p_spoof


def test_without_calibration_there_is_no_verdict():
    result = level_detector(calibrated=False).score(constant(0.1, 2), sr=16000)
    assert (result.p_spoof, result.verdict, result.threshold) == (None, "", None)
    assert "no calibration" in result.reason


@pytest.mark.parametrize(
    ("wave", "reason"),
    [
        (np.full(48000, 0.3, np.float32), "silent"),  # a constant offset is no sound
        (constant(0.3, 0.1), "too short to judge: 0.10 s"),
        (constant(0.3, 0.99), "too short"),
        (constant(0, 3), "silent"),
    ],
)
def test_it_abstains_with_a_reason(wave, reason):
    result = level_detector().score(wave, sr=16000)
    assert result.verdict == "abstain"
    assert reason in result.reason
    assert result.score is not None


def test_a_second_is_long_enough_and_a_quiet_voice_loud_enough():
    assert level_detector().score(constant(0.3, 1.0), sr=16000).verdict == "bonafide"
    assert level_detector().score(constant(0.001, 2.0), sr=16000).verdict == "spoof"  # -60 dB


def test_too_short_to_score():
    with pytest.raises(AudioError, match=r"too short to score: 0\.06 ms"):
        level_detector().score(np.ones(1, np.float32), sr=16000)


def test_any_source_gives_the_same(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, constant(0.3, 2), 16000, subtype="FLOAT")
    detector = level_detector()
    with path.open("rb") as file:
        scores = [detector.score(source).score for source in (path, str(path), path.read_bytes(), file)]
    assert scores == pytest.approx([3.0] * 4, abs=1e-6)
    assert detector.score(constant(0.3, 2).astype("float64"), 16000).score == pytest.approx(3.0)


def test_the_result_is_plain_data():
    result = level_detector().score(constant(0.3, 2), sr=16000)
    plain = json.loads(json.dumps(result.to_dict()))
    assert Result.from_dict(plain) == result
    assert len({result, Result.from_dict(plain)}) == 1
    assert plain["segments"][0] == {"start": 0.0, "end": 1.0, "score": pytest.approx(3.0)}
    assert plain["windows"] == {"kind": "overlap", "window": WINDOW, "hop": WINDOW // 2, "pooling": "mean"}
    assert {"trial", "label", "score", "p_spoof", "verdict", "error", "model", "checksum"} <= set(plain)


def test_another_policy_than_the_calibrations_is_noted():
    detector = level_detector()
    measured = WindowPolicy("overlap", WINDOW, WINDOW, "mean")
    detector = replace(detector, calibration=replace(detector.calibration, windows=measured))
    assert detector.policy == measured
    assert detector.score(constant(0.3, 2), sr=16000).warning == ""
    other = detector.score(constant(0.3, 2), sr=16000, policy=WindowPolicy("first", WINDOW, WINDOW))
    assert "measured with windows of 1.00 s every 1.00 s" in other.warning


def test_scores_takes_windows_and_splits_batches():
    detector = level_detector()
    windows = np.linspace(0, 0.9, 10, dtype=np.float32)[:, None] * np.ones(WINDOW, np.float32)
    np.testing.assert_allclose(detector.scores(windows), np.linspace(0, 9, 10), atol=1e-5)
    assert detector.scores(windows).dtype == np.float32
    assert detector.scores(np.zeros((0, WINDOW), np.float32)).shape == (0,)


def test_a_fixed_window_hears_other_lengths_in_pieces():
    detector = level_detector(fixed_window=True)
    long = np.concatenate([constant(0.1, 1), constant(0.5, 1)])[None]
    assert detector.scores(long) == pytest.approx([(1 + 3 + 5) / 3])
    assert detector.scores(constant(0.2, 0.3)[None]) == pytest.approx([2.0])
    assert {shape[1] for shape in detector.engine.batches} == {WINDOW}


@pytest.mark.parametrize(
    "windows",
    [
        np.zeros(10, np.float32),
        np.zeros((1, 1, 10), np.float32),
        np.zeros((2, 10), np.int16),
        np.full((1, 10), np.nan, np.float32),
        np.zeros((1, 0), np.float32),
        np.full((1, 10), 1e300),  # beyond float32
        [[0.0], [0.0, 1.0]],
    ],
)
def test_windows_that_are_none(windows):
    with pytest.raises(UsageError):
        level_detector().scores(windows)


def test_a_window_too_short_for_the_detector():
    detector = level_detector(shortest_window=2000)
    with pytest.raises(UsageError, match="at least 2000"):
        detector.score(constant(0.3, 2), sr=16000, policy=WindowPolicy("overlap", 1999, 1000))


def test_nothing_is_kept_or_sent_of_what_is_scored(tmp_path):
    """ONNX Runtime's telemetry stays off: no data base of its own in the user's home."""
    import os
    import subprocess
    import sys

    from speech import clips

    code = f"import truevoice; truevoice.load().score({str(clips()[0])!r})"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    subprocess.run([sys.executable, "-c", code], check=True, env={**environment, "HOME": str(tmp_path)})
    assert list(tmp_path.iterdir()) == []


def test_a_score_that_is_no_number_is_an_error():
    class Nan(LevelEngine):
        def run(self, windows):
            return np.full(len(windows), np.nan, np.float32)

    fake = level_detector()
    with pytest.raises(AudioError, match="no finite score"):
        Detector(fake.card, Nan(), fake.checksum).score(constant(0.3, 2), sr=16000)


def test_a_short_hop_does_not_fill_the_memory():
    """Windows are views until a batch is made of them: 5,000 windows of 64 kB go by four at a time."""
    detector = level_detector()
    result = detector.score(constant(0.3, 6), sr=16000, policy=WindowPolicy("overlap", WINDOW, 16))
    assert len(result.segments) == 5001
    assert max(shape[0] for shape in detector.engine.batches) <= 4


def test_the_first_window_alone_is_judged_and_the_length_is_the_recordings():
    """Silence in the window heard is silence, whatever comes later; the length is stated by the header."""
    wave = np.concatenate([np.zeros(5 * WINDOW, np.float32), constant(0.3, 600)])
    data = io.BytesIO()
    soundfile.write(data, wave, 16000, format="FLAC")
    result = level_detector().score(data.getvalue(), policy=WindowPolicy("first", WINDOW, WINDOW))
    assert result.verdict == "abstain"
    assert result.reason.startswith("silent")
    assert result.duration == pytest.approx(605)
    assert result.segments[-1].end == 1.0


def test_many_threads_and_a_fork_get_the_same_scores():
    import os
    from concurrent.futures import ThreadPoolExecutor

    import truevoice

    detector = truevoice.load()
    windows = np.random.default_rng(0).normal(0, 0.1, (40, detector.window)).astype(np.float32)
    expected = detector.scores(windows)
    with ThreadPoolExecutor(6) as pool:
        for scores in pool.map(detector.scores, [windows] * 12):
            np.testing.assert_array_equal(scores, expected)
    child = os.fork()
    if not child:
        same = np.array_equal(detector.scores(windows), expected)
        os._exit(0 if same else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_long_recording_is_heard_to_its_end():
    wave = np.concatenate([constant(0.5, 100), constant(0.0, 1)])
    data = io.BytesIO()
    soundfile.write(data, wave, 16000, format="FLAC")
    result = level_detector().score(data.getvalue())
    assert result.worst(1)[0].start == 100.0
    assert result.segments[-1].end == pytest.approx(101.0)


def test_a_threshold_alone_gives_verdicts_but_no_probability():
    detector = replace(level_detector(calibrated=False), threshold=2.0)
    at, under = (detector.score(constant(level, 3.0), sr=16_000) for level in (0.2, 0.19))
    assert (at.verdict, under.verdict) == ("bonafide", "spoof")
    assert (at.p_spoof, at.threshold, at.reason) == (None, 2.0, "")


def test_an_older_result_is_decided_anew():
    detector = level_detector()
    heard = detector.score(constant(0.15, 3.0), sr=16_000)
    assert heard.verdict == "spoof"
    assert replace(detector, threshold=1.0).decide(heard).verdict == "bonafide"
    assert replace(detector, calibration=None).decide(heard).verdict == ""
    short = detector.score(constant(0.3, 0.5), sr=16_000)
    again = replace(detector, calibration=detector.calibration.with_prior(0.9)).decide(short)
    assert (again.verdict, again.reason) == ("abstain", short.reason)
    assert "too short" in again.reason
