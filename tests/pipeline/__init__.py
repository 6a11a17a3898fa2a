"""What the pipeline decides and how it waits; whole runs are in `tests/runs` and `tests/faults`."""
