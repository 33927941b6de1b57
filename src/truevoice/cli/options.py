"""Options that several commands have, written once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

Out = Annotated[Path | None, Parameter(name=["--out", "-o"])]
FormatNames = Annotated[str | None, Parameter(name=["--format", "-f"])]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())]
Model = Annotated[str | None, Parameter(name=["--model", "-m"])]


@Parameter(name="*")
@dataclass(frozen=True)
class Hearing:
    """How recordings are heard.

    Parameters
    ----------
    windows
        overlap: windows over all of it; first: its first window alone, as papers do; whole: all of it at once.
    window
        Window length: samples (64600) or seconds (4s).
    hop
        Step between windows: samples or seconds (0.5s).
    pooling
        How the windows' scores become one.
    device
        auto, cpu, cuda, cuda:1, mps.
    engine
        ONNX Runtime or torch.
    precision
        float32: as published. Faster, on encoders: auto, int16, bfloat16, int8.
    jobs
        Decoding threads; 0 = as many as cores.
    batch_size
        Windows a batch; 0 = what the engine likes.
    max_duration
        Longest recording taken, in seconds.
    max_decoded
        Largest recording taken once decoded, in MB.
    force
        Begin anew in a folder that holds another run.
    """

    windows: Literal["overlap", "first", "whole"] | None = None
    window: str | None = None
    hop: str | None = None
    pooling: Literal["mean", "median", "lowest-quarter", "min"] | None = None
    device: str = "auto"
    engine: Literal["auto", "onnx", "torch"] = "auto"
    precision: Literal["auto", "float32", "int16", "bfloat16", "int8"] = "float32"
    jobs: Annotated[int, Parameter(name=["--jobs", "-j"])] = 0
    batch_size: int = 0
    max_duration: float = 12 * 3600.0
    max_decoded: float = 32 * 1024.0
    force: Annotated[bool, Parameter(negative=())] = False

    def words(self) -> dict[str, Any]:
        """As the commands' functions take them."""
        from truevoice.audio import Limits

        given = dict(vars(self))
        decoded = given.pop("max_decoded") * 2**20
        given["limits"] = Limits(max_duration=given.pop("max_duration"), max_decoded_bytes=decoded)
        return given


@Parameter(name="*")
@dataclass(frozen=True)
class Truth:
    """Where the labels stand.

    Parameters
    ----------
    scores
        A score file made by anyone, in place of recordings: a table, or lines of `UTT SCORE`.
    key
        The labels of a score file that has none: a protocol, a trial_metadata.txt, a table.
    score_means
        What a high score of the file speaks for.
    split
        Only these splits, by commas.
    subset
        Of ASVspoof 2021: eval, progress or hidden.
    path_column
        Column with the recordings' paths (with --scores: the trials' names).
    label_column
        Column with the labels.
    score_column
        Column with the scores.
    label_map
        What the labels mean: 1=spoof,0=bonafide.
    """

    scores: Path | None = None
    key: Path | None = None
    score_means: Literal["bonafide", "spoof"] = "bonafide"
    split: str | None = None
    subset: str | None = None
    path_column: str | None = None
    label_column: str | None = None
    score_column: str | None = None
    label_map: str | None = None
