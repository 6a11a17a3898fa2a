"""The version of the program, as sidecars, the run ledger and `--version` give it."""

__version__ = "0.1.0"
