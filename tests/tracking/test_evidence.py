"""What trackers are shown of a scored set: the worst errors first, a steady sample, sound that can be played."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from made_evaluations import made_set
from speech import clips
from truevoice.audio import SAMPLE_RATE, load_audio
from truevoice.evaluation.score_set import ScoreSet
from truevoice.tracking.clips import SECONDS, cut_clip
from truevoice.tracking.evidence import SAMPLE, WORST, EvidenceRoom, sampled

PNG = b"\x89PNG\r\n\x1a\n"


def test_ranks_count_from_the_worst_error():
    scores = np.array([2.0, -3.0, 0.4, -2.0, 5.0, 0.5])
    truth = np.array([True, True, True, False, False, False])
    found = EvidenceRoom().of("validation", ScoreSet(list("abcdef"), truth, scores), 0.5)
    assert [(row.trial, row.rank, row.chosen) for row in found.rows[:4]] == [
        ("e", 1, "worst error"),
        ("b", 2, "worst error"),
        ("c", 3, "worst error"),
        ("f", 4, "worst error"),  # a spoof at the threshold is accepted
    ]
    assert {(row.trial, row.called) for row in found.rows} >= {("e", "bonafide"), ("b", "spoof"), ("f", "bonafide")}
    assert (found.errors, found.trials) == (4, 6)
    assert all(row.chosen == "sample" for row in found.rows[4:])


def test_a_bona_fide_trial_at_the_threshold_is_no_error():
    one = ScoreSet(["a", "b"], np.array([True, False]), np.array([1.0, 0.0]))
    found = EvidenceRoom().of("x", one, 1.0)
    assert found.errors == 0
    assert {row.called for row in found.rows if row.truth == "bonafide"} == {"bonafide"}


@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=40), st.integers(-5, 5))
def test_the_table_is_bounded_and_the_ranks_are_those_of_the_margins(trials, threshold):
    truth = np.array([one for one, _ in trials])
    scores = np.array([score for _, score in trials], dtype=float)
    rows = EvidenceRoom()._rows(ScoreSet([f"t{i}" for i in range(len(trials))], truth, scores), float(threshold))
    wrong = [row for row in rows if row.truth != row.called]
    assert len([row for row in rows if row.chosen == "worst error"]) == min(
        WORST, np.sum(np.where(truth, scores < threshold, scores >= threshold))
    )
    assert sorted(row.rank for row in wrong) == list(range(1, len(wrong) + 1))
    assert len({row.trial for row in rows}) == len(rows) <= WORST + SAMPLE
    margins = [abs(row.score - threshold) for row in sorted(wrong, key=lambda row: row.rank)]
    assert margins == sorted(margins, reverse=True)


def test_at_most_fifty_errors_and_the_same_sample_every_epoch():
    first, later = made_set(400, 900, seed=1), made_set(400, 900, seed=2)
    room = EvidenceRoom()
    tables = [room.of("validation", one, 0.0).rows for one in (first, later)]
    assert all(sum(row.chosen == "worst error" for row in rows) == WORST for rows in tables)
    shuffled = np.random.default_rng(0).permutation(len(first)).tolist()
    assert {first.names[i] for i in sampled(first.names)} == {
        first.names[shuffled[i]] for i in sampled([first.names[i] for i in shuffled])
    }


def test_p_spoof_stands_where_it_is_known():
    room = EvidenceRoom()
    assert all(row.cells()["P(spoof)"] == row.p_spoof for row in room.of("a", made_set(), 0.0).rows)
    assert not any("P(spoof)" in row.cells() for row in room.of("a", made_set(p_spoof=False), 0.0).rows)


def test_pictures_and_one_class():
    room = EvidenceRoom()
    both, alone = room.of("a", made_set(), 0.0), room.of("b", made_set(n_spoof=0), 0.0)
    assert both.roc.startswith(PNG)
    assert both.confusion.startswith(PNG)
    assert alone.roc == b""
    assert alone.confusion.startswith(PNG)


@pytest.mark.parametrize("clip", clips(), ids=lambda path: path.name)
def test_clips_are_the_beginning_of_the_recording(clip):
    made = cut_clip(str(clip))
    whole = load_audio(clip)
    for sound in (load_audio(made.data), load_audio(made.as_wav())):
        assert len(sound) / SAMPLE_RATE == pytest.approx(min(SECONDS, len(whole) / SAMPLE_RATE), abs=0.15)
    assert made.as_wav()[:4] == b"RIFF"
    ours = load_audio(made.as_wav())
    n = min(len(ours), len(whole), 32_000)
    spectrum = np.abs(np.fft.rfft(whole[:n])) * np.abs(np.fft.rfft(ours[:n]))
    power = np.linalg.norm(np.abs(np.fft.rfft(whole[:n]))) * np.linalg.norm(np.abs(np.fft.rfft(ours[:n])))
    assert spectrum.sum() / power > 0.9  # the same sound, whatever the delay of the encoder


def test_what_cannot_be_read_has_no_clip(tmp_path):
    (tmp_path / "broken.wav").write_bytes(b"RIFF----WAVE")
    assert cut_clip(str(tmp_path / "broken.wav")) is None
    sources = [str(clips()[0]), str(tmp_path / "broken.wav"), ""]
    three = ScoreSet(list("abc"), np.array([True, False, False]), np.zeros(3), sources=sources)
    rows = {row.trial: row.clip for row in EvidenceRoom().of("x", three, 0.5).rows}
    assert rows["a"] is not None
    assert rows["b"] is rows["c"] is None
