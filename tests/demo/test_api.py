"""The API of the bundled service answers as the real one does."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest

from archiver.demo.clips import Clip
from archiver.demo.plan import DemoGeneration
from archiver.demo.service import DemoService
from archiver.domain.answer import read_answer
from archiver.domain.generation import State
from archiver.domain.identity import AssetName, GenerationId
from tests.demo.conftest import PLAN

WATERMARKED, SLOW, FAILED = PLAN[1], PLAN[2], PLAN[9]


async def ask(client: httpx.AsyncClient, generation: DemoGeneration) -> httpx.Response:
    """Ask for one generation."""
    return await client.get(f"/luma/generations/{generation.id}")


async def test_a_completed_answer_has_the_real_ones_fields_and_oddities(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip], plain: DemoGeneration
) -> None:
    """What the archiver must cope with occurs in the demo, too."""
    response = await ask(client, plain)
    answer = response.json()
    assert response.headers["content-type"] == "application/json"
    assert {"id", "state", "video", "request", "artifact", "thumbnail", "video_raw"} < set(answer)
    for name in AssetName:
        assert answer["artifact"][name] == answer[name]
    assert answer["artifact"]["created_at"] == "0001-01-01T00:00:00Z"
    assert answer["created_at"] == "2024-06-20T06:02:26.278Z"
    assert answer["video"]["url"] == answer["video"]["download_url"] == answer["video_raw"]["url"]
    assert answer["thumbnail"]["url"].endswith(f"{plain.id}/public")
    assert answer["last_frame"]["palette"] is None
    assert answer["video_raw"]["duration"] == clips[plain.id].duration_s


async def test_the_archiver_reads_of_an_answer_what_is_true_of_the_clip(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip], plain: DemoGeneration
) -> None:
    """The two ends of the format agree."""
    found = read_answer((await ask(client, plain)).content, plain.id)
    assert (found.state, found.created_at, found.prompt) == (
        State.COMPLETED,
        plain.created_at,
        plain.prompt,
    )
    assert {asset.promise.width for asset in found.assets.values()} == {160}
    assert found.assets[AssetName.THUMBNAIL].promise.palette == clips[plain.id].palette
    assert set(found.assets) == set(AssetName)


async def test_a_watermarked_video_has_a_url_of_its_own(client: httpx.AsyncClient) -> None:
    """There `video` and `video_raw` are two files, both wanted."""
    answer = (await ask(client, WATERMARKED)).json()
    assert answer["video"]["url"].endswith("/watermarked_video0.mp4")
    assert answer["video_raw"]["url"].endswith("/video0.mp4")


async def test_a_slow_generation_gets_on_with_every_question(client: httpx.AsyncClient) -> None:
    """It shows waiting: pending, processing, and from then on completed."""
    answers = [(await ask(client, SLOW)).json() for _ in range(4)]
    assert [answer["state"] for answer in answers] == ["pending", "processing", "completed", "completed"]
    assert answers[0]["video"] is answers[0]["artifact"] is None


async def test_a_failed_generation_tells_why(client: httpx.AsyncClient) -> None:
    """The archive keeps a tombstone with the reason."""
    found = read_answer((await ask(client, FAILED)).content, FAILED.id)
    assert (found.state, found.failure_reason) == (State.FAILED, "the prompt was refused by moderation")
    assert not found.assets


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer wrong", "Basic demo-key", "demo-key", "Bearer d\xe9mo"]
)
async def test_without_the_key_nothing_is_told(
    client: httpx.AsyncClient, plain: DemoGeneration, value: str
) -> None:
    """The key is refused with 401 and a JSON error, as relays do."""
    headers = {b"authorization": value.encode("latin-1")}
    response = await client.get(f"/luma/generations/{plain.id}", headers=headers)
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("id_", ["unknown", "", "..", "a/b", "%00", "4665a07c-7641-4809-a133-10786201bb56"])
async def test_an_unknown_id_is_not_found(client: httpx.AsyncClient, id_: str) -> None:
    """404 with an error object."""
    response = await client.get(f"/luma/generations/{id_}")
    assert response.status_code == 404
    assert response.json()["error"]["message"]


async def test_paths_of_media_are_the_same_in_every_service(
    clips: Mapping[GenerationId, Clip], client: httpx.AsyncClient, service: DemoService, plain: DemoGeneration
) -> None:
    """Only host and port are those of the running service: sample manifests name URLs."""
    async with DemoService(PLAN, clips) as other, httpx.AsyncClient(trust_env=False) as stranger:
        url = f"{other.api_base}/luma/generations/{plain.id}"
        key = {"authorization": f"Bearer {other.api_key.secret}"}
        there = (await stranger.get(url, headers=key)).text
    here = (await ask(client, plain)).text
    assert json.loads(there.replace(other.api_base, service.api_base)) == json.loads(here)
    assert other.api_base != service.api_base


async def test_the_service_names_all_its_ids(service: DemoService) -> None:
    """The demo archives them."""
    assert service.ids == tuple(each.id for each in PLAN)
