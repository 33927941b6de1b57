"""Front-ends: (B, T) waves at 16 kHz -> features, for networks that do not hear the wave itself."""
