"""Recordings with the same content under several names: told by size, then a sample of bytes, then sha256."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from truevoice.data.trial import Trial

SAMPLE_BYTES = 4096


def copies(trials: Sequence[Trial], sizes: Sequence[int], pool: ThreadPoolExecutor) -> list[list[Trial]]:
    """Groups of two or more trials whose files are equal byte for byte, in the order of `trials`.

    sizes: bytes of each file, 0 where it is empty or unknown (those are no copies of each other). Files that cannot be
    read are passed over.
    """
    groups = _divide([at for at, size in enumerate(sizes) if size], lambda at: sizes[at])
    groups = _divide_by_content(groups, lambda at: _sample(trials[at].source, sizes[at]), pool)
    groups = _divide_by_content(groups, lambda at: _digest(trials[at].source), pool)
    return [[trials[at] for at in group] for group in sorted(groups)]


def _divide(members: Iterable[int], key: Callable[[int], Hashable]) -> list[list[int]]:
    found: dict[Any, list[int]] = defaultdict(list)
    for at in members:
        if (value := key(at)) is not None:
            found[value].append(at)
    return [group for group in found.values() if len(group) > 1]


def _divide_by_content(
    groups: list[list[int]], content: Callable[[int], bytes | None], pool: ThreadPoolExecutor
) -> list[list[int]]:
    flat = [at for group in groups for at in group]
    of = dict(zip(flat, pool.map(content, flat)))
    return [part for group in groups for part in _divide(group, lambda at: of[at])]


def _sample(path: str, size: int) -> bytes | None:
    """Bytes from the middle: many sets hold thousands of files of one size, and equal headers."""
    try:
        with open(path, "rb") as file:
            file.seek(max(0, size // 2 - SAMPLE_BYTES // 2))
            return hashlib.blake2b(file.read(SAMPLE_BYTES), digest_size=16).digest()
    except OSError:
        return None


def _digest(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError:
        return None
