"""A reported EER and AUC: can both be true of one list of scores, and if not, what likely went wrong?

Rests on `truevoice.metrics.feasible`. Whether a figure lies on the better or the worse side of chance tells which of
them may have had its scores turned round; whether the upright pair is then possible tells whether that explains it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from truevoice.doctor.finding import Finding
from truevoice.doctor.printed import Printed, in_words, read_printed, span
from truevoice.metrics.feasible import Range, auc_range, auc_range_concave, eer_range, is_feasible

_ONE_ORIGIN = "Compute both anew from one list of scores over all trials, as truevoice evaluate does."
_TURN_ROUND = "See which way the scores point and negate them if need be: higher must mean more bona fide."
_FLIPPED_NAMES = {"eer": "the EER", "auc": "the AUC", "both": "both"}


@dataclass(frozen=True)
class Reading:
    """The pair read another way. `code`: `eer`, `auc` or `both` turned round, or `eer-unit`, `auc-unit`."""

    code: str
    eer: float
    auc: float
    possible: bool
    words: str


@dataclass(frozen=True)
class PairVerdict:
    """eer, auc: as fractions, None where not given. possible: some ROC curve has both, as they round.

    suspicious: possible, but at least one of them is worse than chance. auc_range: the AUCs that go with the EER;
    eer_range: the EERs that go with the AUC (rounding included). readings: the pair with one or both figures turned
    round, and in other units where that makes sense. findings: the verdict in words.
    """

    eer: float | None
    auc: float | None
    possible: bool
    suspicious: bool
    auc_range: Range | None
    eer_range: Range | None
    readings: list[Reading]
    findings: list[Finding]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {
            "auc_range": self.auc_range and list(self.auc_range),
            "eer_range": self.eer_range and list(self.eer_range),
        }


def judge_pair(eer_text: str, auc_text: str) -> PairVerdict:
    """Judges a printed pair, each such as "0.534" or "53.4%"; half a unit of the last digit is allowed each.

    Raises UsageError where one of them is no rate.
    """
    eer, auc = read_printed(eer_text, "EER"), read_printed(auc_text, "AUC")
    possible = _fits(eer, auc)
    upside_down = _upside_down(eer, auc)
    readings = _flips(eer, auc) + ([] if possible else _units(eer, auc))
    findings = [*_notes(eer, auc), _ranges(eer, auc)]
    if not possible:
        findings.append(_impossible(eer, auc, upside_down, readings))
    elif upside_down:
        findings.append(_suspicious(eer, auc, upside_down))
    else:
        findings.append(_plausible(eer, auc))
    return PairVerdict(
        eer.value,
        auc.value,
        possible,
        possible and bool(upside_down),
        _aucs(eer),
        _eers(auc),
        readings,
        findings,
    )


def judge_one(*, eer_text: str = "", auc_text: str = "") -> PairVerdict:
    """Where only one of the two is known: which values the other can have. Raises UsageError as `judge_pair`."""
    if eer_text:
        given = read_printed(eer_text, "EER")
        ends, worse = _aucs(given), given.interval.low > 0.5
        what = f"An EER of {in_words(given.value, 6)} goes with an AUC from {span(ends)}"
    else:
        given = read_printed(auc_text, "AUC")
        ends, worse = _eers(given), given.interval.high < 0.5
        what = f"An AUC of {in_words(given.value, 6)} goes with an EER from {span(ends)}"
    findings = [Finding("how-read", "note", given.note)] if given.note else []
    findings.append(Finding("feasible-range", "note", what + ", and with no other."))
    if worse:
        findings.append(Finding("worse-than-chance", "warning", "It is worse than chance.", _TURN_ROUND))
    return PairVerdict(
        eer=given.value if eer_text else None,
        auc=None if eer_text else given.value,
        possible=True,
        suspicious=worse,
        auc_range=ends if eer_text else None,
        eer_range=None if eer_text else ends,
        readings=[],
        findings=findings,
    )


def _aucs(eer: Printed) -> Range:
    return Range(auc_range(eer.interval.high).low, auc_range(eer.interval.low).high)


def _eers(auc: Printed) -> Range:
    return Range(eer_range(auc.interval.high).low, eer_range(auc.interval.low).high)


def _fits(eer: Printed, auc: Printed) -> bool:
    """Whether the pair is possible; figures on the very edge of the region count as inside."""
    edge = 1e-12
    near = Range(max(0.0, auc.interval.low - edge), min(1.0, auc.interval.high + edge))
    return is_feasible(eer.interval, near)


def _upside_down(eer: Printed, auc: Printed) -> str:
    """Which figures are worse than chance, rounding apart: "", "eer", "auc" or "both"."""
    worse = [name for name, is_worse in (("eer", eer.interval.low > 0.5), ("auc", auc.interval.high < 0.5)) if is_worse]
    return "both" if len(worse) == 2 else "".join(worse)


def _flips(eer: Printed, auc: Printed) -> list[Reading]:
    readings = []
    turned = {"eer": (eer.flipped(), auc), "auc": (eer, auc.flipped()), "both": (eer.flipped(), auc.flipped())}
    for code, (e, a) in turned.items():
        words = f"with {_FLIPPED_NAMES[code]} turned round: EER {in_words(e.value)}, AUC {in_words(a.value)}"
        readings.append(Reading(code, e.value, a.value, _fits(e, a), words))
    return readings


def _units(eer: Printed, auc: Printed) -> list[Reading]:
    """The pair with a per cent sign lost or put on by mistake."""
    readings = []
    for code, printed in (("eer-unit", eer), ("auc-unit", auc)):
        other = printed.scaled(100 if printed.percent else 0.01)
        if other is None:
            continue
        e, a = (other, auc) if code == "eer-unit" else (eer, other)
        name = "EER" if code == "eer-unit" else "AUC"
        digits = in_words(printed.value * (100 if printed.percent else 1), 6)
        meant = f"the fraction {digits}" if printed.percent else f"{digits} %"
        words = f"reading the {name} as {meant}: EER {in_words(e.value, 6)}, AUC {in_words(a.value, 6)}"
        readings.append(Reading(code, e.value, a.value, _fits(e, a), words))
    return readings


def _notes(eer: Printed, auc: Printed) -> list[Finding]:
    return [Finding("how-read", "note", printed.note) for printed in (eer, auc) if printed.note]


def _impossible(eer: Printed, auc: Printed, upside_down: str, readings: list[Reading]) -> Finding:
    told = f"No ROC curve has an EER of {in_words(eer.value, 6)} and an AUC of {in_words(auc.value, 6)}"
    by_code = {reading.code: reading for reading in readings}
    lost_unit = auc.percent and "auc-unit" in by_code and by_code["auc-unit"].possible
    if upside_down in ("eer", "auc") and by_code[upside_down].possible and not lost_unit:
        upright = by_code[upside_down]
        why = (
            f"; {_FLIPPED_NAMES[upside_down]} was most likely computed from scores or labels turned round, since "
            f"EER {in_words(upright.eer, 6)} and AUC {in_words(upright.auc, 6)} are possible together."
        )
        return Finding("impossible-pair-flip", "error", told + why, f"{_TURN_ROUND} {_ONE_ORIGIN}")
    for code in ("eer-unit", "auc-unit"):
        if code in by_code and by_code[code].possible:
            why = f"; a per cent sign was most likely lost or added, since it is possible {by_code[code].words}."
            return Finding("impossible-pair-unit", "error", told + why, "Say per cent or fraction with each figure.")
    why = (
        "; no flipped polarity and no mistaken unit explains it, so they do not come from the same scores and labels: "
        "often an EER averaged over batches, or one of verdicts, stands beside a pooled AUC."
    )
    return Finding("impossible-pair", "error", told + why, _ONE_ORIGIN)


def _ranges(eer: Printed, auc: Printed) -> Finding:
    told = f"This EER goes with an AUC from {span(_aucs(eer))}, this AUC with an EER from {span(_eers(auc))}."
    return Finding("feasible-range", "note", told)


def _suspicious(eer: Printed, auc: Printed, upside_down: str) -> Finding:
    told = f"EER {in_words(eer.value, 6)} and AUC {in_words(auc.value, 6)} are possible together, but "
    if upside_down == "both":
        told += (
            "both are worse than chance: the polarity is most likely flipped in both, and the detector has "
            f"EER {in_words(1 - eer.value, 6)} and AUC {in_words(1 - auc.value, 6)}."
        )
    else:
        told += (
            f"{_FLIPPED_NAMES[upside_down]} is worse than chance and the other is not: the detector is near chance, or "
            f"{_FLIPPED_NAMES[upside_down]} alone was computed from scores turned round."
        )
    return Finding("worse-than-chance", "warning", told, _TURN_ROUND)


def _plausible(eer: Printed, auc: Printed) -> Finding:
    told = f"EER {in_words(eer.value, 6)} and AUC {in_words(auc.value, 6)} are possible together"
    if eer.value <= 0.5:
        concave = auc_range_concave(eer.value)
        if not Range(concave.low, concave.high).meets(auc.interval):
            told += f", of a curve that is not concave (which would have an AUC from {span(concave)}); that is common"
    return Finding("possible-pair", "note", told + ".")
