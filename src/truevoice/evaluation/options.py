"""What an evaluation can be asked: which breakdowns, which intervals, which costs."""

from __future__ import annotations

from dataclasses import dataclass

from truevoice.errors import UsageError

USUAL_COLUMNS = ("attack", "family", "speaker", "language", "codec")
NOT_COLUMNS = frozenset({"path", "label", "trial", "score"})


@dataclass(frozen=True)
class Costs:
    """Of the detection cost function; the defaults are those of ASVspoof 5, track 1. p_spoof: prior of spoof in the
    cost, in (0, 1); c_miss: of rejecting a bona fide trial; c_fa: of accepting a spoof."""

    p_spoof: float = 0.05
    c_miss: float = 1.0
    c_fa: float = 10.0

    def __post_init__(self) -> None:
        if not 0 < self.p_spoof < 1 or not 0 < self.c_miss < float("inf") or not 0 < self.c_fa < float("inf"):
            raise UsageError("costs need a prior of spoof between 0 and 1 and two costs above 0")

    def __str__(self) -> str:
        return f"prior of spoof {self.p_spoof:g}, a miss costs {self.c_miss:g}, a false acceptance {self.c_fa:g}"


@dataclass(frozen=True)
class Options:
    """by: columns to break down by, None = the usual ones that the set has. cluster: the column whose values are drawn
    as wholes by the bootstrap, "" = trials are drawn one by one within each class. rounds: of the bootstrap, 0 = no
    intervals. confidence in (0, 1). worst: how many errors of each class to list."""

    by: tuple[str, ...] | None = None
    cluster: str = ""
    rounds: int = 1000
    confidence: float = 0.95
    seed: int = 0
    worst: int = 10
    costs: Costs = Costs()

    def __post_init__(self) -> None:
        if not 0 < self.confidence < 1:
            raise UsageError(f"a confidence (--confidence) of {self.confidence:g} is outside 0 to 1")
        if self.rounds < 0 or 0 < self.rounds < 100:
            raise UsageError("rounds of the bootstrap (--rounds): 0 for no intervals, else at least 100")

    def columns(self, known: list[str]) -> list[str]:
        """Which columns to break down by. Raises UsageError for one that the set has not."""
        if self.by is None:
            return [name for name in USUAL_COLUMNS if name in known]
        for name in self.by:
            self.check_column(name, known, "--by")
        return list(dict.fromkeys(self.by))

    @staticmethod
    def check_column(name: str, known: list[str], option: str) -> None:
        if name not in known:
            there = ", ".join(name for name in known if name not in NOT_COLUMNS) or "none"
            raise UsageError(f"{option} {name}: the set has no such column; it has {there}")
