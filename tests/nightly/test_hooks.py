"""Hooks: what they are told, that no shell is near, and that their trouble is nobody else's."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from archiver.cli.hooks import Call, open_hooks
from archiver.cli.reporting import Reporting, parse_command
from archiver.domain.errors import UsageError
from archiver.domain.outcome import Outcome
from tests.cli.samples import ID, PATH, finished, report
from tests.nightly.program import at, run_process
from tests.simulator import API_KEY, Service, Shape

# Writes down what it is told: its arguments, variables and standard input, a line each time.
_NOTE = """
import json, os, sys
told = {name: value for name, value in os.environ.items() if name.startswith("LUMA_")}
with open(sys.argv[1], "a") as file:
    print(json.dumps({"arguments": sys.argv[2:], "told": told, "stdin": json.load(sys.stdin)}), file=file)
"""


def _python(program: str, *arguments: str | Path) -> str:
    """Return a command for `--exec` that runs a Python program."""
    return shlex.join([sys.executable, "-c", program, *map(str, arguments)])


def _noted(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_each_archived_generation_and_the_run_are_told(
    service: Service, archive: Path, tmp_path: Path
) -> None:
    """Words as they are, data in the environment and on standard input; the key is not among them."""
    service.serve("g-1")
    service.serve("g-2", state="failed", shape=Shape(extra={"failure_reason": "moderated"}))
    each, after = tmp_path / "each", tmp_path / "after"
    commands = ("--exec", _python(_NOTE, each, "a b", "$HOME;*"), "--exec-after", _python(_NOTE, after))
    environment = at(service, archive)
    ended = await run_process("get", "g-1", "g-2", "--json", *commands, environment=environment)
    (generation,), (run,) = _noted(each), _noted(after)
    assert ended.exit_code == 3
    assert generation["arguments"] == ["a b", "$HOME;*"]
    assert generation["stdin"] == next(line for line in ended.lines if line.get("id") == "g-1")
    assert {name: value for name, value in generation["told"].items() if "ARCHIVER" not in name} == {
        "LUMA_ARCHIVE": str(archive),
        "LUMA_GENERATION_ID": "g-1",
        "LUMA_GENERATION_STATE": "completed",
        "LUMA_GENERATION_OUTCOME": "archived",
        "LUMA_GENERATION_FOLDER": str(archive / "generations/2024/12/g-1"),
    }
    assert run["stdin"] == ended.lines[-1]
    assert (run["told"]["LUMA_RUN_EXIT_CODE"], run["told"]["LUMA_RUN_FAILED"]) == ("3", "1")
    assert API_KEY not in each.read_text() + after.read_text()


async def test_what_is_unchanged_is_told_nobody(service: Service, archive: Path, tmp_path: Path) -> None:
    """A nightly job must not send the same mail every night; a dry run changes nothing at all."""
    service.serve("g-1")
    environment, each = at(service, archive), tmp_path / "each"
    command = ("--exec", _python(_NOTE, each), "--exec-after", _python(_NOTE, each))
    await run_process("get", "g-1", "--dry-run", *command, environment=environment)
    await run_process("get", "g-1", environment=environment)
    await run_process("get", "g-1", "--exec", _python(_NOTE, each), environment=environment)
    assert not each.exists()


async def test_a_hook_that_fails_is_reported_and_never_fatal(service: Service, archive: Path) -> None:
    """Also with `--quiet`; what it printed is shown by its last line, on standard error."""
    service.serve("g-1")
    failing = _python("import sys; print('noise'); print('bad \\x1b[2J'); sys.exit(3)")
    ended = await run_process(
        "get",
        "g-1",
        "--quiet",
        "--exec",
        failing,
        "--exec-after",
        "absent-program",
        environment=at(service, archive),
    )
    first, second = ended.err.splitlines()
    assert (ended.exit_code, ended.out) == (0, "")
    assert first == f"luma-archiver: --exec for g-1: {sys.executable} ended with exit code 3: bad \\x1b[2J"
    assert second == "luma-archiver: --exec-after: absent-program cannot be run: No such file or directory"


def test_a_hook_that_takes_too_long_is_ended_with_all_that_it_started() -> None:
    """A child of its own would go on for ever otherwise; one that is deaf to SIGTERM is killed."""
    program = "import signal, subprocess; subprocess.Popen(['sleep', '60']).wait()"
    call = Call(tuple(shlex.split(_python(program))), {}, {})
    assert call.run(0.5) == f"{sys.executable} was ended after 0.5 s (--exec-timeout)"


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("pass", None),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended with signal 9"),
        ("import sys; sys.stdin.close(); print('x' * 10_000_000)", None),
        ("import sys; print('x' * 10_000_000); sys.exit(1)", "ended with exit code 1: " + "x" * 200),
    ],
)
def test_how_a_hook_ends_is_told(program: str, words: str | None) -> None:
    """Whether it reads its input or not, and however much it prints."""
    failure = Call(tuple(shlex.split(_python(program))), {}, {"text": "x" * 1_000_000}).run(30)
    assert (failure or "").removeprefix(f"{sys.executable} ") == (words or "")


def test_hooks_run_one_at_a_time_in_order_and_the_end_waits_for_them(tmp_path: Path) -> None:
    """Whoever appends to a file, or talks to one account, need not think of others."""
    path = tmp_path / "order"
    program = f"import json, sys; open({str(path)!r}, 'a').write(json.load(sys.stdin)['outcome'] + ' ')"
    command = tuple(shlex.split(_python(program)))
    reporting = Reporting(archive=tmp_path, each=command)
    with open_hooks(reporting, pytest.fail) as hooks:
        for outcome in (Outcome.ARCHIVED, Outcome.MISMATCHED, Outcome.UNCHANGED, Outcome.ARCHIVED):
            hooks(finished(outcome))
        hooks.finish(report())
    assert path.read_text() == "archived mismatched archived "


def test_a_hook_that_always_fails_does_not_fill_the_mail(tmp_path: Path) -> None:
    """Ten times it is told, then how often in all."""
    said: list[str] = []
    with open_hooks(Reporting(archive=tmp_path, each=("false",)), said.append) as hooks:
        for _ in range(15):
            hooks(finished(Outcome.ARCHIVED))
        hooks.finish(report())
    assert len(said) == 11
    assert said[-1] == "--exec failed 15 times in all"


@pytest.mark.parametrize("text", ["", "  ", "'unclosed", "a\0b"])
def test_what_is_no_command_is_a_usage_error(text: str) -> None:
    """Found before any work."""
    with pytest.raises(UsageError):
        parse_command(text)


def test_the_folder_is_where_the_files_are(tmp_path: Path) -> None:
    """An absolute path: a hook may change its folder."""
    path = tmp_path / "folder"
    command = ("sh", "-c", f'printf %s "$LUMA_GENERATION_FOLDER $LUMA_GENERATION_ID" > {path}')
    with open_hooks(Reporting(archive=tmp_path, each=command), pytest.fail) as hooks:
        hooks(finished(Outcome.ARCHIVED))
        hooks.finish(report())
    assert path.read_text() == f"{tmp_path / PATH} {ID}"
