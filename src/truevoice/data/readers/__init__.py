"""Readers of data sets on disk, one layout a file."""
