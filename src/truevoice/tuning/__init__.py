"""Searching for settings: many training runs on one validation set, and which of them was best."""
