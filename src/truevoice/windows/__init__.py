"""Windows: which pieces of a recording are scored, and how their scores become one. Knows arrays, no files."""

from truevoice.windows.cutter import WindowCutter, Windows, cut, repeat_to
from truevoice.windows.policy import WindowPolicy, default_policy, parse_length, whole_policy
from truevoice.windows.pooling import POOLINGS, pool

__all__ = [
    "POOLINGS",
    "WindowCutter",
    "WindowPolicy",
    "Windows",
    "cut",
    "default_policy",
    "parse_length",
    "pool",
    "repeat_to",
    "whole_policy",
]
