"""Where fetched weights lie, and fetching them: one folder, one check of size and sha256, no half-written file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from truevoice.detectors.card import Card, Weights
from truevoice.errors import CheckpointError, one_line

CHUNK = 2**20
TIMEOUT = 60  # s without a byte

Progress = Callable[[int, int], None]  # bytes so far, bytes in all


def cache_folder() -> Path:
    """`$TRUEVOICE_CACHE`, else `$XDG_CACHE_HOME/truevoice`, else `~/.cache/truevoice`. It may not exist yet."""
    if own := os.environ.get("TRUEVOICE_CACHE"):
        return Path(own)
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "truevoice"
    except RuntimeError:  # a user without a home, as in some containers
        raise CheckpointError("no home folder to keep weights in: set TRUEVOICE_CACHE to a folder") from None


def is_file(path: Path) -> bool:
    """Whether a file is there that may be looked at; a closed folder counts as none."""
    try:
        return path.is_file()
    except OSError:
        return False


def cached_weights(card: Card) -> Path:
    """Where the published weights of `card` lie once fetched."""
    if card.weights is None:
        raise CheckpointError(f"{card.name} has no published weight file")
    return cache_folder() / card.name / card.weights.file


def sha256_of(path: Path) -> str:
    """sha256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def where_to_get(card: Card) -> str:
    """One line for whoever lacks the weights: address, size, checksum, and the command that fetches them."""
    weights = card.weights
    if weights is None:
        return f"the weights of {card.name} are for you to get: see {card.source}, then pass --checkpoint FILE"
    return (
        f"the weights of {card.name} are not here: {weights.url} ({weights.bytes:,} bytes, sha256 {weights.sha256}); "
        f"'truevoice models fetch {card.name}' gets and checks them, or pass --checkpoint FILE"
    )


def fetch_weights(card: Card, *, folder: Path | None = None, url: str = "", progress: Progress | None = None) -> Path:
    """Downloads the published weights of `card`, checks size and sha256, and gives their path.

    folder: instead of the cache. url: another address of the same file. A file already there and right is kept; an
    interrupted download goes on where it stopped. Raises CheckpointError: no connection, wrong size, wrong checksum.
    """
    import http.client  # the web is half of the start-up time, and scoring never needs it
    import urllib.error

    target = (folder / cached_weights(card).name) if folder else cached_weights(card)
    weights = card.weights
    assert weights is not None  # cached_weights has refused it otherwise
    if is_file(target) and _matches(target, weights):
        return target
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _download(url or weights.url, part, weights.bytes, progress)
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        reason = one_line(getattr(error, "reason", None) or error)
        raise CheckpointError(
            f"{card.name}: cannot fetch {url or weights.url} ({reason}); run the command again, or "
            f"get {weights.file} (sha256 {weights.sha256}) elsewhere and pass --checkpoint"
        ) from None
    if not _matches(part, weights):
        found = f"{part.stat().st_size:,} bytes, sha256 {sha256_of(part)}"
        part.unlink()
        raise CheckpointError(
            f"{card.name}: what came from {url or weights.url} is not the published file ({found}; expected "
            f"{weights.bytes:,} bytes, sha256 {weights.sha256}); it was deleted"
        )
    part.replace(target)
    return target


def _matches(path: Path, weights: Weights) -> bool:
    return path.stat().st_size == weights.bytes and sha256_of(path) == weights.sha256


def _download(url: str, part: Path, size: int, progress: Progress | None) -> None:
    import urllib.request

    have = part.stat().st_size if part.exists() else 0
    if have == size:  # complete, but the run ended before it could be checked: the caller checks it now
        return
    if have > size:
        part.unlink()
        have = 0
    request = urllib.request.Request(url, headers={"User-Agent": "truevoice"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumed = answer.status == 206
        have = have if resumed else 0
        with part.open("ab" if resumed else "wb") as file:
            while chunk := answer.read(CHUNK):
                have += len(chunk)
                if have > size:
                    part.unlink()  # another file than the published one: nothing to go on from
                    raise ValueError(f"the server sends more than the {size:,} bytes expected")
                file.write(chunk)
                if progress:
                    progress(have, size)
    if have < size:
        raise ValueError(f"the connection ended after {have:,} of {size:,} bytes")
