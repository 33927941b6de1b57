"""Published data sets: what they hold, how they lie on disk, where they mislead.

`truevoice.data.card` reads the cards in `cards/`, one YAML file a set. Nothing here downloads or opens audio.
"""

from truevoice.data.card import Count, DataCard, RemoteFile, data_cards, info

__all__ = ["Count", "DataCard", "RemoteFile", "data_cards", "info"]
