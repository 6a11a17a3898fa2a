"""The program as a process: what it prints where, how it ends, and what it does not load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.version import __version__

Ended = subprocess.CompletedProcess[str]
_HEAVY = "{'httpx', 'pyreqwest', 'PIL', 'av', 'sqlite3', 'tqdm', 'ffmpeg', 'aiofiles', 'asyncio', 'msgspec'}"


def _run(*arguments: str, stdin: str = "", **environment: str) -> Ended:
    """Run `luma-archiver ARGUMENTS` in its own process."""
    return _python("-m", "archiver", *arguments, stdin=stdin, **environment)


def _python(*arguments: str, stdin: str = "", **environment: str) -> Ended:
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, *arguments],
        input=stdin,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_the_version_is_printed_alone() -> None:
    """Scripts read it."""
    ended = _run("--version")
    assert (ended.stdout, ended.stderr, ended.returncode) == (f"luma-archiver {__version__}\n", "", 0)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["get", "--help"], ["batch", "-h"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    """It is there at once: neither the network, nor media, nor the index, nor an event loop is imported."""
    program = (
        f"import sys; from archiver.cli.main import main; code = main({arguments!r}); "
        f"sys.exit(code or ', '.join({_HEAVY} & set(sys.modules)) or 0)"
    )
    ended = _python("-c", program)
    assert (ended.stderr.strip(), ended.returncode) == ("", 0)
    assert ended.stdout


def test_the_options_of_a_run_load_nothing_heavy() -> None:
    """They are imported to read the command line; what fetches and decodes is not needed for that."""
    program = (
        "import sys, archiver.cli.settings; "
        f"sys.exit(', '.join(({_HEAVY} - {{'asyncio', 'msgspec'}}) & set(sys.modules)) or 0)"
    )
    assert _python("-c", program).stderr == ""


@pytest.mark.parametrize("command", ["get", "batch"])
def test_help_names_every_option_of_the_contract(command: str) -> None:
    """Each is there under the contract's name."""
    names = (
        "archive api-base api-key-file api-key-command concurrency limit-rate retries retry-delay "
        "stall-timeout api-timeout max-asset-size wait poll-interval assets deep no-verify dry-run "
        "allow-private-hosts json quiet verbose log-file api-rate proxy max-duration max-bytes min-free "
        "lock-wait http-engine max-retry-after retry-failed retry-mismatched config"
    )
    shown = _run(command, "--help").stdout
    assert [name for name in names.split() if f"--{name} " not in shown] == []


def test_without_a_command_the_help_is_shown_as_an_error() -> None:
    """A script that forgot the command must not succeed."""
    ended = _run()
    assert (ended.stdout, ended.returncode) == ("", 2)
    assert "luma-archiver batch" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["gett"], "No such command 'gett'"),
        (["get"], "Missing argument"),
        (["get", "an-id", "--concurency", "3"], "No such option"),
        (["get", "an-id", "--wait", "soon"], "--wait: 'soon' is not a duration"),
        (["get", "an-id", "../etc"], "'../etc' is not a generation id"),
        (["batch", "absent.txt"], "absent.txt: cannot be read: no such file or directory"),
        (["batch", "--config", "absent.toml", "-"], "absent.toml: no such file"),
        (["get", "an-id", "--api-key-file", "absent"], "--api-key-file: absent: cannot be read"),
        (["get", "an-id", "--log-file", "absent/log"], "--log-file: absent/log: cannot be written"),
    ],
)
def test_a_usage_error_is_one_line_and_exit_code_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    """What is wrong and where; no traceback, no page of help, nothing on standard output."""
    ended = _run(*arguments, LUMA_ARCHIVER_ARCHIVE=str(tmp_path / "archive"))
    assert (ended.stdout, ended.returncode) == ("", 2)
    assert ended.stderr.startswith(f"luma-archiver: {words}")
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "archive").exists()


def test_a_reader_of_the_help_may_leave_early() -> None:
    """`luma-archiver --help | head -1` ends without complaint."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        ended = subprocess.run(
            [sys.executable, "-m", "archiver", "--help"],
            stdout=closed,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (ended.stderr, ended.returncode) == (b"", 1)


def test_no_file_of_the_program_becomes_a_closed_standard_output() -> None:
    """Started with `>&-`, the next file that is opened would be what a `print` writes into: the index."""
    program = (
        "import os, sys; os.close(0); os.close(1); sys.argv[1:] = ['--version']\n"
        "from archiver.cli.main import run\n"
        "try: run()\n"
        "except SystemExit: os._exit(os.open(os.devnull, os.O_RDONLY))"
    )
    assert _python("-c", program).returncode > 2
