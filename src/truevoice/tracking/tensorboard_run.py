"""TensorBoard, by its own event files: figures, pictures, sound and text, without torch or tensorflow.

A text cannot hold sound there, so each clip of a table is logged once, under its trial's name, and the table names it.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

from truevoice.report.text_safety import short, visible
from truevoice.tracking.clips import Clip
from truevoice.tracking.evidence import Evidence

MOST_CLIPS = 200  # of one set in one run: the worst errors change from epoch to epoch, and WAV is large


class TensorBoardRun:
    """One folder of event files; a run that goes on adds a file. memory: trials whose clips are there, by set."""

    def __init__(self, folder: Path, memory: dict[str, Any], config: Mapping[str, Any]) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        self.memory, self.place = memory, folder
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}"
        path = next(path for n in count() if not (path := folder / f"{stem}.{n}").exists())
        # Written in this thread: a full disk is known at once, and nothing is held back when the process is killed.
        self._file = path.open("wb")
        self._records = RecordWriter(self._file)
        self._write(file_version="brain.Event:2")
        if config:
            self._add([_text("settings", _settings_table(config))], 0)

    def scalars(self, values: Mapping[str, float], step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._add([Summary.Value(tag=name, simple_value=value) for name, value in values.items()], step)

    def scored(self, evidence: Evidence, step: int) -> None:
        name = evidence.name
        there: list[str] = self.memory.setdefault(name, [])
        sounds: list[Any] = []
        added: list[str] = []
        for row in evidence.rows:
            if row.clip is not None and row.trial not in there and len(there) + len(added) < MOST_CLIPS:
                sounds.append(_sound(f"{name}/clip/{row.truth}/{short(row.trial)}", row.clip))
                added.append(row.trial)
        there += added
        pictures = [_picture(f"{name}/roc", evidence.roc)] if evidence.roc else []
        pictures.append(_picture(f"{name}/confusion", evidence.confusion))
        self._add([*pictures, *sounds, _text(f"{name}/errors", _errors_table(evidence, set(there)))], step)

    def close(self) -> None:
        self._file.close()

    def _add(self, values: list[Any], step: int) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        self._write(step=step, summary=Summary(value=values))

    def _write(self, **content: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        self._records.write(Event(wall_time=time.time(), **content).SerializeToString())
        self._file.flush()


def _picture(tag: str, png: bytes) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary

    # Width and height stand in bytes 16 to 24 of every PNG (its IHDR chunk).
    width, height = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
    return Summary.Value(tag=tag, image=image)


def _sound(tag: str, clip: Clip) -> Any:
    """In the audio plugin's own form, which alone says to the browser that it is WAV."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.audio.metadata import Encoding, create_summary_metadata
    from tensorboard.util.tensor_util import make_tensor_proto

    metadata = create_summary_metadata(tag, "", encoding=Encoding.Value("WAV"))
    return Summary.Value(tag=tag, tensor=make_tensor_proto([[clip.as_wav(), b""]]), metadata=metadata)


def _text(tag: str, words: str) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.text.metadata import create_summary_metadata
    from tensorboard.util.tensor_util import make_tensor_proto

    tensor = make_tensor_proto([words.encode(errors="backslashreplace")])
    return Summary.Value(tag=tag, tensor=tensor, metadata=create_summary_metadata(tag, ""))


def _errors_table(evidence: Evidence, heard: set[str]) -> str:
    counts = f"{evidence.errors:,} errors of {evidence.trials:,} trials at the threshold {evidence.threshold:.4g}."
    how = f"Rank 1 is the worst error. Sound: AUDIO, {evidence.name}/clip/TRUTH/TRIAL."
    cells = [row.cells() | {"sound": "yes" if row.trial in heard else "no"} for row in evidence.rows]
    return f"{counts} {how}\n\n{markdown_table(cells)}"


def _settings_table(config: Mapping[str, Any]) -> str:
    flat: list[dict[str, Any]] = []

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else str(key), inner)
        else:
            flat.append({"setting": prefix, "value": json.dumps(value, ensure_ascii=False, default=str)})

    walk("", config)
    return markdown_table(flat)


def markdown_table(rows: list[dict[str, Any]]) -> str:
    """Rows with the same columns, as Markdown; what would act in a cell is escaped."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    lines += ["| " + " | ".join(_cell(value) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    text = visible(short(str(value)))
    return "".join(f"\\{letter}" if letter in "\\|*_`[]<>" else letter for letter in text)
