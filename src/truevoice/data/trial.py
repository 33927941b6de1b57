"""A trial: one recording under one name, with its truth and what else is known of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
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
