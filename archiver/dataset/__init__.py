"""Exports of an archive as a dataset."""
