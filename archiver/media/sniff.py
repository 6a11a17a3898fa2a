"""What kind of media bytes are, told from their beginning: never from a URL or a header."""

from __future__ import annotations

from archiver.domain.checks import MediaKind

HEAD_BYTES = 4096

_AVIF_BRANDS = {b"avif", b"avis"}
_MOV_BRAND = b"qt  "
_SHOWN_BYTES = 8


def sniff(head: bytes) -> MediaKind | None:
    """Return the kind of media that begins with `head`, up to 4 KiB; None for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return MediaKind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaKind.PNG
    if head[:6] in {b"GIF87a", b"GIF89a"}:
        return MediaKind.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaKind.WEBP
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return MediaKind.WEBM if b"webm" in head[:64] else MediaKind.MATROSKA
    return _sniff_iso(head)


def _sniff_iso(head: bytes) -> MediaKind | None:
    """Tell apart what begins with an ISO file type box (ISO/IEC 14496-12 §4.3)."""
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, size - 3, 4)}
    if (brands & _AVIF_BRANDS and b"mif1" in brands | {head[8:12]}) or head[8:12] in _AVIF_BRANDS:
        return MediaKind.AVIF
    return MediaKind.MOV if head[8:12] == _MOV_BRAND else MediaKind.MP4


def describe(head: bytes) -> str:
    """Return in words what bytes are that are no media; safe to be shown."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        return "an empty body"
    lowered = text[:512].lower()
    if lowered.startswith((b"<!doctype html", b"<html")) or b"<html" in lowered:
        return "an HTML page"
    if text.startswith((b"<?xml", b"<")):
        return "an XML document"
    if text.startswith((b"{", b"[")):
        return "a JSON text"
    if _is_text(head):
        return "plain text"
    return f"unknown bytes ({head[:_SHOWN_BYTES].hex(' ')} …)"


def _is_text(head: bytes) -> bool:
    try:
        # A character may be cut at the end.
        text = head.decode("utf-8", errors="strict") if len(head) < HEAD_BYTES else head[:-3].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
