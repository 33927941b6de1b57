"""Draws which EER and AUC can stand side by side, with thirteen published pairs, and writes their table.

    python scripts/draw_feasible.py

Writes docs/doctor/feasible.svg, and the table between the marks in docs/doctor.md. Every number comes from
`truevoice.doctor.pairs`.
"""

from collections.abc import Callable
from pathlib import Path

from truevoice.doctor.pairs import PairVerdict, judge_pair
from truevoice.doctor.printed import in_words, span
from truevoice.metrics.feasible import Range, auc_range, auc_range_concave

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE, PICTURE = DOCS / "doctor.md", DOCS / "doctor" / "feasible.svg"
MARKS = "<!-- pairs: scripts/draw_feasible.py -->", "<!-- end of pairs -->"

# (EER, AUC) as printed in student reports, the first six fit no ROC curve
PAIRS = (
    ("0.8104", "0.4109"),
    ("0.5340", "0.9864"),
    ("0.4784", "0.8048"),
    ("0.3069", "0.2387"),
    ("0.3327", "0.2456"),
    ("0.1176", "0.0437"),
    ("0.4736", "0.4322"),
    ("0.357", "0.611"),
    ("0.084", "0.9738"),
    ("0.833", "0.113"),
    ("0.38", "0.66"),
    ("0.06", "0.98"),
    ("0.37", "0.72"),
)
# where a number stands beside its dot, in pixels, where the usual place is taken
BESIDE = {2: (13, 6), 4: (-11, 5), 8: (11, 14), 9: (12, 6), 11: (13, 6), 12: (0, 20), 13: (-13, -2)}
USUAL = (11, -5)

LEFT, TOP, SIDE = 66, 20, 460
BLUE, ORANGE, INK, FAINT = "#1f6fb5", "#d1560f", "#222222", "#6a6a6a"
WIDE, NARROW = "#dbe7f3", "#b4cfe8"
STEPS = 200


def place(eer: float, auc: float) -> tuple[float, float]:
    return LEFT + SIDE * eer, TOP + SIDE * (1 - auc)


def path(points: list[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in points) + " Z"


def region(bounds: Callable[[float], Range], end: float) -> str:
    """Outline of the area between two bounds, from an EER of 0 to `end`."""
    eers = [end * i / STEPS for i in range(STEPS + 1)]
    low = [place(e, bounds(e).low) for e in eers]
    high = [place(e, bounds(e).high) for e in reversed(eers)]
    return path(low + high)


def text(
    x: float, y: float, words: str, *, size: int = 13, anchor: str = "start", colour: str = INK, more: str = ""
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-size="{size}" fill="{colour}"{more}>{words}</text>'


def axes() -> list[str]:
    lines = []
    for tick in range(0, 11, 2):
        x, y = place(tick / 10, tick / 10)
        lines.append(f'<path d="M{x:.1f},{TOP} V{TOP + SIDE} M{LEFT},{y:.1f} H{LEFT + SIDE}" stroke="#e3e3e3"/>')
        lines.append(text(x, TOP + SIDE + 19, f"{tick / 10:g}", anchor="middle"))
        lines.append(text(LEFT - 9, y + 4.5, f"{tick / 10:g}", anchor="end"))
    lines.append(text(LEFT + SIDE / 2, TOP + SIDE + 42, "equal error rate", size=14, anchor="middle"))
    turn = f' transform="rotate(-90 20 {TOP + SIDE / 2})"'
    lines.append(text(20, TOP + SIDE / 2, "area under the ROC curve", size=14, anchor="middle", more=turn))
    return lines


def dot(number: int, verdict: PairVerdict) -> list[str]:
    assert verdict.eer is not None
    assert verdict.auc is not None
    x, y = place(verdict.eer, verdict.auc)
    across, down = BESIDE.get(number, USUAL)
    colour = BLUE if verdict.possible else ORANGE
    anchor = "middle" if across == 0 else "start" if across > 0 else "end"
    mark = (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}" stroke="white" stroke-width="1.2"/>'
        if verdict.possible
        else f'<path d="M{x - 5:.1f},{y - 5:.1f} l10,10 m0,-10 l-10,10" stroke="{colour}" stroke-width="2.6"/>'
    )
    nudge = 3 if across < 0 else -3 if across > 0 else 0
    label = text(x + across + nudge, y + down, f"{number}", colour=colour, anchor=anchor, more=' font-weight="bold"')
    return [mark, label]


def legend() -> list[str]:
    x, y = LEFT + SIDE + 26, TOP + 14
    return [
        f'<rect x="{x}" y="{y}" width="26" height="16" fill="{WIDE}" stroke="{FAINT}" stroke-width="0.8"/>',
        text(x + 36, y + 13, "every ROC curve"),
        text(x + 36, y + 31, "(1 − e)² ≤ AUC ≤ 1 − e²", colour=FAINT),
        f'<rect x="{x}" y="{y + 50}" width="26" height="16" fill="{NARROW}" stroke="{FAINT}" stroke-width="0.8"/>',
        text(x + 36, y + 63, "concave ROC curves"),
        text(x + 36, y + 81, "1 − e ≤ AUC ≤ 1 − 2e²", colour=FAINT),
        f'<circle cx="{x + 13}" cy="{y + 109}" r="5" fill="{BLUE}"/>',
        text(x + 36, y + 114, "reported, possible"),
        f'<path d="M{x + 8},{y + 132} l10,10 m0,-10 l-10,10" stroke="{ORANGE}" stroke-width="2.6"/>',
        text(x + 36, y + 142, "reported, impossible"),
        text(x, y + 176, "Numbers as in the table.", colour=FAINT),
    ]


def drawing() -> str:
    """The picture as SVG."""
    verdicts = [judge_pair(*pair) for pair in PAIRS]
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 760 540" width="760" height="540" '
        'font-family="Helvetica, Arial, sans-serif" role="img" '
        'aria-label="Region of AUC that is possible for each EER, with thirteen reported pairs">',
        '<rect width="760" height="540" fill="white"/>',
        *axes(),
        f'<path d="{region(auc_range, 1.0)}" fill="{WIDE}" stroke="{FAINT}" stroke-width="0.8"/>',
        f'<path d="{region(auc_range_concave, 0.5)}" fill="{NARROW}" stroke="{FAINT}" stroke-width="0.8"/>',
        f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="{INK}"/>',
    ]
    for number, verdict in enumerate(verdicts, 1):
        parts += dot(number, verdict)
    return "\n".join([*parts, *legend(), "</svg>"]) + "\n"


def likely(verdict: PairVerdict) -> str:
    """What the doctor makes of the pair, in a few words."""
    code = verdict.findings[-1].code
    turned = {reading.code: reading for reading in verdict.readings}
    if code == "impossible-pair":
        return "not of the same scores and labels"
    if code == "impossible-pair-flip":
        return f"AUC turned round: {in_words(turned['auc'].auc)}"
    if code == "worse-than-chance" and verdict.eer is not None and verdict.eer > 0.5:
        return f"both turned round: EER {in_words(turned['both'].eer)}, AUC {in_words(turned['both'].auc)}"
    return "near chance, or AUC turned round" if code == "worse-than-chance" else ""


def table() -> str:
    """The pairs in Markdown."""
    rows = [
        "| | EER | AUC | verdict | AUC that goes with this EER | EER turned round | AUC turned round | both | likely |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, pair in enumerate(PAIRS, 1):
        verdict = judge_pair(*pair)
        assert verdict.auc_range is not None
        flips = ["possible" if reading.possible else "no" for reading in verdict.readings[:3]]
        word = "possible" if verdict.possible else "**impossible**"
        cells = [str(number), *pair, word, span(verdict.auc_range), *flips, likely(verdict)]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def page(written: str) -> str:
    """The page with its table made anew."""
    before, _, rest = written.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    return f"{before}{MARKS[0]}\n\n{table()}\n\n{MARKS[1]}{after}"


def main() -> None:
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(drawing(), encoding="utf-8")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {PICTURE} and the table in {PAGE}")


if __name__ == "__main__":
    main()
