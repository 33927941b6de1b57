"""Texts from outside made fit to be shown: letters that act instead of standing there are spelled out, long ones cut.

HTML's own characters are not touched here; the template escapes them.
"""

from __future__ import annotations

import re
from typing import Any

LONGEST = 160

# Controls, line separators, marks that turn the direction of text (they make a name look like another), and halves of
# surrogate pairs, which file names that are no UTF-8 bring along.
_ACTING = re.compile(
    "[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]"
)


def visible(text: Any) -> Any:
    """A string with its acting characters as `\\u202e`; markup of our own and what is no string stay as they are."""
    return _ACTING.sub(lambda hit: f"\\u{ord(hit[0]):04x}", text) if type(text) is str else text


def short(text: str, longest: int = LONGEST) -> str:
    """A text of at most `longest` letters; the middle is left out, since both ends of a path tell something."""
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"
