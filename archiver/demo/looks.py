"""The pictures: ffmpeg's own sources (ffmpeg-filters(1), "Video Sources"), which need no file and no network.

Most are drawn at a quarter of the size and scaled up: so a clip takes one second of one core, not four.
Film grain keeps what is smooth from compressing to nothing: a demo of downloads wants bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import ffmpeg

Options = Mapping[str, int | float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One kind of picture: a source, its options, and the filters that follow it (name, options)."""

    source: str
    options: Options = field(default_factory=dict)
    filters: tuple[tuple[str, Options], ...] = ()
    reduction: int = 4
    """How much smaller than the clip it is drawn, each side."""
    is_grainy: bool = False


def _colours(*colours: str) -> Options:
    """Return the options of a gradient; its own default is other colours every time, whatever the seed."""
    return {"n": len(colours)} | {f"c{index}": colour for index, colour in enumerate(colours)}


_LOOKS = (
    Look(
        source="nullsrc",
        reduction=8,
        filters=(
            ("format", {"pix_fmts": "yuv444p"}),
            (
                "geq",
                {
                    "lum": "128+100*sin(X/17+T*2+sin(Y/9+T))",
                    "cb": "128+90*sin(Y/13-T*3)",
                    "cr": "128+90*sin((X+Y)/23+T)",
                },
            ),
        ),
    ),
    Look(source="mandelbrot", options={"maxiter": 200, "start_scale": 0.8, "end_scale": 0.02}),
    Look(
        source="life",
        options={
            "mold": 10,
            "ratio": 0.12,
            "seed": 3,
            "death_color": "#101840",
            "life_color": "#80f0c0",
            "mold_color": "#c04080",
        },
    ),
    Look(
        source="gradients",
        options={"speed": 0.03, "seed": 7, **_colours("#0b1d51", "#1fd1a5", "#7b3fe4", "#d8f26e")},
        is_grainy=True,
    ),
    Look(
        source="gradients",
        options={
            "type": "spiral",
            "speed": 0.03,
            "seed": 21,
            **_colours("#3a1033", "#c8351f", "#f59f2a", "#ffe08a"),
        },
        is_grainy=True,
    ),
    Look(source="testsrc2", reduction=1),
    Look(
        source="mandelbrot",
        options={
            "maxiter": 200,
            "start_x": -0.1011,
            "start_y": 0.9563,
            "start_scale": 0.5,
            "end_scale": 0.01,
        },
        filters=(("hue", {"H": "0.5*t"}),),
    ),
    Look(
        source="cellauto",
        options={"rule": 110, "seed": 4},
        filters=(("format", {"pix_fmts": "yuv444p"}), ("pseudocolor", {"preset": "magma"})),
        is_grainy=True,
    ),
    Look(
        source="sierpinski",
        options={"seed": 5, "type": "carpet"},
        filters=(("format", {"pix_fmts": "yuv444p"}), ("pseudocolor", {"preset": "plasma"})),
        is_grainy=True,
    ),
)


def moving_picture(number: int, size: tuple[int, int], frames: int, frame_rate: int) -> Any:  # noqa: ANN401 - ffmpeg-python has no types
    """Return the ffmpeg-python stream of the `number`-th picture; `size` is width and height in pixels.

    It moves up to its last frame. After all looks were used they come again in other colours.
    """
    turn, index = divmod(number, len(_LOOKS))
    look = _LOOKS[index]
    stream = ffmpeg.input(_source(look, size, frames, frame_rate), f="lavfi")
    for name, options in look.filters:
        stream = stream.filter(name, **options)
    if turn:
        stream = stream.filter("hue", h=turn * 47 % 360)
    stream = stream.filter("format", pix_fmts="yuv420p").filter("scale", *size, flags="fast_bilinear")
    return stream.filter("noise", c0s=6, c0f="t", c0_seed=number) if look.is_grainy else stream


def _source(look: Look, size: tuple[int, int], frames: int, frame_rate: int) -> str:
    """Return a source in lavfi's notation: `life=size=340x188:rate=24:mold=10`."""
    # Chroma is subsampled by two: an odd side would be rounded by one filter and not by another.
    width, height = (max(16, side // look.reduction // 2 * 2) for side in size)
    options: dict[str, int | float | str] = {"size": f"{width}x{height}", "rate": frame_rate, **look.options}
    if look.source == "mandelbrot":
        options["end_pts"] = frames  # the zoom ends with the clip
    return f"{look.source}={':'.join(f'{name}={value}' for name, value in options.items())}"
