"""Data sets: what the published ones hold and where they mislead, and what lies on this disk.

`card` reads the cards in `cards/`, one YAML file a set. `readers` turn a folder or a table into a `manifest`; `keys`
reads labels without recordings; `scan` counts and checks. Nothing here downloads anything or decodes a recording.
"""

from truevoice.data.card import Count, DataCard, RemoteFile, data_cards, info

__all__ = ["Count", "DataCard", "RemoteFile", "data_cards", "info"]
