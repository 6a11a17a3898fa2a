"""Which generations an audit looks at. All of this blocks."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archiver.batch.audit.examining import Target
from archiver.domain.identity import GenerationId
from archiver.storage.archive import Archive
from archiver.storage.audits import AuditHistory
from archiver.storage.index import Index


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is asked for: these ids; or a part of all; or what was not found whole lately; or everything.

    `sample` is a fraction; it takes those whose last look is longest ago, so that samples come round to all.
    `anew` begins again where the last audit of everything was broken off.
    """

    ids: tuple[GenerationId, ...] = ()
    sample: float | None = None
    older_than_s: float | None = None
    anew: bool = False

    @property
    def is_everything(self) -> bool:
        """True where nothing was left out."""
        return not self.ids and self.sample is None and self.older_than_s is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selecting:
    """The places that know of generations. Every method raises `ArchiveError`."""

    archive: Archive
    index: Index
    history: AuditHistory

    def targets(self, scope: Scope, since: datetime) -> Iterator[Target]:
        """Give what is to be looked at; of everything, what was not found whole since `since`."""
        if scope.ids:
            return map(self._target, scope.ids)
        if scope.sample is not None:
            return iter(self._sample(scope.sample))
        return self._not_since(since)

    def since(self, scope: Scope, now: datetime) -> datetime:
        """Return from when on a look counts: as asked for, or since the audit that was broken off began."""
        if scope.older_than_s is not None:
            return now - timedelta(seconds=scope.older_than_s)
        return self.history.begin(now, anew=scope.anew) if scope.is_everything else now

    def _target(self, generation_id: GenerationId) -> Target:
        entry = self.index.get(generation_id)
        return Target(generation_id, entry.folder if entry else None)

    def _not_since(self, since: datetime) -> Iterator[Target]:
        since_s = since.timestamp()
        return (target for target in self._all() if self.history.last_s(target.folder or "") < since_s)

    def _sample(self, fraction: float) -> Sequence[Target]:
        targets = list(self._all())
        count = math.ceil(len(targets) * fraction)
        return heapq.nsmallest(count, targets, key=lambda target: self.history.last_s(target.folder or ""))

    def _all(self) -> Iterator[Target]:
        """Give what is on disk, then what the index knows and the disk does not."""
        for folder, _ in self.archive.folders():
            yield Target(GenerationId(folder.rpartition("/")[2]), folder)
        for folder in self.index.gone():
            yield Target(GenerationId(folder.rpartition("/")[2]), folder)
