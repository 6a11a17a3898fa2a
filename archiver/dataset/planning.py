"""From examples and options to a plan: which files, which split, which caption. No I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from archiver.dataset.captioning import parse_caption, refuse_caption, refuse_prompt
from archiver.dataset.example import Example
from archiver.dataset.options import ExportOptions, FormatName, LayoutOptions, Linking, SelectionOptions
from archiver.dataset.plan import Plan, Sample, key_of
from archiver.dataset.splitting import ByColumn, Splits, check_split, order_of, parse_splits, value_of
from archiver.domain.errors import UsageError
from archiver.domain.filtering.column import Columns, names_of
from archiver.domain.identity import AssetName, GenerationId

# Their loaders expect the same fields of every sample.
_UNIFORM = {FormatName.WEBDATASET, FormatName.VIDEOFOLDER, FormatName.VIDEO2DATASET}
_TABLES = {FormatName.PARQUET, FormatName.CSV, FormatName.JSONL}
_SHARDED = {FormatName.WEBDATASET, FormatName.VIDEO2DATASET}
_OF_FILES = {FormatName.VIDEOFOLDER, FormatName.IMAGEFOLDER, FormatName.BAGIT}
_PICTURES = (AssetName.THUMBNAIL, AssetName.LAST_FRAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan, and what is not in it: `lacking` are the ids without a file that is wanted, by the file.

    `refused` are ids with the reason why their caption cannot be written; `partial_assets` are pictures that
    only some have, and which therefore nobody gets.
    """

    plan: Plan
    lacking: Mapping[GenerationId, AssetName]
    refused: Mapping[GenerationId, str]
    partial_assets: tuple[AssetName, ...] = ()


def find_unusable(
    options: ExportOptions, examples: tuple[Example, ...], columns: Columns[Example]
) -> tuple[dict[GenerationId, AssetName], dict[GenerationId, str]]:
    """Return the examples of which no sample can be made: those that lack a file, and those with a NUL.

    By their ids: which file, and why their caption cannot be written. Raises `UsageError`.
    """
    assets, _ = _assets(examples, options)
    caption = parse_caption(options.layout.caption, columns)
    lacking = {one.id: name for one in examples if (name := _first_lacking(one, assets, options))}
    if options.format is FormatName.BAGIT:
        # Files as they are, and no captions beside them.
        return lacking, {}
    reasons = (
        (one.id, refuse_caption(caption(one)) or refuse_prompt(one.prompt or ""))
        for one in examples
        if one.id not in lacking
    )
    return lacking, {name: reason for name, reason in reasons if reason}


def plan_export(
    root: Path, options: ExportOptions, examples: Iterable[Example], columns: Columns[Example]
) -> Planned:
    """Return what an export of these examples writes. Raises `UsageError`."""
    found = tuple(examples)
    assets, partial = _assets(found, options)
    lacking, refused = find_unusable(options, found, columns)
    caption = parse_caption(options.layout.caption, columns)
    splits = _splits(options, columns)
    placed = defaultdict[str, list[Sample]](list)
    for example in found:
        if example.id in lacking or example.id in refused:
            continue
        split = _split_of(example, splits, options.layout.split_by, columns)
        placed[split].append(
            Sample(example=example, key=key_of(example.id), split=split, caption=caption(example))
        )
    samples = {name: tuple(placed[name]) for name in order_of(splits, set(placed))}
    plan = Plan(root=root, options=options, samples=samples, assets=assets)
    return Planned(plan=plan, lacking=lacking, refused=refused, partial_assets=partial)


def idle_options(options: ExportOptions) -> list[str]:
    """Return the options of which the format takes no notice, and which harm nothing."""
    layout, usual = options.layout, LayoutOptions()
    has_shards = options.format in _SHARDED or layout.is_embedded
    is_folder = options.format in {FormatName.VIDEOFOLDER, FormatName.IMAGEFOLDER}
    is_bag = options.format is FormatName.BAGIT
    is_bare_table = options.format in _TABLES and not layout.is_embedded
    found = {
        "--shard-samples": not has_shards and layout.shard_samples != usual.shard_samples,
        "--shard-size": not has_shards and layout.shard_bytes != usual.shard_bytes,
        "--metadata": not is_folder and layout.metadata != usual.metadata,
        "--split": is_bag and layout.split != usual.split,
        "--caption": is_bag and layout.caption != usual.caption,
        "--assets": is_bare_table and layout.assets is not None,
        "--seed": options.selection.sample is None and options.selection.seed != SelectionOptions().seed,
    }
    return [name for name, is_idle in found.items() if is_idle]


def refuse_idle_options(options: ExportOptions) -> None:
    """Raise `UsageError` for what somebody counts on and the format would take no notice of."""
    if options.layout.is_embedded and options.format is not FormatName.PARQUET:
        msg = f"{options.format} has no files inside of a table: leave out --embed, or export parquet"
        raise UsageError(msg)
    if options.layout.linking is Linking.HARD and options.format not in _OF_FILES:
        msg = f"{options.format} has no files that could be links: leave out --link, or export videofolder"
        raise UsageError(msg)
    if options.format in _TABLES and not options.layout.is_embedded and not options.transform.is_none:
        msg = f"{options.format} has no clips in it that could be changed: export parquet with --embed"
        raise UsageError(msg)
    wanted = options.layout.assets
    has_own_clip = options.format in _UNIFORM or wanted is None or _has_video(wanted)
    if not has_own_clip and not (options.transform.is_none or options.transform.frames):
        msg = "no clip is wanted that could be changed: leave --assets out, or name video in it"
        raise UsageError(msg)
    has_clips = options.format is not FormatName.IMAGEFOLDER or options.transform.frames is not None
    if not has_clips and not options.transform.is_none:
        msg = "imagefolder has no clips in it that could be changed: --frames N makes stills of them"
        raise UsageError(msg)


def has_asset(example: Example, name: AssetName) -> bool:
    """Tell whether an example has a file; as its `video` counts any clip of it."""
    return example.video is not None if name is AssetName.VIDEO else name in example.assets


def _assets(
    examples: tuple[Example, ...], options: ExportOptions
) -> tuple[tuple[AssetName, ...], tuple[AssetName, ...]]:
    """Return the files of every sample, and those that are left out because some have none."""
    wanted = options.layout.assets
    if wanted is not None and options.transform.frames is not None and not _has_video(wanted):
        # Stills are of the clip.
        wanted = (AssetName.VIDEO, *wanted)
    if options.format is FormatName.IMAGEFOLDER:
        pictures = _PICTURES if options.transform.frames is None else (AssetName.VIDEO,)
        return (pictures if wanted is None else wanted), ()
    if options.format not in _UNIFORM:
        return (tuple(AssetName) if wanted is None else wanted), ()
    if wanted is not None:
        return tuple(dict.fromkeys((AssetName.VIDEO, *wanted))), ()
    clips = sum(one.video is not None for one in examples)
    having = {
        name: sum(has_asset(one, name) for one in examples if one.video is not None) for name in _PICTURES
    }
    whole = tuple(name for name, count in having.items() if count and count == clips)
    partial = tuple(name for name, count in having.items() if 0 < count < clips)
    return (AssetName.VIDEO, *whole), partial


def _first_lacking(
    example: Example, assets: tuple[AssetName, ...], options: ExportOptions
) -> AssetName | None:
    if options.format in _UNIFORM:
        return next((name for name in assets if not has_asset(example, name)), None)
    if options.format is FormatName.IMAGEFOLDER and options.transform.frames is not None:
        return None if example.video else AssetName.VIDEO
    if options.format in _TABLES or any(has_asset(example, name) for name in assets):
        return None
    return assets[0]


def _has_video(names: Iterable[AssetName]) -> bool:
    return any(name.is_video for name in names)


def _splits(options: ExportOptions, columns: Columns[Example]) -> Splits:
    splits = parse_splits(options.layout.split)
    if isinstance(splits, ByColumn) and splits.column not in columns:
        msg = f"{splits.column[:40]!a} is not a column; the columns are {names_of(columns)}"
        raise UsageError(msg)
    return splits


def _split_of(example: Example, splits: Splits, split_by: str, columns: Columns[Example]) -> str:
    if not isinstance(splits, ByColumn):
        return splits.split_of(value_of(example, split_by))
    value = columns[splits.column].read(example)
    if value is None:
        msg = (
            f"{example.id} has nothing in the column {splits.column[:40]!a} that says its split: "
            f"--where '{splits.column} != null' leaves such generations out"
        )
        raise UsageError(msg)
    try:
        return check_split(str(value))
    except UsageError as error:
        msg = f"{example.id}: {error.message}"
        raise UsageError(msg) from error
