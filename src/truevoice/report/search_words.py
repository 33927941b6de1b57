"""Names, values and figures of a search as people read them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from truevoice.report.numbers import NONE, per_cent
from truevoice.report.text_safety import short, visible

TITLES = {"eer": "EER", "auc": "AUC", "accuracy": "accuracy", "loss": "loss"}
RATES = ("eer", "accuracy")
LONGEST_LABEL = 21  # letters


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Each dotted name by its last part, where that says which is meant: optimiser.lr -> lr."""
    listed = list(names)
    last = Counter(name.rsplit(".", 1)[-1] for name in listed)
    return {name: name.rsplit(".", 1)[-1] if last[name.rsplit(".", 1)[-1]] == 1 else name for name in listed}


def value_in_words(value: Any) -> str:
    """A varied value: numbers with four digits that count at most, the others as they are."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def label_of(value: Any) -> str:
    """A value or a name as a chart can hold it: one short line without letters that act."""
    return visible(short(value_in_words(value), LONGEST_LABEL))


def figure_in_words(figure: str, value: float | None) -> str:
    """ "12.3 %", "0.912": EER and accuracy as rates, AUC and loss as numbers."""
    if value is None:
        return NONE
    return per_cent(value, 1) if figure in RATES else f"{value:.4f}"
