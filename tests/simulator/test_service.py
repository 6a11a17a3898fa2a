"""The service serves, counts, and goes away without a trace."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from tests.simulator import Offers, Recipe, Service, Shape, make_clip
from tests.simulator.asking import API_HEADERS, ask_api, client, get
from tests.simulator.faults import Always, Both, CutAfter, IgnoreRange, SlowBody, StallAfter, Status


async def test_an_answer_s_urls_lead_to_the_clip(service: Service) -> None:
    """The whole way of the archiver, once."""
    clip = make_clip(Recipe(watermarked=True))
    service.serve("id-1", clip)
    answer = (await ask_api(service.api_base, "id-1")).json()
    for name in ("video", "video_raw", "thumbnail", "last_frame"):
        response = await get(answer[name]["url"])
        assert response.content == getattr(clip, name).data
        assert response.headers["content-type"] == getattr(clip, name).media_type


async def test_video_and_raw_share_a_url_where_they_are_one_file(service: Service) -> None:
    """As in the page's example; a watermarked video has its own."""
    same, marked = service.serve("same"), service.serve("marked", make_clip(Recipe(watermarked=True)))
    assert same.video is same.video_raw
    assert marked.video is not marked.video_raw


async def test_states_follow_their_script_and_the_last_one_stays(service: Service) -> None:
    """One state an answer; a fault in between is none."""
    states = ["pending", "processing", "completed"]
    service.serve("id-1", state=states, faults={"api": [Status(500)]})
    answers = [await ask_api(service.api_base, "id-1") for _ in range(5)]
    assert answers[0].status_code == 500
    assert [answer.json()["state"] for answer in answers[1:]] == [*states, "completed"]


async def test_the_api_asks_for_the_page_s_three_headers(service: Service) -> None:
    """A client that forgets one finds out here."""
    service.serve("id-1")
    url = f"{service.api_base}/luma/generations/id-1"
    assert (await ask_api(service.api_base, "id-1")).status_code == 200
    async with client() as opened:
        for missing, status in (("authorization", 401), ("accept", 400), ("content-type", 400)):
            headers = {name: text for name, text in API_HEADERS.items() if name != missing}
            assert (await opened.get(url, headers=headers)).status_code == status


async def test_unknown_ids_and_paths_are_404(service: Service) -> None:
    """In the API's words at the API."""
    response = await ask_api(service.api_base, "nobody")
    assert (response.status_code, response.json()) == (404, {"detail": "task not found"})
    assert (await get(f"{service.media_base}/nothing")).status_code == 404


async def test_faults_take_one_request_each_and_belong_to_one_asset(service: Service) -> None:
    """After its faults a file is served as it should be."""
    served = service.serve("id-1", faults={"video": [Status(503), Status(404)], "thumbnail": [Status(500)]})
    video, thumbnail = service.media_base + served.video.path, service.media_base + served.thumbnail.path
    assert [(await get(video)).status_code for _ in range(3)] == [503, 404, 200]
    assert [(await get(thumbnail)).status_code for _ in range(2)] == [500, 200]


async def test_faults_of_the_whole_api_come_first(service: Service) -> None:
    """An outage of the API concerns every generation."""
    service.serve("a", faults={"api": [Status(501)]})
    service.serve("b")
    service.api_faults.extend([Status(502), Status(503)])
    statuses = [(await ask_api(service.api_base, name)).status_code for name in ("a", "b", "a", "b")]
    assert statuses == [502, 503, 501, 200]


async def test_always_stays_and_both_joins_two_faults(service: Service) -> None:
    """A dead link is dead each time; an ignored range can be cut, too."""
    served = service.serve("id-1", faults={"thumbnail": [Always(Status(410))]})
    thumbnail = service.media_base + served.thumbnail.path
    assert [(await get(thumbnail)).status_code for _ in range(3)] == [410, 410, 410]
    served.video.faults.append(Both(IgnoreRange(), CutAfter(10)))
    with pytest.raises(httpx.RemoteProtocolError):
        await get(service.media_base + served.video.path, range="bytes=100-")
    assert (service.log[-1].status, service.log[-1].body_bytes) == (200, 10)


async def test_signed_urls_are_fresh_in_every_answer(service: Service) -> None:
    """A presigned URL is spent after an hour; the file under it is the same."""
    service.serve("id-1", shape=Shape(signed=True))
    first, second = [(await ask_api(service.api_base, "id-1")).json()["video"]["url"] for _ in range(2)]
    assert first != second
    assert (await get(first)).content == (await get(second)).content


async def test_revoked_urls_are_refused_until_the_api_is_asked_again(service: Service) -> None:
    """An archiver that resolves afresh gets on; one that tries the old URL again never does."""
    served = service.serve("id-1")
    before = (await ask_api(service.api_base, "id-1")).json()["video"]["url"]
    service.revoke("id-1")
    assert (await get(before)).status_code == 403
    after = (await ask_api(service.api_base, "id-1")).json()["video"]["url"]
    assert (await get(before)).status_code == 403
    assert (await get(after)).content == served.video.body


async def test_generations_have_clips_of_their_own(service: Service) -> None:
    """An archiver that mixes two generations up must not pass for right."""
    one, other = service.serve("a"), service.serve("b")
    for name in ("video", "thumbnail", "last_frame"):
        assert getattr(one, name).body != getattr(other, name).body


async def test_the_log_tells_every_request(service: Service) -> None:
    """Tests count requests, bytes and connections."""
    served = service.serve("id-1")
    url = service.media_base + served.video.path
    async with client() as opened:
        await opened.get(url)
        await opened.get(f"{url}?x=1", headers={"range": "bytes=10-19"})
    await ask_api(service.api_base, "id-1")
    whole, part, question = service.log
    assert (whole.connection, part.connection, question.connection) == (1, 1, 2)
    assert (whole.status, part.status) == (200, 206)
    assert (whole.body_bytes, part.body_bytes) == (len(served.video.body), 10)
    assert (part.target, part.headers["range"]) == (f"{served.video.path}?x=1", "bytes=10-19")
    assert service.log.to(served.video.path) == service.log.media == [whole, part]
    assert service.log.api == [question]
    assert whole.time_s <= part.time_s <= question.time_s
    assert service.api_base.endswith(f"{question.host}:{question.port}")
    assert service.log.body_bytes == sum(exchange.body_bytes for exchange in service.log)


async def test_gauges_know_the_most_that_went_on_at_once(service: Service) -> None:
    """The archiver's --concurrency is held against these."""
    served = service.serve("id-1", faults=[SlowBody(20_000)] * 3)
    await asyncio.gather(*(get(service.media_base + served.video.path) for _ in range(3)))
    assert (service.open_connections.peak, service.media_in_flight.peak) == (3, 3)
    assert (service.media_in_flight.now, service.api_in_flight.peak) == (0, 0)


async def test_api_and_media_have_origins_of_their_own_unless_told() -> None:
    """A key may not go from one to the other."""
    async with Service() as apart, Service(shared_port=True) as together:
        assert apart.api_base != apart.media_base
        assert together.api_base == together.media_base


async def test_another_host_serves_the_same(service: Service) -> None:
    """127.0.0.2 is loopback, too, and another host to every client."""
    served = service.serve("id-1")
    elsewhere = service.listen("127.0.0.2")
    assert elsewhere.startswith("http://127.0.0.2:")
    assert (await get(elsewhere + served.video.path)).status_code == 200
    assert service.log[-1].host == "127.0.0.2"


async def test_nobody_listens_at_the_refusing_base(service: Service) -> None:
    """The port stays taken, so that nobody else is there either."""
    with pytest.raises(httpx.ConnectError):
        await get(service.refusing_base())


async def test_offers_are_those_of_files_served_later(service: Service) -> None:
    """A host's habits are set once for a test."""
    service.offers = Offers(etag=False)
    served = service.serve("id-1")
    assert "etag" not in (await get(service.media_base + served.video.path)).headers


async def test_the_service_ends_at_once_though_a_client_still_waits() -> None:
    """A test that failed in the middle must not hang at its end."""
    async with Service() as service, asyncio.timeout(5):
        served = service.serve("id-1", faults=[StallAfter(10)])
        async with client() as opened:
            request = opened.build_request("GET", service.media_base + served.video.path)
            response = await opened.send(request, stream=True)
            assert service.media_in_flight.now == 1
            await service.stop()
            assert service.open_connections.now == 0
            with pytest.raises(httpx.HTTPError):
                await response.aread()
            await response.aclose()


async def test_a_mistake_in_a_fault_is_shown_and_not_swallowed() -> None:
    """The archiver would take it for a broken connection, and the test for a success."""
    service = Service()
    await service.__aenter__()
    served = service.serve("id-1", faults=[Status(1000, body="text")])  # type: ignore[arg-type]  # the mistake
    with pytest.raises(httpx.HTTPError):
        await get(service.media_base + served.video.path)
    with pytest.raises(ExceptionGroup) as caught:
        await service.stop()
    assert isinstance(caught.value.exceptions[0], TypeError)
