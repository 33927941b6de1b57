"""truevoice."""
