"""`import`: a run whose files are on this machine already; only answers that are not there are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from archiver.assembly.opened import Opened, open_run
from archiver.assembly.options import Options
from archiver.assembly.parts import build_runner, build_spending
from archiver.assembly.recording import Conditions, run_recorded
from archiver.assembly.stores import Stores
from archiver.batch.adoption.adopting import Adopting
from archiver.batch.adoption.search import Finds, Lost, search
from archiver.batch.intake import Intake, Selection
from archiver.batch.manifest import ManifestRow
from archiver.domain.errors import SidecarError
from archiver.domain.events import Noticed, Observer
from archiver.domain.identity import GenerationId, parse_id
from archiver.domain.outcome import RunReport
from archiver.pipeline.doors import FetchOptions
from archiver.runtime.clock import Clock
from archiver.runtime.stopping import Stop
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive


async def import_folders(
    folders: Sequence[Path],
    options: Options,
    observer: Observer,
    stop: Stop | None = None,
    clock: Clock | None = None,
) -> RunReport:
    """Take in the files of these folders, which stay where they are."""
    conditions = Conditions.of(observer, stop, clock)

    async def work(archive: Archive) -> RunReport:
        async with open_run(archive, options, conditions) as opened:
            finds = await run_in_thread(_search, folders, opened.stores)
            _tell_of_strays(finds, observer)
            return await _take_in(finds, opened, conditions)

    return await run_recorded("import", options, work, conditions)


def _search(folders: Sequence[Path], stores: Stores) -> Finds:
    return search(
        folders,
        archive=stores.archive.root,
        is_known=lambda found: stores.index.get(found) is not None or stores.owed.get(found) is not None,
        lost=lambda: _lost(stores.archive),
    )


def _lost(archive: Archive) -> Lost:
    """Return what sidecars record and what is not there, by size."""
    lost: Lost = {}
    for folder, _ in archive.folders():
        try:
            survey = archive.survey(folder)
        except SidecarError:
            continue
        for name, record in survey.sidecar.assets.items() if survey else ():
            if survey and name not in survey.present and record.size is not None and record.sha256:
                lost[record.size, record.sha256] = (parse_id(survey.sidecar.id), name)
    return lost


def _tell_of_strays(finds: Finds, observer: Observer) -> None:
    if finds.strays:
        count, first = len(finds.strays), finds.strays[0]
        observer(Noticed(f"{count} media files belong to nothing that is known, the first: {first}"))


def _rows(finds: Finds, stores: Stores) -> Iterator[ManifestRow]:
    for generation_id in finds.files:
        owed = stores.owed.get(generation_id)
        answer = finds.answers.get(generation_id) or _recorded_answer(generation_id, stores)
        row = owed.row if owed else {}
        yield ManifestRow(id=generation_id, row=row, saved_answer=answer)


def _recorded_answer(generation_id: GenerationId, stores: Stores) -> bytes | None:
    entry = stores.index.get(generation_id)
    try:
        sidecar = stores.archive.read_sidecar(entry.folder) if entry else None
    except SidecarError:
        return None
    return bytes(sidecar.response) if sidecar else None


async def _take_in(finds: Finds, opened: Opened, conditions: Conditions) -> RunReport:
    options, stores, clock = opened.options, opened.stores, conditions.clock
    spending = build_spending(options, stores.archive, conditions)
    adopting = Adopting(
        doors=opened.doors(spending, clock),
        options=FetchOptions(max_asset_size=options.max_asset_size, verify=True, deep=options.deep),
        wanted=options.assets,
        files=finds.files,
        owed=stores.owed,
        is_dry_run=options.dry_run,
    )
    runner = build_runner(adopting, opened, spending, conditions)
    selection = Selection(assets=options.assets, retry_mismatched=options.retry_mismatched)
    intake = Intake(stores.archive, stores.index, stores.seen, selection)
    return await runner.run(intake.admit(_rows(finds, stores)), conditions.stop)
