"""Chains: the same stream whoever asks and in whatever order; what is wrong with a step is said in one line."""

import pickle
import re
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speech import speech
from truevoice.augment import KINDS, Chain
from truevoice.augment.step import parameters
from truevoice.errors import UsageError

ALL = [{"kind": kind} for kind in KINDS]
QUICK = [kind for kind in KINDS if kind != "codec"]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "augmentation.md"


def outputs(steps: list[dict], wave: np.ndarray, calls: list[tuple[int, int]]) -> list[np.ndarray]:
    """A chain of one process: made here, asked in this order."""
    chain = Chain.from_list(steps)
    return [chain(wave, seed=7, epoch=epoch, index=index) for epoch, index in calls]


def test_order_and_process_make_no_difference():
    wave = speech(0.7)
    calls = [(epoch, index) for epoch in (0, 1) for index in (0, 3, 12_345)]
    expected = outputs(ALL, wave, calls)
    for again, one in zip(outputs(ALL, wave, calls[::-1])[::-1], expected, strict=True):
        np.testing.assert_array_equal(again, one)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        halves = [pool.submit(outputs, ALL, wave, part) for part in (calls[1::2], calls[0::2])]
        odd, even = (half.result() for half in halves)
    for got, one in zip([*even, *odd], [*expected[0::2], *expected[1::2]], strict=True):
        np.testing.assert_array_equal(got, one)
    assert len({one.tobytes() for one in expected}) == len(expected)


def test_seed_epoch_and_index_each_matter():
    chain = Chain.from_list([{"kind": "noise"}])
    made = {
        chain(speech(0.1), seed=seed, epoch=epoch, index=index).tobytes()
        for seed in (0, 1, 2**40)
        for epoch in (0, 1)
        for index in (0, 1)
    }
    assert len(made) == 12


def test_a_step_does_not_depend_on_the_other_steps():
    """Its position counts, so a step that is switched off leaves the draws of the next one as they are."""
    wave = speech(0.2)
    last = {"kind": "noise", "on": "window"}
    off = Chain.from_list([{"kind": "rawboost", "probability": 0}, last])
    elsewhere = Chain.from_list([{"kind": "gain", "on": "recording"}, last])
    key = {"seed": 1, "epoch": 2, "index": 3}
    np.testing.assert_array_equal(off(wave, **key), elsewhere.on("window")(wave, **key))
    assert (off(wave, **key) != Chain.from_list([last])(wave, **key)).any()


def test_probability_is_the_share_of_recordings():
    chain = Chain.from_list([{"kind": "gain", "probability": 0.3, "max_db": -1}])
    wave = np.ones(4, np.float32)
    applied = np.mean([(chain(wave, seed=0, epoch=0, index=i) != wave).any() for i in range(2000)])
    assert abs(applied - 0.3) < 4 * np.sqrt(0.3 * 0.7 / 2000)


def test_places():
    chain = Chain.from_list([{"kind": "trim"}, {"kind": "gain"}, {"kind": "room", "on": "recording"}])
    assert [step["kind"] for step in chain.on("recording").to_list()] == ["trim", "room"]
    assert [step["kind"] for step in chain.on("window").to_list()] == ["gain"]
    assert not Chain.from_list([])
    assert not Chain.from_list([{"kind": "gain"}]).on("recording")
    assert chain
    with pytest.raises(UsageError, match="recording"):
        chain.on("file")


@pytest.mark.parametrize("kind", KINDS)
def test_lists_round_trip(kind):
    chain = Chain.from_list([{"kind": kind, "probability": 0.25}])
    (plain,) = chain.to_list()
    assert Chain.from_list([plain]) == chain
    assert set(plain) == {"kind", *(one.name for one in parameters(KINDS[kind]))}
    assert all(isinstance(value, str | int | float | list) for value in plain.values())
    assert pickle.loads(pickle.dumps(chain)) == chain


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("length", [1, 2, 17, 700])
def test_short_windows_and_silence(kind, length):
    chain = Chain.from_list([{"kind": kind}])
    for index, wave in enumerate((np.zeros(length, np.float32), speech(1.0)[5000 : 5000 + length])):
        before = wave.copy()
        y = chain(wave, seed=0, epoch=0, index=index)
        assert y.dtype == np.float32
        assert np.isfinite(y).all()
        assert len(y) == length or (kind == "trim" and 1 <= len(y) < length)
        assert not np.shares_memory(y, wave)
        np.testing.assert_array_equal(wave, before)


@settings(max_examples=150)
@given(
    kinds=st.lists(st.sampled_from(QUICK), min_size=1, max_size=4),
    length=st.integers(1, 3000),
    level=st.sampled_from([0.0, 1e-30, 1e-6, 0.3, 1.0, 8.0]),
    key=st.tuples(st.integers(0, 2**63), st.integers(0, 1000), st.integers(0, 2**40)),
)
def test_any_chain_on_any_window(kinds, length, level, key):
    seed, epoch, index = key
    chain = Chain.from_list([{"kind": kind} for kind in kinds])
    wave = (level * np.random.default_rng(length).uniform(-1, 1, length)).astype(np.float32)
    y = chain(wave, seed=seed, epoch=epoch, index=index)
    assert y.dtype == np.float32
    assert np.isfinite(y).all()
    assert len(y) == length or "trim" in kinds
    np.testing.assert_array_equal(y, chain(wave, seed=seed, epoch=epoch, index=index))


def test_nothing_in_nothing_out():
    assert Chain.from_list(ALL)(np.zeros(0, np.float32), seed=0, epoch=0, index=0).shape == (0,)
    with pytest.raises(UsageError, match="one channel"):
        Chain()(np.zeros((2, 5), np.float32), seed=0, epoch=0, index=0)
    with pytest.raises(UsageError, match="from 0"):
        Chain()(np.zeros(5, np.float32), seed=-1, epoch=0, index=0)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"kind": "rawbost"}, ["run.yaml step 1", "rawbost", "did you mean rawboost?"]),
        ({"algorithm": 5}, ["step 1", "give a kind"]),
        ("rawboost:5", ["step 1", "give a kind"]),
        ({"kind": "rawboost", "snr_mim": 3}, ["step 1 (rawboost)", "snr_mim", "did you mean snr_min"]),
        ({"kind": "rawboost", "algorithm": 9}, ["algorithm 9", "0 to 8"]),
        ({"kind": "rawboost", "algorithm": 4.5}, ["whole number", "4.5"]),
        ({"kind": "rawboost", "min_f": 900, "max_f": 300}, ["min_f 900", "above max_f 300"]),
        ({"kind": "rawboost", "snr_min": 50}, ["snr_min 50", "above snr_max 40"]),
        ({"kind": "gain", "probability": 1.5}, ["step 1 (gain)", "probability 1.5", "0 to 1"]),
        ({"kind": "gain", "probability": "often"}, ["probability is a number", "often"]),
        ({"kind": "gain", "min_db": True}, ["min_db is a number"]),
        ({"kind": "gain", "min_db": float("nan")}, ["min_db is a number"]),
        ({"kind": "gain", "on": "windows"}, ["on 'windows'", "did you mean window?"]),
        ({"kind": "trim", "on": "window"}, ["step 1 (trim)", "on 'window'", "recording"]),
        ({"kind": "codec", "codecs": ["mp33"]}, ["step 1 (codec)", "did you mean mp3?"]),
        ({"kind": "codec", "codecs": []}, ["codecs is a list"]),
        ({"kind": "codec", "codecs": ["g722"], "max_kbps": 32}, ["g722 has no bit rate", "64 kbit/s"]),
        ({"kind": "noise", "folder": "/nowhere/at/all"}, ["step 1 (noise)", "/nowhere/at/all", "not a folder"]),
        ({"kind": "room", "folder": 3}, ["folder is a word"]),
        ({"kind": "telephone", "low": 3000, "high": 3100}, ["band of 200 Hz"]),
    ],
)
def test_what_is_wrong_is_said(step, words):
    with pytest.raises(UsageError) as caught:
        Chain.from_list([step], "run.yaml")
    message = str(caught.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


def test_a_chain_is_a_list():
    for wrong in ({"kind": "gain"}, "gain", 3):
        with pytest.raises(UsageError, match=r"run\.yaml is a list of steps"):
            Chain.from_list(wrong, "run.yaml")


def test_the_page_names_every_kind_and_parameter():
    page = DOCS.read_text(encoding="utf-8")
    for kind, step in KINDS.items():
        section = re.search(rf"^### `{kind}`$(.*?)(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
        assert section, kind
        own = {one.name for one in parameters(step)} - {one.name for one in fields(step.__mro__[1])}
        assert not {name for name in own if f"`{name}`" not in section[1]}, kind
