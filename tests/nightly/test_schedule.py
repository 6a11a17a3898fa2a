"""`schedule`: lines and units that work where this shell's environment and folder are unknown."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.cli.timetable import TimeOfDay, cron_line, systemd_units
from archiver.storage.ledger import Ledger
from tests.nightly.program import Program

_AT = TimeOfDay(3, 30)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Return a file that holds a key."""
    path = tmp_path / "key %file"
    path.write_text("sk-secret")
    path.chmod(0o600)
    return path


def _words(line: str) -> list[str]:
    """Return a crontab line's fields and words, as cron and its shell read them."""
    return shlex.split(line.replace("\\%", "%"))


def test_a_cron_line_holds_all_that_came_from_this_shell(
    program: Program, archive: Path, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cron knows neither this environment nor this folder: paths are in full, settings are written out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LUMA_ARCHIVER_MAX_DURATION", "4h")
    monkeypatch.setenv("LUMA_ARCHIVER_DEEP", "1")
    ended = program(
        "schedule", "--cron", "--at", "4:05", "--api-key-file", key_file.name, "--log-file", "run.log"
    )
    assert (ended.exit_code, ended.err, ended.out.count("\n")) == (0, "", 1)
    fields, words = _words(ended.out)[:5], _words(ended.out)[5:]
    assert fields == ["5", "4", "*", "*", "*"]
    assert words[words.index("sync") :] == [
        *("sync", "--quiet", "--archive", str(archive), "--deep", "--api-key-file", str(key_file)),
        *("--max-duration", "4h", "--log-file", str(tmp_path / "run.log")),
    ]
    assert "\\%file" in ended.out
    assert Path(words[0]).is_absolute()
    assert os.access(words[0], os.X_OK)


def test_what_config_toml_says_is_left_to_it(program: Program, configuration: Path, key_file: Path) -> None:
    """The file is named, so that it is found whatever the job's environment; its values may change later."""
    configuration.write_text(f'api-key-file = "{key_file}"\nconcurrency = 3\n')
    words = _words(program("schedule", "--cron").out)
    assert words[words.index("--config") + 1] == str(configuration)
    assert "--concurrency" not in words


def test_of_two_rivals_one_is_printed(
    program: Program, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both on one command line would be an error every night."""
    monkeypatch.setenv("LUMA_ARCHIVER_NO_VERIFY", "1")
    ended = program("schedule", "--cron", "--deep", "--api-key-file", str(key_file))
    assert ended.exit_code == 0
    assert "--deep" in ended.out
    assert "--no-verify" not in ended.out


@pytest.mark.parametrize("has_key", [True, False])
def test_a_key_that_the_job_would_not_have_is_an_error(
    program: Program, monkeypatch: pytest.MonkeyPatch, *, has_key: bool
) -> None:
    """A variable of this shell is not there at night; the key itself is never printed."""
    if has_key:
        monkeypatch.setenv("LUMA_API_KEY", "sk-secret")
    ended = program("schedule", "--cron")
    assert (ended.out, ended.exit_code) == ("", 2)
    assert "give --api-key-file FILE" in ended.err
    assert "sk-secret" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give --cron or --systemd, one of them"),
        (["--cron", "--systemd"], "give --cron or --systemd, one of them"),
        (["--cron", "--at", "25:00"], "--at: '25:00' is not a time of day"),
        (["--cron", "--wait", "soon"], "--wait: 'soon' is not a duration"),
    ],
)
def test_a_line_that_could_not_work_is_not_printed(
    program: Program, key_file: Path, arguments: list[str], words: str
) -> None:
    """Better now than in tomorrow's mail."""
    ended = program("schedule", *arguments, "--api-key-file", str(key_file))
    assert (ended.out, ended.exit_code) == ("", 2)
    assert ended.err.startswith(f"luma-archiver: {words}")


def test_the_printed_line_works_where_nothing_of_this_shell_is(
    program: Program, archive: Path, key_file: Path, tmp_path: Path
) -> None:
    """Run as cron runs it: by sh, in another folder, without environment. It is silent, and on record."""
    line = program("schedule", "--cron", "--api-key-file", str(key_file)).out
    # Not installed here: a module is found from the project's folder alone.
    python_path = f"PYTHONPATH={shlex.quote(str(Path(__file__).parents[2]))} "
    command = python_path + line.split(maxsplit=5)[5].replace("\\%", "%")
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    ended = subprocess.run(  # noqa: S603 - what was printed
        ["/bin/sh", "-c", command], cwd="/", env=environment, capture_output=True, check=False, timeout=60
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")
    (record,) = Ledger(archive).runs()
    assert (record.begin.command, record.is_success) == ("sync", True)


@given(st.lists(st.text(alphabet="ab %$\\\"'`!;&#*", min_size=1), min_size=1, max_size=4))
def test_cron_and_its_shell_read_every_word_as_it_was(words: list[str]) -> None:
    """Per cent signs, quotes and dollars in a path change nothing."""
    command = cron_line(words, _AT).split(maxsplit=5)[5]
    assert shlex.split(command.replace("\\%", "%")) == words


def test_units_are_what_systemd_accepts(tmp_path: Path) -> None:
    """Checked by systemd's own verifier where there is one."""
    program = tmp_path / "a $program%"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    text = systemd_units([str(program), "sync", 'a "b" \\c'], _AT, is_root=False)
    folders = [line[2:] for line in text.splitlines() if line.startswith("# ~/")]
    assert [Path(folder).name for folder in folders] == ["luma-archiver.service", "luma-archiver.timer"]
    assert 'ExecStart="' in text
    assert "OnCalendar=*-*-* 03:30" in text
    assert "Persistent=true" in text
    if shutil.which("systemd-analyze"):
        unit = tmp_path / "luma-archiver.service"
        unit.write_text(text.partition("# ~/.config/systemd/user/luma-archiver.timer")[0])
        command = ["systemd-analyze", "verify", "--man=no", str(unit)]
        ended = subprocess.run(command, check=False, capture_output=True, timeout=60)  # noqa: S603 - names from here
        assert (ended.returncode, ended.stderr) == (0, b"")


def test_systemds_escapes_are_its_manuals() -> None:
    """A per cent sign and a dollar are doubled; quotes and backslashes have a backslash before them."""
    text = systemd_units(["/bin/a", '50% $HOME "x" \\'], _AT, is_root=True)
    assert 'ExecStart="/bin/a" "50%% $$HOME \\"x\\" \\\\"' in text.splitlines()
    assert "/etc/systemd/system/luma-archiver.service" in text
    assert "--user" not in text


def test_units_are_printed_for_whoever_asks(program: Program, key_file: Path) -> None:
    """Root's for the machine, everybody else's for their own manager."""
    out = program("schedule", "--systemd", "--api-key-file", str(key_file)).out
    assert '"sync" "--quiet"' in out
    assert ("systemctl --user" in out) is (os.geteuid() != 0)
    assert f'ExecStart="{sys.executable}" "-m" "archiver" "sync"' in out


def test_an_installed_program_is_named_by_its_own_path(
    program: Program, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`pipx` and virtual environments put it where the job's PATH does not lead."""
    installed = tmp_path / "bin" / "luma-archiver"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(installed)])
    words = _words(program("schedule", "--cron", "--api-key-file", str(key_file)).out)
    assert words[5:7] == [str(installed), "sync"]
