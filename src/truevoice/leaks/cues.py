"""The cues of a recording: what can be known of it without any voice, as numbers and as words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, nan

import numpy as np
from numpy.typing import NDArray

from truevoice.data.trial import BONAFIDE, Trial
from truevoice.leaks.measure import Measured

AUDIO, MANIFEST = "audio", "manifest"  # where a cue is from
MEASURED_NUMBERS = ("duration", "level_db", "lead_s", "trail_s", "bandwidth_hz")
MEASURED_WORDS = ("rate", "channels", "format")
# Columns of a manifest that say how a recording was made or kept, not who or what speaks in it.
NUMBER_COLUMNS = ("duration", "orig_duration", "level_db", "bandwidth_hz", "lead_s", "trail_s", "bitrate", "snr_db")
WORD_COLUMNS = (
    *("rate", "sample_rate", "orig_rate", "channels", "format", "orig_format", "stored_as", "bit_depth"),
    *("codec", "codec_q", "transmission", "environment", "language", "gender", "accent"),
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cue:
    """One cue of N recordings. origin: AUDIO, or MANIFEST for a column. numbers: (N,) float64 with NaN where unknown,
    or None; words: N values, or None."""

    name: str
    origin: str
    numbers: Floats | None = None
    words: list[str] | None = None


@dataclass(frozen=True)
class CueTable:
    """N recordings that could be read: owners: (N,) the name of each one's set; bonafide: (N,) bool; cues."""

    owners: NDArray[np.str_]
    bonafide: NDArray[np.bool_]
    cues: list[Cue]


def cue_table(sets: Mapping[str, Sequence[Trial]], measured: Mapping[str, Measured]) -> CueTable:
    """All cues of all sets' recordings; a column that is nowhere filled is none. measured: by full path; what could not
    be read is not in the table."""
    listed = [(name, trial) for name, trials in sets.items() for trial in trials if not measured[trial.key].error]
    looks = [measured[trial.key] for _, trial in listed]
    cues = [Cue(name, AUDIO, np.array([getattr(look, name) for look in looks])) for name in MEASURED_NUMBERS]
    cues += [Cue(name, AUDIO, words=[str(getattr(look, name)) for look in looks]) for name in MEASURED_WORDS]
    for name in NUMBER_COLUMNS:
        numbers = np.array([_number(trial.meta.get(name, "")) for _, trial in listed])
        if np.isfinite(numbers).any():
            cues.append(Cue(name, MANIFEST, numbers))
    for name in WORD_COLUMNS:
        words = [trial.meta.get(name, "") for _, trial in listed]
        if any(words):
            cues.append(Cue(name, MANIFEST, words=words))
    owners = np.array([name for name, _ in listed], dtype=np.str_)
    return CueTable(owners, np.array([trial.label == BONAFIDE for _, trial in listed], dtype=bool), cues)


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        return nan
    return value if isfinite(value) else nan
