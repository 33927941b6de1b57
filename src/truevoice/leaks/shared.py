"""What two sets of a division share: speakers, contents, sounds, names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from itertools import combinations
from typing import Any

from truevoice.data.copies import copies
from truevoice.data.splits import NOBODY
from truevoice.data.trial import Trial
from truevoice.doctor.finding import Finding, Severity
from truevoice.leaks.fingerprint import SAME, matches
from truevoice.leaks.measure import Measured
from truevoice.leaks.names import AlikeNames, alike_names

NAMES_SHOWN = 3

_DIVIDE = (
    "Take them out of one, or of splits of one set name both in --train-splits: a fraction is then taken by speaker."
)
_DROP = "Take them out of one of the sets."


@dataclass(frozen=True)
class Alike:
    """Two recordings, one of each set. differing: share of differing bits of their fingerprints; 0 and `bytes` where
    their files are equal."""

    first: str
    second: str
    labels: tuple[str, str]
    differing: float
    bytes: bool = False


@dataclass(frozen=True)
class Shared:
    """What the sets `first` and `second` share. learnt: whether the first is the training set. speakers: name → trials
    in both; n_speakers: how many the second has. same: recordings with the same bytes or the same sound; remade: with
    so similar a sound that one was most likely made from the other. names: near-identical.
    """

    first: str
    second: str
    learnt: bool = True
    speakers: dict[str, int] = field(default_factory=dict)
    n_speakers: int = 0
    same: list[Alike] = field(default_factory=list)
    remade: list[Alike] = field(default_factory=list)
    names: list[AlikeNames] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def findings(self) -> Iterator[Finding]:
        """Warnings; notes between two sets that nothing is learnt from, and of what may mean nothing."""
        severity: Severity = "warning" if self.learnt else "note"
        if self.speakers:
            told = f"{len(self.speakers):,} of {self.n_speakers:,} speakers of {self.second} are in {self.first} too"
            told += f" ({_some(list(self.speakers))}): {self.second} tests no new voice of theirs."
            yield Finding("shared-speakers", severity, told, _DIVIDE)
        if self.same:
            equal = sum(pair.bytes for pair in self.same)
            told = f"{_recordings(len(self.same), self.second)} the same as one of {self.first}"
            told += f" ({equal:,} byte for byte), such as {_pairs(self.same)}."
            yield Finding("same-audio", severity, told, _DROP)
        if clashing := [pair for pair in self.same if len(set(pair.labels)) > 1]:
            told = f"{_recordings(len(clashing), self.second)} the same as one of {self.first} with another label, "
            told += "such as "
            yield Finding(
                "same-audio-both-labels",
                severity,
                f"{told}{_pairs(clashing)}.",
                "One label is wrong, or one was made from the other.",
            )
        if self.remade:
            told = (
                f"{_recordings(len(self.remade), self.second)} much like one of {self.first}, and may be made from it "
            )
            told += f"(a vocoder's copy, a heavy codec), such as {_pairs(self.remade)}."
            yield Finding("remade-audio", severity, told, "Keep a recording and what was made from it on one side.")
        telling = [pair for pair in self.names if pair.telling]
        if telling:
            told = f"{len(telling):,} names of {self.second} are near-identical to one of {self.first}, such as "
            remedy = "Listen to some: versions of one recording belong on one side."
            yield Finding("near-names", severity, f"{told}{_pairs(telling)}.", remedy)
        if numbered := [pair for pair in self.names if not pair.telling]:
            told = f"{len(numbered):,} names of {self.second} have a number that occurs in {self.first} too, such as "
            yield Finding("numbered-alike", "note", f"{told}{_pairs(numbered)}; that may mean nothing.")


def shared_by_sets(
    sets: Mapping[str, Sequence[Trial]], measured: Mapping[str, Measured], pool: ThreadPoolExecutor
) -> list[Shared]:
    """For each two sets, in order. measured: by the trials' full paths."""
    alike = _alike(sets, measured, pool)
    found = []
    for first, second in combinations(sets, 2):
        pairs = alike[first, second]
        known = frozenset((one.key, other.key) for one, other, _, _ in pairs)
        told = [
            Alike(one.name, other.name, (one.label, other.label), round(differing, 4), equal)
            for one, other, differing, equal in pairs
        ]
        speakers, n_speakers = _speakers(sets[first], sets[second])
        found.append(
            Shared(
                first,
                second,
                first == next(iter(sets)),
                speakers,
                n_speakers,
                [pair for pair in told if pair.differing <= SAME],
                [pair for pair in told if pair.differing > SAME],
                alike_names(sets[first], sets[second], but=known),
            )
        )
    return found


def _speakers(first: Sequence[Trial], second: Sequence[Trial]) -> tuple[dict[str, int], int]:
    """(speakers of both by name, with their trials in both, the most frequent first; how many the second has)."""
    counts = [Counter(trial.meta.get("speaker", "").strip() for trial in trials) for trials in (first, second)]
    ours, theirs = ({name: n for name, n in count.items() if name.lower() not in NOBODY} for count in counts)
    both = {name: ours[name] + n for name, n in theirs.items() if name in ours}
    return dict(sorted(both.items(), key=lambda item: (-item[1], item[0]))), len(theirs)


def _alike(
    sets: Mapping[str, Sequence[Trial]], measured: Mapping[str, Measured], pool: ThreadPoolExecutor
) -> dict[tuple[str, str], list[tuple[Trial, Trial, float, bool]]]:
    """By two sets: (trial, trial, share of differing bits, equal bytes); each trial of the second once."""
    names = list(sets)
    # New objects: one recording may stand in two sets, and each is told apart by its own.
    listed = [(at, replace(trial)) for at, name in enumerate(names) for trial in sets[name]]
    trials, owners = [trial for _, trial in listed], [at for at, _ in listed]
    looks = [measured[trial.key] for trial in trials]
    place = {id(trial): at for at, trial in enumerate(trials)}
    pairs = []
    for group in copies(trials, [look.size for look in looks], pool):
        at = [place[id(trial)] for trial in group]
        firsts = {owners[i]: i for i in reversed(at)}  # one of each set stands for its copies
        pairs += [(one, other, 0.0, True) for one in firsts.values() for other in at if owners[one] < owners[other]]
    prints = [look.words for look in looks]
    sounds = matches(
        [words for words in prints if words is not None], [o for o, w in zip(owners, prints) if w is not None]
    )
    heard = [at for at, words in enumerate(prints) if words is not None]
    for first, second, differing in sounds:
        one, other = sorted((heard[first], heard[second]), key=lambda at: owners[at])
        pairs.append((one, other, differing, False))
    found: dict[tuple[str, str], list[tuple[Trial, Trial, float, bool]]] = defaultdict(list)
    told: set[tuple[int, int]] = set()
    for one, other, differing, equal in pairs:  # bytes first, then the closest sound
        if (owners[one], other) not in told:
            told.add((owners[one], other))
            found[names[owners[one]], names[owners[other]]].append((trials[one], trials[other], differing, equal))
    return found


def _recordings(count: int, name: str) -> str:
    return f"1 recording of {name} sounds" if count == 1 else f"{count:,} recordings of {name} sound"


def _pairs(pairs: Sequence[Alike] | Sequence[AlikeNames]) -> str:
    return ", ".join(f"{pair.second} = {pair.first}" for pair in pairs[:NAMES_SHOWN])


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMES_SHOWN]) + (", …" if len(names) > NAMES_SHOWN else "")
