"""What people call a recording's class, and what is meant: bonafide, spoof, or nothing.

Numbers are never guessed: 1 is fake in some published sets and real in others.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping

from truevoice.data.trial import BONAFIDE, SPOOF
from truevoice.errors import UsageError

BONAFIDE_WORDS = frozenset({"bonafide", "genuine", "real", "human", "original", "natural", "authentic"})
SPOOF_WORDS = frozenset(
    {"spoof", "spoofed", "spoofing", "fake", "faked", "deepfake", "synthetic", "synthesised", "synthesized"}
    | {"generated", "aigenerated", "ai", "machine", "artificial", "cloned", "forged"}
)
NO_LABEL = frozenset({"", "-", "unknown", "unlabelled", "unlabeled", "none", "null", "nan", "na", "n/a", "?"})
TRUE_FALSE = frozenset({"true", "false"})
MAP_EXAMPLE = "--label-map 1=spoof,0=bonafide"


def parse_label_map(text: str) -> dict[str, str]:
    """ "1=spoof,0=bonafide" → {"1": "spoof", "0": "bonafide"}; what stands after = may be any word for a class, or
    nothing for recordings to leave out. Raises UsageError."""
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in text.split(","))):
        word, equals, meaning = (part.strip() for part in pair.partition("="))
        if not equals or not word:
            raise UsageError(f"--label-map: {pair!r} is not WORD=CLASS; it reads like {MAP_EXAMPLE}")
        try:
            label = read_label(meaning)
        except UsageError:
            raise UsageError(f"--label-map: {meaning!r} is neither bonafide nor spoof") from None
        if found.setdefault(_folded(word), label) != label:
            raise UsageError(f"--label-map: {word!r} is given two meanings")
    if not found:
        raise UsageError(f"--label-map is empty; it reads like {MAP_EXAMPLE}")
    return found


def read_label(word: str, label_map: Mapping[str, str] | None = None) -> str:
    """ "bonafide", "spoof", or "" where nothing is known. The map goes first; its numbers match 1, 1.0 and " 1 ".

    Raises UsageError for a number, true or false without a map, and for a word that is not known.
    """
    folded = _folded(word)
    if label_map and (folded in label_map or word in label_map):
        return label_map[folded] if folded in label_map else label_map[word]
    if label_map and (known := {_folded(key): label for key, label in label_map.items()}).get(folded) is not None:
        return known[folded]
    plain = re.sub(r"[\s_-]", "", folded)
    if plain in BONAFIDE_WORDS:
        return BONAFIDE
    if plain in SPOOF_WORDS:
        return SPOOF
    if folded in NO_LABEL or plain in NO_LABEL:
        return ""
    said = f"label {word.strip()!r} is neither bonafide nor spoof"
    if label_map:
        raise UsageError(f"{said}, and not in --label-map: add {word.strip()}=…")
    if folded in TRUE_FALSE:
        raise UsageError(
            f"{said}, and nobody can know which of them is true; say it: --label-map true=spoof,false=bonafide"
        )
    if _is_number(folded):
        raise UsageError(
            f"{said}: data sets differ in what 0 and 1 mean, so nobody can know it from the file; say it: {MAP_EXAMPLE}"
        )
    if _is_fraction(folded):
        raise UsageError(f"{said}, but a number as scores are; name the column of labels with --label-column")
    meaning = shlex.quote(f"{word.strip()}=spoof")
    raise UsageError(f"{said}; say what it means, as in --label-map {meaning} (or =bonafide, or = to leave it out)")


def read_labels(words: Iterable[str], label_map: Mapping[str, str] | None, origin: object) -> dict[str, str]:
    """The meaning of each different word of a column. Raises UsageError that begins with `origin`, the file."""
    try:
        return {word: read_label(word, label_map) for word in sorted(set(words))}
    except UsageError as error:
        raise UsageError(f"{origin}: {error}") from None


def is_class_word(word: str) -> bool:
    """Whether a word names a class for sure (numbers and empty cells do not)."""
    plain = re.sub(r"[\s_-]", "", word.lower())
    return plain in BONAFIDE_WORDS or plain in SPOOF_WORDS


def _folded(word: str) -> str:
    """Lower case without outer blanks; a whole number without its decimals."""
    folded = word.strip().lower()
    return str(int(float(folded))) if _is_number(folded) and float(folded) == int(float(folded)) else folded


def _is_number(word: str) -> bool:
    """Whole ones only, as classes are numbered; 1.0 is one of them."""
    return re.fullmatch(r"[+-]?\d{1,9}(\.0*)?", word) is not None


def _is_fraction(word: str) -> bool:
    return re.fullmatch(r"[+-]?\d*\.\d+(e[+-]?\d+)?", word) is not None
