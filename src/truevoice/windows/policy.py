"""Which pieces of a recording a detector hears, and how their scores become one: the window policy.

Three kinds:
  first    the field's convention (ASVspoof baselines, AASIST): the first `window` samples; a shorter recording is
           repeated until it fills them. What comes later is not heard.
  overlap  the default for people: windows of `window` samples every `hop` samples over the whole recording; the last
           one ends with the recording's last sample, so all of it is heard and nothing is padded. A recording shorter
           than one window is repeated until it fills one.
  whole    the recording at once, as it is, as papers do whose networks take any length; one under a second is repeated
           until it has one. `window` is the most that is heard at once: a longer recording is heard in windows of that
           length, end to end, the last one ending with the last sample.
Lengths are in samples at 16 kHz. A score means little without its policy, so the policy goes with every result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from truevoice.audio import SAMPLE_RATE
from truevoice.errors import UsageError
from truevoice.windows.pooling import POOLINGS

KINDS = ("overlap", "first", "whole")
MAX_WINDOW = 600 * SAMPLE_RATE  # ten minutes: longer ones only exhaust the memory
MOST_AT_ONCE = 60 * SAMPLE_RATE  # of a "whole" recording, where nothing else is said
LEAST_WHOLE = SAMPLE_RATE


@dataclass(frozen=True)
class WindowPolicy:
    """kind: one of KINDS; window, hop: samples (hop counts for "overlap" only); pooling: a name of POOLINGS.

    Raises UsageError for values that cannot be meant.
    """

    kind: str
    window: int
    hop: int
    pooling: str = "mean"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"window policy {self.kind!r} is not known: choose {', '.join(KINDS)}")
        if not 1 <= self.window <= MAX_WINDOW:
            raise UsageError(f"a window of {self.window} samples is outside 1 to {MAX_WINDOW:,}")
        if self.kind != "overlap":
            object.__setattr__(self, "hop", self.window)  # no step is taken, so no two equal policies differ by it
        if not 1 <= self.hop <= self.window:
            raise UsageError(
                f"a hop of {self.hop} samples is outside 1 to the window's {self.window}: a longer one would leave gaps"
            )
        if self.pooling not in POOLINGS:
            raise UsageError(f"pooling {self.pooling!r} is not known: choose {', '.join(POOLINGS)}")

    def __str__(self) -> str:
        if self.kind == "first":
            return f"first {self.window / SAMPLE_RATE:.2f} s"
        if self.kind == "whole":
            return f"whole recordings, at most {self.window / SAMPLE_RATE:.0f} s at once"
        return f"{self.window / SAMPLE_RATE:.2f} s every {self.hop / SAMPLE_RATE:.2f} s, {self.pooling}"

    @classmethod
    def parse(cls, spec: str) -> WindowPolicy:
        """The inverse of `spec`. Raises UsageError for a word of another form."""
        try:
            kind, window, hop, pooling = spec.split(":")
            return cls(kind, int(window), int(hop), pooling)
        except ValueError:
            raise UsageError(f"{spec!r} is not a window policy, such as overlap:32000:16000:mean") from None

    @property
    def spec(self) -> str:
        """All fields in one exact word, for a table's cell: "overlap:32000:16000:mean"."""
        return f"{self.kind}:{self.window}:{self.hop}:{self.pooling}"

    def to_dict(self) -> dict[str, Any]:
        """All fields by name, as they are recorded with results. The inverse is `WindowPolicy(**d)`."""
        return {"kind": self.kind, "window": self.window, "hop": self.hop, "pooling": self.pooling}


def default_policy(window: int) -> WindowPolicy:
    """The default for people: overlapping windows, half a window apart, scores averaged."""
    return WindowPolicy("overlap", window, max(1, window // 2))


def whole_policy() -> WindowPolicy:
    """The whole recording at once, up to a minute."""
    return WindowPolicy("whole", MOST_AT_ONCE, MOST_AT_ONCE)


def parse_length(text: str) -> int:
    """A length as people write it ("64600" samples, "2s", "2.5 s", "800ms") in samples at 16 kHz. Raises UsageError."""
    compact = text.strip().lower().replace(" ", "")
    try:
        if compact.endswith("ms"):
            return round(float(compact[:-2]) * SAMPLE_RATE / 1000)
        if compact.endswith("s"):
            return round(float(compact[:-1]) * SAMPLE_RATE)
        return int(compact)
    except (ValueError, OverflowError):
        raise UsageError(f"{text!r} is not a length: give samples (64600) or seconds with an s (2.5s)") from None
