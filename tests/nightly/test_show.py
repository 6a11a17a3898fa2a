"""`show`: one generation for a person, and its picture as the terminal takes it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading
import zlib
from base64 import b64decode
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.inline import Pixels, to_iterm, to_kitty, to_sixel
from archiver.cli.terminal import Protocol, protocol_named
from archiver.domain.checks import Check
from archiver.domain.errors import ErrorRecord
from archiver.domain.identity import AssetName, parse_id
from archiver.domain.owed import Owed, Reason
from archiver.domain.sidecar import AssetRecord, AssetStatus, decode_sidecar, encode_sidecar
from archiver.storage.owed import OwedList
from tests.nightly.made import index, keep
from tests.nightly.program import Program
from tests.simulator import Clip


def test_a_person_reads_what_it_is_and_where(archive: Path, program: Program) -> None:
    """Everything that somebody would open the sidecar for."""
    folder = keep(archive, "cat", prompt="cat dance", manifest_row={"caption": "a\ncat", "tags": ["x"]})
    index(archive)
    ended = program("show", "cat")
    lines = [line.split(maxsplit=1) for line in ended.out.splitlines()]
    assert (ended.exit_code, ended.err, lines[0]) == (0, "", ["cat"])
    assert dict(line for line in lines[1:] if len(line) == 2) == {
        "outcome": "archived (verified)",
        "state": "completed",
        "prompt": "cat dance",
        "aspect": "16:9",
        "made": "2024-12-22T13:38:40Z",
        "archived": "2024-12-22T13:38:40Z by luma-archiver 0.1.0",
        "source": "relay, https://api.example",
        "folder": str(folder),
        "[caption]": "a\\ncat",
        "[tags]": "['x']",
        "video": "verified   video.mp4, 1.0 kB",
    }


def test_what_is_wrong_is_said_beside_the_file(archive: Path, program: Program) -> None:
    """A failed check, and why a file is missing."""
    folder = keep(archive, "cat", status=AssetStatus.MISMATCHED)
    sidecar = decode_sidecar((folder / "sidecar.json").read_bytes())
    flaw = Check(name="width", ok=False, expected=1360, measured=64)
    video = msgspec.structs.replace(sidecar.assets[AssetName.VIDEO], checks=(flaw,))
    error = ErrorRecord(kind="connect", message="no \x1b[2J")
    lost = AssetRecord(status=AssetStatus.MISSING, error=error)
    assets = {AssetName.VIDEO: video, AssetName.THUMBNAIL: lost}
    changed = msgspec.structs.replace(sidecar, assets=assets)
    (folder / "sidecar.json").write_bytes(encode_sidecar(changed))
    index(archive)
    out = program("show", "cat").out
    assert "width is 64, promised 1360" in out
    assert "missing    connect: no \\x1b[2J" in out


def test_what_is_only_owed_is_shown_too(archive: Path, program: Program) -> None:
    """Whoever asks why a clip is not there gets the reason and the time of the next try."""
    keep(archive, "cat")
    index(archive)
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    error = ErrorRecord(kind="connect", message="no connection")
    owed = Owed(
        id=parse_id("dog"), reason=Reason.ERROR, since=moment, next_try=moment, error=error, row={"tag": "x"}
    )
    with OwedList.open(archive) as debts:
        debts.put([owed])
    ended = program("show", "dog")
    assert "connect: no connection" in ended.out
    assert "2025-01-01T00:00:00Z" in ended.out
    assert "[tag]        x" in ended.out
    (line,) = program("list", "--state", "error", "--json").lines
    assert (line["id"], line["outcome"], line["manifest_row"]) == ("dog", "error", {"tag": "x"})


def test_json_is_the_sidecar(archive: Path, program: Program) -> None:
    """One line that says what the file says."""
    folder = keep(archive, "cat")
    index(archive)
    assert program("show", "cat", "--json").lines == [
        msgspec.json.decode((folder / "sidecar.json").read_bytes())
    ]


@pytest.mark.parametrize(
    ("name", "exit_code", "words"),
    [
        ("dog", 1, "dog is not in the archive: `luma-archiver get dog`"),
        ("../etc", 2, "'../etc' is not a generation id"),
    ],
)
def test_what_is_not_there_is_an_error(
    archive: Path, program: Program, name: str, exit_code: int, words: str
) -> None:
    """One line that says what to do."""
    keep(archive, "cat")
    index(archive)
    ended = program("show", name)
    assert (ended.out, ended.exit_code) == ("", exit_code)
    assert ended.err.startswith(f"luma-archiver: {words}")


@pytest.mark.parametrize(
    ("wish", "begin"),
    [("kitty", "\x1b_Ga=T"), ("iterm2", "\x1b]1337;File="), ("sixel", "\x1bP0;1q"), ("none", "")],
)
def test_the_thumbnail_is_shown_as_the_terminal_takes_it(
    archive: Path, program: Program, clip: Clip, wish: str, begin: str
) -> None:
    """The picture itself, behind the words; a pipe gets none unless it is asked for."""
    keep(archive, "cat", picture=clip.thumbnail.data)
    index(archive)
    words = program("show", "cat").out
    assert "\x1b" not in words
    assert program("show", "cat", "--thumbnail", wish).out.removeprefix(words).startswith(begin)


@pytest.mark.parametrize("picture", [b"", b"\xff\xd8\xff no picture", b"<html>"])
def test_a_thumbnail_that_is_damaged_is_no_error(archive: Path, program: Program, picture: bytes) -> None:
    """The words are what matters."""
    keep(archive, "cat", picture=picture)
    index(archive)
    ended = program("show", "cat", "--thumbnail", "kitty")
    assert (ended.exit_code, ended.err, "\x1b" in ended.out) == (0, "", False)


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"KITTY_WINDOW_ID": "1"}, Protocol.KITTY),
        ({"TERM": "xterm-kitty"}, Protocol.KITTY),
        ({"TERM": "xterm-ghostty"}, Protocol.KITTY),
        ({"TERM_PROGRAM": "iTerm.app"}, Protocol.ITERM),
        ({"TERM_PROGRAM": "WezTerm"}, Protocol.ITERM),
        ({"LC_TERMINAL": "iTerm2"}, Protocol.ITERM),
        ({"TERM": "xterm-256color"}, None),
        ({}, None),
    ],
)
def test_terminals_say_which_they_are(environment: dict[str, str], protocol: Protocol | None) -> None:
    """As their manuals have it."""
    assert protocol_named(environment) is protocol


@pytest.mark.parametrize(("answer", "has_picture"), [(b"\x1b[?62;4;22c", True), (b"\x1b[?62;22c", False)])
def test_any_other_terminal_is_asked_for_sixels(
    archive: Path, clip: Clip, answer: bytes, *, has_picture: bool
) -> None:
    """By its device attributes, over a real pseudo-terminal; one that has none shows words alone."""
    keep(archive, "cat", picture=clip.thumbnail.data)
    index(archive)
    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "archiver", "show", "cat", "--archive", str(archive)]
    names = ("PATH", "HOME", "XDG_CONFIG_HOME")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    said: list[bytes] = []

    def play_terminal() -> None:
        while True:
            try:
                said.append(os.read(outer, 65_536))
            except OSError:  # the program has ended, nobody else has the inner side open
                return
            if said[-1].endswith(b"\x1b[c"):
                os.write(outer, answer)

    with subprocess.Popen(  # noqa: S603 - this interpreter
        command, stdin=inner, stdout=inner, stderr=inner, env={**environment, "TERM": "xterm"}
    ) as process:
        os.close(inner)
        terminal = threading.Thread(target=play_terminal)
        terminal.start()
        assert process.wait(timeout=60) == 0
        terminal.join(timeout=60)
    os.close(outer)
    assert (b"\x1bP0;1q" in b"".join(said)) is has_picture


_PIXELS = st.integers(1, 9).flatmap(
    lambda width: st.integers(1, 14).flatmap(
        lambda height: st.binary(min_size=3 * width * height, max_size=3 * width * height).map(
            lambda rgb: Pixels(width, height, rgb)
        )
    )
)


@given(_PIXELS)
def test_kitty_gets_every_pixel(pixels: Pixels) -> None:
    """What the chunks carry, joined and inflated, is the picture."""
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", to_kitty(pixels))
    assert zlib.decompress(b64decode("".join(chunk for _, chunk in chunks))) == pixels.rgb
    assert f"s={pixels.width},v={pixels.height}" in chunks[0][0]
    assert [keys.rpartition("m=")[2] for keys, _ in chunks] == ["1"] * (len(chunks) - 1) + ["0"]


def test_kitty_gets_chunks_of_four_kilobytes_at_most() -> None:
    """More in one sequence is not read."""
    noise = os.urandom(3 * 80 * 60)
    chunks = re.findall(r"\x1b_G[^;]*;([^\x1b]*)\x1b\\", to_kitty(Pixels(80, 60, noise)))
    assert len(chunks) > 1
    assert all(len(chunk) == 4096 for chunk in chunks[:-1])


def test_iterm_gets_the_file_itself() -> None:
    """With its size, as its manual asks."""
    found = re.fullmatch(r"\x1b\]1337;File=([^:]*):(.*)\a", to_iterm(b"picture"))
    assert found
    assert b64decode(found[2]) == b"picture"
    assert "size=7" in found[1].split(";")


@given(_PIXELS)
def test_sixels_paint_every_pixel_once_in_its_colour(pixels: Pixels) -> None:
    """Drawn again by the manual's rules, the picture has the colours of a 6x6x6 cube."""
    canvas = _drawn(to_sixel(pixels))
    assert len(canvas) == pixels.width * pixels.height
    for (x, y), colour in canvas.items():
        at = 3 * (y * pixels.width + x)
        assert colour == tuple(value * 5 // 255 * 20 for value in pixels.rgb[at : at + 3])


def _drawn(text: str) -> dict[tuple[int, int], tuple[int, ...]]:
    """Draw sixels: `$` returns to the left, `-` goes down a band, a character is six pixels."""
    colours: dict[int, tuple[int, ...]] = {}
    canvas: dict[tuple[int, int], tuple[int, ...]] = {}
    x = top = register = 0
    body = text.removeprefix("\x1bP0;1q").removesuffix("\x1b\\")
    for part in re.finditer(r'"[\d;]+|#(\d+)(?:;2;([\d;]+))?|(?:!(\d+))?([?-~])|([$-])', body):
        if part[1]:
            register = int(part[1])
            if part[2]:
                colours[register] = tuple(map(int, part[2].split(";")))
        elif part[4]:
            bits = [bit for bit in range(6) if (ord(part[4]) - 63) >> bit & 1]
            painted = {(x + right, top + bit) for right in range(int(part[3] or 1)) for bit in bits}
            assert not painted & canvas.keys()
            canvas |= dict.fromkeys(painted, colours[register])
            x += int(part[3] or 1)
        elif part[5]:
            x, top = 0, top + 6 * (part[5] == "-")
    return canvas
