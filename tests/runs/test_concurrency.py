"""How many files are in flight: as many as the line and each host want, and never more than allowed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.assembly.options import Options
from archiver.assembly.session import archive_ids
from archiver.domain.events import ConcurrencyChanged, Event, GenerationFinished
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from tests.runs.running import QUICK, Run, options_for, run_ids, with_network
from tests.simulator import Recipe, Service, make_clip
from tests.simulator.faults import Always, AtMost, Fault, SlowBody
from tests.simulator.wire import Response, Wire

SIZE = 100_000


def _options(service: Service, archive: Path, concurrency: int | None = None) -> Options:
    """Return options for videos alone, which nobody looks into: how many are in flight is the matter here."""
    options = with_network(options_for(service, archive), concurrency=concurrency)
    return replace(options, assets=frozenset({AssetName.VIDEO}), verify=False)


def _serve(service: Service, count: int, fault: Fault, name: str = "g") -> list[str]:
    """Serve so many generations whose videos are all sent as `fault` does; return their ids."""
    ids = [f"{name}-{number}" for number in range(count)]
    for seed, generation_id in enumerate(ids):
        clip = make_clip(Recipe(seed=seed % 8)).padded_to(SIZE, seed=seed)
        service.serve(generation_id, clip, faults={"video_raw": [fault]})
    return ids


@dataclass(frozen=True, slots=True)
class _HeldBody(Fault):
    """A head at once, and the body when it is released."""

    release: asyncio.Event

    async def send(self, wire: Wire, response: Response) -> None:
        """Send the head, wait, send the rest."""
        await wire.send_beginning(response, 0)
        await self.release.wait()
        await wire.send_body(response.body)


def _limits(run: Run, *, of_all: bool) -> list[int]:
    changes = (event for event in run.events if isinstance(event, ConcurrencyChanged))
    return [change.limit for change in changes if (change.host is None) == of_all]


async def test_slow_connections_are_made_up_for_by_more(service: Service, archive: Path) -> None:
    """The user tunes nothing: where each connection is slow, more than sixteen are used."""
    ids = _serve(service, 48, Always(SlowBody(SIZE / 0.4)))
    run = await run_ids(_options(service, archive), *ids)
    assert run.report.tally.counts[Outcome.ARCHIVED] == 48
    assert _limits(run, of_all=True)[0] == 32
    assert 16 < service.media_in_flight.peak <= 64


async def test_a_number_that_is_given_is_never_exceeded(service: Service, archive: Path) -> None:
    """`--concurrency 3` is a promise, however much more the line would bear."""
    ids = _serve(service, 20, Always(SlowBody(SIZE / 0.1)))
    run = await run_ids(_options(service, archive, 3), *ids)
    assert run.report.exit_code == 0
    assert service.media_in_flight.peak == 3
    assert _limits(run, of_all=True) == []


async def test_a_host_that_refuses_a_crowd_gets_fewer(service: Service, archive: Path) -> None:
    """429 above six at once: all is archived, and what is refused is little more than the first crowd."""
    ids = _serve(service, 40, AtMost(6, SlowBody(SIZE / 0.1)))
    run = await run_ids(_options(service, archive), *ids)
    assert run.report.tally.counts[Outcome.ARCHIVED] == 40
    assert 1 <= service.log.media.statuses.count(429) <= 20
    assert min(_limits(run, of_all=False)) <= 6


async def test_a_host_that_refuses_a_crowd_lowers_what_was_given(service: Service, archive: Path) -> None:
    """A number is the most, not a demand: a host that bears fewer gets fewer."""
    ids = _serve(service, 30, AtMost(2, SlowBody(SIZE / 0.03)))
    run = await run_ids(_options(service, archive, 8), *ids)
    assert run.report.tally.counts[Outcome.ARCHIVED] == 30
    assert service.log.media.statuses.count(429) <= 14


async def test_one_host_that_refuses_does_not_slow_another(service: Service, archive: Path) -> None:
    """Clips of two hosts, in turn: one sends nothing before all of the other's are archived."""
    release = asyncio.Event()
    strict = _serve(service, 40, AtMost(2, _HeldBody(release)), "strict")
    service.media_base = service.listen("127.0.0.2")
    willing = _serve(service, 40, Always(Fault()), "willing")
    ids = [name for pair in zip(strict, willing, strict=True) for name in pair]
    ended: list[str] = []

    def watch(event: Event) -> None:
        if isinstance(event, GenerationFinished):
            ended.append(event.result.id)
            if set(willing) <= set(ended):
                release.set()

    patient = {"retry": replace(QUICK, retries=10), "stall_timeout_s": 20.0}
    report = await archive_ids(ids, with_network(_options(service, archive), **patient), watch)
    assert report.tally.counts[Outcome.ARCHIVED] == 80
    assert set(ended[:40]) == set(willing)
