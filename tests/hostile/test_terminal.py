"""Words of strangers on a terminal: escapes, control characters, turned text. None arrives as it was."""

from __future__ import annotations

import asyncio
import os
import pty
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.cli.main import main
from tests.machine.program import Ended, Program
from tests.runs.running import as_json, look
from tests.simulator import Service, Shape
from tests.simulator.faults import Always, ErrorObject, OtherId, Raw, Redirect, Status

# Sets the window's title, clears the screen, is an eight-bit CSI, turns text, hides, and ends the line.
EVIL = "\x1b]0;pwned\x07\x1b[2J\x9b31m\u202egpj.exe\u2066\u200b\u2028\x7f\r\nluma-archiver: all is well\x00"
TITLE = "\x1b]0;pwned"
IDS = (
    *("failed", "unknown-state", "prompted", "url", "redirect", "other-id"),
    *("error", "error-400", "error-503", "page", "no-media", "header"),
)


def _serve_evil(service: Service) -> list[str]:
    """Serve generations with evil in every text that a service sends; return their ids."""
    failed = Shape(prompt=EVIL, extra={"failure_reason": EVIL})
    service.serve("failed", state="failed", shape=failed)
    service.serve("unknown-state", state=EVIL)
    service.serve("prompted", shape=Shape(prompt=EVIL, aspect_ratio=EVIL))
    service.serve(
        "url", shape=Shape(changes={"video": {"url": EVIL}, "thumbnail": {"url": f"ftp://{EVIL}/"}})
    )
    service.serve("redirect", faults=[Always(Redirect("http://127.0.0.1:1/\x1b]0;pwned\x07"))])
    service.serve("other-id", faults={"api": [Always(OtherId(EVIL))]})
    service.serve("error", faults={"api": [Always(ErrorObject(EVIL, code=EVIL))]})
    service.serve("error-400", faults={"api": [Always(ErrorObject(EVIL, status=400))]})
    service.serve("error-503", faults={"api": [Status(503, body=EVIL.encode())]})
    service.serve("page", faults={"api": [Always(Raw(f"<html>{EVIL}".encode(), media_type="text/html"))]})
    service.serve("no-media", faults=[Always(Raw(EVIL.encode()))])
    service.serve("header", faults=[Always(Status(404, retry_after="\x1b[2J"))])
    return [*IDS]


def _is_safe(text: str) -> bool:
    return all(line.isprintable() for line in text.split("\n"))


def _quick(program: Program, *options: str) -> Program:
    return replace(program, options=("--retries", "1", *options))


async def test_no_word_of_a_service_reaches_standard_output_error_or_log_raw(
    program: Program, tmp_path: Path
) -> None:
    """Neither a colour nor a line of its own: what is shown is one line an event, and all of it visible."""
    ids = _serve_evil(program.service)
    log = tmp_path / "log"
    ended = await _quick(program, "--verbose", "--log-file", str(log)).run("get", "--wait", "0", *ids)
    assert ended.code == 3
    for text in (ended.out, ended.err, log.read_text()):
        assert _is_safe(text), text
        assert not any(line.startswith("luma-archiver: all is well") for line in text.splitlines())
    assert "\\x1b]0;pwned\\x07" in ended.err
    assert "\\x1b]0;pwned\\x07" in log.read_text()
    assert _prompt_of(program.archive) == EVIL


def _prompt_of(archive: Path) -> object:
    """Return the prompt in the sidecar, where it is kept as it came."""
    return as_json(look(archive, "prompted"))["prompt"]


async def test_json_lines_stay_valid_and_visible(program: Program) -> None:
    """A program reads what was said, to the letter; a terminal that shows the lines is not moved by them."""
    ids = _serve_evil(program.service)
    ended = await _quick(program, "--json").run("get", "--wait", "0", *ids)
    assert _is_safe(ended.out)
    told = {event["id"]: event["error"] for event in ended.events if event["event"] == "generation"}
    assert told.keys() == set(ids)
    assert told["failed"]["message"] == EVIL
    assert _is_safe(ended.err)


async def test_evil_names_of_files_and_columns_are_escaped(program: Program, tmp_path: Path) -> None:
    """Whoever names a manifest, or the folder that it is in, need not be whoever runs the program."""
    folder = tmp_path / "\x1b]0;pwned\x07\u202e"
    folder.mkdir()
    manifest = folder / os.fsdecode(b"ids\xff\x9b.csv")
    manifest.write_text(f'"{TITLE}","b"\n{TITLE},2\n', encoding="utf-8")
    other = folder / "ids.txt"
    other.write_text(f"{TITLE}\n\u202eid\n")
    program = replace(program, archive=folder / "archive")
    rows = _told(await program.run("batch", str(other), "--json"))
    assert rows.code == 3
    assert [event["file"] for event in rows.events if event["event"] == "row"] == 2 * [str(other)]
    assert _told(await program.run("batch", str(manifest))).code == 2
    assert _told(await program.run("batch", str(folder / "absent\x1b[2J"))).code == 2
    assert _told(await program.run("get", "an-id", "--api-key-file", str(folder / "key"))).code == 2


@pytest.mark.parametrize(
    "arguments", [["\x1b]0;pwned"], ["get", "an-id", "--\x1b]0;pwned"], ["get", "\u202e"]]
)
def test_evil_arguments_are_escaped(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    """Another program may have put them together."""
    assert main(arguments) == 2
    assert _is_safe(capsys.readouterr().err)


def _told(ended: Ended) -> Ended:
    """Return it, once all that it printed is known to be safe to show."""
    assert _is_safe(ended.out), ended.out
    assert _is_safe(ended.err), ended.err
    return ended


async def test_on_a_terminal_the_bars_move_the_cursor_and_nobody_elses_words_do(program: Program) -> None:
    """There tqdm writes escape sequences of its own, between which nothing of a stranger's may stand."""
    ids = _serve_evil(program.service)
    program = _quick(program, "--verbose")
    terminal, its_end = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *program.command("get", "--wait", "0", *ids),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=its_end,
        stderr=its_end,
        env={**program.environ, "TERM": "xterm"},
    )
    os.close(its_end)
    shown = await asyncio.to_thread(_read_all, terminal)
    assert await process.wait() == 3
    text = shown.decode()
    assert "pwned" in text
    for character in ("\x07", "\x1b]", "\x1b[2J", "\x9b", "\u202e", "\u2066", "\u2028", "\x7f", "\0"):
        assert character not in text


def _read_all(terminal: int) -> bytes:
    """Read until the other side is closed, which Linux tells by EIO."""
    pieces = []
    try:
        while piece := os.read(terminal, 65_536):
            pieces.append(piece)
    except OSError:
        pass
    os.close(terminal)
    return b"".join(pieces)
