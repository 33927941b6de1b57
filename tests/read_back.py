"""What the three libraries hold on disk, read by their own formats."""

import json
import sqlite3
import struct


def tensorboard_events(folder):
    """All event files of a run, as one accumulator of TensorBoard's own."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder), size_guidance={"scalars": 0, "audio": 0, "images": 0, "tensors": 0})
    return found.Reload()


def tensorboard_sounds(events):
    """WAV files by their tag."""
    found = {}
    for tag in events.Tags()["tensors"]:
        if events.SummaryMetadata(tag).plugin_data.plugin_name == "audio":
            found[tag] = events.Tensors(tag)[0].tensor_proto.string_val[0]
    return found


def trackio_rows(folder):
    """(step, values) of all runs in a folder of trackio, and its runs' names."""
    with sqlite3.connect(folder / "truevoice.db") as base:
        rows = base.execute("select step, metrics, run_name from metrics order by id").fetchall()
    return [(step, json.loads(values)) for step, values, _ in rows], {name for _, _, name in rows}


def wandb_rows(folder):
    """The values of every history record of every offline run in a folder, in the order of the runs' names."""
    from wandb.proto.wandb_internal_pb2 import Record

    rows, ids = [], set()
    for path in sorted(folder.glob("offline-run-*/*.wandb")):
        for data in _records(path.read_bytes()):
            record = Record.FromString(data)
            if record.HasField("run"):
                ids.add(record.run.run_id)
            if record.HasField("history"):
                row: dict = {}
                for item in record.history.item:
                    *path, last = item.nested_key or [item.key]
                    inside = row
                    for key in path:
                        inside = inside.setdefault(key, {})
                    inside[last] = json.loads(item.value_json)
                rows.append(row)
    return rows, ids


def _records(data, header=7, block=32_768):
    """Records of a log in LevelDB's format, after a file header of 7 bytes."""
    at, whole = header, b""
    while at + 7 <= len(data):
        left = block - at % block
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        if kind == 0:
            at += left
            continue
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # whole, or its last part
            yield whole
            whole = b""
