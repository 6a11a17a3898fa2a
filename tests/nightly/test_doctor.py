"""`doctor`: each thing that a run needs, what is wrong with it, and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.assembly.checkup import ApiState, ask_api
from archiver.assembly.options import NetworkOptions, Options
from archiver.batch.budget import Budget
from archiver.cli.findings import Level, check_api, check_archive, check_clock, check_disk
from archiver.domain.identity import ApiKey
from archiver.runtime.clock import SystemClock
from tests.nightly.made import index, keep
from tests.nightly.program import Program, at, is_there, run_process
from tests.simulator import API_KEY, Media, Service
from tests.simulator.faults import Status


async def test_where_all_is_well_it_says_so_and_ends_with_0(service: Service, archive: Path) -> None:
    """A line a check; the API is asked once, nothing is fetched and nothing is made."""
    ended = await run_process("doctor", "--json", environment=at(service, archive))
    levels = {line["name"]: line["level"] for line in ended.lines}
    assert levels == {
        "key": "ok",
        "API": "ok",
        "clock": "note",  # the simulated API sends no Date
        "disk": "ok",
        "ffmpeg": "ok",
        "archive": "note",
    }
    assert (ended.exit_code, len(service.log)) == (0, 1)
    assert not is_there(archive)


async def test_a_refused_key_ends_with_12(service: Service, archive: Path) -> None:
    """As a run would; the key is not in what is said."""
    environment = at(service, archive) | {"LUMA_API_KEY": "sk-wrong"}
    ended = await run_process("doctor", environment=environment)
    assert ended.exit_code == 12
    assert "problem  API      the API refused the key (HTTP 401): invalid token" in ended.out
    assert "sk-wrong" not in ended.out + ended.err


async def _asked(api_base: str) -> ApiState:
    return await ask_api(NetworkOptions(api_base=api_base, api_key=ApiKey(API_KEY)), SystemClock())


async def test_what_the_api_does_wrong_is_told_apart(service: Service) -> None:
    """Not there, not an API, out of order: each asks for something else to be done."""
    absent = check_api("base", await _asked(service.refusing_base()))
    assert (absent.level, absent.advice) == (Level.PROBLEM, "see to the network, --proxy and --api-base")
    service.api_faults.append(Status(503))
    assert "HTTP 503" in check_api("base", await _asked(service.api_base)).message
    service.api_faults.append(Status(200))
    other = check_api("base", await _asked(service.api_base))
    assert (other.level, other.advice) == (Level.PROBLEM, "see that base is the right --api-base")


async def test_an_api_that_answers_in_its_own_words_is_no_problem(service: Service) -> None:
    """Of an unknown id some relays say 400: they are there, and take the key."""
    service.api_faults.append(Status(400))
    assert check_api("base", await _asked(service.api_base)).level is Level.NOTE


async def test_the_clock_is_held_against_the_apis_date(service: Service) -> None:
    """This machine's own, here: they agree but for the second that a date leaves out."""
    answer = Media(data=b'{"detail": "task not found"}', media_type="application/json", width=0, height=0)
    service.host("/luma/generations/luma-archiver-doctor", answer)
    ahead_s = (await _asked(service.api_base)).clock_ahead_s
    assert ahead_s is not None
    assert 0 <= ahead_s < 2


@pytest.mark.parametrize(
    ("ahead_s", "level", "words"),
    [
        (0.4, Level.OK, "0.4 s ahead of"),
        (-59.0, Level.OK, "59 s behind"),
        (-61.0, Level.PROBLEM, "1 min 1 s behind"),
        (7200.0, Level.PROBLEM, "2 h 0 min ahead of"),
        (None, Level.NOTE, "nothing to compare it with"),
    ],
)
def test_a_clock_that_is_off_by_a_minute_is_a_problem(
    ahead_s: float | None, level: Level, words: str
) -> None:
    """A signature that is good for an hour looks spent, or not begun, to a clock that is wrong."""
    finding = check_clock(ApiState(trouble=None, clock_ahead_s=ahead_s))
    assert (finding.level, words in finding.message) == (level, True)


def test_no_key_is_told_with_what_to_do(program: Program) -> None:
    """The first thing that a new user meets."""
    ended = program("doctor")
    assert ended.exit_code == 2
    assert ended.out.startswith("problem  key      none: set LUMA_API_KEY, or give --api-key-file FILE\n")
    assert len(ended.out.splitlines()) == 6


def test_too_little_room_is_a_problem(tmp_path: Path) -> None:
    """`--min-free` is what a run would stop at."""
    options = Options(archive=tmp_path / "archive", budget=Budget(min_free=10**18))
    finding = check_disk(options)
    assert (finding.level, finding.advice) == (Level.PROBLEM, "make room")
    assert not (tmp_path / "archive").exists()


def test_a_file_in_the_archives_place_is_a_problem(tmp_path: Path) -> None:
    """A misspelt path."""
    (tmp_path / "archive").write_text("")
    finding = check_disk(Options(archive=tmp_path / "archive"))
    assert (finding.level, "is a file" in finding.message) == (Level.PROBLEM, True)


def test_the_archive_tells_of_its_own_health(archive: Path) -> None:
    """A lost index is worth a note, and is not made by looking."""
    keep(archive, "cat")
    index(archive)
    assert check_archive(archive).message == "1 generations on record"
    (archive / "index.sqlite3").unlink()
    finding = check_archive(archive)
    assert (finding.level, "index.sqlite3 is missing" in finding.message) == (Level.NOTE, True)


def test_certificates_that_cannot_be_used_are_no_fault_of_the_api(tmp_path: Path) -> None:
    """The fast engine has its own; without it, the first question tells, and it is said whose they are."""
    code = "import sys; sys.modules['pyreqwest'] = None; from archiver.cli.main import run; run()"
    environment = {**os.environ, "SSL_CERT_FILE": "/nonexistent/ca.pem", "LUMA_API_KEY": "k"}
    words = [sys.executable, "-c", code, "doctor", "--archive", str(tmp_path / "a")]
    ended = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)  # noqa: S603 - our own program
    assert ended.returncode == 2
    assert ended.stderr.startswith(
        "luma-archiver: SSL_CERT_FILE or SSL_CERT_DIR cannot be used: No such file"
    )


def test_wrong_settings_are_told_before_all_else(program: Program) -> None:
    """What no run could begin with."""
    assert program("doctor", "--wait", "soon").exit_code == 2
