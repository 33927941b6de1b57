"""Worker of the mutation test: reads thousands of damaged recordings, each from its seed. Runs in its own process.

    python mutation.py FIRST COUNT LOG

For each seed a real recording in one of eight formats is damaged, then read. It must give finite mono float32 samples
or an AudioError of one line. LOG receives each seed before it is tried, so that after a crash the parent knows which.
A recording that takes longer than `TIME_LIMIT` seconds ends the process with a traceback.
"""

import faulthandler
import resource
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from formats import encode
from speech import speech
from truevoice.audio import load_audio
from truevoice.errors import AudioError

FORMATS = ("wav", "flac", "ogg", "opus", "mp3", "m4a", "webm", "wav-ms-adpcm")
TIME_LIMIT = 20
MEMORY_LIMIT = 2 * 2**30


def damage(data: bytes, rng: np.random.Generator) -> bytes:
    """One to four of: bits flipped, a run zeroed, noise written, a piece cut out, doubled or moved, the end cut off."""
    raw = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        # Half of all damage goes into the first 256 bytes, where the headers are.
        reach = 256 if rng.random() < 0.5 else len(raw)
        at = int(rng.integers(0, max(1, min(reach, len(raw)))))
        size = int(rng.choice([1, 2, 4, 16, 256, 4096]))
        kind = rng.integers(0, 7)
        if kind == 0:
            for place in rng.integers(0, max(1, min(reach, len(raw))), size=size):
                raw[place] ^= 1 << int(rng.integers(0, 8))
        elif kind == 1:
            raw[at : at + size] = bytes(len(raw[at : at + size]))
        elif kind == 2:
            raw[at : at + size] = rng.bytes(len(raw[at : at + size]))
        elif kind == 3:
            del raw[at : at + size]
        elif kind == 4:
            raw[at:at] = raw[at : at + size]
        elif kind == 5:
            value = int(rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]))
            raw[at : at + 4] = value.to_bytes(4, "little" if rng.random() < 0.5 else "big")
        else:
            del raw[at:]
        if not raw:
            break
    return bytes(raw)


def check(data: bytes) -> str:
    """Reads damaged bytes; gives "read" or "refused", raises AssertionError for anything else."""
    try:
        wave = load_audio(data)
    except AudioError as error:
        text = str(error)
        assert "\n" not in text, text
        assert text.startswith("<bytes>: "), text
        return "refused"
    assert wave.dtype == np.float32
    assert wave.ndim == 1
    assert len(wave) > 0
    assert np.isfinite(wave).all()
    return "read"


def main(first: int, count: int, log: Path) -> None:
    originals = {name: encode(name, speech(1.0), 16_000) for name in FORMATS}
    tally = {"read": 0, "refused": 0}
    with log.open("w") as file:
        for seed in range(first, first + count):
            name = FORMATS[seed % len(FORMATS)]
            file.write(f"seed {seed} {name}\n")
            file.flush()
            faulthandler.dump_traceback_later(TIME_LIMIT, exit=True)
            tally[check(damage(originals[name], np.random.default_rng(seed)))] += 1
            faulthandler.cancel_dump_traceback_later()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert peak < MEMORY_LIMIT, f"peak memory {peak / 2**20:.0f} MB"
    print(f"{count} damaged recordings: {tally['read']} read, {tally['refused']} refused, peak {peak / 2**20:.0f} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
