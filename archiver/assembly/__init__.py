"""Builds the objects of a run from its options; the Python API."""
