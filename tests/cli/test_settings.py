"""Options: their names, their defaults, where they may be set, and what is refused."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from archiver.assembly.options import NetworkOptions, Options
from archiver.batch.budget import Budget
from archiver.cli.paths import parse_path
from archiver.cli.settings import Display, LogFormat, LogOptions
from archiver.domain.errors import UsageError
from archiver.domain.identity import AssetName
from archiver.domain.timing import PollPolicy, RetryPolicy
from archiver.transport.options import HttpEngine
from tests.cli.command_line import display, given, options


def test_the_defaults_are_those_of_the_python_api() -> None:
    """What the help shows is what a program gets that sets nothing; `get` alone waits."""
    assert options(command="batch") == Options()
    assert options(command="get") == Options(wait_s=600.0)
    assert display() == Display()


def test_every_option_arrives_where_it_belongs() -> None:
    """Each with a value that is no other's."""
    text = (
        "--archive DIR --assets video,last-frame --deep --dry-run --retry-failed --retry-mismatched "
        "--lock-wait 5m --api-base http://127.0.0.1:8765/base/ --api-rate 60/m --api-timeout 31 --wait 2h "
        "--poll-interval 4 --concurrency 17 --limit-rate 10M --retries 6 --retry-delay 2 "
        "--max-retry-after 6m --stall-timeout 32 --proxy socks5://p:1 --http-engine httpx "
        "--allow-private-hosts --max-asset-size 2GiB --max-duration 3h --max-bytes 50GB --min-free 2GB"
    )
    assert options(*text.split()) == Options(
        archive=Path("DIR"),
        network=NetworkOptions(
            api_base="http://127.0.0.1:8765/base",
            http_engine=HttpEngine.HTTPX,
            proxy="socks5://p:1",
            allow_private_hosts=True,
            concurrency=17,
            limit_rate=10_000_000,
            api_rate=1.0,
            stall_timeout_s=32.0,
            api_timeout_s=31.0,
            retry=RetryPolicy(retries=6, first_delay_s=2.0, longest_retry_after_s=360.0),
        ),
        budget=Budget(max_duration_s=10_800.0, max_bytes=50_000_000_000, min_free=2_000_000_000),
        assets=frozenset({AssetName.VIDEO, AssetName.LAST_FRAME}),
        max_asset_size=2 * 2**30,
        wait_s=7200.0,
        poll=PollPolicy(first_interval_s=4.0),
        deep=True,
        dry_run=True,
        retry_failed=True,
        retry_mismatched=True,
        lock_wait_s=300.0,
    )
    assert not options("--no-verify").verify
    assert display("--json", "--quiet", "--log-file", "~/run.log") == Display(
        json=True, quiet=True, log=LogOptions(path=Path("~/run.log").expanduser())
    )
    assert display("--verbose").verbose
    assert display("--log-file", "a", "--log-format", "json", "--log-max-size", "0").log == LogOptions(
        path=Path("a"), form=LogFormat.JSON, max_bytes=None
    )


def test_a_first_pause_longer_than_the_usual_longest_is_kept() -> None:
    """Who asks for two minutes does not get one."""
    policy = options("--retry-delay", "2m").network.retry
    assert policy.delay_s(1, 1.0) == 120.0


def test_option_goes_before_environment_before_file_before_default(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The contract's precedence, one step at a time."""
    assert options().network.concurrency is None
    configuration.write_text("concurrency = 1\n")
    assert options().network.concurrency == 1
    monkeypatch.setenv("LUMA_ARCHIVER_CONCURRENCY", "2")
    assert options().network.concurrency == 2
    assert options("--concurrency", "3").network.concurrency == 3
    assert options("--concurrency", "auto").network.concurrency is None


def test_flags_have_the_same_precedence(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the file switches on the environment can switch off."""
    configuration.write_text("allow-private-hosts = true\n")
    assert options().network.allow_private_hosts
    monkeypatch.setenv("LUMA_ARCHIVER_ALLOW_PRIVATE_HOSTS", "0")
    assert not options().network.allow_private_hosts
    assert options("--allow-private-hosts").network.allow_private_hosts


def test_of_two_rivals_the_one_that_counts_more_is_on(
    configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cron line's `--quiet` must not fail for a `verbose` that stands in the file."""
    configuration.write_text("verbose = true\ndeep = true\n")
    assert (display("--quiet").quiet, display("--quiet").verbose) == (True, False)
    assert (options("--no-verify").verify, options("--no-verify").deep) == (False, False)
    monkeypatch.setenv("LUMA_ARCHIVER_NO_VERIFY", "1")
    assert (options().verify, options().deep) == (False, False)
    assert (options("--deep").verify, options("--deep").deep) == (True, True)
    monkeypatch.setenv("LUMA_ARCHIVER_DEEP", "1")
    with pytest.raises(click.UsageError, match="LUMA_ARCHIVER_DEEP and LUMA_ARCHIVER_NO_VERIFY exclude"):
        options()


def test_a_home_that_cannot_be_told_is_a_usage_error() -> None:
    """There is no such user; nothing is made under a folder called `~`."""
    with pytest.raises(UsageError, match="whose home folder that is cannot be told"):
        parse_path("~nobody-of-this-name/clips")
    with pytest.raises(click.UsageError, match="--archive: '~nobody-of-this-name/clips'"):
        options("--archive", "~nobody-of-this-name/clips")


def test_a_file_may_be_named_and_must_then_be_there(
    tmp_path: Path, configuration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is read instead of the platform's own, not with it."""
    configuration.write_text("retries = 1\n")
    other = tmp_path / "other.toml"
    other.write_text('assets = ["video", "thumbnail"]\nwait = 90\nlimit_rate = "1M"\n')
    read = options("--config", str(other))
    assert read.network.retry.retries == 5
    assert (read.assets, read.wait_s) == (frozenset({AssetName.VIDEO, AssetName.THUMBNAIL}), 90.0)
    assert read.network.limit_rate == 1_000_000
    monkeypatch.setenv("LUMA_ARCHIVER_CONFIG", str(tmp_path / "absent.toml"))
    with pytest.raises(click.UsageError, match=r"absent\.toml: no such file"):
        options()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("concurency = 3", "'concurency' is not an option, did you mean concurrency?"),
        ("xyzzy = 3", "'xyzzy' is not an option"),
        ('api-key = "secret"', "'api-key' is not an option, did you mean api-key-file?"),
        ('config = "x"', "'config' is not an option"),
        ("deep = 1", "deep: 1 is not true or false"),
        ("wait = true", "wait: True is not a text or a number"),
        ("archive = [1]", "archive: [1] is not a text or a number"),
        ('wait = "soon"', "wait: 'soon' is not a duration"),
        ('assets = ["vidoe"]', "assets: 'vidoe' is not known: did you mean video?"),
        ("[get]\nwait = 1", "'get' is not an option"),
        ("wait = ", "not valid TOML"),
    ],
)
def test_what_is_wrong_in_the_file_is_told_with_file_and_key(
    configuration: Path, text: str, words: str
) -> None:
    """A misspelt key that is passed over in silence is a wish that is not granted."""
    configuration.write_text(text)
    with pytest.raises(click.UsageError) as caught:
        options()
    assert caught.value.message.startswith(f"{configuration}: {words}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--wait soon", "--wait: 'soon' is not a duration"),
        ("--limit-rate fast", "--limit-rate: 'fast' is not a size"),
        ("--limit-rate 0", "--limit-rate: '0' is not more than 0"),
        ("--api-rate 5", "--api-rate: '5' is not a rate"),
        ("--concurrency 0", "--concurrency: '0' is not more than 0"),
        ("--concurrency 1.5", "--concurrency: '1.5' is not a whole number: give a number, or auto"),
        ("--retries -1", "--retries: '-1' is not a whole number"),
        ("--stall-timeout 0", "--stall-timeout: '0' is not more than 0"),
        ("--assets video,sound", "--assets: 'sound' is not known: choose from video, video_raw"),
        ("--assets ,", "--assets: '' is not known"),
        ("--http-engine curl", "--http-engine: 'curl' is not known: choose from auto"),
        ("--api-base ftp://host", "--api-base: not an http or https URL"),
        ("--api-base https://host/?key=1", "--api-base: an API's base has no"),
        ("--archive ", "--archive: '' is not a path"),
        ("--deep --no-verify", "--deep and --no-verify exclude each other"),
    ],
)
def test_a_bad_value_is_told_with_its_option(arguments: str, words: str) -> None:
    """All of them are usage errors: exit code 2, before any work."""
    with pytest.raises(click.UsageError) as caught:
        options(*arguments.split(" "))
    assert caught.value.message.startswith(words)


def test_a_bad_value_in_the_environment_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not typed: who reads the message must know where to look."""
    monkeypatch.setenv("LUMA_ARCHIVER_WAIT", "soon")
    with pytest.raises(click.UsageError, match="LUMA_ARCHIVER_WAIT: 'soon' is not a duration"):
        options()
    monkeypatch.setenv("LUMA_ARCHIVER_WAIT", "1")
    monkeypatch.setenv("LUMA_ARCHIVER_DEEP", "perhaps")
    with pytest.raises(click.UsageError) as caught:
        given()
    assert "LUMA_ARCHIVER_DEEP" in caught.value.format_message()


def test_quiet_and_verbose_exclude_each_other() -> None:
    """Whoever asks for both made a mistake."""
    with pytest.raises(click.UsageError, match="--quiet and --verbose exclude each other"):
        display("--quiet", "--verbose")
