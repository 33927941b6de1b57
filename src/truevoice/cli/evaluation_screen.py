"""An evaluation on the terminal: figures with intervals, groups, findings, and what they hold for."""

from __future__ import annotations

import csv
import io

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from truevoice.cli.screen import console, shown
from truevoice.data.trial import by_reason
from truevoice.evaluation.evaluation import Evaluation, Group
from truevoice.report.text_safety import short

GROUPS_SHOWN = 12
LONGEST_NAME = 80
STYLES = {"error": "bold red", "warning": "bold dark_orange", "note": "dim"}
# name in metrics.json → what stands on screen, whether it is a rate
RANKING = {
    "eer": ("EER", True),
    "auc": ("AUC", False),
    "min_dcf": ("min DCF", False),
    "act_dcf": ("act DCF", False),
    "cllr": ("Cllr, bits", False),
    "min_cllr": ("min Cllr, bits", False),
    "brier": ("Brier", False),
    "ece": ("ECE", False),
    "min_tdcf_2019": ("min t-DCF, 2019", False),
    "min_tdcf_2021": ("min t-DCF, 2021", False),
}
DECIDING = {
    "accuracy": ("accuracy", True),
    "balanced_accuracy": ("balanced accuracy", True),
    "sensitivity": ("sensitivity (spoofs found)", True),
    "specificity": ("specificity (bona fide left alone)", True),
    "ppv": ("PPV (called spoof, is spoof)", True),
    "npv": ("NPV (called bona fide, is)", True),
    "f1": ("F1 of spoof", False),
}


def show_evaluation(found: Evaluation) -> None:
    """All of it on standard output."""
    out = console()
    for finding in found.findings:
        if finding.severity != "note":
            out.print(f"[{STYLES[finding.severity]}]{finding.severity}[/] {shown(str(finding))}")
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("figure", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column(found.intervals.split(":")[0] if found.ci else "", no_wrap=True, style="dim")
    for name, (words, is_rate) in RANKING.items():
        _row(table, found, name, words, is_rate=is_rate)
    table.add_section()
    counts = found.confusion
    for name, (words, is_rate) in DECIDING.items():
        _row(table, found, name, words, is_rate=is_rate)
    out.print(table)
    wrong = f"{counts['bonafide_rejected']:,} of {found.conditions.n_bonafide:,} bona fide called spoof, "
    wrong += f"{counts['spoof_accepted']:,} of {found.conditions.n_spoof:,} spoofs called bona fide"
    out.print(f"at threshold {found.threshold.value:.4f} ({shown(found.threshold.origin)}): {wrong}", style="dim")
    for column, groups in found.breakdowns.items():
        _show_groups(out, column, groups)
    for finding in found.findings:
        if finding.severity == "note":
            out.print(shown(str(finding)), style="dim")
    _show_left_out(out, found)
    out.print(shown(found.conditions.sentence()), style="dim")
    if found.ci:
        out.print(escape(found.intervals), style="dim")
    for path in found.written:
        out.print(f"wrote {shown(str(path))}", style="dim")


def _row(table: Table, found: Evaluation, name: str, words: str, *, is_rate: bool) -> None:
    value = found.figures.get(name)
    if value is None:
        return
    low, high = ([_number(end, is_rate) for end in found.ci[name]]) if name in found.ci else ("", "")
    table.add_row(words, _number(value, is_rate), f"{low.removesuffix(' %')}–{high}" if low else "")


def _number(value: float, is_rate: bool) -> str:
    return f"{100 * value:.2f} %" if is_rate else f"{value:.4f}"


def _show_groups(out: Console, column: str, groups: list[Group]) -> None:
    """The groups with the highest EER first; those with few trials, or of one class, after them."""
    ranked = sorted(groups, key=lambda group: (not group.ci, -(group.figures["eer"] or 0.0), -group.n_spoof))
    shown_rows = ranked[:GROUPS_SHOWN]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(column, overflow="fold")
    for name in ("bona fide", "spoof", "EER", "", "AUC", "called spoof", "missed"):
        table.add_column(name, justify="right", no_wrap=True)
    for group in shown_rows:
        figures, interval = group.figures, group.ci.get("eer")
        table.add_row(
            _name(group.value),
            f"{group.n_bonafide:,}",
            f"{group.n_spoof:,}",
            _cell(figures["eer"], is_rate=True),
            "–".join(f"{100 * end:.1f}" for end in interval) if interval else "",
            _cell(figures["auc"], is_rate=False),
            _cell(figures["frr"], is_rate=True),
            _cell(figures["far"], is_rate=True),
        )
    out.print()
    out.print(table)
    if len(groups) > GROUPS_SHOWN:
        highest = shown_rows[-1].ci or not shown_rows[0].ci
        which = "the highest EER" if highest else "those with enough trials for an interval first"
        out.print(f"… {len(groups) - GROUPS_SHOWN:,} more; -o DIR writes all (shown: {which})", style="dim")
    if groups and groups[0].against_all:
        out.print(f"each {escape(column)} against all bona fide trials", style="dim")


def _name(text: str) -> str:
    return shown(short(text, LONGEST_NAME))


def _cell(value: float | None, *, is_rate: bool) -> str:
    return "" if value is None else f"{100 * value:.1f} %" if is_rate else f"{value:.3f}"


def _show_left_out(out: Console, found: Evaluation) -> None:
    reasons = by_reason(found.left_out)
    for reason, names in list(reasons.items())[:GROUPS_SHOWN]:
        some = ", ".join(_name(name) for name in names[:3]) + (", …" if len(names) > 3 else "")
        out.print(f"[dark_orange]left out[/] {len(names):,} ({shown(reason)}): {some}")
    if len(reasons) > GROUPS_SHOWN:
        out.print(f"… and {len(reasons) - GROUPS_SHOWN:,} more reasons; -o DIR writes all of them", style="dim")


def figures_csv(found: Evaluation) -> str:
    """The figures as CSV: figure, value, low, high."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["figure", "value", "low", "high"])
    for name, value in found.figures.items():
        writer.writerow([name, "" if value is None else value, *found.ci.get(name, ("", ""))])
    return buffer.getvalue()
