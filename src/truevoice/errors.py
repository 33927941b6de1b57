"""The errors that a user may meet. Each message is one line that names the thing and the remedy.

Every error raised on purpose derives from `TruevoiceError`; the command line prints its message and nothing else.
Anything that is not one of these is a defect of ours.
"""

from unicodedata import category


class TruevoiceError(Exception):
    """Base of all errors raised on purpose; `str(error)` is one line fit for a user's eyes."""


class UsageError(TruevoiceError):
    """The request itself is wrong: an option, a name, a combination that cannot be meant."""


class AudioError(TruevoiceError):
    """One source cannot be read as audio: missing, empty, damaged, over a limit, not audio at all."""


class CheckpointError(TruevoiceError):
    """A weight file cannot be used: absent, of another model, damaged, unsafe, or of another checksum."""


class MissingExtraError(TruevoiceError):
    """An optional part is not installed; the message holds the `pip install` line that brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs an optional part: pip install 'truevoice[{extra}]'")
        self.extra = extra


def one_line(text: object, limit: int = 300) -> str:
    """`text` on one line, white space folded, cut to `limit` characters: safe for a terminal, a CSV cell, a log."""
    folded = " ".join("".join(c if c.isspace() or category(c) not in ("Cc", "Cs") else "?" for c in str(text)).split())
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"
