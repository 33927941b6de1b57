"""What a training run wrote of its course: steps and epochs of metrics.jsonl."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from truevoice.errors import UsageError, one_line

METRICS, CONFIG = "metrics.jsonl", "config.yaml"


@dataclass(frozen=True)
class RunHistory:
    """One run, as it stands on disk. epochs, steps: the lines of these kinds, each epoch and each step once, in order.

    best_epoch: None before the first epoch. trained_on: training trials, None where unknown. subset: share of the
    training trials in (0, 1], None where the run's config.yaml is absent or does not say. stopped: why it ended, ""
    where it has not. unread: lines that are no JSON, besides a last one that was cut off.
    """

    epochs: list[dict[str, Any]] = field(repr=False)
    steps: list[dict[str, Any]] = field(default_factory=list, repr=False)
    best_epoch: int | None = None
    trained_on: int | None = None
    subset: float | None = None
    stopped: str = ""
    unread: int = 0

    @property
    def sets(self) -> list[str]:
        """Names of the measured sets, `validation` first."""
        found = dict.fromkeys(name for epoch in self.epochs for name in epoch["sets"])
        return sorted(found, key=lambda name: name != "validation")

    def at_best(self, name: str, figure: str) -> float | None:
        """A figure of a set in the best epoch; None where it is not there."""
        for epoch in self.epochs:
            if epoch["epoch"] == self.best_epoch:
                return number(epoch["sets"].get(name, {}), figure)
        return None


def read_history(run: Path) -> RunHistory:
    """Reads a run's folder, or its metrics.jsonl. A run that was killed and resumed has some lines twice: the last one
    holds. Raises UsageError where there is no such file."""
    path = run / METRICS if run.is_dir() else run
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise UsageError(f"{path}: no such file; a folder of 'truevoice train' has one") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or one_line(error)})") from None
    events, unread = _events(text)
    epochs = {int(one["epoch"]): {"sets": {}, **one} for one in events if one["event"] == "epoch"}
    steps = {int(one["step"]): one for one in events if one["event"] == "step"}
    starts = [one for one in events if one["event"] == "start"]
    ends = [one for one in events if one["event"] == "end"]
    marked = [number for number, epoch in sorted(epochs.items()) if epoch.get("best")]
    return RunHistory(
        epochs=[epochs[number] for number in sorted(epochs)],
        steps=[steps[number] for number in sorted(steps)],
        best_epoch=marked[-1] if marked else None,
        trained_on=starts[-1].get("n_train") if starts else None,
        subset=_subset(path.parent / CONFIG),
        stopped=str(ends[-1].get("stopped", "")) if ends else "",
        unread=unread,
    )


def number(figures: Mapping[str, Any], name: str) -> float | None:
    """A finite number, or None."""
    value = figures.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _events(text: str) -> tuple[list[dict[str, Any]], int]:
    lines = [line for line in text.split("\n") if line.strip()]
    found, unread = [], 0
    for at, line in enumerate(lines):
        try:
            event = json.loads(line)
            needed = {"epoch": ("epoch", "step"), "step": ("step",)}.get(event["event"], ())
            if any(number(event, name) is None for name in needed) or not isinstance(event.get("sets", {}), dict):
                raise ValueError
        except (ValueError, KeyError, TypeError, AttributeError):
            unread += at < len(lines) - 1 or text.endswith("\n")  # the last line of a killed run may be half a line
        else:
            found.append(event)
    return found, unread


def _subset(config: Path) -> float | None:
    """The share that `data.subset` of the run's settings says: 0.1 or 10%."""
    import yaml

    try:
        word = str(yaml.safe_load(config.read_text(encoding="utf-8"))["data"]["subset"]).strip()
        share = float(word.removesuffix("%")) / (100 if word.endswith("%") else 1)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None
    return share if 0 < share <= 1 else None
