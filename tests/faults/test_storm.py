"""A random storm: sequences of faults over two hundred generations.

Every end is all bytes right, or the truth about which are missing or damaged (a host that sends the same
cut file twice is believed, and the file flagged). A second run in calm weather completes everything and
fetches nothing whole that it has.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from archiver.assembly.options import Options
from archiver.domain.identity import AssetName
from archiver.domain.outcome import Outcome
from archiver.domain.sidecar import AssetStatus, Verification, decode_sidecar
from archiver.domain.timing import RetryPolicy
from archiver.domain.transfer import OVERLAP_UNDER_VALIDATOR_BYTES
from archiver.transport.options import HttpEngine
from tests.faults.oddities import ClaimsCoding, ForcedDeflate, PartInstead, RangeUnsaid, SpentUrl
from tests.runs.running import OnDisk, Run, leftovers, options_for, run_ids, with_network
from tests.simulator import Clip, Offers, Served, Service, Shape, make_clip
from tests.simulator.faults import (
    Always,
    ChallengePage,
    ChunkedWithoutLength,
    CloseBeforeHeaders,
    CutAfter,
    CutChunked,
    CutJson,
    EmptyBody,
    Fault,
    ForcedGzip,
    HtmlPage,
    IgnoreRange,
    LyingRange,
    NotHttp,
    Null,
    RangeNotSatisfiable,
    ResetAfter,
    ResetAfterHeaders,
    ResetBeforeHeaders,
    Status,
    UntilClose,
    WrongContentLength,
    WrongRange,
)

# Two runs of 200 generations, four times: `.ci/run` has the time.
pytestmark = pytest.mark.slow

GENERATIONS = 200
SIZE = 30_000
_PATIENCE_S = 60
# The worst first.
_EXIT_CODES = {
    Outcome.ERROR: 3,
    Outcome.INCOMPLETE: 3,
    Outcome.MISMATCHED: 4,
    Outcome.ARCHIVED: 0,
}
_VERDICTS = {
    Verification.INCOMPLETE: Outcome.INCOMPLETE,
    Verification.MISMATCHED: Outcome.MISMATCHED,
    Verification.VERIFIED: Outcome.ARCHIVED,
}
# The last frame would be a second thumbnail.
_ASSETS = frozenset({AssetName.VIDEO, AssetName.VIDEO_RAW, AssetName.THUMBNAIL})
_PLAIN = Shape()
_SIGNED = Shape(signed=True)

_counts = st.integers(0, SIZE)
_passing_media: st.SearchStrategy[Fault] = st.one_of(
    st.builds(CutAfter, _counts),
    st.builds(ResetAfter, _counts),
    st.builds(CutChunked, _counts),
    st.builds(UntilClose, st.none() | _counts),
    st.builds(LyingRange, st.sampled_from([-100, 100])),
    st.builds(WrongRange, st.sampled_from([-1000, 1000])),
    st.builds(WrongContentLength, st.sampled_from([-50, 50])),
    st.builds(ForcedDeflate, st.booleans()),
    st.sampled_from(
        [
            ChallengePage(),
            ChunkedWithoutLength(),
            ClaimsCoding(),
            CloseBeforeHeaders(),
            EmptyBody(),
            ForcedGzip(),
            IgnoreRange(),
            NotHttp(),
            PartInstead(),
            RangeNotSatisfiable(),
            RangeUnsaid(),
            ResetAfterHeaders(),
            ResetBeforeHeaders(),
            SpentUrl(),
            Status(404),
            Status(429),
            Status(500),
            Status(502),
            Status(503),
        ]
    ),
)
_lasting_media = st.builds(
    Always, st.sampled_from([Status(500), Status(404), ResetBeforeHeaders(), CutAfter(900)])
)
_api: st.SearchStrategy[Fault] = st.sampled_from(
    [
        HtmlPage(502),
        CutJson(),
        Null(),
        Status(500),
        Status(429),
        ResetBeforeHeaders(),
        CutAfter(50),
        ForcedGzip(),
        Status(404),
    ]
)
_offers = st.builds(
    Offers, etag=st.booleans(), weak=st.booleans(), last_modified=st.booleans(), ranges=st.booleans()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """What happens to one generation in every so many."""

    video: Sequence[Fault]
    thumbnail: Sequence[Fault]
    api: Sequence[Fault]
    offers: Offers
    signed: bool


def _media() -> st.SearchStrategy[list[Fault]]:
    passing = st.lists(_passing_media, min_size=1, max_size=4)
    lasting = st.tuples(passing, _lasting_media).map(lambda pair: [*pair[0], pair[1]])
    return st.one_of(passing, passing, passing, passing, lasting)


_weather = st.builds(
    Weather,
    video=_media(),
    thumbnail=_media(),
    api=st.lists(_api, max_size=2),
    offers=_offers,
    signed=st.booleans(),
)


# Each example is two whole runs of seconds: few of them, and none to shrink the one that fails.
_EXAMPLES = max(2, settings().max_examples // 50)
_PHASES = [Phase.explicit, Phase.reuse, Phase.generate]


@pytest.mark.parametrize("engine", [HttpEngine.PYREQWEST, HttpEngine.HTTPX])
@settings(max_examples=_EXAMPLES, phases=_PHASES)
@given(weather=st.lists(_weather, min_size=20, max_size=40))
def test_a_storm_ends_in_right_bytes_or_in_the_truth(weather: list[Weather], engine: HttpEngine) -> None:
    """Whatever comes, in whatever order."""
    with tempfile.TemporaryDirectory() as folder:
        whole = asyncio.run(_weather_it(weather, engine, Path(folder) / "archive"))
    assert whole == {f"g-{number}" for number in range(GENERATIONS)}


async def _weather_it(weather: Sequence[Weather], engine: HttpEngine, archive: Path) -> set[str]:
    """Let the storm come, and a calm after it; return what is archived whole then."""
    async with Service() as service, asyncio.timeout(_PATIENCE_S):
        fleet = {f"g-{number}": _serve(service, number, weather) for number in range(GENERATIONS)}
        options = _options(service, archive, engine)
        check_truth(archive, fleet, await run_ids(options, *fleet))
        await _calm(service, archive, fleet, options)
    return {name for name, found in read_all(archive).items() if found.sidecar.verification == "verified"}


def _options(service: Service, archive: Path, engine: HttpEngine) -> Options:
    # The back-off of a host that refuses is shorter than a test's patience.
    retry = RetryPolicy(retries=3, first_delay_s=0.001, longest_delay_s=0.002)
    options = replace(options_for(service, archive, engine), assets=_ASSETS)
    return with_network(options, retry=retry, stall_timeout_s=5.0, api_timeout_s=5.0)


def _clip(number: int) -> Clip:
    return make_clip().padded_to(SIZE, seed=number)


def _serve(service: Service, number: int, weather: Sequence[Weather]) -> Served:
    own = weather[number % len(weather)]
    service.offers = own.offers
    faults = {"video_raw": own.video, "thumbnail": own.thumbnail, "api": own.api}
    return service.serve(f"g-{number}", _clip(number), shape=_SIGNED if own.signed else _PLAIN, faults=faults)


def check_truth(archive: Path, fleet: dict[str, Served], run: Run) -> None:
    """Hold every result, sidecar and file to what is served."""
    ends = {name: result.outcome for name, result in run.results.items()}
    assert set(ends) == set(fleet)
    assert set(ends.values()) <= _EXIT_CODES.keys()
    worst = next(end for end in _EXIT_CODES if end in ends.values())
    assert run.report.exit_code == _EXIT_CODES[worst]
    stored = read_all(archive)
    assert set(stored) == {name for name, end in ends.items() if end is not Outcome.ERROR}
    for name, found in stored.items():
        check_assets(found, fleet[name])
        assert _VERDICTS[found.sidecar.verification] is ends[name]


def read_all(archive: Path) -> dict[str, OnDisk]:
    """Return every generation that stands in the archive, by id."""
    folders = archive.glob("generations/*/*/*")
    return {path.name: OnDisk(path, decode_sidecar((path / "sidecar.json").read_bytes())) for path in folders}


def check_assets(found: OnDisk, served: Served) -> None:
    """Hold one generation's assets to theirs: right, or flagged, or missing; and no file besides."""
    files = {"video": served.video, "video_raw": served.video, "thumbnail": served.thumbnail}
    for name, file in files.items():
        record = found.record(name)
        match record.status:
            case AssetStatus.VERIFIED:
                assert found.bytes_of(name) == file.body
            case AssetStatus.MISMATCHED:
                assert file.body.startswith(found.bytes_of(name))
            case _:
                assert record.status is AssetStatus.MISSING
                assert record.error
                assert record.path is None
    listed = {record.path for record in found.sidecar.assets.values() if record.path}
    assert found.files == listed | {"sidecar.json"}


async def _calm(service: Service, archive: Path, fleet: dict[str, Served], options: Options) -> None:
    """Run again without faults, and count what it costs."""
    held = _held(archive)
    had = {name: _verified(found) for name, found in read_all(archive).items()}
    service.log.clear()
    for served in fleet.values():
        for queue in (served.video.faults, served.thumbnail.faults, served.task.faults):
            queue.clear()
    run = await run_ids(replace(options, retry_mismatched=True), *fleet)
    assert run.report.exit_code == 0
    assert leftovers(archive) == []
    fetched: defaultdict[str, int] = defaultdict(int)
    for exchange in service.log.media:
        fetched[exchange.path] += exchange.body_bytes
    stored = read_all(archive)
    for name, served in fleet.items():
        check_assets(stored[name], served)
        assert stored[name].sidecar.verification == "verified"
        check_thrift(served, fetched, had.get(name, set()), held.get(name, 0))


def _verified(found: OnDisk) -> set[str]:
    records = found.sidecar.assets.items()
    return {str(name) for name, record in records if record.status is AssetStatus.VERIFIED}


def _held(archive: Path) -> dict[str, int]:
    return {path.parent.name: path.stat().st_size for path in archive.glob(".partial/*/video.part")}


def check_thrift(served: Served, fetched: Mapping[str, int], had: set[str], held: int) -> None:
    """Hold the second run to what it had: whole files are not fetched again, nor are held beginnings."""
    assert "video" not in had or served.video.path not in fetched
    assert "thumbnail" not in had or served.thumbnail.path not in fetched
    offers = served.video.offers
    can_continue = offers.ranges and offers.etag and not offers.weak
    # All bytes and still not whole: a Content-Length that lied. Which of two lengths is right, nobody knows.
    if can_continue and OVERLAP_UNDER_VALIDATOR_BYTES < held < SIZE:
        assert fetched[served.video.path] <= SIZE - held + OVERLAP_UNDER_VALIDATOR_BYTES
