"""`truevoice data`: what is known of published data sets: where they are, what they hold, where they mislead."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from truevoice.data import card as data_card


def data_sets() -> list[dict[str, Any]]:
    """Every known data set as a dictionary of its card, alphabetically."""
    return [asdict(card) for card in data_card.data_cards().values()]


def info(name: str) -> dict[str, Any]:
    """The card of one data set as a dictionary. Raises UsageError with the nearest names for an unknown one."""
    return asdict(data_card.info(name))
