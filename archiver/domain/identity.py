"""Names that came from outside, parsed once into types that can be trusted.

Nothing in a manifest or an answer chooses a path: an id is matched whole before it names a folder.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address
from typing import NewType
from urllib.parse import SplitResult, quote, urlsplit

from archiver.domain.errors import ManifestRowError, UrlRefusedError, UsageError

GenerationId = NewType("GenerationId", str)
"""An id that `parse_id` accepted: safe as a folder's name."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHOWN_ID_CHARACTERS = 40
_PRINTABLE_ASCII = re.compile(r"[\x21-\x7e]+")
_UP_TO_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
# Servers stop at 8 KB.
_LONGEST_URL = 8192
# All up to the last "@": a password may hold others, and slashes.
_USER = re.compile(r"//.*@", re.DOTALL)
# A shorter "key" is a placeholder for a service that wants none, and occurs in honest answers.
_SHORTEST_KEY = 8


def parse_id(text: str) -> GenerationId:
    """Return `text` as an id. Raises `ManifestRowError` where it is none."""
    if _ID.fullmatch(text) and ".." not in text:
        return GenerationId(text)
    shown = ascii(text[:_SHOWN_ID_CHARACTERS]) + ("…" if len(text) > _SHOWN_ID_CHARACTERS else "")
    msg = f"{shown} is not a generation id: letters, digits, '.', '_', '-', at most 128, no '..'"
    raise ManifestRowError(msg)


class AssetName(StrEnum):
    """The files of a generation, in the order in which they are fetched and listed."""

    VIDEO = "video"
    VIDEO_RAW = "video_raw"
    THUMBNAIL = "thumbnail"
    LAST_FRAME = "last_frame"

    @property
    def is_video(self) -> bool:
        """True for the assets that move."""
        return self in {AssetName.VIDEO, AssetName.VIDEO_RAW}


@dataclass(frozen=True, slots=True)
class MediaUrl:
    """An http(s) URL of an asset; as text it hides its query, which may be a signature."""

    full: str

    @classmethod
    def parse(cls, text: str) -> MediaUrl:
        """Return `text` as a URL. Raises `UrlRefusedError` for what must not be fetched.

        Spaces and letters beyond ASCII behind the host are not allowed in URLs, and occur: they are encoded,
        as browsers do it.
        """
        text = _encoded(text)
        parts = _split(text)
        if parts.scheme.lower() not in {"http", "https"}:
            msg = f"not an http or https URL: {_shown(text)}"
            raise UrlRefusedError(msg)
        if not parts.hostname:
            msg = f"a URL without a host: {_shown(text)}"
            raise UrlRefusedError(msg)
        if "@" in parts.netloc:
            msg = f"a URL with a user name in it: host {parts.hostname!a}"
            raise UrlRefusedError(msg)
        return cls(text)

    @property
    def parts(self) -> SplitResult:
        """The URL split as RFC 3986 has it."""
        return urlsplit(self.full)

    @property
    def host(self) -> str:
        """The host's name in lower case, without a port."""
        return self.parts.hostname or ""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 6454): what a key may not leave."""
        parts = self.parts
        default = 443 if parts.scheme == "https" else 80
        return parts.scheme, self.host, parts.port or default

    @property
    def resource(self) -> str:
        """The URL without query and fragment: the same file under a fresh signature has the same."""
        return self.parts._replace(query="", fragment="").geturl()

    def __str__(self) -> str:
        return self.resource + ("?…" if self.parts.query else "")

    __repr__ = __str__


def _encoded(text: str) -> str:
    if not text.isprintable():
        return text
    found = _UP_TO_HOST.match(text)
    return found[0] + quote(text[found.end() :], safe=string.punctuation) if found else text


def _split(text: str) -> SplitResult:
    if len(text) > _LONGEST_URL or not _PRINTABLE_ASCII.fullmatch(text):
        msg = f"not a URL: {_shown(text)}"
        raise UrlRefusedError(msg)
    try:
        parts = urlsplit(text)
        _ = parts.port  # reading it is what checks it
        if "[" in parts.netloc:
            IPv6Address(parts.hostname or "")
    except ValueError as error:
        msg = f"not a URL: {_shown(text)}"
        raise UrlRefusedError(msg) from error
    return parts


def _shown(text: str) -> str:
    """Return the beginning of what should be a URL: no query, which may be a signature, and no password."""
    return ascii(_USER.sub("//…@", re.split(r"[?#]", text[:_LONGEST_URL], maxsplit=1)[0])[:80])


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The user's key. It shows itself as `***` wherever it is printed.

    Raises `UsageError` for what cannot stand in a header: a library would quote it in its complaint.
    """

    secret: str

    def __post_init__(self) -> None:
        if self.secret and not _PRINTABLE_ASCII.fullmatch(self.secret):
            msg = "the API key holds characters that no key has: ASCII letters, digits and signs are allowed"
            raise UsageError(msg)

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def redact(self, text: str) -> str:
        """Return `text` with the key masked, for words that a server may have echoed."""
        return text.replace(self.secret, "***") if self.secret else text

    def redact_json(self, body: bytes) -> bytes:
        """Return JSON with the key masked, however a string in it spells it: answers are kept verbatim."""
        if len(self.secret) < _SHORTEST_KEY:
            return body
        return re.sub("".join(map(_spellings, self.secret)).encode(), b"***", body)


def _spellings(character: str) -> str:
    """Return a pattern for a printable ASCII character in a JSON string, plain or escaped (RFC 8259 §7)."""
    escaped = rf"\\u00(?i:{ord(character):02x})"
    shortly = rf"\\?{re.escape(character)}" if character in '"\\/' else re.escape(character)
    return f"(?:{shortly}|{escaped})"
