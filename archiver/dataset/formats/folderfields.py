"""The columns of folders of media: what is known of the generation, and what of the file of the row."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain

from archiver.dataset.columns import COLUMNS
from archiver.dataset.example import AssetFile, Example
from archiver.dataset.facts import CLIP, GENERATION, ORIGINAL, Field, Type
from archiver.dataset.formats.metadata import Entry
from archiver.dataset.manifest_fields import json_text, manifest_fields
from archiver.dataset.plan import Plan
from archiver.domain.identity import AssetName

_FRAME = re.compile(r"frame_(\d+)")
# What `datasets` calls the media, and what it makes media of (datasets 5.2.0, folder_based_builder.py).
_MEDIA = {"video", "image"}
_FILE_SUFFIXES = ("_file_name", "_file_names")
PATHS = {asset: f"{asset}_path" for asset in AssetName if not asset.is_video}


def clip_fields(plan: Plan) -> tuple[Field[Entry], ...]:
    """Return the columns of a row about a clip.

    Where clips are changed on their way, what the archive measured is `original_width` and so on.
    """
    prefix = "" if plan.options.transform.is_none else ORIGINAL
    others = [name for name in plan.assets if name is not AssetName.VIDEO]
    fields = (
        _FILE_NAME,
        # VideoFolder makes of a column X_file_name a video called X (datasets 5.2.0, _set_feature).
        *(_name_of(asset) for asset in others if asset.is_video),
        _CAPTION,
        *(_of_example(one) for one in GENERATION),
        *(_of_example(one, prefix) for one in CLIP if one.name not in {"bytes", "sha256"}),
        *_FILE,
        *(_path_of(asset) for asset in others if not asset.is_video),
    )
    return (*fields, *_of_manifest(plan, fields))


def picture_fields(plan: Plan) -> tuple[Field[Entry], ...]:
    """Return the columns of a row about a picture."""
    fields = (
        _FILE_NAME,
        _CAPTION,
        Field[Entry]("kind", Type.TEXT, "thumbnail, last_frame, or frame", _kind),
        Field[Entry]("frame", Type.INTEGER, "which of the clip's sampled frames, from 0", _frame),
        *(_of_example(one) for one in GENERATION),
        Field[Entry]("width", Type.INTEGER, "the picture's, in pixels", lambda one: _measured(one, "width")),
        Field[Entry](
            "height", Type.INTEGER, "the picture's, in pixels", lambda one: _measured(one, "height")
        ),
        *_FILE,
    )
    return (*fields, *_of_manifest(plan, fields))


_FILE_NAME = Field[Entry]("file_name", Type.TEXT, "the file beside the metadata", lambda one: one.file.name)
_CAPTION = Field[Entry]("caption", Type.TEXT, "the text to train with", lambda one: one.sample.caption)
_FILE = (
    Field[Entry]("bytes", Type.SIZE, "the file's size", lambda one: one.file.size),
    Field[Entry]("sha256", Type.TEXT, "the file's digest, in hexadecimal", lambda one: one.file.sha256),
)
_MANIFEST = Field[Example](
    "manifest_row", Type.JSON, "all that the manifest said", lambda one: json_text(one.row)
)


def _of_manifest(plan: Plan, fields: Iterable[Field[Entry]]) -> list[Field[Entry]]:
    """Return the columns that manifests brought; without those of which the loader would make media."""
    names = {*COLUMNS, *(one.name for one in fields), _MANIFEST.name, *_MEDIA, *PATHS.values()}
    rows = (sample.example.row for sample in chain.from_iterable(plan.samples.values()))
    brought = (one for one in manifest_fields(rows, names) if not f"_{one.name}".endswith(_FILE_SUFFIXES))
    return [_of_example(one) for one in (*brought, _MANIFEST)]


def _of_example(one: Field[Example], prefix: str = "") -> Field[Entry]:
    return Field(prefix + one.name, one.type, one.meaning, lambda entry: one.read(entry.sample.example))


def _name_of(asset: AssetName) -> Field[Entry]:
    # A sample whose only clip is its raw one has that as both.
    return Field(
        f"{asset}_file_name", Type.TEXT, "another video", lambda one: one.others.get(asset, one.file).name
    )


def _path_of(asset: AssetName) -> Field[Entry]:
    def path(entry: Entry) -> str | None:
        return entry.others[asset].path if asset in entry.others else None

    return Field(PATHS[asset], Type.TEXT, "the picture, below the dataset's folder", path)


def _kind(entry: Entry) -> str:
    return "frame" if _FRAME.fullmatch(entry.file.field) else entry.file.field


def _frame(entry: Entry) -> int | None:
    found = _FRAME.fullmatch(entry.file.field)
    return int(found[1]) if found else None


def _measured(entry: Entry, side: str) -> int | None:
    """Return what the archive measured, if this is the file that it measured."""
    original = _original(entry)
    pixels: int | None = getattr(original.measured, side) if original else None
    return pixels


def _original(entry: Entry) -> AssetFile | None:
    files = entry.sample.example.assets.values()
    return next((file for file in files if file.sha256 == entry.file.sha256), None)
