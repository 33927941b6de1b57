"""The detector: windows → CM scores, and a recording → a result.

Whatever the engine and whoever trained it: float32 windows (B, T) at 16 kHz go in, scores (B,) come out, and a higher
score means more bona fide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from truevoice.audio import DEFAULT_LIMITS, SAMPLE_RATE, AudioStream, Limits, open_audio
from truevoice.detectors.abstain import Heard, reason_to_abstain
from truevoice.detectors.calibration import Calibration
from truevoice.detectors.card import Card
from truevoice.detectors.result import Result, Segment
from truevoice.errors import AudioError, UsageError, one_line
from truevoice.windows import WindowCutter, WindowPolicy, Windows, cut, default_policy, pool
from truevoice.windows.policy import LEAST_WHOLE

SHORTEST_SOUND = 0.025  # s; less than one frame of any front-end: nothing to score
NO_CALIBRATION = "no calibration: a higher score is more bona fide, but no score is a verdict"


class Engine(Protocol):
    """What runs the network: `run` takes (B, T) float32 and gives (B,) float32, higher = more bona fide.

    `window` is the one length T it takes, None = any that the network takes.
    """

    name: str
    device: str
    batch_size: int
    window: int | None

    def run(self, windows: NDArray[np.float32]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Detector:
    """A loaded detector. `checksum`: sha256 of the weight file; `calibration`: None where it has none.

    `threshold`: verdict `bonafide` from this score on, in place of the calibration's own; without either, no verdict.
    `windows`: the window policy that a detector trained here was measured with.
    """

    card: Card
    engine: Engine
    checksum: str
    calibration: Calibration | None = None
    checkpoint: Path | None = None
    threshold: float | None = None
    windows: WindowPolicy | None = None

    sample_rate = SAMPLE_RATE
    polarity = "higher = more bona fide"

    @property
    def name(self) -> str:
        return self.card.name

    @property
    def window(self) -> int:
        """Native window in samples."""
        return self.card.window

    @property
    def policy(self) -> WindowPolicy:
        """The window policy used where none is asked for: the calibration's own, else that of its training, else
        overlapping native windows."""
        return (self.calibration and self.calibration.windows) or self.windows or default_policy(self.window)

    @property
    def working_point(self) -> float | None:
        """The threshold in force: the one that was set, else the calibration's, else None."""
        if self.threshold is not None:
            return self.threshold
        return self.calibration.threshold if self.calibration else None

    @classmethod
    def from_pretrained(
        cls,
        repo_or_folder: str | Path,
        *,
        revision: str | None = None,
        cache_dir: str | Path | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        device: str = "auto",
        engine: str = "auto",
    ) -> Detector:
        """The detector in a folder that `truevoice convert` wrote, or in such a repository of the Hugging Face Hub.

        A folder needs no connection; of a repository the Hub's cache is used, and HF_HUB_OFFLINE is honoured.
        Raises CheckpointError where it is not to be had, not whole or not one of ours, in one line.
        """
        from truevoice.detectors.hub import local_folder
        from truevoice.detectors.opened import open_folder, prefers_graph

        folder = local_folder(
            repo_or_folder,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            graphs=prefers_graph(engine),
        )
        return cls(**vars(open_folder(folder, device, engine)))

    def save_pretrained(self, folder: str | Path, *, half: bool = False) -> Path:
        """Writes the detector's weights and what they are into `folder`, for `from_pretrained`.

        half: weights in half precision. Raises UsageError for a detector that has no weight file, as a shipped graph.
        """
        from truevoice.detectors.hub import write_model_card

        if self.checkpoint is None:
            raise UsageError(f"{self.name} runs as an ONNX graph, without a weight file that could be saved")
        from truevoice.models.checkpoint import read_checkpoint
        from truevoice.models.conversion import convert_checkpoint

        convert_checkpoint(self.card, read_checkpoint(self.checkpoint), Path(folder), half=half)
        write_model_card(Path(folder), self.card)
        return Path(folder)

    def push_to_hub(
        self,
        repo: str,
        *,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        commit_message: str | None = None,
        half: bool = False,
    ) -> str:
        """Saves the detector into the repository `repo` ("someone/something") of the Hugging Face Hub; its address.

        The repository is made where it is not there yet. Mind the weights' licence. Raises as `save_pretrained`, and
        CheckpointError where the Hub does not take it.
        """
        from tempfile import TemporaryDirectory

        from truevoice.detectors.hub import upload

        with TemporaryDirectory() as folder:
            self.save_pretrained(folder, half=half)
            return upload(
                Path(folder), repo, private=private, token=token, revision=revision, commit_message=commit_message
            )

    def scores(self, windows: Any) -> NDArray[np.float32]:
        """CM scores (B,) float32 of windows (B, T) float32 at 16 kHz; for a published model its authors' own score.

        A detector with a fixed window hears windows of another length in pieces of its own: half a window apart,
        averaged; shorter ones repeated until they fill it.
        Raises UsageError for another shape, too few samples, NaN or infinite samples.
        """
        try:
            array = np.asarray(windows)
        except Exception as error:  # ragged lists, tensors that need gradients, …
            raise UsageError(f"scores cannot make an array of these windows ({one_line(error)})") from None
        if array.ndim != 2 or array.dtype.kind != "f":
            raise UsageError(f"scores takes float windows of shape (B, T), not {array.dtype} of shape {array.shape}")
        self._check_window(array.shape[1])
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes inf and is refused with the others
            array = np.ascontiguousarray(array, dtype=np.float32)
        if not np.isfinite(array).all():
            raise UsageError("the windows hold NaN or infinite samples")
        if self.card.fixed_window and len(array) and array.shape[1] != self.window:
            inner = default_policy(self.window)
            pieces = (np.ascontiguousarray(cut(row, inner)[1]) for row in array)
            return np.array([self.engine.run(piece).mean() for piece in pieces], np.float32)
        return self.engine.run(array)

    def score(
        self, source: Any, sr: int | None = None, *, policy: WindowPolicy | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> Result:
        """Scores one recording: path, "-", bytes, binary file, or array of samples with its rate `sr` in Hz.

        Memory does not grow with the recording's length. Raises AudioError or UsageError, one line each.
        """
        policy = self.checked_policy(policy)
        with open_audio(source, sr, limits=limits) as stream:
            hearing = Hearing(policy, stream)
            starts, scores = [], []
            for piece, windows in hearing.pieces():
                for i in range(0, len(piece), self.engine.batch_size):  # views: a short hop must not fill the memory
                    starts.append(piece[i : i + self.engine.batch_size])
                    scores.append(self.scores(windows[i : i + self.engine.batch_size]))
        return self.judge(hearing, np.concatenate(starts), np.concatenate(scores))

    def checked_policy(self, policy: WindowPolicy | None) -> WindowPolicy:
        """`policy`, or the default; raises UsageError where the detector cannot take its windows."""
        policy = policy or self.policy
        if not isinstance(policy, WindowPolicy):
            raise UsageError(f"a window policy is a truevoice.WindowPolicy, not {policy!r}")
        if policy.window < SHORTEST_SOUND * SAMPLE_RATE:
            shortest = round(SHORTEST_SOUND * SAMPLE_RATE)
            raise UsageError(f"a window of {policy.window} samples is too short for speech: at least {shortest}")
        self._check_window(policy.window)
        if policy.kind == "whole" and self.card.shortest_window > LEAST_WHOLE and not self.card.fixed_window:
            raise UsageError(f"{self.name} needs {self.card.shortest_window} samples; a whole recording may be shorter")
        return policy

    def _check_window(self, length: int) -> None:
        if length < self.card.shortest_window:
            raise UsageError(f"{self.name} needs windows of at least {self.card.shortest_window} samples")
        if self.engine.window not in (None, length) and not self.card.fixed_window:
            raise UsageError(
                f"the ONNX graph of {self.name} takes windows of {self.engine.window} samples, not {length}; "
                "--engine torch takes any"
            )

    def judge(
        self, hearing: Hearing, starts: NDArray[np.int64], scores: NDArray[np.float32], label: str = ""
    ) -> Result:
        """Window starts (N,) and scores (N,) of one recording → its result. Raises AudioError for a NaN score."""
        stream, policy = hearing.stream, hearing.policy
        if not np.isfinite(scores).all():
            raise AudioError(f"{stream.name}: {self.name} gave no finite score; the samples may be far over full scale")
        score = pool(scores, policy.pooling)
        end = hearing.heard.seconds
        segments = tuple(
            Segment(start / SAMPLE_RATE, min((start + policy.window) / SAMPLE_RATE, end), float(value))
            for start, value in zip(starts.tolist(), scores)
        )
        remarks = []
        if stream.damaged_packets:
            remarks.append(f"damaged packets stepped over: {stream.damaged_packets}")
        if hearing.falls_short:
            remarks.append(
                f"the header states {stream.stated:.1f} s, but {stream.duration:.1f} s are there: truncated?"
            )
        result = Result(
            trial=stream.name,
            label=label,
            score=score,
            unfit=reason_to_abstain(hearing.heard),
            remarks="; ".join(remarks),
            segments=segments,
            duration=round(hearing.duration, 6),
            rate=stream.rate,
            channels=stream.channels,
            codec=stream.codec,
            decoder=stream.decoder,
            model=self.name,
            checksum=self.checksum,
            engine=f"{self.engine.name}/{self.engine.device}",
            windows=policy.to_dict(),
        )
        return self.decide(result)

    def decide(self, result: Result) -> Result:
        """The result with P(spoof), verdict, reason and warning by this detector's calibration and threshold.

        Only its score and the facts of the recording are read, so an older result is decided anew without being heard.
        """
        if result.score is None:
            return result
        line, threshold, warnings = self.calibration, self.working_point, [result.remarks]
        verdict, reason = "", NO_CALIBRATION
        if threshold is not None:
            verdict = "bonafide" if result.score >= threshold else "spoof"
            verdict, reason = ("abstain", result.unfit) if result.unfit else (verdict, "")
        if line and line.windows and line.windows.to_dict() != result.windows:
            warnings.append(f"the calibration was measured with windows of {line.windows}")
        return replace(
            result,
            p_spoof=line.p_spoof(result.score) if line else None,
            verdict=verdict,
            prior_spoof=line.prior_spoof if line else None,
            threshold=threshold,
            reason=reason,
            warning="; ".join(filter(None, warnings)),
        )


class Hearing:
    """One recording on its way through the windows: blocks go in by `hear`, `end` closes it; `heard` tells of them."""

    def __init__(self, policy: WindowPolicy, stream: AudioStream) -> None:
        self.policy = policy
        self.stream = stream
        self.heard = Heard()
        self._cutter = WindowCutter(policy)
        self._ended = False

    def hear(self, block: NDArray[np.float32]) -> Windows:
        """Takes mono samples at 16 kHz, gives the windows now complete (perhaps none), as `WindowCutter.push`."""
        wanted = self.policy.window - self.heard.samples if self.policy.kind == "first" else len(block)
        self.heard.add(block[:wanted])
        return self._cutter.push(block)

    def end(self) -> Windows:
        """The closing window, if one is due. Raises AudioError where too little was heard to score."""
        self._ended = True
        if self.heard.seconds < SHORTEST_SOUND:
            raise AudioError(
                f"{self.stream.name}: is too short to score: {self.heard.seconds * 1000:.2f} ms, "
                f"at least {SHORTEST_SOUND * 1000:.0f} ms are needed"
            )
        return self._cutter.finish()

    def pieces(self) -> Iterator[Windows]:
        """Gives (starts (N,), windows (N, window)) with N ≥ 1, until the recording or the policy ends it."""
        for block in self.stream.blocks():
            starts, windows = self.hear(block)
            if len(starts):
                yield starts, windows
            if self._cutter.done:
                return
        starts, windows = self.end()
        if len(starts):
            yield starts, windows

    @property
    def falls_short(self) -> bool:
        """The recording ended clearly before its header says (encoders round and pad by a fraction of a second)."""
        stated = self.stream.stated or 0.0
        return self._ended and self.stream.duration < 0.95 * stated - 0.2

    @property
    def duration(self) -> float:
        """Length of the recording in seconds: as decoded, or, where its end was not decoded, as its header states."""
        decoded = self.stream.duration
        return decoded if self._ended else max(decoded, self.stream.stated or 0.0)


def failed(trial: str, reason: str, detector: Detector, policy: WindowPolicy, label: str = "") -> Result:
    """The row of a recording that could not be scored."""
    return Result(
        trial=trial,
        label=label,
        error=reason,
        model=detector.name,
        checksum=detector.checksum,
        engine=f"{detector.engine.name}/{detector.engine.device}",
        windows=policy.to_dict(),
    )
