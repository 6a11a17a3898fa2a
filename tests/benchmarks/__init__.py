"""The program beside aria2c and curl on real clips, over nginx on loopback: `python -m tests.benchmarks`."""
