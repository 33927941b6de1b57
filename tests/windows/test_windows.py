"""Windows: nothing unheard, nothing invented, the same from any blocks; pooling by its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from truevoice.errors import UsageError
from truevoice.windows import POOLINGS, WindowCutter, WindowPolicy, cut, default_policy, parse_length, pool

policies = st.integers(1, 60).flatmap(
    lambda window: st.builds(
        WindowPolicy, st.sampled_from(["overlap", "first"]), st.just(window), st.integers(1, window), st.just("mean")
    )
)


@given(policies, st.integers(1, 300))
def test_every_window_is_what_its_start_says(policy, length):
    wave = np.arange(length, dtype=np.float32)  # a sample's value is its place
    starts, windows = cut(wave, policy)
    assert windows.shape == (len(starts), policy.window)
    for start, window in zip(starts, windows):
        np.testing.assert_array_equal(window, (start + np.arange(policy.window)) % length)


@given(policies, st.integers(1, 300))
def test_overlap_hears_every_sample_and_first_only_the_first(policy, length):
    starts, windows = cut(np.arange(length, dtype=np.float32), policy)
    if policy.kind == "first":
        assert starts.tolist() == [0]
        return
    assert set(windows.ravel().astype(int)) == set(range(length))
    if length >= policy.window:
        assert starts[-1] == length - policy.window  # the last window ends with the recording
        steps = np.diff(starts)
        assert (steps[:-1] == policy.hop).all()
        assert (steps > 0).all()
        assert (steps <= policy.hop).all()
    else:
        assert starts.tolist() == [0]


@given(policies, st.integers(1, 300), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_blocks_make_no_difference(policy, length, sizes):
    wave = np.random.default_rng(length).normal(size=length).astype(np.float32)
    expected_starts, expected = cut(wave, policy)
    cutter = WindowCutter(policy)
    starts, windows, at, turn = [], [], 0, 0
    while at < length:
        block = wave[at : at + sizes[turn % len(sizes)]]
        at, turn = at + len(block), turn + 1
        new_starts, new = cutter.push(block)
        starts += new_starts.tolist()
        windows += [window.copy() for window in new]
    last_starts, last = cutter.finish()
    assert starts + last_starts.tolist() == expected_starts.tolist()
    np.testing.assert_array_equal(windows + list(last), expected)
    assert cutter.heard == length
    assert len(cutter.finish()[0]) == 0  # finishing twice gives nothing twice


def test_the_convention_of_the_field():
    """First 64,600 samples; a shorter recording is repeated: the 64,601st sample is never heard."""
    policy = WindowPolicy("first", 64_600, 64_600)
    short = np.arange(50_000, dtype=np.float32)
    np.testing.assert_array_equal(cut(short, policy)[1][0], np.tile(short, 2)[:64_600])
    long = np.arange(70_000, dtype=np.float32)
    np.testing.assert_array_equal(cut(long, policy)[1][0], long[:64_600])


def test_a_caller_may_reuse_its_array():
    """Sound cards hand over the same array again and again."""
    cutter = WindowCutter(WindowPolicy("overlap", 100, 50))
    block = np.ones(60, np.float32)
    cutter.push(block)
    block[:] = 2
    np.testing.assert_array_equal(cutter.push(block)[1][0], [1.0] * 60 + [2.0] * 40)


def test_nothing_comes_of_nothing():
    cutter = WindowCutter(default_policy(100))
    assert len(cutter.finish()[0]) == 0


def test_poolings_by_hand():
    scores = np.array([4.0, -2.0, 1.0, 3.0, -1.0, 0.0, 2.0, 5.0], np.float32)
    assert pool(scores, "mean") == pytest.approx(1.5)
    assert pool(scores, "median") == pytest.approx(1.5)
    assert pool(scores, "lowest-quarter") == pytest.approx(-1.5)  # of -2 and -1
    assert pool(scores, "min") == -2.0


@given(st.lists(st.floats(-100, 100, width=32), min_size=1, max_size=50))
def test_poolings_keep_the_direction(values):
    """A pool lies within its scores, ignores their order, and rises with them: higher stays more bona fide."""
    scores = np.array(values, np.float32)
    for name in POOLINGS:
        value = pool(scores, name)
        assert scores.min() - 1e-4 <= value <= scores.max() + 1e-4
        assert pool(scores[::-1], name) == pytest.approx(value, abs=1e-4)
        assert pool(scores + np.float32(1), name) == pytest.approx(value + 1, abs=1e-3)
    assert pool(scores, "min") <= pool(scores, "lowest-quarter") + 1e-4 <= pool(scores, "mean") + 2e-4


@pytest.mark.parametrize(
    ("text", "samples"), [("64600", 64600), ("2s", 32000), ("2.5 s", 40000), ("800ms", 12800), ("4.0375s", 64600)]
)
def test_lengths_as_people_write_them(text, samples):
    assert parse_length(text) == samples


@pytest.mark.parametrize("text", ["", "s", "two", "1e400s", "nan s", "4,5s", "2 m"])
def test_lengths_that_are_none(text):
    with pytest.raises(UsageError, match="length"):
        parse_length(text)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (("all", 100, 50), "not known"),
        (("overlap", 0, 1), "outside"),
        (("overlap", 10**9, 1), "outside"),
        (("overlap", 100, 0), "hop"),
        (("overlap", 100, 101), "gaps"),
        (("overlap", 100, 50, "max"), "pooling"),
    ],
)
def test_policies_that_cannot_be_meant(fields, words):
    with pytest.raises(UsageError, match=words):
        WindowPolicy(*fields)


def test_a_policy_survives_its_record():
    policy = WindowPolicy("overlap", 32_000, 16_000, "median")
    assert WindowPolicy(**policy.to_dict()) == policy
    assert str(policy) == "2.00 s every 1.00 s, median"
    assert policy.spec == "overlap:32000:16000:median"
    assert WindowPolicy.parse(policy.spec) == policy
    for word in ("", "overlap", "overlap:1:2", "overlap:a:b:mean"):
        with pytest.raises(UsageError, match="not a window policy"):
            WindowPolicy.parse(word)
    assert WindowPolicy("first", 100, 1) == WindowPolicy("first", 100, 100)  # its hop means nothing


@given(st.integers(1, 200_000), st.integers(16_000, 64_000), st.integers(1, 50_000))
def test_a_whole_recording_is_heard_as_it_is_or_in_pieces_end_to_end(length, most, block):
    wave = np.arange(length, dtype=np.float32)
    policy = WindowPolicy("whole", most, most)
    starts, windows = cut(wave, policy)
    if length <= most:
        assert starts.tolist() == [0]
        assert windows[0, :length].tolist() == wave.tolist()
        assert windows.shape[1] == max(length, 16_000)  # no padding but for the shortest
    else:
        heard = {i for start in starts.tolist() for i in (start, start + most - 1)}
        assert {0, length - 1} <= heard
        assert windows.shape[1] == most
        assert (np.diff(starts) <= most).all()
    cutter = WindowCutter(policy)
    parts = [cutter.push(wave[i : i + block]) for i in range(0, length, block)]
    pieces = [piece.copy() for _, given in [*parts, cutter.finish()] for piece in given]
    assert [piece.tolist() for piece in pieces] == [window.tolist() for window in windows]
