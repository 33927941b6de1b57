"""Partly spoofed recordings: frames and times worked by hand, a millisecond loop, refusals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.metrics import Recording, Span, range_eer, segment_eer, utterance_eer


def recording(scores, duration, *edges):
    """Bona fide up to the first edge, then spoof, then bona fide, ..."""
    edges = [0, *edges, duration]
    spans = [Span(a, b, ("bonafide", "spoof")[k % 2]) for k, (a, b) in enumerate(pairwise(edges))]
    return Recording(scores, spans, duration)


def test_frames_by_hand():
    # 20 ms frames: the edge at 38 ms rounds to frame 2; truths b b s s s
    one = recording([3.0, 1.0, 2.0, 0.0, -1.0], 100, 38)
    # scripts' points: nearest rates after rejecting -1, 0, 1: frr 1/2, far 1/3
    assert segment_eer([one]) == (pytest.approx(5 / 12), 1.0)


def test_pooling_takes_the_least_score_and_any_spoof():
    one = recording([3.0, 1.0, 2.0, 0.0, 5.0], 100, 60)  # truths b b b s s
    other = recording([7.0, 8.0], 40)
    # 40 ms: (1, b) (0, s) (5, s), and (7, b)
    at_40 = segment_eer([one, other], resolution_ms=40)
    assert at_40 == segment_eer(
        [Recording([1.0, 0.0, 5.0], [Span(0, 40, "bonafide"), Span(40, 120, "spoof")], 120), recording([7.0], 40)],
        frame_ms=40,
    )
    # utterances: (0, s) and (7, b)
    assert utterance_eer([one, other]) == (0.0, 0.0)


def test_finer_frames_repeat_scores_and_look_at_the_reference_again():
    both = [recording([3.0, -3.0], 40, 10), recording([0.0], 20)]
    # 20 ms: the bona fide 10 ms round to no frame. (3, s) (-3, s) (0, b): after rejecting -3 frr 0, far 1/2
    assert segment_eer(both) == (0.25, -3.0)
    # 10 ms: (3, b) (3, s) (-3, s) (-3, s) (0, b) (0, b): after rejecting -3, -3 and one 0 frr 1/3, far 1/3
    assert segment_eer(both, resolution_ms=10) == (pytest.approx(1 / 3), 0.0)


def test_a_last_frame_too_many_or_too_few_is_no_fault():
    full = recording([3.0, 1.0, 0.0], 60, 40)
    assert segment_eer([full._replace(scores=[3.0, 1.0, 0.0, 9.0])]) == segment_eer([full])
    assert segment_eer([full._replace(scores=[3.0, 0.0]), full]) is not None


PIECES = st.lists(
    st.tuples(st.lists(st.integers(-6, 6).map(float), min_size=1, max_size=6), st.integers(1, 19), st.integers(0, 130)),
    min_size=2,
    max_size=4,
)


@given(PIECES)
def test_range_eer_counts_milliseconds(pieces):
    recordings, scores, spoof = [], [], []
    for values, cut, edge in pieces:
        duration = 20 * len(values) - (20 - cut)
        edge = min(edge, duration)
        recordings.append(recording(values, duration, edge))
        scores += [values[ms // 20] for ms in range(duration)]
        spoof += [ms >= edge for ms in range(duration)]
    scores, spoof = np.array(scores), np.array(spoof)
    if spoof.all() or not spoof.any():
        with pytest.raises(UsageError, match="both classes"):
            range_eer(recordings)
        return
    gaps, rates = [], []
    for threshold in [-np.inf, *np.unique(scores)]:
        false_alarm, missed = np.mean(scores[~spoof] <= threshold), np.mean(scores[spoof] > threshold)
        gaps.append(abs(false_alarm - missed))
        rates.append((false_alarm + missed) / 2)
    value, threshold = range_eer(recordings, mode="nearest")
    assert value in [pytest.approx(rate, abs=1e-9) for rate, gap in zip(rates, gaps) if gap < min(gaps) + 1e-9]
    reached = abs(np.mean(scores[~spoof] <= threshold) - np.mean(scores[spoof] > threshold))
    assert reached == pytest.approx(min(gaps), abs=1e-9)
    assert abs(range_eer(recordings)[0] - value) <= min(gaps) / 2 + 1e-9


@pytest.mark.parametrize(
    ("recordings", "options", "words"),
    [
        ([], {}, "no recordings"),
        ([recording([1.0, 2.0], 40)], {}, "both classes: all of them are bona fide"),
        ([recording([1.0, 2.0], 40, 0)], {}, "both classes: all of them are spoof"),
        ([recording([1.0, np.nan], 40, 20)], {}, "recording 0: frame scores must be finite"),
        ([recording([1.0], 400, 20)], {}, "1 frame scores, but 400 ms make 20 frames"),
        ([recording([1.0, 2.0], 40, 20)], {"resolution_ms": 30}, "no multiple"),
        ([Recording([1.0, 2.0], [Span(0, 20, "fake")], 40)], {}, "no span"),
        ([Recording([1.0, 2.0], [Span(30, 20, "spoof")], 40)], {}, "no span"),
    ],
)
def test_refusals(recordings, options, words):
    with pytest.raises(UsageError, match=words):
        segment_eer(recordings, **options)


def test_range_eer_refuses_overlapping_spoofs():
    spans = [Span(0, 30, "spoof"), Span(20, 40, "spoof")]
    with pytest.raises(UsageError, match="overlap"):
        range_eer([Recording([1.0, 2.0, 3.0], spans, 60)])
