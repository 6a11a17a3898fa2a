"""Threads that wait for a worker do not wait for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from archiver.pipeline.inspector import Inspector, InspectorFromThreads
from archiver.storage.gate import GateShutError


class _Patient(Inspector):
    """One whose workers take for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.is_cancelled = False

    async def find_decode_error(self, path: Path) -> str | None:
        """Never answer."""
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.is_cancelled = True
            raise
        return str(path)


async def test_shutting_it_ends_the_wait_and_the_question() -> None:
    """A film may take minutes to decode, and Ctrl-C is now."""
    patient = _Patient()
    inspector = InspectorFromThreads(patient, asyncio.get_running_loop())
    waiting = asyncio.create_task(asyncio.to_thread(inspector.find_decode_error, Path("film.mp4")))
    await patient.asked.wait()
    inspector.shut()
    with pytest.raises(GateShutError):
        await waiting
    assert patient.is_cancelled
    with pytest.raises(GateShutError):
        await asyncio.to_thread(inspector.inspect, Path("film.mp4"))
