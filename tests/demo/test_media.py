"""The media host: whole files, parts, versions, forms, and a connection that breaks."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from archiver.demo.answers import media_paths
from archiver.demo.clips import Clip
from archiver.demo.plan import DemoGeneration
from archiver.domain.checks import MediaKind
from archiver.domain.identity import GenerationId
from tests.demo.conftest import PLAN

BREAKING = PLAN[3]


@pytest.fixture
def url(plain: DemoGeneration) -> str:
    """Return the path of a video."""
    return media_paths(plain)["video"]


@pytest.fixture
def data(clips: Mapping[GenerationId, Clip], plain: DemoGeneration) -> bytes:
    """Return that video's bytes."""
    return clips[plain.id].video.read_bytes()


async def test_every_asset_is_served_byte_for_byte(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip]
) -> None:
    """What was made is what is downloaded."""
    for generation in (each for each in PLAN if each.id in clips and not each.breaks_once):
        clip, paths = clips[generation.id], media_paths(generation)
        files = {"video": clip.video, "video_raw": clip.video_raw, "last_frame": clip.last_frame}
        for name, path in files.items():
            response = await client.get(paths[name])
            assert response.status_code == 200
            assert response.content == path.read_bytes()


async def test_media_need_no_key(client: httpx.AsyncClient, url: str, data: bytes) -> None:
    """The archiver sends its key to the API alone."""
    assert (await client.get(url, headers={"authorization": ""})).content == data


async def test_an_answer_names_the_version_of_the_file(
    client: httpx.AsyncClient, url: str, data: bytes
) -> None:
    """A strong ETag and a Last-Modified, equal in every answer: a resume depends on them."""
    one, other = (await client.get(url)).headers, (await client.head(url)).headers
    assert one["etag"].startswith('"')
    assert one["last-modified"] == "Thu, 20 Jun 2024 06:02:26 GMT"
    assert one["accept-ranges"] == "bytes"
    assert one["content-type"] == "video/mp4"
    assert int(one["content-length"]) == len(data)
    assert {name: one[name] for name in one if name != "date"} == {
        name: other[name] for name in other if name != "date"
    }


async def test_head_sends_no_body(client: httpx.AsyncClient, url: str) -> None:
    """The connection goes on being understood after it."""
    assert (await client.head(url, headers={"range": "bytes=0-1"})).status_code == 200
    assert (await client.get(url, headers={"range": "bytes=0-1"})).status_code == 206


async def test_a_range_is_served_with_its_place_in_the_file(
    client: httpx.AsyncClient, url: str, data: bytes
) -> None:
    """RFC 9110 §15.3.7."""
    response = await client.get(url, headers={"range": "bytes=1000-"})
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes 1000-{len(data) - 1}/{len(data)}"
    assert response.content == data[1000:]


async def test_a_range_beyond_the_end_cannot_be_had(client: httpx.AsyncClient, url: str, data: bytes) -> None:
    """RFC 9110 §15.5.17: the answer tells the length, so that a client knows that it has all."""
    response = await client.get(url, headers={"range": f"bytes={len(data)}-"})
    assert response.status_code == 416
    assert response.headers["content-range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize("validator", ["etag", "last-modified"])
async def test_a_range_under_if_range_is_served_for_this_version(
    client: httpx.AsyncClient, url: str, data: bytes, validator: str
) -> None:
    """The same version goes on where it stopped."""
    seen = (await client.head(url)).headers[validator]
    response = await client.get(url, headers={"range": "bytes=5-", "if-range": seen})
    assert response.status_code == 206
    assert response.content == data[5:]


async def test_another_version_comes_whole(client: httpx.AsyncClient, url: str, data: bytes) -> None:
    """Two versions are never spliced."""
    response = await client.get(url, headers={"range": "bytes=5-", "if-range": '"older"'})
    assert response.status_code == 200
    assert response.content == data


@pytest.mark.parametrize("kind", [MediaKind.JPEG, MediaKind.PNG, MediaKind.WEBP])
async def test_a_thumbnail_comes_in_the_form_that_is_accepted(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip], plain: DemoGeneration, kind: MediaKind
) -> None:
    """The URL has no extension: the form is the header's affair, and each form is a version of its own."""
    path = media_paths(plain)["thumbnail"]
    response = await client.get(path, headers={"accept": kind.media_type})
    assert response.headers["content-type"] == kind.media_type
    assert response.headers["vary"] == "Accept"
    assert response.content == clips[plain.id].thumbnails[kind].read_bytes()
    other = MediaKind.PNG if kind is MediaKind.JPEG else MediaKind.JPEG
    assert (await client.head(path, headers={"accept": other.media_type})).headers["etag"] != (
        response.headers["etag"]
    )


async def test_one_download_breaks_in_its_middle_and_can_be_resumed(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip]
) -> None:
    """Once only: the demo shows that nothing is lost and nothing is fetched twice."""
    path, data = media_paths(BREAKING)["video"], clips[BREAKING.id].video.read_bytes()
    held = bytearray()

    async def download() -> None:
        async with client.stream("GET", path) as response:
            etag.append(response.headers["etag"])
            async for piece in response.aiter_raw():
                held.extend(piece)

    etag: list[str] = []
    with pytest.raises(httpx.TransportError):
        await download()
    assert held == data[: len(held)]
    assert len(held) < len(data)
    rest = await client.get(path, headers={"range": f"bytes={len(held)}-", "if-range": etag[0]})
    assert rest.status_code == 206
    assert bytes(held) + rest.content == data
    assert (await client.get(path)).content == data


async def test_asking_for_the_head_does_not_use_up_the_break(client: httpx.AsyncClient) -> None:
    """A look before the download is no download."""
    path = media_paths(BREAKING)["video"]
    assert (await client.head(path)).status_code == 200
    with pytest.raises(httpx.TransportError):
        await client.get(path)


@pytest.mark.parametrize(
    "path", ["/", "/dream-machine/", "/dream-machine/../../etc/passwd", "//", "/favicon.ico"]
)
async def test_what_is_no_file_of_the_service_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    """A path is looked up, never joined to a folder."""
    assert (await client.get(path)).status_code == 404


async def test_a_file_that_went_away_ends_its_connection_and_no_other(
    client: httpx.AsyncClient, clips: Mapping[GenerationId, Clip], plain: DemoGeneration, url: str
) -> None:
    """The headers have gone out by then; what is left is to break off."""
    path = clips[plain.id].video
    aside = path.rename(path.with_suffix(".aside"))
    try:
        with pytest.raises(httpx.TransportError):
            await client.get(url)
    finally:
        aside.rename(path)
    assert (await client.get(url)).status_code == 200
