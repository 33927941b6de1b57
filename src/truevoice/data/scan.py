"""A scan: what a data set holds, counted; what is wrong with it, listed. Reads headers and bytes, decodes nothing."""

from __future__ import annotations

import os
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from truevoice.audio.probe import Probe, probe
from truevoice.data.copies import copies
from truevoice.data.cues import telling_length, telling_value
from truevoice.data.manifest import Manifest
from truevoice.data.trial import BONAFIDE, LABELS, SPOOF, LeftOut, Trial
from truevoice.errors import AudioError

FACTS = ("split", "subset", "track", "variant", "attack", "speaker", "language", "codec", "source")
BATCH = 4096  # recordings handed to the threads at a time

Progress = Callable[[int, int], None]
Tally = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Lengths:
    """Of one class: how many recordings state a length, hours in all, shortest, median and longest in seconds."""

    stated: int
    hours: float
    shortest: float
    median: float
    longest: float


@dataclass(frozen=True)
class Copies:
    """Recordings with the same content. `labels` and `splits`: those that occur among them, each once."""

    names: list[str]
    labels: list[str]
    splits: list[str]


@dataclass(frozen=True)
class Scan:
    """counts: by manifest column (split, attack, speaker, …), value → {"bonafide": n, "spoof": n}. headers: the same by
    `format`, `rate` (Hz) and `channels`. lengths: by label. All three but `counts` are empty for a quick scan.

    unreadable: recordings that no decoder opens, with the reason. empty: no bytes or no samples. copies: same content
    under several names. warnings: what makes figures on this set doubtful. written: the manifest, None where none was;
    unwritten: why not.
    """

    manifest: Manifest
    quick: bool = False
    counts: dict[str, Tally] = field(default_factory=dict)
    headers: dict[str, Tally] = field(default_factory=dict)
    lengths: dict[str, Lengths] = field(default_factory=dict)
    unreadable: list[LeftOut] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    copies: list[Copies] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    written: Path | None = None
    unwritten: str = ""

    @property
    def by_label(self) -> dict[str, int]:
        found = Counter(trial.label for trial in self.manifest.trials)
        return {label: found[label] for label in LABELS}

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values, every name listed."""
        manifest = self.manifest
        return {
            "kind": manifest.kind,
            "root": os.fspath(manifest.root),
            "recordings": len(manifest.trials),
            "by_label": self.by_label,
            "columns": manifest.columns,
            "default_subset": manifest.default_subset,
            "counts": self.counts,
            "headers_read": not self.quick,
            "headers": self.headers,
            "lengths": {label: asdict(lengths) for label, lengths in self.lengths.items()},
            "left_out": manifest.by_reason(),
            "unreadable": {one.name: one.reason for one in self.unreadable},
            "empty": self.empty,
            "copies": [asdict(group) for group in self.copies],
            "warnings": self.warnings,
            "notes": manifest.notes,
            "manifest": None if self.written is None else os.fspath(self.written),
            "manifest_not_written": self.unwritten,
        }


@dataclass(frozen=True)
class _Look:
    """One file: its size in bytes, and its header or why there is none."""

    size: int
    probe: Probe | None
    error: str = ""


def scan(manifest: Manifest, *, quick: bool = False, progress: Progress | None = None) -> Scan:
    """Counts a set, and unless `quick` opens every recording's header and compares the contents of equal-sized files.

    progress(done, total) is told while headers are read.
    """
    trials = manifest.trials
    counts = {column: tally(trials, column) for column in FACTS if column in manifest.columns}
    found = Scan(manifest, quick, counts, warnings=_from_columns(trials, counts))
    if quick:
        return found
    with ThreadPoolExecutor(min(16, 2 * (os.cpu_count() or 1))) as pool:
        looks = list(_look_at_all(trials, pool, progress))
        same = copies(trials, [look.size for look in looks], pool)
    return _with_headers(found, looks, same)


def tally(trials: Sequence[Trial], column: str) -> Tally:
    """How many bona fide and spoofed trials have each value of a column, the commonest value first."""
    return _tally((trial.meta.get(column, ""), trial.label) for trial in trials)


def _tally(pairs: Iterator[tuple[str, str]]) -> Tally:
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(LABELS, 0))
    for (value, label), count in Counter(pairs).items():
        found[value][label] += count
    return dict(sorted(found.items(), key=lambda item: (-sum(item[1].values()), item[0])))


def _look_at_all(trials: Sequence[Trial], pool: ThreadPoolExecutor, progress: Progress | None) -> Iterator[_Look]:
    done = 0
    for start in range(0, len(trials), BATCH):
        for look in pool.map(_look_at, [trial.source for trial in trials[start : start + BATCH]]):
            done += 1
            if progress and (done % 64 == 0 or done == len(trials)):
                progress(done, len(trials))
            yield look


def _look_at(source: str) -> _Look:
    try:
        size = os.stat(source).st_size
        return _Look(size, probe(source))
    except AudioError as error:
        return _Look(size, None, str(error).removeprefix(f"{source}: "))
    except OSError as error:
        return _Look(0, None, f"cannot be opened ({error.strerror})")


def _with_headers(found: Scan, looks: list[_Look], same: list[list[Trial]]) -> Scan:
    trials = found.manifest.trials
    opened = [(trial.label, look.probe) for trial, look in zip(trials, looks) if look.probe]
    headers = {
        "format": _tally((probe.format, label) for label, probe in opened),
        "rate": _tally((str(probe.rate), label) for label, probe in opened),
        "channels": _tally((str(probe.channels), label) for label, probe in opened),
    }
    seconds = {label: [p.duration for own, p in opened if own == label and p.duration is not None] for label in LABELS}
    refused = [(trial, look) for trial, look in zip(trials, looks) if look.error]
    empty = [trial.name for trial, look in refused if _is_empty(look)]
    groups = [_copies(group) for group in same]
    telling = [telling_value(what, tallied) for what, tallied in headers.items()]
    telling.append(telling_length(seconds[BONAFIDE], seconds[SPOOF]))
    return Scan(
        found.manifest,
        False,
        found.counts,
        headers,
        {label: _lengths(values) for label, values in seconds.items() if values},
        [LeftOut(trial.name, look.error) for trial, look in refused if not _is_empty(look)],
        empty,
        groups,
        [*found.warnings, *filter(None, telling), *_from_copies(groups)],
    )


def _is_empty(look: _Look) -> bool:
    return "is empty (0 bytes)" in look.error or "holds no samples" in look.error


def _lengths(seconds: list[float]) -> Lengths:
    return Lengths(len(seconds), sum(seconds) / 3600, min(seconds), statistics.median(seconds), max(seconds))


def _copies(group: list[Trial]) -> Copies:
    labels = sorted({trial.label for trial in group})
    splits = sorted({trial.meta.get("split", "") for trial in group})
    return Copies([trial.name for trial in group], labels, splits)


def _from_columns(trials: Sequence[Trial], counts: dict[str, Tally]) -> list[str]:
    """Warnings that need no header."""
    found = []
    labels = {trial.label for trial in trials}
    if len(labels) == 1:
        found.append(f"every recording is {labels.pop()}: without the other class there is no error rate to measure")
    if "language" in counts and (telling := telling_value("language", counts["language"])):
        found.append(telling)
    if "speaker" in counts and "split" in counts:
        splits: dict[str, set[str]] = defaultdict(set)
        for trial in trials:
            splits[trial.meta.get("speaker", "")].add(trial.meta.get("split", ""))
        splits.pop("", None)
        if shared := sum(len(own) > 1 for own in splits.values()):
            found.append(f"{shared:,} of {len(splits):,} speakers stand in several splits, which test no new voice")
    return found


def _from_copies(groups: list[Copies]) -> list[str]:
    found = []
    clashing = [group for group in groups if len(group.labels) > 1]
    leaking = [group for group in groups if len(group.splits) > 1]
    if clashing:
        names = " = ".join(clashing[0].names[:3])
        found.append(f"the same content has both labels {_times(len(clashing))}, such as {names}: one label is wrong")
    if leaking:
        names = " = ".join(leaking[0].names[:3])
        found.append(f"the same content stands in several splits {_times(len(leaking))}, such as {names}")
    return found


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
