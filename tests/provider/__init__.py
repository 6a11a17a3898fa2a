"""Resolving at the relay."""
