"""A fuzzer of media files: `python -m tests.fuzz --count 20000`. A small run of it is in the suite."""
