"""Entry point of `truevoice`. Commands are loaded when they are called, so `--help` stays fast.

Exit status: 0 all went well, 2 some recordings could not be scored, 1 the request itself was wrong, 3 figures or scores
cannot stand (doctor), 130 interrupted.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import Any

import cyclopts
from rich.console import Console

from truevoice import __version__
from truevoice.cli import STDIN_WORD, texts
from truevoice.errors import TruevoiceError, one_line

app = cyclopts.App(
    name="truevoice",
    help=texts.MAIN,
    help_epilogue=texts.MAIN_EXAMPLES,
    help_format="plaintext",
    version=__version__,
    result_action="return_value",
    exit_on_error=False,
    suppress_keyboard_interrupt=False,
    error_console=Console(stderr=True, soft_wrap=True, highlight=False),
    error_formatter=lambda error: f"truevoice: {one_line(error)} (--help shows how)",
)
app.command("truevoice.cli.score:score_command", name="score", help=texts.SCORE, help_epilogue=texts.SCORE_EXAMPLES)
app.command(
    "truevoice.cli.evaluate:evaluate_command",
    name="evaluate",
    help=texts.EVALUATE,
    help_epilogue=texts.EVALUATE_EXAMPLES,
)
app.command(
    "truevoice.cli.calibrate:calibrate_command",
    name="calibrate",
    help=texts.CALIBRATE,
    help_epilogue=texts.CALIBRATE_EXAMPLES,
)
app.command(
    "truevoice.cli.doctor:doctor_command", name="doctor", help=texts.DOCTOR, help_epilogue=texts.DOCTOR_EXAMPLES
)
app.command(
    "truevoice.cli.convert:convert_command", name="convert", help=texts.CONVERT, help_epilogue=texts.CONVERT_EXAMPLES
)
app.command(
    "truevoice.cli.inspect:inspect_command", name="inspect", help=texts.INSPECT, help_epilogue=texts.INSPECT_EXAMPLES
)
app.command("truevoice.cli.train:train_command", name="train", help=texts.TRAIN, help_epilogue=texts.TRAIN_EXAMPLES)
app.command(
    "truevoice.cli.compare:compare_command", name="compare", help=texts.COMPARE, help_epilogue=texts.COMPARE_EXAMPLES
)
app.command("truevoice.cli.study:study_command", name="study", help=texts.STUDY, help_epilogue=texts.STUDY_EXAMPLES)
app.command("truevoice.cli.tune:tune_command", name="tune", help=texts.TUNE, help_epilogue=texts.TUNE_EXAMPLES)
app.command("truevoice.cli.models:models_app", name="models", help=texts.MODELS)
app.command("truevoice.cli.data:data_app", name="data", help=texts.DATA)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with its status; errors are one line on standard error."""
    words = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):  # a file name that the terminal cannot show must not end the run
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status: Any = 1
    try:
        status = app([STDIN_WORD if word == "-" else word for word in words])
        if sys.stdout is not None:
            sys.stdout.flush()
    except cyclopts.CycloptsError:
        pass  # already printed
    except TruevoiceError as error:
        print(f"truevoice: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("truevoice: interrupted; with -o, the same command goes on where it stopped", file=sys.stderr)
        status = 130
    except BrokenPipeError:  # the reader of our output has left, as `head` does
        _forget_output()
        status = 0
    except OSError as error:  # our own output cannot be written: a full disk, a closed terminal
        print(f"truevoice: cannot write the output ({error.strerror or one_line(error)})", file=sys.stderr)
        _forget_output()
    except Exception as error:
        if os.environ.get("TRUEVOICE_DEBUG"):
            raise
        what = f"{type(error).__name__}: {one_line(error)}"
        print(f"truevoice: a defect of ours: {what} (TRUEVOICE_DEBUG=1 shows where)", file=sys.stderr)
    sys.exit(status or 0)


def _forget_output() -> None:
    """What is still buffered for standard output goes nowhere, or Python would fail over it once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
