"""Learning curves: losses and error rates over epochs, several runs overlaid, and error rate against training trials.

An epoch is a line of a run's metrics.jsonl: {"epoch", "train_loss", "sets": {name: {"loss", "eer", ...}}}.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from truevoice.report.charts import canvas

EpochLine = Mapping[str, Any]
Points = list[tuple[float, float]]

TRAINING, VALIDATION = "training", "validation"
SHADE = 0.07  # opacity of the epochs after the overfitting point
BEST_MARK: dict[str, Any] = {"marker": "o", "markersize": 10, "markerfacecolor": "none", "markeredgewidth": 1.6}


@dataclass(frozen=True)
class Overfitting:
    """epoch: from which on a run overfits, None where it does not or where that cannot be told; told: a sentence."""

    epoch: int | None
    told: str


@dataclass(frozen=True)
class Course:
    """One run among several: its name, its epochs, its best epoch (None where no epoch is marked)."""

    name: str
    epochs: Sequence[EpochLine]
    best_epoch: int | None = None


@dataclass(frozen=True)
class SubsetPoint:
    """One run of a subset study. share: of the training trials, in (0, 1]; eers: by set, as fractions."""

    share: float
    eers: Mapping[str, float]


def overfitting(epochs: Sequence[EpochLine]) -> Overfitting:
    """The epoch at which validation loss has its minimum while training loss goes on falling.

    That is: the first epoch with the least validation loss, if there are epochs after it, validation loss ends above
    that minimum, and training loss ends below its value there.
    """
    train = dict(_points(epochs, TRAINING, "loss"))
    held = dict(_points(epochs, VALIDATION, "loss"))
    both = sorted(train.keys() & held.keys())
    if len(both) < 2:
        why = "no epoch" if not both else "one epoch only"
        return Overfitting(None, f"Overfitting cannot be told: {why} has a training and a validation loss.")
    least = min(both, key=lambda epoch: held[epoch])
    last = both[-1]
    where = f"validation loss is least in epoch {least:g} ({held[least]:.3g})"
    if least == last:
        return Overfitting(None, f"No overfitting point: {where}, the last one.")
    ends = f"training loss goes from {train[least]:.3g} there to {train[last]:.3g}"
    if held[last] <= held[least]:
        return Overfitting(None, f"No overfitting point: {where} and as low in the last one.")
    if train[last] >= train[least]:
        return Overfitting(None, f"No overfitting point: {where}, but {ends}, which is no fall.")
    risen = f"validation loss ends at {held[last]:.3g}"
    return Overfitting(int(least), f"Overfitting from epoch {least:g} on: {where}; {ends}, {risen}.")


def learning_chart(epochs: Sequence[EpochLine], best_epoch: int | None, *, key: str = "learning") -> str:
    """One `<svg>`: losses above, EERs below, of training, validation and test sets; the best epoch and the overfitting
    point are marked. `key`: unique in the page."""
    found = overfitting(epochs)
    names = _sets(epochs)

    def paint(figure: Any) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        top, below = figure.subplots(2, 1, sharex=True)
        styles = {name: _style(number) for number, name in enumerate([TRAINING, *names])}
        for axes, figure_name in ((top, "loss"), (below, "eer")):
            for name, (colour, dash) in styles.items():
                points = _points(epochs, name, figure_name)
                _line(axes, points, colour, dash)
                if name == VALIDATION and best_epoch is not None:
                    _mark_best(axes, points, best_epoch, colour)
            if found.epoch is not None:
                axes.axvline(found.epoch, color=canvas.INK, linestyle=":", linewidth=1.3)
                axes.axvspan(found.epoch, _ends(epochs)[1], color=canvas.INK, alpha=SHADE, linewidth=0)
        _frame(top, below, _ends(epochs))
        handles: list[Any] = [
            Line2D([], [], color=colour, linestyle=dash, marker="o", markersize=3.5, label=canvas.legend_name(name))
            for name, (colour, dash) in styles.items()
        ]
        if best_epoch is not None:
            mark = {**BEST_MARK, "linestyle": "none", "markeredgecolor": canvas.INK}
            handles.append(Line2D([], [], label=f"best epoch ({best_epoch})", **mark))
        if found.epoch is not None:
            handles.append(
                Patch(
                    facecolor=canvas.INK,
                    alpha=2 * SHADE,
                    linewidth=0,
                    label=f"overfitting, from epoch {found.epoch} on",
                )
            )
        canvas.legend(figure, handles)

    best = "" if best_epoch is None else f" Best epoch: {best_epoch}."
    label = f"Learning curves over {len(epochs)} epochs.{best} {found.told}"
    return canvas.draw(paint, key=key, label=label, size=(5.0, 5.4 + 0.1 * len(names)))


def runs_chart(runs: Sequence[Course], *, key: str = "runs") -> str:
    """One `<svg>` with several runs overlaid: losses above (training dotted), EER of validation below; a ring is a
    run's best epoch."""

    def paint(figure: Any) -> None:
        from matplotlib.lines import Line2D

        top, below = figure.subplots(2, 1, sharex=True)
        handles = []
        for number, run in enumerate(runs):
            colour, dash = canvas.series(number, len(runs))
            _line(top, _points(run.epochs, TRAINING, "loss"), colour, ":", thin=True)
            for axes, figure_name in ((top, "loss"), (below, "eer")):
                points = _points(run.epochs, VALIDATION, figure_name)
                _line(axes, points, colour, dash)
                if run.best_epoch is not None:
                    _mark_best(axes, points, run.best_epoch, colour)
            handles.append(Line2D([], [], color=colour, linestyle=dash, label=canvas.legend_name(run.name)))
        _frame(top, below, _ends([epoch for run in runs for epoch in run.epochs]))
        below.set_ylabel("EER of validation, %")
        mark = {**BEST_MARK, "linestyle": "none", "markeredgecolor": canvas.INK}
        handles.append(Line2D([], [], color=canvas.QUIET, linestyle=":", linewidth=1.2, label="training loss"))
        handles.append(Line2D([], [], label="best epoch", **mark))
        canvas.legend(figure, handles)

    label = "Learning curves of several runs: " + ", ".join(run.name for run in runs)
    return canvas.draw(paint, key=key, label=label, size=(5.0, 5.2 + 0.11 * len(runs)))


def subset_chart(points: Sequence[SubsetPoint], *, key: str = "subsets") -> str:
    """One `<svg>`: EER in each run's best epoch against the share of the training trials that it learnt from. A dot is
    a run; the line goes through the mean where several runs have the same share."""
    names = sorted(dict.fromkeys(name for point in points for name in point.eers), key=lambda name: name != VALIDATION)
    shares = sorted({point.share for point in points})

    def paint(figure: Any) -> None:
        from matplotlib.lines import Line2D
        from matplotlib.ticker import NullLocator

        axes = figure.subplots()
        handles = []
        for number, name in enumerate(names):
            colour, dash = _style(number + 1)
            dots = [(100 * point.share, 100 * point.eers[name]) for point in points if name in point.eers]
            axes.plot(*zip(*dots), color=colour, marker="o", markersize=5, linestyle="none", clip_on=False, zorder=3)
            means = [
                (share, float(np.mean([y for x, y in dots if x == share]))) for share in sorted({x for x, _ in dots})
            ]
            axes.plot(*zip(*means), color=colour, linestyle=dash)
            handles.append(Line2D([], [], color=colour, linestyle=dash, marker="o", label=canvas.legend_name(name)))
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks([100 * share for share in shares], [f"{100 * share:g}" for share in shares])
        axes.set(
            xlabel="share of the training trials, % (logarithmic)", ylabel="EER in the best epoch, %", ylim=(0, None)
        )
        canvas.legend(figure, handles)

    label = "EER against the share of training trials. " + " ".join(
        f"{100 * point.share:g} %: {', '.join(f'{name} {100 * eer:.1f} %' for name, eer in point.eers.items())}."
        for point in points
    )
    return canvas.draw(paint, key=key, label=label, size=(5.0, 4.2))


def _sets(epochs: Sequence[EpochLine]) -> list[str]:
    found = dict.fromkeys(name for epoch in epochs for name in epoch.get("sets", {}))
    return sorted(found, key=lambda name: name != VALIDATION)


def _points(epochs: Sequence[EpochLine], name: str, figure: str) -> Points:
    """(epoch, value) where there is a finite value: losses as they are, EERs in per cent."""
    found = []
    for epoch in epochs:
        if name == TRAINING:
            value = epoch.get("train_loss") if figure == "loss" else None
        else:
            value = epoch.get("sets", {}).get(name, {}).get(figure)
        if isinstance(value, int | float) and math.isfinite(value):
            found.append((float(epoch["epoch"]), 100 * float(value) if figure == "eer" else float(value)))
    return found


def _style(number: int) -> tuple[str, canvas.Dash]:
    """Training quiet and dashed, then each set in its colour."""
    return (canvas.QUIET, "--") if number == 0 else canvas.series(number - 1, 2)


def _line(axes: Any, points: Points, colour: str, dash: str, *, thin: bool = False) -> None:
    if points:
        marker = {} if thin else {"marker": "o", "markersize": 3.5}
        axes.plot(*zip(*points), color=colour, linestyle=dash, linewidth=1.2 if thin else 1.7, **marker)


def _mark_best(axes: Any, points: Points, best_epoch: int, colour: str) -> None:
    at = [(x, y) for x, y in points if x == best_epoch]
    if at:
        axes.plot(*zip(*at), linestyle="none", markeredgecolor=colour, zorder=5, clip_on=False, **BEST_MARK)


def _ends(epochs: Sequence[EpochLine]) -> tuple[float, float]:
    numbers = [float(epoch["epoch"]) for epoch in epochs] or [1.0]
    return min(numbers), max(numbers)


def _frame(top: Any, below: Any, ends: tuple[float, float]) -> None:
    from matplotlib.ticker import MaxNLocator

    room = 0.03 * max(1.0, ends[1] - ends[0])
    top.set(ylabel="loss", xlim=(ends[0] - room, ends[1] + room))
    below.set(xlabel="epoch", ylabel="EER, %")
    below.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    below.set_ylim(0, max(1.0, below.get_ylim()[1]))
    if top.get_ylim()[0] < 0 <= min((y for line in top.get_lines() for y in line.get_ydata()), default=0):
        top.set_ylim(bottom=0)
