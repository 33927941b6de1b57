"""Detectors: windows → CM scores, and one recording → a result. Two engines: ONNX Runtime, torch (optional)."""
