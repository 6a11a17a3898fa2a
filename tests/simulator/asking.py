"""A client for the simulator's own tests: httpx, and a plain socket where nothing may be tidied up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.simulator.api import API_KEY

API_HEADERS = {
    "authorization": f"Bearer {API_KEY}",
    "accept": "application/json",
    "content-type": "application/json",
}


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Return a client that follows nothing and takes nothing from the environment."""
    async with httpx.AsyncClient(trust_env=False, headers={"accept-encoding": "identity"}) as opened:
        yield opened


async def get(url: str, **headers: str) -> httpx.Response:
    """Ask for a URL on a connection of its own; `_` in a header's name stands for `-`."""
    async with client() as opened:
        return await opened.get(url, headers={name.replace("_", "-"): text for name, text in headers.items()})


async def ask_api(base: str, generation_id: str) -> httpx.Response:
    """Ask the API for a generation as the page says it is done."""
    async with client() as opened:
        return await opened.get(f"{base}/luma/generations/{generation_id}", headers=API_HEADERS)


async def raw_bytes(url: str) -> tuple[bytes, bool]:
    """Return all bytes that come for a GET, head and body, and whether a reset ended them."""
    parsed = httpx.URL(url)
    reader, writer = await asyncio.open_connection(parsed.host, parsed.port)
    try:
        writer.write(f"GET {parsed.raw_path.decode()} HTTP/1.1\r\nHost: simulated\r\n".encode())
        writer.write(b"Connection: close\r\n\r\n")
        return await _until_the_end(reader)
    finally:
        writer.transport.abort()


async def _until_the_end(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    received = bytearray()
    try:
        while piece := await reader.read(65_536):
            received += piece
    except ConnectionResetError:
        return bytes(received), True
    return bytes(received), False
