"""All wanted assets of a completed generation, fetched at once; one URL is fetched once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass

from archiver.domain.checks import Check, check_decode, check_last_frame
from archiver.domain.errors import ArchiveError, ErrorRecord, TransferError
from archiver.domain.generation import Generation
from archiver.domain.identity import AssetName
from archiver.pipeline.doors import Doors, FetchOptions
from archiver.pipeline.download import Download, Downloaded
from archiver.pipeline.source import UrlSource


@dataclass(frozen=True, slots=True)
class Fetched:
    """An asset that came; `same_as` is the asset whose bytes it shares, `deep` the checks of `--deep`."""

    file: Downloaded
    same_as: AssetName | None = None
    deep: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True)
class NotHad:
    """An asset that did not come, and why."""

    error: ErrorRecord


AssetOutcome = Fetched | NotHad


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """What a fetch brought in: by asset, and the bytes that came over the network."""

    outcomes: Mapping[AssetName, AssetOutcome]
    bytes_fetched: int


class Fetch:
    """Fetches the assets of one generation."""

    def __init__(self, doors: Doors, options: FetchOptions, source: UrlSource) -> None:
        self._doors = doors
        self._options = options
        self._source = source
        self._downloads: list[Download] = []

    async def run(self, names: Iterable[AssetName]) -> Haul:
        """Fetch these assets. Raises `RunError`; whatever else fails is an outcome."""
        left = set(names)
        outcomes: dict[AssetName, AssetOutcome] = {}
        while left:
            outcomes |= await self._fetch_each_url(left)
            left -= outcomes.keys()
        fetched = sum(download.bytes_fetched for download in self._downloads)
        return Haul(outcomes=await self.deepened(_linked(outcomes)), bytes_fetched=fetched)

    async def _fetch_each_url(self, names: AbstractSet[AssetName]) -> dict[AssetName, AssetOutcome]:
        """Fetch at once; return all outcomes but those of assets that got a URL of their own meanwhile."""
        groups = _by_url(self._source.generation, names)
        downloads = [Download(self._doors, self._options, self._source, group[0]) for group in groups]
        self._downloads += downloads
        async with asyncio.TaskGroup() as tasks:
            runs = [tasks.create_task(_outcome(download)) for download in downloads]
        outcomes: dict[AssetName, AssetOutcome] = {}
        for group, run in zip(groups, runs, strict=True):
            # Resolved afresh, one URL may have become two: not the same file any more.
            together = _by_url(self._source.generation, group)[0]
            outcomes |= _shared(together, run.result())
        return outcomes

    async def keep(self) -> None:
        """Let a later run go on with what came, where this one ends before it is committed."""
        for download in self._downloads:
            # The run's own trouble is what is told of.
            with suppress(ArchiveError):
                await download.keep()

    async def deepened(self, outcomes: dict[AssetName, AssetOutcome]) -> dict[AssetName, AssetOutcome]:
        """Return the outcomes with what decoding every frame tells, where that is asked for."""
        if not self._options.deep:
            return outcomes
        return {name: await self._deepen(name, outcome, outcomes) for name, outcome in outcomes.items()}

    async def _deepen(
        self, name: AssetName, outcome: AssetOutcome, outcomes: Mapping[AssetName, AssetOutcome]
    ) -> AssetOutcome:
        if isinstance(outcome, NotHad):
            return outcome
        checks = [check_decode(await self._doors.inspector.find_decode_error(outcome.file.path))]
        video = outcomes.get(AssetName.VIDEO_RAW) or outcomes.get(AssetName.VIDEO)
        if name is AssetName.LAST_FRAME and isinstance(video, Fetched):
            similarity = await self._doors.inspector.last_frame_similarity(outcome.file.path, video.file.path)
            checks.append(check_last_frame(similarity))
        return Fetched(outcome.file, outcome.same_as, tuple(checks))


async def _outcome(download: Download) -> AssetOutcome:
    try:
        return Fetched(await download.run())
    except TransferError as error:
        return NotHad(error.record())


def _by_url(generation: Generation, names: Iterable[AssetName]) -> list[list[AssetName]]:
    groups: dict[str, list[AssetName]] = {}
    for name in sorted(names, key=list(AssetName).index):
        url = generation.assets[name].url
        groups.setdefault(url.full if url else name, []).append(name)
    return list(groups.values())


def _shared(group: list[AssetName], outcome: AssetOutcome) -> dict[AssetName, AssetOutcome]:
    """Give one download's outcome to every asset under its URL; the first of them owns the file."""
    first, *others = group
    if isinstance(outcome, NotHad):
        return dict.fromkeys(group, outcome)
    outcomes: dict[AssetName, AssetOutcome] = {first: outcome}
    return outcomes | {other: Fetched(outcome.file, first) for other in others}


def _linked(outcomes: dict[AssetName, AssetOutcome]) -> dict[AssetName, AssetOutcome]:
    """Let `video_raw` share `video`'s file where two URLs gave the same bytes."""
    video, raw = outcomes.get(AssetName.VIDEO), outcomes.get(AssetName.VIDEO_RAW)
    if isinstance(video, Fetched) and isinstance(raw, Fetched) and video.file.sha256 == raw.file.sha256:
        return outcomes | {AssetName.VIDEO_RAW: Fetched(raw.file, AssetName.VIDEO)}
    return outcomes
