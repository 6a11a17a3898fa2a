"""The list of what is owed, kept in step with what comes of each generation."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime

import msgspec

from archiver.batch.intake import Admitted
from archiver.batch.runner import Archiving
from archiver.domain.events import GenerationPlanned
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.owed import Owed, Reason, owed_after
from archiver.pipeline.item import Item
from archiver.runtime.clock import Clock
from archiver.runtime.threads import run_in_thread
from archiver.storage.owed import OwedList


class Owing:
    """Archives through another, and notes what is still owed then.

    Columns and answers that were noted are not lost: a batch may list the bare id.
    """

    def __init__(self, archiver: Archiving, owed: OwedList, clock: Clock) -> None:
        self._archiver = archiver
        self._owed = owed
        self._clock = clock

    async def archive(self, item: Item) -> GenerationResult | GenerationPlanned:
        """Do what can be done now for one generation. Raises `RunError` alone."""
        standing = None if self._owed.is_empty else await run_in_thread(self._owed.get, item.id)
        if standing:
            item = replace(
                item,
                row=item.row or standing.row,
                saved_answer=item.saved_answer or standing.saved_answer,
            )
        result = await self._archiver.archive(item)
        if isinstance(result, GenerationResult):
            await self._note(item, result, standing)
        return result

    async def _note(self, item: Item, result: GenerationResult, standing: Owed | None) -> None:
        now = self._clock.now()
        entry = owed_after(result, standing, now, row=item.row)
        if entry and item.is_narrow:
            entry = msgspec.structs.replace(entry, is_narrow=True)
        if entry is None:
            if standing:
                await run_in_thread(self._owed.settle, [item.id])
        elif not _is_known(standing, entry, now):
            await run_in_thread(self._owed.put, [entry])


def _is_known(standing: Owed | None, entry: Owed, now: datetime) -> bool:
    """Tell whether this is one question of many in one wait: the list need not know of each."""
    if standing is None or now >= standing.next_try:
        return standing == entry
    return standing.reason is entry.reason is Reason.PENDING and standing.row == entry.row


async def settling(
    admitted: AsyncGenerator[list[Admitted], None], owed: OwedList
) -> AsyncGenerator[list[Admitted], None]:
    """Pass on what is admitted; what turns out to be archived already is owed no more.

    A run may be killed between a commit and the line that says so.
    """
    async with aclosing(admitted):
        async for chunk in admitted:
            results = (entry for entry in chunk if isinstance(entry, GenerationResult))
            final = [result.id for result in results if result.outcome is Outcome.UNCHANGED]
            await run_in_thread(owed.settle, final)
            yield chunk
