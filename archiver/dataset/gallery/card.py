"""One generation on a page. Every text in it came from a network: nothing reaches the page unescaped."""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from archiver.dataset.example import AssetFile, Example
from archiver.domain.identity import AssetName
from archiver.domain.naming import SIDECAR
from archiver.domain.quantity import show_size
from archiver.domain.sidecar import Verification

# More than fits beside a clip; the sidecar has the rest.
_PROMPT_CHARACTERS = 2000


def render_card(example: Example, up: str) -> str:
    """Return the HTML of a generation; `up` leads from the page to the archive's root."""
    home = f"{up}{_path(example.folder)}/"
    return "\n".join(
        (
            f'<article class="card" id="{escape(example.id)}">',
            _picture(example, home),
            '<div class="text">',
            f'<p class="prompt">{_prompt(example)}</p>',
            f'<p class="facts">{_facts(example)}</p>',
            f'<p class="links">{_links(example, home)}</p>',
            "</div></article>",
        )
    )


def _picture(example: Example, home: str) -> str:
    clip, poster = example.video, example.assets.get(AssetName.THUMBNAIL)
    size = _size(clip or poster)
    if clip:
        image = f' poster="{home}{_path(poster.name)}"' if poster else ""
        # Nothing of a clip is read before somebody plays it: a page of a hundred opens at once.
        source = f'src="{home}{_path(clip.name)}"'
        return f'<video controls loop playsinline preload="none"{size}{image} {source}></video>'
    if poster:
        return f'<img loading="lazy" alt=""{size} src="{home}{_path(poster.name)}">'
    return f'<div class="none">{escape(example.failure_reason or "no picture")}</div>'


def _size(file: AssetFile | None) -> str:
    if file is None or not file.measured.width or not file.measured.height:
        return ""
    return f' width="{file.measured.width}" height="{file.measured.height}"'


def _prompt(example: Example) -> str:
    prompt = example.prompt or ""
    more = "…" if len(prompt) > _PROMPT_CHARACTERS else ""
    return escape(prompt[:_PROMPT_CHARACTERS] + more) or "<em>no prompt</em>"


def _facts(example: Example) -> str:
    clip = example.video
    measured = clip.measured if clip else None
    facts = [
        f"{measured.width}×{measured.height}" if measured and measured.width else "",  # noqa: RUF001 - the sign
        f"{measured.duration:.1f} s" if measured and measured.duration else "",
        show_size(clip.size) if clip else "",
        (example.created_at or "")[:10],
        *example.tags,
    ]
    return _mark(example) + " · ".join(escape(fact) for fact in facts if fact)


def _mark(example: Example) -> str:
    if example.verification is Verification.VERIFIED:
        return ""
    word = "failed" if example.state == "failed" else example.verification.value
    return f'<span class="mark">{escape(word)}</span> '


def _links(example: Example, home: str) -> str:
    files = [(name.value, file.name) for name, file in example.assets.items() if file.same_as is None]
    return " ".join(
        f'<a href="{home}{_path(file)}">{escape(name)}</a>' for name, file in [*files, ("sidecar", SIDECAR)]
    )


def _path(text: str) -> str:
    """Return a relative path as it stands in an attribute."""
    return escape(quote(text))
