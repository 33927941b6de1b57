"""A trial: one recording under one name, with its truth and what else is known of it; and one that is not used."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from truevoice.audio.source import STDIN

BONAFIDE = "bonafide"
SPOOF = "spoof"
LABELS = (BONAFIDE, SPOOF)


@dataclass(frozen=True)
class Trial:
    """One recording. `name` is what it is called in results; `label` the truth, "" where unknown.

    `meta`: the further columns of its manifest (attack, speaker, language, codec, split, …), "" where a cell is empty.
    """

    name: str
    source: str
    label: str = ""
    meta: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> str:
        """What makes it one recording: its full path, or "-"."""
        return self.source if self.source == STDIN else os.path.abspath(self.source)


@dataclass(frozen=True)
class LeftOut:
    """A recording, trial or row that is counted but not used, and why in a few words ("duplicate", "no score", …)."""

    name: str
    reason: str


def by_reason(left_out: Iterable[LeftOut]) -> dict[str, list[str]]:
    """Names by reason, the commonest reason first."""
    found: dict[str, list[str]] = {}
    for one in left_out:
        found.setdefault(one.reason, []).append(one.name)
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))
