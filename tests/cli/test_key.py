"""Where the key comes from, and that it is shown nowhere."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import pytest

from archiver.cli.key import read_key
from archiver.domain.errors import UsageError
from tests.cli.command_line import given

SECRET = "sk-0123456789abcdef"  # noqa: S105 - no one's key


def _key(*arguments: str) -> tuple[str | None, list[str]]:
    """Return the key and the warnings."""
    warnings: list[str] = []
    key = read_key(given(*arguments), warnings.append)
    return key.secret if key else None, warnings


def _key_file(folder: Path, text: str, mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def _command(program: str) -> str:
    return f"{sys.executable} -c '{program}'"


def test_without_any_place_there_is_no_key() -> None:
    """Saved answers are archived without one: it is missed where it is needed."""
    assert _key() == (None, [])


def test_a_file_holds_the_key_on_one_line(tmp_path: Path) -> None:
    """Editors end the line."""
    assert _key("--api-key-file", _key_file(tmp_path, f"{SECRET}\r\n")) == (SECRET, [])


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_can_read_is_warned_of(tmp_path: Path, mode: int) -> None:
    """As ssh does; it is used all the same."""
    key, warnings = _key("--api-key-file", _key_file(tmp_path, SECRET, mode))
    assert key == SECRET
    assert warnings == [f"{tmp_path}/key: others can read the key in it: chmod 600 it"]


def test_a_command_prints_the_key_and_gets_neither_shell_nor_standard_input(tmp_path: Path) -> None:
    """A password manager; standard input may be the manifest."""
    program = f'import sys; assert sys.stdin.read() == ""; print("{SECRET}" + sys.argv[1])'
    assert _key("--api-key-command", f"{_command(program)} ';$HOME;'") == (f"{SECRET};$HOME;", [])
    assert list(tmp_path.glob("key*")) == []


def test_the_more_explicit_place_counts(
    tmp_path: Path, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option before the environment, LUMA_API_KEY first there, and both before the file."""
    configuration.write_text(f"api-key-file = '{_key_file(tmp_path, 'from-file')}'\n")
    assert _key() == ("from-file", [])
    monkeypatch.setenv("LUMA_ARCHIVER_API_KEY_COMMAND", _command('print("from-command")'))
    assert _key() == ("from-command", [])
    monkeypatch.setenv("LUMA_API_KEY", " from-variable\n")
    assert _key() == ("from-variable", [])
    assert _key("--api-key-command", _command('print("typed")')) == ("typed", [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no key"),
        (" \n", "holds no key"),
        (f"{SECRET}\nsecond", "holds more than one line"),
        (f"{SECRET}é", "holds characters that no key has"),
        (f"{SECRET} x", "holds characters that no key has"),
        (f"{SECRET}\x1b", "holds characters that no key has"),
    ],
)
def test_what_can_be_no_key_is_refused_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, words: str
) -> None:
    """It would break the request's header, or smuggle another one in."""
    with pytest.raises(click.UsageError, match=f"--api-key-file: .*{words}") as caught:
        _key("--api-key-file", _key_file(tmp_path, text))
    assert SECRET not in caught.value.message
    if text.strip():
        monkeypatch.setenv("LUMA_API_KEY", text)
        with pytest.raises(UsageError, match=f"LUMA_API_KEY {words}"):
            _key()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--api-key-file", "/absent/key"), "--api-key-file: /absent/key: cannot be read: No such file"),
        (("--api-key-file", "/"), "--api-key-file: /: cannot be read: Is a directory"),
        (
            ("--api-key-command", "/absent/program"),
            "--api-key-command: /absent/program cannot be run: No such",
        ),
        (("--api-key-command", ""), "--api-key-command: names no command"),
        (("--api-key-command", "'open"), "--api-key-command: cannot be split into words"),
        (("--api-key-command", "false"), "--api-key-command: false ended with exit code 1"),
        (("--api-key-command", "true"), "--api-key-command: true holds no key"),
    ],
)
def test_a_place_that_gives_no_key_is_told_with_its_option(arguments: tuple[str, str], words: str) -> None:
    """A key that was meant to be there is a usage error, not a run without one."""
    with pytest.raises(click.UsageError) as caught:
        _key(*arguments)
    assert caught.value.message.startswith(words)
