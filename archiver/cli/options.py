"""The options of the commands that fetch: names, defaults and help. `settings` gives their texts a meaning.

Only click is imported here: `--help` must not wait for the rest of the program.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

ARCHIVE = "The archive and what goes into it"
SERVICE = "The service"
NETWORK = "The network"
LIMITS = "Limits of a run"
OUTPUT = "Output"
REPORTS = "Hooks and monitors"
SECTIONS = (ARCHIVE, SERVICE, NETWORK, LIMITS, OUTPUT, REPORTS)


class Setting(click.Option):
    """An option that can also be set by an environment variable and in `config.toml`."""

    def __init__(self, *declarations: Any, section: str, **attributes: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(*declarations, **attributes)
        self.section = section
        self.envvar = f"LUMA_ARCHIVER_{self.name}".upper()

    @property
    def key(self) -> str:
        """The name in `config.toml`."""
        return str(self.name).replace("_", "-")

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name the variable, too: the value may have come from it."""
        return f"{super().get_error_hint(ctx)} ({self.envvar})"


class SettingsCommand(click.Command):
    """A command whose help shows its settings by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        records = [(option, option.get_help_record(ctx)) for option in options]
        for section in (*SECTIONS, None):
            rows = [row for option, row in records if row and getattr(option, "section", None) == section]
            if rows:
                with formatter.section(section or "Other"):
                    formatter.write_dl(rows)


def run_options(*, wait: str) -> Callable[[Command], Command]:
    """Return the decorator that adds every option of a run; `wait` is the default of `--wait`."""

    def decorate(command: Command) -> Command:
        options = [*_archive(), *_service(wait), *_network(), *_limits(), *_output(), *_reports()]
        for option in reversed(options):
            option(command)
        return command

    return decorate


def lock_wait_option(command: Command) -> Command:
    """Add `--lock-wait`."""
    _lock_wait(LIMITS)(command)
    return command


def quiet_option(command: Command) -> Command:
    """Add `--quiet` to a command that has nothing else to show."""
    _flag(OUTPUT, "--quiet", "Say nothing unless something is wrong.")(command)
    return command


def reader_options(command: Command) -> Command:
    """Add the options of a command that only reads the archive."""
    for option in (_config_file(), _json(), _archive_folder()):
        option(command)
    return command


def _text(section: str, flag: str, shown: str, text: str, default: str | None = None) -> Decorator:
    return click.option(
        flag,
        cls=Setting,
        section=section,
        metavar=shown,
        help=text,
        default=default,
        show_default=default is not None,
    )


def _flag(section: str, flag: str, text: str) -> Decorator:
    return click.option(flag, cls=Setting, section=section, is_flag=True, help=text)


def _lock_wait(section: str) -> Decorator:
    return _text(section, "--lock-wait", "DURATION", "How long to wait for another run to end.", "0")


def _archive_folder() -> Decorator:
    return _text(ARCHIVE, "--archive", "DIR", "The archive's folder.", "./archive")


def _archive() -> list[Decorator]:
    every = "video,video_raw,thumbnail,last_frame"
    return [
        _archive_folder(),
        _text(ARCHIVE, "--assets", "LIST", "Which files of a generation are wanted.", every),
        _flag(ARCHIVE, "--deep", "Decode every frame of what was fetched."),
        _flag(ARCHIVE, "--no-verify", "Hold no file against its metadata; a later get or batch does."),
        _flag(ARCHIVE, "--dry-run", "Ask and plan, print files and bytes, change nothing."),
        _flag(ARCHIVE, "--retry-failed", "Ask again for generations that failed at the service."),
        _flag(ARCHIVE, "--retry-mismatched", "Fetch files again that do not match their metadata."),
        _lock_wait(ARCHIVE),
    ]


def _service(wait: str) -> list[Decorator]:
    return [
        _text(SERVICE, "--api-base", "URL", "Where the API is.", "https://az.gptplus5.com"),
        _text(SERVICE, "--api-key-file", "FILE", "A file that holds the key (else LUMA_API_KEY)."),
        _text(SERVICE, "--api-key-command", "CMD", "A command that prints the key; run without a shell."),
        _text(SERVICE, "--api-rate", "RATE", "Most requests to the API: 5/s, 60/m, 1000/h."),
        _text(SERVICE, "--api-timeout", "DURATION", "How long the API may take to answer.", "30"),
        _text(SERVICE, "--wait", "DURATION", "How long to wait for unfinished generations.", wait),
        _text(SERVICE, "--poll-interval", "DURATION", "First pause between questions; grows to 30s.", "3"),
    ]


def _network() -> list[Decorator]:
    return [
        _text(
            NETWORK,
            "--concurrency",
            "N",
            "Most files in flight; auto: 16 at first, then what is fastest.",
            "auto",
        ),
        _text(NETWORK, "--limit-rate", "SIZE", "Most bytes a second, all together: 500K, 10M."),
        _text(NETWORK, "--retries", "N", "How often to try again without getting further.", "5"),
        _text(NETWORK, "--retry-delay", "DURATION", "First pause before trying again; it doubles.", "1"),
        _text(NETWORK, "--max-retry-after", "DURATION", "Longest pause a server may ask for.", "5m"),
        _text(NETWORK, "--stall-timeout", "DURATION", "How long a download may stand still.", "30"),
        _text(NETWORK, "--proxy", "URL", "An http, https or socks5 proxy."),
        _text(NETWORK, "--http-engine", "NAME", "auto, pyreqwest or httpx.", "auto"),
        _flag(NETWORK, "--allow-private-hosts", "Fetch media also from addresses that are not public."),
    ]


def _limits() -> list[Decorator]:
    return [
        _text(LIMITS, "--max-asset-size", "SIZE", "Refuse larger files.", "10GB"),
        _text(LIMITS, "--max-duration", "DURATION", "Take no new work after this long."),
        _text(LIMITS, "--max-bytes", "SIZE", "Take no new work after this much was fetched."),
        _text(LIMITS, "--min-free", "SIZE", "Stop before the disk has less room than this."),
    ]


def _output() -> list[Decorator]:
    return [
        _json(),
        _flag(OUTPUT, "--quiet", "Say nothing unless something is wrong."),
        _flag(OUTPUT, "--verbose", "Say more: what is unchanged, every retry."),
        _text(OUTPUT, "--log-file", "FILE", "Append everything that happens to this file."),
        _text(OUTPUT, "--log-format", "FORM", "text, or json: an object a line.", "text"),
        _text(OUTPUT, "--log-max-size", "SIZE", "Put the log aside when it is larger; 0 is never.", "10MB"),
        _config_file(),
    ]


def _reports() -> list[Decorator]:
    return [
        _text(REPORTS, "--exec", "CMD", "Run a command, without a shell, for each archived generation."),
        _text(REPORTS, "--exec-after", "CMD", "Run a command after the run."),
        _text(REPORTS, "--exec-timeout", "DURATION", "How long such a command may take.", "10m"),
        _text(REPORTS, "--ping-url", "URL", "Tell a monitor of start and end, as healthchecks.io has it."),
        _text(REPORTS, "--metrics-file", "FILE", "Write metrics of the run for Prometheus's node_exporter."),
    ]


def _json() -> Decorator:
    return _flag(OUTPUT, "--json", "JSON lines on standard output, and nothing else there.")


def _config_file() -> Decorator:
    return click.option(
        "--config",
        cls=Setting,
        section=OUTPUT,
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_load_config,
        help="Read options from this file instead of the config.toml of your configuration folder.",
    )


def _load_config(ctx: click.Context, _param: click.Parameter, path: str | None) -> None:
    from archiver.cli.config import load_config  # noqa: PLC0415 - `--help` does without

    load_config(ctx, path)
