"""Small clips, made once: what is tested of the protocol does not depend on their size."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
import pytest_asyncio

from archiver.demo.clips import Clip, ClipOptions, make_clips
from archiver.demo.plan import DemoGeneration, plan_demo
from archiver.demo.service import DemoService
from archiver.domain.identity import GenerationId

SMALL = ClipOptions(width=160, height=96, frames=31)
PLAN = plan_demo(10)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Mapping[GenerationId, Clip]:
    """Return the clips of the default plan, at 160x96 and 31 frames."""
    return asyncio.run(make_clips(PLAN, tmp_path_factory.mktemp("clips"), options=SMALL))


@pytest_asyncio.fixture
async def service(clips: Mapping[GenerationId, Clip]) -> AsyncIterator[DemoService]:
    """Return a running service that was asked nothing yet."""
    async with DemoService(PLAN, clips) as running:
        yield running


@pytest_asyncio.fixture
async def client(service: DemoService) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client with the key, for API and media alike."""
    key = {"authorization": f"Bearer {service.api_key.secret}"}
    async with httpx.AsyncClient(base_url=service.api_base, headers=key, trust_env=False) as open_client:
        yield open_client


@pytest.fixture
def plain() -> DemoGeneration:
    """Return the generation about which nothing is special."""
    return PLAN[0]
