"""Where the ffmpeg program is: the machine's own, or the one that the package `imageio-ffmpeg` brings."""

from __future__ import annotations

import shutil

from archiver.domain.errors import UsageError


def locate_ffmpeg() -> str:
    """Return the path of an ffmpeg. Raises `UsageError` where there is none."""
    own = shutil.which("ffmpeg")
    if own:
        return own
    # Imported late: it searches the disk on import, and is not needed where ffmpeg is installed.
    import imageio_ffmpeg  # noqa: PLC0415 - see above

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        msg = "no ffmpeg: install it, or the package imageio-ffmpeg that brings one"
        raise UsageError(msg) from error
