"""What the bundled service offers: the same generations on every machine and in every run.

Everything about a generation follows from its number alone, so that a second demo finds the first one's
archive unchanged, whatever `count` either was given. Of every ten:

    1  has a watermarked `video` beside the clean `video_raw`; elsewhere both are one file
    2  is pending when first asked for, then processing, then completed
    3  breaks off in the middle of its first download
    9  failed at the service
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from archiver.domain.identity import GenerationId, parse_id

# `.invalid` never resolves (RFC 2606 §2): the name names, nothing more.
_ID_BASE = "https://luma-archiver.invalid/demo/"

_PROMPTS = (
    "warm and cold light flowing through one another, slow camera",
    "an endless coastline seen from above, zooming in",
    "a colony of tiny lights growing on coral sand, macro shot",
    "northern lights turning over a summer meadow, film grain",
    "a paper fan opening in the evening sun, film grain",
    "a television test card coming to life",
    "lightning branching through violet fog, zooming in",
    "a woven carpet unrolling itself, thread by thread",
    "flying over a city of nested squares at dusk",
    "a famous actor dancing in the rain",
)
_MOMENTS = (
    datetime(2024, 6, 20, 6, 2, 26, 278_000, tzinfo=UTC),
    datetime(2024, 6, 29, 17, 45, 3, 901_000, tzinfo=UTC),
    datetime(2024, 7, 14, 21, 8, 55, 12_000, tzinfo=UTC),
    datetime(2024, 8, 2, 9, 31, 17, 640_000, tzinfo=UTC),
    datetime(2024, 8, 25, 12, 0, 41, 333_000, tzinfo=UTC),
    datetime(2024, 9, 8, 4, 57, 29, 705_000, tzinfo=UTC),
    datetime(2024, 10, 11, 19, 22, 8, 450_000, tzinfo=UTC),
    datetime(2024, 11, 3, 15, 14, 36, 87_000, tzinfo=UTC),
    # An hour before a month's end: the archive's folder is chosen by UTC, not by the local clock.
    datetime(2024, 11, 30, 23, 5, 0, 999_000, tzinfo=UTC),
    datetime(2024, 12, 22, 13, 38, 40, 139_000, tzinfo=UTC),
)
_PERIOD = len(_PROMPTS)
_WATERMARKED, _SLOW, _BREAKING, _FAILED = 1, 2, 3, 9


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoGeneration:
    """One generation of the bundled service, and how the service behaves about it."""

    number: int
    id: GenerationId
    prompt: str
    created_at: datetime
    failure_reason: str | None = None
    is_watermarked: bool = False
    """True where `video` is another file than `video_raw`."""
    is_slow: bool = False
    """True where the first answers are pending and processing."""
    breaks_once: bool = False
    """True where the first download of the video is cut in its middle."""


def plan_demo(count: int = 10) -> tuple[DemoGeneration, ...]:
    """Return the first `count` generations: nine completed, the tenth failed, and so on."""
    return tuple(_generation(number) for number in range(count))


def _generation(number: int) -> DemoGeneration:
    turn, role = divmod(number, _PERIOD)
    return DemoGeneration(
        number=number,
        id=parse_id(str(uuid5(NAMESPACE_URL, f"{_ID_BASE}{number}"))),
        prompt=_PROMPTS[role] + (f", take {turn + 1}" if turn else ""),
        created_at=_MOMENTS[role] + timedelta(minutes=turn),
        failure_reason="the prompt was refused by moderation" if role == _FAILED else None,
        is_watermarked=role == _WATERMARKED,
        is_slow=role == _SLOW,
        breaks_once=role == _BREAKING,
    )
