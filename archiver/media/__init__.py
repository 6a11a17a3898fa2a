"""What is in these bytes: kind, size, duration, palette, frames. Nothing here knows of generations."""
