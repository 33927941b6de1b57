"""`truevoice data`: what is known of published data sets, and what is found in one on disk."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from truevoice.data import card as data_card
from truevoice.data.labels import parse_label_map
from truevoice.data.manifest import Manifest, write_manifest
from truevoice.data.readers import MANIFESTS, open_set
from truevoice.data.scan import Progress, Scan
from truevoice.data.scan import scan as scan_manifest
from truevoice.data.tree import Tree, join
from truevoice.errors import TruevoiceError, UsageError


def data_sets() -> list[dict[str, Any]]:
    """Every known data set as a dictionary of its card, alphabetically."""
    return [asdict(card) for card in data_card.data_cards().values()]


def info(name: str) -> dict[str, Any]:
    """The card of one data set as a dictionary. Raises UsageError with the nearest names for an unknown one."""
    return asdict(data_card.info(name))


def scan(
    target: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    label_map: str | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Scan:
    """Says which layout a data set has, counts and checks what it holds, and writes its manifest.

    target: a folder, or a table of recordings. out: where the manifest goes, a .csv file or a folder; None = the set's
    own folder, if it holds no manifest yet (a table's folder gets none). path_column, label_column, label_map (as
    in "1=spoof,0=bonafide"): how a table is read. quick: no headers, no comparison of contents.

    `written` of the result is the manifest; where its place cannot be written, `unwritten` says why. Raises UsageError
    where the target is no data set, one line.
    """
    target = Path(target)
    meanings = parse_label_map(label_map) if label_map is not None else None
    manifest = open_set(target, path_column=path_column, label_column=label_column, label_map=meanings)
    place = _place(target, Path(out) if out is not None else None)
    found = scan_manifest(manifest, quick=quick, progress=progress)
    if target.is_dir() and _has_manifest(target):
        found = replace(found, warnings=[*found.warnings, *_unlisted(manifest)])
    if place is None:
        return found
    try:
        write_manifest(manifest, place)
    except TruevoiceError as error:
        return replace(found, unwritten=str(error))
    return replace(found, written=place)


def _place(target: Path, out: Path | None) -> Path | None:
    """Where the manifest goes; None where the set has one already."""
    if out is None:
        own = target / "manifest.csv"
        return own if target.is_dir() and not _has_manifest(target) else None
    place = out if out.suffix.lower() == ".csv" and not out.is_dir() else out / "manifest.csv"
    read = target if target.is_file() else target / "manifest.csv"
    if place.exists() and read.exists() and place.samefile(read):
        raise UsageError(f"{place}: is what is read; -o names another place")
    return place


def _unlisted(manifest: Manifest) -> list[str]:
    """A warning where recordings lie in the folder that its own manifest does not name: added later, or forgotten."""
    tree = Tree.of(manifest.root)
    root = os.path.abspath(manifest.root)
    listed = {os.path.abspath(trial.source) for trial in manifest.trials}
    listed |= {os.path.normpath(os.path.join(root, one.name)) for one in manifest.left_out}
    new = [name for place in tree.recordings() if os.path.join(root, name := join(*place)) not in listed]
    if not new:
        return []
    what = "1 recording in the folder is" if len(new) == 1 else f"{len(new):,} recordings in the folder are"
    return [f"{what} not in its manifest, and so not counted, such as {new[0]}; add it there, or delete the manifest"]


def _has_manifest(folder: Path) -> bool:
    return any((folder / name).is_file() for name in MANIFESTS)
