"""What an audit found damaged or missing, fetched again and told anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import replace

from archiver.batch.audit.examining import Examination
from archiver.batch.intake import Admitted
from archiver.batch.runner import Archiving
from archiver.domain.audit import AuditStatus, AuditTally, Finding
from archiver.domain.errors import ErrorRecord, SidecarError
from archiver.domain.events import AssetAudited, GenerationPlanned, Observer
from archiver.domain.identity import AssetName, GenerationId
from archiver.domain.naming import DAMAGED_SIDECAR, SIDECAR
from archiver.domain.outcome import GenerationResult, Outcome
from archiver.domain.sidecar import AssetRecord, AssetStatus
from archiver.pipeline.item import HeldGeneration, Item
from archiver.runtime.threads import run_in_thread
from archiver.storage.archive import Archive
from archiver.storage.entries import offered_by
from archiver.storage.store import Survey


class Repairing:
    """Repairs through another; tells of each asset what became of it, and counts it in the audit's tally.

    Damaged bytes keep their name until whole ones take it, in one step; a damaged sidecar is kept for good,
    as `sidecar.damaged.json`: columns of a manifest may be read in it.
    """

    def __init__(
        self,
        archiver: Archiving,
        archive: Archive,
        tally: AuditTally,
        *,
        observer: Observer,
        is_dry: bool = False,
    ) -> None:
        self._archiver = archiver
        self._archive = archive
        self._tally = tally
        self._observer = observer
        self._is_dry = is_dry
        self._examinations: dict[GenerationId, Examination] = {}

    async def items(
        self, found: AsyncGenerator[list[Examination], None]
    ) -> AsyncGenerator[list[Admitted], None]:
        """Yield what there is to repair."""
        async with aclosing(found):
            async for examinations in found:
                yield list(self._items(examinations))

    async def archive(self, item: Item) -> GenerationResult | GenerationPlanned:
        """Repair one generation. Raises `RunError` alone."""
        trouble = self._examinations[item.id].trouble
        is_unreadable = any(finding.error and finding.error.kind == SidecarError.kind for finding in trouble)
        if (folder := item.held.folder) and is_unreadable and not self._is_dry:
            await run_in_thread(self._archive.keep_copy, folder, SIDECAR, DAMAGED_SIDECAR)
            standing = await run_in_thread(_standing, self._archive, folder)
            item = replace(item, held=replace(item.held, lost={**item.held.lost, **standing}))
        result = await self._archiver.archive(item)
        if isinstance(result, GenerationResult) and result.outcome is not Outcome.PENDING:
            self._tell(result)
        return result

    def _items(self, examinations: list[Examination]) -> Iterator[Item]:
        for examination in examinations:
            if examination.trouble:
                self._examinations[examination.target.id] = examination
                yield _item(examination)

    def _tell(self, result: GenerationResult) -> None:
        examination = self._examinations.pop(result.id)
        for finding in examination.trouble:
            if _is_repaired(finding, result):
                self._tally.repair(finding, is_new_mismatch=_is_new_mismatch(finding, examination, result))
                self._observer(AssetAudited(_anew(finding, AuditStatus.REPAIRED, None)))
            else:
                reason = result.error.message if result.error else "the service does not have it"
                error = ErrorRecord(
                    kind=result.error.kind if result.error else "missing", message=f"not repaired: {reason}"
                )
                self._observer(AssetAudited(_anew(finding, finding.status, error)))


def _standing(archive: Archive, folder: str) -> dict[AssetName, AssetRecord]:
    """Return records for the files of a folder of which nobody knows any more what they should be."""
    with archive.open_folder(folder) as home:
        stems = {name.partition(".")[0] for name in home.names()}
    return {name: AssetRecord(status=AssetStatus.MISSING) for name in AssetName if name.value in stems}


def _item(examination: Examination) -> Item:
    target, sidecar = examination.target, examination.sidecar
    if target.folder is None:
        return Item(id=target.id)
    if sidecar is None:
        # Nothing is known of what was there: a record that stands until there is something better.
        nothing = {AssetName.VIDEO: AssetRecord(status=AssetStatus.MISSING)}
        return Item(id=target.id, held=HeldGeneration(folder=target.folder, assets={}, lost=nothing))
    spoilt = {finding.asset for finding in examination.trouble}
    there = frozenset(sidecar.assets.keys() - spoilt)
    return Item(
        id=target.id,
        row=sidecar.manifest_row,
        held=HeldGeneration.of(target.folder, Survey(sidecar=sidecar, present=there)),
        declined=offered_by(sidecar) - sidecar.assets.keys(),
    )


def _is_repaired(finding: Finding, result: GenerationResult) -> bool:
    if finding.asset is None:
        return result.outcome in {Outcome.ARCHIVED, Outcome.MISMATCHED}
    status = result.assets.get(finding.asset)
    return status is not None and status is not AssetStatus.MISSING


def _is_new_mismatch(finding: Finding, examination: Examination, result: GenerationResult) -> bool:
    """Tell whether the bytes that came are not as promised, and no sidecar said so before."""
    if finding.asset is None:
        return result.outcome is Outcome.MISMATCHED
    sidecar, mismatched = examination.sidecar, AssetStatus.MISMATCHED
    was_known = sidecar is not None and sidecar.assets[finding.asset].status is mismatched
    return result.assets[finding.asset] is mismatched and not was_known


def _anew(finding: Finding, status: AuditStatus, error: ErrorRecord | None) -> Finding:
    return Finding(id=finding.id, asset=finding.asset, status=status, path=finding.path, error=error)
