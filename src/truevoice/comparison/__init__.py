"""Two systems on the same trials: what differs, by how much, and whether that is more than the chance of the draw."""
