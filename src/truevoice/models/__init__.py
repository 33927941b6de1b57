"""The torch room: networks, their cards, checkpoints and the export to ONNX.

A network file holds one architecture as published and knows nothing of files, tables or command lines; the YAML card
beside it says what it is. This package itself imports no torch, so the cards can be listed on the core alone.
"""
