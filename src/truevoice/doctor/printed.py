"""A figure as it stands in print: its value, and everything that would have been rounded to it.

`0.50` says more than `0.5`, so figures are read from text. What is printed stands for all values within half a unit of
its last digit. A fraction without decimals (`0` or `1`) is taken as exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from truevoice.errors import UsageError, one_line
from truevoice.metrics.feasible import Range

_LONGEST = 60  # characters; nobody prints more digits
_SLACK = 1e-12  # a rounded value may lie on the very edge of its interval; binary fractions miss it by this much


@dataclass(frozen=True)
class Printed:
    """text: as given. value: the fraction it stands for. interval: what rounds to it, kept within [0, 1].

    percent: it was printed in per cent. note: how it was read where that is not plain, else "".
    """

    text: str
    value: float
    interval: Range
    percent: bool
    note: str = ""

    def holds(self, value: float) -> bool:
        """Whether `value` would have been printed like this."""
        return self.interval.holds(value, _SLACK)

    def scaled(self, factor: float) -> Printed | None:
        """The same digits as another unit would have them, or None where that is no fraction."""
        low, value, high = (part * factor for part in (self.interval.low, self.value, self.interval.high))
        return Printed(self.text, value, Range(low, min(high, 1.0)), self.percent) if value <= 1 else None

    def flipped(self) -> Printed:
        """One minus this figure, as a detector with its scores turned round has it."""
        return Printed(self.text, 1 - self.value, Range(1 - self.interval.high, 1 - self.interval.low), self.percent)


def read_printed(text: str, name: str) -> Printed:
    """Reads `0.534`, `.534`, `53.4%` or `53.4 %`; a number above 1 and up to 100 is read as per cent, with a note.

    `name` is how errors call the figure. Raises UsageError for anything that is no rate.
    """
    word = str(text).strip()
    digits = word.removesuffix("%").strip().replace(",", ".")
    try:
        number = Decimal(digits if len(digits) <= _LONGEST else "")
    except InvalidOperation:
        raise UsageError(f"{name} must be a number such as 0.067 or 6.7%, not {one_line(word, 40)!r}") from None
    if not number.is_finite() or not 0 <= number <= 100:
        raise UsageError(f"{name} must lie between 0 and 1, or between 0% and 100%; {one_line(word, 40)} does not")
    marked = word.endswith("%")
    percent = marked or number > 1
    note = f"The {name} of {digits} lies above 1, so it was read as {digits} %." if percent and not marked else ""
    places = -int(number.as_tuple().exponent)
    half = 0.5 * 10.0**-places if percent or places > 0 else 0.0
    unit = 100.0 if percent else 1.0
    value = float(number)
    interval = Range(max(0.0, (value - half) / unit), min(1.0, (value + half) / unit))
    return Printed(word, value / unit, interval, percent, note)


def in_words(value: float, places: int = 4) -> str:
    """A rate for people: a few decimals, no trailing zeros."""
    return f"{value:.{places}f}".rstrip("0").rstrip(".") or "0"


def span(ends: Range, places: int = 4) -> str:
    return f"{in_words(ends.low, places)} to {in_words(ends.high, places)}"
