"""What kind of media bytes are, told from their beginning: never from a URL or a header."""

from __future__ import annotations

import codecs
import re

from archiver.domain.checks import MediaKind

HEAD_BYTES = 4096
"""As much of a file as is looked at."""

_AVIF_BRANDS = {b"avif", b"avis"}
_MOV_BRAND = b"qt  "
# ISO files that are no films: HEIF pictures (ISO/IEC 23008-12 annex B), sound, raw photographs. Any other
# brand is taken for an MP4: there are hundreds, and a decoder has the last word.
_OTHER_BRANDS = {
    b"heic",
    b"heix",
    b"heim",
    b"heis",
    b"hevc",
    b"hevx",
    b"mif1",
    b"msf1",
    b"M4A ",
    b"M4B ",
    b"crx ",
}
# The element DocType (RFC 8794 §11.2.6): its id, a size of one byte, the name.
_DOC_TYPE = re.compile(rb"\x42\x82[\x81-\x8f](webm|matroska)")
_SHOWN_BYTES = 8


def sniff(head: bytes) -> MediaKind | None:
    """Return the kind of media that begins with `head`, up to 4 KiB; None for anything else."""
    if head.startswith(b"\xff\xd8\xff"):
        return MediaKind.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return MediaKind.PNG
    if head.startswith((b"GIF87a", b"GIF89a")):
        return MediaKind.GIF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return MediaKind.WEBP
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return _sniff_ebml(head)
    return _sniff_iso(head) if head[4:8] == b"ftyp" else None


def _sniff_ebml(head: bytes) -> MediaKind | None:
    found = _DOC_TYPE.search(head)
    if not found:
        return None
    return MediaKind.WEBM if found[1] == b"webm" else MediaKind.MATROSKA


def _sniff_iso(head: bytes) -> MediaKind | None:
    """Tell apart what begins with a file type box (ISO/IEC 14496-12 §4.3): major brand, version, others."""
    major, size = head[8:12], int.from_bytes(head[:4], "big")
    compatible = {head[at : at + 4] for at in range(16, min(size, len(head)), 4)}
    if major in _AVIF_BRANDS or (major in _OTHER_BRANDS and compatible & _AVIF_BRANDS):
        return MediaKind.AVIF
    if major in _OTHER_BRANDS:
        return None
    return MediaKind.MOV if major == _MOV_BRAND else MediaKind.MP4


def describe(head: bytes) -> str:
    """Return in safe words what bytes are that are no media."""
    text = head.removeprefix(codecs.BOM_UTF8).lstrip()
    if not head:
        return "an empty body"
    if re.search(rb"<!doctype html|<html|<head|<body", text[:512], re.IGNORECASE):
        return "an HTML page"
    if text.startswith(b"<"):
        return "an XML document"
    if text.startswith((b"{", b"[")):
        return "a JSON text"
    if _is_text(head):
        return "plain text"
    return f"unknown bytes ({head[:_SHOWN_BYTES].hex(' ')})"


def _is_text(head: bytes) -> bool:
    try:
        # Not final: a character may be cut where the head ends.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() for character in text)
