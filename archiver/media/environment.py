"""What a program that is started is given of this one's environment."""

from __future__ import annotations

import os

# What finding ffmpeg and running it takes, and nothing that may be a secret: the API key above all.
_PASSED_ON = (
    *("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "PYTHONHOME", "IMAGEIO_FFMPEG_EXE"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"),
)


def environment() -> dict[str, str]:
    """Return the variables that a decoder or encoder needs, and no others."""
    return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
