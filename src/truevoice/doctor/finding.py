"""A finding: one thing that is wrong, or may be, with a figure or a list of scores, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Finding:
    """`code`: a stable word for programs (`flipped-polarity`). `severity`: error = the figures cannot stand, warning =
    they may mislead, note = good to know. `message`: one sentence with the figures in it. `remedy`: what to do, one
    sentence, "" where nothing is to be done.
    """

    code: str
    severity: Severity
    message: str
    remedy: str = ""

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()
