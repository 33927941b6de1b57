"""Building blocks that networks of this package share; each states its tensors in one line and knows no task."""
