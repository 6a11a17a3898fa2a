"""Which form of a picture an `Accept` header prefers (RFC 9110 §12.5.1), without I/O."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.domain.checks import MediaKind


def choose_kind(accept: str | None, offered: Sequence[MediaKind]) -> MediaKind:
    """Return the most wanted of the kinds offered; the order offered decides between equals.

    A kind named outright wins over one that a wildcard lets in. Where none is acceptable it is the
    first: the specification allows to disregard the header, and image hosts do.
    """
    wishes = _wishes(accept or "*/*")
    return max(offered, key=lambda kind: _wish_for(kind, wishes))


def _wish_for(kind: MediaKind, wishes: dict[str, float]) -> tuple[float, int]:
    """Return the quality that the most specific pattern gives, and how specific that is."""
    patterns = ("*/*", "image/*", kind.media_type)
    return max(
        ((specificity, wishes[name]) for specificity, name in enumerate(patterns) if name in wishes),
        default=(0, 0.0),
    )[::-1]


def _wishes(accept: str) -> dict[str, float]:
    """Return quality by media range: `image/webp,*/*;q=0.8` is 1 and 0.8."""
    wishes = {}
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weights = [_weight(text[2:]) for text in parameters if text.startswith("q=")]
        wishes[name] = weights[0] if weights else 1.0
    return wishes


def _weight(text: str) -> float:
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0
