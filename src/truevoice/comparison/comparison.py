"""A comparison of two systems: set by set, with what speaks against believing it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from truevoice.comparison.figures import Change, changes
from truevoice.comparison.findings import of_both, of_matching
from truevoice.comparison.flips import Flip, GroupChange, by_groups, flips
from truevoice.comparison.matching import Matched, match
from truevoice.comparison.significance import holm
from truevoice.comparison.system import Side, System
from truevoice.doctor.finding import Finding
from truevoice.errors import UsageError
from truevoice.evaluation.evaluation import Threshold
from truevoice.evaluation.options import Options
from truevoice.metrics import eer


@dataclass(frozen=True)
class SetComparison:
    """Both systems on one set. figures: eer, auc, accuracy. thresholds: the working points, first and second. flips:
    trials that the second decides otherwise. groups: decisions by column. left_out: how many trials for which reason.
    """

    name: str
    sides: tuple[Side, Side]
    matched: Matched = field(repr=False)
    thresholds: tuple[Threshold, Threshold]
    figures: dict[str, Change]
    flips: list[Flip]
    groups: dict[str, list[GroupChange]]
    findings: list[Finding]

    @property
    def n_bonafide(self) -> int:
        return self.matched.first.n_bonafide

    @property
    def n_spoof(self) -> int:
        return self.matched.first.n_spoof

    def to_dict(self) -> dict[str, Any]:
        left_out = {"only_first": self.matched.only_first, "only_second": self.matched.only_second}
        return {
            "n_bonafide": self.n_bonafide,
            "n_spoof": self.n_spoof,
            "figures": {name: one.to_dict() for name, one in self.figures.items()},
            "thresholds": [asdict(one) for one in self.thresholds],
            "conditions": [asdict(side.conditions) for side in self.sides],
            "left_out": {**left_out, "ambiguous": self.matched.ambiguous},
            "flips": [asdict(flip) for flip in self.flips],
            "groups": {name: [group.to_dict() for group in groups] for name, groups in self.groups.items()},
            "findings": [finding.to_dict() for finding in self.findings],
        }


@dataclass(frozen=True)
class Comparison:
    """first, second: what the two are called. sets: by name. alone: sets that only one of them has. untested: sets
    without p-values, since something was chosen on them. written: files."""

    first: System
    second: System
    sets: dict[str, SetComparison]
    alone: list[str]
    options: Options
    untested: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    written: list[Path] = field(default_factory=list)

    @property
    def tests(self) -> int:
        """How many p-values Holm's correction is for."""
        return sum(one.p_value is not None for by_set in self.sets.values() for one in by_set.figures.values())

    @property
    def rounds_needed(self) -> int:
        """Rounds from which on the bootstrap's least p-value, 2 / (rounds + 1), stays significant when corrected."""
        return int(2 * self.tests / (1 - self.options.confidence) + 1e-6)

    @property
    def can_tell(self) -> bool:
        """Whether any change could be significant by the bootstrap."""
        return bool(self.tests) and self.options.rounds >= self.rounds_needed

    def method(self) -> str:
        """How intervals and p-values were made, in words."""
        if not self.options.rounds:
            return "no intervals and no tests were asked for"
        drawn = f"whole values of {self.options.cluster}" if self.options.cluster else "trials within each class"
        test = "the same bootstrap" if self.options.cluster else "McNemar's exact test"
        corrected = f"; p-values corrected for {self.tests} tests (Holm)" if self.tests > 1 else ""
        if self.untested:
            corrected += f"; {', '.join(self.untested)} not among them, since the best epoch was chosen there"
        return (
            f"{100 * self.options.confidence:g} % intervals and p-values by a paired bootstrap of "
            f"{self.options.rounds:,} rounds, seed {self.options.seed}, that draws {drawn}, the same for both; p of "
            f"accuracy by {test}{corrected}; thresholds stay as they are"
        )

    def to_dict(self) -> dict[str, Any]:
        """As comparison.json holds it. Rates are fractions; changes are second less first."""
        systems = [{"name": one.name, "origin": one.origin, "kind": one.kind} for one in (self.first, self.second)]
        return {
            "first": systems[0],
            "second": systems[1],
            "sets": {name: one.to_dict() for name, one in self.sets.items()},
            "alone": self.alone,
            "untested": self.untested,
            "method": self.method(),
            "options": {name: getattr(self.options, name) for name in ("rounds", "confidence", "seed", "cluster")},
            "findings": [finding.to_dict() for finding in self.findings],
            "polarity": "score: higher = more bona fide",
        }


def compare_systems(
    first: System, second: System, options: Options | None = None, *, untested: Collection[str] = ()
) -> Comparison:
    """Both systems on every set that both have; two systems of one set each are compared whatever it is called.

    untested: sets that something was chosen on, which a test would not know; they have intervals, and no p-values.

    Raises UsageError: no common set, no common trial, contradicting labels, one class only, no such cluster column.
    """
    options = options or Options()
    pairs, alone = _pairs(first, second)
    sets = {name: _compare(name, sides, (first, second), options) for name, sides in pairs.items()}
    sets = _corrected({name: _without_tests(one) if name in untested else one for name, one in sets.items()})
    findings = [Finding("set-alone", "note", f"{told}; it is not compared.") for told in alone]
    found = Comparison(first, second, sets, alone, options, [name for name in sets if name in untested], findings)
    if found.tests and not found.can_tell:
        told = f"{options.rounds:,} rounds are too few for {found.tests} tests: no EER or AUC can be found to differ."
        findings.append(Finding("too-few-rounds", "warning", told, f"Take --rounds {found.rounds_needed:,} or more."))
    return found


def _pairs(first: System, second: System) -> tuple[dict[str, tuple[Side, Side]], list[str]]:
    if len(first.sides) == len(second.sides) == 1:
        (name, ours), (other, theirs) = next(iter(first.sides.items())), next(iter(second.sides.items()))
        return {name if name == other else f"{name} / {other}": (ours, theirs)}, []
    common = [name for name in first.sides if name in second.sides]
    if not common:
        raise UsageError(
            f"{first.origin} has the sets {', '.join(first.sides)}, {second.origin} has {', '.join(second.sides)}: "
            "none in common; give two of their score files"
        )
    alone = [
        f"Set {name} is in {one.origin} only" for one in (first, second) for name in one.sides if name not in common
    ]
    return {name: (first.sides[name], second.sides[name]) for name in common}, alone


def _compare(name: str, sides: tuple[Side, Side], systems: tuple[System, System], options: Options) -> SetComparison:
    titles = _titles(systems)
    matched = match(sides[0].score_set, sides[1].score_set, titles)
    own = [side.threshold or _own_eer(side) for side in sides]
    thresholds, values = (own[0], own[1]), (own[0].value, own[1].value)
    return SetComparison(
        name=name,
        sides=sides,
        matched=matched,
        thresholds=thresholds,
        figures=changes(matched, values, options),
        flips=flips(matched, values),
        groups=by_groups(matched, values),
        findings=[*of_both(titles, sides, thresholds), *of_matching(matched, sides, titles)],
    )


def _titles(systems: tuple[System, System]) -> tuple[str, str]:
    """What to call the two in sentences; told apart where their names are one."""
    first, second = (one.name for one in systems)
    return (first, second) if first != second else (f"{first} (first)", f"{second} (second)")


def _own_eer(side: Side) -> Threshold:
    """The EER threshold of the very trials, where a system has none of its own."""
    return Threshold(eer(*side.score_set.split())[1], "EER threshold of these same trials", on_test=True)


def _without_tests(one: SetComparison) -> SetComparison:
    return replace(one, figures={name: replace(f, p_value=None, test="") for name, f in one.figures.items()})


def _corrected(sets: dict[str, SetComparison]) -> dict[str, SetComparison]:
    """The same with every p-value corrected for all of them."""
    tested = [(s, f) for s, one in sets.items() for f, change in one.figures.items() if change.p_value is not None]
    adjusted = holm([sets[s].figures[f].p_value or 0.0 for s, f in tested])
    by_set = {name: dict(one.figures) for name, one in sets.items()}
    for (s, f), p_value in zip(tested, adjusted):
        by_set[s][f] = replace(by_set[s][f], p_adjusted=p_value)
    return {name: replace(one, figures=by_set[name]) for name, one in sets.items()}
