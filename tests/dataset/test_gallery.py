"""The page of an archive: it shows what is there, and does nothing that a prompt tells it to."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from archiver.cli.main import main
from archiver.domain.sidecar import AssetStatus
from tests.nightly.made import keep


class Elements(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of one."""
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Take note of text."""
        self.text += data

    def values(self, name: str) -> list[str]:
        """Return all values of an attribute."""
        return [value for _, attributes in self.found if (value := attributes.get(name))]


def gallery(archive: Path, *options: str) -> int:
    """Run the command."""
    return main(["gallery", "--archive", str(archive), *options])


def test_every_link_of_the_page_leads_to_a_file(demo_archive: Path, tmp_path: Path) -> None:
    """The page goes wherever the archive goes: all its paths are relative, and end at files."""
    archive = tmp_path / "moved"
    shutil.copytree(demo_archive, archive)
    assert gallery(archive) == 0
    page = archive / "gallery" / "index.html"
    elements = Elements(page)
    links = [*elements.values("src"), *elements.values("href"), *elements.values("poster")]
    assert len(links) >= 4 * 5
    for link in links:
        assert (page.parent / unquote(link)).is_file()


@pytest.mark.parametrize(
    "prompt",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</p></article><style>*{display:none}</style>",
        "&lt;b&gt; & ' \u202e\u0000\ufffe",
    ],
)
def test_a_prompt_is_text_and_nothing_else(tmp_path: Path, prompt: str) -> None:
    """Prompts come from a network, and the page is opened beside the user's own files."""
    archive = tmp_path / prompt.replace("/", "_").replace("\0", "")[:20]
    keep(archive, "a", state="completed", prompt=prompt)
    keep(archive, "b", state="failed", failure_reason=prompt)
    assert gallery(archive, "--title", prompt.replace("\0", "")) == 0
    elements = Elements(archive / "gallery" / "index.html")
    assert not {"script", "img", "iframe"} & {tag for tag, _ in elements.found}
    assert [tag for tag, _ in elements.found].count("style") == 1
    assert not [name for _, attributes in elements.found for name in attributes if name.startswith("on")]


def test_many_generations_take_several_pages_and_old_pages_go(tmp_path: Path) -> None:
    """A page of a hundred thousand clips opens nowhere; and no page shows what is not there any more."""
    for number in range(7):
        keep(tmp_path, f"clip-{number}", state="completed", created_at=f"2024-12-0{number + 1}T00:00:00Z")
    assert gallery(tmp_path, "--per-page", "2") == 0
    names = sorted(path.name for path in (tmp_path / "gallery").iterdir())
    assert names == ["index.html", "page-0002.html", "page-0003.html", "page-0004.html"]
    first = Elements(tmp_path / "gallery" / "index.html")
    assert first.values("id") == ["clip-6", "clip-5"]
    assert gallery(tmp_path, "--per-page", "4") == 0
    assert sorted(path.name for path in (tmp_path / "gallery").iterdir()) == ["index.html", "page-0002.html"]


def test_what_is_wrong_with_a_generation_is_marked(tmp_path: Path) -> None:
    """A mismatch is kept and flagged: on the page, too."""
    keep(tmp_path, "a", state="completed", status=AssetStatus.MISMATCHED)
    keep(tmp_path, "b", state="failed", failure_reason="moderation said no")
    keep(tmp_path, "c", state="completed")
    assert gallery(tmp_path) == 0
    text = Elements(tmp_path / "gallery" / "index.html").text
    assert text.count("mismatched") == 1
    assert "moderation said no" in text
    assert "verified" not in text.replace("unverified", "")


def test_where_chooses_what_is_on_the_page(tmp_path: Path) -> None:
    """The same language as everywhere."""
    keep(tmp_path, "a", state="completed", prompt="a cat")
    keep(tmp_path, "b", state="completed", prompt="a dog")
    assert gallery(tmp_path, "--where", "prompt ~ cat") == 0
    assert Elements(tmp_path / "gallery" / "index.html").values("id") == ["a"]


def test_no_archive_gets_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped folder is not made."""
    assert gallery(tmp_path / "nowhere") == 1
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_a_link_in_the_place_of_the_gallery_is_not_followed(tmp_path: Path) -> None:
    """Nothing is written through a symbolic link out of the archive."""
    keep(tmp_path / "archive", "a", state="completed")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "archive" / "gallery").symlink_to(tmp_path / "elsewhere")
    assert gallery(tmp_path / "archive") == 1
    assert not list((tmp_path / "elsewhere").iterdir())
