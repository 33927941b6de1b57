"""Division of a set: who learns from what, never from a test split, nested subsets, no speaker on both sides."""

from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truevoice.data.division import balanced_weights, divide
from truevoice.data.manifest import Manifest
from truevoice.data.readers import open_set
from truevoice.data.trial import LABELS, LeftOut, Trial
from truevoice.errors import UsageError


def manifest(rows, root="set"):
    """rows: (label, dictionary of columns)."""
    trials = [Trial(f"{at:05d}.wav", f"/{root}/{at:05d}.wav", label, meta) for at, (label, meta) in enumerate(rows)]
    return Manifest("table", Path(root), trials, [LeftOut("gone.wav", "no such file")])


def of_splits(*splits, each=10):
    """Twice `each` trials a split, half of them bona fide."""
    return manifest([(label, {"split": split}) for split in splits for label in LABELS for _ in range(each)])


def splits_in(trials):
    return {trial.meta.get("split", "") for trial in trials}


def names(trials):
    return [trial.name for trial in trials]


@pytest.mark.parametrize(
    ("there", "asked", "learnt", "checked"),
    [
        (("train", "val", "test"), {}, {"train"}, {"val"}),
        (("training", "validation", "testing"), {}, {"training"}, {"validation"}),
        (("train", "dev", "eval"), {}, {"train"}, {"dev"}),
        (("Train", "VALID"), {}, {"Train"}, {"VALID"}),
        (("train", "validation"), {"train_splits": "training,val"}, {"train", "validation"}, {"train", "validation"}),
        (("train", "test"), {}, {"train"}, {"train"}),
        (("", "test"), {}, {""}, {""}),
        (("fold1", "fold2", "dev"), {}, {"fold1", "fold2"}, {"dev"}),
        (("fold1", "fold2", "fold3"), {"val_splits": "fold3"}, {"fold1", "fold2"}, {"fold3"}),
        (("train", "val", "dev"), {"val_splits": "val"}, {"train"}, {"val"}),
        (("train", "test"), {"val_splits": "test"}, {"train"}, {"test"}),
    ],
)
def test_splits(there, asked, learnt, checked):
    found = divide(of_splits(*there), **asked)
    assert splits_in(found.train) == learnt
    assert splits_in(found.validation) == checked
    assert not {trial.key for trial in found.train} & {trial.key for trial in found.validation}


def test_all_that_is_left_out_is_listed():
    found = divide(of_splits("train", "val", "test"), subset="50%")
    reasons = Counter(one.reason for one in found.left_out)
    assert reasons == {"no such file": 1, "of split test": 20, "not in the subset": 10}
    assert "training: 10 trials (5 bona fide, 5 spoof), split train" in found.notes


def test_a_test_split_to_validate_on_is_said():
    notes = divide(of_splits("train", "test"), val_splits="test").notes
    assert any("test split" in note and "flatter" in note for note in notes)


REFUSED = [
    ({"train_splits": "tarin"}, "no split 'tarin'", "did you mean train"),
    ({"val_splits": "holdout"}, "no split 'holdout'", "it has"),
    ({"train_splits": "test"}, "test is a test split", "manifest of your own"),
    ({"train_splits": "train,val", "val_splits": "val"}, "split val is in", "--val-fraction"),
    ({"train_splits": ","}, "names no split", "train,validation"),
    ({"group_by": "speakr"}, "--group-by speakr", "did you mean speaker"),
    ({"hold_out": ["Benn"]}, "no speaker 'Benn'", "did you mean Ben"),
    ({"hold_out": ["Ann"], "hold_out_by": "singer"}, "states no singer", "speaker"),
    ({"hold_out": ["Ann"]}, "held-out set has no spoof trial", "--hold-out"),
    ({"val_fraction": 1.0}, "--val-fraction", "between 0 and 1"),
    ({"subset": "10"}, "--subset", "10% is a share"),
    ({"subset": "0"}, "--subset", "10%"),
    ({"subset": "nan"}, "--subset", "10%"),
]


@pytest.mark.parametrize(("asked", "what", "remedy"), REFUSED, ids=lambda value: str(value)[:30])
def test_what_cannot_be_meant_is_one_line_with_its_remedy(asked, what, remedy):
    rows = [("bonafide", "Ann"), ("bonafide", "Ben"), ("spoof", "Cid"), ("spoof", "Dan")]
    found = manifest(
        [(label, {"split": split, "speaker": who}) for split in ("train", "val", "test") for label, who in rows]
    )
    if "group_by" in asked:
        found = replace(found, trials=[trial for trial in found.trials if trial.meta["split"] == "train"])
    with pytest.raises(UsageError) as told:
        divide(found, **asked)
    assert what in str(told.value)
    assert remedy in str(told.value)
    assert "\n" not in str(told.value)


def test_sets_that_cannot_be_learnt_from():
    with pytest.raises(UsageError, match=r"no split of it is for training \(it has test\).*--train-splits"):
        divide(of_splits("test"))
    with pytest.raises(UsageError, match="training set has no spoof trial"):
        divide(manifest([("bonafide", {"split": "train"})] * 4 + [("spoof", {"split": "test"})] * 4))
    rows = [(label, {"split": "train"}) for label in LABELS] * 3 + [("spoof", {"split": "val"})]
    with pytest.raises(UsageError, match="validation set has no bona fide trial"):
        divide(manifest(rows))
    with pytest.raises(UsageError, match="one spoof training trial"):
        divide(manifest([("bonafide", {})] * 4 + [("spoof", {})]))
    with pytest.raises(UsageError, match=r"of one speaker \(LJ\).*--group-by none"):
        divide(manifest([("bonafide", {"speaker": "LJ"})] * 4 + [("spoof", {"speaker": s}) for s in "ABC"]))
    grouped = manifest([("bonafide", {"speaker": "LJ"})] * 4 + [("spoof", {"speaker": s}) for s in "ABC"])
    assert divide(grouped, group_by="none").validation


def test_another_set_to_validate_on():
    mine, other = of_splits("", each=6), manifest([(label, {}) for label in LABELS] * 3, root="other")
    found = divide(mine, validation=other)
    assert len(found.train) == 12
    assert {trial.source.split("/")[1] for trial in found.validation} == {"other"}
    half = replace(mine, trials=mine.trials[::2])
    with pytest.raises(UsageError, match="validation set is empty"):  # every trial of it is learnt from
        divide(mine, validation=half)
    splits = replace(of_splits("train", "val", "test", each=2), root=Path("elsewhere"))
    splits = replace(splits, trials=[replace(trial, source="/elsewhere" + trial.source) for trial in splits.trials])
    assert splits_in(divide(mine, validation=splits).validation) == {"val"}
    assert splits_in(divide(mine, validation=splits, val_splits="test").validation) == {"test"}


def test_who_is_held_out_is_in_no_other_set():
    rows = [
        (label, {"speaker": who, "split": split})
        for who in ("Alec Guinness", "Ayn Rand", "Bela", "Cy", "")
        for split in ("train", "val", "test")
        for label in LABELS
    ]
    found = divide(manifest(rows), hold_out=["alec_guinness", "Bela"])
    assert Counter(trial.meta["speaker"] for trial in found.held_out) == {"Alec Guinness": 6, "Bela": 6}
    rest = {trial.meta["speaker"] for trial in [*found.train, *found.validation]}
    assert rest == {"Ayn Rand", "Cy", ""}
    assert found.sets()["held-out"] is found.held_out


people = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(any), min_size=2, max_size=30
)  # (bona fide, spoofed) trials of each speaker


@given(people, st.integers(0, 8), st.integers(0, 8), st.floats(0.05, 0.6), st.integers(0, 99))
@settings(max_examples=60)
def test_no_speaker_on_both_sides_and_both_classes_on_each(groups, free_b, free_s, fraction, seed):
    rows = [("bonafide", {"speaker": "" if at % 2 else "-"}) for at in range(free_b)]
    rows += [("spoof", {"speaker": "unknown"})] * free_s
    for at, (bonafide, spoof) in enumerate(groups):
        rows += [("bonafide", {"speaker": f"s{at}"})] * bonafide + [("spoof", {"speaker": f"s{at}"})] * spoof
    own_groups = [sum(b > 0 for b, _ in groups) + free_b, sum(s > 0 for _, s in groups) + free_s]
    found = manifest(rows)
    if min(own_groups) < 2:
        with pytest.raises(UsageError):
            divide(found, val_fraction=fraction, split_seed=seed)
        return
    result = divide(found, val_fraction=fraction, split_seed=seed)
    sides = [{t.meta["speaker"] for t in side if t.meta["speaker"][:1] == "s"} for side in result.sets().values()]
    assert not sides[0] & sides[1]
    assert sorted(names(result.train) + names(result.validation)) == names(found.trials)
    for side in result.sets().values():
        assert {trial.label for trial in side} == set(LABELS)
    # Determined by names and seed, whatever the order that the set is listed in.
    again = divide(replace(found, trials=found.trials[::-1]), val_fraction=fraction, split_seed=seed)
    assert names(again.train) == names(result.train)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.2, 0.35]))
@settings(max_examples=15)
def test_shares_come_near_where_groups_are_small(seed, fraction):
    random = np.random.default_rng(seed)
    rows = [
        (label, {"speaker": f"s{who}"})
        for who in range(60)
        for label, n in zip(LABELS, random.integers(1, 9, 2))
        for _ in range(n)
    ]
    found = divide(manifest(rows), val_fraction=fraction, split_seed=seed)
    for label in LABELS:
        n = sum(row[0] == label for row in rows)
        assert abs(sum(trial.label == label for trial in found.validation) - fraction * n) <= 2


def test_without_speakers_shares_are_exact_and_the_seed_matters():
    found = of_splits("train", each=50)
    one, other = divide(found, val_fraction=0.2), divide(found, val_fraction=0.2, split_seed=1)
    assert Counter(trial.label for trial in one.validation) == {"bonafide": 10, "spoof": 10}
    assert names(one.validation) != names(other.validation)


trials_with_attacks = st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from("abcd"), st.sampled_from("xy")))
shares = st.floats(0.01, 1.0)


@given(trials_with_attacks, shares, shares, st.integers(0, 9))
@settings(max_examples=80)
def test_subsets_are_nested_and_keep_every_class(rows, first, second, seed):
    small, large = sorted((first, second))
    rows = [*rows, *[(label, "a", "x") for label in LABELS for _ in range(3)]]
    found = manifest([(label, {"split": "train", "attack": a, "source": s}) for label, a, s in rows])
    inner, outer = (divide(found, subset=str(share), split_seed=seed) for share in (small, large))
    whole = divide(found, split_seed=seed)
    assert set(names(inner.train)) <= set(names(outer.train)) <= set(names(whole.train))
    assert names(inner.validation) == names(outer.validation) == names(whole.validation)
    for label in LABELS:
        n = sum(trial.label == label for trial in whole.train)
        assert sum(trial.label == label for trial in inner.train) == max(1, round(small * n))


def test_subsets_hold_each_attack_in_its_proportion():
    attacks = [*["A01"] * 400, *["A02"] * 200, *["A03"] * 100]
    rows = [("spoof", {"attack": attack}) for attack in attacks] + [("bonafide", {"attack": ""})] * 300
    rows += [("bonafide", {"split": "val"}), ("spoof", {"split": "val"})]
    for seed in range(5):
        found = divide(manifest(rows), subset="10%", split_seed=seed)
        counts = Counter(trial.meta["attack"] for trial in found.train)
        for attack, n in {"A01": 40, "A02": 20, "A03": 10, "": 30}.items():
            assert abs(counts[attack] - n) <= 1
    as_share, as_percent = (divide(manifest(rows), subset=words).train for words in ("0.1", "10 %"))
    assert names(as_share) == names(as_percent)
    assert len(divide(manifest(rows), subset="1").train) == 1000


@pytest.mark.parametrize("column", ["label", "attack", "source"])
def test_weights_draw_each_value_of_a_class_equally_often(column):
    random = np.random.default_rng(5)
    found = [
        Trial(
            str(at), str(at), "bonafide", {"attack": "", "source": str(random.choice(list("xyz"), p=(0.7, 0.2, 0.1)))}
        )
        for at in range(90)
    ] + [
        Trial(str(at), str(at), "spoof", {"attack": f"A{at % 7 // 3}", "source": "y" if at % 5 else "w"})
        for at in range(200)
    ]
    weights = balanced_weights(found, column)
    assert weights.shape == (290,)
    assert weights.sum() == pytest.approx(1.0)
    of_value = defaultdict(float)
    for trial, weight in zip(found, weights):
        of_value[trial.label, "" if column == "label" else trial.meta[column]] += weight
    for label in LABELS:
        own = [weight for (whose, _), weight in of_value.items() if whose == label]
        assert sum(own) == pytest.approx(0.5)
        assert own == pytest.approx([own[0]] * len(own))


def test_weights_by_a_column_that_nothing_has():
    found = [Trial("a", "a", "bonafide", {"source": "x"}), Trial("b", "b", "spoof", {"source": "y"})]
    with pytest.raises(UsageError, match=r"--balance sorce.*did you mean source"):
        balanced_weights(found, "sorce")


def test_the_corpus(shared):
    """Real manifest: the stated counts, and a division by speaker within one per cent of the asked share."""
    corpus = open_set(shared("corpus/dev"))
    own = divide(corpus)
    assert (len(own.train), len(own.validation)) == (6022, 1334)
    found = divide(corpus, train_splits="training,validation", val_fraction=0.2)
    for label in LABELS:
        share = sum(t.label == label for t in found.validation) / sum(t.label == label for t in corpus.trials)
        assert abs(share - 0.2) < 0.01
    speakers = [{t.meta["speaker"] for t in side} - {""} for side in found.sets().values()]
    assert not speakers[0] & speakers[1]
