"""Charts of a search over settings: its course, all its trials as lines over parallel axes, what each setting weighs.

Parallel coordinates: A. Inselberg, The plane with parallel coordinates, The Visual Computer 1 (1985).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from truevoice.report.charts import canvas
from truevoice.report.search_words import RATES, TITLES, figure_in_words, label_of, short_names, value_in_words

BEST, GOOD, OTHER = canvas.SPOOF, canvas.BONAFIDE, canvas.QUIET
MOST_LABELS = 9
SPREAD = 0.05  # of an axis: lines through the same choice lie side by side, not upon each other


@dataclass(frozen=True)
class Tried:
    """One finished trial: its number, its values by name, its figure, whether it ran to its end."""

    number: int
    params: Mapping[str, Any]
    value: float
    whole: bool = True


@dataclass(frozen=True)
class Scale:
    """One axis: `choices` evenly spaced, or a range from low to high."""

    name: str
    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def place(self, value: Any) -> float:
        """From 0 to 1."""
        if self.choices:
            return 0.5 if len(self.choices) == 1 else self.choices.index(value) / (len(self.choices) - 1)
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def labels(self) -> list[tuple[float, str]]:
        """Where words stand, and which."""
        if self.choices:
            every = -(-len(self.choices) // MOST_LABELS)
            return [(self.place(one), label_of(one)) for one in self.choices[::every]]
        parts = (0, 0.25, 0.5, 0.75, 1)
        if self.log:
            return [(part, f"{self.low * (self.high / self.low) ** part:.2g}") for part in parts]
        ends = [self.low + part * (self.high - self.low) for part in parts]
        if isinstance(self.low, int) and isinstance(self.high, int):
            return [(self.place(end), str(end)) for end in dict.fromkeys(map(round, ends))]
        return [(part, f"{end:.2g}") for part, end in zip(parts, ends)]


def course_chart(tried: Sequence[Tried], figure: str, higher_is_better: bool, *, key: str = "course") -> str:
    """One `<svg>`: every trial's figure in the order of the search, and the best so far."""
    factor = 100 if figure in RATES else 1

    def paint(drawing: Any) -> None:
        axes = drawing.subplots()
        whole, cut = [one for one in tried if one.whole], [one for one in tried if not one.whole]
        if whole:
            axes.plot(
                [one.number for one in whole],
                [factor * one.value for one in whole],
                **_dots(canvas.SERIES[0], filled=True),
                label="trial",
            )
        if cut:
            axes.plot(
                [one.number for one in cut],
                [factor * one.value for one in cut],
                **_dots(OTHER, filled=False),
                label="stopped early",
            )
        if whole:
            numbers = [one.number for one in whole]
            best = (np.maximum if higher_is_better else np.minimum).accumulate([factor * one.value for one in whole])
            last = max(one.number for one in tried)
            axes.plot(
                [*numbers, last],
                [*best, best[-1]],
                color=BEST,
                drawstyle="steps-post",
                linewidth=1.6,
                label="best so far",
            )
        axes.set_xlabel("trial")
        axes.set_ylabel(_title(figure))
        axes.xaxis.get_major_locator().set_params(integer=True)
        canvas.legend(drawing, axes.get_legend_handles_labels()[0], columns=3)

    words = f"{TITLES[figure]} of {len(tried)} trials in the order of the search."
    return canvas.draw(paint, key=key, label=words, size=(5.6, 3.6))


def parallel_chart(
    tried: Sequence[Tried], scales: Sequence[Scale], figure: str, higher_is_better: bool, *, key: str = "parallel"
) -> str:
    """One `<svg>`: an axis a setting and one for the figure, its best end at the top; a line a trial."""
    values = [one.value for one in tried]
    low, high = min(values), max(values)
    pad = (high - low) * 0.04 or 0.01
    last = Scale(_title(figure), low=low - pad, high=high + pad)
    ranked = sorted(tried, key=lambda one: (not one.whole, -one.value if higher_is_better else one.value))
    good = max(1, len(ranked) // 4)

    def paint(drawing: Any) -> None:
        axes = drawing.subplots()
        axes.set_axis_off()
        places = range(len(scales) + 1)
        names = short_names(scale.name for scale in scales)
        for x, scale in zip(places, [*scales, last]):
            turned = scale is last and not higher_is_better
            axes.plot([x, x], [0, 1], color=canvas.QUIET, linewidth=0.9, zorder=1)
            axes.text(x, 1.09, label_of(names.get(scale.name, scale.name)), ha="center", va="bottom", weight="bold")
            for y, word in _figure_labels(scale, figure) if scale is last else scale.labels():
                side = 1 if scale is last else -1
                axes.text(
                    x + side * 0.035, 1 - y if turned else y, word, ha="left" if side > 0 else "right", va="center",
                    color=canvas.INK, fontsize=8.5, zorder=6, bbox=_HALO,
                )  # fmt: skip
        for rank in reversed(range(len(ranked))):
            one = ranked[rank]
            line = [scale.place(one.params[scale.name]) + _aside(scale, one.number, len(tried)) for scale in scales]
            end = last.place(one.value)
            line.append(end if higher_is_better else 1 - end)
            axes.plot(places, line, **_line(rank, good, one.whole))
        axes.set(xlim=(-0.3, len(scales) + 0.3), ylim=(-0.08, 1.2))
        canvas.legend(drawing, _ranks(len(tried), any(not one.whole for one in tried)), columns=4)

    best = ranked[0]
    told = ", ".join(f"{name} {value_in_words(value)}" for name, value in best.params.items())
    words = (
        f"{len(tried)} trials over parallel axes. Best: {told}: {TITLES[figure]} {figure_in_words(figure, best.value)}."
    )
    return canvas.draw(paint, key=key, label=words, size=(1.9 * (len(scales) + 1), 4.2))


def importance_chart(shares: Mapping[str, float], *, key: str = "importance") -> str:
    """One `<svg>`: a bar a setting, the largest share at the top."""
    ordered = sorted(shares.items(), key=lambda one: one[1])
    names = short_names(shares)

    def paint(drawing: Any) -> None:
        axes = drawing.subplots()
        axes.barh(
            [label_of(names[name]) for name, _ in ordered],
            [100 * share for _, share in ordered],
            color=canvas.SERIES[0],
            height=0.6,
        )
        for at, (_, share) in enumerate(ordered):
            axes.text(100 * share + 1.5, at, f"{100 * share:.0f} %", va="center", color=canvas.INK)
        axes.set_xlim(0, 100 * max(share for _, share in ordered) * 1.15 + 3)
        axes.set_xlabel("share of the variance, %")
        axes.grid(axis="y", visible=False)

    words = "Share of the variance: " + ", ".join(f"{name} {share:.0%}" for name, share in reversed(ordered)) + "."
    return canvas.draw(paint, key=key, label=words, size=(5.6, 0.9 + 0.5 * max(2, len(ordered))))


def values_chart(tried: Sequence[Tried], scales: Sequence[Scale], figure: str, *, key: str = "values") -> str:
    """One `<svg>`: for each setting, the figure of every trial over its value; a line through the means of choices."""
    factor = 100 if figure in RATES else 1
    columns = len(scales) if len(scales) <= 5 else 4
    rows = -(-len(scales) // columns)

    def paint(drawing: Any) -> None:
        grid = drawing.subplots(rows, columns, sharey=True, squeeze=False)
        names = short_names(scale.name for scale in scales)
        for axes, scale in zip(grid.flat, scales):
            for whole in (True, False):
                part = [one for one in tried if one.whole is whole]
                xs = [scale.place(one.params[scale.name]) + _aside(scale, one.number, len(tried)) for one in part]
                axes.plot(xs, [factor * one.value for one in part], **_dots(GOOD if whole else OTHER, filled=whole))
            if scale.choices:
                _means(axes, tried, scale, factor)
            axes.set_xticks(*zip(*scale.labels()))
            axes.set(xlim=(-0.12, 1.12))
            axes.set_xlabel(label_of(names[scale.name]))
        for axes in grid.flat[len(scales) :]:
            axes.set_visible(False)
        for first in grid[:, 0]:
            first.set_ylabel(_title(figure))

    words = f"{TITLES[figure]} of each trial over each of {', '.join(scale.name for scale in scales)}."
    return canvas.draw(paint, key=key, label=words, size=(10.4 / max(3, columns) * columns + 0.6, 2.7 * rows))


_HALO = {"boxstyle": "square,pad=0.12", "facecolor": canvas.PAPER, "edgecolor": "none", "alpha": 0.85}


def _means(axes: Any, tried: Sequence[Tried], scale: Scale, factor: int) -> None:
    at, means = [], []
    for choice in scale.choices:
        values = [one.value for one in tried if one.whole and one.params[scale.name] == choice]
        if values:
            at.append(scale.place(choice))
            means.append(factor * float(np.mean(values)))
    in_order = all(isinstance(one, int | float) for one in scale.choices)  # between words there is nothing to draw
    axes.plot(at, means, color=BEST, linewidth=1.5 if in_order else 0, marker="_", markersize=14, markeredgewidth=2)


def _figure_labels(scale: Scale, figure: str) -> list[tuple[float, str]]:
    parts = (0.04, 0.27, 0.5, 0.73, 0.96)
    return [(part, figure_in_words(figure, scale.low + part * (scale.high - scale.low))) for part in parts]


def _aside(scale: Scale, number: int, count: int) -> float:
    """A small shift, the same for a trial every time it is drawn."""
    if not scale.choices:
        return 0.0
    return SPREAD * (((number * 0.618034) % 1) - 0.5) * (2 if count > 8 else 1) / max(1, len(scale.choices) / 4)


def _line(rank: int, good: int, whole: bool) -> dict[str, Any]:
    if rank == 0:
        return {"color": BEST, "linewidth": 2.6, "zorder": 5}
    if not whole:
        return {"color": OTHER, "linewidth": 0.9, "alpha": 0.55, "linestyle": ":", "zorder": 2}
    if rank < good:
        return {"color": GOOD, "linewidth": 1.4, "alpha": 0.85, "zorder": 4}
    return {"color": OTHER, "linewidth": 0.9, "alpha": 0.45, "zorder": 3}


def _ranks(count: int, any_cut: bool) -> list[Any]:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], label="the best", **_line(0, 1, True))]
    if count > 4:
        handles.append(Line2D([], [], label="the best quarter", **_line(1, 2, True)))
    if count > 1:
        handles.append(Line2D([], [], label="the others", **_line(2, 1, True)))
    return [*handles, Line2D([], [], label="stopped early", **_line(2, 1, False))] if any_cut else handles


def _dots(colour: str, *, filled: bool) -> dict[str, Any]:
    face = colour if filled else "none"
    return {
        "linestyle": "none", "marker": "o", "markersize": 4.5, "markerfacecolor": face, "markeredgecolor": colour,
        "alpha": 0.75,
    }  # fmt: skip


def _title(figure: str) -> str:
    return f"{TITLES[figure]}{', %' if figure in RATES else ''}"
