"""The torch room's second half: training of the detectors that truevoice ships, one command each."""
