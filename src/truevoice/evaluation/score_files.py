"""A score file of anyone's with its truth → a score set: every row is used, or counted with the reason why not.

The truth stands in the file or in a key, joined by the trial's name. Nothing is repaired by guesswork: two scores for
one trial, words for scores or a key of another protocol end the reading with one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from truevoice.data.keys import KeyRow, read_key
from truevoice.data.labels import read_labels
from truevoice.data.manifest import OFFICIAL
from truevoice.data.trial import BONAFIDE, SPOOF, LeftOut
from truevoice.errors import UsageError
from truevoice.evaluation.key_join import ABSENT, AMBIGUOUS, in_subset, match_key
from truevoice.evaluation.score_rows import ScoreRows, read_score_rows
from truevoice.evaluation.score_set import ScoreSet

NOT_A_NUMBER, NO_SCORE, DUPLICATE, NO_LABEL = "not a number", "no score", "duplicate", "no label"
LARGEST = 1e100  # a score beyond is as good as infinite: sums and differences of such overflow
NOT_IN_KEY, AMBIGUOUS_NAME = "not in the key", "its name fits several trials of the key"
NO_SCORE_WORDS = frozenset({"", "-", "none", "null", "na", "n/a"})
_DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+\s*")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ScoreFile:
    """A score set and what the file says of its making; "" or None where it says nothing. threshold: accept as bona
    fide where score ≥ threshold. windows: the policy, as `WindowPolicy.parse` takes it. prior_spoof: what its P(spoof)
    assumes.
    """

    score_set: ScoreSet
    model: str = ""
    checksum: str = ""
    windows: str = ""
    threshold: float | None = None
    prior_spoof: float | None = None


def read_scores(
    path: str | os.PathLike[str],
    *,
    key: str | os.PathLike[str] | None = None,
    subset: str | None = None,
    score_means: str = BONAFIDE,
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: Mapping[str, str] | None = None,
    strict: bool = True,
) -> ScoreFile:
    """Reads scores with their truth. score_means: what a high score speaks for; "spoof" negates them.

    key: a protocol or key with the labels (the file's own are not asked then); label_column and label_map are about
    the key where one is given. subset: only trials whose column `subset`, in the key or else in the file, says so.
    strict: False keeps NaN, infinite and repeated trials in the set, for the doctor to examine.

    Raises UsageError, one line: no scores, no truth, words for scores, another protocol, conflicting duplicates.
    """
    path = Path(path)
    if score_means not in (BONAFIDE, SPOOF):
        raise UsageError(f"--score-means is {BONAFIDE} or {SPOOF}: what a high score speaks for, not {score_means!r}")
    rows = read_score_rows(
        path,
        path_column=path_column,
        label_column=None if key else label_column,
        score_column=score_column,
        label_map=label_map,
    )
    if not rows.trials:
        raise UsageError(f"{path}: holds no trial")
    if key is not None:
        truth = _truth_of_key(rows, Path(key), subset, label_column, label_map)
    else:
        truth = _truth_of_file(rows, subset, label_map)
    scores, reasons = _numbers(rows, keep_odd=not strict)
    if score_means == SPOOF:
        scores = -scores
        truth.notes.append("scores were negated, since a high score means spoof in this file")
    score_set = _score_set(rows, truth, scores, reasons, strict)
    threshold = _constant_number(rows.constants.get("threshold", ""))
    return ScoreFile(
        score_set=score_set,
        model=rows.constants.get("model", ""),
        checksum=rows.constants.get("checksum", ""),
        windows=rows.constants.get("policy", ""),
        threshold=None if score_means == SPOOF else threshold,
        prior_spoof=_constant_number(rows.constants.get("prior_spoof", "")),
    )


@dataclass(frozen=True)
class _Truth:
    """labels: one a row of the file, or "" with a reason in `reasons`. aside: rows that are of another subset. same:
    what tells a trial: its name, or its row in the key. unscored: trials of the key that the file has not."""

    labels: list[str]
    reasons: list[str]
    aside: list[bool]
    same: Sequence[str | int]
    columns: dict[str, list[str]]
    unscored: list[str]
    notes: list[str]


def _truth_of_file(rows: ScoreRows, subset: str | None, label_map: Mapping[str, str] | None) -> _Truth:
    path, words = rows.path, rows.labels
    if words is None or not any(words):
        raise UsageError(
            f"{path}: has no labels, and evaluate needs the truth: add --key PROTOCOL, or a column of labels and "
            "--label-column"
        )
    meanings = read_labels(words, label_map, path)
    labels = [meanings[word] for word in words]
    aside = [False] * len(labels)
    if subset:
        subsets = rows.columns.get("subset")
        as_key = [KeyRow("", "", {"subset": word}) for word in subsets] if subsets else []
        aside = [not inside for inside in in_subset(as_key, subset, path)]
    notes = list(rows.notes)
    if rows.unnamed:
        notes.append("trials have no names here, so repeated ones cannot be found; they are called by their row")
    reasons = ["" if label else NO_LABEL for label in labels]
    return _Truth(labels, reasons, aside, rows.trials, rows.columns, [], _with_aside(notes, aside, subset))


def _truth_of_key(
    rows: ScoreRows, key: Path, subset: str | None, label_column: str | None, label_map: Mapping[str, str] | None
) -> _Truth:
    if rows.unnamed:
        raise UsageError(f"{rows.path}: has no column of trials to match with {key}; name it with --path-column")
    key_rows = read_key(key, label_column=label_column, label_map=label_map)
    at = match_key(rows.trials, key_rows, key)
    if max(at) < 0 and AMBIGUOUS not in at:
        there = f" (it has {key_rows[0].trial}; the scores have {rows.trials[0]})" if key_rows else ""
        raise UsageError(
            f"{rows.path}: is of another protocol: none of its {len(at):,} trials is in {key}{there}; give its own key "
            "(--key; of a development set, --dev-key)"
        )
    inside = in_subset(key_rows, subset, key) if subset else [True] * len(key_rows)
    subsets = sorted({row.meta.get("subset", "") for row in key_rows} - {""})
    notes = list(rows.notes)
    if not subset and OFFICIAL in subsets and len(subsets) > 1:
        told = f"the subsets {', '.join(subsets)} of the key are counted together"
        notes.append(f"{told}; published figures are those of {OFFICIAL} (--subset {OFFICIAL})")
    aside = [i >= 0 and not inside[i] for i in at]
    unknown = {ABSENT: NOT_IN_KEY, AMBIGUOUS: AMBIGUOUS_NAME}
    labels = [key_rows[i].label if i >= 0 else "" for i in at]
    reasons = [unknown.get(i, "" if label else "no label in the key") for i, label in zip(at, labels)]
    scored = {key_rows[i].trial for i in at if i >= 0}
    wanted = dict.fromkeys(row.trial for i, row in enumerate(key_rows) if inside[i])
    unscored = [trial for trial in wanted if trial not in scored]
    names = dict.fromkeys(name for row in key_rows[:1] for name in row.meta)
    columns = {name: [key_rows[i].meta.get(name, "") if i >= 0 else "" for i in at] for name in names}
    columns |= {name: cells for name, cells in rows.columns.items() if name not in columns}
    same = [i if i >= 0 else name for i, name in zip(at, rows.trials)]
    return _Truth(labels, reasons, aside, same, columns, unscored, _with_aside(notes, aside, subset))


def _with_aside(notes: list[str], aside: list[bool], subset: str | None) -> list[str]:
    count = sum(aside)
    return [*notes, f"{count:,} trials of other subsets than {subset} were set aside"] if count else notes


def _numbers(rows: ScoreRows, keep_odd: bool) -> tuple[Floats, list[str]]:
    """Scores (N,) with NaN where there is none, and for each row why it cannot be used, "" where it can."""
    values = np.full(len(rows.scores), np.nan)
    reasons = [""] * len(rows.scores)
    commas = False
    for at, word in enumerate(rows.scores):
        try:
            values[at] = float(word)
            continue
        except ValueError:
            pass
        if word.lower() in NO_SCORE_WORDS:
            reasons[at] = NO_SCORE
        elif _DECIMAL_COMMA.fullmatch(word):
            values[at] = float(word.replace(",", "."))
            commas = True
        else:
            raise UsageError(
                f"{rows.path}: row {at + 1} ({rows.trials[at]}): the score {word[:40]!r} is not a number; verdicts are "
                "no scores: name the column of scores with --score-column"
            )
    if commas:
        rows.notes.append("decimal commas were read as decimal points")
    for at, error in enumerate(rows.errors or []):
        if error:
            reasons[at] = error
    if not keep_odd:
        for at in np.flatnonzero(~(np.abs(values) <= LARGEST)).tolist():
            reasons[at] = reasons[at] or NOT_A_NUMBER
    return values, reasons


def _score_set(rows: ScoreRows, truth: _Truth, scores: Floats, reasons: list[str], strict: bool) -> ScoreSet:
    left_out, kept = [], []
    for at, (name, aside) in enumerate(zip(rows.trials, truth.aside)):
        if aside:
            continue
        reason = truth.reasons[at] or reasons[at]
        if reason:
            left_out.append(LeftOut(name, reason))
        else:
            kept.append(at)
    if strict:
        kept, repeated = _each_once(rows, truth, scores, kept)
        left_out += repeated
    left_out += [LeftOut(name, NO_SCORE) for name in truth.unscored]
    bonafide = np.array([label == BONAFIDE for label in truth.labels], bool)
    notes, named = _all_notes(rows, truth), not rows.unnamed
    whole = ScoreSet(rows.trials, bonafide, scores, truth.columns, left_out=left_out, notes=notes, named=named)
    taken = whole.take(np.array(kept, np.int64))
    columns = {name: cells for name, cells in taken.columns.items() if any(cells)}
    return replace(taken, columns=columns, p_spoof=_probabilities(rows, kept))


def _all_notes(rows: ScoreRows, truth: _Truth) -> list[str]:
    return list(dict.fromkeys([*truth.notes, *rows.notes]))


def _each_once(rows: ScoreRows, truth: _Truth, scores: Floats, kept: list[int]) -> tuple[list[int], list[LeftOut]]:
    """The first row of each trial. Raises UsageError where its rows differ in score or label."""
    first: dict[str | int, int] = {}
    once, repeated = [], []
    for at in kept:
        before = first.setdefault(truth.same[at], at)
        if before == at:
            once.append(at)
        elif truth.labels[at] != truth.labels[before]:
            raise UsageError(f"{rows.path}: trial {rows.trials[at]} stands twice with different labels")
        elif scores[at] != scores[before]:
            raise UsageError(
                f"{rows.path}: trial {rows.trials[at]} stands twice with different scores ({rows.scores[before]} and "
                f"{rows.scores[at]}); keep one"
            )
        else:
            repeated.append(LeftOut(rows.trials[at], DUPLICATE))
    return once, repeated


def _probabilities(rows: ScoreRows, kept: list[int]) -> Floats | None:
    """P(spoof) of the kept rows, where the file gives one in [0, 1] for each."""
    if rows.p_spoof is None or not kept:
        return None
    try:
        values = np.array([float(rows.p_spoof[at]) for at in kept])
    except ValueError:
        return None
    return values if ((values >= 0) & (values <= 1)).all() else None


def _constant_number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if np.isfinite(value) else None
