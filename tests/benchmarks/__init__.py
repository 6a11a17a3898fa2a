"""Benchmarks: what is promised of speed and memory, measured on real processes and beside peers."""
