"""The program, telling its peak memory when it ends: `python -m tests.scale.measured FILE ARGUMENTS…`."""

from __future__ import annotations

import sys
from pathlib import Path

from archiver.cli.main import main


def peak_kib(status: Path) -> int:
    """Return the most memory that a process had (proc(5), `VmHWM`); 0 where it is gone.

    Not getrusage(2): there a process begins with what its parent had when it started it.
    """
    try:
        lines = status.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    exit_code = main(sys.argv[2:])
    Path(sys.argv[1]).write_text(f"{peak_kib(Path('/proc/self/status'))}\n")
    sys.exit(exit_code)
