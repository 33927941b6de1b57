"""Numbers as people read them: no more digits than the trials can bear, per cent with a space that does not break."""

from __future__ import annotations

import math

NONE = "–"
MANY = 1000  # trials of the smaller class from which a second digit after the point says something


def per_cent(rate: float | None, fewest: int, *, sign: str = "\u00a0%") -> str:
    """A fraction in per cent: 0.1234 → "12.3 %", with two digits where the smaller class has many trials."""
    if rate is None or math.isnan(rate):
        return NONE
    return f"{100 * rate:.{2 if fewest >= MANY else 1}f}{sign}"


def decimal(value: float | None, fewest: int) -> str:
    """AUC, costs, bits: three digits after the point, four where there are many trials."""
    if value is None or math.isnan(value):
        return NONE
    return f"{value:.{4 if fewest >= MANY else 3}f}".replace("-", "\u2212")


def score(value: float | None) -> str:
    """A score or a threshold: three or four digits that count."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "\u2212∞" if value < 0 else "∞"
    text = f"{value:.2f}" if 10 <= abs(value) < 1e5 else f"{value:.3f}" if 0.1 <= abs(value) < 10 else f"{value:.3g}"
    return text.replace("-", "\u2212")


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,}\u00a0{one if count == 1 else many or one + 's'}"
