"""Evaluation: scores with their truth → figures, intervals, breakdowns, findings."""
