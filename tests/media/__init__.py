"""Specification of the media floor: what is found in files of every kind, whole and not."""
