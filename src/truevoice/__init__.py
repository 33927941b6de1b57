"""truevoice: is this voice bona fide or spoofed, where, and how sure.

    import truevoice
    result = truevoice.load().score("voice.mp3")
    print(result.verdict, result.p_spoof, result.worst(3))

Higher score = more bona fide, everywhere; `p_spoof` is the probability of spoof. Names are loaded on first use, so
importing the package costs next to nothing, and torch is touched only by what needs it.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from truevoice.audio import Limits, load_audio
    from truevoice.commands.calibrate import calibrate
    from truevoice.commands.compare import compare
    from truevoice.commands.convert import convert
    from truevoice.commands.evaluate import evaluate
    from truevoice.commands.inspect import inspect
    from truevoice.commands.score import Scores, score
    from truevoice.commands.study import study
    from truevoice.detectors.calibration import Calibration
    from truevoice.detectors.detector import Detector
    from truevoice.detectors.register import load
    from truevoice.detectors.result import Result, Segment
    from truevoice.errors import AudioError, CheckpointError, MissingExtraError, TruevoiceError, UsageError
    from truevoice.evaluation.evaluation import Evaluation
    from truevoice.windows import WindowPolicy

# public name → the module that holds it
_HOME = {
    "AudioError": "errors",
    "Calibration": "detectors.calibration",
    "CheckpointError": "errors",
    "Detector": "detectors.detector",
    "Limits": "audio",
    "MissingExtraError": "errors",
    "Result": "detectors.result",
    "Scores": "commands.score",
    "Segment": "detectors.result",
    "TruevoiceError": "errors",
    "UsageError": "errors",
    "WindowPolicy": "windows",
    "Evaluation": "evaluation.evaluation",
    "calibrate": "commands.calibrate",
    "compare": "commands.compare",
    "convert": "commands.convert",
    "evaluate": "commands.evaluate",
    "inspect": "commands.inspect",
    "load": "detectors.register",
    "load_audio": "audio",
    "score": "commands.score",
    "study": "commands.study",
}
_MODULES = ("audio", "data", "metrics", "windows")

__all__ = [  # noqa: RUF022  # the two names that most people need come first
    "load",
    "load_audio",
    "score",
    "evaluate",
    "calibrate",
    "compare",
    "study",
    "convert",
    "inspect",
    "AudioError",
    "Calibration",
    "CheckpointError",
    "Detector",
    "Evaluation",
    "Limits",
    "MissingExtraError",
    "Result",
    "Scores",
    "Segment",
    "TruevoiceError",
    "UsageError",
    "WindowPolicy",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        value = getattr(import_module(f"truevoice.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"truevoice.{name}")
    raise AttributeError(f"module 'truevoice' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})
