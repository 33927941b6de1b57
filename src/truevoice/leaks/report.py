"""The leak report of a division: what its sets share, and what gives the classes away without a voice."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truevoice.data.division import Division
from truevoice.data.trial import BONAFIDE, LeftOut, Trial
from truevoice.doctor.finding import Finding
from truevoice.errors import TruevoiceError, UsageError
from truevoice.files import replace_file
from truevoice.leaks import boosted
from truevoice.leaks.cues import AUDIO, CueTable, cue_table
from truevoice.leaks.measure import Progress, measure_all
from truevoice.leaks.shared import Shared, shared_by_sets
from truevoice.leaks.strength import TELLING, Strength, fold_of, strength

AUDIO_TOGETHER = "all audio cues together"
ALL_TOGETHER = "with the manifest's columns"

_TELLING_REMEDY = (
    "Balance or level it between the classes (--balance, augmentation), or measure on a set where it is even."
)


@dataclass(frozen=True)
class LeakReport:
    """sets: name → {"bonafide": n, "spoof": n}. shared: what each two sets share. strengths: of each cue, the strongest
    in training first; together: of all at once, () where scikit-learn is absent. unreadable: recordings that could not
    be decoded. findings: in words, warnings first. seconds: what it took.
    """

    sets: dict[str, dict[str, int]]
    shared: list[Shared] = field(default_factory=list)
    strengths: list[Strength] = field(default_factory=list)
    together: list[Strength] = field(default_factory=list)
    unreadable: list[LeftOut] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing is more than a note."""
        return all(finding.severity == "note" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "sets": self.sets,
            "findings": [finding.to_dict() for finding in self.findings],
            "telling_auc": TELLING,
            "cues": [one.to_dict() for one in self.strengths],
            "together": [one.to_dict() for one in self.together],
            "shared": [one.to_dict() for one in self.shared],
            "unreadable": {one.name: one.reason for one in self.unreadable},
            "seconds": round(self.seconds, 2),
        }

    def write(self, path: str | os.PathLike[str]) -> Path:
        """As JSON, whole or not at all. Raises TruevoiceError where it cannot be written."""
        path = Path(path)
        text = json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, [text.encode(errors="backslashreplace")])
        except OSError as error:
            raise TruevoiceError(f"{path}: cannot be written ({error.strerror}); -o names another place") from None
        return path


def leak_report(
    division: Division | Mapping[str, Sequence[Trial]],
    *,
    jobs: int = 0,
    progress: Progress | None = None,
    trees: bool | None = None,
    seed: int = 0,
) -> LeakReport:
    """Compares the sets with each other and measures every recording's cues.

    division: or labelled trials by set, the training set first. jobs: decoding threads, 0 = as many as cores.
    progress(done, total) is told while recordings are decoded. trees: the gradient-boosted tree over all cues; None =
    where scikit-learn is installed, with a note where not; True raises MissingExtraError there. seed: of the folds.

    Raises UsageError where there is no training set; a recording that cannot be read is listed, not fatal.
    """
    began = time.monotonic()
    sets = division.sets() if isinstance(division, Division) else {name: list(own) for name, own in division.items()}
    if not any(sets.values()) or not next(iter(sets.values())):
        raise UsageError("a leak report needs a training set, and it is empty")
    if trees and not boosted.is_installed():
        raise boosted.MissingExtraError("the AUC of all cues together", "train")
    once = list({trial.key: trial for own in sets.values() for trial in own}.values())
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        measured = dict(zip((trial.key for trial in once), measure_all(once, pool, progress)))
        shared = shared_by_sets(sets, measured, pool)
    table = cue_table(sets, measured)
    folds = fold_of(table.bonafide, seed)
    readable = next(iter(sets)) in table.owners  # without training recordings nothing can be learnt
    strengths = [strength(cue, table.owners, table.bonafide, folds) for cue in table.cues] if readable else []
    strengths.sort(key=lambda one: -(next(iter(one.auc.values()), None) or 0.0))
    wanted = boosted.is_installed() if trees is None else trees
    unreadable = [LeftOut(trial.name, measured[trial.key].error) for trial in once if measured[trial.key].error]
    report = LeakReport(
        {name: _counts(own) for name, own in sets.items()},
        shared,
        strengths,
        _together(table, folds, seed) if wanted and readable else [],
        unreadable,
        seconds=time.monotonic() - began,
    )
    found = [*_findings(report, len(once))]
    if trees is None and not wanted:
        missing = "All cues together were not measured: that needs scikit-learn (pip install 'truevoice[train]')."
        found.append(Finding("together-left-out", "note", missing))
    report.findings.extend(sorted(found, key=lambda finding: finding.severity == "note"))
    return report


def _counts(trials: Sequence[Trial]) -> dict[str, int]:
    bonafide = sum(trial.label == BONAFIDE for trial in trials)
    return {"bonafide": bonafide, "spoof": len(trials) - bonafide}


def _together(table: CueTable, folds: Any, seed: int) -> list[Strength]:
    """Of the cues that are measured, and of those with the manifest's columns where it has some."""
    audio = [cue for cue in table.cues if cue.origin == AUDIO]
    parts = {AUDIO_TOGETHER: audio} | ({ALL_TOGETHER: table.cues} if len(audio) < len(table.cues) else {})
    return [
        boosted.together(name, cues, table.owners, table.bonafide, folds, seed=seed) for name, cues in parts.items()
    ]


def _findings(report: LeakReport, total: int) -> Iterator[Finding]:
    for pair in report.shared:
        yield from pair.findings()
    for one in report.strengths:
        if told := _telling(one):
            cue = f"{one.name} (a column of the manifest)" if one.origin != AUDIO else one.name
            yield Finding("telling-cue", "warning", f"{cue} gives the class away: AUC {told}.", _TELLING_REMEDY)
    for one in report.together:
        if told := _telling(one):
            words = f"{one.name[0].upper()}{one.name[1:]}, trivial cues give the class away: AUC {told}."
            words = words.replace("together, trivial cues give", "give")
            remedy = "A detector must do much better than this to show that it hears voices."
            yield Finding("telling-cues-together", "warning", words, remedy)
    if report.unreadable:
        some = ", ".join(f"{one.name} ({one.reason})" for one in report.unreadable[:3])
        told = f"{len(report.unreadable):,} of {total:,} recordings could not be read, such as {some}."
        yield Finding("unreadable", "warning", told, "Mend them or take them out of the set.")


def _telling(one: Strength) -> str:
    return ", ".join(f"{value:.2f} in {name}" for name, value in one.telling.items())
