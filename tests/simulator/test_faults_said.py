"""Faults of what is said: regular HTTP all of it, and not what was asked for."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from tests.simulator import Service, make_clip
from tests.simulator import faults as f
from tests.simulator.asking import API_HEADERS, ask_api, client, get, raw_bytes

RANGE = "bytes=600-"


async def _ask(service: Service, *faults: f.Fault, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return the answer about a clip with faults, and the clip's bytes before them."""
    served = service.serve("id-1", faults=faults)
    body = served.video.body
    return await get(service.media_base + served.video.path, **headers), body


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        (None, None),
        (2, "2"),
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "Sun, 01 Mar 2026 12:00:00 GMT"),
        ("soon", "soon"),
    ],
)
async def test_a_status_says_when_to_come_back(
    service: Service, retry_after: float | datetime | str | None, header: str | None
) -> None:
    """Seconds, a date (RFC 9110 §10.2.3), or nonsense."""
    response, _ = await _ask(service, f.Status(503, retry_after=retry_after))
    assert (response.status_code, response.headers.get("retry-after")) == (503, header)


async def test_a_crowd_is_served_up_to_a_number(service: Service) -> None:
    """Those beyond it are refused, whatever files they ask for, until others have gone."""
    fault = f.AtMost(2, f.SlowBody(100_000))
    urls = []
    for number in range(5):
        served = service.serve(f"id-{number}", faults=[fault])
        urls.append(service.media_base + served.video.path)
    statuses = [answer.status_code for answer in await asyncio.gather(*map(get, urls))]
    assert sorted(statuses) == [200, 200, 429, 429, 429]
    assert (await get(urls[0])).status_code == 200


async def test_a_redirect_leads_elsewhere(service: Service) -> None:
    """To any URL, under any status."""
    response, _ = await _ask(service, f.Redirect("http://127.0.0.2:1/x", status=307))
    assert (response.status_code, response.headers["location"]) == (307, "http://127.0.0.2:1/x")


async def test_a_redirect_loop_does_not_end(service: Service) -> None:
    """Each answer leads to the same place."""
    served = service.serve("id-1", faults=[f.RedirectLoop()])
    async with client() as opened:
        with pytest.raises(httpx.TooManyRedirects):
            await opened.get(service.media_base + served.video.path, follow_redirects=True)


async def test_an_empty_body_is_a_success_with_nothing_in_it(service: Service) -> None:
    """200 and Content-Length 0."""
    response, _ = await _ask(service, f.EmptyBody())
    assert (response.status_code, response.headers["content-length"], response.content) == (200, "0", b"")


async def test_a_challenge_page_is_html_under_200(service: Service) -> None:
    """What a bot filter sends in a clip's place."""
    response, _ = await _ask(service, f.ChallengePage())
    assert (response.status_code, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert response.content.startswith(b"<!DOCTYPE html>")


async def test_forced_gzip_holds_the_right_bytes(service: Service) -> None:
    """Counted and hashed as they come, they would be wrong."""
    served = service.serve("id-1", faults=[f.ForcedGzip()])
    received, _ = await raw_bytes(service.media_base + served.video.path)
    head, _, packed = received.partition(b"\r\n\r\n")
    assert b"content-encoding: gzip" in head
    assert gzip.decompress(packed) == served.video.body


async def test_a_changed_file_has_another_etag_and_stays_changed(service: Service) -> None:
    """An If-Range of the old version gets the new one whole."""
    other = make_clip().padded_to(9000).video.data
    served = service.serve("id-1", faults=[f.Changed(other)])
    url, old_etag = service.media_base + served.video.path, served.video.etag
    first = await get(url, range=RANGE, if_range=old_etag)
    second = await get(url)
    assert (first.status_code, first.content, second.content) == (200, other, other)
    assert first.headers["etag"] == second.headers["etag"] != old_etag


async def test_an_ignored_range_gets_the_whole_file(service: Service) -> None:
    """Appended to what is held it would be a corrupt file."""
    response, body = await _ask(service, f.IgnoreRange(), range=RANGE)
    assert (response.status_code, response.content) == (200, body)


async def test_a_wrong_range_is_honest_about_it(service: Service) -> None:
    """The Content-Range tells the truth, and not what was asked for."""
    response, body = await _ask(service, f.WrongRange(shift=-100), range=RANGE)
    assert (response.status_code, response.content) == (206, body[500:])
    assert response.headers["content-range"].startswith("bytes 500-")


@pytest.mark.parametrize("shift", [-100, 7])
async def test_a_lying_range_shows_in_its_bytes_alone(service: Service, shift: int) -> None:
    """Head and length are right: only a comparison finds it."""
    response, body = await _ask(service, f.LyingRange(shift), range=RANGE)
    assert response.headers["content-range"] == f"bytes 600-{len(body) - 1}/{len(body)}"
    assert len(response.content) == len(body) - 600
    assert response.content[:100] == body[600 + shift : 700 + shift]


@pytest.mark.parametrize("length", [None, 5])
async def test_416_tells_a_length(service: Service, length: int | None) -> None:
    """The true one, or a lie."""
    response, body = await _ask(service, f.RangeNotSatisfiable(length), range=RANGE)
    told = len(body) if length is None else length
    assert (response.status_code, response.headers["content-range"]) == (416, f"bytes */{told}")


@pytest.mark.parametrize("fault", [f.WrongRange(), f.LyingRange()])
async def test_a_fault_of_ranges_leaves_whole_downloads_alone(service: Service, fault: f.Fault) -> None:
    """Such servers are right about everything else."""
    response, body = await _ask(service, fault)
    assert (response.status_code, response.content) == (200, body)


Judge = Callable[[bytes], bool]


@pytest.mark.parametrize(
    ("fault", "judge"),
    [
        (f.HtmlPage(), lambda body: body.startswith(b"<html>")),
        (f.Raw(b'"\\ud800"'), lambda body: body == b'"\\ud800"'),
        (f.Null(), lambda body: json.loads(body) is None),
        (f.Array(), lambda body: json.loads(body)[0]["id"] == "id-1"),
        (f.ErrorObject("no credit"), lambda body: json.loads(body)["error"]["message"] == "no credit"),
        (f.OtherId("id-2"), lambda body: json.loads(body)["id"] == "id-2"),
        (f.NumbersAsText(), lambda body: json.loads(body)["video"]["width"] == "64"),
        (f.NotANumber(), lambda body: b'"width": NaN' in body),
        (f.DeepNesting(5), lambda body: json.loads(body)["deep"] == [[[[[]]]]]),
    ],
)
async def test_an_api_may_say_anything_under_200(service: Service, fault: f.Fault, judge: Judge) -> None:
    """One odd answer, then the right one."""
    service.serve("id-1", faults={"api": [fault]})
    odd, right = [await ask_api(service.api_base, "id-1") for _ in range(2)]
    assert odd.status_code == 200
    assert judge(odd.content)
    assert right.json()["id"] == "id-1"


async def test_cut_json_is_half_of_it(service: Service) -> None:
    """A whole HTTP answer around half an object."""
    service.serve("id-1", faults={"api": [f.CutJson()]})
    half, whole = [await ask_api(service.api_base, "id-1") for _ in range(2)]
    assert half.content == whole.content[: len(whole.content) // 2]


async def test_a_gzip_bomb_is_small_on_the_wire(service: Service) -> None:
    """A hundred megabytes in a hundred kilobytes."""
    service.serve("id-1", faults={"api": [f.GzipBomb(50_000_000)]})
    url = f"{service.api_base}/luma/generations/id-1"
    async with client() as opened, opened.stream("GET", url, headers=API_HEADERS) as response:
        packed = b"".join([piece async for piece in response.aiter_raw()])
    assert len(packed) < 100_000
    assert len(json.loads(gzip.decompress(packed))["id"]) > 49_000_000
