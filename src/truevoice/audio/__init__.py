"""Audio in: any recording → mono float32 at 16 kHz, whole or in blocks. Ground floor: imports nothing above it."""

from truevoice.audio.limits import DEFAULT_LIMITS, SAMPLE_RATE, Limits
from truevoice.audio.reader import AudioStream, load_audio, open_audio

__all__ = ["DEFAULT_LIMITS", "SAMPLE_RATE", "AudioStream", "Limits", "load_audio", "open_audio"]
