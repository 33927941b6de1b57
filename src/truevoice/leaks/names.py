"""Near-identical names in two sets: `clip_001.wav` here and `clip_001_fake.wav` there are most likely one recording.

A name is folded to its words without those that say what was done to it (fake, gen, vocoded, 16k, copy, …). Bare
numbers (`file12`, `0001`) say nothing by themselves: the folder's name is added, and where that says nothing either,
equal numbers are counted apart, since every folder may be numbered from one. Each name is looked at once, so a hundred
thousand cost a few seconds.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from truevoice.audio.recognise import AUDIO_EXTENSIONS
from truevoice.data.splits import ALIASES
from truevoice.data.trial import Trial

_MADE = """
real fake bonafide bona fide spoof spoofed genuine human original orig org synthetic synth synthesized synthesised
generated generation gen tts vc cloned clone deepfake ai vocoded vocoder resynthesis resynth resyn converted
conversion copy copied duplicate norm normalized normalised trim trimmed cut enhanced denoised noisy clean mono
stereo left right resampled rerec rerecorded augmented aug wav mp3 flac ogg opus m4a aac final new old edited edit
"""
_NUMBERED = """
clip clips file files audio audios sample samples utt utterance rec recording recordings sound track speech voice
segment seg part chunk sentence line item example test train val dev eval data set a the
"""
MADE = frozenset(_MADE.split())
NUMBERED = frozenset(_NUMBERED.split())
KINDS = frozenset(word for words in ALIASES.values() for word in words)
SHORTEST = 3  # letters and digits that a name must have to say anything
_WORDS = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True)
class AlikeNames:
    """Names of two sets that differ by nothing or by words such as fake. telling: False where they may only be numbered
    alike."""

    first: str
    second: str
    telling: bool


def alike_names(
    first: Sequence[Trial], second: Sequence[Trial], *, but: frozenset[tuple[str, str]] = frozenset()
) -> list[AlikeNames]:
    """Pairs of names, one of each set; a name is paired once, with its nearest of the other set's.

    but: pairs of keys (full paths) that are known to be the same and are passed over.
    """
    there: dict[str, list[Trial]] = defaultdict(list)
    for trial in first:
        if key := _folded(trial.name)[0]:
            there[key].append(trial)
    found = []
    for trial in second:
        key, generic = _folded(trial.name)
        for other in there.get(key, ())[:1]:
            if (other.key, trial.key) not in but:
                versions = _is_version(other.name, trial.name)
                found.append(AlikeNames(other.name, trial.name, not generic or versions))
    return sorted(found, key=lambda pair: not pair.telling)


def _is_version(first: str, second: str) -> bool:
    """Whether one name is the other and a word more, such as fake: `clip_001` and `clip_001_fake`."""
    ours, theirs = _words(first), _words(second)
    return ours != theirs and (set(ours) < set(theirs) or set(theirs) < set(ours))


def _folded(name: str) -> tuple[str, bool]:
    """(what the name comes to, whether that is no more than a number); "" where it says nothing."""
    path = PurePosixPath(name.replace("\\", "/"))
    words = _without(_words(name), MADE)
    generic = not set(_without(words, NUMBERED)) - {word for word in words if word.isdigit()}
    if generic and (above := _without(_without(_split(path.parent.name), MADE), KINDS | NUMBERED)):
        words, generic = [*above, *words], False
    key = " ".join(word.lstrip("0") or "0" if word.isdigit() else word for word in words)
    return (
        (key, generic)
        if len(key.replace(" ", "")) >= SHORTEST or (generic and any(map(str.isdigit, key)))
        else ("", True)
    )


def _words(name: str) -> list[str]:
    """Words and numbers of the name without folder and extensions, in lower case."""
    path = PurePosixPath(PurePosixPath(name.replace("\\", "/")).stem)
    while path.suffix.lower() in AUDIO_EXTENSIONS:
        path = path.with_suffix("")
    return _split(path.name)


def _split(text: str) -> list[str]:
    lower = re.sub(r"(?i)(?<![a-z\d])(8|16|22|24|44|48)k(hz)?(?![a-z\d])", " ", text.lower().replace("_", " "))
    return _WORDS.findall(lower)


def _without(words: Sequence[str], these: frozenset[str]) -> list[str]:
    return [word for word in words if word not in these]
