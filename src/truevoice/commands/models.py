"""`truevoice models`: the register as a table, and fetching published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from truevoice.detectors.cache import Progress, cached_weights, fetch_weights, is_file
from truevoice.detectors.card import Card, cards
from truevoice.detectors.register import find_card
from truevoice.errors import CheckpointError


def models() -> list[dict[str, Any]]:
    """Every registered detector as a dictionary of its card's facts; `weights_here` is shipped, cached or absent."""
    return [describe(card) for card in cards().values()]


def describe(card: Card) -> dict[str, Any]:
    """One card as plain values, ready for JSON or a table row."""
    return {
        "name": card.name,
        "title": card.title,
        "summary": card.summary,
        "parameters": card.parameters,
        "engine": "onnx" if card.shipped else "torch, onnx",
        "weights_here": where(card),
        "window": card.window,
        "sample_rate": card.sample_rate,
        "score": card.score,
        "training_data": card.training_data,
        "licence": card.licence,
        "figures": [{"eer": f.eer, "auc": f.auc, "on": f.on, "by": f.by} for f in card.figures],
        "speed": card.speed,
        "paper": card.paper,
        "source": card.source,
        "weights": vars(card.weights) if card.weights else None,
    }


def where(card: Card) -> str:
    """`shipped` with the package, `cached` on this machine, or `absent`."""
    if card.shipped:
        return "shipped"
    try:
        return "cached" if card.weights and is_file(cached_weights(card)) else "absent"
    except CheckpointError:  # there is no place for a cache
        return "absent"


def fetch(name: str, *, out: str | Path | None = None, url: str = "", progress: Progress | None = None) -> Path:
    """Gets the published weights of a model into the cache (or the folder `out`), checks them, gives their path.

    Raises UsageError for an unknown name; CheckpointError where there is nothing to fetch, no connection, or the
    file's size or sha256 is not the published one.
    """
    card = find_card(name)
    if card.shipped:
        raise CheckpointError(f"{name} comes with the package; there is nothing to fetch")
    return fetch_weights(card, folder=Path(out) if out is not None else None, url=url, progress=progress)
