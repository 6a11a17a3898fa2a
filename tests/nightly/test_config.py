"""`config`: what is set, and which source won."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.cli.main import cli
from archiver.cli.options import Setting
from tests.nightly.program import Program


def _settings(program: Program, *arguments: str) -> dict[str, tuple[object, str]]:
    lines = program("config", "--json", *arguments).lines
    return {line["key"]: (line["value"], line["origin"]) for line in lines if line["event"] == "setting"}


def test_each_value_is_shown_with_the_source_that_won(
    program: Program, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why is it so slow? Because a line in a file that somebody forgot says so."""
    configuration.write_text('limit-rate = "1M"\nretries = 9\nconcurrency = 1\nquiet = true\n')
    monkeypatch.setenv("LUMA_ARCHIVER_RETRIES", "8")
    monkeypatch.setenv("LUMA_ARCHIVER_CONCURRENCY", "2")
    settings = _settings(program, "--concurrency", "3")
    assert settings["limit-rate"] == ("1M", f"{configuration}: limit-rate")
    assert settings["quiet"] == (True, f"{configuration}: quiet")
    assert settings["retries"] == ("8", "LUMA_ARCHIVER_RETRIES")
    assert settings["concurrency"] == ("3", "--concurrency")
    assert settings["stall-timeout"] == ("30", "default")
    assert settings["proxy"] == (None, "default")
    assert settings["wait"] == ("0", "default (of `get`: 10m)")


def test_no_setting_of_a_run_is_left_out(program: Program) -> None:
    """What can be set can be looked up."""
    names = {param.key for param in cli.commands["batch"].params if isinstance(param, Setting)}
    assert _settings(program).keys() == (names - {"config"}) | {"key"}


def test_secrets_are_not_shown(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The output is what people paste into a bug report."""
    monkeypatch.setenv("LUMA_API_KEY", "hunter2")
    ended = program("config", "--proxy", "http://me:hunter2@proxy:3128")
    assert "hunter2" not in ended.out + ended.err
    assert "http://***@proxy:3128" in ended.out
    assert _settings(program)["key"] == (None, "LUMA_API_KEY")
    monkeypatch.delenv("LUMA_API_KEY")
    (tmp_path / "key").write_text("hunter2")
    assert _settings(program, "--api-key-file", str(tmp_path / "key"))["key"] == (None, "--api-key-file")
    assert _settings(program)["key"] == (None, "none: set LUMA_API_KEY")


def test_a_person_sees_which_file_is_read(program: Program, configuration: Path) -> None:
    """Also where there is none yet: that is where to put it."""
    first, *rest = program("config").out.splitlines()
    assert first == f"# {configuration}: not there"
    assert [line.split() for line in rest if line.startswith("deep ")] == [["deep", "false", "default"]]
    configuration.write_text("deep = true\n")
    assert program("config").out.splitlines()[0] == f"# {configuration}"


def test_an_unknown_key_is_an_error_with_a_suggestion(program: Program, configuration: Path) -> None:
    """A wish that is not granted must not be silent."""
    configuration.write_text("concurency = 3\n")
    ended = program("config")
    assert (ended.out, ended.exit_code) == ("", 2)
    assert "'concurency' is not an option, did you mean concurrency?" in ended.err


@pytest.mark.parametrize("command", ["list", "status", "show", "batch", "config"])
def test_one_file_serves_every_command(program: Program, configuration: Path, command: str) -> None:
    """A key that only some commands have is no error to the others."""
    configuration.write_text("concurrency = 0\n")
    assert "is not an option" not in program(command, "cat").err
