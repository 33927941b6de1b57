"""What speaks against believing a comparison: each side by the doctor's rules, and the two beside each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from truevoice.comparison.matching import Matched
from truevoice.comparison.system import Side
from truevoice.doctor.finding import Finding
from truevoice.doctor.scores import examine
from truevoice.evaluation.aside import findings_of_left_out
from truevoice.evaluation.evaluation import Threshold

NAMES_TOLD = 3


def of_both(
    titles: tuple[str, str], sides: tuple[Side, Side], thresholds: tuple[Threshold, Threshold]
) -> list[Finding]:
    """Those of each side, begun with its title; what holds for both in the same words is said once."""
    first, second = (findings_of_side(side, threshold) for side, threshold in zip(sides, thresholds))
    both = [one for one in first if one in second]
    found = [replace(one, message=f"{titles[0]} and {titles[1]}: {one.message}") for one in both]
    for title, own in zip(titles, (first, second)):
        found += [replace(one, message=f"{title}: {one.message}") for one in own if one not in both]
    return found


def findings_of_side(side: Side, threshold: Threshold) -> list[Finding]:
    """Flipped polarity, ties, too few trials, a threshold chosen on the test itself, …"""
    scores = side.score_set
    found = [*side.findings, *examine(scores.names, scores.bonafide, scores.scores), *findings_of_left_out(scores)]
    if threshold.on_test:
        told = (
            f"The threshold ({threshold.origin}) was chosen on the very trials it is judged on: accuracy is optimistic."
        )
        remedy = "Give each system a threshold of its own: 'truevoice evaluate --dev', or a calibration."
        found.append(Finding("threshold-on-test", "warning", told, remedy))
    return found + [Finding("reading", "note", f"{note[0].upper()}{note[1:]}.") for note in scores.notes]


def of_matching(matched: Matched, sides: tuple[Side, Side], titles: tuple[str, str]) -> list[Finding]:
    """Trials that only one has, other windows, scores that are the same."""
    found = []
    parts = [(matched.only_first, f"{titles[0]} only"), (matched.only_second, f"{titles[1]} only")]
    for names, where in parts:
        if names:
            told = f"Left out: {_counted(names)} in {where}. Both are judged on the {len(matched.first):,} common ones."
            found.append(Finding("trials-differ", "warning", told, "Score both on the same trials."))
    if matched.ambiguous:
        told = f"Left out: {_counted(matched.ambiguous)} whose name fits several of the other's."
        found.append(Finding("ambiguous-names", "warning", told, "Name trials by their paths on both sides."))
    found += [Finding("reading", "note", f"{note[0].upper()}{note[1:]}.") for note in matched.notes]
    windows = [side.conditions.windows for side in sides]
    if all(windows) and windows[0] != windows[1]:
        told = f"The two heard different windows ({windows[0]}; {windows[1]}), so the difference is of both."
        found.append(Finding("other-windows", "warning", told, "Score both with the same --windows and --window."))
    if np.array_equal(matched.first.scores, matched.second.scores):
        found.append(Finding("same-scores", "warning", "Both have the same score for every trial.", "Are they two?"))
    elif np.array_equal(matched.first.scores, -matched.second.scores):
        told = "The scores of one are those of the other turned round."
        found.append(Finding("turned-round", "error", told, "Say what a high score means with --score-means."))
    return found


def _counted(names: list[str]) -> str:
    some = ", ".join(names[:NAMES_TOLD]) + (", …" if len(names) > NAMES_TOLD else "")
    return f"{len(names):,} trial{'' if len(names) == 1 else 's'} ({some})"
