"""Trials of a score file and rows of a key, matched by name: exactly, else without folders and extension."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from truevoice.data.keys import KeyRow
from truevoice.errors import UsageError

ABSENT, AMBIGUOUS = -1, -2

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")


def match_key(names: Sequence[str], rows: Sequence[KeyRow], origin: Path) -> list[int]:
    """For each name the position of its row in the key, ABSENT, or AMBIGUOUS where several rows fit only by their stem.

    Raises UsageError where the key has a trial twice with different labels; `origin` is the key's file.
    """
    exact: dict[str, int] = {}
    for at, row in enumerate(rows):
        before = exact.setdefault(row.trial, at)
        if rows[before].label != row.label:
            raise UsageError(f"{origin}: trial {row.trial} stands twice with different labels; keep the right one")
    found = [exact.get(name, ABSENT) for name in names]
    if ABSENT not in found:
        return found
    stems: dict[str, int] = {}
    for trial, at in exact.items():
        stem = stem_of(trial)
        stems[stem] = AMBIGUOUS if stem in stems else at
    return [at if at != ABSENT else stems.get(stem_of(name), ABSENT) for name, at in zip(names, found)]


def stem_of(name: str) -> str:
    """`eval/LA_E_1.flac` → `LA_E_1`. What follows a dot is an extension only where it begins with a letter."""
    return _EXTENSION.sub("", name.replace("\\", "/").rsplit("/", 1)[-1])


def in_subset(rows: Sequence[KeyRow], subset: str, origin: Path) -> list[bool]:
    """Which rows belong to `subset` by their column of that name. Raises UsageError naming the subsets there are."""
    words = [row.meta.get("subset", "") for row in rows]
    known = sorted(set(words) - {""})
    if not known:
        raise UsageError(f"{origin}: has no column of subsets; leave out --subset")
    if subset.strip().lower() not in {word.lower() for word in known}:
        raise UsageError(f"{origin}: has no subset {subset!r}; it has {', '.join(known[:8])}")
    return [word.lower() == subset.strip().lower() for word in words]
