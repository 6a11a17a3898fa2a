"""The far-away line is as far and as narrow as it says, and changes nothing."""

from __future__ import annotations

import asyncio
import time

from tests.benchmarks.hosting import free_port
from tests.benchmarks.proxy import Line, far_away
from tests.simulator import Recipe, Service, make_clip

_LINE = Line(round_trip_s=0.05, rate=2e6)
_BYTES = 500_000


async def test_a_new_connection_pays_two_round_trips_and_the_rate(service: Service) -> None:
    """No sooner than that: later is the machine's own affair. And every byte arrives, in order."""
    clip = make_clip(Recipe()).padded_to(_BYTES)
    file = service.serve("g-1", clip).video
    port, upstream = free_port(), int(service.media_base.rpartition(":")[2])
    with far_away(port, upstream, _LINE):
        began_s = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {file.path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        first = await reader.readuntil(b"\r\n\r\n")
        head_s = time.monotonic() - began_s
        body = await reader.read()
        whole_s = time.monotonic() - began_s
        writer.close()
        await writer.wait_closed()
    assert first.startswith(b"HTTP/1.1 200")
    assert body == clip.video.data
    assert head_s >= 2 * _LINE.round_trip_s
    assert whole_s >= 2 * _LINE.round_trip_s + _BYTES / _LINE.rate
