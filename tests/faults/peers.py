"""Ours beside curl, wget, aria2c and yt-dlp on the same media faults: `python -m tests.faults.peers`.

Each tool fetches one file with its retries on, from the same simulated host, once for each fault of
`media_faults` that passes. A tool that is not installed is skipped with a word. Prints Markdown.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import click

from archiver.assembly.options import NetworkOptions, Options
from archiver.assembly.session import archive_ids
from archiver.domain.identity import ApiKey, AssetName
from archiver.domain.timing import RetryPolicy
from tests.faults.media_faults import MEDIA_FAULTS, End, MediaFault, clip
from tests.simulator import API_KEY, Served, Service

PASSING = [fault for fault in MEDIA_FAULTS if fault.end is End.WHOLE]

_ID = "g-1"
_RETRIES, _STALL_S = 5, 2
_RETRIED = "408,425,429,500,502,503,504"
# Every tool has six tries, with a second between them and two of silence each.
_PATIENCE_S = 60
# Each has a process of its own, and most of them wait.
_AT_ONCE = 12


class Verdict(StrEnum):
    """What a tool made of a fault."""

    WHOLE = "whole"
    """It says that it succeeded, and the bytes are right."""
    WRONG = "**wrong**"
    """It says that it succeeded, and the bytes are not the file's."""
    FAILED = "failed"
    """It says that it failed, or did not end."""


Fetch = Callable[[Service, Served, Path], Awaitable[tuple[bool, bytes | None]]]
"""Fetches the video; tells whether it claims success, and what it left."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A downloader."""

    name: str
    fetch: Fetch


async def _fetch_ours(service: Service, _served: Served, folder: Path) -> tuple[bool, bytes | None]:
    network = NetworkOptions(
        api_base=service.api_base,
        api_key=ApiKey(API_KEY),
        allow_private_hosts=True,
        retry=RetryPolicy(retries=_RETRIES, first_delay_s=0.1),
        stall_timeout_s=_STALL_S,
    )
    wanted = frozenset({AssetName.VIDEO_RAW})
    report = await archive_ids([_ID], Options(archive=folder, network=network, assets=wanted), lambda _: None)
    return report.exit_code == 0, await asyncio.to_thread(
        _first, folder, f"generations/*/*/{_ID}/video_raw.*"
    )


OURS = Tool("luma-archiver", _fetch_ours)


def _curl(url: str, out: Path) -> list[str]:
    retries = ["--retry", str(_RETRIES), "--retry-all-errors", "--retry-delay", "1"]
    limits = ["--speed-limit", "1", "--speed-time", str(_STALL_S), "--connect-timeout", str(_STALL_S)]
    return ["--silent", "--fail", "--location", *retries, *limits, "-C", "-", "--output", str(out), url]


def _wget(url: str, out: Path) -> list[str]:
    retries = [f"--tries={_RETRIES + 1}", "--waitretry=1", f"--retry-on-http-error={_RETRIED}"]
    return ["--quiet", *retries, "--retry-connrefused", f"--timeout={_STALL_S}", "-c", "-O", str(out), url]


def _aria2c(url: str, out: Path) -> list[str]:
    retries = [f"--max-tries={_RETRIES + 1}", "--retry-wait=1", f"--timeout={_STALL_S}"]
    return ["--quiet", *retries, "--continue=true", f"--dir={out.parent}", f"--out={out.name}", url]


def _yt_dlp(url: str, out: Path) -> list[str]:
    # Given the page, it would ask for the file once before the download, which would then meet no fault.
    page = {"id": _ID, "title": _ID, "ext": "mp4", "url": url, "extractor": "generic", "webpage_url": url}
    info = out.with_suffix(".json")
    info.write_text(json.dumps(page), encoding="utf-8")
    retries = ["--retries", str(_RETRIES), "--retry-sleep", "1", "--socket-timeout", str(_STALL_S)]
    return ["--quiet", "--fixup", "never", *retries, "--load-info-json", str(info), "-o", str(out)]


PEERS: Mapping[str, Callable[[str, Path], list[str]]] = {
    "curl": _curl,
    "wget": _wget,
    "aria2c": _aria2c,
    "yt-dlp": _yt_dlp,
}


def _peer(name: str, program: str) -> Tool:
    async def fetch(_service: Service, served: Served, folder: Path) -> tuple[bool, bytes | None]:
        out = folder / "video.mp4"
        arguments = await asyncio.to_thread(PEERS[name], served.task.links["video"].url, out)
        is_success = await _succeeds(program, arguments, folder)
        return is_success, await asyncio.to_thread(_first, folder, "video.mp4")

    return Tool(name, fetch)


async def _succeeds(program: str, arguments: Sequence[str], home: Path) -> bool:
    """Run to the end or as long as patience lasts; no configuration or proxy of the user's counts."""
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await process.wait() == 0
    except TimeoutError:
        process.kill()
        await process.wait()
        return False


def _first(folder: Path, pattern: str) -> bytes | None:
    return next((path.read_bytes() for path in folder.glob(pattern)), None)


async def judge(tool: Tool, fault: MediaFault) -> Verdict:
    """Let a tool meet a fault, on a host of its own."""
    # The requests of a tool that gives up early must not reach another's.
    with tempfile.TemporaryDirectory() as folder:
        async with Service() as service:
            service.offers = fault.offers
            served = service.serve(_ID, clip(), faults=fault.faults(service))
            is_success, found = await tool.fetch(service, served, Path(folder))
            if not is_success:
                return Verdict.FAILED
            return Verdict.WHOLE if found == served.video.body else Verdict.WRONG


async def measure(tools: Sequence[Tool], faults: Sequence[MediaFault]) -> list[list[Verdict]]:
    """Return the verdicts, a list for each fault, in the tools' order."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(tool: Tool, fault: MediaFault) -> Verdict:
        async with places:
            return await judge(tool, fault)

    rows = [asyncio.gather(*(one(tool, fault) for tool in tools)) for fault in faults]
    return [list(row) for row in await asyncio.gather(*rows)]


def as_markdown(
    tools: Sequence[Tool], faults: Sequence[MediaFault], verdicts: Sequence[Sequence[Verdict]]
) -> str:
    """Return two tables: what each tool came to, and one row for each fault."""
    counts = [Counter(column) for column in zip(*verdicts, strict=True)]
    lines = [f"| of {len(faults)} faults | whole | silently wrong | failed |", "|---|---|---|---|"]
    for tool, count in zip(tools, counts, strict=True):
        cells = (tool.name, *(str(count[verdict]) for verdict in Verdict))
        lines.append(_line(cells))
    lines += ["", _line(("fault", *(tool.name for tool in tools))), "|---" * (len(tools) + 1) + "|"]
    lines += [_line((fault.name, *row)) for fault, row in zip(faults, verdicts, strict=True)]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def find_tools() -> list[Tool]:
    """Return ours, and the peers that are installed; each one that is not is named on standard error."""
    tools = [OURS]
    for name in PEERS:
        program = shutil.which(name)
        if program:
            tools.append(_peer(name, program))
        else:
            click.echo(f"{name} is not installed: skipped", err=True)
    return tools


@click.command(help=__doc__)
@click.option("--fault", "names", multiple=True, help="Only this fault; may be given more than once.")
def main(names: Sequence[str]) -> None:
    """Measure and print."""
    faults = [fault for fault in PASSING if not names or fault.name in names]
    tools = find_tools()
    click.echo(as_markdown(tools, faults, asyncio.run(measure(tools, faults))))


if __name__ == "__main__":
    main()
