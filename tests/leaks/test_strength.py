"""Strength of cues: what tells the classes apart gets its AUC, what tells nothing gets one half, trees included."""

from math import nan

import numpy as np
import pytest

from truevoice.errors import MissingExtraError
from truevoice.leaks import boosted
from truevoice.leaks.cues import AUDIO, Cue
from truevoice.leaks.strength import by_chance, fold_of, strength
from truevoice.metrics import auc

N, M = 600, 300
OWNERS = np.array(["train"] * N + ["validation"] * M)
BONAFIDE = np.arange(N + M) % 2 == 0
FOLDS = fold_of(BONAFIDE, 0)
RANDOM = np.random.default_rng(11)


def numbers(values):
    return strength(Cue("cue", AUDIO, np.asarray(values, float)), OWNERS, BONAFIDE, FOLDS)


def words(values):
    return strength(Cue("cue", AUDIO, words=[str(value) for value in values]), OWNERS, BONAFIDE, FOLDS)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_counts_in_the_direction_that_fits(sign):
    values = sign * RANDOM.normal(np.where(BONAFIDE, 1.0, 0.0))
    found = numbers(values)
    train = auc(sign * values[:N][BONAFIDE[:N]], sign * values[:N][~BONAFIDE[:N]])
    assert found.auc["train"] == pytest.approx(train)
    assert found.auc["validation"] > 0.7
    assert set(found.telling) == {"train", "validation"}
    assert found.more == ("more" if sign > 0 else "less")


def test_a_direction_that_turns_round_is_seen():
    values = np.where(BONAFIDE, 1.0, 0.0) * np.where(OWNERS == "train", 1, -1) + RANDOM.normal(size=N + M)
    found = numbers(values)
    assert found.auc["train"] > 0.7 > 0.3 > found.auc["validation"]
    assert set(found.telling) == {"train"}


def test_unknown_values_are_passed_over():
    values = np.where(BONAFIDE, 1.0, 0.0)
    values[::3] = nan
    assert numbers(values).auc == {"train": 1.0, "validation": 1.0}
    assert numbers(np.full(N + M, nan)).auc == {"train": None, "validation": None}


def test_a_word_counts_by_its_share():
    found = words(np.where(BONAFIDE ^ (RANDOM.random(N + M) < 0.2), "wav", "mp3"))
    assert found.auc["train"] == pytest.approx(0.8, abs=0.05)
    assert found.auc["validation"] == pytest.approx(0.8, abs=0.07)
    assert found.more == "wav"


def test_words_that_occur_once_do_not_tell_their_own_label():
    assert words(range(N + M)).auc["train"] < 0.55
    many = RANDOM.integers(0, 200, N + M)
    assert words(many).auc["train"] < by_chance(N // 2, N // 2)
    assert words(["same"] * (N + M)).auc == {"train": 0.5, "validation": 0.5}


def test_few_recordings_conclude_nothing():
    owners, bonafide = np.array(["train"] * 16), np.arange(16) % 2 == 0
    found = strength(Cue("cue", AUDIO, bonafide.astype(float)), owners, bonafide, fold_of(bonafide, 0))
    assert found.auc == {"train": None}
    owners, bonafide = np.array(["train"] * 24), np.arange(24) % 2 == 0
    values = np.where(bonafide, 0.6, 0.0) + np.linspace(0, 2, 24)
    found = strength(Cue("cue", AUDIO, values), owners, bonafide, fold_of(bonafide, 0))
    assert found.chance["train"] > 0.84
    assert not found.telling or found.auc["train"] > found.chance["train"]


def test_folds_are_even_and_of_the_seed():
    for own in (BONAFIDE, ~BONAFIDE):
        counts = np.bincount(FOLDS[own])
        assert counts.max() - counts.min() <= 1
    assert (fold_of(BONAFIDE, 0) == FOLDS).all()
    assert (fold_of(BONAFIDE, 1) != FOLDS).any()


def test_trees_see_what_no_cue_shows_by_itself():
    """Exclusive or of two numbers, one of them also a word: each alone is worth nothing."""
    first = RANDOM.random(N + M) < 0.5
    second = first ^ BONAFIDE
    cues = [
        Cue("first", AUDIO, first + 0.1 * RANDOM.random(N + M)),
        Cue("second", AUDIO, words=["yes" if one else "no" for one in second]),
    ]
    for cue in cues:
        assert strength(cue, OWNERS, BONAFIDE, FOLDS).auc["train"] < 0.6
    found = boosted.together("all", cues, OWNERS, BONAFIDE, FOLDS)
    assert found.auc["train"] > 0.99
    assert found.auc["validation"] > 0.99


def test_trees_make_nothing_of_noise():
    cues = [Cue(f"n{at}", AUDIO, RANDOM.normal(size=N + M)) for at in range(3)]
    cues.append(Cue("w", AUDIO, words=[str(value) for value in RANDOM.integers(0, 400, N + M)]))
    found = boosted.together("all", cues, OWNERS, BONAFIDE, FOLDS)
    assert not found.telling
    assert all(value < 0.6 for value in found.auc.values())
    again = boosted.together("all", cues, OWNERS, BONAFIDE, FOLDS)
    assert again == found


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(boosted, "is_installed", lambda: False)
    with pytest.raises(MissingExtraError, match=r"truevoice\[train\]"):
        boosted.together("all", [Cue("n", AUDIO, np.zeros(N + M))], OWNERS, BONAFIDE, FOLDS)
