"""The most that archiving one generation may ask for: what it takes today and a little room.

Whoever makes it take less lowers the ceiling here, so that nobody raises it unawares. A generation has a
video of 2 MB, which is both `video` and `video_raw`, a thumbnail and a last frame. Of what a run does but
once, a fortieth is counted in. A reason ends with the number that was found.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """At most so many for each generation; `exactly` allows no fewer either."""

    most: float
    reason: str
    exactly: bool = False

    def admits(self, count: float) -> bool:
        """Tell whether a count is within it."""
        return count == self.most if self.exactly else count <= self.most


CEILINGS = {
    "questions to the API": Ceiling(most=1, exactly=True, reason="one answer says everything"),
    "requests for media": Ceiling(most=3, exactly=True, reason="one for each file, none for `video_raw`"),
    "connections": Ceiling(
        most=0.8, reason="sixteen to the media host and sixteen to the API, for all forty"
    ),
    "opens": Ceiling(most=37, reason="a commit opens each folder once, by descriptor; 36.1"),
    "calls that name a file": Ceiling(most=78, reason="the opens, and a look at what is opened; 75.9"),
    "folders made": Ceiling(most=2.6, reason="in `.partial`, in `generations`; some races are lost; 2.3"),
    "writes": Ceiling(
        most=9, reason="the video's in four, the other files, journal, sidecar; index by batch; 8.6"
    ),
    "bytes beyond the media's own": Ceiling(most=12_000, reason="a sidecar of 8 kB, journal, index; 11,291"),
    "syncs": Ceiling(most=7.8, reason="three files, the sidecar, their folder twice, one above it; 7.35"),
    "renames": Ceiling(most=5.2, reason="three files, the sidecar, the journal of what is over 512 KiB; 5"),
    "links": Ceiling(most=1.1, reason="`video_raw`; 1.03"),
    "removals": Ceiling(most=4.6, reason="the folder in `.partial`, the journal; 4.3"),
}
