"""Words for people out of what libraries and programs say."""

from __future__ import annotations

_MOST_CHARACTERS = 160


def one_line(text: str) -> str:
    """Return a text as one short line of printable characters; it may come out empty."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[:_MOST_CHARACTERS]
