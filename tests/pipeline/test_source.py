"""A generation's URLs, resolved afresh at most once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from archiver.domain.errors import BadAnswerError, KeyRefusedError, UsageError
from archiver.domain.generation import Asset, Generation, State
from archiver.domain.identity import AssetName, GenerationId, MediaUrl
from archiver.pipeline.source import UrlSource
from archiver.runtime.clock import SystemClock


def _generation(query: str, state: State = State.COMPLETED, *names: AssetName) -> Generation:
    assets = names or (AssetName.VIDEO, AssetName.THUMBNAIL)
    return Generation(
        id=GenerationId("g"),
        state=state,
        created_at=None,
        prompt=None,
        aspect_ratio=None,
        failure_reason=None,
        assets={name: Asset(name=name, url=MediaUrl(f"https://h/{name}?{query}")) for name in assets},
        response=b"{}",
    )


class Service:
    """Answers with what it is given, in turn, and counts how often it is asked."""

    def __init__(self, *answers: Generation | Exception) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self) -> Generation:
        """Answer once."""
        self.asked += 1
        await asyncio.sleep(0)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _source(generation: Generation, service: Service) -> UrlSource:
    return UrlSource(generation, resolve=service.resolve, clock=SystemClock())


async def test_all_assets_share_one_fresh_answer() -> None:
    """Four assets that fail at once are one question to the API, not four."""
    old, fresh = _generation("old"), _generation("fresh")
    service = Service(fresh)
    source = _source(old, service)
    assert all(await asyncio.gather(*(source.refresh(old) for _ in range(4))))
    assert service.asked == 1
    assert source.generation is fresh


async def test_a_fresh_url_that_fails_too_is_not_refreshed_again() -> None:
    """The file is gone: asking for ever would not bring it back."""
    old, fresh = _generation("old"), _generation("fresh")
    service = Service(fresh)
    source = _source(old, service)
    await source.refresh(old)
    assert not await source.refresh(fresh)
    assert service.asked == 1


async def test_a_url_about_to_expire_is_replaced_before_it_is_used() -> None:
    """A generation that waited in a queue for an hour has signed URLs with no time left."""
    ends = int((datetime.now(UTC) + timedelta(seconds=30)).timestamp())
    service = Service(_generation("fresh"))
    asset = await _source(_generation(f"Expires={ends}"), service).asset(AssetName.VIDEO)
    assert asset.url == MediaUrl("https://h/video?fresh")


@pytest.mark.parametrize(
    "answer",
    [
        _generation("fresh", State.PROCESSING),
        _generation("fresh", State.COMPLETED, AssetName.VIDEO),
        BadAnswerError("rubbish"),
        UsageError("no key"),
    ],
    ids=["gone back", "asset lost", "bad answer", "no key"],
)
async def test_an_answer_that_promises_less_replaces_nothing(answer: Generation | Exception) -> None:
    """What was promised once is held to, as long as its URLs live; a saved answer needs no key."""
    old = _generation("old")
    source = _source(old, Service(answer))
    assert not await source.refresh(old)
    assert source.generation is old


async def test_a_refused_key_ends_the_run() -> None:
    """Every further question would be refused, too."""
    old = _generation("old")
    with pytest.raises(KeyRefusedError):
        await _source(old, Service(KeyRefusedError("401"))).refresh(old)
