"""The ffmpeg program: the machine's own, or the one that the package `imageio-ffmpeg` brings."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

from archiver.domain.errors import UsageError
from archiver.media.environment import environment

_ANSWERS_S = 60
# "n9.0.2-17-g2a571b6068", "5.1.9-0+deb12u1", "4.4.2-0ubuntu0.22.04.1"; of a build between releases "N-112…".
_VERSION = re.compile(r"ffmpeg version n?(\d+)\.(\d+)")
# `fps_mode` came in FFmpeg 5.1 in the place of `vsync`, which FFmpeg 9 does not know any more.
_FIRST_WITH_FPS_MODE = (5, 1)


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


def ffmpeg_version() -> str:
    """Return `ffmpeg version …` of the ffmpeg that is used. Raises `UsageError`."""
    return _ask(locate_ffmpeg(), "-version").partition("\n")[0].partition(" Copyright")[0]


def has_encoder(name: str) -> bool:
    """Tell whether this ffmpeg was built with an encoder. Raises `UsageError`."""
    rows = _ask(locate_ffmpeg(), "-encoders").splitlines()
    return any(name in row.split()[1:2] for row in rows)


def frame_timing(mode: str) -> dict[str, str]:
    """Return the option that says what becomes of frames' moments: `vfr` or `passthrough`.

    Raises `UsageError`.
    """
    found = _VERSION.match(ffmpeg_version())
    is_old = found is not None and (int(found[1]), int(found[2])) < _FIRST_WITH_FPS_MODE
    return {"vsync" if is_old else "fps_mode": mode}


@cache
def _ask(program: str, question: str) -> str:
    try:
        # Our own words alone stand in the command.
        ended = subprocess.run(  # noqa: S603 - above
            [program, "-hide_banner", question] if question != "-version" else [program, question],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(),
            timeout=_ANSWERS_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"{program} cannot be run: install ffmpeg, or the package imageio-ffmpeg"
        raise UsageError(msg) from error
    return ended.stdout.decode("utf-8", "replace")
