"""A set divided into what is learnt from, what is validated on, and who is wholly held out.

Trials of a test split never come into training. The division hangs on the trials' names and the seed alone, not on the
order of the manifest, so that two machines and two runs learn from the same trials.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from truevoice.data.grouping import choose_groups
from truevoice.data.manifest import Manifest
from truevoice.data.splits import (
    NOBODY,
    TEST,
    TRAINING,
    VALIDATION,
    held_values,
    kind_of,
    named_splits,
    splits_of,
    suggestion,
)
from truevoice.data.subsets import balanced_weights, parse_share, take_subset
from truevoice.data.trial import BONAFIDE, LABELS, SPOOF, LeftOut, Trial
from truevoice.errors import UsageError

__all__ = ["Division", "balanced_weights", "divide"]

NO_GROUPS = "none"  # --group-by none: every trial by itself
SPEAKER = "speaker"
NOT_IN_SUBSET = "not in the subset"


@dataclass(frozen=True)
class Division:
    """train, validation, held_out (empty where nobody is held out): lists of labelled trials that share none.

    notes: how they came about, in sentences. left_out: what the set holds and none of them has, with the reason.
    """

    train: list[Trial]
    validation: list[Trial]
    held_out: list[Trial] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def sets(self) -> dict[str, list[Trial]]:
        """By name: "train", "validation", and "held-out" where there is one."""
        held = {"held-out": self.held_out} if self.held_out else {}
        return {"train": self.train, "validation": self.validation, **held}


def divide(
    manifest: Manifest,
    *,
    train_splits: str = "",
    val_splits: str = "",
    validation: Manifest | None = None,
    val_fraction: float = 0.2,
    group_by: str = "",
    hold_out: Sequence[str] = (),
    hold_out_by: str = SPEAKER,
    subset: str = "100%",
    split_seed: int = 0,
) -> Division:
    """Divides a set; the options are those of `truevoice.training.settings.Data`.

    Training: the splits named, else those that mean training, else all that mean neither validation nor test.
    Validation: the splits named (of `validation` where that is given), else the set's own, else `val_fraction` of the
    training trials, by class, with no group in both. Groups: the column `group_by`, else speakers where any is stated;
    "none" takes each trial by itself, as is one whose cell names nobody. hold_out: values of the column `hold_out_by`
    whose trials, of any split, come into neither. subset: share of the training trials, the rest of the division
    unchanged by it.

    Raises UsageError, one line with the remedy: unknown split, column or value; a test split to learn from; one split
    for both; a set that would be empty or of one class.
    """
    if not 0 < val_fraction < 1:
        raise UsageError("--val-fraction lies between 0 and 1")
    share = parse_share(subset)
    trials, others = _by_name(manifest), _by_name(validation) if validation else []
    held = held_values([*trials, *others], hold_out, hold_out_by, manifest.root) if hold_out else set()
    held_out = _unique([trial for trial in [*trials, *others] if trial.meta.get(hold_out_by, "") in held])
    away = {trial.key for trial in held_out}
    trials = [trial for trial in trials if trial.key not in away]
    notes = [_told("held out", held_out, f"{hold_out_by} {', '.join(sorted(held))}")] if held else []

    learnt, checked = _choose_splits(manifest, train_splits, "" if validation else val_splits, bool(validation))
    train = _of_splits(trials, learnt)
    _check_classes(train, "training", _remedy_of_training(manifest, train_splits))
    if validation:
        wanted = _splits_of_other(validation, val_splits)
        known = {trial.key for trial in train}
        chosen = [trial for trial in _of_splits(others, wanted) if trial.key not in away]
        check = [trial for trial in chosen if trial.key not in known]
        how = f"of {validation.root}{_splits_in_words(wanted)}"
        notes += [f"{len(chosen) - len(check):,} of its trials are in training too and left out of validation"] * (
            len(check) < len(chosen)
        )
    elif checked:
        check, how = _of_splits(trials, checked), _splits_in_words(checked).strip()
    else:
        train, check, how = _carve(train, val_fraction, group_by, split_seed)
    _check_classes(check, "validation", "--val-splits, --val-data or --val-fraction give it other trials")
    if held:
        remedy = f"--hold-out takes several values of {hold_out_by}; name some that have the other class"
        _check_classes(held_out, "held-out", remedy)
    if any(kind_of(split) == TEST for split in checked):
        notes.append("validation is a test split here: the best epoch is chosen on it, so figures on it flatter")

    whole = train
    train = take_subset(whole, share, split_seed)
    notes.insert(0, _told("training", train, _splits_in_words(learnt).strip()))
    notes.insert(1, _told("validation", check, how))
    if share < 1:
        notes.append(f"subset: {len(train):,} of {len(whole):,} training trials ({100 * share:g} %)")
    left_out = [*manifest.left_out, *(validation.left_out if validation else [])]
    left_out += _unused([*trials, *others], whole, train, [*check, *held_out])
    return Division(train, check, held_out, notes, left_out)


def _by_name(manifest: Manifest) -> list[Trial]:
    """Labelled trials in an order that does not hang on how the set was listed."""
    return sorted((trial for trial in manifest.trials if trial.label in LABELS), key=lambda trial: trial.name)


def _unique(trials: Sequence[Trial]) -> list[Trial]:
    return list({trial.key: trial for trial in reversed(trials)}.values())[::-1]


def _choose_splits(manifest: Manifest, train: str, val: str, elsewhere: bool) -> tuple[list[str], list[str]]:
    """Splits to learn from, and splits to validate on: none where a part of the training trials is to be taken.

    elsewhere: another set is validated on.
    """
    there = splits_of(manifest.trials)
    kinds = {split: kind_of(split) for split in there}
    checked = named_splits(val, there, "--val-splits", manifest.root) if val else []
    if train:
        learnt = named_splits(train, there, "--train-splits", manifest.root)
    else:
        learnt = [split for split in there if kinds[split] == TRAINING and split not in checked]
        learnt = learnt or [split for split in there if kinds[split] not in (VALIDATION, TEST) and split not in checked]
    if tests := [split for split in learnt if kinds[split] == TEST]:
        raise UsageError(
            f"{manifest.root}: {tests[0]} is a test split, and nothing is learnt from those; a manifest of your own "
            "with another word in its column split says otherwise"
        )
    if both := [split for split in learnt if split in checked]:
        raise UsageError(
            f"split {both[0]} is in --train-splits and in --val-splits; take it out of one (--val-fraction divides it)"
        )
    if not learnt:
        names = ", ".join(filter(None, there))
        raise UsageError(f"{manifest.root}: no split of it is for training (it has {names}); name one, --train-splits")
    if not checked and not elsewhere:
        checked = [split for split in there if kinds[split] == VALIDATION and split not in learnt]
    return learnt, checked


def _splits_of_other(validation: Manifest, val_splits: str) -> list[str]:
    """Of another set to validate on: the splits named, else its validation split, else all."""
    there = splits_of(validation.trials)
    if val_splits:
        return named_splits(val_splits, there, "--val-splits", validation.root)
    return [split for split in there if kind_of(split) == VALIDATION] or there


def _of_splits(trials: Sequence[Trial], splits: Sequence[str]) -> list[Trial]:
    wanted = set(splits)
    return [trial for trial in trials if trial.meta.get("split", "") in wanted]


def _carve(train: list[Trial], fraction: float, group_by: str, seed: int) -> tuple[list[Trial], list[Trial], str]:
    """(what stays in training, what goes to validation, how in words)."""
    column = _group_column(train, group_by)
    groups = [None if column == NO_GROUPS else _group(trial, column) for trial in train]
    for label in LABELS:
        own = [group for group, trial in zip(groups, train) if trial.label == label]
        if None not in own and len(set(own)) < 2:
            words = f"all {_word(label)} training trials are of one {column} ({own[0]})"
            raise UsageError(
                f"{words}, so none can be validated on apart; --group-by none divides it, --val-data brings another set"
            )
        if len(own) < 2:
            raise UsageError(
                f"there is one {_word(label)} training trial, too few to divide; --val-data brings another set"
            )
    bonafide = np.array([trial.label == BONAFIDE for trial in train])
    chosen = choose_groups(groups, bonafide, fraction, np.random.default_rng([seed, 0xD1F]))
    how = f"{100 * fraction:g} % of the training trials"
    known = len({group for group in groups if group is not None})
    if known:
        alone = sum(group is None for group in groups)
        rest = f"; {alone:,} trials without one stand each by itself" if alone else ""
        how += f", no {column} in both ({known:,} {column} values{rest})"
    stays = [trial for trial, taken in zip(train, chosen.tolist()) if not taken]
    return stays, [trial for trial, taken in zip(train, chosen.tolist()) if taken], how


def _group_column(train: Sequence[Trial], group_by: str) -> str:
    """The column that groups are of; NO_GROUPS where there is none. Raises UsageError for one that nothing has."""
    if group_by.lower() == NO_GROUPS:
        return NO_GROUPS
    column = group_by or SPEAKER
    if any(_group(trial, column) is not None for trial in train):
        return column
    if not group_by:
        return NO_GROUPS
    known = sorted({name for trial in train for name, cell in trial.meta.items() if cell})
    hint = suggestion(group_by, known) if known else "the set has no columns but path and label"
    raise UsageError(f"--group-by {group_by}: no training trial states it; {hint}")


def _group(trial: Trial, column: str) -> str | None:
    cell = trial.meta.get(column, "").strip()
    return None if cell.lower() in NOBODY else cell


def _check_classes(trials: Sequence[Trial], name: str, remedy: str) -> None:
    there = {trial.label for trial in trials}
    if not trials:
        raise UsageError(f"the {name} set is empty; {remedy}")
    for label in LABELS:
        if label not in there:
            raise UsageError(f"the {name} set has no {_word(label)} trial among its {len(trials):,}; {remedy}")


def _remedy_of_training(manifest: Manifest, train_splits: str) -> str:
    others = [split or "(none stated)" for split in splits_of(manifest.trials)]
    named = "another of" if train_splits else "some of"
    return (
        f"--train-splits takes {named} {', '.join(others)}"
        if len(others) > 1
        else "a detector learns from both classes: see 'truevoice data scan'"
    )


def _told(name: str, trials: Sequence[Trial], how: str) -> str:
    counts = Counter(trial.label for trial in trials)
    told = f"{name}: {len(trials):,} trials ({counts[BONAFIDE]:,} bona fide, {counts[SPOOF]:,} spoof)"
    return f"{told}, {how}" if how else told


def _splits_in_words(splits: Sequence[str]) -> str:
    named = [split for split in splits if split]
    return f" split {' and '.join(named)}" if named else ""


def _word(label: str) -> str:
    return "bona fide" if label == BONAFIDE else label


def _unused(
    all_: Sequence[Trial], whole: Sequence[Trial], train: Sequence[Trial], rest: Sequence[Trial]
) -> list[LeftOut]:
    """Trials in no set: of other splits, or outside the subset; those in training that another set lists too."""
    used = {trial.key for trial in [*train, *rest]}
    learnt = {trial.key for trial in whole}
    found = []
    for trial in _unique(all_):
        if trial.key in used:
            continue
        split = trial.meta.get("split", "")
        reason = NOT_IN_SUBSET if trial.key in learnt else f"of split {split}" if split else "of no split"
        found.append(LeftOut(trial.name, reason))
    return found
