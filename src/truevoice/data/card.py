"""The card of a published data set: where it is, how it lies on disk, how its labels read, where it misleads.

A card is a YAML file `cards/NAME.yaml`; the register is the listing of those files. Cards repeat what the
authors, the readers of other toolkits and users have written down. A fact that rests on memory of the
literature, not on a file of the set, stands under `unverified` or carries a note; a checksum or size that
nobody published is left empty.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any

from truevoice.cards import read_cards
from truevoice.errors import TruevoiceError, UsageError


@dataclass(frozen=True)
class RemoteFile:
    """One archive to fetch. `url` is a direct link or the page that offers `file`; the rest is None if
    unpublished.

    `bytes` is the size of the archive, `sha256` and `md5` are hexadecimal digests of it.
    """

    url: str
    file: str
    bytes: int | None = None
    sha256: str | None = None
    md5: str | None = None


@dataclass(frozen=True)
class Count:
    """Number of recordings in one split. None = not known; `total` is given only where the classes are
    not."""

    bonafide: int | None = None
    spoof: int | None = None
    total: int | None = None
    note: str = ""


@dataclass(frozen=True)
class DataCard:
    """What a data set is. Texts are for reading; only `counts`, sizes and digests are for computing.

    `layout` shows the tree on disk, `labels` gives the exact strings that tell bona fide from spoof, `splits`
    how the recordings are divided. `sample_rate` is in Hz, None if mixed or unknown. `size_bytes` is the
    whole download. `cautions` are known traps; `unverified` lists statements that no primary file confirmed.
    """

    name: str
    title: str
    summary: str
    homepage: str
    licence: str
    languages: tuple[str, ...]
    audio: str
    layout: str
    labels: str
    splits: str
    paper: str
    arxiv: str | None = None
    sample_rate: int | None = None
    size_bytes: int | None = None
    files: tuple[RemoteFile, ...] = ()
    counts: dict[str, Count] = field(default_factory=dict)
    cautions: tuple[str, ...] = ()
    unverified: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, raw: dict[str, Any], origin: str) -> DataCard:
        """Builds a card from parsed YAML; an unknown or missing key is a `TruevoiceError` that names
        `origin`."""
        if unknown := sorted(set(raw) - {f.name for f in fields(cls)}):
            raise TruevoiceError(f"{origin}: unknown key {', '.join(unknown)}")
        data = dict(raw)
        try:
            data["files"] = tuple(RemoteFile(**file) for file in data.get("files") or ())
            data["counts"] = {split: Count(**count) for split, count in (data.get("counts") or {}).items()}
            for key in {"languages", "cautions", "unverified"} & set(data):
                data[key] = tuple(data[key] or ())
            return cls(**data)
        except TypeError as error:
            raise TruevoiceError(f"{origin}: {error}") from None


@cache
def data_cards() -> dict[str, DataCard]:
    """All cards by name, in alphabetical order. Raises `TruevoiceError` naming the file for a faulty card."""
    return read_cards(resources.files("truevoice.data") / "cards", DataCard.from_dict)


def info(name: str) -> DataCard:
    """The card called `name`, upper and lower case alike. Raises `UsageError` with the nearest names if none
    is."""
    cards = data_cards()
    wanted = name.strip().lower().replace("_", "-").replace(" ", "-")
    if wanted in cards:
        return cards[wanted]
    # People ask by short names such as "for" or "spoof": a word of the title or a part of the name counts first.
    near = [known for known, card in cards.items() if wanted in re.findall(r"\w+", card.title.lower())]
    near += [known for known in cards if wanted and wanted in known and known not in near]
    near += [known for known in difflib.get_close_matches(wanted, cards, n=3, cutoff=0.6) if known not in near]
    hint = f"did you mean {', '.join(near[:6])}?" if near else f"known are {', '.join(cards)}"
    raise UsageError(f"no data set card is called '{name}'; {hint}")
