"""The row of a sample in a table: all that is known of it, flat.

The columns are those of `facts.py`, caption and split, what the manifests brought, and at the end the
manifest's row and the service's answer whole, as JSON. Every format that tells more of a sample than its
files uses these names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from archiver.dataset.columns import COLUMNS
from archiver.dataset.example import Example
from archiver.dataset.facts import CLIP, GENERATION, ORIGINAL, Cell, Field, Type, asset_facts
from archiver.dataset.manifest_fields import json_text, manifest_fields
from archiver.dataset.media import LostSampleError, Media
from archiver.dataset.originals import read_unchanged
from archiver.dataset.plan import Plan, Sample
from archiver.domain.identity import AssetName

Row = dict[str, Cell]
Fields = tuple[Field[Sample], ...]

_CHOSEN: Fields = (
    Field("caption", Type.TEXT, "the text to train with", lambda sample: sample.caption),
    Field("split", Type.TEXT, "the part of the dataset", lambda sample: sample.split),
)
_OF_CLIPS = {field.name for field in CLIP} | {
    field.name for name in AssetName if name.is_video for field in asset_facts(name)[1:]
}
_ROW = Field[Example]("manifest_row", Type.JSON, "all that the manifest said", lambda one: json_text(one.row))


def documented_fields(root: Path) -> Fields:
    """Return the columns that every table of this archive has, those of the manifests aside."""
    assets = (field for name in AssetName for field in asset_facts(name))
    answer = Field("response", Type.JSON, "the service's answer", partial(_response, root))
    facts = (_of_example(field) for field in (*CLIP, *assets, _ROW))
    return (*map(_of_example, GENERATION), *_CHOSEN, *facts, answer)


def fields_of(plan: Plan, reserved: Collection[str] = ()) -> Fields:
    """Return the columns of a plan's table, the same for all its splits. `response` reads the disk.

    No column of a manifest has a reserved name, nor one that means something else in `--where`. Where clips
    are changed on their way, what the archive measured of them is `original_width` and so on.
    """
    documented = documented_fields(plan.root)
    if not plan.options.transform.is_none:
        documented = tuple(
            replace(field, name=ORIGINAL + field.name) if field.name in _OF_CLIPS else field
            for field in documented
        )
    rows = (sample.example.row for samples in plan.samples.values() for sample in samples)
    brought = manifest_fields(rows, {*COLUMNS, *reserved, *(field.name for field in documented)})
    return (*documented[:-2], *map(_of_example, brought), *documented[-2:])


def rows_of(samples: Iterable[Sample], fields: Fields, media: Media) -> Iterator[tuple[Sample, Row]]:
    """Give the rows of samples. One that is lost, or whose sidecar is by now, has none."""
    for sample in samples:
        if media.is_lost(sample):
            continue
        try:
            row = {field.name: field.read(sample) for field in fields}
        except LostSampleError as error:
            media.lose(sample, error)
        else:
            yield sample, row


def _of_example(field: Field[Example]) -> Field[Sample]:
    return Field(field.name, field.type, field.meaning, lambda sample: field.read(sample.example))


def _response(root: Path, sample: Sample) -> str:
    """Return the answer as it came, numbers and order too, on one line. Raises `LostSampleError`."""
    _, sidecar = read_unchanged(root, sample.example)
    return msgspec.json.format(bytes(sidecar.response), indent=-1).decode()
