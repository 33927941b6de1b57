"""What was set aside before anything was computed, as findings: trials without score, repeated ones, NaN."""

from __future__ import annotations

from truevoice.data.manifest import CONTRADICTION
from truevoice.data.trial import by_reason
from truevoice.doctor.finding import Finding
from truevoice.evaluation.score_files import DUPLICATE, NO_SCORE, NOT_A_NUMBER
from truevoice.evaluation.score_set import ScoreSet

NOT_SCORED = "not scored: "  # how the reason of a recording that could not be scored begins
NAME_SHOWN = 120
# reason → code, what they are (its first word in the singular), remedy
_KINDS = {
    NOT_A_NUMBER: (
        "not-finite",
        "trial whose score is NaN or infinite",
        "Score such trials again; silence and division by zero give NaN.",
    ),
    NO_SCORE: (
        "unscored",
        "trial without a score",
        "Score all trials: published figures are those of the whole set, and what fails is seldom a fair sample.",
    ),
    DUPLICATE: ("duplicates", "row with a trial that is listed already", "List each trial once."),
    CONTRADICTION: ("contradicting-labels", "row with both labels", "Keep the right one."),
}


def findings_of_left_out(score_set: ScoreSet) -> list[Finding]:
    """A warning for each kind of trial that should have counted and did not."""
    reasons: dict[str, list[str]] = {}
    for reason, names in by_reason(score_set.left_out).items():
        reasons.setdefault(NO_SCORE if reason.startswith(NOT_SCORED) else reason, []).extend(names)
    found = []
    for reason, names in reasons.items():
        if reason in _KINDS:
            code, words, remedy = _KINDS[reason]
            noun, rest = words.split(" ", 1)
            counted = f"{len(names):,} {noun}{'' if len(names) == 1 else 's'} {rest}"
            first = names[0] if len(names[0]) <= NAME_SHOWN else f"{names[0][:NAME_SHOWN]}…"
            found.append(Finding(code, "warning", f"Left out of every figure: {counted}, such as {first}.", remedy))
    return found
