"""Many generations over time."""
