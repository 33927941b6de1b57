"""The sets of a study: the custom one, the parts of the fine-tuning set that are not learnt from, and any others."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from truevoice.commands.labelled_set import SetSource
from truevoice.commands.subject import Tables
from truevoice.comparison.generalising import Role
from truevoice.data.division import Division, divide
from truevoice.data.manifest import Manifest
from truevoice.data.readers import open_set
from truevoice.data.splits import TEST, kind_of
from truevoice.data.trial import BONAFIDE, SPOOF, Trial, by_reason
from truevoice.doctor.finding import Finding
from truevoice.errors import UsageError
from truevoice.training.settings import Data

CUSTOM, OWN_TEST, VALIDATION, HELD_OUT = "custom", "finetune-test", "finetune-validation", "finetune-held-out"
RESERVED = frozenset({CUSTOM, OWN_TEST, VALIDATION, HELD_OUT, "train", "dev"})
_NAME = re.compile(r"\w[\w.-]{0,59}")


@dataclass(frozen=True)
class StudySet(SetSource):
    """A set whose trials are chosen already. role: what it is to the study; part: which part of its folder, in words.
    is_validation: the threshold and the best epoch are chosen on it."""

    name: str = ""
    role: Role = "other"
    manifest: Manifest | None = field(default=None, repr=False)
    trials: Sequence[Trial] = field(default=(), repr=False)
    part: str = ""
    is_validation: bool = False

    def open(self) -> tuple[Manifest, list[Trial], str]:
        assert self.manifest is not None
        return self.manifest, list(self.trials), self.part

    @property
    def digest(self) -> str:
        """sha256 of the names, labels and sizes of its recordings, in the order of names."""
        return digest_of(self.trials)


def digest_of(trials: Iterable[Trial]) -> str:
    """sha256 of names, labels and sizes in bytes: what a set is, without reading it."""
    lines = sorted(f"{trial.name}\0{trial.label}\0{_size(trial.source)}\n" for trial in trials)
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


def _size(source: str) -> int:
    try:
        return os.path.getsize(source)
    except OSError:
        return -1


@dataclass(frozen=True)
class Sets:
    """division: of the fine-tuning set. measured: the sets of the study, validation first."""

    division: Division
    measured: list[StudySet]


def gather_sets(
    custom: Path, data: Data, tests: Mapping[str, str], *, custom_split: str = "", custom_map: str | None = None
) -> Sets:
    """Divides the fine-tuning set as training will, and opens the others.

    Raises UsageError, one line: what dividing and opening raise; a set of one class; a name that cannot be taken; a
    recording of the custom or another set that would be learnt from.
    """
    tables = Tables(data.path_column or None, data.label_column or None, data.label_map or None)
    words = tables.words()
    manifest = open_set(data.data, **words)
    division = divide(
        manifest,
        train_splits=data.train_splits,
        val_splits=data.val_splits,
        validation=open_set(data.val_data, **words) if data.val_data else None,
        val_fraction=data.val_fraction,
        group_by=data.group_by,
        hold_out=data.hold_out,
        hold_out_by=data.hold_out_by,
        subset=data.subset,
        split_seed=data.split_seed,
    )
    sets = _own_sets(Path(data.data), manifest, division)
    listed = {CUSTOM: (custom, custom_split, Tables(label_map=custom_map))}
    for name, path in tests.items():
        if name in RESERVED or not _NAME.fullmatch(name):
            raise UsageError(f"--test {name}: cannot be taken as a set's name; use letters, digits, - and _")
        listed[name] = (Path(path), "", Tables())
    for name, (where, split, its) in listed.items():
        opened, trials, part = SetSource(where, split or None, None, its).open()
        role: Role = "custom" if name == CUSTOM else "other"
        sets.append(StudySet(where, name=name, role=role, manifest=opened, trials=trials, part=part))
    for one in sets:
        _check(one, division)
    return Sets(division, sets)


def _own_sets(where: Path, manifest: Manifest, division: Division) -> list[StudySet]:
    """Validation, then the set's test split and who is held out, where there are such."""
    used = {trial.key for part in (division.train, division.validation, division.held_out) for trial in part}
    test = [
        trial for trial in manifest.trials if trial.key not in used and kind_of(trial.meta.get("split", "")) == TEST
    ]
    own = {OWN_TEST: (test, "its test split"), HELD_OUT: (division.held_out, "held out")}
    own = {name: (trials, part) for name, (trials, part) in own.items() if trials}
    found = [
        StudySet(
            where,
            name=VALIDATION,
            role="validation",
            manifest=manifest,
            trials=division.validation,
            part="validation",
            is_validation=True,
        )
    ]
    return found + [
        StudySet(where, name=name, role="own", manifest=manifest, trials=trials, part=part)
        for name, (trials, part) in own.items()
    ]


def _check(one: StudySet, division: Division) -> None:
    labels = {trial.label for trial in one.trials}
    for label, word in ((BONAFIDE, "bona fide"), (SPOOF, "spoof")):
        if label not in labels:
            raise UsageError(
                f"{one.target} ({one.name}): holds no {word} recording among its {len(one.trials):,}; EER and AUC "
                "compare two classes"
            )
    if one.role in ("custom", "other"):
        learnt = {trial.key for trial in (*division.train, *division.validation)}
        shared = [trial.name for trial in one.trials if trial.key in learnt]
        if shared:
            raise UsageError(
                f"{one.target} ({one.name}): {len(shared):,} of its recordings, such as {shared[0]}, would be learnt "
                "from or validated on; take them out of one of the two sets"
            )


def check_cluster(sets: Sets, column: str) -> None:
    """Raises UsageError for a column to draw by that one of the sets has not, or has one value of: that should be told
    before anything is heard."""
    for one in sets.measured if column else ():
        cells = {trial.meta.get(column, "") for trial in one.trials}
        known = list(dict.fromkeys(name for trial in one.trials for name, cell in trial.meta.items() if cell))
        if cells == {""}:
            there = ", ".join(known) or "none"
            raise UsageError(f"--cluster {column}: {one.target} ({one.name}) has no such column; it has {there}")
        if len(cells) < 2:
            raise UsageError(f"--cluster {column}: all of {one.target} ({one.name}) is of one {column}, {cells.pop()}")


def left_out_findings(sets: Sets) -> list[Finding]:
    """What was left out of a set when it was opened, with the reason: no figure has it."""
    found = {}
    for one in sets.measured:
        assert one.manifest is not None
        for reason, names in by_reason(one.manifest.left_out).items():
            counted = f"{len(names):,} {'entry' if len(names) == 1 else 'entries'}"
            told = f"{one.target}: {counted} left out when it was opened ({reason}), such as {names[0]}."
            found[told] = Finding("left-out", "warning", told)
    return list(found.values())
