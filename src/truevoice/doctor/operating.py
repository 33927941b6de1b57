"""Reported figures of one operating point: do they agree with each other, and with the set they are said to be from?

Per trial, let P be the share of positives, t that of true positives and u that of true negatives. Sensitivity is t/P,
specificity u/(1-P), accuracy t+u, PPV t/(t + 1-P-u), NPV u/(u + P-t). A printed figure bounds such a ratio from both
sides, and multiplied by its denominator each bound is linear in (P, t, u). So all printed figures together cut a convex
body out of space: empty means that they contradict each other, else its extent along P is the share of positives they
imply. With counts of both classes, whole numbers of true positives and true negatives are sought as well.

The identities are those of the confusion matrix (T. Fawcett, An introduction to ROC analysis, 2006).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from truevoice.doctor.finding import Finding
from truevoice.doctor.printed import Printed, read_printed
from truevoice.errors import UsageError
from truevoice.metrics.feasible import Range

NAMES = ("accuracy", "sensitivity", "specificity", "ppv", "npv")
# numerator and denominator of each figure as multiples of (P, t, u, 1)
_RATIOS: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "accuracy": ((0, 1, 1, 0), (0, 0, 0, 1)),
    "sensitivity": ((0, 1, 0, 0), (1, 0, 0, 0)),
    "specificity": ((0, 0, 1, 0), (-1, 0, 0, 1)),
    "ppv": ((0, 1, 0, 0), (-1, 1, -1, 1)),
    "npv": ((0, 0, 1, 0), (1, -1, 1, 0)),
}
_EDGE = 1e-9
_MOST_TRIALS = 10_000_000

_Planes = NDArray[np.float64]


@dataclass(frozen=True)
class OperatingVerdict:
    """agree: the figures fit each other. prevalence: shares of positives that fit all of them, None where none does.

    implied: for accuracy, ppv and npv each, the shares that fit it beside sensitivity and specificity.
    fits: `as given`, `swapped` or `neither` of the two ways to read the counts; "" without counts.
    """

    agree: bool
    prevalence: Range | None
    implied: dict[str, Range | None]
    fits: str
    findings: list[Finding]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "prevalence": self.prevalence and list(self.prevalence),
            "implied": {name: ends and list(ends) for name, ends in self.implied.items()},
        }


def judge_operating_point(
    *,
    accuracy: str = "",
    sensitivity: str = "",
    specificity: str = "",
    ppv: str = "",
    npv: str = "",
    n_pos: int | None = None,
    n_neg: int | None = None,
) -> OperatingVerdict:
    """Judges printed figures such as "0.725" or "72.5%", "" where not given; half a unit of the last digit is allowed.

    n_pos, n_neg: trials of the positive and of the negative class; the positive one is the one sensitivity is about.
    Raises UsageError where a figure is no rate, none is given, or only one count is.
    """
    words = dict(zip(NAMES, (accuracy, sensitivity, specificity, ppv, npv)))
    printed = {name: read_printed(text, name) for name, text in words.items() if text}
    if not printed:
        raise UsageError("an operating point needs figures: accuracy, sensitivity, specificity, ppv, npv")
    counts = _counts(n_pos, n_neg)
    prevalence = implied_prevalence(printed)
    pair: dict[str, Printed] = {name: printed[name] for name in ("sensitivity", "specificity") if name in printed}
    implied: dict[str, Range | None] = {
        name: implied_prevalence({**pair, name: printed[name]})
        for name in ("accuracy", "ppv", "npv")
        if name in printed and len(pair) == 2
    }
    findings = [Finding("how-read", "note", one.note) for one in printed.values() if one.note]
    fits = ""
    if prevalence is None:
        findings.append(_contradiction(list(printed), implied))
    else:
        findings.append(_agreement(list(printed), prevalence))
        if counts:
            fits, finding = _against(printed, counts, prevalence)
            findings.append(finding)
    return OperatingVerdict(prevalence is not None, prevalence, implied, fits, findings)


def implied_prevalence(printed: Mapping[str, Printed]) -> Range | None:
    """The shares of positives that fit all these figures at once, rounding allowed; None where none does."""
    planes = _planes(printed)
    corners = _corners(planes)
    if not len(corners):
        return None
    return Range(float(max(0.0, corners[:, 0].min())), float(min(1.0, corners[:, 0].max())))


def whole_numbers_fit(printed: Mapping[str, Printed], n_pos: int, n_neg: int) -> bool:
    """Whether some whole numbers of true positives and true negatives give every figure as printed."""
    total = n_pos + n_neg
    edge = _EDGE + 1e-12 * total
    hits = np.arange(n_pos + 1, dtype=np.float64)
    least, most = np.zeros_like(hits), np.full_like(hits, n_neg)
    for p, t, u, one in _planes(printed):  # p P + t T + u U + one >= 0, times all trials, solved for U
        known = p * n_pos + t * hits + one * total
        if u > 0:
            least = np.maximum(least, np.ceil(-known / u - edge))
        elif u < 0:
            most = np.minimum(most, np.floor(known / -u + edge))
        else:
            most = np.where(known >= -edge, most, -1.0)
    return bool((least <= most).any())


def _planes(printed: Mapping[str, Printed]) -> _Planes:
    """Rows (p, t, u, one), each meaning p P + t T + u U + one >= 0."""
    rows: list[NDArray[np.float64]] = [
        np.array(row, float) for row in ((0, 1, 0, 0), (0, 0, 1, 0), (1, -1, 0, 0), (-1, 0, -1, 1))
    ]
    for name, figure in printed.items():
        above, below = (np.array(part, float) for part in _RATIOS[name])
        rows += [above - figure.interval.low * below, figure.interval.high * below - above]
    return np.stack(rows)


def _corners(planes: _Planes) -> NDArray[np.float64]:
    """Corners (N, 3) of the body that the planes cut out, by trying every three of them; (0, 3) where it is empty."""
    triples = np.array(list(combinations(range(len(planes)), 3)))
    normals, offsets = planes[triples][:, :, :3], planes[triples][:, :, 3]
    solvable = np.abs(np.linalg.det(normals)) > 1e-12
    points = np.linalg.solve(normals[solvable], -offsets[solvable][:, :, None])[:, :, 0]
    return points[(points @ planes[:, :3].T + planes[:, 3] >= -_EDGE).all(axis=1)]


def _counts(n_pos: int | None, n_neg: int | None) -> tuple[int, int] | None:
    if n_pos is None and n_neg is None:
        return None
    if n_pos is None or n_neg is None:
        raise UsageError("the trials of both classes are needed: --n-pos N --n-neg N")
    if min(n_pos, n_neg) < 1 or n_pos + n_neg > _MOST_TRIALS:
        raise UsageError(f"--n-pos and --n-neg must be at least 1 and together at most {_MOST_TRIALS:,}")
    return n_pos, n_neg


def _against(printed: Mapping[str, Printed], counts: tuple[int, int], prevalence: Range) -> tuple[str, Finding]:
    n_pos, n_neg = counts
    share, swapped_share = n_pos / (n_pos + n_neg), n_neg / (n_pos + n_neg)
    the_set = f"{n_pos:,} positive and {n_neg:,} negative trials"
    places = 0 if min(abs(one - end) for one in (share, swapped_share) for end in prevalence) > 0.01 else 2
    if whole_numbers_fit(printed, n_pos, n_neg):
        told = f"They fit a set of {the_set} ({_percent(share, places)} positives)."
        return "as given", Finding("fits-the-set", "note", told)
    if whole_numbers_fit(printed, n_neg, n_pos):
        told = f"They fit {the_set} only with the classes swapped: the positive class is the one with {n_neg:,} trials."
        return "swapped", Finding("classes-swapped", "warning", told, "Name the positive class beside every figure.")
    if prevalence.holds(share) or prevalence.holds(swapped_share):
        told = f"No whole numbers of right and wrong decisions on {the_set} give these figures."
    else:
        told = (
            f"They do not fit {the_set}: the figures need {_percents(prevalence)} positives, and this set has "
            f"{_percent(share, places)}, or {_percent(swapped_share, places)} with the classes swapped."
        )
    remedy = "The figures come from another set or from several: count one confusion matrix, and compute all from it."
    return "neither", Finding("another-set", "error", told, remedy)


def _agreement(names: list[str], prevalence: Range) -> Finding:
    if prevalence.high - prevalence.low > 0.999:
        told = "The figures contradict nothing, and say nothing of the share of positives."
    else:
        told = f"{_listed(names)} agree with each other at {_percents(prevalence)} positives."
    return Finding("figures-agree", "note", told[0].upper() + told[1:])


def _contradiction(names: list[str], implied: Mapping[str, Range | None]) -> Finding:
    parts = [f"{_word(name)} needs {_percents(ends)}" for name, ends in implied.items() if ends]
    parts += [f"{_word(name)} fits no share at all" for name, ends in implied.items() if not ends]
    told = f"{_listed(names)} contradict each other: no share of positives fits them all"
    if parts:
        told += f" (with this sensitivity and specificity, {', '.join(parts)})"
    remedy = "They are not of one threshold on one set: count one confusion matrix, and compute all from it."
    return Finding("figures-contradict", "error", told[0].upper() + told[1:] + ".", remedy)


def _word(name: str) -> str:
    return name.upper() if name in ("ppv", "npv") else name


def _listed(names: list[str]) -> str:
    words = [_word(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _percent(share: float, places: int) -> str:
    return f"{100 * share:.{places}f} %"


def _percents(ends: Range) -> str:
    places = 1 if ends.high - ends.low > 0.01 else 2
    low, high = f"{100 * ends.low:.{places}f}", f"{100 * ends.high:.{places}f}"
    return f"{low} %" if low == high else f"{low} to {high} %"
