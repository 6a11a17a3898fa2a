"""Exports, each loaded by the library that its users load it with."""
