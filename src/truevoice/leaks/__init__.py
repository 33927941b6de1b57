"""Leaks between the sets of a division, and what gives the class of a recording away without any voice in it.

`report.leak_report` does all of it.
"""
