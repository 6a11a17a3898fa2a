"""A program that uses the Python API may cancel what it awaits, as `asyncio.timeout` does."""

from __future__ import annotations

import asyncio
from pathlib import Path

from archiver.assembly.session import archive_ids
from archiver.domain.events import BytesReceived, Event
from tests.runs.running import look, options_for, run_ids
from tests.simulator import Service
from tests.simulator.faults import SlowBody


async def test_nothing_goes_on_in_the_archive_when_the_call_has_ended(
    service: Service, archive: Path
) -> None:
    """The lock is given back with it: whoever comes next must find nobody at work."""
    ids = [f"g-{number}" for number in range(8)]
    for generation_id in ids:
        service.serve(generation_id, faults=[SlowBody(20_000)])
    flowing = asyncio.Event()

    def watch(event: Event) -> None:
        if isinstance(event, BytesReceived):
            flowing.set()

    others = asyncio.all_tasks()
    call = asyncio.create_task(archive_ids(ids, options_for(service, archive), watch))
    await flowing.wait()
    call.cancel()
    await asyncio.wait({call})
    assert call.cancelled()
    assert not (archive / ".lock").exists()
    left = {str(task.get_coro()) for task in asyncio.all_tasks() - others if not task.done()}
    assert [task for task in left if "archiver" in task or "_see_through" in task] == []
    run = await run_ids(options_for(service, archive), *ids)
    assert run.report.exit_code == 0
    assert all(look(archive, generation_id) for generation_id in ids)
