"""Changed files that an earlier run has staged already: not made again to learn what they are."""

from __future__ import annotations

from collections import defaultdict
from typing import BinaryIO

from archiver.dataset.journal import Held
from archiver.dataset.media import LostSampleError, Media, MediaFile
from archiver.dataset.plan import Plan, Sample
from archiver.dataset.stage import Stage
from archiver.domain.identity import AssetName

_MADE_CLIP, _MADE_STILL = "mp4", "jpg"


class ResumedMedia:
    """Implements `Media` around one that changes clips, for layouts whose files are samples' own.

    Such a file is called `KEY.FIELD.EXTENSION`, or `KEY.EXTENSION` where it is the sample's first; a key has
    no dot.
    """

    def __init__(self, media: Media, stage: Stage, plan: Plan) -> None:
        self._media = media
        self._stage = stage
        self._plan = plan
        self._staged: defaultdict[str, dict[str, Held]] = defaultdict(dict)
        for held in stage.all_held():
            key, _, rest = held.path.rpartition("/")[2].partition(".")
            self._staged[key][rest] = held

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return a sample's files: as they are staged where all of them are, else changed now."""
        staged = self._staged_files(sample)
        if staged is None:
            return self._media.files(sample)
        self._media.pass_by(sample)
        return staged

    def pass_by(self, sample: Sample) -> None:
        """Take note that a sample is dealt with, of which no files are asked for."""
        self._media.pass_by(sample)

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Take note that a sample is left out."""
        self._media.lose(sample, error)

    def is_lost(self, sample: Sample) -> bool:
        """Tell whether a sample was left out."""
        return self._media.is_lost(sample)

    def _staged_files(self, sample: Sample) -> tuple[MediaFile, ...] | None:
        staged = self._staged.get(sample.key)
        if staged is None:
            return None
        found = []
        for number, (field, extension) in enumerate(_outline(self._plan, sample)):
            held = staged.get(f"{field}.{extension}") or (staged.get(extension) if number == 0 else None)
            if held is None or self._stage.held(held.path) is None:
                return None
            found.append(self._file(field, extension, held))
        return tuple(found)

    def _file(self, field: str, extension: str, held: Held) -> MediaFile:
        return MediaFile(
            field=field,
            extension=extension,
            size=held.bytes,
            sha256=held.sha256,
            path=self._stage.files / held.path,
            opened=_never_opened,
        )


def _outline(plan: Plan, sample: Sample) -> list[tuple[str, str]]:
    """Return the fields and extensions of what a sample's files become, in their order."""
    example, transform = sample.example, plan.options.transform
    videos = [name for name in plan.assets if name.is_video and name in example.assets]
    if AssetName.VIDEO in plan.assets and AssetName.VIDEO not in videos and example.video:
        videos.insert(0, AssetName.VIDEO)
    pictures = [name for name in plan.assets if not name.is_video and name in example.assets]
    made = [(name.value, _MADE_CLIP) for name in videos]
    if transform.frames is not None:
        count = transform.frames if videos else 0
        made = [(f"frame_{number:03d}", _MADE_STILL) for number in range(count)]
    return [*made, *((name.value, example.assets[name].extension) for name in pictures)]


def _never_opened() -> BinaryIO:
    msg = "it is staged already"
    raise LostSampleError(msg)
