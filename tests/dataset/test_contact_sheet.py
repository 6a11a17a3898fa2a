"""Contact sheets, by their pixels: who looks at them must see what is there, and what is wrong."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image, PdfParser

from archiver.cli.main import main
from archiver.domain.identity import AssetName
from archiver.domain.sidecar import AssetStatus, Measured
from archiver.media.sheet import BLANK, MARK, PAPER, Grid
from tests.dataset.filmed import keep_film
from tests.media.numbered import number_of, numbered_film, opened

_RED, _GREEN, _BLUE = (200, 30, 30), (20, 160, 40), (30, 40, 200)
_GRID = Grid(columns=6, rows=5)
Place = tuple[float, float]


def picture(colour: tuple[int, int, int], sides: tuple[int, int] = (640, 360)) -> bytes:
    """Return a JPEG of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", sides, colour).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def huge_picture() -> bytes:
    """Return a PNG of 400 megapixels, all of them black."""
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


def put(archive: Path, name: str, files: Mapping[str, bytes], **changes: object) -> Path:
    """Write a generation; the first letter of its id is its place on the sheet."""
    day = 31 - (ord(name[0]) - ord("a"))
    return keep_film(archive, name, files, created_at=f"2024-12-{day:02}T12:00:00Z", **changes)  # type: ignore[arg-type]  # what the sidecar has


def draw(archive: Path, dest: Path, *options: str) -> int:
    """Run the command."""
    return main(["contact-sheet", str(dest), "--archive", str(archive), *options])


def pages(dest: Path) -> list[Image.Image]:
    """Return the pages in a folder."""
    return [opened(path) for path in sorted(dest.glob("page-*.jpg"))]


def at(page: Image.Image, number: int, place: Place, grid: Grid = _GRID) -> tuple[int, int, int]:
    """Return the colour at a place of a tile's box, of which (0, 0) and (1, 1) are two corners."""
    (left, top), (width, height) = grid.corner(number), grid.box
    found = page.getpixel((left + round(place[0] * (width - 1)), top + round(place[1] * (height - 1))))
    assert isinstance(found, tuple)
    red, green, blue = found[:3]
    return red, green, blue


def colours_of(part: Image.Image) -> list[tuple[int, int, int]]:
    """Return the colours of all pixels."""
    data = part.tobytes()
    return list(zip(data[::3], data[1::3], data[2::3], strict=True))


def is_like(colour: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
    """Tell whether two colours are the same but for what JPEG loses."""
    return all(abs(one - another) < 24 for one, another in zip(colour, other, strict=True))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return an archive of all kinds of generations; on the sheet their ids are in order."""
    root = tmp_path / "archive"
    put(root, "a-verified", {"thumbnail.jpg": picture(_GREEN)})
    put(root, "b-mismatched", {"thumbnail.jpg": picture(_GREEN)}, found={"status": AssetStatus.MISMATCHED})
    put(root, "c-incomplete", {"thumbnail.jpg": picture(_BLUE)}, lacking=(AssetName.VIDEO,))
    put(root, "d-failed", {}, state="failed", failure_reason="moderation")
    put(root, "e-unverified", {"thumbnail.jpg": picture(_RED)}, found={"status": AssetStatus.UNVERIFIED})
    put(root, "f-broken", {"thumbnail.jpg": picture(_RED)[:400]})
    return root


def test_each_tile_shows_its_thumbnail(archive: Path, tmp_path: Path) -> None:
    """In its colours, the newest generation first."""
    assert draw(archive, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    middles = [at(page, number, (0.5, 0.5)) for number in (0, 1, 2, 4)]
    assert all(map(is_like, middles, (_GREEN, _GREEN, _BLUE, _RED)))


def test_what_is_wrong_has_a_red_frame_and_a_word(archive: Path, tmp_path: Path) -> None:
    """And what is not, has none: not even a picture that is red itself."""
    assert draw(archive, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    framed = [_is_framed(page, number) for number in range(6)]
    assert framed == [False, True, True, True, False, False]
    for number in (1, 2, 3):
        assert _has_white_letters_on_red(page, number)


def _is_framed(page: Image.Image, number: int) -> bool:
    (left, top), (width, height) = _GRID.corner(number), _GRID.box
    middle, across = left + width // 2, top + height // 2
    edges = [(left + 3, across), (left + width - 4, across), (middle, top + 3), (middle, top + height - 4)]
    within = [(left + 8, across), (left + width - 9, across), (middle, top + 8), (middle, top + height - 9)]
    red = [is_like(page.getpixel(edge), MARK) for edge in edges]  # type: ignore[arg-type]  # of an RGB picture
    bright = [min(page.getpixel(place)) > 150 for place in within]  # type: ignore[arg-type]  # of an RGB picture
    return all(red) and all(bright)


def _has_white_letters_on_red(page: Image.Image, number: int) -> bool:
    left, top = _GRID.corner(number)
    colours = colours_of(page.crop((left + 8, top + 8, left + 100, top + 30)))
    white = sum(min(colour) > 200 for colour in colours)
    return white > 40 and sum(is_like(colour, MARK) for colour in colours) > len(colours) / 2


def test_what_has_nothing_to_show_is_a_grey_tile_with_words(archive: Path, tmp_path: Path) -> None:
    """A failed generation, a picture that is broken: the page is drawn all the same."""
    assert draw(archive, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    for number in (3, 5):
        (left, top), (width, height) = _GRID.corner(number), _GRID.box
        assert is_like(at(page, number, (0.5, 0.8)), BLANK)
        middle = page.crop((left + 20, top + height // 3, left + width - 20, top + 2 * height // 3))
        assert min(middle.convert("L").tobytes()) < 80  # ink


@pytest.mark.parametrize(
    "thumbnail",
    [
        b"",
        b"<html>",
        picture(_RED)[:-2],
        numbered_film(2),
        huge_picture(),
        b"\x89PNG\r\n\x1a\n",
        b"GIF89a" + bytes(20),
    ],
    ids=["empty", "HTML", "cut", "a film", "400 megapixels", "PNG's begin", "GIF's begin"],
)
def test_no_picture_is_bad_enough_to_break_the_page(tmp_path: Path, thumbnail: bytes) -> None:
    """What came from a network may be anything."""
    root = tmp_path / "archive"
    put(root, "a", {"thumbnail.jpg": thumbnail})
    put(root, "b", {"thumbnail.jpg": picture(_BLUE)})
    assert draw(root, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    assert is_like(at(page, 0, (0.5, 0.8)), BLANK)
    assert is_like(at(page, 1, (0.5, 0.5)), _BLUE)


def test_a_link_out_of_the_archive_is_not_shown(tmp_path: Path) -> None:
    """A sheet is handed around: it must not show a private picture."""
    root = tmp_path / "archive"
    linked = put(root, "a", {"thumbnail.jpg": picture(_RED)}) / "thumbnail.jpg"
    linked.rename(tmp_path / "private.jpg")
    linked.symlink_to(tmp_path / "private.jpg")
    assert draw(root, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    assert is_like(at(page, 0, (0.5, 0.8)), BLANK)


@pytest.mark.parametrize(
    "prompt", ["x" * 10_000, "a word " * 2000, "\u732b" * 10_000, "line\n" * 2000, "W" * 10_000, "\0" * 500]
)
def test_a_long_prompt_stays_in_its_tile(tmp_path: Path, prompt: str) -> None:
    """Nothing is written into the gutters, nor into the row below."""
    root = tmp_path / "archive"
    for name in "abcdefgh":
        put(root, name + "-" + "i" * 100, {"thumbnail.jpg": picture(_BLUE)}, prompt=prompt)
    assert draw(root, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    width, _ = _GRID.box
    (left, top), (next_left, _), (_, next_top) = (_GRID.corner(number) for number in (0, 1, 6))
    gutter = page.crop((left + width + 2, top, next_left - 2, next_top))
    below = page.crop((left, next_top - 20, left + width, next_top - 2))
    for part in (gutter, below):
        assert all(is_like(colour, PAPER) for colour in colours_of(part))
    text = page.crop((left, top + _GRID.box[1] + 4, left + width, next_top - 20))
    assert min(text.convert("L").tobytes()) < 60


@pytest.mark.parametrize(
    ("options", "counts"),
    [((), 1), (("--columns", "2", "--rows", "2"), 2), (("--columns", "1", "--rows", "1"), 6)],
)
def test_there_are_as_many_pages_as_it_takes(
    archive: Path, tmp_path: Path, options: tuple[str, ...], counts: int
) -> None:
    """The last one is as long as it needs to be."""
    assert draw(archive, tmp_path / "sheet", *options) == 0
    names = sorted(path.name for path in (tmp_path / "sheet").iterdir())
    assert names == [f"page-{number:03}.jpg" for number in range(1, counts + 1)]


def test_some_can_be_chosen(archive: Path, tmp_path: Path) -> None:
    """The words are those of `export` and `list`."""
    assert draw(archive, tmp_path / "sheet", "--where", "verification = mismatched") == 0
    (page,) = pages(tmp_path / "sheet")
    assert _is_framed(page, 0)
    assert draw(archive, tmp_path / "none", "--where", "prompt = nothing") == 2
    assert not (tmp_path / "none").exists()


def test_stills_of_the_clip_take_the_thumbnails_place(tmp_path: Path) -> None:
    """Four of them, from the middle of each quarter, in reading order."""
    root = tmp_path / "archive"
    put(root, "a", {"video.mp4": numbered_film(), "thumbnail.jpg": picture(_RED)})
    put(root, "b", {"video.mp4": numbered_film()[:500]})
    put(root, "c", {"thumbnail.jpg": picture(_RED)})
    assert draw(root, tmp_path / "sheet", "--frames", "4") == 0
    (page,) = pages(tmp_path / "sheet")
    assert [number_of(still) for still in _stills(page)] == [15, 45, 75, 105]
    assert is_like(at(page, 1, (0.5, 0.8)), BLANK)
    assert is_like(at(page, 2, (0.5, 0.8)), BLANK)


def _stills(page: Image.Image) -> list[Image.Image]:
    """Return the four pictures of 160x96 in the first tile: each in the middle of its quarter of the box."""
    (left, top), (width, height) = _GRID.corner(0), _GRID.cell(4)
    corners = [(left + x * (width + 4), top + y * (height + 4)) for y in (0, 1) for x in (0, 1)]
    shown = min(width / 160, height / 96, 1)
    margins = (width - 160 * shown) / 2, (height - 96 * shown) / 2
    return [
        page.crop(
            (
                x + round(margins[0]),
                y + round(margins[1]),
                x + width - round(margins[0]),
                y + height - round(margins[1]),
            )
        )
        for x, y in corners
    ]


@pytest.mark.parametrize("name", ["sheet", "sheet.pdf"])
def test_the_same_archive_gives_the_same_bytes(archive: Path, tmp_path: Path, name: str) -> None:
    """No date of making in it: two sheets that differ show that the archive does."""
    for folder in ("one", "two"):
        assert draw(archive, tmp_path / folder / name, "--columns", "2", "--rows", "1") == 0
    one, two = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).rglob("*") if path.is_file()}
        for folder in ("one", "two")
    )
    assert one == two


def test_a_pdf_has_all_pages(archive: Path, tmp_path: Path) -> None:
    """One file, to be sent or printed; nothing lies beside it."""
    assert draw(archive, tmp_path / "out" / "sheet.pdf", "--columns", "2", "--rows", "2") == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["sheet.pdf"]
    with (tmp_path / "out" / "sheet.pdf").open("rb") as file, PdfParser.PdfParser(f=file) as parsed:
        assert len(parsed.pages) == 2


def test_what_is_there_is_not_overwritten_unasked(archive: Path, tmp_path: Path) -> None:
    """Neither a folder of something else, nor another sheet, nor a file."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    (tmp_path / "sheet.pdf").write_text("mine")
    (tmp_path / "folder.pdf").mkdir()
    for name in ("full", "full/mine.txt", "sheet.pdf", "folder.pdf"):
        assert draw(archive, tmp_path / name) == 2
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine.txt"]
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
    assert (tmp_path / "sheet.pdf").read_text() == "mine"


def test_overwriting_replaces_the_pages_and_nothing_else(archive: Path, tmp_path: Path) -> None:
    """Of a sheet that had more pages none stays, for it would be taken for a part of the new one."""
    sheet = tmp_path / "sheet"
    assert draw(archive, sheet, "--columns", "1", "--rows", "1") == 0
    (sheet / "notes.txt").write_text("mine")
    assert draw(archive, sheet, "--overwrite") == 0
    assert sorted(path.name for path in sheet.iterdir()) == ["notes.txt", "page-001.jpg"]
    pdf = tmp_path / "sheet.pdf"
    assert draw(archive, pdf) == 0
    before = pdf.read_bytes()
    assert draw(archive, pdf, "--overwrite", "--limit", "1") == 0
    assert pdf.read_bytes() != before


@pytest.mark.parametrize("name", ["sheet", "sheet.pdf"])
def test_a_sheet_that_breaks_off_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """All pages of one sheet, or all of another, never some of each."""
    root, dest = tmp_path / "archive", tmp_path / "out" / name
    put(root, "a", {"video.mp4": numbered_film(24)})
    put(root, "b", {"video.mp4": numbered_film(24)})
    assert draw(root, dest, "--columns", "1", "--rows", "1", "--frames", "1") == 0
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "ffmpeg"
    program.write_text("#!/nowhere/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    assert draw(root, dest, "--columns", "1", "--rows", "1", "--frames", "1", "--overwrite") == 2
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before


def test_a_sheet_is_not_drawn_into_the_archive(archive: Path) -> None:
    """Only runs write there."""
    assert draw(archive, archive / "sheet") == 1
    assert not (archive / "sheet").exists()


def test_a_sidecar_that_cannot_be_read_is_told(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are shown, and the exit code says that it is not all."""
    broken = put(archive, "g", {"thumbnail.jpg": picture(_RED)}) / "sidecar.json"
    broken.write_text("{")
    assert draw(archive, tmp_path / "sheet", "--json") == 3
    said = capsys.readouterr()
    *files, summary = map(json.loads, said.out.splitlines())
    assert files == [{"event": "file", "path": str(tmp_path / "sheet" / "page-001.jpg")}]
    assert summary == {"event": "summary", "generations": 6, "pages": 1, "unusable": 1, "exit_code": 3}
    assert "sidecar" in said.err


def test_upright_films_get_upright_boxes(tmp_path: Path) -> None:
    """Otherwise they would be stripes in the middle of much grey."""
    root = tmp_path / "archive"
    measured = {"measured": Measured(width=360, height=640)}
    for name in "abc":
        put(root, name, {"thumbnail.jpg": picture(_BLUE, (360, 640))}, found=measured)
    wide = {"measured": Measured(width=640, height=360)}
    put(root, "d", {"thumbnail.jpg": picture(_GREEN)}, found=wide)
    assert draw(root, tmp_path / "sheet") == 0
    (page,) = pages(tmp_path / "sheet")
    grid = Grid(columns=6, rows=5, shape=3 / 4)
    assert all(is_like(at(page, 2, place, grid), _BLUE) for place in [(0.5, 0.01), (0.5, 0.99), (0.2, 0.5)])
    assert is_like(at(page, 3, (0.01, 0.5), grid), _GREEN)
    assert not is_like(at(page, 3, (0.5, 0.1), grid), _GREEN)
