"""The pages around the cards: their order, their names, their look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from archiver.dataset.example import Example
from archiver.dataset.gallery.card import render_card

FIRST_PAGE = "index.html"
_UP = "../"
# No script, nothing from elsewhere: a prompt that got through as HTML could still do nothing.
_POLICY = "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page: `number` counts from 1."""

    number: int
    examples: Sequence[Example]

    @property
    def name(self) -> str:
        """Its file's name."""
        return FIRST_PAGE if self.number == 1 else f"page-{self.number:04}.html"


def paginate(examples: Sequence[Example], per_page: int) -> list[Page]:
    """Return pages, the newest generation first; what has no date comes last. At least one."""
    dated = sorted(examples, key=lambda one: (one.created_at or "", one.id), reverse=True)
    parts = [dated[start : start + per_page] for start in range(0, len(dated), per_page)] or [[]]
    return [Page(number=number, examples=part) for number, part in enumerate(parts, 1)]


def render_page(page: Page, pages: Sequence[Page], title: str, summary: str) -> Iterator[bytes]:
    """Give the HTML of a page, a piece at a time."""
    # An archive's name may be no UTF-8, and is the title then.
    yield _head(title, summary, page, pages).encode("utf-8", "replace")
    yield b'<main class="grid">\n'
    for example in page.examples:
        yield f"{render_card(example, _UP)}\n".encode("utf-8", "replace")
    yield b"</main>\n"
    yield f"{_nav(page, pages)}\n</body>\n</html>\n".encode()


def _head(title: str, summary: str, page: Page, pages: Sequence[Page]) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escape(title)}</title>
<style>
{_style()}</style>
</head>
<body>
<header><h1>{escape(title)}</h1><p>{escape(summary)}</p></header>
{_nav(page, pages)}
"""


def _style() -> str:
    return (files(__package__) / "page.css").read_text(encoding="utf-8")


def _nav(page: Page, pages: Sequence[Page]) -> str:
    if len(pages) == 1:
        return ""
    links = (
        f'<a href="{other.name}"{" aria-current=" + chr(34) + "page" + chr(34) if other is page else ""}>'
        f"{other.number}</a>"
        for other in pages
        if _is_near(other.number, page.number, len(pages))
    )
    return f'<nav aria-label="Pages">{" ".join(links)}</nav>'


def _is_near(number: int, current: int, last: int) -> bool:
    return number in {1, last} or abs(number - current) <= 4  # noqa: PLR2004 - as many as fit on a phone
