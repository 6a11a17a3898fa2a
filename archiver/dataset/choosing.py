"""What of an archive an export is about: chosen, freed of duplicates, sampled; and what is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from archiver.dataset.deduplication import without_duplicates
from archiver.dataset.events import ExportNoticed, ExportObserver
from archiver.dataset.example import Example
from archiver.dataset.media import Losses
from archiver.dataset.options import Dedupe, ExportOptions, FormatName
from archiver.dataset.planning import Planned, find_unusable, idle_options, plan_export, refuse_idle_options
from archiver.dataset.selecting import Selected, limited, select, select_again
from archiver.dataset.sources import columns_of, read_examples
from archiver.domain.errors import SidecarError, UsageError
from archiver.domain.identity import GenerationId
from archiver.storage.archive import Archive

# A table has a row for each generation, a bag all of an archive: neither is anybody's training set as it is.
_WITH_DUPLICATES = {FormatName.PARQUET, FormatName.CSV, FormatName.JSONL, FormatName.BAGIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Chooses from an archive; what is lost goes to `losses`, what a person should know to `observer`."""

    archive: Archive
    losses: Losses
    observer: ExportObserver
    now: datetime

    def choose(self, options: ExportOptions, ids: frozenset[str] | None) -> Planned:
        """Return the plan of an export; `ids` are exactly those of an earlier one, if it is made again.

        Raises `UsageError`, also where nothing is left to export, and `ArchiveError`.
        """
        refuse_idle_options(options)
        if idle := idle_options(options):
            self.observer(ExportNoticed(f"{options.format} takes no notice of {', '.join(idle)}"))
        examples = self._read(ids)
        columns = columns_of(examples)
        if ids is None:
            selected = select(examples, options.selection, columns, self.now)
            lacking, refused = find_unusable(options, selected.examples, columns)
            # Before: of two with the same bytes the one is kept that can be used, and a limit counts samples.
            usable = (one for one in selected.examples if one.id not in lacking and one.id not in refused)
            chosen, duplicates = self._deduplicated(tuple(usable), options)
            chosen = limited(chosen, options.selection)
            planned = plan_export(self.archive.root, options, chosen, columns)
            # Where fewer were asked for than there are, others have taken their place.
            planned = replace(
                planned, lacking=lacking, refused={} if options.selection.is_limited else refused
            )
        else:
            selected, duplicates = select_again(examples, ids), {}
            planned = plan_export(self.archive.root, options, selected.examples, columns)
        self._tell(selected, duplicates, planned)
        if not planned.plan.count:
            msg = f"nothing to export: {_reasons(len(examples), selected, duplicates, planned)}"
            raise UsageError(msg)
        return planned

    def _read(self, ids: frozenset[str] | None) -> list[Example]:
        """Return what can be read; what cannot is lost, if it is not known to be no part of the dataset."""
        examples = []
        for folder, found in read_examples(self.archive):
            name = folder.rpartition("/")[2]
            if not isinstance(found, SidecarError):
                examples.append(found)
            elif ids is None or name in ids:
                self.losses.add(GenerationId(name), found.message)
        return examples

    def _deduplicated(
        self, examples: tuple[Example, ...], options: ExportOptions
    ) -> tuple[tuple[Example, ...], Mapping[GenerationId, GenerationId]]:
        default = Dedupe.NONE if options.format in _WITH_DUPLICATES else Dedupe.SHA256
        return without_duplicates(self.archive.root, examples, options.dedupe or default)

    def _tell(
        self, selected: Selected, duplicates: Mapping[GenerationId, GenerationId], planned: Planned
    ) -> None:
        for name in selected.missing:
            self.losses.add(GenerationId(name), "it is not in the archive")
        for name, reason in planned.refused.items():
            self.losses.add(name, reason)
        for asset in planned.partial_assets:
            message = (
                f"not every generation has a {asset}: it is in no sample (--assets video,{asset} insists)"
            )
            self.observer(ExportNoticed(message))
        if left_out := _left_out(selected, duplicates, planned):
            self.observer(ExportNoticed("left out: " + ", ".join(left_out)))


def _left_out(
    selected: Selected, duplicates: Mapping[GenerationId, GenerationId], planned: Planned
) -> list[str]:
    counts = {
        "not verified (--include-unverified)": selected.unverified,
        "by --where or --tag": selected.unwanted,
        "with the clip of another (--dedupe none)": len(duplicates),
        "without a file that is wanted": len(planned.lacking),
    }
    return [f"{count} {reason}" for reason, count in counts.items() if count]


def _reasons(
    total: int, selected: Selected, duplicates: Mapping[GenerationId, GenerationId], planned: Planned
) -> str:
    if not total:
        return "the archive has no generations"
    left_out = _left_out(selected, duplicates, planned)
    return f"of {total} generations " + (", ".join(left_out) or "none can be used")
