"""What is in these bytes: kind, size, duration, palette, frames. Nothing here knows of generations.

`pool` is the door: it has workers, processes under limits, look into files by `inspection`.
"""
