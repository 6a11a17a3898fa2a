"""Whole runs against the simulated service: what is on disk afterwards, what was asked, what is reported."""
