"""`truevoice doctor` on the command line. Figures come as text, since trailing zeros count."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from truevoice.cli.options import FormatNames
from truevoice.errors import UsageError

if TYPE_CHECKING:
    from truevoice.commands.doctor import Diagnosis
    from truevoice.doctor.environment import Check
    from truevoice.doctor.finding import Finding

FINDING_STYLES = {"error": "bold red", "warning": "dark_orange", "note": "dim"}
CHECK_STYLES = {"good": "green", "absent": "dim", "bad": "bold red"}


def doctor_command(
    scores: Path | None = None,
    *,
    eer: str | None = None,
    auc: str | None = None,
    accuracy: str | None = None,
    sensitivity: str | None = None,
    specificity: str | None = None,
    ppv: str | None = None,
    npv: str | None = None,
    n_pos: int | None = None,
    n_neg: int | None = None,
    key: Path | None = None,
    subset: str | None = None,
    score_means: Literal["bonafide", "spoof"] = "bonafide",
    path_column: str | None = None,
    label_column: str | None = None,
    score_column: str | None = None,
    label_map: str | None = None,
    format: FormatNames = None,
) -> int:
    """Parses, calls `truevoice.commands.doctor`, prints.

    Parameters
    ----------
    scores
        A score file made by anyone: a table, or lines of `UTT SCORE`.
    eer
        A reported equal error rate, as printed: 0.534 or 53.4%.
    auc
        A reported area under the ROC curve, as printed.
    accuracy
        Of one operating point, as printed.
    sensitivity
        Share of the positive class that was found.
    specificity
        Share of the negative class that was left alone.
    ppv
        Share of positives among those called positive (precision).
    npv
        Share of negatives among those called negative.
    n_pos
        Trials of the positive class.
    n_neg
        Trials of the negative class.
    key
        The labels of a score file that has none: a protocol, a trial_metadata.txt, a table.
    subset
        Of ASVspoof 2021: eval, progress or hidden.
    score_means
        What a high score of the file speaks for.
    path_column
        Column with the trials' names.
    label_column
        Column with the labels.
    score_column
        Column with the scores.
    label_map
        What the labels mean: 1=spoof,0=bonafide.
    format
        json on screen, in place of the text.
    """
    if format not in (None, "json"):
        raise UsageError(f"format {format!r} is not known here: choose json")
    point = {
        name: _text(value, name)
        for name, value in zip(
            ("accuracy", "sensitivity", "specificity", "ppv", "npv"), (accuracy, sensitivity, specificity, ppv, npv)
        )
        if value is not None
    }
    pair = {name: _text(value, name) for name, value in (("eer", eer), ("auc", auc)) if value is not None}
    if (point or n_pos is not None or n_neg is not None) and (pair or scores):
        raise UsageError("figures of an operating point are judged by themselves: leave out the file, --eer and --auc")
    reading = {
        "key": key,
        "subset": subset,
        "path_column": path_column,
        "label_column": label_column,
        "score_column": score_column,
    }
    if scores is None and (any(reading.values()) or label_map or score_means != "bonafide"):
        raise UsageError("no score file is given to read like that")
    if scores is not None:
        return _file(scores, {**reading, **pair, "score_means": score_means}, label_map, format)
    if pair:
        return _pair(pair, format)
    if point or n_pos is not None or n_neg is not None:
        return _point(point, n_pos, n_neg, format)
    return _environment(format)


def _text(value: str, name: str) -> str:
    if not value.strip():
        raise UsageError(f"--{name} is empty; give the figure as printed, such as 0.067 or 6.7%")
    return value


def _pair(pair: dict[str, str], form: str | None) -> int:
    from truevoice.commands.doctor import judge_figures, status_of

    verdict = judge_figures(**pair)
    return _told(verdict.to_dict(), verdict.findings, status_of(verdict.findings), form)


def _point(point: dict[str, str], n_pos: int | None, n_neg: int | None, form: str | None) -> int:
    from truevoice.commands.doctor import judge_operating_point, status_of

    verdict = judge_operating_point(**point, n_pos=n_pos, n_neg=n_neg)
    return _told(verdict.to_dict(), verdict.findings, status_of(verdict.findings), form)


def _file(scores: Path, reading: dict[str, Any], label_map: str | None, form: str | None) -> int:
    from truevoice.commands.doctor import examine_file, status_of
    from truevoice.data.labels import parse_label_map

    found = examine_file(scores, **reading, label_map=parse_label_map(label_map) if label_map else None)
    if form is None:
        _print_figures(found)
    status = _told(found.to_dict(), found.findings, status_of(found.findings), form)
    if form is None and not any(finding.severity != "note" for finding in found.findings):
        print("nothing is wrong with these scores")
    return status


def _environment(form: str | None) -> int:
    from truevoice.commands.doctor import check_environment

    checks = check_environment()
    status = 1 if any(check.state == "bad" for check in checks) else 0
    if form == "json":
        return _printed({"fit": status == 0, "checks": [check.to_dict() for check in checks]}, status)
    _print_checks(checks)
    return status


def _told(document: dict[str, Any], findings: Sequence[Finding], status: int, form: str | None) -> int:
    if form == "json":
        return _printed(document, status)
    _print_findings(findings)
    return status


def _printed(document: dict[str, Any], status: int) -> int:
    sys.stdout.write(json.dumps({**document, "exit_status": status}, indent=1, ensure_ascii=False) + "\n")
    return status


def _print_findings(findings: Iterable[Finding]) -> None:
    from truevoice.cli.screen import console, shown

    screen = console()
    for finding in findings:
        style = FINDING_STYLES[finding.severity]
        screen.print(f"[{style}]{finding.severity}:[/] {shown(finding.message)}", soft_wrap=not screen.is_terminal)
        if finding.remedy:
            screen.print(f"  [italic]{shown(finding.remedy)}[/italic]", soft_wrap=not screen.is_terminal)


def _print_figures(found: Diagnosis) -> None:
    from truevoice.cli.screen import console, shown

    figures = "" if found.eer is None or found.auc is None else f"; EER {100 * found.eer:.2f} %, AUC {found.auc:.4f}"
    counts = f"{found.n_bonafide:,} bona fide and {found.n_spoof:,} spoof trials"
    console().print(f"{shown(found.path)}: {counts}{figures}", soft_wrap=True)


def _print_checks(checks: Sequence[Check]) -> None:
    from rich.table import Table

    from truevoice.cli.screen import console, shown

    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("what", "state", "found", "remedy"):
        table.add_column(column, overflow="fold")
    for check in checks:
        table.add_row(check.name, f"[{CHECK_STYLES[check.state]}]{check.state}[/]", shown(check.found), check.remedy)
    console().print(table)
