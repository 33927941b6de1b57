"""How many times real time each registered network runs on this CPU, one window of its own at a time.

    python benchmarks/model_speeds.py [--write]

The speed of a network does not depend on its weights, so they are drawn at random; an encoder is XLS-R 300M's (WavLM
Large's for cards of that kind). --write puts the figures into the cards, where `truevoice models` shows them.
"""

import argparse
import os
import re
import statistics
import time
from pathlib import Path

import numpy as np
import torch

import truevoice.models
from truevoice.detectors.card import Card, cards
from truevoice.detectors.torch_engine import TorchEngine
from truevoice.models.build import network_of
from truevoice.models.front_ends.encoder import QUIET, SpeechEncoder, attention, import_transformers
from truevoice.models.speech_detector import SpeechDetector

FOLDER = Path(truevoice.models.__file__).parent
LARGE = {
    **{"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096},
    **{"feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True},
}
RUNS = 5


def network(card: Card) -> torch.nn.Module:
    """The card's network at its published size, with random weights."""
    if card.front_end is None or not card.front_end.is_encoder:
        return network_of(card).eval()
    transformers = import_transformers()
    made = {"wavlm": transformers.WavLMConfig}.get(card.front_end.kind, transformers.Wav2Vec2Config)
    config = made(**LARGE, **QUIET)
    encoder = transformers.AutoModel.from_config(config, attn_implementation=attention(config.model_type))
    front_end = SpeechEncoder(encoder, normalise=card.front_end.normalise)
    detector = SpeechDetector(front_end, network_of(card, front_end)).eval()
    detector.fold()
    return detector


def speed(card: Card) -> float:
    """Seconds of sound a second, the median of some runs at batch 1, as the torch engine runs it."""
    engine = TorchEngine(network(card), bonafide_index=card.bonafide_index, log_odds=card.log_odds)
    window = np.random.default_rng(0).normal(0, 0.05, (1, card.window)).astype(np.float32)
    engine.run(window)
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        engine.run(window)
        taken.append(time.perf_counter() - start)
    return card.window / card.sample_rate / statistics.median(taken)


def write(card: Card, words: str) -> None:
    """Puts `speed: …` into the card's file; nothing else of it changes."""
    path = FOLDER / f"{card.name}.yaml"
    text = path.read_text(encoding="utf-8")
    line = f"speed: {words}\n"
    text = re.sub(r"^speed:.*\n", line, text, flags=re.M) if re.search(r"^speed:", text, re.M) else text + line
    path.write_text(text, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="put the figures into the cards")
    parser.add_argument("--only", nargs="*", help="names of models")
    options = parser.parse_args()
    print(f"{torch.get_num_threads()} threads of {os.cpu_count()} cores, float32, batch 1, median of {RUNS} runs\n")
    for name, card in cards().items():
        if card.network is None or card.shipped or (options.only and name not in options.only):
            continue
        rate = speed(card)
        words = f"{rate:.0f}x real time" if rate >= 10 else f"{rate:.1f}x real time"
        print(f"{name:18} {words}", flush=True)
        if options.write:
            write(card, words)


if __name__ == "__main__":
    main()
