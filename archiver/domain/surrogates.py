"""Halves of characters in JSON: the escape D83D alone, where somebody cut a text between an emoji's halves.

JSON's grammar allows them, no Unicode text can hold them (RFC 8259 §8.2), and parsers differ: Python's makes
a text that cannot be written anywhere, msgspec refuses the whole of it.
"""

from __future__ import annotations

import re

# A pair, or a half, or any other escape, which may be a backslash with `ud83d` behind it.
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\."
)
_REPLACEMENT = rb"\ufffd"


def without_halves(text: bytes) -> bytes:
    """Return JSON with U+FFFD for each half of a pair that stands alone; anything else as it is."""
    return _ESCAPE.sub(lambda found: _REPLACEMENT if found[1] else found[0], text) if b"\\u" in text else text
