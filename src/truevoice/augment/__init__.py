"""Augmentation of training recordings: RawBoost, codecs, noise, rooms, levels, bands and time, reproducibly drawn."""

from truevoice.augment.chain import Chain
from truevoice.augment.kinds import KINDS
from truevoice.augment.words import parse_step

__all__ = ["KINDS", "Chain", "parse_step"]
