"""The real program on a machine that fails: disks, limits, signals, other runs."""
