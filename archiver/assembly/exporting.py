"""From an archive and options to a dataset: chooses, plans, and builds what writes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.dataset.archived import ArchiveMedia
from archiver.dataset.choosing import Chooser
from archiver.dataset.destination import foreign_names, make_destination, prepare, standing_record
from archiver.dataset.events import ExportNoticed, ExportObserver, ExportPlanned
from archiver.dataset.exporting import Export, Work
from archiver.dataset.formats.bagit import BagitLayout
from archiver.dataset.formats.folder import ImagefolderLayout, VideofolderLayout
from archiver.dataset.formats.parquet import ParquetLayout
from archiver.dataset.formats.tables import CsvLayout, JsonlLayout
from archiver.dataset.formats.video2dataset import Video2datasetLayout
from archiver.dataset.formats.webdataset import WebdatasetLayout
from archiver.dataset.media import Losses, Media
from archiver.dataset.options import Destination, ExportOptions, FormatName
from archiver.dataset.pieces import Layout
from archiver.dataset.plan import Plan
from archiver.dataset.record import DatasetRecord, fingerprint
from archiver.dataset.resumed import ResumedMedia
from archiver.dataset.stage import Stage, refuse_inside
from archiver.dataset.transforming import Transformed, describe
from archiver.domain.errors import ArchiveLockedError
from archiver.domain.naming import PARTIAL
from archiver.domain.timing import show_timestamp
from archiver.runtime.clock import Clock, SystemClock
from archiver.storage.archive import Archive
from archiver.storage.holder import Holder
from archiver.storage.lock import ArchiveLock

_LAYOUTS: dict[FormatName, Callable[[], Layout]] = {
    FormatName.WEBDATASET: WebdatasetLayout,
    FormatName.VIDEOFOLDER: VideofolderLayout,
    FormatName.IMAGEFOLDER: ImagefolderLayout,
    FormatName.PARQUET: ParquetLayout,
    FormatName.CSV: CsvLayout,
    FormatName.JSONL: JsonlLayout,
    FormatName.VIDEO2DATASET: Video2datasetLayout,
    FormatName.BAGIT: BagitLayout,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export came to; `is_unchanged` where the same dataset was there already."""

    record: DatasetRecord
    lost: int
    is_unchanged: bool = False

    @property
    def exit_code(self) -> int:
        """0, or 3 where something that was wanted is not in it."""
        return 3 if self.lost else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Which archive, what of it, whereto; `again` is the record of an earlier export that is made again."""

    archive: Path
    options: ExportOptions
    destination: Destination
    again: DatasetRecord | None = None

    @property
    def ids(self) -> frozenset[str] | None:
        """Exactly which generations, where that is known."""
        return self.again.all_ids if self.again else None


def export(request: ExportRequest, observer: ExportObserver, clock: Clock | None = None) -> Exported:
    """Write a dataset. Raises `UsageError`, `ArchiveError`, `ArchiveLockedError`, `UnloadableError`.

    The archive is read and never written, and no lock of it is taken: what a run commits meanwhile is there
    or not, each generation whole.
    """
    clock = clock or SystemClock()
    archive = Archive.open(request.archive, writable=False)
    root = request.destination.path.absolute()
    refuse_inside(archive.root, root)
    losses = Losses(observer)
    chooser = Chooser(archive=archive, losses=losses, observer=observer, now=clock.now())
    planned = chooser.choose(request.options, request.ids)
    transform = describe(request.options.transform)
    original = ArchiveMedia(planned.plan, losses, observer)
    with _holding(root, clock), _transformed(original, planned.plan, root) as media:
        work = Work(
            plan=planned.plan,
            layout=_LAYOUTS[request.options.format](),
            media=media,
            losses=losses,
            observer=observer,
            fingerprint=fingerprint(planned.plan, transform),
            transform=transform,
        )
        standing = prepare(request.destination, work.fingerprint)
        if standing:
            _tell_left_out(planned.plan, standing, losses)
            return Exported(record=standing, lost=len(losses), is_unchanged=True)
        record = _written(work, root)
    if request.again and (notice := _difference(request.again, record)):
        observer(ExportNoticed(notice))
    return Exported(record=record, lost=len(losses))


def _difference(before: DatasetRecord, now: DatasetRecord) -> str | None:
    """Return in words how a dataset that was made again differs from what its record says, or None."""
    found = {file.path: file.sha256 for file in now.files}
    wanted = {file.path: file.sha256 for file in before.files}
    other = sorted(path for path in found.keys() | wanted.keys() if found.get(path) != wanted.get(path))
    if not other:
        return None
    count = "1 file differs" if len(other) == 1 else f"{len(other)} files differ"
    return (
        f"not what the record says, for the archive or a program has changed: {count}, the first {other[0]}"
    )


def _tell_left_out(plan: Plan, standing: DatasetRecord, losses: Losses) -> None:
    """Tell what a dataset lacks that would be in it now, if its clips are whole again."""
    there = standing.all_ids
    for samples in plan.samples.values():
        for sample in samples:
            if sample.example.id not in there:
                losses.add(sample.example.id, "damaged when the dataset was made: --overwrite makes it anew")


def _transformed(media: Media, plan: Plan, root: Path) -> AbstractContextManager[Media]:
    """Return what gives the samples' files, changed where that is asked for."""
    if plan.options.transform.is_none:
        return nullcontext(media)
    upcoming = [sample for samples in plan.samples.values() for sample in samples]
    return Transformed(media, plan.options.transform, root / PARTIAL / "transformed", upcoming)


@contextmanager
def _holding(root: Path, clock: Clock) -> Iterator[None]:
    """Hold DEST against another export. Raises `ArchiveLockedError`, `ArchiveError`."""
    make_destination(root)
    holder = Holder.of_this_process(since=show_timestamp(clock.now()), command="export")
    with ExitStack() as stack:
        try:
            stack.enter_context(ArchiveLock.try_acquire(root, holder))
        except ArchiveLockedError as error:
            msg = f"another export writes to {root}: wait for it to end, or choose another folder"
            raise ArchiveLockedError(msg) from error
        yield


def _written(work: Work, root: Path) -> DatasetRecord:
    stage = Stage(root, work.fingerprint)
    before = foreign_names(root, standing_record(root))
    work.observer(ExportPlanned(work.plan.count))
    if work.transform:
        work = replace(work, media=ResumedMedia(work.media, stage, work.plan))
    record = Export(work, stage).run()
    # What has a name of the dataset's was replaced by it.
    strange = sorted(set(before) & set(foreign_names(root, record)))
    if strange:
        names = ", ".join(strange[:3]) + (" …" if strange[3:] else "")
        work.observer(ExportNoticed(f"no export wrote {names} in {root}: a loader may take it for data"))
    return record
