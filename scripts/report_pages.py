"""Writes what the doctor says of the figures in docs/reports: tables and consoles, between their marks.

    python scripts/report_pages.py

A part of a page between `<!-- table NAME -->` or `<!-- console: truevoice ... -->` and the next `<!-- end -->` is made
anew: tables from `truevoice.doctor`, consoles by running the command. No figure stands there that was not computed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from truevoice.cli.__main__ import main as truevoice
from truevoice.data.card import data_cards
from truevoice.doctor.operating import judge_operating_point
from truevoice.doctor.pairs import PairVerdict, judge_pair
from truevoice.doctor.printed import in_words, span
from truevoice.metrics.feasible import Range

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "docs" / "reports"
PART = re.compile(r"<!-- (table|console:) (.+?) -->\n.*?<!-- end -->", re.DOTALL)

POINT = {"accuracy": "0.725", "sensitivity": "0.821", "specificity": "0.568", "ppv": "0.757", "npv": "0.660"}
HOLD_OUT = (1907, 1718)  # real, fake
FLIPS = ("eer", "auc", "both")


def pairs() -> list[tuple[str, str]]:
    """The thirteen pairs as printed, where they stand already: scripts/draw_feasible.py."""
    return list(_script("draw_feasible").PAIRS)


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def verdicts_table() -> str:
    """All pairs: what can stand."""
    lines = [
        "| | EER | AUC | verdict | EER that goes with this AUC | what explains it |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, pair in enumerate(pairs(), 1):
        verdict = judge_pair(*pair)
        assert verdict.eer_range is not None
        lines.append(
            f"| {number} | {' | '.join(pair)} | {_word(verdict)} | {span(verdict.eer_range)} | {_reason(verdict)} |"
        )
    return "\n".join(lines)


def _word(verdict: PairVerdict) -> str:
    if not verdict.possible:
        return "**cannot stand**"
    return "possible, but worse than chance" if verdict.suspicious else "possible"


def _reason(verdict: PairVerdict) -> str:
    readings = {reading.code: reading for reading in verdict.readings}
    code = verdict.findings[-1].code
    if code == "impossible-pair":
        return "nothing simple: not of the same scores and labels"
    if code == "impossible-pair-flip":
        return f"AUC turned round: {in_words(readings['auc'].auc)}"
    if code == "worse-than-chance":
        both = readings["both"]
        far = verdict.eer is not None and verdict.eer > 0.5
        return (
            f"both turned round: EER {in_words(both.eer)}, AUC {in_words(both.auc)}"
            if far
            else "near chance, or AUC turned round"
        )
    return ""


def flips_table() -> str:
    """The pairs that cannot stand: which turning of scores would mend them."""
    lines = [
        "| | EER | AUC | EER turned round | AUC turned round | both turned round |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for number, pair in enumerate(pairs(), 1):
        verdict = judge_pair(*pair)
        if verdict.possible:
            continue
        readings = {reading.code: reading for reading in verdict.readings}
        cells = [
            f"{in_words(one.eer)}, {in_words(one.auc)}: {'possible' if one.possible else 'no'}"
            for one in (readings[code] for code in FLIPS)
        ]
        lines.append(f"| {number} | {' | '.join(pair)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def point_table() -> str:
    """Shares of positives that each printed figure needs, beside sensitivity and specificity, and those of the set."""
    verdict = judge_operating_point(**POINT, n_pos=HOLD_OUT[0], n_neg=HOLD_OUT[1])
    lines = ["| figures | share of positives they need |", "| --- | --- |"]
    for name, ends in verdict.implied.items():
        figure = name if name == "accuracy" else name.upper()
        lines.append(f"| sensitivity, specificity and {figure} of {POINT[name]} | {_per_cent(ends)} |")
    lines.append(f"| all five | {_per_cent(verdict.prevalence)} |")
    share = HOLD_OUT[0] / sum(HOLD_OUT)
    lines.append(f"| the hold-out, {HOLD_OUT[0]:,} real as positives | {100 * share:.1f} % |")
    lines.append(f"| the hold-out, {HOLD_OUT[1]:,} fake as positives | {100 * (1 - share):.1f} % |")
    counts = data_cards()["in-the-wild"].counts["all"]
    assert counts.bonafide is not None
    assert counts.spoof is not None
    whole = counts.bonafide + counts.spoof
    words = f"all of In-the-Wild, {counts.bonafide:,} bona fide of {whole:,}"
    lines.append(f"| {words} | {100 * counts.bonafide / whole:.1f} % |")
    return "\n".join(lines)


def _per_cent(ends: Range | None) -> str:
    return "none" if ends is None else f"{100 * ends.low:.1f} to {100 * ends.high:.1f} %"


TABLES: dict[str, Callable[[], str]] = {"verdicts": verdicts_table, "flips": flips_table, "point": point_table}


def console(command: str) -> str:
    """What the command prints, as a console block."""
    output = io.StringIO()
    words = shlex.split(command)
    assert words[0] == "truevoice"
    with contextlib.redirect_stdout(output), contextlib.suppress(SystemExit):
        truevoice(words[1:])
    return f"```console\n$ {command}\n{output.getvalue()}```"


def remade(page: str) -> str:
    """The page with its tables and consoles made anew."""

    def part(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        content = TABLES[name]() if kind == "table" else console(name)
        return f"<!-- {kind} {name} -->\n\n{content}\n\n<!-- end -->"

    return PART.sub(part, page)


def main() -> None:
    for path in sorted(PAGES.glob("*.md")):
        before = path.read_text(encoding="utf-8")
        path.write_text(remade(before), encoding="utf-8")
        print(f"{path}: {len(PART.findall(before))} parts")


if __name__ == "__main__":
    main()
