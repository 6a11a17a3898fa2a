"""The program, stopped (SIGSTOP) once it is imported: whoever started it lets it go on when all is ready."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

# What commands import late is imported here: the calls that are counted are those of the work.
import archiver.cli.running  # noqa: F401
from archiver.cli.main import main

# prctl(2). With Yama in the kernel a process that is no ancestor may trace only whom it is allowed to; and
# nobody would let this one go on if its parent died.
_PR_SET_PTRACER, _ANY = 0x59616D61, ctypes.c_ulong(-1)
_PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
    libc.prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    os.kill(os.getpid(), signal.SIGSTOP)
    sys.exit(main(sys.argv[1:]))
