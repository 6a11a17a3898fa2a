"""Structural similarity of two grey pictures (Wang et al., "Image Quality Assessment", IEEE TIP 13, 2004)."""

from __future__ import annotations

from statistics import fmean

# Scaled so, a frame's shapes are left and its compression's noise is not.
SIDES = (160, 90)
# The paper's constants for 8-bit pixels; its 8x8 blocks, here side by side in place of sliding.
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_BLOCK = 8


def similarity(one: bytes, other: bytes) -> float:
    """Return the mean similarity of all blocks of two pictures of `SIDES` (8-bit grey); 1 for equal ones."""
    width, height = SIDES
    corners = ((x, y) for y in range(0, height - _BLOCK + 1, _BLOCK) for x in range(0, width, _BLOCK))
    return fmean(_block_similarity(_block(one, x, y), _block(other, x, y)) for x, y in corners)


def _block(picture: bytes, x: int, y: int) -> bytes:
    width = SIDES[0]
    return b"".join(picture[row * width + x : row * width + x + _BLOCK] for row in range(y, y + _BLOCK))


def _block_similarity(one: bytes, other: bytes) -> float:
    mean_one, mean_other = fmean(one), fmean(other)
    variance_one = fmean((a - mean_one) ** 2 for a in one)
    variance_other = fmean((b - mean_other) ** 2 for b in other)
    shared = fmean((a - mean_one) * (b - mean_other) for a, b in zip(one, other, strict=True))
    luminance = (2 * mean_one * mean_other + _C1) / (mean_one**2 + mean_other**2 + _C1)
    structure = (2 * shared + _C2) / (variance_one + variance_other + _C2)
    return luminance * structure
