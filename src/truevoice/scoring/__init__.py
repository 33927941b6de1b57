"""Scoring: many recordings through one detector, resumable, and what is written of it."""
