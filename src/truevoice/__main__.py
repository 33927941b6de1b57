"""`python -m truevoice` is the command line."""

from truevoice.cli.__main__ import main

main()
