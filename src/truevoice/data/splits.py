"""The splits of a set by name: which are for training, which for validation, which are tests, and who is held out.

Sets spell the same thing differently (train, training, trn; val, dev, validation; test, eval, testing), so a word that
is no split of the set stands for those of its kind.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from truevoice.data.trial import Trial
from truevoice.errors import UsageError

TRAINING, VALIDATION, TEST = "training", "validation", "test"
ALIASES = {
    TRAINING: ("train", "training", "trn", "trainset", "learn"),
    VALIDATION: ("val", "valid", "validation", "dev", "development", "cv"),
    TEST: ("test", "testing", "tst", "eval", "evaluation", "progress", "hidden"),
}
_KIND_OF = {word: kind for kind, words in ALIASES.items() for word in words}
NOBODY = frozenset({"", "-", "?", "unknown", "unk", "none", "n/a", "na", "nan", "null"})  # cells that name nothing
NAMES_SHOWN = 12


def kind_of(split: str) -> str:
    """TRAINING, VALIDATION or TEST for a split of that meaning, "" for any other."""
    return _KIND_OF.get(_folded(split), "")


def splits_of(trials: Iterable[Trial]) -> list[str]:
    """The splits that occur, in order of appearance, "" (none stated) included."""
    return list(dict.fromkeys(trial.meta.get("split", "") for trial in trials))


def named_splits(words: str, there: Sequence[str], option: str, where: object) -> list[str]:
    """The splits of `there` that `words` (by commas) mean: those called so, else those of the same kind.

    Raises UsageError, one line with a suggestion, for a word that fits none, and for no word at all.
    """
    wanted = [word.strip() for word in words.split(",") if word.strip()]
    if not wanted:
        raise UsageError(f"{option} names no split; give names by commas, such as train,validation")
    found = [split for word in wanted for split in _meant(word, there, option, where)]
    return list(dict.fromkeys(found))


def _meant(word: str, there: Sequence[str], option: str, where: object) -> list[str]:
    by_name = [split for split in there if split and _folded(split) == _folded(word)]
    by_kind = [split for split in there if kind_of(word) and kind_of(split) == kind_of(word)]
    if by_name or by_kind:
        return by_name or by_kind
    if not any(there):
        raise UsageError(f"{where}: states no splits, so {option} {word} means nothing here; leave it out")
    raise UsageError(f"{where}: has no split {word!r} ({option}); {suggestion(word, [s for s in there if s])}")


def held_values(trials: Sequence[Trial], names: Sequence[str], column: str, where: object) -> set[str]:
    """The values of `column` that `names` mean, upper and lower case and blanks alike.

    Raises UsageError, one line with a suggestion, where the set has no such column or nobody of that name.
    """
    there = dict.fromkeys(trial.meta.get(column, "") for trial in trials)
    known = [value for value in there if value.lower() not in NOBODY]
    if not known:
        columns = sorted({name for trial in trials for name, cell in trial.meta.items() if cell})
        raise UsageError(
            f"{where}: states no {column}, so nothing can be held out by it; --hold-out-by takes "
            f"{', '.join(columns[:NAMES_SHOWN]) or 'a column of the set, and it has none'}"
        )
    folded: dict[str, list[str]] = {}
    for value in known:
        folded.setdefault(_folded(value), []).append(value)
    for name in names:
        if _folded(name) not in folded:
            raise UsageError(f"{where}: has no {column} {name!r} (--hold-out); {suggestion(name, known)}")
    return {value for name in names for value in folded[_folded(name)]}


def suggestion(word: str, known: Sequence[str]) -> str:
    """What may have been meant, else what there is."""
    by_folded = {_folded(name): name for name in known}
    near = [by_folded[name] for name in difflib.get_close_matches(_folded(word)[:80], by_folded, n=3)]
    if near:
        return f"did you mean {', '.join(near)}?"
    more = f", … {len(known) - NAMES_SHOWN:,} more" if len(known) > NAMES_SHOWN else ""
    return f"it has {', '.join(known[:NAMES_SHOWN])}{more}"


def _folded(name: str) -> str:
    return " ".join(name.replace("_", " ").lower().split())
