"""The files of samples as the archive has them."""

from __future__ import annotations

from dataclasses import replace

from archiver.dataset.events import ExportObserver, SampleTaken
from archiver.dataset.media import Losses, LostSampleError, MediaFile
from archiver.dataset.originals import original_files
from archiver.dataset.plan import Plan, Sample
from archiver.domain.identity import AssetName


class ArchiveMedia:
    """Implements `Media`; whoever watches is told of every sample whose files are asked for."""

    def __init__(self, plan: Plan, losses: Losses, observer: ExportObserver) -> None:
        self._plan = plan
        self._losses = losses
        self._observer = observer

    def files(self, sample: Sample) -> tuple[MediaFile, ...]:
        """Return those that the plan wants and that there are. Raises `LostSampleError`."""
        self.pass_by(sample)
        example, root = sample.example, self._plan.root
        names = [name for name in self._plan.assets if name in example.assets]
        files = original_files(root, example, names)
        if AssetName.VIDEO not in self._plan.assets or AssetName.VIDEO in names:
            return files
        clips = original_files(root, example, [AssetName.VIDEO_RAW] if example.video else [])
        return (*(replace(clip, field=AssetName.VIDEO.value) for clip in clips), *files)

    def pass_by(self, sample: Sample) -> None:
        """Tell of a sample that is dealt with."""
        self._observer(SampleTaken(sample.example.id))

    def lose(self, sample: Sample, error: LostSampleError) -> None:
        """Take note that a sample is left out."""
        self._losses.add(sample.example.id, error.message)

    def is_lost(self, sample: Sample) -> bool:
        """Tell whether a sample was left out."""
        return sample.example.id in self._losses
