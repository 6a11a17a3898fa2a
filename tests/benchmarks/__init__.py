"""Benchmarks: what is promised of speed and memory, measured on real processes."""
