"""How many assets one host has in flight, once it has pushed back. Until then it has no limit of its own.

1. A host pushes back where it serves some and refuses others, by 429, 503 or no connection, and where it
   breaks off a good part of its answers. One that refuses everybody is a matter of `domain.courtesy`.
2. Its limit then goes back to what the host is known to bear; where nothing is known, or that is refused,
   to as many as it serves, but down by a quarter at least and a half at most. What was asked for before
   that, and is refused after it, says nothing new.
3. A limit that holds for a while under load is raised: by half as long as no refusal is known above it,
   else by one. Where that is refused, the next try comes after twice the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FLOOR = 1
_LEAST, _MOST, _GROWTH = 0.5, 0.75, 0.5
# Longer than a round trip: a refusal is heard before the next try. In the end one a minute is in vain.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
# Connections break singly everywhere: a quarter of a crowd within this time is a host's doing.
_CROWD, _BROKEN_SHARE, _BROKEN_WITHIN_S = 4, 4, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """The requests to one host: how many are under way, and how many of them it serves already."""

    in_flight: int
    served: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLimit:
    """What one host bears, as far as is known; moments are seconds on a monotonic clock."""

    limit: int | None = None
    """None for no limit of its own."""
    borne: int = 0
    """What it bore for a while."""
    refused_at: int | None = None
    """The lowest limit above `borne` that was refused."""
    changed_s: float = float("-inf")
    pause_s: float = _FIRST_PAUSE_S
    """How long the limit is left alone before it is raised."""
    broken: int = 0
    broken_since_s: float = float("-inf")

    def refused(self, began_s: float, now_s: float, crowd: Crowd) -> HostLimit:
        """Return what is known after a refusal of what began at `began_s`, one of the crowd."""
        if began_s <= self.changed_s or not crowd.served:
            return self
        return self._lowered(now_s, crowd)

    def broke(self, began_s: float, now_s: float, crowd: Crowd) -> HostLimit:
        """Return what is known after an answer broke off, one of the crowd's."""
        if began_s <= self.changed_s or crowd.in_flight <= _CROWD:
            return self
        is_late = now_s - self.broken_since_s > _BROKEN_WITHIN_S
        since_s, broken = (now_s, 1) if is_late else (self.broken_since_s, self.broken + 1)
        if broken * _BROKEN_SHARE <= crowd.in_flight:
            return replace(self, broken=broken, broken_since_s=since_s)
        return replace(self._lowered(now_s, crowd), broken=0)

    def bore(self, now_s: float, most: int) -> HostLimit:
        """Return what is known after a good answer while others waited for the limit.

        Raised to `most`, the limit is none any more.
        """
        if self.limit is None or now_s - self.changed_s < self.pause_s:
            return self
        borne, refused_at = self.limit, self.refused_at
        if refused_at is not None and borne >= refused_at:
            refused_at = None
        raised = borne + max(1, int(borne * _GROWTH))
        if refused_at is not None and raised >= refused_at:
            raised = borne + 1
        pause_s = self.pause_s if self.refused_at == refused_at else _FIRST_PAUSE_S
        return replace(
            self,
            limit=raised if raised < most else None,
            borne=borne,
            refused_at=refused_at,
            changed_s=now_s,
            pause_s=pause_s,
        )

    def _lowered(self, now_s: float, crowd: Crowd) -> HostLimit:
        level = crowd.in_flight if self.limit is None else min(crowd.in_flight, self.limit)
        if level <= FLOOR:
            return self
        if FLOOR <= self.borne < level:
            pause_s = min(_LONGEST_PAUSE_S, 2 * self.pause_s)
            return replace(self, limit=self.borne, refused_at=level, changed_s=now_s, pause_s=pause_s)
        lowered = max(FLOOR, int(level * _LEAST), min(crowd.served, int(level * _MOST)))
        return HostLimit(limit=lowered, refused_at=level, changed_s=now_s)
