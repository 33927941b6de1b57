"""Overlapping windows → adjoining stretches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.detectors.result import Segment
from truevoice.scoring.timeline import flatten, spans


def test_overlap_is_averaged():
    windows = (Segment(0, 2, 1.0), Segment(1, 3, 3.0), Segment(1.5, 3.5, -1.0))
    assert flatten(windows) == (
        Segment(0, 1, 1.0),
        Segment(1, 1.5, 2.0),
        Segment(1.5, 2, 1.0),
        Segment(2, 3, 1.0),
        Segment(3, 3.5, -1.0),
    )
    joined = spans(windows, threshold=0.0)
    assert [(s.start, s.end, kind) for s, kind in joined] == [(0, 3, "bonafide"), (3, 3.5, "spoof")]
    assert joined[0][0].score == pytest.approx((1 * 1 + 0.5 * 2 + 0.5 * 1 + 1 * 1) / 3)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20), st.floats(-5, 5)), min_size=1, max_size=15))
def test_stretches_cover_what_windows_cover_once(raw):
    windows = sorted((Segment(start, start + size, score) for start, size, score in raw), key=lambda s: s.start)
    for pieces in (flatten(windows), [piece for piece, _ in spans(windows, 0.0)]):
        covered = [second for piece in pieces for second in range(int(piece.start), int(piece.end))]
        assert len(covered) == len(set(covered))
        assert set(covered) == {second for w in windows for second in range(int(w.start), int(w.end))}
    for before, after in zip(spans(windows, 0.0), spans(windows, 0.0)[1:]):
        assert before[1] != after[1] or before[0].end < after[0].start  # neighbours of one kind are joined


def test_nothing():
    assert flatten(()) == ()
    assert spans((), 0.0) == ()
