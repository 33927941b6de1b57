"""The result doctor: figures and score lists that cannot be right, and what went wrong with them."""
