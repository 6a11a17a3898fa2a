"""What the tests of shards share: an export as the program does it, and the libraries that load it."""

from __future__ import annotations

import gc
import json
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from archiver.dataset.archived import ArchiveMedia
from archiver.dataset.destination import make_destination, prepare
from archiver.dataset.events import ExportEvent
from archiver.dataset.example import example_of
from archiver.dataset.exporting import Export, Work
from archiver.dataset.media import Losses, Media
from archiver.dataset.options import Destination, ExportOptions, FormatName, LayoutOptions, TransformOptions
from archiver.dataset.pieces import Layout
from archiver.dataset.plan import Plan
from archiver.dataset.planning import plan_export
from archiver.dataset.record import DatasetRecord, fingerprint
from archiver.dataset.sources import columns_of
from archiver.dataset.stage import Stage
from archiver.domain.sidecar import Sidecar
from archiver.storage.archive import Archive

Loaded = dict[str, dict[str, Any]]
"""Samples by the id in their JSON."""


def plan_of(
    archive: Path,
    format_name: FormatName = FormatName.WEBDATASET,
    *,
    transform: TransformOptions = TransformOptions(),  # noqa: B008 - frozen
    **layout: Any,  # noqa: ANN401 - any field of the layout's options
) -> Plan:
    """Return the plan of all that is in an archive."""
    found = Archive.open(archive, writable=False).sidecars()
    examples = [example_of(sidecar, folder) for folder, sidecar in found if isinstance(sidecar, Sidecar)]
    options = ExportOptions(format=format_name, layout=LayoutOptions(**layout), transform=transform)
    return plan_export(archive, options, examples, columns_of(examples)).plan


def export(
    layout: Layout, plan: Plan, dest: Path, media: Callable[[Media], Media] = lambda media: media
) -> tuple[DatasetRecord, list[str]]:
    """Write a dataset; return its record, and why samples were lost. Its lint is silent, or it raises."""
    events: list[ExportEvent] = []
    losses = Losses(events.append)
    work = Work(
        plan=plan,
        layout=layout,
        media=media(ArchiveMedia(plan, losses, events.append)),
        losses=losses,
        observer=events.append,
        fingerprint=fingerprint(plan, {}),
        transform={},
    )
    make_destination(dest)
    prepare(Destination(path=dest), work.fingerprint)
    record = Export(work, Stage(dest, work.fingerprint)).run()
    samples = [sample for samples in plan.samples.values() for sample in samples]
    return record, list(losses.among(samples).values())


def by_webdataset(paths: Iterable[Path]) -> Loaded:
    """Load shards by `webdataset`: bytes as they are."""
    import webdataset  # noqa: PLC0415 - takes a second to import

    with _leaving_files_open():
        dataset = webdataset.WebDataset([str(path) for path in paths], shardshuffle=False, empty_check=False)
        return _by_id(dataset, lambda sample: json.loads(sample["json"]))


def by_datasets(paths: Mapping[str, list[Path]], cache: Path, *, streaming: bool) -> dict[str, Loaded]:
    """Load shards by `datasets`, by split: media as paths and bytes; to decode takes torchcodec."""
    # It would tell its hub of every load (datasets 5.2.0, load.py: `increase_load_count`).
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import datasets  # noqa: PLC0415 - takes two seconds to import, and reads its settings then

    datasets.disable_progress_bars()
    files = {split: [str(path) for path in found] for split, found in paths.items()}
    with _leaving_files_open():
        found = datasets.load_dataset(
            "webdataset", data_files=files, cache_dir=str(cache), streaming=streaming
        )
        return {
            split: _by_id(_undecoded(rows, datasets), lambda row: row["json"])
            for split, rows in found.items()
        }


def folder_by_datasets(folder: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """Load a folder as a newcomer does, by `load_dataset(folder)`; return the rows of each split."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    import datasets  # noqa: PLC0415 - takes two seconds to import, and reads its settings then

    datasets.disable_progress_bars()
    with _leaving_files_open():
        found = datasets.load_dataset(str(folder), cache_dir=str(folder.parent / "cache"))
        return [(split, list(_undecoded(rows, datasets))) for split, rows in found.items()]


@contextmanager
def _leaving_files_open() -> Iterator[None]:
    """Let a library leave shards to the garbage collector: webdataset 1.0.2 and datasets 5.2.0 both do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        yield
        gc.collect()


def _undecoded(rows: Any, library: Any) -> Iterable[Any]:  # noqa: ANN401 - a library without types
    for name, feature in rows.features.items():
        if isinstance(feature, library.Video | library.Image):
            rows = rows.cast_column(name, type(feature)(decode=False))
    return list(rows)


def _by_id(samples: Iterable[dict[str, Any]], known: Callable[[dict[str, Any]], Any]) -> Loaded:
    found = list(samples)
    by_id = {known(sample)["id"]: sample for sample in found}
    assert len(by_id) == len(found)
    return by_id
