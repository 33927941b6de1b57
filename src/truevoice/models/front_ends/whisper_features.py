"""What the encoder of Whisper hears and says: its log-mel spectrogram and its last layer, for half a minute of sound.

Source: Radford et al., "Robust speech recognition via large-scale weak supervision" (arXiv 2212.04356), openai/whisper
(MIT), whose names the keys have; piotrkawa/deepfake-whisper-features (MIT) for the use as features of detection:
the encoder of tiny.en, its output twice over along time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from truevoice.models.blocks.spectrum import power_spectrum, triangles
from truevoice.models.mel_cnn import hz_to_mel, mel_to_hz

SAMPLES = 480000  # 30 s at 16 kHz, the only length that the encoder takes
NYQUIST = 8000.0  # Hz
FFT = 400
HOP = 160  # samples, 10 ms
BANDS = 80
QUIETEST = 1e-10  # power, before the logarithm
RANGE = 8.0  # powers of ten below the loudest
PLACES = 1500  # of the encoder's output, 20 ms each
WIDTH, HEADS, LAYERS = 384, 6, 4  # of tiny.en
LONGEST_PERIOD = 10000.0


def mel_filters(bands: int = BANDS) -> Tensor:
    """Triangular filters (bands, 201) from 0 to 8000 Hz on Slaney's mel scale, each of area 1 in Hz."""
    top = float(hz_to_mel(torch.tensor(NYQUIST, dtype=torch.float64)))
    edges = mel_to_hz(torch.linspace(0, top, bands + 2, dtype=torch.float64))
    bins = torch.linspace(0, NYQUIST, FFT // 2 + 1, dtype=torch.float64)
    return (triangles(bins, edges) * 2 / (edges[2:] - edges[:-2])).T.float().contiguous()


class LogMel(nn.Module):
    """(B, T) waves -> (B, bands, T // 160): Whisper's log-mel spectrogram, each recording by itself.

    The logarithm to base ten, floored at eight below the recording's loudest, then (x + 4) / 4.
    """

    window: Tensor
    filters: Tensor

    def __init__(self, bands: int = BANDS) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FFT), persistent=False)
        self.register_buffer("filters", mel_filters(bands), persistent=False)

    def forward(self, waves: Tensor) -> Tensor:
        power = power_spectrum(waves, self.window, fft=FFT, hop=HOP, padding="reflect")[..., :-1]
        logarithm = torch.log10((self.filters @ power).clamp(min=QUIETEST))
        loudest = logarithm.amax(dim=(1, 2), keepdim=True)
        return (torch.maximum(logarithm, loudest - RANGE) + 4) / 4


def sinusoids(places: int, width: int) -> Tensor:
    """Positions (places, width) float32: sines, then cosines, of periods from 2 pi to 2 pi * 10000."""
    half = width // 2
    rates = torch.exp(torch.arange(half) * -(math.log(LONGEST_PERIOD) / (half - 1)))
    angles = torch.arange(places)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Attention(nn.Module):
    """(B, N, width) -> (B, N, width), every place listening to all; the keys have no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        parts = (
            layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        return self.out(F.scaled_dot_product_attention(*parts).transpose(1, 2).flatten(2))


class EncoderBlock(nn.Module):
    """(B, N, width) -> (B, N, width): attention and two linear layers, each normalised before and added."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attn = Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.attn_ln(x))
        return x + self.mlp(self.mlp_ln(x))


class AudioEncoder(nn.Module):
    """Log-mel spectrogram (B, 80, 3000) -> (B, 1500, 384), the last layer after its norm."""

    positional_embedding: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(BANDS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(PLACES, WIDTH))
        self.blocks = nn.ModuleList(EncoderBlock(WIDTH, HEADS) for _ in range(LAYERS))
        self.ln_post = nn.LayerNorm(WIDTH)

    def forward(self, mel: Tensor) -> Tensor:
        x = F.gelu(self.conv2(F.gelu(self.conv1(mel)))).transpose(1, 2) + self.positional_embedding
        for block in self.blocks:
            x = block(x)
        return self.ln_post(x)


class WhisperFeatures(nn.Module):
    """(B, 480000) waves -> (B, 384, 3000): the encoder's output, twice over along time.

    Raises ValueError for another length: repeating and cutting belong to `truevoice.windows`. The published models
    also heard recordings without their pauses (sox, more than 0.2 s below 1 %), which is left to the caller.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log_mel = LogMel()
        self.encoder = AudioEncoder()

    def forward(self, waves: Tensor) -> Tensor:
        if waves.shape[1] != SAMPLES:
            raise ValueError(f"Whisper's encoder takes waves (batch, {SAMPLES}), not {tuple(waves.shape)}")
        said = self.encoder(self.log_mel(waves)).transpose(1, 2)
        return torch.cat([said, said], dim=2)
