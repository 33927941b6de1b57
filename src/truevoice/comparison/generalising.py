"""What a fine-tuning changed, in plain words, by fixed rules over intervals and corrected p-values.

A set is better where EER or AUC improved significantly and neither got significantly worse. Where no change is
significant, the interval of the EER's change says whether a change of a size that matters is ruled out; if not, the
trials are too few to tell, and nothing is claimed. Absence of proof is never called proof of absence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from truevoice.comparison.comparison import SetComparison
from truevoice.doctor.scores import FEW_TRIALS

Role = Literal["own", "validation", "custom", "other"]
Kind = Literal["better", "worse", "mixed", "unchanged", "unclear", "untested"]
LEAKED = "leaked"
MATTERS = 0.05  # a change of the EER that one would notice; within ± this much a set counts as unchanged


@dataclass(frozen=True)
class Judged:
    """A set, what it is to the study, and what became of it: better, worse, mixed (EER one way, AUC the other),
    unchanged (a change of ± 5 points of EER is ruled out), unclear (too few trials to tell) or untested."""

    name: str
    role: Role
    kind: Kind
    sentence: str


@dataclass(frozen=True)
class Summary:
    """verdict: a stable word for programs: generalises (better on its own data and on the custom set), custom-only
    (better on the custom set alone), own-domain-only, not-shown, too-few-trials, no-gain, harmful, not-tested, leaked.
    headline: one sentence. sentences: one a set, then what follows. forgotten: sets that got worse."""

    verdict: str
    headline: str
    sentences: list[str]
    judged: list[Judged]
    forgotten: list[str]


def judge_set(one: SetComparison, role: Role, confidence: float, *, can_tell: bool = True) -> Judged:
    """Raises nothing. can_tell: whether there are rounds enough for a change to be significant; without, and without
    p-values, a set is untested."""
    eer, auc = one.figures["eer"], one.figures["auc"]
    if not can_tell or eer.p_adjusted is None:
        return Judged(one.name, role, "untested", _sentence(one, "untested", role))
    ways = {figure.gain > 0 for figure in (eer, auc) if figure.is_significant(confidence)}
    if ways == {True}:
        kind: Kind = "better"
    elif ways == {False}:
        kind = "worse"
    elif ways:
        kind = "mixed"
    else:
        few = min(one.n_bonafide, one.n_spoof) < FEW_TRIALS
        bounded = eer.ci is not None and max(abs(eer.ci[0]), abs(eer.ci[1])) < MATTERS
        kind = "unchanged" if bounded and not few else "unclear"
    return Judged(one.name, role, kind, _sentence(one, kind, role))


def summarise(
    sets: Sequence[tuple[SetComparison, Role]], confidence: float, *, learnt: int = 0, can_tell: bool = True
) -> Summary:
    """Judges each set and says whether the fine-tuning generalises to the custom set.

    learnt: recordings of the custom set that sound the same as one that was learnt from, or validated on; with any,
    nothing is said to generalise, whatever the figures. can_tell: see `judge_set`.
    """
    judged = [judge_set(one, role, confidence, can_tell=can_tell) for one, role in sets]
    own = _together([one.kind for one in judged if one.role == "own"])
    custom = _together([one.kind for one in judged if one.role == "custom"])
    verdict, headline = _conclusion(own, custom)
    if learnt:
        verdict = LEAKED
        headline = (
            f"Of the custom set {learnt:,} {'recording sounds' if learnt == 1 else 'recordings sound'} the same as one "
            "that was learnt from or validated on: as it stands, nothing can be said about generalising; take them out."
        )
    forgotten = [one.name for one in judged if one.kind == "worse"]
    sentences = [one.sentence for one in judged]
    if elsewhere := [name for name in forgotten if name not in [one.name for one in judged if one.role == "own"]]:
        sentences.append(
            f"On {_listed(elsewhere)} the fine-tuned detector is worse than the one it was made from: it has forgotten "
            "something that it knew."
        )
    small = [s.name for s, _ in sets if min(s.n_bonafide, s.n_spoof) < FEW_TRIALS]
    if small:
        sentences.append(
            f"{_listed(small)} {'has' if len(small) == 1 else 'have'} fewer than {FEW_TRIALS} trials of a class: read "
            "the intervals, not the figures."
        )
    return Summary(verdict, headline, sentences, judged, forgotten)


def _together(kinds: Sequence[Kind]) -> Kind:
    """Several sets of one role as one: worse outweighs better, better outweighs what is not clear."""
    if "mixed" in kinds or {"better", "worse"} <= set(kinds):
        return "mixed"
    return next((kind for kind in ("worse", "better", "unclear", "unchanged") if kind in kinds), "untested")


def _conclusion(own: Kind, custom: Kind) -> tuple[str, str]:
    at_home = {
        "better": "The fine-tuning helped on the data it was made with",
        "worse": "The fine-tuning made the detector worse even on the data it was made with",
        "mixed": "On the data it was made with the fine-tuning helped in one figure and harmed in another",
        "unchanged": "The fine-tuning changed little on the data it was made with",
        "unclear": "Whether the fine-tuning helped on the data it was made with cannot be told from these trials",
        "untested": "Whether the fine-tuning helped on the data it was made with was not tested",
    }[own]
    if custom == "untested":
        return "not-tested", "No change was tested for significance, so nothing can be said about generalising."
    if custom == "better":
        if own == "better":
            return "generalises", f"{at_home}, and on the custom set, which it never saw: it generalises to it."
        return "custom-only", f"{at_home}; on the custom set, which it never saw, the detector is better."
    if custom == "worse":
        joint = "and on the custom set it" if own == "worse" else "but on the custom set the detector"
        return "harmful", f"{at_home}, {joint} got worse: it does not generalise."
    if custom == "mixed":
        return (
            "not-shown",
            f"{at_home}; on the custom set EER and AUC moved in opposite ways: it is not shown to generalise.",
        )
    if own != "better":
        if custom == "unclear":
            return "too-few-trials", f"{at_home}; on the custom set no change can be told from chance either."
        bound = f"{100 * MATTERS:g} points of EER or more"
        return "no-gain", f"{at_home}; on the custom set a change of {bound} is ruled out."
    if custom == "unchanged":
        return "own-domain-only", f"{at_home}, but not on the custom set: it does not generalise to it."
    return (
        "not-shown",
        f"{at_home}, but on the custom set no change can be told from chance: it is not shown to generalise, and too "
        "few trials are there to rule it out.",
    )


def _sentence(one: SetComparison, kind: Kind, role: Role) -> str:
    figure = one.figures["eer"]
    told = f"{one.name}: EER {_rate(figure.first)} before, {_rate(figure.second)} after"
    if figure.ci is not None:
        told += (
            f" (change {_points(figure.change)} points, interval {_points(figure.ci[0])} to {_points(figure.ci[1])})"
        )
    told += f"; AUC {one.figures['auc'].first:.3f} before, {one.figures['auc'].second:.3f} after. "
    return (
        told
        + {
            "better": "That is better, by more than chance explains.",
            "worse": "That is worse, by more than chance explains.",
            "mixed": "One of the two is better and the other worse, both by more than chance explains.",
            "unchanged": f"A change of {100 * MATTERS:g} points or more is ruled out.",
            "unclear": "With these trials no change can be told from chance, and a large one cannot be ruled out.",
            "untested": "Not tested: the best epoch was chosen on these trials."
            if role == "validation"
            else "Not tested.",
        }[kind]
    )


def _rate(value: float) -> str:
    return f"{100 * value:.1f} %"


def _points(value: float) -> str:
    shown = f"{100 * value:+.1f}".replace("-", "\u2212")
    return "0" if shown in ("+0.0", "\u22120.0") else shown


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
